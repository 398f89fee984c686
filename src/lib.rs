//! Sash: a sliding sync engine for Matrix.
//!
//! Polls the ordinary v2 `/sync` of any homeserver and answers sliding sync from its own store, in the browser and as
//! a server. `ARCHITECTURE.md` has the picture, the code map and the invariants.

// No input ends the process or writes to its terminal, and what users see is documented. Tests and programs are free of this,
// so it is not in the manifest.
#![cfg_attr(
    not(any(test, feature = "testing")),
    warn(
        clippy::expect_used,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unwrap_used,
        missing_docs
    )
)]

pub mod account;
pub mod accumulator;
pub mod cache;
pub mod connection;
pub mod limits;
pub mod model;
pub mod platform;
pub mod poller;
pub mod protocol;
pub mod storage;
pub mod upstream;

#[cfg(browser)]
pub mod browser;
#[cfg(server)]
pub mod server;
