//! The room index in memory: every room's entry under a small number, and the rooms in the order of their last change.

use std::collections::BTreeSet;

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashMap;

use crate::model::{Position, RoomEntry};

/// A room's number in memory: dense, and good until the process ends. Never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomNumber(pub u32);

/// Every room of an account.
#[derive(Debug, Default)]
pub struct RoomIndex {
    entries: Vec<Option<RoomEntry>>,
    numbers: FxHashMap<OwnedRoomId, RoomNumber>,
    by_change: BTreeSet<(Position, RoomNumber)>,
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

    /// Inserts or replaces an entry.
    pub(super) fn put(&mut self, entry: RoomEntry) -> RoomNumber {
        let number = match self.numbers.get(&entry.room_id) {
            Some(&number) => number,
            None => {
                let number = RoomNumber(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
                self.entries.push(None);
                self.numbers.insert(entry.room_id.clone(), number);
                number
            }
        };
        let change = entry.last_change();
        if let Some(slot) = self.entries.get_mut(number.0 as usize) {
            if let Some(before) = slot.replace(entry) {
                self.by_change.remove(&(before.last_change(), number));
            }
            self.by_change.insert((change, number));
        }
        number
    }

    /// Removes a room. Its number is not given out again.
    pub(super) fn forget(&mut self, room: &RoomId) -> Option<RoomNumber> {
        let number = self.numbers.remove(room)?;
        if let Some(before) = self.entries.get_mut(number.0 as usize).and_then(Option::take) {
            self.by_change.remove(&(before.last_change(), number));
        }
        Some(number)
    }
}
