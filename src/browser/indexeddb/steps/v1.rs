//! Version 1: an object store per table, and one for the lease. Keys are handed in with each record.

use indexed_db_futures::{Build, database::Database, error::Error};

const STORES: [&str; 14] = [
    "account",
    "room_index",
    "state",
    "members",
    "stripped",
    "timeline",
    "receipts",
    "room_account_data",
    "account_data",
    "devices",
    "to_device",
    "device_lists",
    "connections",
    "lease",
];

pub(super) fn apply(database: &Database) -> Result<(), Error> {
    STORES.into_iter().try_for_each(|name| database.create_object_store(name).build().map(drop))
}
