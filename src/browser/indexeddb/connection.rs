//! One open database, and its end when somebody else needs it gone.

use std::{cell::Cell, rc::Rc};

use indexed_db_futures::{
    Build,
    database::Database,
    internals::SystemRepr,
    transaction::{Transaction, TransactionDurability, TransactionMode, TransactionOptions},
};
use wasm_bindgen::{JsCast, closure::Closure};

use super::{error, schema};
use crate::storage::{Durability, StorageError};

/// An open database. Dropping it closes it, after the transactions under way.
pub(super) struct Connection {
    database: Database,
    closed: Rc<Cell<bool>>,
    /// Listens for `versionchange` (another tab upgrades or deletes) and `close` (the user clears the site's data).
    _give_way: Closure<dyn FnMut()>,
}

impl Connection {
    /// Opens the database, making it or bringing it up to date where necessary.
    pub(super) async fn open(name: &str) -> Result<Connection, StorageError> {
        let database = schema::open(name).await?;
        let closed = Rc::new(Cell::new(false));
        let give_way = Closure::new({
            let (database, closed) = (database.clone(), closed.clone());
            move || {
                closed.set(true);
                database.clone().close();
            }
        });
        let listener = give_way.as_ref().unchecked_ref();
        database.as_sys().set_onversionchange(Some(listener));
        database.as_sys().set_onclose(Some(listener));
        Ok(Connection { database, closed, _give_way: give_way })
    }

    /// Begins a transaction that only reads `stores`.
    pub(super) fn read(&self, stores: &[&str]) -> Result<Transaction<'_>, StorageError> {
        self.require_open()?;
        Ok(self.database.transaction(stores).build()?)
    }

    /// Begins a transaction that may write `stores`. Dropping it without [`commit`] takes back what it wrote.
    pub(super) fn write(&self, stores: &[&str], durability: Durability) -> Result<Transaction<'_>, StorageError> {
        self.require_open()?;
        let durability = match durability {
            Durability::Relaxed => TransactionDurability::Relaxed,
            Durability::Strict => TransactionDurability::Strict,
        };
        let options = TransactionOptions::new().with_durability(durability);
        Ok(self.database.transaction(stores).with_mode(TransactionMode::Readwrite).with_options(options).build()?)
    }

    fn require_open(&self) -> Result<(), StorageError> {
        if self.closed.get() { Err(StorageError::Closed) } else { Ok(()) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.as_sys().set_onversionchange(None);
        self.database.as_sys().set_onclose(None);
        self.database.clone().close();
    }
}

/// Commits a transaction. An error of any request in it surfaces here, and then nothing is written.
pub(super) async fn commit(transaction: Transaction<'_>) -> Result<(), StorageError> {
    let raw: web_sys::IdbTransaction = transaction.as_sys().clone().into();
    match transaction.commit().await {
        Ok(()) => Ok(()),
        // Where the browser gave up while writing, no request failed, and only the transaction knows why.
        Err(failure) => Err(raw.error().map_or_else(|| failure.into(), |exception| error::exception(&exception))),
    }
}
