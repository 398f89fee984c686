//! Which rooms a request reaches: through the windows of its lists, and through its subscriptions.
//!
//! Invariants: a room that lists hold no more, though this connection was sent it (a leave of the user's own, a retracted
//! invite), keeps its place in them for the connection's life (`spec/v4.md`, "Which rooms a list holds"); what an answer on
//! unchanged terms costs follows from what has changed since the last one, not from how many rooms there are.

use std::{ops::Range, rc::Rc};

use ruma::OwnedRoomId;
use rustc_hash::FxHashMap;

use super::{
    pos::Pos,
    request::{ListRequest, RoomConfig, SyncRequest, Window, Wire},
    response::ListResponse,
    rooms::EffectiveConfig,
    state::{Mark, SentConfig, State},
};
use crate::cache::{AccountCache, ListView, RoomNumber};
use crate::model::{
    Known, Position, RoomEntry,
    order::{sorted, sorted_set},
};

/// The rooms that a request reaches: all of them, or where the last answer left nothing open, those that may have news
/// since.
#[derive(Debug, Default)]
pub struct Reach {
    /// In the order in which they are sent: subscriptions, then the lists.
    pub rooms: Vec<ReachedRoom>,
    /// Rooms that the connection was sent and that lists hold no more.
    pub owed: Vec<RoomNumber>,
    lists: Vec<ReachedList>,
    places: FxHashMap<RoomNumber, usize>,
}

/// How an answer left a connection that got all there was to say: a request on the same terms has to look only at what
/// has changed since.
#[derive(Debug)]
pub struct Settled {
    /// The `pos` of that answer.
    pub pos: Pos,
    /// The request that it answered.
    pub request: Rc<SyncRequest>,
    /// The subscriptions that held.
    pub subscriptions: Rc<Subscriptions>,
    /// Rooms that lists held for this connection only.
    pub owed: Vec<RoomNumber>,
}

