//! The one place where the server meets `protocol`: bodies to requests, answers to bodies.

use http::StatusCode;
use ruma::UserId;

use super::error::ApiError;
use crate::connection::{SyncRequest, SyncResponse, Wire};

/// Reads a request.
pub(super) fn decode(wire: Wire, query: &str, body: &[u8], user: &UserId) -> Result<SyncRequest, ApiError> {
    let _ = (wire, query, body, user);
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, "M_UNRECOGNIZED", "The protocol is not built in"))
}

/// Writes an answer.
pub(super) fn encode(wire: Wire, response: &SyncResponse) -> Vec<u8> {
    let _ = (wire, response);
    Vec::new()
}
