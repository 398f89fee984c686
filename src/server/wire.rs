//! The one place where the server meets `protocol`: bodies to requests, answers to bodies.

use ruma::UserId;

use super::error::ApiError;
use crate::{
    connection::{ExplainRequest, Explanation, SyncRequest, SyncResponse, Wire},
    protocol::{self, ErrorResponse},
};

/// Reads a request.
pub(super) fn decode(wire: Wire, query: &str, body: &[u8], user: &UserId) -> Result<SyncRequest, ApiError> {
    protocol::parse_request(wire, query, body, user).map_err(|error| ErrorResponse::from(error).into())
}

/// Writes an answer.
pub(super) fn encode(wire: Wire, response: &SyncResponse) -> Vec<u8> {
    protocol::render(wire, response)
}

/// Reads a request for an explanation.
pub(super) fn decode_explain(query: &str) -> Result<ExplainRequest, ApiError> {
    protocol::parse_explain(query).map_err(|error| ErrorResponse::from(error).into())
}

/// Writes an explanation.
pub(super) fn encode_explanation(explanation: &Explanation) -> Vec<u8> {
    protocol::render_explanation(explanation)
}
