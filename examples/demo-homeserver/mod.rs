//! A homeserver in memory that speaks the v2 client-server API: for the demo, the tests and load. It is part of neither the library nor the server.
//!
//! `world` is the model and `sync` the answer to `/sync`, both synchronous and deterministic; `generate` fills a world from a seed; `api` maps requests onto
//! it. All else is between the socket and the model: `app` takes requests in, `faults` spoils them on demand, `slow` makes them as slow as a real homeserver's,
//! `stats` counts them, `bot` keeps talking. Other tests take these modules by `#[path = ".../demo-homeserver/mod.rs"] mod homeserver;`.

#![expect(
    clippy::disallowed_methods,
    reason = "a server of its own on tokio's threads, with no shard and no other platform"
)]

pub mod api;
pub mod app;
pub mod bot;
pub mod error;
pub mod faults;
pub mod features;
pub mod generate;
pub mod http;
mod push_rules;
pub mod slow;
pub mod stats;
pub mod sync;
#[cfg(test)]
mod tests;
mod words;
pub mod world;
