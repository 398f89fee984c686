//! Sorted lists, one per filters, shared by the connections that ask the same.
//!
//! Invariants: a list holds each matching room once, sorted by [`RoomEntry`]'s activity, latest first, ties by number;
//! there are at most [`SHARED_LISTS`] of them, and one that was dropped is built again when it is asked for.

use std::ops::Range;

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

    /// Returns the list, if it was made.
    pub(super) fn made(&self, filters: &Filters) -> Option<&SortedList> {
        self.lists.get(filters)
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

    /// Takes a forgotten room out of every list. It may have been a space: lists of those are made anew.
    pub(super) fn remove(&mut self, number: RoomNumber) {
        self.lists.retain(|filters, _| filters.spaces.is_none());
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
    pub fn with<'a>(&'a self, extra: &[RoomNumber], rooms: &RoomIndex) -> ListView<'a> {
        let extra = extra.iter().filter(|number| !self.contains(**number));
        let keys = extra.filter_map(|&number| rooms.get(number).map(|entry| SortKey::of(entry, number)));
        let place = |key: SortKey| (self.search(key).unwrap_or_else(|index| index), key.number);
        ListView {
            order: &self.order,
            list: Some(self),
            extra: sorted(keys.collect()).into_iter().map(place).collect(),
        }
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

    /// Puts a room in its place, or takes it out. What lies between the old place and the new one moves, and no more.
    fn place(&mut self, number: RoomNumber, key: Option<SortKey>) {
        let before = self.places.get(&number).copied();
        if before == key {
            return;
        }
        let old = before.and_then(|before| self.search(before).ok());
        let new = key.map(|key| self.search(key).unwrap_or_else(|index| index));
        match (old, new) {
            (Some(old), Some(new)) if new <= old => {
                self.order.copy_within(new..old, new + 1);
                self.put(new, number);
            }
            (Some(old), Some(new)) => {
                self.order.copy_within(old + 1..new, old);
                self.put(new - 1, number);
            }
            (Some(old), None) => drop(self.order.remove(old)),
            (None, Some(new)) => self.order.insert(new, number),
            (None, None) => {}
        }
        match key {
            Some(key) => self.places.insert(number, key),
            None => self.places.remove(&number),
        };
    }

    fn put(&mut self, index: usize, number: RoomNumber) {
        if let Some(place) = self.order.get_mut(index) {
            *place = number;
        }
    }

    fn search(&self, key: SortKey) -> Result<usize, usize> {
        self.order.binary_search_by(|number| {
            self.places.get(number).map_or(std::cmp::Ordering::Less, |place| place.cmp(&key))
        })
    }
}

/// A list as one connection sees it: with rooms that it holds for nobody else.
#[derive(Debug, Default)]
pub struct ListView<'a> {
    order: &'a [RoomNumber],
    list: Option<&'a SortedList>,
    /// The extra rooms in their order, each with the index that it has in the list without them.
    extra: Vec<(usize, RoomNumber)>,
}

