//! The storage thread: takes what waits, answers the reads, and commits the changes as one group.
//!
//! Invariants: a change is answered after its transaction is on its way to the disk as its durability asks, never
//! before; a change that fails takes no other with it.

use std::iter;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc;

use super::{
    command::{Change, Command, Read, Request},
    records,
};
use crate::{
    limits::{SQLITE_GROUP, SQLITE_QUEUE},
    storage::{Durability, StorageError},
};

type Changes = [Request<Change, u64>];

/// What the thread owns.
pub(super) struct Worker {
    connection: Connection,
    /// What SQLite was last told about waiting for the disk; `None` before the first group.
    synchronous: Option<Durability>,
}

impl Worker {
    pub(super) fn new(connection: Connection) -> Worker {
        Worker { connection, synchronous: None }
    }

    /// Serves until the last handle is gone and nothing waits any more; then closes the database.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut changes = Vec::new();
            // No longer than the queue: reads that keep coming must not put the changes off for ever.
            for command in iter::once(first).chain(iter::from_fn(|| commands.try_recv().ok())).take(SQLITE_QUEUE) {
                match command {
                    // Reads go first: they wait for no disk, and none may count on a change that is not answered yet.
                    Command::Read(read) => self.read(read),
                    Command::Change(change) => changes.push(change),
                }
                if changes.len() == SQLITE_GROUP {
                    break;
                }
            }
            self.change(changes);
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    #[cfg(test)]
    pub(super) fn query(&self, sql: &str) -> i64 {
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn read(&self, read: Read) {
        match read {
            Read::Get(request) if !request.reply.is_closed() => {
                let result = records::get(&self.connection, &request.account, &request.what);
                request.answer(result);
            }
            Read::Scan(request) if !request.reply.is_closed() => {
                let (table, range) = &request.what;
                let result = records::scan(&self.connection, &request.account, *table, range.as_ref());
                request.answer(result);
            }
            // Whoever asked has gone away meanwhile.
            Read::Get(_) | Read::Scan(_) => (),
        }
    }

    /// Writes changes in one transaction; if that fails as a whole, each in one of its own.
    pub(super) fn change(&mut self, changes: Vec<Request<Change, u64>>) {
        if let Ok(results) = self.transaction(&changes) {
            changes.into_iter().zip(results).for_each(|(change, result)| change.answer(result));
            return;
        }
        // One that fills the disk, say, must not fail those that would still fit.
        for change in changes {
            let result = self.transaction(std::slice::from_ref(&change)).map(|results| results.into_iter().next());
            match result {
                Ok(Some(result)) => change.answer(result),
                // One change has one result; there is no other case.
                Ok(None) => (),
                Err(error) => change.answer(Err(error)),
            }
        }
    }

    /// Writes changes in one transaction and returns what became of each. An error means that none is written.
    fn transaction(&mut self, changes: &Changes) -> Result<Vec<Result<u64, StorageError>>, StorageError> {
        let Some(durability) = changes.iter().map(|change| durability(&change.what)).max() else {
            return Ok(Vec::new());
        };
        self.wait_for_disk(durability)?;
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut results = Vec::with_capacity(changes.len());
        for change in changes {
            let savepoint = transaction.savepoint()?;
            let result = apply(&savepoint, change);
            if result.is_ok() {
                savepoint.commit()?;
            } else if savepoint.is_autocommit() {
                // Some errors (no room, a failing disk) end the whole transaction, whatever the savepoint.
                return result.map(|_| Vec::new());
            } else {
                savepoint.finish()?;
            }
            results.push(result);
        }
        transaction.commit()?;
        Ok(results)
    }

    /// Tells SQLite whether the next transaction must be on the disk when it is committed.
    ///
    /// With a write-ahead log NORMAL syncs at checkpoints only, so a power loss takes the newest commits; FULL syncs the
    /// log, and with it all that was committed before. It cannot be changed within a transaction: one strict change
    /// makes its group strict.
    fn wait_for_disk(&mut self, durability: Durability) -> Result<(), StorageError> {
        if self.synchronous != Some(durability) {
            let synchronous = match durability {
                Durability::Relaxed => "NORMAL",
                Durability::Strict => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.synchronous = Some(durability);
        }
        Ok(())
    }
}

fn durability(change: &Change) -> Durability {
    match change {
        Change::Commit(batch) => batch.durability,
        // An epoch guards against processes, and none outlives the power.
        Change::TakeOver => Durability::Relaxed,
        // Who logs out may rely on it.
        Change::Delete => Durability::Strict,
    }
}

fn apply(connection: &Connection, change: &Request<Change, u64>) -> Result<u64, StorageError> {
    match &change.what {
        Change::Commit(batch) => records::commit(connection, &change.account, batch).map(|()| 0),
        Change::TakeOver => records::take_over(connection, &change.account),
        Change::Delete => records::delete(connection, &change.account).map(|()| 0),
    }
}
