//! What is held, as a step sees it, and what it has to see first.

use std::{collections::BTreeSet, rc::Rc};

use crate::model::{
    AccountDataRecord, AccountView, ReceiptsRecord, Record, RecordKey, StateRecord, StrippedRecord, TimelineChunk,
    ToDeviceRecord,
};

/// Reads records, and remembers which are not in memory. A missing one reads as an empty one: the step goes on, so
/// that it finds all that is missing at once, and its result is thrown away.
pub(super) struct Records<'v> {
    view: &'v dyn AccountView,
    missing: BTreeSet<RecordKey>,
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
        Records { view, missing: BTreeSet::new() }
    }

    reader!(state, State, StateRecord);
    reader!(timeline, Timeline, TimelineChunk);
    reader!(receipts, Receipts, ReceiptsRecord);
    reader!(account_data, AccountData, AccountDataRecord);
    reader!(stripped, Stripped, StrippedRecord);
    reader!(to_device, ToDevice, ToDeviceRecord);

    fn read(&mut self, key: &RecordKey) -> Option<&'v Record> {
        let record = self.view.record(key);
        if record.is_none() {
            self.missing.insert(key.clone());
        }
        record.flatten()
    }

    /// Returns what has to be loaded before the step can be done.
    pub fn into_missing(self) -> Vec<RecordKey> {
        self.missing.into_iter().collect()
    }
}
