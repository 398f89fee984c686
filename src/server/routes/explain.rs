//! Why a room is, or is not, in what the connections of the asking device are sent.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{Shared, json};
use crate::server::{error::ApiError, identity::Token, wire};

/// Explains a room of the user's own account.
pub(super) async fn explain(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    let token = Token::of_request(request.headers(), request.uri())?;
    let identity = app.auth.identify(&token).await?;
    let asked = wire::decode_explain(request.uri().query().unwrap_or_default())?;
    Ok(json::response(StatusCode::OK, app.shards.explain(identity, asked).await?))
}
