//! Sorted lists, one per filters, shared by the connections that ask the same.
//!
//! Invariants: a list holds each matching room once, sorted by [`RoomEntry`]'s activity, latest first, ties by number; all
//! lists sort a room by the same key; there are at most [`SHARED_LISTS`] of them, and one that was dropped is made again
//! when it is asked for.

use std::{cmp::Reverse, ops::Range};

use rustc_hash::FxHashMap;

use super::{RoomIndex, RoomNumber, matching::Matching};
use crate::limits::SHARED_LISTS;
use crate::model::{Filters, Known, RoomEntry, order::sorted};

/// The lists of an account.
#[derive(Debug, Default)]
pub struct Lists {
    lists: FxHashMap<Filters, SortedList>,
    /// Every room in its order: a list is what its filters leave of it.
    all: Vec<RoomNumber>,
    keys: SortKeys,
    /// Counts uses.
    clock: u64,
    /// What was last used up to here was not used since the last sweep.
    swept: u64,
}

/// The rooms that match some filters, latest activity first.
#[derive(Debug)]
struct SortedList {
    order: Vec<RoomNumber>,
    last_use: u64,
}

/// By what each room is sorted, by its number; `None` for one that was forgotten.
#[derive(Debug, Default)]
struct SortKeys(Vec<Option<SortKey>>);

/// Sorts latest first; rooms of which nothing is known stand last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    unknown: bool,
    age: Reverse<u64>,
    number: RoomNumber,
}

impl SortKey {
    fn of(entry: &RoomEntry, number: RoomNumber) -> SortKey {
        SortKey { unknown: entry.known == Known::Unknown, age: Reverse(entry.activity.0), number }
    }
}

impl Lists {
    /// Returns the lists of an account that has these rooms: none of them is made yet.
    pub fn of(rooms: &RoomIndex) -> Lists {
        let mut keys = SortKeys::default();
        for (number, entry) in rooms.iter() {
            keys.set(number, Some(SortKey::of(entry, number)));
        }
        let all = sorted(keys.0.iter().copied().flatten().collect());
        Lists { all: all.into_iter().map(|key| key.number).collect(), keys, ..Lists::default() }
    }

    /// Makes the list of the rooms that match `filters`, unless it is there.
    pub(super) fn make(&mut self, filters: &Filters, matching: &Matching<'_>) {
        self.clock += 1;
        if let Some(list) = self.lists.get_mut(filters) {
            list.last_use = self.clock;
            return;
        }
        self.make_room();
        let order = matching.those_that_match(filters, &self.all);
        self.lists.insert(filters.clone(), SortedList { order, last_use: self.clock });
    }

    /// Returns the list together with `extra` rooms, each at the place that its activity gives it. It is empty without
    /// them, if it was not made.
    pub(super) fn view(&self, filters: &Filters, extra: &[RoomNumber]) -> ListView<'_> {
        let order = self.lists.get(filters).map_or(&[][..], |list| &list.order);
        let keys = extra.iter().filter_map(|number| self.keys.of(*number)).collect();
        let place = |key: SortKey| Some((self.keys.search(order, key).err()?, key.number));
        let extra = sorted(keys).into_iter().filter_map(place).collect();
        ListView { order, keys: &self.keys, extra }
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
        for number in rooms.clone() {
            let Some(entry) = matching.rooms.get(number) else { continue };
            let key = SortKey::of(entry, number);
            self.keys.place(&mut self.all, number, Some(key));
            for (filters, list) in &mut self.lists {
                self.keys.place(&mut list.order, number, matching.matches(filters, entry).then_some(key));
            }
            self.keys.set(number, Some(key));
        }
        // A space that changed moves its children in and out, and those did not change themselves.
        if rooms.into_iter().any(|number| is_space(matching, number)) {
            for (filters, list) in self.lists.iter_mut().filter(|(filters, _)| filters.spaces.is_some()) {
                list.order = matching.those_that_match(filters, &self.all);
            }
        }
    }

    /// Takes a forgotten room out of every list. It may have been a space: lists of those are made anew.
    pub(super) fn remove(&mut self, number: RoomNumber) {
        self.lists.retain(|filters, _| filters.spaces.is_none());
        for order in self.lists.values_mut().map(|list| &mut list.order).chain([&mut self.all]) {
            self.keys.place(order, number, None);
        }
        self.keys.set(number, None);
    }
}

fn is_space(matching: &Matching<'_>, number: RoomNumber) -> bool {
    matching.rooms.get(number).is_some_and(|entry| entry.room_type.as_deref() == Some("m.space"))
}

