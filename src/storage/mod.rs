//! Where accounts are kept: a narrow trait over ordered tables, and the memory store.
//!
//! Invariants: a batch is written whole or not at all; a key belongs to one account, and no call reaches across
//! accounts; the store does not know what its values mean. There are no interactive transactions, because IndexedDB
//! cannot hold one open across a foreign await.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
mod faulty;
mod memory;

#[cfg(any(test, feature = "testing"))]
pub use faulty::{Fault, FaultyStorage};
pub use memory::MemoryStorage;
use ruma::UserId;

use crate::{
    model::{RecordKey, Table},
    platform::LocalFuture,
};

/// A record as a scan returns it: its encoded key and its value.
pub type Record = (String, Vec<u8>);

/// Ordered tables per account. Values are opaque bytes.
///
/// Nothing happens before a returned future is first polled. A read sees every commit that was answered before the
/// read was asked for; of commits still under way it sees all or nothing. A commit whose future is dropped may or may
/// not have been written.
pub trait Storage {
    /// Returns the value of each key, in the order asked; `None` where there is none.
    fn get<'a>(
        &'a self,
        account: &'a UserId,
        keys: &'a [RecordKey],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>, StorageError>>;

    /// Returns all records of `table` whose encoded key is in `range` (whole table when `None`), in key order.
    ///
    /// The range is half-open, and keys are ordered by their UTF-8 bytes. A range that ends at or before its start
    /// holds nothing.
    fn scan<'a>(
        &'a self,
        account: &'a UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> LocalFuture<'a, Result<Vec<Record>, StorageError>>;

    /// Writes `batch` as one transaction. On an error nothing of it is written.
    fn commit<'a>(&'a self, account: &'a UserId, batch: Batch) -> LocalFuture<'a, Result<(), StorageError>>;

    /// Makes the caller the account's owner and returns its lease epoch, greater than any before it.
    ///
    /// From then on a batch that names another epoch fails with [`StorageError::EpochLost`].
    fn take_over<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<u64, StorageError>>;

    /// Deletes everything the account has, its lease included.
    fn delete_account<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<(), StorageError>>;
}

/// What one commit writes. Later writes of the same key win over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Writes in order.
    pub writes: Vec<Write>,
    /// How much of a power loss the batch must survive.
    pub durability: Durability,
    /// The lease epoch, from [`Storage::take_over`], that must still hold. `None` where the store has one owner only.
    pub epoch: Option<u64>,
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Inserts or replaces a record.
    Put(RecordKey, Vec<u8>),
    /// Deletes a record; no error if there is none.
    Delete(RecordKey),
    /// Deletes the records of a table in a half-open range of encoded keys, ordered as in [`Storage::scan`].
    DeleteRange(Table, String, String),
}

/// Whether a committed batch may be lost when the power goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// It may: the homeserver can be asked again.
    #[default]
    Relaxed,
    /// It may not: ours is the only copy (to-device messages are deleted upstream by the next `since`).
    Strict,
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The underlying store failed.
    #[error("the {backend} store failed: {message}")]
    Backend {
        /// Which store.
        backend: &'static str,
        /// What it said.
        message: String,
    },
    /// There is no room left.
    #[error("the storage quota is used up")]
    Quota,
    /// Another owner has taken the account: our epoch is over.
    #[error("another process has taken over the account")]
    EpochLost,
    /// The store was closed under us: another tab deleted it or opened it with a newer version of Sash, or the user
    /// cleared the site's data.
    #[error("the store was closed: it was deleted, or upgraded by another tab")]
    Closed,
    /// Another process has the store open, which only one may.
    #[error("{path} is in use by another process")]
    InUse {
        /// The store's file.
        path: String,
    },
    /// A stored value cannot be read.
    #[error("corrupt record {key:?} in table {}: {message}", table.name())]
    Corrupt {
        /// The table.
        table: Table,
        /// The encoded key.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// The database was written by a newer version of Sash.
    #[error("the database has schema version {found}, this version of Sash knows up to {known}")]
    NewerSchema {
        /// What the database says.
        found: u32,
        /// What we know.
        known: u32,
    },
}
