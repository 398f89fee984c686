//! How the accumulator sees what is held, without knowing the cache.

use std::collections::BTreeMap;

use ruma::{DeviceId, RoomId, UserId};

use super::{AccountDataRecord, AccountRecord, DeviceListsRecord, DeviceRecord, Record, RecordKey, RoomEntry};

/// Read access to one account as it stands before a commit.
pub trait AccountView {
    /// Returns whose account it is.
    fn user_id(&self) -> &UserId;
    /// Returns the account record.
    fn account(&self) -> &AccountRecord;
    /// Returns a room's index entry.
    fn entry(&self, room: &RoomId) -> Option<&RoomEntry>;
    /// Returns `None` if the record has to be loaded first, `Some(None)` if there is none.
    fn record(&self, key: &RecordKey) -> Option<Option<&Record>>;
    /// Returns global account data.
    fn account_data(&self) -> &AccountDataRecord;
    /// Returns a device.
    fn device(&self, device: &DeviceId) -> Option<&DeviceRecord>;
    /// Returns the device-list changes of a device.
    fn device_lists(&self, device: &DeviceId) -> Option<&DeviceListsRecord>;
    /// Returns a device's queued to-device records: sequence number of the first message → number of messages.
    fn to_device_queue(&self, device: &DeviceId) -> Option<&BTreeMap<u64, usize>>;
}

/// What a pure step gives: its result, or the records that it has to see first. Load them and call again.
#[derive(Debug)]
pub enum Step<T> {
    /// The result.
    Done(T),
    /// Records that are not in memory.
    Need(Vec<RecordKey>),
}
