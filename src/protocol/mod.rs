//! The wires: JSON to [`SyncRequest`](crate::connection::SyncRequest), and
//! [`SyncResponse`](crate::connection::SyncResponse) to JSON.
//!
//! Invariants: every limit of a request is checked here, so nothing behind this has to; a rule that needs more than the
//! request itself belongs in `connection`; an answer is put together from the homeserver's own bytes.

mod error;
mod explain;
mod fields;
mod json;
mod parse;
mod render;
mod simplified;
mod to_device_token;
mod v4;

#[cfg(test)]
mod tests;

use ruma::UserId;

pub use error::{ErrorResponse, RequestError};

use crate::connection::{ExplainRequest, Explanation, SyncRequest, SyncResponse, Wire};

/// Reads a request of `user`: `query` is the part of the URL after `?`, without it.
pub fn parse_request(wire: Wire, query: &str, body: &[u8], user: &UserId) -> Result<SyncRequest, RequestError> {
    match wire {
        Wire::V4 => v4::parse(body),
        Wire::Simplified => simplified::parse(query, body, user),
    }
}

/// Returns the body of an answer.
pub fn render(wire: Wire, response: &SyncResponse) -> Vec<u8> {
    match wire {
        Wire::V4 => v4::render(response).into_bytes(),
        Wire::Simplified => simplified::render(response).into_bytes(),
    }
}

/// Reads a request for an explanation: `query` is the part of the URL after `?`, without it.
pub fn parse_explain(query: &str) -> Result<ExplainRequest, RequestError> {
    explain::parse(query)
}

/// Returns the body of an explanation.
pub fn render_explanation(explanation: &Explanation) -> Vec<u8> {
    explain::render(explanation).into_bytes()
}
