//! A commit in the making.
//!
//! Invariants: everything that changes carries the commit's position; a step that changes nothing keeps the account's.

use std::collections::BTreeMap;

use ruma::{DeviceId, OwnedDeviceId, OwnedRoomId, OwnedUserId, RoomId, UserId};

use super::{activity::News, records::Records};
use crate::{
    limits,
    model::{
        AccountRecord, AccountView, Commit, DeviceRecord, Ephemeral, Position, Record, RecordKey, RoomEntry, Step,
        Timestamp, Typing, order::sorted,
    },
};

/// What a step has gathered so far.
pub(super) struct Draft<'v> {
    pub view: &'v dyn AccountView,
    pub records: Records<'v>,
    /// The time of the step.
    pub now: Timestamp,
    /// The position of the commit.
    pub position: Position,
    /// What changed at or after this position, the chain of `since` brought: it is newer than any base.
    pub chain_start: Position,
    pub account: AccountRecord,
    /// Whose messages the user does not want to see: they move no room.
    pub ignored: Vec<OwnedUserId>,
    pub ephemeral: Ephemeral,
    pub strict: bool,
    pub devices: Vec<DeviceRecord>,
    pub device_data: Vec<OwnedDeviceId>,
    pub account_data: Vec<String>,
    pub skipped: Vec<String>,
    rooms: Vec<(RoomEntry, Option<News>)>,
    forgotten: Vec<OwnedRoomId>,
    writes: BTreeMap<RecordKey, Option<Record>>,
}

impl<'v> Draft<'v> {
    pub fn new(view: &'v dyn AccountView, now: Timestamp) -> Draft<'v> {
        let account = view.account().clone();
        let author = account.author.as_deref().and_then(|author| view.device(author));
        Draft {
            records: Records::new(view),
            now,
            position: account.position.next(),
            chain_start: author.map_or(Position(0), |author| author.first_position),
            account,
            ignored: view.account_data().ignored_users().collect(),
            ephemeral: Ephemeral::default(),
            strict: false,
            devices: Vec::new(),
            device_data: Vec::new(),
            account_data: Vec::new(),
            skipped: Vec::new(),
            rooms: Vec::new(),
            forgotten: Vec::new(),
            writes: BTreeMap::new(),
            view,
        }
    }

    pub fn user_id(&self) -> &'v UserId {
        self.view.user_id()
    }

    /// Returns whether what changed at `position` came by the chain of `since`, so that no base may replace it.
    pub fn is_of_chain(&self, position: Position) -> bool {
        self.chain()(position)
    }

    /// The same, for where the draft is borrowed otherwise.
    pub fn chain(&self) -> impl Fn(Position) -> bool + Copy + use<> {
        let start = self.chain_start;
        move |position| start > Position(0) && position >= start
    }

    /// Puts (`Some`) or deletes (`None`) a record.
    pub fn write(&mut self, key: RecordKey, record: Option<Record>) {
        self.writes.insert(key, record);
    }

    /// Puts an index entry. `news` asks for an activity stamp.
    pub fn put_room(&mut self, entry: RoomEntry, news: Option<News>) {
        self.rooms.push((entry, news));
    }

    /// Takes back the entry that an earlier section of the response has put, to go on from it.
    pub fn take_room(&mut self, room: &RoomId) -> Option<(RoomEntry, Option<News>)> {
        let index = self.rooms.iter().position(|(entry, _)| entry.room_id == room)?;
        Some(self.rooms.swap_remove(index))
    }

    /// Takes a room out of the index.
    pub fn forget_room(&mut self, room: OwnedRoomId) {
        self.forgotten.push(room);
    }

    /// Notes that a device has news of its own.
    pub fn device_changed(&mut self, device: &DeviceId) {
        if !self.device_data.iter().any(|known| known == device) {
            self.device_data.push(device.to_owned());
        }
    }

    /// Notes what was passed over: where and why, never content.
    pub fn skip(&mut self, note: impl FnOnce() -> String) {
        if self.skipped.len() < limits::SKIPPED_NOTES {
            self.skipped.push(note());
        }
    }

    /// Returns the commit, or what has to be loaded first.
    pub fn finish(mut self) -> Step<Commit> {
        let changed = self.has_changes();
        self.stamp();
        let missing = self.records.into_missing();
        if !missing.is_empty() {
            return Step::Need(missing);
        }
        if changed {
            self.account.position = self.position;
        }
        note_typing(&mut self.account, &self.ephemeral, self.position);
        Step::Done(Commit {
            position: self.account.position,
            account: self.account,
            rooms: self.rooms.into_iter().map(|(entry, _)| entry).collect(),
            forgotten: self.forgotten,
            records: self.writes.into_iter().collect(),
            devices: self.devices,
            strict: self.strict,
            ephemeral: self.ephemeral,
            account_data: self.account_data,
            device_data: self.device_data,
            skipped: self.skipped,
        })
    }

    /// A new `since` alone is no change: nobody has anything to be told.
    fn has_changes(&self) -> bool {
        !(self.rooms.is_empty()
            && self.forgotten.is_empty()
            && self.writes.is_empty()
            && self.device_data.is_empty()
            && self.ephemeral.typing.is_empty()
            && self.ephemeral.base_typing.is_empty()
            && self.ephemeral.presence.is_empty())
    }

    /// Hands out activity stamps: within one response in the order in which its rooms' newest events were sent, and their
    /// newest of a bump type.
    fn stamp(&mut self) {
        let mut due = Vec::new();
        for (index, (_, news)) in self.rooms.iter().enumerate() {
            let Some(News { sent, bumped }) = *news else { continue };
            let is_one = bumped == Some(sent);
            due.push((sent.min(self.now), index, Stamped { activity: true, bump: is_one }));
            if let Some(bumped) = bumped.filter(|_| !is_one) {
                due.push((bumped.min(self.now), index, Stamped { activity: false, bump: true }));
            }
        }
        for (_, index, stamped) in sorted(due) {
            let stamp = Timestamp(self.account.last_stamp.0.saturating_add(1)).max(self.now);
            self.account.last_stamp = stamp;
            if let Some((entry, _)) = self.rooms.get_mut(index) {
                if stamped.activity {
                    entry.activity = stamp;
                }
                if stamped.bump {
                    entry.bump_stamp = stamp;
                }
            }
        }
    }
}

/// What a stamp is handed out for; in the order in which they are where the times are the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stamped {
    activity: bool,
    bump: bool,
}

/// As the cache takes it over: what a base says counts where nothing is known.
fn note_typing(account: &mut AccountRecord, ephemeral: &Ephemeral, position: Position) {
    let of_base = ephemeral.base_typing.iter().filter(|(room, _)| !account.has_typing(room)).cloned();
    let notes: Vec<_> = of_base.chain(ephemeral.typing.iter().cloned()).collect();
    for (room, users) in notes {
        account.note_typing(room, Typing { users, position });
    }
}
