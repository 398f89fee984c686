//! Records as they stand in memory and in storage.
//!
//! Invariant: a stored value begins with the number of its format, so that a later version can tell what it reads.

use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    AccountDataRecord, AccountRecord, DeviceListsRecord, DeviceRecord, Event, ReceiptsRecord, RecordKey, RoomPage,
    StateRecord, StrippedRecord, Table, TimelineChunk, ToDeviceRecord,
};

/// The format that this version writes. Earlier ones stay readable: every change of a stored type keeps reading what
/// it wrote before, or adds a step here.
pub const FORMAT: u8 = 1;

/// A record as it stands in memory, shared between whoever reads it.
#[derive(Clone, Debug)]
pub enum Record {
    /// Of [`RecordKey::Account`].
    Account(Rc<AccountRecord>),
    /// Of [`RecordKey::RoomIndex`].
    RoomIndex(Rc<RoomPage>),
    /// Of [`RecordKey::State`] and [`RecordKey::Members`].
    State(Rc<StateRecord>),
    /// Of [`RecordKey::Stripped`].
    Stripped(Rc<StrippedRecord>),
    /// Of [`RecordKey::Timeline`].
    Timeline(Rc<TimelineChunk>),
    /// Of [`RecordKey::Receipts`].
    Receipts(Rc<ReceiptsRecord>),
    /// Of [`RecordKey::RoomAccountData`] and [`RecordKey::AccountData`].
    AccountData(Rc<AccountDataRecord>),
    /// Of [`RecordKey::Device`].
    Device(Rc<DeviceRecord>),
    /// Of [`RecordKey::ToDevice`].
    ToDevice(Rc<ToDeviceRecord>),
    /// Of [`RecordKey::DeviceLists`].
    DeviceLists(Rc<DeviceListsRecord>),
    /// Of [`RecordKey::Connection`]: only `connection` knows what is in it.
    Connection(Rc<Vec<u8>>),
}

/// Why a stored value cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It was written by a newer version, or is empty.
    #[error("unknown format {0:?}")]
    Format(Option<u8>),
    /// It is not text.
    #[error("unreadable: {0}")]
    Text(#[from] std::str::Utf8Error),
    /// It is not what its format says.
    #[error("unreadable: {0}")]
    Json(#[from] serde_json::Error),
}

impl Record {
    /// Returns about how many bytes of memory the record takes.
    pub fn size(&self) -> usize {
        match self {
            Record::Account(_) => 200,
            Record::RoomIndex(page) => page.rooms.len() * 600,
            Record::State(state) => {
                let entries = state.entries.iter();
                entries
                    .map(|((kind, key), entry)| {
                        kind.len() + key.len() + 100 + entry.event.as_ref().map_or(0, Event::size)
                    })
                    .sum()
            }
            Record::Stripped(stripped) => stripped.events.iter().map(|event| event.get().len() + 32).sum(),
            Record::Timeline(chunk) => chunk.events.iter().map(|item| item.event.size() + 120).sum(),
            Record::Receipts(record) => record.receipts.len() * 250,
            Record::AccountData(record) => {
                record.entries.iter().map(|(kind, entry)| kind.len() + entry.event.get().len() + 80).sum()
            }
            Record::Device(_) => 500,
            Record::ToDevice(record) => record.messages.iter().map(|message| message.get().len() + 32).sum(),
            Record::DeviceLists(record) => record.users.len() * 80,
            Record::Connection(bytes) => bytes.len(),
        }
    }

    /// Returns the stored value.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        match self {
            Record::Account(record) => json(record),
            Record::RoomIndex(record) => json(record),
            Record::State(record) => json(record),
            Record::Stripped(record) => json(record),
            Record::Timeline(record) => json(record),
            Record::Receipts(record) => json(record),
            Record::AccountData(record) => json(record),
            Record::Device(record) => json(record),
            Record::ToDevice(record) => json(record),
            Record::DeviceLists(record) => json(record),
            Record::Connection(bytes) => Ok(bytes.as_ref().clone()),
        }
    }

    /// Reads the value stored at `key`.
    pub fn decode(key: &RecordKey, value: &[u8]) -> Result<Record, RecordError> {
        Record::decode_in(key.table(), value)
    }

    /// Reads a value of `table`.
    pub fn decode_in(table: Table, value: &[u8]) -> Result<Record, RecordError> {
        Ok(match table {
            Table::Account => Record::Account(parse(value)?),
            Table::RoomIndex => Record::RoomIndex(parse(value)?),
            Table::State | Table::Members => Record::State(parse(value)?),
            Table::Stripped => Record::Stripped(parse(value)?),
            Table::Timeline => Record::Timeline(parse(value)?),
            Table::Receipts => Record::Receipts(parse(value)?),
            Table::RoomAccountData | Table::AccountData => Record::AccountData(parse(value)?),
            Table::Devices => Record::Device(parse(value)?),
            Table::ToDevice => Record::ToDevice(parse(value)?),
            Table::DeviceLists => Record::DeviceLists(parse(value)?),
            Table::Connections => Record::Connection(Rc::new(value.to_vec())),
        })
    }
}

fn json<T: Serialize>(record: &Rc<T>) -> Result<Vec<u8>, RecordError> {
    let mut value = vec![FORMAT];
    serde_json::to_writer(&mut value, record.as_ref())?;
    Ok(value)
}

fn parse<T: DeserializeOwned>(value: &[u8]) -> Result<Rc<T>, RecordError> {
    match value.split_first() {
        Some((&FORMAT, json)) => Ok(Rc::new(serde_json::from_str(std::str::from_utf8(json)?)?)),
        other => Err(RecordError::Format(other.map(|(format, _)| *format))),
    }
}
