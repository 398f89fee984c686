//! The account in memory: the room index and what hangs on it, shared lists, and recently used records.
//!
//! Invariants: memory changes only through [`AccountCache::apply`], after the commit it applies was written; nothing
//! here waits: what is not in memory is said to be missing, and the driver loads it.

mod account_data;
mod index;
mod lists;
mod matching;
mod records;
mod view;

use ruma::{OwnedDeviceId, OwnedRoomId, OwnedUserId, UserId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{collections::BTreeMap, rc::Rc};

use serde_json::value::RawValue;

pub use account_data::{DirectChats, IgnoredUsers};
pub use index::{JoinedRooms, RoomIndex, RoomNumber};
pub use lists::{ListView, Lists};
pub use matching::Filter;
pub use records::RecordCache;

use crate::limits::PRESENCE_USERS;
use crate::model::{
    AccountDataRecord, AccountRecord, Commit, DeviceListsRecord, DeviceRecord, Filters, Position, Record, RecordKey,
    RoomEntry, Typing, order::sorted, raw,
};

/// One account in memory.
#[derive(Debug)]
pub struct AccountCache {
    /// Whose account it is.
    pub user_id: OwnedUserId,
    /// Counters and bootstrap.
    pub account: AccountRecord,
    /// Every room.
    pub rooms: RoomIndex,
    /// Global account data, all of it.
    pub account_data: Rc<AccountDataRecord>,
    /// What `m.direct` says.
    pub direct: DirectChats,
    /// What `m.ignored_user_list` says.
    pub ignored: IgnoredUsers,
    /// The account's devices.
    pub devices: FxHashMap<OwnedDeviceId, DeviceCache>,
    /// Who types, per room, and since when that is so. A room in which nobody types any more keeps its empty entry.
    pub typing: FxHashMap<OwnedRoomId, Typing>,
    /// The last `m.presence` event of each user that the homeserver told about.
    pub presence: FxHashMap<OwnedUserId, (Position, Rc<RawValue>)>,
    /// Recently used records.
    pub records: RecordCache,
    /// The lists that connections ask for.
    pub lists: Lists,
}

/// One device in memory.
#[derive(Clone, Debug)]
pub struct DeviceCache {
    /// Its record.
    pub record: Rc<DeviceRecord>,
    /// Its device-list changes.
    pub lists: Rc<DeviceListsRecord>,
    /// The queued to-device records: sequence number of the first message → number of messages.
    pub to_device: BTreeMap<u64, usize>,
}

/// What a store holds of an account that memory must have from the start.
#[derive(Debug, Default)]
pub struct Stored {
    /// The account record.
    pub account: AccountRecord,
    /// All index entries.
    pub rooms: Vec<RoomEntry>,
    /// Global account data.
    pub account_data: Rc<AccountDataRecord>,
    /// The devices.
    pub devices: Vec<DeviceCache>,
}

/// What a commit changed, for waking connections: only those that can see one of these need to look.
#[derive(Debug, Default)]
pub struct Changes {
    /// The position of the commit.
    pub position: Position,
    /// Rooms whose entry changed, or in which somebody types or stopped.
    pub rooms: Vec<RoomNumber>,
    /// Rooms that were forgotten.
    pub forgotten: Vec<OwnedRoomId>,
    /// Global account-data types that changed.
    pub account_data: Vec<String>,
    /// Devices with new to-device messages, device-list changes or key counts.
    pub devices: Vec<OwnedDeviceId>,
    /// Whether presence changed.
    pub presence: bool,
    /// Whether bootstrap progress or the set of listed rooms changed otherwise.
    pub bootstrap: bool,
}

impl AccountCache {
    /// Returns the account as it was stored.
    pub fn new(user_id: OwnedUserId, stored: Stored) -> AccountCache {
        let direct = DirectChats::from_account_data(&stored.account_data);
        let ignored = IgnoredUsers::from_account_data(&stored.account_data);
        let typing = stored.account.typing.iter().cloned().collect();
        let mut rooms = RoomIndex::default();
        rooms.begin(stored.account.position);
        for entry in stored.rooms {
            rooms.put(entry);
        }
        AccountCache {
            lists: Lists::of(&rooms),
            user_id,
            account: stored.account,
            rooms,
            account_data: stored.account_data,
            direct,
            ignored,
            devices: stored.devices.into_iter().map(|device| (device.record.device_id.clone(), device)).collect(),
            typing,
            presence: FxHashMap::default(),
            records: RecordCache::default(),
        }
    }

    /// Returns the number of commits so far.
    pub fn position(&self) -> Position {
        self.account.position
    }

    /// Returns whether the room is in `m.direct`.
    pub fn is_dm(&self, entry: &RoomEntry) -> bool {
        self.direct.contains(&entry.room_id)
    }

    /// Returns whether the user ignores `user`.
    pub fn is_ignored(&self, user: &UserId) -> bool {
        self.ignored.contains(user)
    }

    /// Returns those of whom it was last heard that they are not offline.
    pub fn online(&self) -> Vec<OwnedUserId> {
        let is_offline = |event: &RawValue| {
            raw::dig(event, &["content", "presence"])
                .and_then(raw::string)
                .is_some_and(|presence| presence == "offline")
        };
        let online = self.presence.iter().filter(|(_, (_, event))| !is_offline(event));
        sorted(online.map(|(user, _)| user.clone()).collect())
    }

    /// Returns the rooms that Element showed last (its breadcrumbs), the latest first.
    pub fn recently_viewed(&self) -> Vec<OwnedRoomId> {
        account_data::breadcrumbs(&self.account_data)
    }

    /// Makes the list of the rooms that match `filters`, unless it is there. It is kept up to date from then on.
    pub fn make_list(&mut self, filters: &Filters) {
        let AccountCache { lists, rooms, direct, ignored, .. } = self;
        lists.make(filters, &matching::Matching { rooms, direct, ignored });
    }

    /// Returns the rooms that match `filters`, latest activity first, together with `extra` ones, each at the place that
    /// its activity gives it. The list has to be made before.
    pub fn list_with(&self, filters: &Filters, extra: &[RoomNumber]) -> ListView<'_> {
        self.lists.view(filters, extra)
    }

    /// Drops the lists that nobody has asked for since the last time, and the records over their limit. Call it between
    /// steps, now and then.
    pub fn drop_unused(&mut self) {
        self.lists.drop_unused();
        self.records.trim();
    }

    /// Returns whether the filters let the room through, whether or not lists hold it for everybody: for rooms that one
    /// connection is still owed.
    pub fn matches_filters(&self, filters: &Filters, entry: &RoomEntry) -> bool {
        self.matching().matches_filters(filters, entry)
    }

    /// Returns which of the filters keep the room out: none exactly if [`matches_filters`](AccountCache::matches_filters).
    pub fn refusing_filters(&self, filters: &Filters, entry: &RoomEntry) -> Vec<Filter> {
        self.matching().refusing(filters, entry)
    }

    /// Returns whether lists hold the room for everybody, as far as the user's membership goes.
    pub fn is_listed(&self, entry: &RoomEntry) -> bool {
        matching::is_listed(entry)
    }

    /// Returns whether the user is not shown the room at all: an invite by somebody whom they ignore.
    pub fn is_hidden(&self, entry: &RoomEntry) -> bool {
        self.ignored.hide(entry)
    }

    fn matching(&self) -> matching::Matching<'_> {
        matching::Matching { rooms: &self.rooms, direct: &self.direct, ignored: &self.ignored }
    }

    /// Takes over what was committed, and tells what changed. Call it after the commit was written, never before.
    pub fn apply(&mut self, commit: &Commit) -> Changes {
        let mut changes =
            Changes { position: commit.position, account_data: commit.account_data.clone(), ..Changes::default() };
        changes.bootstrap = self.account.bootstrap != commit.account.bootstrap;
        self.account = commit.account.clone();
        // Devices come first: the records of a new one find their place.
        for device in &commit.devices {
            self.apply_device(device);
        }
        self.apply_records(commit);
        changes.devices = commit.device_data.clone();
        let mut touched: FxHashSet<RoomNumber> = FxHashSet::default();
        touched.extend(commit.rooms.iter().map(|entry| self.rooms.put(entry.clone())));
        for room in &commit.forgotten {
            if let Some(number) = self.rooms.forget(room, commit.position) {
                self.lists.remove(number);
                touched.remove(&number);
                changes.forgotten.push(room.clone());
            }
        }
        let from_base = commit.ephemeral.base_typing.iter().filter(|(room, _)| !self.typing.contains_key(room));
        let from_base: Vec<_> = from_base.cloned().collect();
        for (room, users) in from_base.iter().chain(&commit.ephemeral.typing) {
            self.typing.insert(room.clone(), Typing { users: users.clone(), position: commit.position });
            touched.extend(self.rooms.number(room));
        }
        for (user, event) in &commit.ephemeral.presence {
            self.presence.insert(user.clone(), (commit.position, Rc::clone(event)));
            changes.presence = true;
        }
        self.forget_presence();
        touched.extend(self.apply_account_data(commit));
        for number in &touched {
            self.rooms.touch(*number, commit.position);
        }
        let matching = matching::Matching { rooms: &self.rooms, direct: &self.direct, ignored: &self.ignored };
        self.lists.update(touched.iter().copied(), &matching);
        changes.rooms = touched.into_iter().collect();
        changes
    }

    /// Drops the oldest presence beyond what is kept.
    fn forget_presence(&mut self) {
        let surplus = self.presence.len().saturating_sub(PRESENCE_USERS);
        if surplus > 0 {
            let by_age = self.presence.iter().map(|(user, (position, _))| (*position, user.clone())).collect();
            for (_, user) in sorted::<(Position, OwnedUserId)>(by_age).into_iter().take(surplus) {
                self.presence.remove(&user);
            }
        }
    }

    fn apply_records(&mut self, commit: &Commit) {
        for (key, record) in &commit.records {
            match (key, record) {
                (RecordKey::AccountData, Some(Record::AccountData(record))) => self.account_data = Rc::clone(record),
                (RecordKey::DeviceLists(device), Some(Record::DeviceLists(lists))) => {
                    if let Some(device) = self.devices.get_mut(device) {
                        device.lists = Rc::clone(lists);
                    }
                }
                (RecordKey::ToDevice(device, first), record) => {
                    if let Some(device) = self.devices.get_mut(device) {
                        match record {
                            Some(Record::ToDevice(record)) => device.to_device.insert(*first, record.messages.len()),
                            _ => device.to_device.remove(first),
                        };
                    }
                    self.records.put(key.clone(), record.clone());
                }
                _ => self.records.put(key.clone(), record.clone()),
            }
        }
    }

    fn apply_device(&mut self, record: &DeviceRecord) {
        let record = Rc::new(record.clone());
        match self.devices.get_mut(&record.device_id) {
            Some(device) => device.record = record,
            None => {
                let device =
                    DeviceCache { record: Rc::clone(&record), lists: Rc::default(), to_device: BTreeMap::new() };
                self.devices.insert(record.device_id.clone(), device);
            }
        }
    }

    /// Returns the rooms that a change of `m.direct` moves between lists, and the invites that a change of
    /// `m.ignored_user_list` shows or hides.
    fn apply_account_data(&mut self, commit: &Commit) -> Vec<RoomNumber> {
        let changed = |name: &str| commit.account_data.iter().any(|kind| kind == name);
        let mut moved = Vec::new();
        if changed("m.ignored_user_list") {
            let before = std::mem::replace(&mut self.ignored, IgnoredUsers::from_account_data(&self.account_data));
            let differs = |entry: &RoomEntry| before.hide(entry) != self.ignored.hide(entry);
            moved.extend(self.rooms.iter().filter(|(_, entry)| differs(entry)).map(|(number, _)| number));
        }
        if changed("m.direct") {
            let before = std::mem::replace(&mut self.direct, DirectChats::from_account_data(&self.account_data));
            moved.extend(before.difference(&self.direct).filter_map(|room| self.rooms.number(room)));
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_presence_is_in_memory() {
        let user = |number: usize| OwnedUserId::try_from(format!("@{number}:x")).expect("a user id");
        let mut cache = AccountCache::new(user(0), Stored::default());
        let event: Rc<RawValue> = Rc::from(RawValue::from_string("{}".to_owned()).expect("JSON"));
        for (position, range) in [(1, 0..2), (2, 2..PRESENCE_USERS), (3, PRESENCE_USERS..PRESENCE_USERS + 1)] {
            let mut commit = Commit { position: Position(position), ..Commit::default() };
            commit.ephemeral.presence = range.map(|number| (user(number), Rc::clone(&event))).collect();
            cache.apply(&commit);
        }
        assert_eq!(cache.presence.len(), PRESENCE_USERS);
        assert!(cache.presence.contains_key(&user(PRESENCE_USERS)) && cache.presence.contains_key(&user(2)));
    }
}
