//! Reading and writing records, one transaction each.

use std::cmp::Ordering;

use indexed_db_futures::{KeyRange, object_store::ObjectStore, prelude::*, transaction::Transaction};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use super::{
    connection::{Connection, commit as commit_transaction},
    error::failed,
    schema::LEASE,
};
use crate::{
    model::{RecordKey, Table},
    storage::{Batch, Durability, Record, StorageError, Write},
};

/// Returns the value of each key, in the order asked.
pub(super) async fn get(connection: &Connection, keys: &[RecordKey]) -> Result<Vec<Option<Vec<u8>>>, StorageError> {
    let names = once_each(keys.iter().map(|key| key.table().name()));
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = connection.read(&names)?;
    let stores = stores(&transaction, names)?;
    let mut requests = Vec::with_capacity(keys.len());
    for key in keys {
        let (table, encoded) = (key.table(), key.encode());
        let request = store(&stores, table)?.get::<JsValue, _, _>(js_key(&encoded)).primitive()?;
        requests.push((table, encoded, request));
    }
    // Requests finish in the order issued. Once the last one has, none of the others is left to wait for.
    let mut values = Vec::with_capacity(requests.len());
    while let Some((table, key, request)) = requests.pop() {
        values.push(request.await?.map(|value| bytes(value, table, &key)).transpose()?);
    }
    values.reverse();
    Ok(values)
}

/// Returns the records of a table, or those in a range of it, in key order.
pub(super) async fn scan(
    connection: &Connection,
    table: Table,
    range: Option<(String, String)>,
) -> Result<Vec<Record>, StorageError> {
    let everything = KeyRange::LowerBound(js_key(""), false);
    let range = match range {
        None => everything,
        Some((start, end)) => match key_range(&start, &end) {
            Some(range) => range,
            None => return Ok(Vec::new()),
        },
    };
    let transaction = connection.read(&[table.name()])?;
    let store = transaction.object_store(table.name())?;
    let keys = store.get_all_keys::<JsValue>().with_query::<JsValue, _>(range.clone()).primitive()?;
    let values = store.get_all::<JsValue>().with_query::<JsValue, _>(range).primitive()?;
    let (keys, values) = (keys.await?, values.await?);
    keys.zip(values)
        .map(|(key, value)| {
            let key = text(key?, table)?;
            let value = bytes(value?, table, &key)?;
            Ok((key, value))
        })
        .collect()
}

/// Writes a batch.
pub(super) async fn commit(connection: &Connection, batch: Batch) -> Result<(), StorageError> {
    let lease = batch.epoch.map(|_| LEASE);
    let names = once_each(batch.writes.iter().map(|write| table(write).name()).chain(lease));
    if names.is_empty() {
        return Ok(());
    }
    let transaction = connection.write(&names, batch.durability)?;
    if let Some(epoch) = batch.epoch {
        // Before the writes: should the browser commit behind our back while we wait, there is nothing to commit.
        let held = read_epoch(&transaction).await?;
        if held != Some(epoch) {
            return Err(StorageError::EpochLost);
        }
    }
    let stores = stores(&transaction, names)?;
    for write in batch.writes {
        let store = store(&stores, table(&write))?;
        match write {
            Write::Put(key, value) => {
                let value = Uint8Array::from(value.as_slice());
                store.put(JsValue::from(value)).with_key(js_key(&key.encode())).without_key_type().primitive()?;
            }
            Write::Delete(key) => drop(store.delete::<JsValue, _>(js_key(&key.encode())).primitive()?),
            Write::DeleteRange(_, start, end) => {
                if let Some(range) = key_range(&start, &end) {
                    store.delete::<JsValue, _>(range).primitive()?;
                }
            }
        }
    }
    drop(stores);
    commit_transaction(transaction).await
}

/// Gives the account a new lease epoch, at least `floor`, and returns it.
pub(super) async fn take_over(connection: &Connection, floor: u64) -> Result<u64, StorageError> {
    let transaction = connection.write(&[LEASE], Durability::Relaxed)?;
    let epoch = read_epoch(&transaction).await?.map_or(floor, |held| floor.max(held + 1));
    transaction.object_store(LEASE)?.put(epoch as f64).with_key(EPOCH).without_key_type().primitive()?;
    commit_transaction(transaction).await?;
    Ok(epoch)
}

/// Deletes every record and the lease.
pub(super) async fn clear(connection: &Connection) -> Result<(), StorageError> {
    let names: Vec<_> = Table::ALL.into_iter().map(Table::name).chain([LEASE]).collect();
    let transaction = connection.write(&names, Durability::Strict)?;
    for name in names {
        transaction.object_store(name)?.clear()?;
    }
    commit_transaction(transaction).await
}

/// The key of the one record in [`LEASE`].
const EPOCH: &str = "epoch";

async fn read_epoch(transaction: &Transaction<'_>) -> Result<Option<u64>, StorageError> {
    let stored: Option<f64> = transaction.object_store(LEASE)?.get(EPOCH).primitive()?.await?;
    Ok(stored.map(|epoch| epoch as u64))
}

/// A dozen at most: looking through them is cheaper than a map.
type Stores<'a> = Vec<(&'static str, ObjectStore<'a>)>;

fn stores<'a>(transaction: &'a Transaction<'_>, names: Vec<&'static str>) -> Result<Stores<'a>, StorageError> {
    names.into_iter().map(|name| Ok((name, transaction.object_store(name)?))).collect()
}

fn store<'a, 'b>(stores: &'a Stores<'b>, table: Table) -> Result<&'a ObjectStore<'b>, StorageError> {
    let store = stores.iter().find(|(name, _)| *name == table.name()).map(|(_, store)| store);
    store.ok_or_else(|| failed(format_args!("{} is not in the transaction", table.name())))
}

fn once_each(all: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn table(write: &Write) -> Table {
    match write {
        Write::Put(key, _) | Write::Delete(key) => key.table(),
        Write::DeleteRange(table, ..) => *table,
    }
}

/// Copies a key out of wasm memory.
fn js_key(encoded: &str) -> JsValue {
    Uint8Array::from(encoded.as_bytes()).into()
}

/// Returns the half-open range, or nothing where it is empty: IndexedDB throws at such a range.
fn key_range(start: &str, end: &str) -> Option<KeyRange<JsValue>> {
    match start.cmp(end) {
        Ordering::Less => Some(KeyRange::Bound(js_key(start), false, js_key(end), true)),
        Ordering::Equal | Ordering::Greater => None,
    }
}

fn text(key: JsValue, table: Table) -> Result<String, StorageError> {
    // Whatever was handed in, keys come back as array buffers.
    String::from_utf8(Uint8Array::new(&key).to_vec()).map_err(|error| StorageError::Corrupt {
        table,
        key: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        message: "the key is not UTF-8".to_owned(),
    })
}

fn bytes(value: JsValue, table: Table, key: &str) -> Result<Vec<u8>, StorageError> {
    match value.dyn_into::<Uint8Array>() {
        Ok(array) => Ok(array.to_vec()),
        Err(_) => Err(StorageError::Corrupt {
            table,
            key: key.to_owned(),
            message: "the value is not an array of bytes".to_owned(),
        }),
    }
}
