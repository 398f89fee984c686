//! Requests and replies, freed of axum: what the endpoints see.

use axum::body::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::error::ApiError;

/// A request, its path split and decoded.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    /// The path behind `/_matrix/client/v3` and the like.
    pub path: String,
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    /// The query as it came: two requests are the same when this is.
    pub raw_query: String,
    pub token: Option<String>,
    pub host: String,
    pub body: Bytes,
}

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Bytes,
}

pub type Answer = Result<Reply, ApiError>;

impl Call {
    pub fn param(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub fn flag(&self, key: &str) -> bool {
        self.param(key) == Some("true")
    }

    /// Returns a number from the query, at most `max`.
    pub fn number(&self, key: &str, default: u64, max: u64) -> Result<u64, ApiError> {
        let parsed = self
            .param(key)
            .map(|value| value.parse::<u64>().map_err(|_| ApiError::invalid(format!("{key} must be a number"))));
        Ok(parsed.transpose()?.unwrap_or(default).min(max))
    }

    /// Returns the body as JSON, `{}` when it is empty.
    pub fn json(&self) -> Result<Value, ApiError> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| ApiError::new(400, "M_NOT_JSON", error.to_string()))
    }

    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_value(self.json()?).map_err(|error| ApiError::bad_json(error.to_string()))
    }

    /// Returns the path with ids taken out, which is what statistics are kept by.
    pub fn endpoint(&self) -> String {
        let is_name = |segment: &str| {
            segment.bytes().all(|byte| byte.is_ascii_alphabetic() || b"._-".contains(&byte)) && segment.len() < 40
        };
        let mut endpoint = self.method.clone();
        endpoint.push(' ');
        for (index, segment) in self.segments.iter().enumerate() {
            // A transaction id or a state key may look like a name.
            let is_id = index >= 4 && self.segments.first().is_some_and(|first| first == "rooms");
            endpoint.push('/');
            endpoint.push_str(if is_name(segment) && !is_id { segment } else { "{}" });
        }
        endpoint
    }
}

impl Reply {
    pub fn json(body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
        Self { status: 200, content_type: "application/json", body: body.into() }
    }

    pub fn raw(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: "application/json", body: body.into() }
    }

    pub fn error(error: &ApiError) -> Self {
        Self { status: error.status, ..Self::json(&error.body()) }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        answer.unwrap_or_else(|error| Self::error(&error))
    }
}
