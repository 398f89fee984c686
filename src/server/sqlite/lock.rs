//! One process per database: two would each hold a part of the truth in memory.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use super::error::failed;
use crate::storage::StorageError;

/// Keeps every other process away from a database for as long as it lives.
///
/// It locks a file beside the database: closing any handle to the database itself would release SQLite's own locks
/// (POSIX ties them to the process). The file stays; removing it would let two processes lock two files of one name.
#[derive(Debug)]
pub(super) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// Takes the lock, or fails with [`StorageError::InUse`].
    pub(super) fn acquire(database: &Path) -> Result<ProcessLock, StorageError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let error = |error: std::io::Error| failed(format!("{}: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(ProcessLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse { path: database.display().to_string() }),
            Err(TryLockError::Error(io)) => Err(error(io)),
        }
    }
}
