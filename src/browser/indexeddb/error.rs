//! What the browser says, as the store's errors.

use std::fmt::Display;

use indexed_db_futures::{
    error::{Error, OpenDbError},
    internals::SystemRepr,
};

use crate::storage::StorageError;

/// Returns an error of this store with a message of our own.
pub(super) fn failed(message: impl Display) -> StorageError {
    StorageError::Backend { backend: "IndexedDB", message: message.to_string() }
}

/// Returns the error that an exception means.
pub(super) fn exception(exception: &web_sys::DomException) -> StorageError {
    match exception.name().as_str() {
        "QuotaExceededError" => StorageError::Quota,
        name => failed(format_args!("{name}: {}", exception.message())),
    }
}

/// Returns whether a database is of a version above the one asked for.
pub(super) fn is_newer_version(error: &OpenDbError) -> bool {
    match error {
        OpenDbError::Base(Error::DomException(exception)) => exception.as_sys().name() == "VersionError",
        _ => false,
    }
}

impl From<Error> for StorageError {
    fn from(error: Error) -> StorageError {
        match error {
            Error::DomException(dom) => exception(dom.as_sys()),
            other => failed(other),
        }
    }
}

impl From<OpenDbError> for StorageError {
    fn from(error: OpenDbError) -> StorageError {
        match error {
            OpenDbError::Base(base) => base.into(),
            // Any exception at the call itself is reported as this one, and our versions are above zero.
            OpenDbError::VersionZero => failed("the browser refuses to open databases here"),
            OpenDbError::NullFactory | OpenDbError::UnsupportedEnvironment => failed("there is no IndexedDB here"),
        }
    }
}
