//! The server from outside: its binary, over HTTP, in front of a homeserver that does as the test says.

#![expect(clippy::disallowed_methods, reason = "processes run in real time, outside any core")]

mod homeserver;
mod pass_through;
mod polls;
mod process;
mod rules;
mod sash;
mod scenario;
#[path = "../support/mod.rs"]
mod support;
mod who_asks;
