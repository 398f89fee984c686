//! One line per request. Never a query, which may hold a token.

use axum::{extract::Request, middleware::Next, response::Response};

use crate::platform::{Clock, SystemClock};

/// Logs a request when the head of its answer is there.
pub(super) async fn requests(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begin = SystemClock.now();
    let response = next.run(request).await;
    let ms = SystemClock.now().0.saturating_sub(begin.0);
    tracing::debug!(%method, path, status = response.status().as_u16(), ms, "request");
    response
}