/// Subscriptions by room.
pub type Subscriptions = FxHashMap<OwnedRoomId, RoomConfig>;

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
    /// Returns the rooms that the request reaches now. `settled` is how the answer left the connection on which this one
    /// stands.
    pub fn compute(
        cache: &mut AccountCache,
        request: &SyncRequest,
        subscriptions: &Subscriptions,
        state: &State,
        settled: Option<&Settled>,
    ) -> Reach {
        for list in request.lists.values() {
            cache.make_list(&list.filters);
        }
        let cache = &*cache;
        let changed = settled.and_then(|settled| settled.changed(cache, request, subscriptions));
        let mut reach = Reach { owed: owed(cache, state, settled.zip(changed.as_deref())), ..Reach::default() };
        let is_shown = |number: &RoomNumber| cache.rooms.get(*number).is_some_and(|entry| !cache.is_hidden(entry));
        let subscribed = subscriptions.keys().filter_map(|room| cache.rooms.number(room)).filter(is_shown).collect();
        for number in sorted(subscribed) {
            reach.room(number).subscribed = true;
        }
        let views: Vec<WindowedView<'_>> =
            request.lists.values().map(|list| WindowedView::of(cache, list, &reach.owed)).collect();
        for (index, ((key, _), list)) in request.lists.iter().zip(&views).enumerate() {
            for window in list.windows() {
                for part in list.parts(&window, changed.as_deref()) {
                    reach.add_rooms(index, &list.view.rooms(part));
                }
            }
            // Only the unstable wire names the rooms of a window.
            let is_named = request.wire == Wire::Simplified;
            let windows = if is_named { list.named_windows() } else { Vec::new() };
            reach.lists.push(ReachedList { key: key.clone(), count: list.view.len() as u64, windows });
        }
        if changed.is_some() {
            reach.look_up_lists(&views);
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
            owed: Vec::new(),
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

    /// Finds out which windows hold the rooms: each may stand in others than the one by which it came here.
    fn look_up_lists(&mut self, views: &[WindowedView<'_>]) {
        for room in &mut self.rooms {
            for (index, list) in views.iter().enumerate() {
                if list.holds(room.number) {
                    room.lists = room.lists.or(ListSet::only(index));
                }
            }
        }
    }

    /// Returns what is to be looked at and not in this, where `all` is what the request reaches. For tests: it is nothing.
    pub fn missing(
        &self,
        all: &Reach,
        cache: &AccountCache,
        state: &State,
        frontier: Option<Position>,
    ) -> Option<String> {
        let is_settled = |entry: &RoomEntry| {
            let sent = state.rooms.get(&entry.room_id).is_some_and(|sent| sent.mark == Mark::Live);
            sent && frontier.is_some_and(|frontier| entry.last_change() <= frontier)
        };
        let is_same = |room: &&ReachedRoom| match self.get(room.number) {
            Some(own) => own == **room,
            None => {
                let known = cache.rooms.get(room.number).filter(|entry| entry.known != Known::Unknown);
                known.is_none_or(is_settled)
            }
        };
        if let Some(room) = all.rooms.iter().find(|room| !is_same(room)) {
            return Some(format!("{room:?} {:?}", cache.rooms.get(room.number)));
        }
        let said = |reach: &Reach| format!("{:?} owed {:?}", reach.lists, reach.owed);
        (said(self) != said(all)).then(|| format!("{} is not {}", said(self), said(all)))
    }

    fn add_rooms(&mut self, index: usize, rooms: &[RoomNumber]) {
        for &number in rooms {
            let room = self.room(number);
            room.lists = room.lists.or(ListSet::only(index));
        }
    }
}

impl Settled {
    /// Returns the rooms of which anything has changed since, or `None` where that does not say what there is to look at.
    fn changed(
        &self,
        cache: &AccountCache,
        request: &SyncRequest,
        subscriptions: &Subscriptions,
    ) -> Option<Vec<RoomNumber>> {
        if request.pos != Some(self.pos) || cache.rooms.last_forgotten() > self.pos.position {
            return None;
        }
        if !has_same_terms(&self.request, request) || *self.subscriptions != *subscriptions {
            return None;
        }
        let changed: Vec<RoomNumber> = cache.rooms.touched_after(self.pos.position).collect();
        let is_space = |number: &RoomNumber| {
            cache.rooms.get(*number).is_some_and(|entry| entry.room_type.as_deref() == Some("m.space"))
        };
        // A space that changed moves its children in and out, and those did not change themselves.
        let in_spaces = request.lists.values().any(|list| list.filters.spaces.is_some());
        (!(in_spaces && changed.iter().any(is_space))).then_some(changed)
    }
}

/// Returns whether the two ask the same of rooms.
fn has_same_terms(one: &SyncRequest, other: &SyncRequest) -> bool {
    let (before, now) = (&one.extensions, &other.extensions);
    one.lists == other.lists
        && before.account_data == now.account_data
        && before.receipts == now.receipts
        && before.typing == now.typing
        && before.counts == now.counts
}

/// The range of a list that is wanted without one.
const EVERYTHING: (u64, u64) = (0, u64::MAX);

/// Returns the indexes that a range stands for in a list of `count` rooms.
fn indexes((first, last): (u64, u64), count: usize) -> Range<usize> {
    let start = usize::try_from(first).unwrap_or(usize::MAX).min(count);
    let end = usize::try_from(last).unwrap_or(usize::MAX).saturating_add(1).min(count);
    start..end.max(start)
}

/// A list with the windows that are wanted of it.
pub struct WindowedView<'a> {
    /// The list.
    pub view: ListView<'a>,
    ranges: &'a [(u64, u64)],
}

impl<'a> WindowedView<'a> {
    /// Returns a list that was made, with the rooms that are owed to the connection.
    pub fn of(cache: &'a AccountCache, list: &'a ListRequest, owed: &[RoomNumber]) -> WindowedView<'a> {
        let is_extra = |number: &RoomNumber| {
            cache.rooms.get(*number).is_some_and(|entry| cache.matches_filters(&list.filters, entry))
        };
        let extra: Vec<RoomNumber> = owed.iter().copied().filter(is_extra).collect();
        let ranges = match &list.window {
            Window::All => std::slice::from_ref(&EVERYTHING),
            Window::Ranges(ranges) => ranges.as_slice(),
        };
        WindowedView { view: cache.list_with(&list.filters, &extra), ranges }
    }

    fn windows(&self) -> impl Iterator<Item = Range<usize>> {
        let count = self.view.len();
        self.ranges.iter().map(move |range| indexes(*range, count))
    }

    /// Returns whether a window holds the room.
    pub fn holds(&self, number: RoomNumber) -> bool {
        self.view.index_of(number).is_some_and(|index| self.windows().any(|window| window.contains(&index)))
    }

    fn named_windows(&self) -> Vec<((u64, u64), Vec<RoomNumber>)> {
        self.ranges.iter().copied().zip(self.windows().map(|window| self.view.rooms(window))).collect()
    }

    /// Returns the parts of a window that may have news: all of it if it is not known what has changed. Otherwise the
    /// rooms that changed, and as many at its edges, because each room that changed its place may have pushed another
    /// one in.
    fn parts(&self, window: &Range<usize>, changed: Option<&[RoomNumber]>) -> Vec<Range<usize>> {
        let Some(changed) = changed.filter(|changed| changed.len().saturating_mul(2) < window.len()) else {
            return vec![window.clone()];
        };
        let top = window.start..window.start + changed.len();
        let bottom = window.end - changed.len()..window.end;
        let between = top.end..bottom.start;
        let inside = changed.iter().filter_map(|number| self.view.index_of(*number));
        let inside = sorted(inside.filter(|index| between.contains(index)).collect());
        let inside = inside.into_iter().map(|index| index..index + 1);
        std::iter::once(top).chain(inside).chain(std::iter::once(bottom)).collect()
    }
}

/// Returns the rooms that the connection was sent and that lists hold no more. Where it is known which they were and what
/// has changed since, nothing else is looked at.
fn owed(cache: &AccountCache, state: &State, since: Option<(&Settled, &[RoomNumber])>) -> Vec<RoomNumber> {
    let is_owed = |number: &RoomNumber| {
        let unlisted = cache.rooms.get(*number).filter(|entry| !cache.is_listed(entry));
        unlisted.is_some_and(|entry| state.rooms.contains_key(&entry.room_id))
    };
    let owed = match since {
        Some((settled, changed)) => settled.owed.iter().chain(changed).copied().filter(is_owed).collect(),
        None => state.rooms.keys().filter_map(|room| cache.rooms.number(room)).filter(is_owed).collect(),
    };
    sorted_set(owed)
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
