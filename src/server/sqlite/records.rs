//! The statements on accounts and records. Knows nothing of threads and transactions: the caller begins and ends them.

use ruma::UserId;
use rusqlite::{Connection, OptionalExtension, Row};

use super::command::Range;
use crate::{
    model::Table,
    storage::{Batch, Record, StorageError, Write},
};

const ACCOUNT: &str = "SELECT id FROM accounts WHERE user_id = ?";
const EPOCH: &str = "SELECT epoch FROM accounts WHERE user_id = ?";
const ADD_ACCOUNT: &str = "INSERT INTO accounts (user_id) VALUES (?) RETURNING id";
const GET: &str = "SELECT value FROM records WHERE account = ? AND tbl = ? AND key = ?";
const SCAN: &str = "SELECT key, value FROM records WHERE account = ? AND tbl = ? ORDER BY key";
const SCAN_RANGE: &str =
    "SELECT key, value FROM records WHERE account = ? AND tbl = ? AND key >= ? AND key < ? ORDER BY key";
const PUT: &str = "INSERT INTO records (account, tbl, key, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (account, tbl, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM records WHERE account = ? AND tbl = ? AND key = ?";
const DELETE_RANGE: &str = "DELETE FROM records WHERE account = ? AND tbl = ? AND key >= ? AND key < ?";

/// Returns the value of each key, in the order asked.
pub(super) fn get(
    connection: &Connection,
    user: &UserId,
    keys: &[(Table, String)],
) -> Result<Vec<Option<Vec<u8>>>, StorageError> {
    let Some(account) = account(connection, user)? else {
        return Ok(vec![None; keys.len()]);
    };
    let mut statement = connection.prepare_cached(GET)?;
    let mut value = |(table, key): &(Table, String)| {
        let place = (account, table.name(), key.as_bytes());
        Ok(statement.query_row(place, |row| row.get(0)).optional()?)
    };
    keys.iter().map(&mut value).collect()
}

/// Returns the records of a table, or those in a range of it, in key order.
pub(super) fn scan(
    connection: &Connection,
    user: &UserId,
    table: Table,
    range: Option<&Range>,
) -> Result<Vec<Record>, StorageError> {
    let Some(account) = account(connection, user)? else {
        return Ok(Vec::new());
    };
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let rows: Result<Vec<(Vec<u8>, Vec<u8>)>, _> = match range {
        None => connection.prepare_cached(SCAN)?.query_map((account, table.name()), read)?.collect(),
        Some((start, end)) => {
            let bounds = (account, table.name(), start.as_bytes(), end.as_bytes());
            connection.prepare_cached(SCAN_RANGE)?.query_map(bounds, read)?.collect()
        }
    };
    rows?.into_iter().map(|(key, value)| Ok((utf8(table, key)?, value))).collect()
}

/// Writes a batch. On an error the caller takes back what of it is written.
pub(super) fn commit(connection: &Connection, user: &UserId, batch: &Batch) -> Result<(), StorageError> {
    if let Some(epoch) = batch.epoch {
        require_epoch(connection, user, epoch)?;
    }
    if batch.writes.is_empty() {
        return Ok(());
    }
    let account = account_or_new(connection, user)?;
    for write in &batch.writes {
        match write {
            Write::Put(key, value) => {
                let (table, key) = (key.table().name(), key.encode());
                connection.prepare_cached(PUT)?.execute((account, table, key.as_bytes(), value))?
            }
            Write::Delete(key) => {
                let (table, key) = (key.table().name(), key.encode());
                connection.prepare_cached(DELETE)?.execute((account, table, key.as_bytes()))?
            }
            Write::DeleteRange(table, start, end) => {
                let bounds = (account, table.name(), start.as_bytes(), end.as_bytes());
                connection.prepare_cached(DELETE_RANGE)?.execute(bounds)?
            }
        };
    }
    Ok(())
}

/// Gives the account a new lease epoch and returns it.
pub(super) fn take_over(connection: &Connection, user: &UserId) -> Result<u64, StorageError> {
    let account = account_or_new(connection, user)?;
    let next = "UPDATE store SET last_epoch = last_epoch + 1 RETURNING last_epoch";
    let epoch: i64 = connection.query_row(next, [], |row| row.get(0))?;
    connection.execute("UPDATE accounts SET epoch = ? WHERE id = ?", (epoch, account))?;
    Ok(epoch.unsigned_abs())
}

/// Deletes the account, its lease and its records.
pub(super) fn delete(connection: &Connection, user: &UserId) -> Result<(), StorageError> {
    if let Some(account) = account(connection, user)? {
        connection.execute("DELETE FROM records WHERE account = ?", [account])?;
        connection.execute("DELETE FROM accounts WHERE id = ?", [account])?;
    }
    Ok(())
}

fn account(connection: &Connection, user: &UserId) -> Result<Option<i64>, StorageError> {
    Ok(connection.prepare_cached(ACCOUNT)?.query_row([user.as_str()], |row| row.get(0)).optional()?)
}

fn account_or_new(connection: &Connection, user: &UserId) -> Result<i64, StorageError> {
    match account(connection, user)? {
        Some(account) => Ok(account),
        None => Ok(connection.prepare_cached(ADD_ACCOUNT)?.query_row([user.as_str()], |row| row.get(0))?),
    }
}

fn require_epoch(connection: &Connection, user: &UserId, epoch: u64) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(EPOCH)?;
    let held: Option<i64> = statement.query_row([user.as_str()], |row| row.get(0)).optional()?.flatten();
    match held.map(i64::unsigned_abs) {
        Some(held) if held == epoch => Ok(()),
        _ => Err(StorageError::EpochLost),
    }
}

fn utf8(table: Table, key: Vec<u8>) -> Result<String, StorageError> {
    String::from_utf8(key).map_err(|error| StorageError::Corrupt {
        table,
        key: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        message: "the key is not UTF-8".to_owned(),
    })
}
