//! The server from outside: its binary, over HTTP, in front of a homeserver that does as the test says.

#![expect(clippy::disallowed_methods, reason = "processes run in real time, outside any core")]

mod homeserver;
mod pass_through;
mod polls;
mod process;
mod sash;
mod who_asks;
