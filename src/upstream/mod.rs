//! The homeserver: how it is asked, and what it answers.
//!
//! Invariants: nothing here remembers anything of the account; an answer is never trusted to have the shape it should.

mod error;
mod filters;
mod homeserver;
mod http;
pub mod parse;

pub use self::{
    error::UpstreamError,
    homeserver::{Homeserver, PollRequest},
    http::{HttpClient, TransportError},
};
