//! Records for computing an answer: what is in memory is read, what is not is noted down for loading.
//!
//! Invariant: every reading function returns `None` exactly when it noted something missing, so that a computation can
//! stop with `?` and be done again.

use ruma::{DeviceId, RoomId, UserId};
use rustc_hash::FxHashSet;

use crate::cache::RecordCache;
use crate::model::{
    AccountDataRecord, ReceiptsRecord, Record, RecordKey, RoomEntry, StateEntry, StateRecord, StrippedRecord,
    TimelineChunk, ToDeviceRecord, bucket_of,
    order::{sorted, sorted_set},
};

/// Reads records and remembers which were missing.
pub struct Reader<'a> {
    records: &'a RecordCache,
    missing: FxHashSet<RecordKey>,
}

/// Entries of a room's state, found bucket by bucket.
pub struct StateView<'a>(Vec<&'a StateRecord>);

impl<'a> Reader<'a> {
    /// Returns a reader to which nothing is missing yet.
    pub fn new(records: &'a RecordCache) -> Reader<'a> {
        Reader { records, missing: FxHashSet::default() }
    }

    /// Returns how many records are missing so far.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Returns what has to be loaded, in a fixed order.
    pub fn into_missing(self) -> Vec<RecordKey> {
        sorted(self.missing.into_iter().collect())
    }

    /// Returns the room's state but for its members.
    pub fn state(&mut self, entry: &RoomEntry) -> Option<StateView<'a>> {
        self.buckets((0..entry.state_buckets.max(1)).map(|bucket| RecordKey::State(entry.room_id.clone(), bucket)))
    }

    /// Returns all known members.
    pub fn members(&mut self, entry: &RoomEntry) -> Option<StateView<'a>> {
        self.buckets((0..entry.member_buckets.max(1)).map(|bucket| RecordKey::Members(entry.room_id.clone(), bucket)))
    }

    /// Returns the buckets that hold these members.
    pub fn members_of<'b>(&mut self, entry: &RoomEntry, users: impl Iterator<Item = &'b str>) -> Option<StateView<'a>> {
        let buckets = sorted_set(users.map(|user| bucket_of(user, entry.member_buckets)).collect());
        self.buckets(buckets.into_iter().map(|bucket| RecordKey::Members(entry.room_id.clone(), bucket)))
    }

    /// Returns a chunk of the room's timeline.
    pub fn timeline(&mut self, room: &RoomId, chunk: i64) -> Option<Option<&'a TimelineChunk>> {
        self.read(RecordKey::Timeline(room.to_owned(), chunk)).map(|record| match record {
            Some(Record::Timeline(chunk)) => Some(chunk.as_ref()),
            _ => None,
        })
    }

    /// Returns the stripped state of a room.
    pub fn stripped(&mut self, room: &RoomId) -> Option<Option<&'a StrippedRecord>> {
        self.read(RecordKey::Stripped(room.to_owned())).map(|record| match record {
            Some(Record::Stripped(stripped)) => Some(stripped.as_ref()),
            _ => None,
        })
    }

    /// Returns the receipts of a room.
    pub fn receipts(&mut self, room: &RoomId) -> Option<Option<&'a ReceiptsRecord>> {
        self.read(RecordKey::Receipts(room.to_owned())).map(|record| match record {
            Some(Record::Receipts(receipts)) => Some(receipts.as_ref()),
            _ => None,
        })
    }

    /// Returns the account data of a room.
    pub fn account_data(&mut self, room: &RoomId) -> Option<Option<&'a AccountDataRecord>> {
        self.read(RecordKey::RoomAccountData(room.to_owned())).map(|record| match record {
            Some(Record::AccountData(account_data)) => Some(account_data.as_ref()),
            _ => None,
        })
    }

    /// Returns some queued to-device messages.
    pub fn queued_messages(&mut self, device: &DeviceId, first: u64) -> Option<Option<&'a ToDeviceRecord>> {
        self.read(RecordKey::ToDevice(device.to_owned(), first)).map(|record| match record {
            Some(Record::ToDevice(messages)) => Some(messages.as_ref()),
            _ => None,
        })
    }

    /// Returns a part of a stored connection.
    pub fn connection(&mut self, key: RecordKey) -> Option<Option<&'a Record>> {
        self.read(key)
    }

    fn buckets(&mut self, keys: impl Iterator<Item = RecordKey>) -> Option<StateView<'a>> {
        let mut records = Vec::new();
        let mut complete = true;
        for key in keys {
            match self.read(key) {
                Some(Some(Record::State(record))) => records.push(record.as_ref()),
                Some(_) => {}
                None => complete = false,
            }
        }
        complete.then_some(StateView(records))
    }

    fn read(&mut self, key: RecordKey) -> Option<Option<&'a Record>> {
        let found = self.records.get(&key);
        if found.is_none() {
            self.missing.insert(key);
        }
        found
    }
}

impl<'a> StateView<'a> {
    /// Returns the entry, also of removed state.
    pub fn entry(&self, event_type: &str, state_key: &str) -> Option<&'a StateEntry> {
        self.0.iter().find_map(|record| record.entry(event_type, state_key))
    }

    /// Returns a member's entry.
    pub fn member(&self, user: &UserId) -> Option<&'a StateEntry> {
        self.entry("m.room.member", user.as_str())
    }

    /// Returns all entries: type, state key, entry.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a StateEntry)> + use<'a, '_> {
        self.0
            .iter()
            .flat_map(|record| &record.entries)
            .map(|((event_type, state_key), entry)| (event_type.as_str(), state_key.as_str(), entry))
    }
}