impl ListView<'_> {
    /// Returns how many rooms there are.
    pub fn len(&self) -> usize {
        self.order.len() + self.extra.len()
    }

    /// Returns whether there is no room.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the index of a room.
    pub fn index_of(&self, number: RoomNumber) -> Option<usize> {
        if let Some(passed) = self.extra.iter().position(|(_, extra)| *extra == number) {
            return self.extra.get(passed).map(|(index, _)| index + passed);
        }
        let index = self.list?.index_of(number)?;
        Some(index + self.extra.partition_point(|(extra, _)| *extra <= index))
    }

    /// Returns the rooms of some indexes, of which there may be fewer.
    pub fn rooms(&self, indexes: Range<usize>) -> Vec<RoomNumber> {
        let indexes = indexes.start..indexes.end.min(self.len());
        if self.extra.is_empty() {
            return self.order.get(indexes).unwrap_or_default().to_vec();
        }
        let before = |(passed, (index, _)): &(usize, &(usize, RoomNumber))| index + passed < indexes.start;
        let mut passed = self.extra.iter().enumerate().take_while(before).count();
        let mut rooms = Vec::with_capacity(indexes.len());
        for index in indexes {
            match self.extra.get(passed) {
                Some((place, number)) if place + passed == index => {
                    rooms.push(*number);
                    passed += 1;
                }
                _ => rooms.extend(index.checked_sub(passed).and_then(|index| self.order.get(index))),
            }
        }
        rooms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{DirectChats, IgnoredUsers};
    use crate::model::{Membership, Timestamp};

    fn index_of(activities: &[u64]) -> RoomIndex {
        let mut rooms = RoomIndex::default();
        for (number, activity) in activities.iter().enumerate() {
            let id = format!("!{number}:x").try_into().expect("a room id");
            let mut entry = RoomEntry::unknown(id, Membership::Join);
            (entry.known, entry.activity) = (Known::Whole, Timestamp(*activity));
            rooms.put(entry);
        }
        rooms
    }

    fn numbers(numbers: &[u32]) -> Vec<RoomNumber> {
        numbers.iter().copied().map(RoomNumber).collect()
    }

    #[test]
    fn a_room_moves_to_its_place_from_anywhere() {
        let direct = DirectChats::default();
        for room in 0..5 {
            for activity in [0, 15, 25, 35, 45, 60] {
                let mut rooms = index_of(&[10, 20, 30, 40, 50]);
                let mut list = SortedList::build(
                    &Filters::default(),
                    &Matching { rooms: &rooms, direct: &direct, ignored: &IgnoredUsers::default() },
                );
                let number = RoomNumber(room);
                let mut entry = rooms.get(number).expect("a room").clone();
                entry.activity = Timestamp(activity);
                list.place(number, Some(SortKey::of(&entry, number)));
                rooms.put(entry);
                let anew = SortedList::build(
                    &Filters::default(),
                    &Matching { rooms: &rooms, direct: &direct, ignored: &IgnoredUsers::default() },
                );
                assert_eq!(list.order, anew.order, "room {room} with activity {activity}");
                list.place(number, None);
                assert!(!list.order.contains(&number) && list.order.len() == 4, "{:?}", list.order);
            }
        }
    }

    #[test]
    fn extra_rooms_stand_where_their_activity_puts_them() {
        let rooms = index_of(&[10, 20, 30, 40, 50, 25, 60]);
        let direct = DirectChats::default();
        let mut list = SortedList::build(
            &Filters::default(),
            &Matching { rooms: &rooms, direct: &direct, ignored: &IgnoredUsers::default() },
        );
        let extra = numbers(&[0, 3, 5]);
        for number in &extra {
            list.place(*number, None);
        }
        let view = list.with(&extra, &rooms);
        let all = numbers(&[6, 4, 3, 2, 5, 1, 0]);
        assert_eq!(view.rooms(0..9), all);
        for start in 0..8 {
            for end in start..8 {
                assert_eq!(view.rooms(start..end), all[start.min(7)..end.min(7)], "{start}..{end}");
            }
        }
        for (index, number) in all.iter().enumerate() {
            assert_eq!(view.index_of(*number), Some(index));
        }
        assert_eq!((view.len(), view.index_of(RoomNumber(9))), (7, None));
    }

    fn tagged(tag: usize) -> Filters {
        Filters { tags: Some(vec![format!("u.{tag}")]), ..Filters::default() }
    }

    #[test]
    fn lists_that_nobody_asks_for_any_more_are_dropped() {
        let (rooms, direct) = (RoomIndex::default(), DirectChats::default());
        let ignored = IgnoredUsers::default();
        let matching = Matching { rooms: &rooms, direct: &direct, ignored: &ignored };
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
        let ignored = IgnoredUsers::default();
        let matching = Matching { rooms: &rooms, direct: &direct, ignored: &ignored };
        let mut lists = Lists::default();
        for tag in 0..SHARED_LISTS + 10 {
            lists.get(&tagged(tag), &matching);
            lists.get(&tagged(0), &matching);
        }
        assert_eq!(lists.lists.len(), SHARED_LISTS);
        assert!(lists.lists.contains_key(&tagged(0)), "it was in use all the time");
    }
}
