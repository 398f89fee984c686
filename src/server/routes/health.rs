//! How the server is, and how the account of whoever asks is.

use std::sync::atomic::Ordering;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;

use super::{Shared, json};
use crate::server::{error::ApiError, identity::Token};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    /// How often a poll of ours gave way to a client's own v2 `/sync`.
    polls_yielded: u64,
}

/// The server takes requests.
pub(super) async fn health(State(app): Shared) -> Response {
    let polls_yielded = app.counters.polls_yielded.load(Ordering::Relaxed);
    let health = Health { status: "ok", version: env!("CARGO_PKG_VERSION"), polls_yielded };
    json::response(StatusCode::OK, serde_json::to_vec(&health).unwrap_or_default())
}

/// The status of the account that the token is of.
pub(super) async fn status(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    let token = Token::of_request(request.headers(), request.uri())?;
    let identity = app.auth.identify(&token).await?;
    Ok(json::response(StatusCode::OK, app.shards.status(identity.user).await?))
}
