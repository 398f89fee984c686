//! Sorted lists, one per filters, shared by the connections that ask the same.
//!
//! Invariant: a list holds each matching room once, sorted by [`RoomEntry`]'s activity, latest first, ties by number.

use rustc_hash::FxHashMap;

use super::{RoomIndex, RoomNumber, matching::Matching};
use crate::limits::SHARED_LISTS;
use crate::model::{Filters, Known, RoomEntry, order::sorted};

/// The lists of an account.
#[derive(Debug, Default)]
pub struct Lists {
    lists: FxHashMap<Filters, SortedList>,
    /// How often a list was asked for.
    uses: u64,
}

/// The rooms that match some filters, latest activity first.
#[derive(Debug, Default)]
pub struct SortedList {
    order: Vec<RoomNumber>,
    places: FxHashMap<RoomNumber, SortKey>,
    /// The number of its last use.
    used: u64,
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
        self.uses += 1;
        if !self.lists.contains_key(filters) {
            self.make_room();
        }
        let list = self.lists.entry(filters.clone()).or_insert_with(|| SortedList::build(filters, matching));
        list.used = self.uses;
        list
    }

    /// Drops the list that was not asked for the longest, if there are as many as may be. Each is kept up to date with
    /// every change, and a client can ask for others all the time.
    fn make_room(&mut self) {
        if self.lists.len() < SHARED_LISTS {
            return;
        }
        let oldest = self.lists.iter().min_by_key(|(_, list)| list.used).map(|(filters, _)| filters.clone());
        if let Some(oldest) = oldest {
            self.lists.remove(&oldest);
        }
    }

    /// Puts changed rooms in their new places.
    pub(super) fn update(&mut self, rooms: impl Iterator<Item = RoomNumber> + Clone, matching: &Matching<'_>) {
        for (filters, list) in &mut self.lists {
            // A space that changed moves its children in and out, and those did not change themselves.
            if filters.spaces.is_some() && rooms.clone().any(|number| is_space(matching, number)) {
                *list = SortedList::build(filters, matching);
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
            used: 0,
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

    #[test]
    fn the_list_that_was_not_asked_for_the_longest_makes_room() {
        let (rooms, direct) = (RoomIndex::default(), DirectChats::default());
        let matching = Matching { rooms: &rooms, direct: &direct };
        let filters = |number: usize| Filters { tags: Some(vec![format!("u.{number}")]), ..Filters::default() };
        let mut lists = Lists::default();
        for number in 0..SHARED_LISTS {
            lists.get(&filters(number), &matching);
        }
        lists.get(&filters(0), &matching);
        lists.get(&filters(SHARED_LISTS), &matching);
        assert_eq!(lists.lists.len(), SHARED_LISTS);
        assert!(lists.lists.contains_key(&filters(0)) && !lists.lists.contains_key(&filters(1)));
    }
}
