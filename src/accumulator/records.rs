//! What is held, as a step sees it, and what it has to see first.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::model::{
    AccountDataRecord, AccountView, ReceiptsRecord, Record, RecordKey, StateRecord, StrippedRecord, TimelineChunk,
    ToDeviceRecord, order::sorted,
};

/// Reads records, and remembers which are not in memory. A missing one reads as an empty one: the step goes on, so
/// that it finds all that is missing at once, and its result is thrown away.
pub(super) struct Records<'v> {
    view: &'v dyn AccountView,
    missing: FxHashSet<RecordKey>,
}

macro_rules! reader {
    ($name:ident, $variant:ident, $record:ty) => {
        pub fn $name(&mut self, key: &RecordKey) -> Rc<$record> {
            match self.read(key) {
                Some(Record::$variant(record)) => Rc::clone(record),
                _ => Rc::default(),
            }
        }
    };
}

impl<'v> Records<'v> {
    pub fn new(view: &'v dyn AccountView) -> Records<'v> {
        Records { view, missing: FxHashSet::default() }
    }

    reader!(state, State, StateRecord);
    reader!(timeline, Timeline, TimelineChunk);
    reader!(receipts, Receipts, ReceiptsRecord);
    reader!(account_data, AccountData, AccountDataRecord);
    reader!(stripped, Stripped, StrippedRecord);
    reader!(queued, ToDevice, ToDeviceRecord);

    fn read(&mut self, key: &RecordKey) -> Option<&'v Record> {
        let record = self.view.record(key);
        if record.is_none() {
            self.missing.insert(key.clone());
        }
        record.flatten()
    }

    /// Returns what has to be loaded before the step can be done, in a fixed order.
    pub fn into_missing(self) -> Vec<RecordKey> {
        sorted(self.missing.into_iter().collect())
    }
}
