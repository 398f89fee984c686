//! Sash: a sliding sync engine for Matrix.
//!
//! Polls the ordinary v2 `/sync` of any homeserver and answers sliding sync from its own store, in the browser and as
//! a server. `ARCHITECTURE.md` has the picture, the code map and the invariants.

pub mod cache;
pub mod connection;
pub mod limits;
pub mod model;
pub mod protocol;
pub mod storage;

#[cfg(browser)]
pub mod browser;
#[cfg(server)]
pub mod server;
