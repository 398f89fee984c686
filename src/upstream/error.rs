//! What can go wrong when asking the homeserver, by what to do about it.

use std::time::Duration;

use http::StatusCode;

use super::{TransportError, parse};
use crate::limits::RETRY_AFTER_LONGEST;

/// Why the homeserver gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No answer came: try again.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// 5xx: try again.
    #[error("the homeserver failed with status {0}")]
    Failed(u16),
    /// 429: try again when it says.
    #[error("the homeserver limits the rate of requests")]
    RateLimited {
        /// `retry_after_ms` or `Retry-After`, where given.
        retry_after: Option<Duration>,
    },
    /// 401 `M_UNKNOWN_TOKEN`: a new token is needed.
    #[error("the homeserver does not know the access token")]
    UnknownToken {
        /// Whether the device still exists.
        soft_logout: bool,
    },
    /// Another 4xx: trying again changes nothing.
    #[error("the homeserver refuses with status {status} {errcode}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// `errcode`, empty where absent.
        errcode: String,
        /// `error`, empty where absent.
        message: String,
    },
    /// A 200 whose body is not what it should be: try again.
    #[error("the homeserver's answer is unreadable: {0}")]
    Unreadable(String),
    /// The request cannot be written: an address or a token that is none.
    #[error("no request can be made: {0}")]
    Request(String),
}

impl UpstreamError {
    /// Returns whether the same request may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        !matches!(self, UpstreamError::UnknownToken { .. } | UpstreamError::Refused { .. } | UpstreamError::Request(_))
    }

    /// Returns whether the homeserver does not have the endpoint, or not for us.
    pub fn is_missing_endpoint(&self) -> bool {
        matches!(self, UpstreamError::Refused { status: 400 | 403 | 404 | 405 | 501, .. })
    }

    /// Reads an answer that is no success.
    pub(super) fn from_response(response: &http::Response<Vec<u8>>) -> UpstreamError {
        let body = parse::error_body(response.body());
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || body.errcode == "M_LIMIT_EXCEEDED" {
            let header =
                response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let asked = header.map(Duration::from_secs).or(body.retry_after_ms.map(Duration::from_millis));
            return UpstreamError::RateLimited { retry_after: asked.map(|pause| pause.min(RETRY_AFTER_LONGEST)) };
        }
        if status == StatusCode::UNAUTHORIZED || body.errcode == "M_UNKNOWN_TOKEN" {
            return UpstreamError::UnknownToken { soft_logout: body.soft_logout };
        }
        if status.is_client_error() {
            return UpstreamError::Refused { status: status.as_u16(), errcode: body.errcode, message: body.error };
        }
        UpstreamError::Failed(status.as_u16())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> UpstreamError {
        let response = http::Response::builder().status(status).body(body.as_bytes().to_vec()).expect("a response");
        UpstreamError::from_response(&response)
    }

    #[test]
    fn an_error_page_of_a_gateway_is_transient() {
        assert!(error(504, "<html>Gateway Time-out</html>").is_transient());
    }

    #[test]
    fn a_soft_logout_is_told_from_a_hard_one() {
        let body = r#"{"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":true}"#;
        assert!(matches!(error(401, body), UpstreamError::UnknownToken { soft_logout: true }));
        assert!(matches!(error(401, "{}"), UpstreamError::UnknownToken { soft_logout: false }));
    }

    #[test]
    fn a_rate_limit_says_for_how_long() {
        let limited = error(429, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#);
        assert!(
            matches!(limited, UpstreamError::RateLimited { retry_after: Some(wait) } if wait == Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_rate_limit_does_not_put_us_to_sleep_for_years() {
        let limited = error(429, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":9007199254740991}"#);
        assert!(
            matches!(limited, UpstreamError::RateLimited { retry_after: Some(wait) } if wait == RETRY_AFTER_LONGEST)
        );
    }

    #[test]
    fn a_refusal_is_not_tried_again() {
        assert!(!error(403, r#"{"errcode":"M_FORBIDDEN","error":"no"}"#).is_transient());
    }
}
