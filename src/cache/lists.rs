//! Sorted lists, one per filters, shared by the connections that ask the same.
//!
//! Invariants: a list holds each matching room once, sorted by [`RoomEntry`]'s activity, latest first, ties by number;
//! there are at most [`SHARED_LISTS`] of them, and one that was dropped is built again when it is asked for.

use rustc_hash::FxHashMap;

use super::{RoomIndex, RoomNumber, matching::Matching};
use crate::limits::SHARED_LISTS;
use crate::model::{Filters, Known, RoomEntry, order::sorted};

/// The lists of an account.
#[derive(Debug, Default)]
pub struct Lists {
    lists: FxHashMap<Filters, SortedList>,
    /// Counts uses.
    clock: u64,
    /// What was last used up to here was not used since the last sweep.
    swept: u64,
}

/// The rooms that match some filters, latest activity first.
#[derive(Debug, Default)]
pub struct SortedList {
    order: Vec<RoomNumber>,
    places: FxHashMap<RoomNumber, SortKey>,
    last_use: u64,
}

/// Sorts latest first; rooms of which nothing is known stand last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    unknown: bool,
    age: std::cmp::Reverse<u64>,
    number: RoomNumber,
}

impl SortKey {
    fn of(entry: &RoomEntry, number: RoomNumber) -> SortKey {
        SortKey { unknown: entry.known == Known::Unknown, age: std::cmp::Reverse(entry.activity.0), number }
    }
}

impl Lists {
    /// Returns the list of the rooms that match `filters`.
    pub(super) fn get(&mut self, filters: &Filters, matching: &Matching<'_>) -> &SortedList {
        if !self.lists.contains_key(filters) {
            self.make_room();
        }
        self.clock += 1;
        let list = self.lists.entry(filters.clone()).or_insert_with(|| SortedList::build(filters, matching));
        list.last_use = self.clock;
        list
    }

    /// Drops the lists that nobody has asked for since the last time.
    pub(super) fn drop_unused(&mut self) {
        self.lists.retain(|_, list| list.last_use > self.swept);
        self.swept = self.clock;
    }

    fn make_room(&mut self) {
        while self.lists.len() >= SHARED_LISTS {
            let Some(oldest) = self.lists.values().map(|list| list.last_use).min() else { return };
            self.lists.retain(|_, list| list.last_use != oldest);
        }
    }

    /// Puts changed rooms in their new places.
    pub(super) fn update(&mut self, rooms: impl Iterator<Item = RoomNumber> + Clone, matching: &Matching<'_>) {
        for (filters, list) in &mut self.lists {
            // A space that changed moves its children in and out, and those did not change themselves.
            if filters.spaces.is_some() && rooms.clone().any(|number| is_space(matching, number)) {
                *list = SortedList { last_use: list.last_use, ..SortedList::build(filters, matching) };
                continue;
            }
            for number in rooms.clone() {
                let entry = matching.rooms.get(number).filter(|entry| matching.matches(filters, entry));
                list.place(number, entry.map(|entry| SortKey::of(entry, number)));
            }
        }
    }

    /// Takes a forgotten room out of every list.
    pub(super) fn remove(&mut self, number: RoomNumber) {
        for list in self.lists.values_mut() {
            list.place(number, None);
        }
    }
}

fn is_space(matching: &Matching<'_>, number: RoomNumber) -> bool {
    matching.rooms.get(number).is_some_and(|entry| entry.room_type.as_deref() == Some("m.space"))
}

impl SortedList {
    /// Returns the rooms, latest activity first.
    pub fn rooms(&self) -> &[RoomNumber] {
        &self.order
    }

    /// Returns whether the list holds the room.
    pub fn contains(&self, number: RoomNumber) -> bool {
        self.places.contains_key(&number)
    }

    /// Returns the rooms together with `extra` ones, each at the place that its activity gives it.
    pub fn merged_with(&self, extra: &[RoomNumber], rooms: &RoomIndex) -> Vec<RoomNumber> {
        let mut merged = self.order.clone();
        for &number in extra {
            let Some(entry) = rooms.get(number).filter(|_| !self.contains(number)) else { continue };
            let key = SortKey::of(entry, number);
            let after = |other: &RoomNumber| rooms.get(*other).is_some_and(|entry| SortKey::of(entry, *other) < key);
            let index = merged.partition_point(after);
            merged.insert(index, number);
        }
        merged
    }

    /// Returns the index of a room.
    pub fn index_of(&self, number: RoomNumber) -> Option<usize> {
        self.places.get(&number).and_then(|key| self.search(*key).ok())
    }

    fn build(filters: &Filters, matching: &Matching<'_>) -> SortedList {
        let keys = matching
            .rooms
            .iter()
            .filter(|(_, entry)| matching.matches(filters, entry))
            .map(|(number, entry)| SortKey::of(entry, number))
            .collect();
        let keys: Vec<SortKey> = sorted(keys);
        SortedList {
            order: keys.iter().map(|key| key.number).collect(),
            places: keys.into_iter().map(|key| (key.number, key)).collect(),
            last_use: 0,
        }
    }

    fn place(&mut self, number: RoomNumber, key: Option<SortKey>) {
        if self.places.get(&number).copied() == key {
            return;
        }
        if let Some(before) = self.places.get(&number).copied()
            && let Ok(index) = self.search(before)
        {
            self.order.remove(index);
            self.places.remove(&number);
        }
        if let Some(key) = key {
            let index = self.search(key).unwrap_or_else(|index| index);
            self.order.insert(index, number);
            self.places.insert(number, key);
        }
    }

    fn search(&self, key: SortKey) -> Result<usize, usize> {
        self.order.binary_search_by(|number| {
            self.places.get(number).map_or(std::cmp::Ordering::Less, |place| place.cmp(&key))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::DirectChats;

    fn tagged(tag: usize) -> Filters {
        Filters { tags: Some(vec![format!("u.{tag}")]), ..Filters::default() }
    }

    #[test]
    fn lists_that_nobody_asks_for_any_more_are_dropped() {
        let (rooms, direct) = (RoomIndex::default(), DirectChats::default());
        let matching = Matching { rooms: &rooms, direct: &direct };
        let mut lists = Lists::default();
        lists.get(&tagged(1), &matching);
        lists.get(&tagged(2), &matching);
        lists.drop_unused();
        assert_eq!(lists.lists.len(), 2, "both were asked for since the time before");
        lists.get(&tagged(2), &matching);
        lists.drop_unused();
        assert!(lists.lists.contains_key(&tagged(2)) && lists.lists.len() == 1);
    }

    #[test]
    fn a_client_that_asks_for_ever_other_lists_does_not_fill_the_memory() {
        let (rooms, direct) = (RoomIndex::default(), DirectChats::default());
        let matching = Matching { rooms: &rooms, direct: &direct };
        let mut lists = Lists::default();
        for tag in 0..SHARED_LISTS + 10 {
            lists.get(&tagged(tag), &matching);
            lists.get(&tagged(0), &matching);
        }
        assert_eq!(lists.lists.len(), SHARED_LISTS);
        assert!(lists.lists.contains_key(&tagged(0)), "it was in use all the time");
    }
}
