//! A request of Sash, taken apart, and how it is answered.

use http::{Request, Response};
use percent_encoding::percent_decode_str;

use crate::homeserver::{
    error::ApiError,
    world::{UserNo, Viewer},
};

/// Who asks, what.
pub struct Call {
    pub user: UserNo,
    pub device: String,
    pub now: u64,
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
}

/// A JSON text, or what is wrong with the request.
pub type Answer = Result<String, ApiError>;

impl Call {
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer { user: self.user, device: &self.device, now: self.now }
    }

    pub fn param(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub fn number(&self, key: &str, default: u64) -> Result<u64, ApiError> {
        let parse = |value: &str| value.parse().map_err(|_| ApiError::invalid(format!("{key} must be a number")));
        self.param(key).map_or(Ok(default), parse)
    }

    pub fn filter<T: Default + serde::de::DeserializeOwned>(&self) -> Result<T, ApiError> {
        let parse = |text: &str| serde_json::from_str(text).map_err(|error| ApiError::bad_json(error.to_string()));
        self.param("filter").map_or_else(|| Ok(T::default()), parse)
    }
}

pub fn bearer(request: &Request<Vec<u8>>) -> &str {
    let header = request.headers().get(http::header::AUTHORIZATION);
    header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or_default()
}

pub fn response(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

pub fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

pub fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub fn text(answer: &impl serde::Serialize) -> Answer {
    serde_json::to_string(answer).map_err(|error| ApiError::bad_json(error.to_string()))
}

pub fn is_sync(request: &Request<Vec<u8>>) -> bool {
    request.uri().path().ends_with("/sync")
}

/// A poll is a `/sync` that goes on from somewhere.
pub fn is_poll(request: &Request<Vec<u8>>) -> bool {
    is_sync(request) && request.uri().query().is_some_and(|query| query.contains("since="))
}
