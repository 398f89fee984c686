//! The one error that the model and the endpoints share: a Matrix error answer.
//!
//! A status, an `errcode` and a sentence; `extra` holds further keys of the JSON body (`retry_after_ms`, `soft_logout`, `flows` …).

use serde_json::{Map, Value, json};

/// A refused request, as it goes out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{status} {errcode}: {error}")]
pub struct ApiError {
    pub status: u16,
    pub errcode: String,
    pub error: String,
    pub extra: Map<String, Value>,
}

impl ApiError {
    pub fn new(status: u16, errcode: &str, error: impl Into<String>) -> Self {
        Self { status, errcode: errcode.to_owned(), error: error.into(), extra: Map::new() }
    }

    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }

    pub fn forbidden(error: impl Into<String>) -> Self {
        Self::new(403, "M_FORBIDDEN", error)
    }

    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(404, "M_NOT_FOUND", error)
    }

    pub fn bad_json(error: impl Into<String>) -> Self {
        Self::new(400, "M_BAD_JSON", error)
    }

    pub fn invalid(error: impl Into<String>) -> Self {
        Self::new(400, "M_INVALID_PARAM", error)
    }

    pub fn unrecognized() -> Self {
        Self::new(404, "M_UNRECOGNIZED", "Unrecognized request")
    }

    pub fn unknown_token(soft_logout: bool) -> Self {
        Self::new(401, "M_UNKNOWN_TOKEN", "Unknown access token").with("soft_logout", json!(soft_logout))
    }

    /// Returns the JSON body.
    pub fn body(&self) -> Value {
        let mut body = self.extra.clone();
        body.insert("errcode".to_owned(), json!(self.errcode));
        body.insert("error".to_owned(), json!(self.error));
        Value::Object(body)
    }
}