impl SortKeys {
    fn of(&self, number: RoomNumber) -> Option<SortKey> {
        self.0.get(number.0 as usize).copied().flatten()
    }

    fn set(&mut self, number: RoomNumber, key: Option<SortKey>) {
        let index = number.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        self.0[index] = key;
    }

    /// Finds the place of a key in the order of some rooms.
    fn search(&self, order: &[RoomNumber], key: SortKey) -> Result<usize, usize> {
        order.binary_search_by_key(&Some(key), |number| self.of(*number))
    }

    /// Puts a room, whose key is still the old one, in the place of its new one, or takes it out. What lies between the
    /// two places moves, and no more.
    fn place(&self, order: &mut Vec<RoomNumber>, number: RoomNumber, key: Option<SortKey>) {
        let old = self.of(number).and_then(|before| self.search(order, before).ok());
        let new = key.map(|key| self.search(order, key).unwrap_or_else(|index| index));
        match (old, new) {
            (Some(old), Some(new)) if new <= old => {
                order.copy_within(new..old, new + 1);
                order[new] = number;
            }
            (Some(old), Some(new)) => {
                order.copy_within(old + 1..new, old);
                order[new - 1] = number;
            }
            (Some(old), None) => drop(order.remove(old)),
            (None, Some(new)) => order.insert(new, number),
            (None, None) => {}
        }
    }
}

/// A list as one connection sees it: with rooms that it holds for nobody else.
#[derive(Debug)]
pub struct ListView<'a> {
    order: &'a [RoomNumber],
    keys: &'a SortKeys,
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
        let index = self.keys.search(self.order, self.keys.of(number)?).ok()?;
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

    /// Calls back with what matching takes, where nobody is ignored and no chat is direct.
    fn matching(rooms: &RoomIndex, with: impl FnOnce(&Matching<'_>)) {
        with(&Matching { rooms, direct: &DirectChats::default(), ignored: &IgnoredUsers::default() });
    }

    fn order(lists: &Lists) -> Vec<RoomNumber> {
        lists.view(&Filters::default(), &[]).order.to_vec()
    }

    #[test]
    fn a_room_moves_to_its_place_from_anywhere() {
        for room in 0..5 {
            for activity in [0, 15, 25, 35, 45, 60] {
                let mut rooms = index_of(&[10, 20, 30, 40, 50]);
                let mut lists = Lists::of(&rooms);
                matching(&rooms, |matching| lists.make(&Filters::default(), matching));
                let number = RoomNumber(room);
                let mut entry = rooms.get(number).expect("a room").clone();
                entry.activity = Timestamp(activity);
                rooms.put(entry);
                let mut anew = Lists::of(&rooms);
                matching(&rooms, |matching| {
                    lists.update([number].into_iter(), matching);
                    anew.make(&Filters::default(), matching);
                });
                assert_eq!(order(&lists), order(&anew), "room {room} with activity {activity}");
                assert_eq!(lists.all, anew.all, "room {room} with activity {activity}");
                lists.remove(number);
                assert!(!order(&lists).contains(&number) && order(&lists).len() == 4, "{:?}", order(&lists));
            }
        }
    }

    #[test]
    fn extra_rooms_stand_where_their_activity_puts_them() {
        let mut rooms = index_of(&[10, 20, 30, 40, 50, 25, 60]);
        let extra = numbers(&[0, 3, 5]);
        for number in &extra {
            let mut entry = rooms.get(*number).expect("a room").clone();
            entry.membership = Membership::Leave;
            rooms.put(entry);
        }
        let mut lists = Lists::of(&rooms);
        matching(&rooms, |matching| lists.make(&Filters::default(), matching));
        let view = lists.view(&Filters::default(), &extra);
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
        let mut lists = Lists::default();
        matching(&RoomIndex::default(), |matching| {
            lists.make(&tagged(1), matching);
            lists.make(&tagged(2), matching);
            lists.drop_unused();
            assert_eq!(lists.lists.len(), 2, "both were asked for since the time before");
            lists.make(&tagged(2), matching);
            lists.drop_unused();
            assert!(lists.lists.contains_key(&tagged(2)) && lists.lists.len() == 1);
        });
    }

    #[test]
    fn a_client_that_asks_for_ever_other_lists_does_not_fill_the_memory() {
        let mut lists = Lists::default();
        matching(&RoomIndex::default(), |matching| {
            for tag in 0..SHARED_LISTS + 10 {
                lists.make(&tagged(tag), matching);
                lists.make(&tagged(0), matching);
            }
        });
        assert_eq!(lists.lists.len(), SHARED_LISTS);
        assert!(lists.lists.contains_key(&tagged(0)), "it was in use all the time");
    }
}
