//! The demo page, from a folder.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use tower_http::services::ServeDir;

use super::{Shared, json};
use crate::server::error::ApiError;

/// Tells the page that its homeserver, and its sync server, are where it came from.
const CONFIG: &str = r#"{"homeserver":"/","server":"/"}"#;

/// Leads to the page.
pub(super) async fn home(State(app): Shared) -> Response {
    match app.client_dir {
        Some(_) => Redirect::temporary("/client/").into_response(),
        None => {
            "Sash: sliding sync for Matrix. Use this address as the homeserver in a Matrix client.\n".into_response()
        }
    }
}

/// The page's settings: those in its folder, if there are any.
pub(super) async fn config(state: Shared, request: Request) -> Result<Response, ApiError> {
    match file(state, request).await {
        Ok(response) if response.status() != StatusCode::NOT_FOUND => Ok(response),
        _ => Ok(json::response(StatusCode::OK, CONFIG.as_bytes().to_vec())),
    }
}

/// A file of the page.
pub(super) async fn file(State(app): Shared, mut request: Request) -> Result<Response, ApiError> {
    let folder = app.client_dir.as_ref().ok_or_else(ApiError::unrecognized)?;
    let path = request.uri().path().strip_prefix("/client").unwrap_or("/");
    // It was part of a valid URI.
    *request.uri_mut() = Uri::try_from(path).map_err(|_| ApiError::unrecognized())?;
    let response = ServeDir::new(folder).try_call(request).await.map_err(|error| {
        tracing::warn!(%error, "a file of the page cannot be read");
        ApiError::internal()
    })?;
    let mut response = response.map(Body::new);
    // Its files belong together: after an upgrade none may come from an older one without being asked about.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
