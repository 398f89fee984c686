//! What belongs to one device: its place in the homeserver's stream, and the end-to-end encryption data that cannot
//! be fetched twice.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{DeviceId, OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Position, RecordKey};

/// One device that is polled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Which.
    pub device_id: OwnedDeviceId,
    /// The `since` of its next poll; `None` before the first answer.
    pub since: Option<String>,
    /// The first `since` of its chain, which bases are laid under (`S0` of the bootstrap).
    pub first_since: Option<String>,
    /// The commit that brought `first_since`: what changed later, the chain of `since` brought, and it is newer than any
    /// base.
    #[serde(default)]
    pub first_position: Position,
    /// Makes to-device tokens of this database unlike those of any other: the high bits of every token.
    pub to_device_epoch: u32,
    /// The sequence number of the next to-device message to come in, counted from 1.
    pub to_device_next: u64,
    /// Messages up to this sequence number are acknowledged and gone.
    pub to_device_acknowledged: u64,
    /// `device_one_time_keys_count`: the newest counts known.
    pub one_time_keys: BTreeMap<String, u64>,
    /// `device_unused_fallback_key_types`; `None` where the homeserver never said.
    pub unused_fallback_key_types: Option<Vec<String>>,
    /// When either of the two last changed.
    pub keys_position: Position,
}

impl DeviceRecord {
    /// Returns a device that has not been polled yet.
    pub fn new(device_id: OwnedDeviceId, to_device_epoch: u32) -> DeviceRecord {
        DeviceRecord {
            device_id,
            since: None,
            first_since: None,
            first_position: Position(0),
            to_device_epoch,
            to_device_next: 1,
            to_device_acknowledged: 0,
            one_time_keys: BTreeMap::new(),
            unused_fallback_key_types: None,
            keys_position: Position(0),
        }
    }
}

/// The to-device messages that one response brought.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ToDeviceRecord {
    /// The sequence number of the first message; the others follow without holes.
    pub first: u64,
    /// The commit that brought them.
    pub position: Position,
    /// The messages as they came, in their order.
    pub messages: Vec<Rc<RawValue>>,
}

/// Whose device lists changed, as one device was told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeviceListsRecord {
    /// The last change of each user.
    pub users: BTreeMap<OwnedUserId, DeviceListChange>,
}

/// The last change of one user's device list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceListChange {
    /// When.
    pub position: Position,
    /// `true`: the user shares no encrypted room with us any more (`left`); `false`: the list changed (`changed`).
    pub left: bool,
}

impl ToDeviceRecord {
    /// Returns whether this is what is stored for `device` under the encoded key `key`.
    pub fn is_stored_at(&self, device: &DeviceId, key: &str) -> bool {
        RecordKey::ToDevice(device.to_owned(), self.first).encode() == key
    }
}
