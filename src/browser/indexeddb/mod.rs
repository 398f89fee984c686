//! The browser's store: one IndexedDB database per account, one object store per table.
//!
//! Invariants: a transaction opens only when everything to be written is at hand, its requests are issued without
//! awaiting anything but the transaction's own, and it is committed explicitly; what is stored is never a view into
//! wasm memory (cloning a view clones the whole memory). Keys are stored as bytes, not as strings: IndexedDB orders
//! strings by UTF-16 units, which is not the order of the other stores.

mod connection;
mod delete;
mod error;
mod records;
mod schema;

use std::{cell::RefCell, rc::Rc};

use ruma::{OwnedUserId, UserId};

use self::connection::Connection;
use crate::{
    limits::INDEXEDDB_CONNECTIONS,
    model::{RecordKey, Table},
    platform::{Clock, LocalFuture, SystemClock},
    storage::{Batch, Record, Storage, StorageError},
};

/// The accounts of this origin. Databases are opened when they are first asked for, and closed with the store.
///
/// When another tab deletes an account or upgrades its database, the connection gives way at once and every later call
/// for that account fails with [`StorageError::Closed`]; a new `IndexedDbStorage` starts afresh.
pub struct IndexedDbStorage {
    prefix: String,
    /// Oldest first.
    connections: RefCell<Vec<(OwnedUserId, Rc<Connection>)>>,
    /// The newest epoch given here: one that a deleted database took along must not come again.
    last_epoch: RefCell<u64>,
}

impl Default for IndexedDbStorage {
    fn default() -> IndexedDbStorage {
        IndexedDbStorage::new()
    }
}

impl IndexedDbStorage {
    /// Returns the store of this origin, whose databases are called `sash:<user id>`.
    pub fn new() -> IndexedDbStorage {
        IndexedDbStorage::with_prefix("sash")
    }

    /// Returns a store whose databases are called `<prefix>:<user id>`.
    pub fn with_prefix(prefix: &str) -> IndexedDbStorage {
        IndexedDbStorage { prefix: prefix.to_owned(), connections: RefCell::default(), last_epoch: RefCell::default() }
    }

    fn database_name(&self, account: &UserId) -> String {
        format!("{}:{account}", self.prefix)
    }

    async fn connection(&self, account: &UserId) -> Result<Rc<Connection>, StorageError> {
        if let Some(connection) = self.held(account) {
            return Ok(connection);
        }
        let opened = Rc::new(Connection::open(&self.database_name(account)).await?);
        // Somebody else may have opened it meanwhile; one connection is enough.
        if let Some(connection) = self.held(account) {
            return Ok(connection);
        }
        let mut connections = self.connections.borrow_mut();
        if connections.len() >= INDEXEDDB_CONNECTIONS {
            connections.remove(0);
        }
        connections.push((account.to_owned(), opened.clone()));
        Ok(opened)
    }

    fn held(&self, account: &UserId) -> Option<Rc<Connection>> {
        let connections = self.connections.borrow();
        connections.iter().find(|(user, _)| user == account).map(|(_, connection)| connection.clone())
    }

    /// Returns the lowest epoch that this store may give next.
    fn next_epoch(&self) -> u64 {
        // The clock, because a database takes its counter along when it is deleted; milliseconds fit into a double.
        SystemClock.now().0.max(*self.last_epoch.borrow() + 1)
    }
}

impl Storage for IndexedDbStorage {
    fn get<'a>(
        &'a self,
        account: &'a UserId,
        keys: &'a [RecordKey],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>, StorageError>> {
        Box::pin(async move { records::get(&*self.connection(account).await?, keys).await })
    }

    fn scan<'a>(
        &'a self,
        account: &'a UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> LocalFuture<'a, Result<Vec<Record>, StorageError>> {
        Box::pin(async move { records::scan(&*self.connection(account).await?, table, range).await })
    }

    fn commit<'a>(&'a self, account: &'a UserId, batch: Batch) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move { records::commit(&*self.connection(account).await?, batch).await })
    }

    fn take_over<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<u64, StorageError>> {
        Box::pin(async move {
            let connection = self.connection(account).await?;
            let epoch = records::take_over(&connection, self.next_epoch()).await?;
            self.last_epoch.replace_with(|last| epoch.max(*last));
            Ok(epoch)
        })
    }

    fn delete_account<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            // Where another tab has closed or outgrown the database, it can still be deleted.
            let emptied = match self.connection(account).await {
                Ok(connection) => records::clear(&connection).await,
                Err(error) => Err(error),
            };
            self.connections.borrow_mut().retain(|(user, _)| user != account);
            delete::database(&self.database_name(account), emptied).await
        })
    }
}
