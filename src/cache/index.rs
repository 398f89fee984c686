//! The room index in memory: every room's entry under a small number, and the rooms in the order of their last change.

use std::collections::BTreeSet;

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashMap;

use crate::model::{Known, Membership, Position, RoomEntry};

/// A room's number in memory: dense, and good until the process ends. Never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomNumber(pub u32);

/// Every room of an account.
#[derive(Debug, Default)]
pub struct RoomIndex {
    entries: Vec<Option<RoomEntry>>,
    numbers: FxHashMap<OwnedRoomId, RoomNumber>,
    by_change: BTreeSet<(Position, RoomNumber)>,
    by_touch: BTreeSet<(Position, RoomNumber)>,
    /// When each room was last touched, by number; zero for what was not since the process began.
    touched: Vec<Position>,
    last_forgotten: Position,
    by_page: FxHashMap<u8, Vec<RoomNumber>>,
    joined: JoinedRooms,
}

/// How many rooms the user is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinedRooms {
    /// All of them.
    pub all: usize,
    /// Those of which more than the id is known.
    pub known: usize,
}

impl JoinedRooms {
    fn of(entry: &RoomEntry) -> JoinedRooms {
        let joined = entry.membership == Membership::Join;
        JoinedRooms { all: usize::from(joined), known: usize::from(joined && entry.known != Known::Unknown) }
    }

    fn add(&mut self, other: JoinedRooms) {
        self.all += other.all;
        self.known += other.known;
    }

    fn subtract(&mut self, other: JoinedRooms) {
        self.all -= other.all;
        self.known -= other.known;
    }
}

impl RoomIndex {
    /// Returns the room's number.
    pub fn number(&self, room: &RoomId) -> Option<RoomNumber> {
        self.numbers.get(room).copied()
    }

    /// Returns the entry under a number; `None` once the room is forgotten.
    pub fn get(&self, number: RoomNumber) -> Option<&RoomEntry> {
        self.entries.get(number.0 as usize).and_then(Option::as_ref)
    }

    /// Returns the room's entry.
    pub fn entry(&self, room: &RoomId) -> Option<&RoomEntry> {
        self.number(room).and_then(|number| self.get(number))
    }

    /// Returns all rooms, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (RoomNumber, &RoomEntry)> {
        (0u32..)
            .zip(&self.entries)
            .filter_map(|(number, entry)| entry.as_ref().map(|entry| (RoomNumber(number), entry)))
    }

    /// Returns the rooms of one page of the stored index.
    pub fn page(&self, page: u8) -> impl Iterator<Item = &RoomEntry> {
        self.by_page.get(&page).into_iter().flatten().filter_map(|number| self.get(*number))
    }

    /// Returns how many rooms the user is in.
    pub fn joined(&self) -> JoinedRooms {
        self.joined
    }

    /// Returns how many rooms there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns whether there is no room.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Returns the rooms that changed after `position`, latest change first.
    pub fn changed_after(&self, position: Position) -> impl Iterator<Item = RoomNumber> {
        self.by_change.range((position.next(), RoomNumber(0))..).rev().map(|(_, number)| *number)
    }

    /// Returns the rooms of which a commit after `position` has changed anything that an answer looks at, latest first:
    /// their entry, who types, whether they are direct chats. Good for positions since the process began only.
    pub fn touched_after(&self, position: Position) -> impl Iterator<Item = RoomNumber> {
        self.by_touch.range((position.next(), RoomNumber(0))..).rev().map(|(_, number)| *number)
    }

    /// Returns when a room was last forgotten, or a later position where that is not known.
    pub fn last_forgotten(&self) -> Position {
        self.last_forgotten
    }

    /// Notes that the process began with what was stored at `position`: what was forgotten before, nobody knows.
    pub(super) fn begin(&mut self, position: Position) {
        self.last_forgotten = position;
    }

    /// Notes that the commit that led to `position` has changed something about a room.
    pub(super) fn touch(&mut self, number: RoomNumber, position: Position) {
        let Some(touched) = self.touched.get_mut(number.0 as usize) else { return };
        self.by_touch.remove(&(*touched, number));
        self.by_touch.insert((position, number));
        *touched = position;
    }

    /// Inserts or replaces an entry.
    pub(super) fn put(&mut self, entry: RoomEntry) -> RoomNumber {
        let number = match self.numbers.get(&entry.room_id) {
            Some(&number) => number,
            None => {
                let number = RoomNumber(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
                self.entries.push(None);
                self.touched.push(Position::default());
                self.numbers.insert(entry.room_id.clone(), number);
                self.by_page.entry(entry.page()).or_default().push(number);
                number
            }
        };
        let change = entry.last_change();
        if let Some(slot) = self.entries.get_mut(number.0 as usize) {
            self.joined.add(JoinedRooms::of(&entry));
            if let Some(before) = slot.replace(entry) {
                self.joined.subtract(JoinedRooms::of(&before));
                self.by_change.remove(&(before.last_change(), number));
            }
            self.by_change.insert((change, number));
        }
        number
    }

    /// Removes a room, as the commit that led to `position` says. Its number is not given out again.
    pub(super) fn forget(&mut self, room: &RoomId, position: Position) -> Option<RoomNumber> {
        let number = self.numbers.remove(room)?;
        self.last_forgotten = self.last_forgotten.max(position);
        if let Some(touched) = self.touched.get(number.0 as usize) {
            self.by_touch.remove(&(*touched, number));
        }
        if let Some(before) = self.entries.get_mut(number.0 as usize).and_then(Option::take) {
            self.joined.subtract(JoinedRooms::of(&before));
            self.by_change.remove(&(before.last_change(), number));
            if let Some(page) = self.by_page.get_mut(&before.page()) {
                page.retain(|other| *other != number);
            }
        }
        Some(number)
    }
}
