//! The embedded store of the server: one SQLite file, and one thread of its own that alone touches it.
//!
//! Invariants: every shard has a handle and none waits on the disk itself; what is answered is committed; one process
//! has the file at a time. The thread ends, after finishing what was asked of it, when the last handle is dropped.

mod command;
mod error;
mod lock;
mod records;
mod schema;
mod thread;

use std::{fs::OpenOptions, path::Path};

use ruma::UserId;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot, watch};

use self::{
    command::{Change, Command, Read, Request},
    error::failed,
    lock::ProcessLock,
    thread::Worker,
};
use crate::{
    limits::SQLITE_QUEUE,
    model::{RecordKey, Table},
    platform::LocalFuture,
    storage::{Batch, Record, Storage, StorageError},
};

/// A handle to the store. Clones share one thread, and may be sent to other threads; the futures stay where they are.
#[derive(Clone, Debug)]
pub struct SqliteStorage {
    commands: mpsc::Sender<Command>,
    /// Closed when the thread has let go of the file.
    ended: watch::Receiver<()>,
}

impl SqliteStorage {
    /// Opens the database at `path`, making it (readable by its owner only) if it does not exist, and starts its thread.
    ///
    /// Blocks while older schemas are brought up to date. Fails with [`StorageError::InUse`] while another process, or
    /// another handle of this one that is no clone, has the file.
    pub fn open(path: &Path) -> Result<SqliteStorage, StorageError> {
        let lock = ProcessLock::acquire(path)?;
        create_private(path)?;
        // Without URIs: a path is a path, whatever it begins with.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        configure(&connection)?;
        schema::upgrade(&mut connection)?;
        let (commands, receiver) = mpsc::channel(SQLITE_QUEUE);
        let (alive, ended) = watch::channel(());
        let run = move || {
            Worker::new(connection).run(receiver);
            // Only now: whoever waits for the end may open the file again at once.
            drop(lock);
            drop(alive);
        };
        std::thread::Builder::new().name("sqlite".to_owned()).spawn(run).map_err(failed)?;
        Ok(SqliteStorage { commands, ended })
    }

    /// Gives the handle up and waits until the last one is gone, everything asked is done and the file is closed.
    pub async fn close(self) {
        let SqliteStorage { commands, mut ended } = self;
        drop(commands);
        // Nothing is ever sent: this returns, with an error, when the thread has dropped its end.
        while ended.changed().await.is_ok() {}
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StorageError>>) -> Command,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| failed("its thread has ended"))?;
        answer.await.map_err(|_| failed("its thread has ended"))?
    }

    async fn change(&self, account: &UserId, change: Change) -> Result<u64, StorageError> {
        let account = account.to_owned();
        self.ask(|reply| Command::Change(Request { account, what: change, reply })).await
    }
}

impl Storage for SqliteStorage {
    fn get<'a>(
        &'a self,
        account: &'a UserId,
        keys: &'a [RecordKey],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>, StorageError>> {
        Box::pin(async move {
            let account = account.to_owned();
            let what = keys.iter().map(|key| (key.table(), key.encode())).collect();
            self.ask(|reply| Command::Read(Read::Get(Request { account, what, reply }))).await
        })
    }

    fn scan<'a>(
        &'a self,
        account: &'a UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> LocalFuture<'a, Result<Vec<Record>, StorageError>> {
        Box::pin(async move {
            let account = account.to_owned();
            self.ask(|reply| Command::Read(Read::Scan(Request { account, what: (table, range), reply }))).await
        })
    }

    fn commit<'a>(&'a self, account: &'a UserId, batch: Batch) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move { self.change(account, Change::Commit(batch)).await.map(drop) })
    }

    fn take_over<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<u64, StorageError>> {
        Box::pin(self.change(account, Change::TakeOver))
    }

    fn delete_account<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move { self.change(account, Change::Delete).await.map(drop) })
    }
}

/// Creates the file for its owner only. SQLite gives its journal the permissions of the file.
fn create_private(path: &Path) -> Result<(), StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| failed(format!("{}: {error}", path.display())))
}

fn configure(connection: &Connection) -> Result<(), StorageError> {
    // With a write-ahead log a relaxed commit waits for no disk, and somebody may look at the file while we write.
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A burst (a first sync) would leave its log behind at full length.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    // On macOS an ordinary fsync stops at the drive's cache; elsewhere this does nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

#[cfg(test)]
mod tests;
