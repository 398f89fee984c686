//! What goes wrong on the way to an answer, and what of it the client is told. The one place of the server that knows
//! statuses and `errcode`s.
//!
//! Invariant: what failed inside (a path, a query, a store's message) is logged and never sent.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{account::AccountError, protocol::ErrorResponse};

/// An error as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: ErrorBody,
}

/// The body of an error, ours or the homeserver's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The code that clients act on.
    pub errcode: String,
    /// What people read.
    #[serde(default)]
    pub error: String,
    /// When to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// With `M_UNKNOWN_TOKEN`: the device stays, only the token has to be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_logout: Option<bool>,
    /// Whatever else the homeserver said, such as `consent_uri`.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl ApiError {
    /// Makes an error of a status, a code and a text.
    pub fn new(status: StatusCode, errcode: &str, error: impl Into<String>) -> ApiError {
        let body = ErrorBody { errcode: errcode.to_owned(), error: error.into(), ..ErrorBody::default() };
        ApiError { status, body }
    }

    /// No access token was given.
    pub fn missing_token() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "Missing access token")
    }

    /// The homeserver does not know the token.
    pub fn unknown_token(soft_logout: bool) -> ApiError {
        let mut error = ApiError::new(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", "Unknown access token");
        error.body.soft_logout = Some(soft_logout);
        error
    }

    /// There is nothing under this path.
    pub fn unrecognized() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request")
    }

    /// Nothing is known of the user: no device of theirs has ever asked for sliding sync.
    pub fn not_known() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", "No device of this user has asked for sliding sync here")
    }

    /// The path is there for other methods.
    pub fn wrong_method() -> ApiError {
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "Unrecognized request method")
    }

    /// The body took too long to come.
    pub fn slow_body() -> ApiError {
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "The request's body took too long to come")
    }

    /// The homeserver gave no answer, or none that can be used.
    pub fn bad_gateway(error: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_GATEWAY, "M_UNKNOWN", error)
    }

    /// The homeserver gave no answer in time.
    pub fn gateway_timeout() -> ApiError {
        ApiError::new(StatusCode::GATEWAY_TIMEOUT, "M_UNKNOWN", "The homeserver did not answer in time")
    }

    /// The server is about to end.
    pub fn stopping() -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", "The sync server is stopping; try again")
    }

    /// Something failed that is none of the client's business; it stands in the log.
    pub fn internal() -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "Internal server error")
    }

    /// Passes an error of the homeserver on. A body that is no Matrix error is not shown to anybody.
    pub fn from_homeserver(status: StatusCode, body: &[u8]) -> ApiError {
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(body) if !body.errcode.is_empty() => ApiError { status, body },
            _ => ApiError::bad_gateway(format!("The homeserver answered {}", status.as_u16())),
        }
    }
}

impl From<ErrorResponse> for ApiError {
    fn from(error: ErrorResponse) -> ApiError {
        let ErrorResponse { status, errcode, error, retry_after_ms, soft_logout } = error;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ErrorBody { errcode, error, retry_after_ms, soft_logout, ..ErrorBody::default() };
        ApiError { status, body }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> ApiError {
        match error {
            AccountError::Sync(error) => ErrorResponse::from(error).into(),
            AccountError::TokenExpired { soft_logout } => ApiError::unknown_token(soft_logout),
            AccountError::Refused { status, errcode, message } => {
                let errcode = if errcode.is_empty() { "M_UNKNOWN" } else { &errcode };
                ApiError::new(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN), errcode, message)
            }
            AccountError::Storage(error) => {
                tracing::error!(%error, "the store failed");
                ApiError::internal()
            }
            AccountError::Stopped => ApiError::stopping(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // A struct of strings and numbers always serialises.
        let body = serde_json::to_vec(&self.body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(ms) = self.body.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_homeserver_keeps_all_it_says() {
        let body = br#"{"errcode":"M_CONSENT_NOT_GIVEN","error":"Read this","consent_uri":"https://hs/terms"}"#;
        let error = ApiError::from_homeserver(StatusCode::FORBIDDEN, body);
        assert_eq!(error.body.errcode, "M_CONSENT_NOT_GIVEN");
        assert_eq!(serde_json::to_value(&error.body).unwrap()["consent_uri"], "https://hs/terms");
    }

    #[test]
    fn a_page_of_a_gateway_in_between_is_not_passed_on() {
        let error = ApiError::from_homeserver(StatusCode::FORBIDDEN, b"<html>go away</html>");
        assert_eq!((error.status, error.body.errcode.as_str()), (StatusCode::BAD_GATEWAY, "M_UNKNOWN"));
    }

    #[test]
    fn a_pause_is_told_in_both_ways() {
        let mut error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", "Too fast");
        error.body.retry_after_ms = Some(1500);
        assert_eq!(error.into_response().headers()[header::RETRY_AFTER], "2");
    }
}
