//! What a handle asks of the storage thread.

use ruma::OwnedUserId;
use tokio::sync::oneshot;

use crate::{
    model::Table,
    storage::{Batch, Record, StorageError},
};

/// Anything that can be asked.
pub(super) enum Command {
    /// Answered before the changes that wait beside it.
    Read(Read),
    /// Shares its transaction with others. The answer is the epoch for [`Change::TakeOver`], else 0.
    Change(Request<Change, u64>),
}

/// What is asked about one account, and where the answer goes.
pub(super) struct Request<W, A> {
    pub(super) account: OwnedUserId,
    pub(super) what: W,
    pub(super) reply: oneshot::Sender<Result<A, StorageError>>,
}

impl<W, A> Request<W, A> {
    /// Sends the answer, unless nobody waits for it any more.
    pub(super) fn answer(self, result: Result<A, StorageError>) {
        let _ = self.reply.send(result);
    }
}

/// Tables and encoded keys.
pub(super) type Keys = Vec<(Table, String)>;

/// A value per key, where there is one.
pub(super) type Values = Vec<Option<Vec<u8>>>;

/// A half-open range of encoded keys.
pub(super) type Range = (String, String);

pub(super) enum Read {
    Get(Request<Keys, Values>),
    Scan(Request<(Table, Option<Range>), Vec<Record>>),
}

pub(super) enum Change {
    Commit(Batch),
    TakeOver,
    Delete,
}
