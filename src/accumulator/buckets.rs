//! A room's state or members in the making: buckets that are loaded when touched, and spread over more of them when one
//! grows too large.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use ruma::OwnedRoomId;

use super::{draft::Draft, records::Records};
use crate::{
    limits,
    model::{Event, Record, RecordKey, RoomEntry, StateEntry, StateRecord, bucket_of, order::in_order},
};

/// Which of a room's two sets of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    State,
    Members,
}

pub(super) struct Buckets {
    kind: Kind,
    room: OwnedRoomId,
    count: u16,
    /// How many buckets storage has; those that are not written again are deleted where `cleared`.
    stored: u16,
    /// Nothing that is stored counts any more.
    cleared: bool,
    loaded: BTreeMap<u16, Rc<StateRecord>>,
    dirty: BTreeSet<u16>,
}

impl Buckets {
    /// Returns a room's buckets. `fresh`: nothing is stored of the room.
    pub fn open(kind: Kind, entry: &RoomEntry, fresh: bool) -> Buckets {
        let count = match kind {
            Kind::State => entry.state_buckets,
            Kind::Members => entry.member_buckets,
        };
        Buckets {
            kind,
            room: entry.room_id.clone(),
            count: count.max(1),
            stored: if fresh { 0 } else { count.max(1) },
            cleared: fresh,
            loaded: BTreeMap::new(),
            dirty: BTreeSet::new(),
        }
    }

    /// Returns what stands at a type and state key.
    pub fn get(&mut self, records: &mut Records<'_>, kind: &str, state_key: &str) -> Option<&StateEntry> {
        let bucket = bucket_of(state_key, self.count);
        self.bucket(records, bucket).entry(kind, state_key)
    }

    /// Puts an entry.
    pub fn put(&mut self, records: &mut Records<'_>, kind: &str, state_key: &str, entry: StateEntry) {
        let bucket = bucket_of(state_key, self.count);
        let record = Rc::make_mut(self.bucket(records, bucket));
        record.entries.insert((kind.to_owned(), state_key.to_owned()), entry);
        self.dirty.insert(bucket);
    }

    /// Returns every entry.
    pub fn all(&mut self, records: &mut Records<'_>) -> impl Iterator<Item = (&str, &str, &StateEntry)> {
        self.load_all(records);
        self.loaded
            .values()
            .flat_map(|record| &record.entries)
            .map(|((kind, state_key), entry)| (kind.as_str(), state_key.as_str(), entry))
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.cleared = true;
        self.count = 1;
        self.loaded.clear();
        self.dirty.clear();
    }

    /// Writes what changed; returns over how many buckets the entries are spread.
    pub fn close(mut self, draft: &mut Draft<'_>) -> u16 {
        while self.is_too_large() {
            self.spread(&mut draft.records);
        }
        for bucket in 0..self.stored.max(self.count) {
            let record = self.loaded.get(&bucket).filter(|record| !record.entries.is_empty());
            let key = self.key(bucket);
            if self.dirty.contains(&bucket) && record.is_some() {
                draft.write(key, record.map(|record| Record::State(Rc::clone(record))));
            } else if bucket < self.stored && record.is_none() && (self.cleared || self.dirty.contains(&bucket)) {
                draft.write(key, None);
            }
        }
        self.count
    }

    fn key(&self, bucket: u16) -> RecordKey {
        match self.kind {
            Kind::State => RecordKey::State(self.room.clone(), bucket),
            Kind::Members => RecordKey::Members(self.room.clone(), bucket),
        }
    }

    fn bucket(&mut self, records: &mut Records<'_>, bucket: u16) -> &mut Rc<StateRecord> {
        let key = self.key(bucket);
        let cleared = self.cleared;
        self.loaded.entry(bucket).or_insert_with(|| if cleared { Rc::default() } else { records.state(&key) })
    }

    fn load_all(&mut self, records: &mut Records<'_>) {
        for bucket in 0..self.count {
            self.bucket(records, bucket);
        }
    }

    /// A bucket whose entries share one state key cannot be spread any further.
    fn is_too_large(&self) -> bool {
        self.count < limits::STATE_BUCKETS
            && self.dirty.iter().filter_map(|bucket| self.loaded.get(bucket)).any(|record| {
                let size: usize = record.entries.values().map(entry_size).sum();
                let mut keys = record.entries.keys().map(|(_, state_key)| state_key);
                let first = keys.next();
                size > limits::STATE_BUCKET && keys.any(|key| Some(key) != first)
            })
    }

    fn spread(&mut self, records: &mut Records<'_>) {
        self.load_all(records);
        self.count = (self.count * 4).min(limits::STATE_BUCKETS);
        let mut spread: BTreeMap<u16, StateRecord> = BTreeMap::new();
        for ((kind, state_key), entry) in self.loaded.values().flat_map(|record| &record.entries) {
            let bucket = spread.entry(bucket_of(state_key, self.count)).or_default();
            bucket.entries.insert((kind.clone(), state_key.clone()), entry.clone());
        }
        self.loaded = in_order(spread.into_iter().map(|(bucket, record)| (bucket, Rc::new(record))));
        self.dirty.extend(0..self.count);
        // From here on what is not loaded is empty, not unread.
        self.cleared = true;
    }
}

fn entry_size(entry: &StateEntry) -> usize {
    entry.event.as_ref().map_or(100, Event::size)
}
