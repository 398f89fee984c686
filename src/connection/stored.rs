//! The stored form of a connection: a base and a chain of deltas, and per device a directory of its connections.
//!
//! Invariant: a value begins with its format's number; what cannot be read is as good as forgotten, never an error.

use std::{borrow::Cow, rc::Rc};

use ruma::{DeviceId, OwnedRoomId, OwnedUserId, RoomId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::request::{RoomConfig, Wire};
use super::state::{Delta, GlobalMarks, Mark, RoomDelta, RoomMarks, RoomSent, SentConfig};
use crate::limits::CONNECTION_DELTAS;
use crate::model::{FORMAT, Membership, Ordinal, Position, Record, RecordKey, Timestamp};

/// A device's connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// In no order.
    pub connections: Vec<DirectoryEntry>,
}

/// One connection of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// The name of its wire.
    pub wire: String,
    /// Its `conn_id`.
    pub conn_id: String,
    /// The unguessable part of its `pos`.
    pub nonce: u64,
    /// When it was last used, or somewhat earlier.
    pub used: Timestamp,
}

/// Where a connection is stored.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose it is.
    pub device: &'a DeviceId,
    /// Over which wire.
    pub wire: Wire,
    /// Its `conn_id`.
    pub conn_id: &'a str,
}

impl Place<'_> {
    /// Returns the key of one of its parts.
    pub fn key(&self, part: u32) -> RecordKey {
        RecordKey::Connection(self.device.to_owned(), self.wire.name().to_owned(), self.conn_id.to_owned(), part)
    }

    /// Returns the keys of all parts that there may be.
    pub fn keys(&self) -> impl Iterator<Item = RecordKey> {
        (0..=CONNECTION_DELTAS + 1).map(|part| self.key(part))
    }
}

/// Returns where a device's directory is stored. No wire has an empty name.
pub fn directory_key(device: &DeviceId) -> RecordKey {
    RecordKey::Connection(device.to_owned(), String::new(), String::new(), 0)
}

/// Returns the record of a directory.
pub fn encode_directory(directory: &Directory) -> Record {
    encode(directory)
}

/// Reads a directory.
pub fn decode_directory(record: &Record) -> Option<Directory> {
    decode(record)
}

/// Returns the record of a delta.
pub fn encode_delta(delta: &Delta) -> Record {
    encode(&StoredDelta::from(delta))
}

/// Reads a delta.
pub fn decode_delta(record: &Record) -> Option<Delta> {
    decode::<StoredDelta>(record).and_then(StoredDelta::into_delta)
}

fn encode<T: Serialize>(value: &T) -> Record {
    let mut bytes = vec![FORMAT];
    // Only a map with keys that are no strings could fail here, and there is none; an empty value reads as forgotten.
    if serde_json::to_writer(&mut bytes, value).is_err() {
        bytes.clear();
    }
    Record::Connection(Rc::new(bytes))
}

fn decode<T: DeserializeOwned>(record: &Record) -> Option<T> {
    let Record::Connection(bytes) = record else { return None };
    match bytes.split_first() {
        Some((&FORMAT, json)) => serde_json::from_str(std::str::from_utf8(json).ok()?).ok(),
        _ => None,
    }
}

/// A delta with its room configurations in a table: thousands of rooms share a handful. What is written is only
/// borrowed.
#[derive(Serialize, Deserialize)]
struct StoredDelta<'a> {
    n: u64,
    on: u64,
    p: Position,
    configs: Vec<Rc<SentConfig>>,
    rooms: Vec<StoredRoom<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<Cow<'a, RoomId>>,
    marks: GlobalMarks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscriptions: Option<Rc<Vec<(OwnedRoomId, RoomConfig)>>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sticky: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredRoom<'a> {
    id: Cow<'a, RoomId>,
    m: Mark,
    s: Membership,
    c: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dm: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Ordinal>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    short: bool,
    #[serde(default)]
    ext: RoomMarks,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    flush: bool,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    members: Cow<'a, [OwnedUserId]>,
}

impl<'a> From<&'a Delta> for StoredDelta<'a> {
    fn from(delta: &'a Delta) -> StoredDelta<'a> {
        let mut configs = Vec::new();
        let mut numbers: FxHashMap<&SentConfig, usize> = FxHashMap::default();
        let mut rooms = Vec::with_capacity(delta.rooms.len());
        let mut gone = Vec::new();
        for (id, room) in &delta.rooms {
            let Some(RoomDelta { sent, flush, members }) = room else {
                gone.push(Cow::Borrowed(id.as_ref()));
                continue;
            };
            let config = *numbers.entry(sent.config.as_ref()).or_insert_with(|| {
                configs.push(Rc::clone(&sent.config));
                configs.len() - 1
            });
            rooms.push(StoredRoom {
                id: Cow::Borrowed(id),
                m: sent.mark,
                s: sent.membership,
                c: config,
                dm: sent.is_dm,
                from: sent.sent_from,
                short: sent.short,
                ext: sent.marks,
                flush: *flush,
                members: Cow::Borrowed(members),
            });
        }
        StoredDelta {
            n: delta.number,
            on: delta.on,
            p: delta.position,
            configs,
            rooms,
            gone,
            marks: delta.marks,
            live: delta.live_from,
            subscriptions: delta.subscriptions.clone(),
            sticky: delta.sticky,
        }
    }
}

impl StoredDelta<'_> {
    /// Returns the delta, or `None` if it contradicts itself.
    fn into_delta(self) -> Option<Delta> {
        let mut rooms = Vec::with_capacity(self.rooms.len() + self.gone.len());
        for room in self.rooms {
            let sent = RoomSent {
                mark: room.m,
                membership: room.s,
                is_dm: room.dm,
                config: Rc::clone(self.configs.get(room.c)?),
                sent_from: room.from,
                short: room.short,
                members: Rc::default(),
                marks: room.ext,
            };
            let members = room.members.into_owned();
            rooms.push((room.id.into_owned(), Some(RoomDelta { sent, flush: room.flush, members })));
        }
        rooms.extend(self.gone.into_iter().map(|room| (room.into_owned(), None)));
        Some(Delta {
            number: self.n,
            on: self.on,
            position: self.p,
            rooms,
            marks: self.marks,
            live_from: self.live,
            subscriptions: self.subscriptions,
            sticky: self.sticky,
        })
    }
}
