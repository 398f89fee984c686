//! What a client is told when a request is refused.

use crate::connection::SyncError;
use crate::limits::{REQUEST_BODY, SUPERSEDED_RETRY};

/// Why a request cannot be read. Each names the field, what was expected of it, and what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The body is larger than any request need be.
    #[error("the body: must have at most {REQUEST_BODY} bytes")]
    TooLarge,
    /// The body is no text.
    #[error("the body: must be UTF-8")]
    NotUtf8,
    /// The body is not JSON: why, and where.
    #[error("the body: must be JSON: {0}")]
    NotJson(String),
    /// A field that must be there is not.
    #[error("{field}: must be {expected}, and is missing")]
    Missing {
        /// Which, as a path into the request.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A field has the wrong type, or goes over a limit that the wire counts as one.
    #[error("{field}: {message}")]
    BadJson {
        /// Which, as a path into the request.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// A field has a value that cannot be taken.
    #[error("{field}: {message}")]
    InvalidParam {
        /// Which, as a path into the request.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// `pos` is none of ours.
    #[error("unknown pos: start the connection anew")]
    UnknownPos,
}

impl RequestError {
    /// Returns the error for a field of the wrong type.
    pub(super) fn bad_json(field: String, message: String) -> RequestError {
        RequestError::BadJson { field, message }
    }
}

/// An error as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// `errcode`.
    pub errcode: String,
    /// `error`: a sentence.
    pub error: String,
    /// `retry_after_ms`.
    pub retry_after_ms: Option<u64>,
    /// `soft_logout`, with `M_UNKNOWN_TOKEN`.
    pub soft_logout: Option<bool>,
}

impl ErrorResponse {
    /// Returns an error with nothing but status, code and sentence.
    pub fn new(status: u16, errcode: &str, error: impl Into<String>) -> ErrorResponse {
        ErrorResponse {
            status,
            errcode: errcode.to_owned(),
            error: error.into(),
            retry_after_ms: None,
            soft_logout: None,
        }
    }

    /// Returns the body.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut object = super::json::Object::open(&mut out);
        object.text("errcode", &self.errcode);
        object.text("error", &self.error);
        if let Some(retry_after_ms) = self.retry_after_ms {
            object.number("retry_after_ms", retry_after_ms);
        }
        if let Some(soft_logout) = self.soft_logout {
            object.flag("soft_logout", soft_logout);
        }
        object.close();
        out
    }
}

impl From<RequestError> for ErrorResponse {
    fn from(error: RequestError) -> ErrorResponse {
        let (status, errcode) = match error {
            RequestError::TooLarge => (413, "M_TOO_LARGE"),
            RequestError::NotUtf8 | RequestError::NotJson(_) => (400, "M_NOT_JSON"),
            RequestError::Missing { .. } => (400, "M_MISSING_PARAM"),
            RequestError::BadJson { .. } => (400, "M_BAD_JSON"),
            RequestError::InvalidParam { .. } => (400, "M_INVALID_PARAM"),
            RequestError::UnknownPos => (400, "M_UNKNOWN_POS"),
        };
        ErrorResponse::new(status, errcode, error.to_string())
    }
}

impl From<SyncError> for ErrorResponse {
    fn from(error: SyncError) -> ErrorResponse {
        let (status, errcode) = match error {
            SyncError::UnknownPos => (400, "M_UNKNOWN_POS"),
            SyncError::InvalidParam { .. } => (400, "M_INVALID_PARAM"),
            SyncError::Superseded => (429, "M_LIMIT_EXCEEDED"),
        };
        let retry = u64::try_from(SUPERSEDED_RETRY.as_millis()).unwrap_or(u64::MAX);
        ErrorResponse {
            retry_after_ms: (error == SyncError::Superseded).then_some(retry),
            ..ErrorResponse::new(status, errcode, error.to_string())
        }
    }
}
