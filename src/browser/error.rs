//! Errors as the page gets them: the only place in the browser that knows an `errcode`.

use http::StatusCode;
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::{account::AccountError, storage::StorageError};

/// Why the engine could not be opened, or an order not be carried out. The page makes an error class of it.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// What kind: `SASH_CONFIG`, or one of [`storage_code`].
    errcode: &'static str,
    /// For people.
    message: String,
}

impl Failure {
    /// A configuration that cannot be used.
    pub fn config(error: impl ToString) -> Failure {
        Failure { errcode: "SASH_CONFIG", message: error.to_string() }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Failure {
        Failure { errcode: storage_code(&error), message: error.to_string() }
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> JsValue {
        // Two strings always make an object.
        serde_wasm_bindgen::to_value(&failure).unwrap_or(JsValue::UNDEFINED)
    }
}

/// The body of an answer that is an error.
#[derive(Debug, Serialize)]
pub struct ErrorBody<'a> {
    errcode: &'a str,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft_logout: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

/// Returns the status and body that a request gets which the account could not answer.
pub fn account_error(error: &AccountError) -> (StatusCode, Vec<u8>) {
    let message = error.to_string();
    match error {
        AccountError::TokenExpired { soft_logout } => {
            body(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", &message, Some(*soft_logout), None)
        }
        AccountError::Refused(_) => body(StatusCode::FORBIDDEN, "M_FORBIDDEN", &message, None, None),
        AccountError::Storage(error) => {
            body(StatusCode::INTERNAL_SERVER_ERROR, storage_code(error), &message, None, None)
        }
        AccountError::Stopped => body(StatusCode::SERVICE_UNAVAILABLE, "SASH_CLOSED", &message, None, None),
    }
}

/// Returns what a request gets that would be one too many at a time.
pub fn too_many_requests() -> (StatusCode, Vec<u8>) {
    let message = "too many requests are waiting in the engine";
    body(StatusCode::TOO_MANY_REQUESTS, "M_LIMIT_EXCEEDED", message, None, Some(1000))
}

fn body(
    status: StatusCode,
    errcode: &str,
    error: &str,
    soft_logout: Option<bool>,
    retry_after_ms: Option<u32>,
) -> (StatusCode, Vec<u8>) {
    let body = ErrorBody { errcode, error, soft_logout, retry_after_ms };
    // Strings and numbers always serialise.
    (status, serde_json::to_vec(&body).unwrap_or_default())
}

/// Returns the code of a failing store, for programs to tell what can be done about it.
fn storage_code(error: &StorageError) -> &'static str {
    match error {
        StorageError::Quota => "SASH_STORAGE_QUOTA",
        StorageError::Corrupt { .. } => "SASH_STORAGE_CORRUPT",
        StorageError::NewerSchema { .. } => "SASH_STORAGE_NEWER",
        StorageError::EpochLost | StorageError::Closed | StorageError::InUse { .. } => "SASH_STORAGE_LOST",
        StorageError::Backend { .. } => "SASH_STORAGE_FAILED",
    }
}
