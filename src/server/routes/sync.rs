//! The sliding sync endpoints.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{App, Shared, json};
use crate::{
    connection::Wire,
    limits::{BODY_TIME, REQUEST_BODY},
    platform::sleep,
    protocol::{ErrorResponse, RequestError},
    server::{error::ApiError, identity::Token, wire},
};

/// What today's clients ask.
pub(super) async fn simplified(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    answer(app, Wire::Simplified, request).await
}

/// The final form.
pub(super) async fn v4(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    answer(app, Wire::V4, request).await
}

async fn answer(app: Arc<App>, wire: Wire, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let token = Token::of_request(&parts.headers, &parts.uri)?;
    let identity = app.auth.identify(&token).await?;
    let body = read(body).await?;
    let request = wire::decode(wire, parts.uri.query().unwrap_or_default(), &body, &identity.user)?;
    let answer = app.shards.sync(identity, token, wire, request).await?;
    Ok(json::response(StatusCode::OK, answer))
}

async fn read(body: Body) -> Result<axum::body::Bytes, ApiError> {
    tokio::select! {
        biased;
        // A body that breaks off is nobody's to hear about; what remains is its length.
        read = to_bytes(body, REQUEST_BODY) => read.map_err(|_| ErrorResponse::from(RequestError::TooLarge).into()),
        () = sleep(BODY_TIME) => Err(ApiError::slow_body()),
    }
}
