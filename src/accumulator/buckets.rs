//! A room's state or members in the making: buckets that are loaded when touched, and spread over more of them when one
//! grows too large.

use std::rc::Rc;

use ruma::OwnedRoomId;

use super::{draft::Draft, records::Records};
use crate::{
    limits,
    model::{Event, Record, RecordKey, RoomEntry, StateEntry, StateRecord, bucket_of},
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
    /// By bucket.
    loaded: Vec<Bucket>,
}

#[derive(Clone, Default)]
struct Bucket {
    /// `None` while it is not loaded.
    record: Option<Rc<StateRecord>>,
    dirty: bool,
}

impl Buckets {
    /// Returns a room's buckets. `fresh`: nothing is stored of the room.
    pub fn open(kind: Kind, entry: &RoomEntry, fresh: bool) -> Buckets {
        let count = match kind {
            Kind::State => entry.state_buckets,
            Kind::Members => entry.member_buckets,
        };
        let count = count.max(1);
        Buckets {
            kind,
            room: entry.room_id.clone(),
            count,
            stored: if fresh { 0 } else { count },
            cleared: fresh,
            loaded: vec![Bucket::default(); usize::from(count)],
        }
    }

    /// Returns what stands at a type and state key.
    pub fn get(&mut self, records: &mut Records<'_>, kind: &str, state_key: &str) -> Option<&StateEntry> {
        let bucket = bucket_of(state_key, self.count);
        self.record(records, bucket).entry(kind, state_key)
    }

    /// Puts an entry.
    pub fn put(&mut self, records: &mut Records<'_>, kind: &str, state_key: &str, entry: StateEntry) {
        let bucket = bucket_of(state_key, self.count);
        let record = Rc::make_mut(self.record(records, bucket));
        record.entries.insert((kind.to_owned(), state_key.to_owned()), entry);
        self.bucket(bucket).dirty = true;
    }

    /// Returns every entry.
    pub fn all(&mut self, records: &mut Records<'_>) -> impl Iterator<Item = (&str, &str, &StateEntry)> {
        self.load_all(records);
        self.entries().map(|((kind, state_key), entry)| (kind.as_str(), state_key.as_str(), entry))
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.cleared = true;
        self.count = 1;
        self.loaded = vec![Bucket::default()];
    }

    /// Writes what changed; returns over how many buckets the entries are spread.
    pub fn close(mut self, draft: &mut Draft<'_>) -> u16 {
        while self.is_too_large() {
            self.spread(&mut draft.records);
        }
        for number in 0..self.stored.max(self.count) {
            let Bucket { record, dirty } = std::mem::take(self.bucket(number));
            let record = record.filter(|record| !record.entries.is_empty());
            if dirty && record.is_some() {
                draft.write(self.key(number), record.map(Record::State));
            } else if number < self.stored && record.is_none() && (self.cleared || dirty) {
                draft.write(self.key(number), None);
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

    fn bucket(&mut self, number: u16) -> &mut Bucket {
        let index = usize::from(number);
        if self.loaded.len() <= index {
            self.loaded.resize(index + 1, Bucket::default());
        }
        // There now.
        &mut self.loaded[index]
    }

    fn record(&mut self, records: &mut Records<'_>, number: u16) -> &mut Rc<StateRecord> {
        let key = self.key(number);
        let cleared = self.cleared;
        let record = &mut self.bucket(number).record;
        record.get_or_insert_with(|| if cleared { Rc::default() } else { records.state(&key) })
    }

    fn load_all(&mut self, records: &mut Records<'_>) {
        for number in 0..self.count {
            self.record(records, number);
        }
    }

    fn entries(&self) -> impl Iterator<Item = (&(String, String), &StateEntry)> {
        self.loaded.iter().filter_map(|bucket| bucket.record.as_ref()).flat_map(|record| &record.entries)
    }

    /// A bucket whose entries share one state key cannot be spread any further.
    fn is_too_large(&self) -> bool {
        self.count < limits::STATE_BUCKETS
            && self.loaded.iter().filter(|bucket| bucket.dirty).filter_map(|bucket| bucket.record.as_ref()).any(
                |record| {
                    let size: usize = record.entries.values().map(entry_size).sum();
                    let mut keys = record.entries.keys().map(|(_, state_key)| state_key);
                    let first = keys.next();
                    size > limits::STATE_BUCKET && keys.any(|key| Some(key) != first)
                },
            )
    }

    fn spread(&mut self, records: &mut Records<'_>) {
        self.load_all(records);
        self.count = (self.count * 4).min(limits::STATE_BUCKETS);
        let mut spread = vec![StateRecord::default(); usize::from(self.count)];
        for (key, entry) in self.entries() {
            let bucket = bucket_of(&key.1, self.count);
            // A bucket is below the count.
            spread[usize::from(bucket)].entries.insert(key.clone(), entry.clone());
        }
        self.loaded = spread.into_iter().map(|record| Bucket { record: Some(Rc::new(record)), dirty: true }).collect();
        // From here on what is not loaded is empty, not unread.
        self.cleared = true;
    }
}

fn entry_size(entry: &StateEntry) -> usize {
    entry.event.as_ref().map_or(100, Event::size)
}
