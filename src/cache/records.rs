//! Recently used records, bounded in bytes.
//!
//! Invariant: only [`trim`](RecordCache::trim) takes records out, so what was loaded for a step is there until the step
//! is done.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use crate::{
    limits,
    model::{Record, RecordKey, order::sorted},
};

/// Records in memory. "Known to be absent" is remembered too, so that it is not looked up again.
#[derive(Debug, Default)]
pub struct RecordCache {
    records: FxHashMap<RecordKey, Slot>,
    bytes: usize,
    /// Counts uses.
    clock: Cell<u64>,
}

#[derive(Debug)]
struct Slot {
    record: Option<Record>,
    bytes: usize,
    last_use: Cell<u64>,
}

impl RecordCache {
    /// Returns `None` if the record is not in memory, `Some(None)` if it is known not to exist.
    pub fn get(&self, key: &RecordKey) -> Option<Option<&Record>> {
        let slot = self.records.get(key)?;
        slot.last_use.set(self.tick());
        Some(slot.record.as_ref())
    }

    /// Remembers a record, or that there is none.
    pub fn put(&mut self, key: RecordKey, record: Option<Record>) {
        let bytes = SLOT_BYTES + record.as_ref().map_or(0, Record::size);
        self.bytes += bytes;
        let slot = Slot { record, bytes, last_use: Cell::new(self.tick()) };
        if let Some(before) = self.records.insert(key, slot) {
            self.bytes -= before.bytes;
        }
    }

    /// Drops the records that were not used for longest, if there are more than the limit. Call it between steps.
    pub fn trim(&mut self) {
        if self.bytes <= limits::RECORD_CACHE {
            return;
        }
        let uses = self.records.values().map(|slot| (slot.last_use.get(), slot.bytes)).collect();
        // Down to three quarters, so that the next record does not sort everything again.
        let mut surplus = self.bytes - limits::RECORD_CACHE / 4 * 3;
        let mut oldest_kept = 0;
        for (last_use, bytes) in sorted(uses) {
            oldest_kept = last_use + 1;
            surplus = surplus.saturating_sub(bytes);
            if surplus == 0 {
                break;
            }
        }
        self.records.retain(|_, slot| slot.last_use.get() >= oldest_kept);
        self.bytes = self.records.values().map(|slot| slot.bytes).sum();
    }

    fn tick(&self) -> u64 {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        now
    }
}

/// About what a key and its slot take.
const SLOT_BYTES: usize = 160;

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn key(number: u32) -> RecordKey {
        RecordKey::Connection("D".into(), "v4".into(), String::new(), number)
    }

    #[test]
    fn what_was_used_last_stays() {
        let mut cache = RecordCache::default();
        let megabyte = Record::Connection(Rc::new(vec![0; 1 << 20]));
        let count = u32::try_from(limits::RECORD_CACHE >> 20).expect("a number of megabytes");
        for number in 0..count + 1 {
            cache.put(key(number), Some(megabyte.clone()));
            assert!(cache.get(&key(0)).is_some(), "the first record is used all the time");
            cache.trim();
        }
        assert!(cache.get(&key(0)).is_some(), "it was used last");
        assert!(cache.get(&key(1)).is_none(), "it was not used for longest");
        assert!(cache.get(&key(count)).is_some(), "it is new");
        assert!(cache.bytes <= limits::RECORD_CACHE);
    }
}
