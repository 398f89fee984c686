//! Errors as the page gets them: the only place in the browser that knows an `errcode`.

use serde::Serialize;
use wasm_bindgen::JsValue;

use super::to_value;
use crate::{account::AccountError, protocol::ErrorResponse, storage::StorageError};

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
        to_value(&failure)
    }
}

/// Returns what a request gets that the account could not answer.
pub fn from_account(error: AccountError) -> ErrorResponse {
    let message = error.to_string();
    match error {
        AccountError::Sync(error) => error.into(),
        AccountError::TokenExpired { soft_logout } => {
            ErrorResponse { soft_logout: Some(soft_logout), ..ErrorResponse::new(401, "M_UNKNOWN_TOKEN", message) }
        }
        AccountError::Refused { status, errcode, message } => ErrorResponse::new(status, &errcode, message),
        AccountError::Storage(error) => ErrorResponse::new(500, storage_code(&error), message),
        AccountError::Stopped => ErrorResponse::new(503, "SASH_CLOSED", message),
    }
}

/// Returns what a request gets whose wire this engine does not speak.
pub fn unknown_wire(name: &str) -> ErrorResponse {
    ErrorResponse::new(404, "M_UNRECOGNIZED", format!("this engine does not speak the API {name:?}"))
}

/// Returns what a request gets that would be one too many at a time.
pub fn too_many_requests() -> ErrorResponse {
    let message = "too many requests are waiting in the engine";
    ErrorResponse { retry_after_ms: Some(1000), ..ErrorResponse::new(429, "M_LIMIT_EXCEEDED", message) }
}

/// Returns the status and body of an error.
pub fn to_answer(error: &ErrorResponse) -> (u16, Vec<u8>) {
    (error.status, error.to_json().into_bytes())
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
