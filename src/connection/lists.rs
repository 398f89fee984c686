//! Which rooms a request reaches: through the windows of its lists, and through its subscriptions.
//!
//! Invariant: a room that lists hold no more, though this connection was sent it (a leave of the user's own, a retracted
//! invite), keeps its place in them for the connection's life (`spec/v4.md`, "Which rooms a list holds").

use std::{ops::Range, rc::Rc};

use ruma::OwnedRoomId;
use rustc_hash::FxHashMap;

use super::{
    request::{ListRequest, RoomConfig, SyncRequest, Window},
    response::ListResponse,
    rooms::EffectiveConfig,
    state::{SentConfig, State},
};
use crate::cache::{AccountCache, RoomNumber};
use crate::model::{Known, order::sorted};

/// The rooms that a request reaches.
#[derive(Debug, Default)]
pub struct Reach {
    /// In the order in which they are sent: subscriptions, then the lists.
    pub rooms: Vec<ReachedRoom>,
    lists: Vec<ReachedList>,
    places: FxHashMap<RoomNumber, usize>,
}

/// One room that a request reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReachedRoom {
    /// The room.
    pub number: RoomNumber,
    /// The lists whose window holds it.
    pub lists: ListSet,
    /// Whether a subscription names it.
    pub subscribed: bool,
}

/// Some lists of a request, by their place in it. A request has at most [`LISTS`](crate::limits::LISTS) of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListSet(u128);

#[derive(Debug)]
struct ReachedList {
    key: String,
    count: u64,
    windows: Vec<((u64, u64), Vec<RoomNumber>)>,
}

impl ListSet {
    /// Returns the set of the list at `index`.
    pub fn only(index: usize) -> ListSet {
        ListSet(u32::try_from(index).ok().and_then(|index| 1u128.checked_shl(index)).unwrap_or(0))
    }

    /// Returns whether no list is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the lists that are in both.
    pub fn and(self, other: ListSet) -> ListSet {
        ListSet(self.0 & other.0)
    }

    /// Returns the lists that are in either.
    pub fn or(self, other: ListSet) -> ListSet {
        ListSet(self.0 | other.0)
    }

    /// Returns whether the list at `index` is in it.
    pub fn contains(self, index: usize) -> bool {
        !self.and(ListSet::only(index)).is_empty()
    }
}

impl Reach {
    /// Returns the rooms that the request reaches now.
    pub fn compute(
        cache: &mut AccountCache,
        request: &SyncRequest,
        subscriptions: &FxHashMap<OwnedRoomId, RoomConfig>,
        state: &State,
    ) -> Reach {
        let mut reach = Reach::default();
        let subscribed = subscriptions.keys().filter_map(|room| cache.rooms.number(room)).collect();
        for number in sorted(subscribed) {
            reach.room(number).subscribed = true;
        }
        let owed = owed(cache, state);
        for (index, (key, list)) in request.lists.iter().enumerate() {
            let rooms = rooms_of(cache, list, &owed);
            reach.add_list(index, key, &list.window, &rooms);
        }
        reach
    }

    /// Returns the room, if the request reaches it.
    pub fn get(&self, number: RoomNumber) -> Option<ReachedRoom> {
        self.places.get(&number).and_then(|place| self.rooms.get(*place)).copied()
    }

    /// Returns the set of the lists with these keys; unknown ones match nothing.
    pub fn named(&self, keys: &[String]) -> ListSet {
        let matching = self.lists.iter().enumerate().filter(|(_, list)| keys.contains(&list.key));
        matching.fold(ListSet::default(), |set, (index, _)| set.or(ListSet::only(index)))
    }

    /// Returns the keys of some lists.
    pub fn keys(&self, set: ListSet) -> Vec<String> {
        self.lists
            .iter()
            .enumerate()
            .filter(|(index, _)| set.contains(*index))
            .map(|(_, list)| list.key.clone())
            .collect()
    }

    /// Returns what is said of each list. Rooms of which nothing is known are counted, but not named.
    pub fn responses(&self, cache: &AccountCache) -> Vec<(String, ListResponse)> {
        let ids = |rooms: &[RoomNumber]| {
            rooms
                .iter()
                .filter_map(|number| cache.rooms.get(*number))
                .filter(|entry| entry.known != Known::Unknown)
                .map(|entry| entry.room_id.clone())
                .collect()
        };
        self.lists
            .iter()
            .map(|list| {
                let windows = list.windows.iter().map(|(range, rooms)| (*range, ids(rooms))).collect();
                (list.key.clone(), ListResponse { count: list.count, windows })
            })
            .collect()
    }

