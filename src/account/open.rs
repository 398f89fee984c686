//! Opening an account as it was stored: a handful of reads, whatever its size.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};

use ruma::{OwnedUserId, UserId};
use tokio::sync::{Mutex, Notify, watch};

use super::{Account, Dependencies, InMemory, Progress, Status};
use crate::{
    cache::{AccountCache, DeviceCache, Stored},
    connection::Connections,
    model::{AccountRecord, Record, RecordKey, Table},
    storage::{Batch, Durability, Storage, StorageError, Write},
    upstream::Homeserver,
};

impl Account {
    /// Opens an account as it was stored, or a new one. Nothing is polled yet: the room list can be answered from disk
    /// before any network answer.
    pub async fn open(
        user_id: OwnedUserId,
        homeserver: impl Into<String>,
        dependencies: Dependencies,
    ) -> Result<Rc<Account>, StorageError> {
        let mut stored = read(dependencies.storage.as_ref(), &user_id).await?;
        begin_incarnation(dependencies.storage.as_ref(), &user_id, &mut stored.account).await?;
        let cache = AccountCache::new(user_id.clone(), stored);
        let status = Status { progress: Progress::of(&cache), ..Status::default() };
        Ok(Rc::new(Account {
            user_id,
            homeserver: Homeserver::new(homeserver, Rc::clone(&dependencies.http)),
            dependencies,
            state: RefCell::new(InMemory { cache, connections: Connections::default() }),
            committing: Arc::new(Mutex::new(())),
            in_doubt: RefCell::default(),
            waiting: RefCell::default(),
            changed: Notify::new(),
            status: watch::Sender::new(status),
            polls: RefCell::default(),
            fetches: RefCell::default(),
            author_absent_since: Cell::default(),
            has_presence: Cell::default(),
            stopped: Cell::new(false),
        }))
    }
}

/// Each start counts, durably, before any `pos` is given out that names it: a position that a power loss took back is
/// never mistaken for a new one (design.md §3, Connections).
async fn begin_incarnation(
    storage: &dyn Storage,
    user_id: &UserId,
    account: &mut AccountRecord,
) -> Result<(), StorageError> {
    account.begin();
    let value = encode(&RecordKey::Account, &Record::Account(Rc::new(account.clone())))?;
    let writes = vec![Write::Put(RecordKey::Account, value)];
    storage.commit(user_id, Batch { writes, durability: Durability::Strict, epoch: None }).await
}

async fn read(storage: &dyn Storage, user_id: &UserId) -> Result<Stored, StorageError> {
    let mut stored = Stored::default();
    let singles = [RecordKey::Account, RecordKey::AccountData];
    for (key, value) in singles.iter().zip(storage.get(user_id, &singles).await?) {
        match value.map(|value| decode(key.table(), &key.encode(), &value)).transpose()? {
            Some(Record::Account(account)) => stored.account = account.as_ref().clone(),
            Some(Record::AccountData(account_data)) => stored.account_data = account_data,
            _ => {}
        }
    }
    for (key, value) in storage.scan(user_id, Table::RoomIndex, None).await? {
        if let Record::RoomIndex(page) = decode(Table::RoomIndex, &key, &value)? {
            stored.rooms.extend(Rc::unwrap_or_clone(page).rooms);
        }
    }
    stored.devices = read_devices(storage, user_id).await?;
    Ok(stored)
}

async fn read_devices(storage: &dyn Storage, user_id: &UserId) -> Result<Vec<DeviceCache>, StorageError> {
    let mut devices: Vec<DeviceCache> = Vec::new();
    for (key, value) in storage.scan(user_id, Table::Devices, None).await? {
        if let Record::Device(record) = decode(Table::Devices, &key, &value)? {
            let lists_key = RecordKey::DeviceLists(record.device_id.clone());
            let lists = storage.get(user_id, std::slice::from_ref(&lists_key)).await?.pop().flatten();
            let lists = match lists.map(|value| decode(Table::DeviceLists, &key, &value)).transpose()? {
                Some(Record::DeviceLists(lists)) => lists,
                _ => Rc::default(),
            };
            devices.push(DeviceCache { record, lists, to_device: BTreeMap::new() });
        }
    }
    for (key, value) in storage.scan(user_id, Table::ToDevice, None).await? {
        if let Record::ToDevice(record) = decode(Table::ToDevice, &key, &value)?
            && let Some(device) = devices.iter_mut().find(|device| record.is_stored_at(&device.record.device_id, &key))
        {
            device.to_device.insert(record.first, record.messages.len());
        }
    }
    Ok(devices)
}

pub(super) fn encode(key: &RecordKey, record: &Record) -> Result<Vec<u8>, StorageError> {
    record.encode().map_err(|error| StorageError::Corrupt {
        table: key.table(),
        key: key.encode(),
        message: error.to_string(),
    })
}

pub(super) fn decode(table: Table, key: &str, value: &[u8]) -> Result<Record, StorageError> {
    Record::decode_in(table, value).map_err(|error| StorageError::Corrupt {
        table,
        key: key.to_owned(),
        message: error.to_string(),
    })
}
