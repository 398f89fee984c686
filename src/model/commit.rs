//! What one commit writes, in decoded form: the accumulator's output, which the driver stores and then applies to the
//! cache.

use ruma::{OwnedDeviceId, OwnedRoomId, OwnedUserId};
use std::rc::Rc;

use serde_json::value::RawValue;

use super::{AccountRecord, DeviceRecord, Position, Record, RecordKey, RoomEntry};

/// One commit of an account: everything that one upstream response, or one step of the driver, changes.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The account's position after it.
    pub position: Position,
    /// The account record after it.
    pub account: AccountRecord,
    /// Index entries that are new or changed. The driver packs them into their pages.
    pub rooms: Vec<RoomEntry>,
    /// Rooms that the account no longer has (forgotten).
    pub forgotten: Vec<OwnedRoomId>,
    /// Records to put (`Some`) or delete (`None`); never of the tables `Account`, `RoomIndex` and `Devices`.
    pub records: Vec<(RecordKey, Option<Record>)>,
    /// Devices that are new or changed.
    pub devices: Vec<DeviceRecord>,
    /// Whether a power loss must not take it back: it holds to-device messages (design.md §3, Storage).
    pub strict: bool,
    /// What is kept in memory only.
    pub ephemeral: Ephemeral,
    /// Which global account-data types it changes.
    pub account_data: Vec<String>,
    /// Devices that got to-device messages, device-list changes or key counts.
    pub device_data: Vec<OwnedDeviceId>,
    /// What was skipped as malformed, for the log: never content, only where and why.
    pub skipped: Vec<String>,
}

/// What lives in memory only: gone with a restart, as it is with the homeserver's own.
#[derive(Clone, Debug, Default)]
pub struct Ephemeral {
    /// Who types now, per room: the whole list each time.
    pub typing: Vec<(OwnedRoomId, Vec<OwnedUserId>)>,
    /// The same from a base: it holds only where nothing newer is known.
    pub base_typing: Vec<(OwnedRoomId, Vec<OwnedUserId>)>,
    /// `m.presence` events, by user.
    pub presence: Vec<(OwnedUserId, Rc<RawValue>)>,
}