    /// Returns the reach as far as one room goes: as if nothing else were in the lists' windows.
    pub fn only(&self, number: RoomNumber) -> Reach {
        let lists = self.lists.iter();
        Reach {
            rooms: self.get(number).into_iter().collect(),
            lists: lists
                .map(|list| ReachedList { key: list.key.clone(), count: list.count, windows: Vec::new() })
                .collect(),
            places: std::iter::once((number, 0)).collect(),
        }
    }

    fn room(&mut self, number: RoomNumber) -> &mut ReachedRoom {
        let place = *self.places.entry(number).or_insert_with(|| {
            self.rooms.push(ReachedRoom { number, lists: ListSet::default(), subscribed: false });
            self.rooms.len() - 1
        });
        // The place was either just pushed or recorded when it was.
        &mut self.rooms[place]
    }

    fn add_list(&mut self, index: usize, key: &str, window: &Window, rooms: &[RoomNumber]) {
        let count = rooms.len() as u64;
        let mut windows = Vec::new();
        match window {
            Window::All => self.add_rooms(index, rooms),
            Window::Ranges(ranges) => {
                for &range in ranges {
                    let part = rooms.get(part_of(range, rooms.len())).unwrap_or_default();
                    self.add_rooms(index, part);
                    windows.push((range, part.to_vec()));
                }
            }
        }
        self.lists.push(ReachedList { key: key.to_owned(), count, windows });
    }

    fn add_rooms(&mut self, index: usize, rooms: &[RoomNumber]) {
        for &number in rooms {
            let room = self.room(number);
            room.lists = room.lists.or(ListSet::only(index));
        }
    }
}

impl Window {
    /// Returns whether the room at `index` of a list is wanted.
    pub fn holds(&self, index: usize) -> bool {
        match self {
            Window::All => true,
            Window::Ranges(ranges) => ranges.iter().any(|range| part_of(*range, usize::MAX).contains(&index)),
        }
    }
}

/// Returns the indices in a list of `len` rooms that a range holds.
fn part_of((first, last): (u64, u64), len: usize) -> Range<usize> {
    let start = usize::try_from(first).unwrap_or(usize::MAX).min(len);
    let end = usize::try_from(last).unwrap_or(usize::MAX).saturating_add(1).min(len);
    start..end
}

/// Returns the rooms of a list in their order: those that it holds for everybody, and those `owed` to the connection.
pub fn rooms_of(cache: &mut AccountCache, list: &ListRequest, owed: &[RoomNumber]) -> Vec<RoomNumber> {
    let passes =
        |number: &RoomNumber| cache.rooms.get(*number).is_some_and(|entry| cache.matches_filters(&list.filters, entry));
    let extra: Vec<RoomNumber> = owed.iter().copied().filter(passes).collect();
    cache.list_with(&list.filters, &extra)
}

/// Returns the rooms that the connection was sent and that lists hold no more.
pub fn owed(cache: &AccountCache, state: &State) -> Vec<RoomNumber> {
    let owed = state
        .rooms
        .keys()
        .filter_map(|room| cache.rooms.number(room))
        .filter(|number| cache.rooms.get(*number).is_some_and(|entry| !cache.is_listed(entry)))
        .collect();
    sorted(owed)
}

/// The configurations that hold for rooms, one per combination of rules.
#[derive(Debug, Default)]
pub struct Configs {
    of_lists: FxHashMap<ListSet, Rc<EffectiveConfig>>,
    kept: FxHashMap<(*const SentConfig, *const EffectiveConfig), bool>,
}

impl Configs {
    /// Returns the superset of the rules that match the room.
    pub fn of(
        &mut self,
        room: ReachedRoom,
        subscription: Option<&RoomConfig>,
        request: &SyncRequest,
    ) -> Rc<EffectiveConfig> {
        let in_lists = |set: ListSet| {
            let lists = request.lists.values().enumerate().filter(move |(index, _)| set.contains(*index));
            lists.map(|(_, list)| &list.config)
        };
        match subscription {
            Some(config) => Rc::new(EffectiveConfig::union(in_lists(room.lists).chain(std::iter::once(config)))),
            None => Rc::clone(
                self.of_lists
                    .entry(room.lists)
                    .or_insert_with(|| Rc::new(EffectiveConfig::union(in_lists(room.lists)))),
            ),
        }
    }

    /// Returns whether the configuration asks nothing of a room that differs from what it was sent with. Thousands of
    /// rooms share both, so each pair is compared once; they are told by their address, which both keep meanwhile.
    pub fn is_kept(&mut self, sent: &Rc<SentConfig>, config: &Rc<EffectiveConfig>) -> bool {
        let compare = || config.timeline_limit <= sent.timeline_limit && config.wanted == sent.wanted;
        if Rc::strong_count(config) == 1 {
            // Of this room alone, and gone after it: its address may come again.
            return compare();
        }
        *self.kept.entry((Rc::as_ptr(sent), Rc::as_ptr(config))).or_insert_with(compare)
    }
}
