//! The store for tests and for browsers without IndexedDB: everything in one sorted map.
//!
//! Invariant: it knows no lock and no disk; a clone is a second handle to the same records, so that "closed and opened
//! again" can be played.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use ruma::{OwnedUserId, UserId};

use super::{Batch, Record, Storage, StorageError, Write};
use crate::{
    model::{RecordKey, Table},
    platform::LocalFuture,
};

/// A store that lives as long as its last handle.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    state: Rc<RefCell<State>>,
}

/// One record's full address.
pub(super) type Address = (OwnedUserId, Table, String);

/// What stood somewhere before a write.
pub(super) type Replaced = (Address, Option<Vec<u8>>);

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<Address, Vec<u8>>,
    epochs: BTreeMap<OwnedUserId, u64>,
    /// One counter for all accounts: an account that is deleted and made anew must not repeat an epoch.
    last_epoch: u64,
}

impl MemoryStorage {
    /// Returns an empty store.
    pub fn new() -> MemoryStorage {
        MemoryStorage::default()
    }

    /// Writes `batch` and returns what stood before in each place, in the order written.
    ///
    /// Putting those back in reverse order undoes the batch.
    pub(super) fn write(&self, account: &UserId, batch: Batch) -> Result<Vec<Replaced>, StorageError> {
        let mut state = self.state.borrow_mut();
        if batch.epoch.is_some_and(|epoch| state.epochs.get(account) != Some(&epoch)) {
            return Err(StorageError::EpochLost);
        }
        let mut replaced = Vec::new();
        for write in batch.writes {
            match write {
                Write::Put(key, value) => {
                    let address = (account.to_owned(), key.table(), key.encode());
                    let before = state.records.insert(address.clone(), value);
                    replaced.push((address, before));
                }
                Write::Delete(key) => {
                    let address = (account.to_owned(), key.table(), key.encode());
                    let before = state.records.remove(&address);
                    replaced.push((address, before));
                }
                Write::DeleteRange(table, start, end) => {
                    for address in state.addresses(account, table, Some((start, end))) {
                        let before = state.records.remove(&address);
                        replaced.push((address, before));
                    }
                }
            }
        }
        Ok(replaced)
    }

    /// Deletes what the account has and returns it, as [`MemoryStorage::write`] does.
    pub(super) fn delete(&self, account: &UserId) -> Vec<Replaced> {
        let mut state = self.state.borrow_mut();
        state.epochs.remove(account);
        let addresses: Vec<_> =
            Table::ALL.into_iter().flat_map(|table| state.addresses(account, table, None)).collect();
        addresses
            .into_iter()
            .map(|address| {
                let before = state.records.remove(&address);
                (address, before)
            })
            .collect()
    }

    /// Puts one record back as it was.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn restore(&self, address: Address, before: Option<Vec<u8>>) {
        let records = &mut self.state.borrow_mut().records;
        match before {
            Some(value) => records.insert(address, value),
            None => records.remove(&address),
        };
    }
}

impl State {
    /// Returns the records of a table within `range`, in key order.
    fn range<'a>(
        &'a self,
        account: &UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> impl Iterator<Item = (&'a Address, &'a Vec<u8>)> {
        let (start, end) = match range {
            Some((start, end)) => (start, Some(end)),
            None => (String::new(), None),
        };
        let owner = account.to_owned();
        self.records.range((owner.clone(), table, start)..).take_while(move |((user, of, key), _)| {
            *user == owner && *of == table && end.as_ref().is_none_or(|end| key < end)
        })
    }

    fn addresses(&self, account: &UserId, table: Table, range: Option<(String, String)>) -> Vec<Address> {
        self.range(account, table, range).map(|(address, _)| address.clone()).collect()
    }
}

impl Storage for MemoryStorage {
    fn get<'a>(
        &'a self,
        account: &'a UserId,
        keys: &'a [RecordKey],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>, StorageError>> {
        Box::pin(async move {
            let state = self.state.borrow();
            let value = |key: &RecordKey| state.records.get(&(account.to_owned(), key.table(), key.encode())).cloned();
            Ok(keys.iter().map(value).collect())
        })
    }

    fn scan<'a>(
        &'a self,
        account: &'a UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> LocalFuture<'a, Result<Vec<Record>, StorageError>> {
        Box::pin(async move {
            let state = self.state.borrow();
            Ok(state.range(account, table, range).map(|((_, _, key), value)| (key.clone(), value.clone())).collect())
        })
    }

    fn commit<'a>(&'a self, account: &'a UserId, batch: Batch) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move { self.write(account, batch).map(drop) })
    }

    fn take_over<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<u64, StorageError>> {
        Box::pin(async move {
            let mut state = self.state.borrow_mut();
            state.last_epoch += 1;
            let epoch = state.last_epoch;
            state.epochs.insert(account.to_owned(), epoch);
            Ok(epoch)
        })
    }

    fn delete_account<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            self.delete(account);
            Ok(())
        })
    }
}

#[cfg(test)]
crate::storage_conformance!(conformance, super::MemoryStorage::new());
