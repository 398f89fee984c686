//! Where each record of an account is stored: typed keys, and their ordered form.
//!
//! Invariant: the encoded form of two keys of one table sorts as their parts do, and no part, whatever characters it
//! holds, can make one key look like another.

use ruma::{OwnedDeviceId, OwnedRoomId};

/// The tables of an account. The name is the object store's in IndexedDB and part of the primary key in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One record: the account's counters and bootstrap progress.
    Account,
    /// What every room needs to be listed, sorted and filtered, packed in pages.
    RoomIndex,
    /// Non-member state of a room.
    State,
    /// Known members of a room, in buckets by user id.
    Members,
    /// Stripped state of a room that the user is invited to or knocks at.
    Stripped,
    /// The timeline's tail, in chunks by ordinal.
    Timeline,
    /// Receipts of a room.
    Receipts,
    /// Account data of a room.
    RoomAccountData,
    /// Global account data, one record.
    AccountData,
    /// One record per device: `since`, key counts.
    Devices,
    /// To-device messages that the client has not acknowledged, one record per response that brought some.
    ToDevice,
    /// One record per device: whose device lists changed, and when.
    DeviceLists,
    /// What connections confirmed, and what their last answer adds.
    Connections,
}

impl Table {
    /// Every table, in the order of their numbers.
    pub const ALL: [Table; 13] = [
        Table::Account,
        Table::RoomIndex,
        Table::State,
        Table::Members,
        Table::Stripped,
        Table::Timeline,
        Table::Receipts,
        Table::RoomAccountData,
        Table::AccountData,
        Table::Devices,
        Table::ToDevice,
        Table::DeviceLists,
        Table::Connections,
    ];

    /// Returns the table's stored name. Never change one: it is part of every database.
    pub fn name(self) -> &'static str {
        match self {
            Table::Account => "account",
            Table::RoomIndex => "room_index",
            Table::State => "state",
            Table::Members => "members",
            Table::Stripped => "stripped",
            Table::Timeline => "timeline",
            Table::Receipts => "receipts",
            Table::RoomAccountData => "room_account_data",
            Table::AccountData => "account_data",
            Table::Devices => "devices",
            Table::ToDevice => "to_device",
            Table::DeviceLists => "device_lists",
            Table::Connections => "connections",
        }
    }
}

/// A record's place within its account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// [`AccountRecord`](super::AccountRecord).
    Account,
    /// [`RoomPage`](super::RoomPage): page 0 to 63.
    RoomIndex(u8),
    /// [`StateRecord`](super::StateRecord) of non-member state.
    State(OwnedRoomId, u16),
    /// [`StateRecord`](super::StateRecord) of members.
    Members(OwnedRoomId, u16),
    /// [`StrippedRecord`](super::StrippedRecord).
    Stripped(OwnedRoomId),
    /// [`TimelineChunk`](super::TimelineChunk), numbered by ordinal divided by the chunk's size.
    Timeline(OwnedRoomId, i64),
    /// [`ReceiptsRecord`](super::ReceiptsRecord).
    Receipts(OwnedRoomId),
    /// [`AccountDataRecord`](super::AccountDataRecord) of a room.
    RoomAccountData(OwnedRoomId),
    /// [`AccountDataRecord`](super::AccountDataRecord), global.
    AccountData,
    /// [`DeviceRecord`](super::DeviceRecord).
    Device(OwnedDeviceId),
    /// [`ToDeviceRecord`](super::ToDeviceRecord), by the sequence number of its first message.
    ToDevice(OwnedDeviceId, u64),
    /// [`DeviceListsRecord`](super::DeviceListsRecord).
    DeviceLists(OwnedDeviceId),
    /// A connection: device, wire, `conn_id`, and part (0 what was confirmed, above it deltas).
    Connection(OwnedDeviceId, String, String, u32),
}

impl RecordKey {
    /// Returns the table that holds the record.
    pub fn table(&self) -> Table {
        match self {
            RecordKey::Account => Table::Account,
            RecordKey::RoomIndex(_) => Table::RoomIndex,
            RecordKey::State(..) => Table::State,
            RecordKey::Members(..) => Table::Members,
            RecordKey::Stripped(_) => Table::Stripped,
            RecordKey::Timeline(..) => Table::Timeline,
            RecordKey::Receipts(_) => Table::Receipts,
            RecordKey::RoomAccountData(_) => Table::RoomAccountData,
            RecordKey::AccountData => Table::AccountData,
            RecordKey::Device(_) => Table::Devices,
            RecordKey::ToDevice(..) => Table::ToDevice,
            RecordKey::DeviceLists(_) => Table::DeviceLists,
            RecordKey::Connection(..) => Table::Connections,
        }
    }

    /// Returns the key's ordered form within its table.
    pub fn encode(&self) -> String {
        match self {
            RecordKey::Account | RecordKey::AccountData => String::new(),
            RecordKey::RoomIndex(page) => format!("{page:02x}"),
            RecordKey::State(room, bucket) | RecordKey::Members(room, bucket) => {
                join(&[room.as_str(), &format!("{bucket:04x}")])
            }
            RecordKey::Timeline(room, chunk) => join(&[room.as_str(), &ordered(*chunk)]),
            RecordKey::Stripped(room) | RecordKey::Receipts(room) | RecordKey::RoomAccountData(room) => {
                join(&[room.as_str()])
            }
            RecordKey::Device(device) | RecordKey::DeviceLists(device) => join(&[device.as_str()]),
            RecordKey::ToDevice(device, sequence) => join(&[device.as_str(), &format!("{sequence:016x}")]),
            RecordKey::Connection(device, wire, conn_id, part) => {
                join(&[device.as_str(), wire, conn_id, &format!("{part:08x}")])
            }
        }
    }
}

/// Returns the half-open range of encoded keys whose first parts are `parts`.
pub fn prefix_range(parts: &[&str]) -> (String, String) {
    let mut start = join(parts);
    let mut end = start.clone();
    start.push(SEPARATOR);
    end.push(ESCAPE);
    (start, end)
}

const SEPARATOR: char = '\u{0}';
const ESCAPE: char = '\u{1}';

/// Joins parts so that shorter ones sort first and none can imitate the separator.
fn join(parts: &[&str]) -> String {
    let mut key = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            key.push(SEPARATOR);
        }
        for character in part.chars() {
            match character {
                SEPARATOR => key.push_str("\u{1}\u{2}"),
                ESCAPE => key.push_str("\u{1}\u{3}"),
                other => key.push(other),
            }
        }
    }
    key
}

/// Hexadecimal digits that sort as the signed number does.
fn ordered(number: i64) -> String {
    format!("{:016x}", (number as u64) ^ (1 << 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_chunks_sort_before_positive_ones() {
        assert!(ordered(-2) < ordered(-1) && ordered(-1) < ordered(0) && ordered(0) < ordered(1));
    }

    #[test]
    fn a_part_cannot_imitate_the_separator() {
        assert_ne!(join(&["a\u{0}b"]), join(&["a", "b"]));
    }

    #[test]
    fn a_prefix_covers_its_own_keys_only() {
        let (start, end) = prefix_range(&["DEV"]);
        let inside = RecordKey::ToDevice("DEV".into(), 7).encode();
        let longer = RecordKey::ToDevice("DEVICE".into(), 7).encode();
        assert!(start <= inside && inside < end);
        assert!(!(start <= longer && longer < end));
    }
}
