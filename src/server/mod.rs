//! The native server: takes requests, knows whose they are, and hands them to the accounts, which live on shards.
//!
//! Invariants: handlers run on threads of their own and touch no account; what they share with the shards are messages,
//! the trusted tokens and the handles to the stores. Everything but sliding sync passes through to the homeserver.

mod auth;
mod config;
mod connections;
mod counters;
mod error;
#[cfg(test)]
#[allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "not everything of it is used here")]
#[path = "../../tests/fuzz/support/mod.rs"]
mod fuzzing;
mod homeserver;
mod http_client;
mod identity;
mod listen;
mod logging;
mod routes;
mod run;
mod secret;
mod shards;
mod sqlite;
mod tokens;
mod trust;
mod wire;

pub use self::{
    config::Config,
    logging::start as start_logging,
    run::{ServerError, run, run_until},
    sqlite::SqliteStorage,
};
