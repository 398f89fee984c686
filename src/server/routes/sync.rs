//! The sliding sync endpoints.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{App, Shared, json};
use crate::{
    connection::Wire,
    limits::{BODY_TIME, REQUEST_BODY, REQUEST_DISCARDED},
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

/// Reads a body. What is too long is heard out to some length all the same: who is cut off in the middle of a sentence
/// does not hear the answer.
async fn read(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let read = async {
        let (mut bytes, mut length) = (Vec::new(), 0_usize);
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            // One that breaks off is nobody's to hear about; what remains is one that stands still.
            let Ok(data) = frame.map_err(|_| ApiError::slow_body())?.into_data() else { continue };
            length = length.saturating_add(data.len());
            match length {
                ..=REQUEST_BODY => bytes.extend_from_slice(&data),
                ..=REQUEST_DISCARDED => bytes = Vec::new(),
                _ => break,
            }
        }
        if length > REQUEST_BODY { Err(ErrorResponse::from(RequestError::TooLarge).into()) } else { Ok(bytes) }
    };
    tokio::select! {
        biased;
        read = read => read,
        () = sleep(BODY_TIME) => Err(ApiError::slow_body()),
    }
}
