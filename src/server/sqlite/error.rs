//! SQLite's errors as the store's.

use std::fmt::Display;

use rusqlite::ErrorCode;

use crate::storage::StorageError;

/// Returns an error of this store with a message of our own.
pub(super) fn failed(message: impl Display) -> StorageError {
    StorageError::Backend { backend: "SQLite", message: message.to_string() }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> StorageError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StorageError::Quota,
            _ => failed(error),
        }
    }
}
