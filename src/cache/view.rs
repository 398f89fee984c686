//! The cache as the accumulator sees it.

use std::collections::BTreeMap;

use ruma::{DeviceId, RoomId, UserId};

use super::AccountCache;
use crate::model::{
    AccountDataRecord, AccountRecord, AccountView, DeviceListsRecord, DeviceRecord, Record, RecordKey, RoomEntry,
};

impl AccountView for AccountCache {
    fn user_id(&self) -> &UserId {
        &self.user_id
    }

    fn account(&self) -> &AccountRecord {
        &self.account
    }

    fn entry(&self, room: &RoomId) -> Option<&RoomEntry> {
        self.rooms.entry(room)
    }

    fn record(&self, key: &RecordKey) -> Option<Option<&Record>> {
        self.records.get(key)
    }

    fn account_data(&self) -> &AccountDataRecord {
        &self.account_data
    }

    fn device(&self, device: &DeviceId) -> Option<&DeviceRecord> {
        self.devices.get(device).map(|device| device.record.as_ref())
    }

    fn device_lists(&self, device: &DeviceId) -> Option<&DeviceListsRecord> {
        self.devices.get(device).map(|device| device.lists.as_ref())
    }

    fn to_device_queue(&self, device: &DeviceId) -> Option<&BTreeMap<u64, usize>> {
        self.devices.get(device).map(|device| &device.to_device)
    }
}
