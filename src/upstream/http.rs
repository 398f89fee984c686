//! The one thing that a target must bring: sending an HTTP request.

use std::time::Duration;

use crate::platform::LocalFuture;

/// Sends requests to the homeserver.
pub trait HttpClient {
    /// Sends `request`, whose URI is absolute, and returns the answer with its whole body, whatever the status. Of its
    /// headers only `Retry-After` must be there. Gives up after `timeout`. Dropping the future cancels the request.
    fn send<'a>(
        &'a self,
        request: http::Request<Vec<u8>>,
        timeout: Duration,
    ) -> LocalFuture<'a, Result<http::Response<Vec<u8>>, TransportError>>;
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The homeserver could not be reached, or the connection broke.
    #[error("the homeserver cannot be reached: {0}")]
    Unreachable(String),
    /// The answer is longer than we take (`limits::UPSTREAM_RESPONSE`).
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}
