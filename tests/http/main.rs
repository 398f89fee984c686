//! The server from outside: its binary, over HTTP, in front of a homeserver that does as the test says.

mod homeserver;
mod pass_through;
mod process;
mod sash;
mod who_asks;
