//! The extensions of an answer.
//!
//! Invariants: in scope is not permission (kicked and banned rooms get nothing); nothing of a room is sent before the
//! room itself; what the client has not confirmed repeats, because only the draft moves.

mod account_data;
mod counts;
pub(super) mod e2ee;
mod presence;
mod receipts;
mod scope;
pub(super) mod to_device;
pub(super) mod typing;

use std::{collections::BTreeMap, rc::Rc};

use ruma::{OwnedEventId, OwnedRoomId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;

use self::scope::ScopeTest;
use super::{
    draft::Draft,
    lists::{Reach, ReachedRoom},
    reader::Reader,
    request::{ExtensionsRequest, Wire},
    response::{AccountDataResponse, ExtensionsResponse},
    rooms::{self, RoomContext},
    state::Mark,
};
use crate::cache::RoomNumber;
use crate::limits::NEEDED_RECORDS;
use crate::model::{Membership, Position, Receipt, RoomEntry};

/// What the rooms of the answer mean for the extensions.
#[derive(Default)]
pub struct RoomsOfAnswer {
    /// The timelines that are sent anew or expanded: their receipts come with them.
    pub anew: FxHashMap<OwnedRoomId, FxHashSet<OwnedEventId>>,
    /// Rooms that this answer has no room for.
    pub held_back: FxHashSet<RoomNumber>,
}

/// The per-room extensions, ready for asking about many rooms; `None` where not asked for.
struct PerRoom<'a> {
    account_data: Option<ScopeTest<'a>>,
    receipts: Option<ScopeTest<'a>>,
    typing: Option<ScopeTest<'a>>,
    counts: bool,
}

/// Which per-room extensions cover a room.
#[derive(Clone, Copy)]
struct Covered {
    account_data: bool,
    receipts: bool,
    typing: bool,
    counts: bool,
}

/// What was read of a room already while records of others were missing, so that loading always makes progress.
#[derive(Debug, Default)]
pub struct LoadedParts {
    account_data: Option<Vec<Rc<RawValue>>>,
    receipts: Option<Vec<Receipt>>,
}

/// Returns the extensions' part of the answer, or `None` if records are missing; moves the draft's marks.
pub fn compute<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    request: &ExtensionsRequest,
    reach: &Reach,
    rooms: &RoomsOfAnswer,
    draft: &mut Draft<'_>,
    loaded: &mut FxHashMap<RoomNumber, LoadedParts>,
) -> Option<ExtensionsResponse> {
    let global = global(context, reader, request, draft);
    let mut complete = global.is_some();
    let mut response = global.unwrap_or_default();
    let per_room = PerRoom::new(request, reach, context.wire);
    let frontier = context.frontier.unwrap_or_default();
    let mut step = RoomStep { context, reader, rooms, draft, response: &mut response, frontier };
    for room in reach.rooms.iter().filter(|room| !rooms.held_back.contains(&room.number)) {
        let Some(entry) = context.cache.rooms.get(room.number) else { continue };
        if step.reader.missing() >= NEEDED_RECORDS {
            return None;
        }
        let covered = per_room.covers(entry, *room);
        if covered.any() {
            complete &= step.room(entry, covered, loaded.entry(room.number).or_default()).is_some();
        }
    }
    if context.frontier.is_some() {
        freeze(context, reach, &per_room, rooms, draft);
    }
    complete.then_some(response)
}

/// What belongs to no room.
fn global<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    request: &ExtensionsRequest,
    draft: &mut Draft<'_>,
) -> Option<ExtensionsResponse> {
    let frontier = context.frontier.unwrap_or_default();
    let cache = context.cache;
    let device = cache.devices.get(context.audience.device);
    let mut response = ExtensionsResponse::default();
    let marks = draft.marks;
    if request.e2ee {
        (response.e2ee, draft.marks.e2ee) = e2ee::compute(device, marks.e2ee, context.frontier, context.wire);
    } else {
        draft.marks.e2ee = e2ee::frozen(device, marks.e2ee, frontier);
    }
    if request.account_data.is_some() {
        let global = account_data::newer(&cache.account_data, marks.account_data.position(frontier));
        response.account_data = Some(AccountDataResponse { global, ..AccountDataResponse::default() });
        draft.marks.account_data = Mark::Live;
    } else if !account_data::newer(&cache.account_data, Some(frontier)).is_empty() {
        draft.marks.account_data = marks.account_data.frozen(frontier);
    }
    if request.presence {
        response.presence = Some(presence::compute(cache, marks.presence, frontier));
        draft.marks.presence = Mark::Live;
    } else {
        draft.marks.presence = presence::frozen(cache, marks.presence, frontier);
    }
    response.receipts = request.receipts.as_ref().map(|_| BTreeMap::new());
    response.typing = request.typing.as_ref().map(|_| BTreeMap::new());
    response.counts = request.counts.then(BTreeMap::new);
    if let Some(to_device) = &request.to_device {
        response.to_device = to_device::compute(reader, device, to_device, context.wire)?;
    }
    Some(response)
}

/// What belongs to the rooms that the request reaches and the client has.
struct RoomStep<'s, 'a, 'd> {
    context: &'s RoomContext<'a>,
    reader: &'s mut Reader<'a>,
    rooms: &'s RoomsOfAnswer,
    draft: &'s mut Draft<'d>,
    response: &'s mut ExtensionsResponse,
    frontier: Position,
}

impl RoomStep<'_, '_, '_> {
    fn room(&mut self, entry: &RoomEntry, covered: Covered, loaded: &mut LoadedParts) -> Option<()> {
        let Some(sent) = self.draft.sent(&entry.room_id) else { return Some(()) };
        let (before, limit) = (sent.marks, sent.config.timeline_limit);
        let mut after = before;
        let account_data = !covered.account_data || self.account_data(entry, &mut after.account_data, loaded).is_some();
        let receipts = !covered.receipts || self.receipts(entry, limit, &mut after.receipts, loaded).is_some();
        if covered.typing {
            self.typing(entry, &mut after.typing);
        }
        if covered.counts {
            self.counts(entry, &mut after.counts);
        }
        if after != before {
            self.draft.mark(&entry.room_id, |marks| *marks = after);
        }
        (account_data && receipts).then_some(())
    }

    fn account_data(&mut self, entry: &RoomEntry, mark: &mut Mark, loaded: &mut LoadedParts) -> Option<()> {
        if loaded.account_data.is_none() {
            loaded.account_data = Some(account_data::of_room(self.reader, entry, *mark, self.frontier)?);
        }
        let events = loaded.account_data.clone()?;
        *mark = moved(*mark, entry.changed.account_data, self.frontier);
        if let Some(part) = self.response.account_data.as_mut().filter(|_| !events.is_empty()) {
            part.rooms.insert(entry.room_id.clone(), events);
        }
        Some(())
    }

    fn receipts(&mut self, entry: &RoomEntry, limit: u32, mark: &mut Mark, loaded: &mut LoadedParts) -> Option<()> {
        if loaded.receipts.is_none() {
            loaded.receipts = Some(self.read_receipts(entry, limit, *mark)?);
        }
        let receipts = loaded.receipts.clone()?;
        *mark = moved(*mark, entry.changed.receipts, self.frontier);
        if let Some(part) = self.response.receipts.as_mut().filter(|_| !receipts.is_empty()) {
            part.insert(entry.room_id.clone(), receipts);
        }
        Some(())
    }

    fn read_receipts(&mut self, entry: &RoomEntry, limit: u32, mark: Mark) -> Option<Vec<Receipt>> {
        let user = &self.context.cache.user_id;
        match self.rooms.anew.get(&entry.room_id) {
            // A room that was sent before its receipts were asked for: as if it came only now.
            None if mark.is_never() && entry.changed.receipts > Position::default() => {
                let shown = rooms::newest(self.context, self.reader, entry, limit)?;
                let shown = shown.into_iter().map(|item| item.event.header.event_id.clone()).collect();
                receipts::of_room(self.reader, user, entry, mark, self.frontier, Some(&shown))
            }
            anew => receipts::of_room(self.reader, user, entry, mark, self.frontier, anew),
        }
    }

    fn typing(&mut self, entry: &RoomEntry, mark: &mut Mark) {
        let users = typing::of_room(self.context.cache, entry, *mark, self.frontier);
        if let Some((part, users)) = self.response.typing.as_mut().zip(users) {
            part.insert(entry.room_id.clone(), users);
        }
        *mark = moved(*mark, typing::changed(self.context.cache, entry), self.frontier);
    }

    fn counts(&mut self, entry: &RoomEntry, mark: &mut Mark) {
        let counts = counts::of_room(entry, *mark, self.frontier);
        if let Some((part, counts)) = self.response.counts.as_mut().zip(counts) {
            part.insert(entry.room_id.clone(), counts);
        }
        *mark = moved(*mark, entry.changed.counts, self.frontier);
    }
}

/// Returns the mark of what is up to date now. One that stayed behind although nothing came after it stays as it is,
/// because to move it would have to be stored.
fn moved(mark: Mark, changed: Position, frontier: Position) -> Mark {
    match mark.position(frontier) {
        Some(upto) if changed <= upto => mark,
        _ => Mark::Live,
    }
}

/// Marks what changed out of scope: it stays behind the frontier, so that it is sent when it comes back into scope.
fn freeze(
    context: &RoomContext<'_>,
    reach: &Reach,
    per_room: &PerRoom<'_>,
    rooms: &RoomsOfAnswer,
    draft: &mut Draft<'_>,
) {
    let frontier = context.frontier.unwrap_or_default();
    let cache = context.cache;
    let typing = cache.typing.iter().filter(|(_, typing)| typing.position > frontier);
    let numbers: FxHashSet<RoomNumber> =
        cache.rooms.changed_after(frontier).chain(typing.filter_map(|(room, _)| cache.rooms.number(room))).collect();
    for number in numbers {
        let Some(entry) = cache.rooms.get(number) else { continue };
        let reached = reach.get(number).filter(|_| !rooms.held_back.contains(&number));
        let covered = reached.map_or(Covered::NONE, |room| per_room.covers(entry, room));
        let stays = |mark: &mut Mark, covered: bool, changed: Position| {
            if !covered && changed > frontier {
                *mark = mark.frozen(frontier);
            }
        };
        draft.mark(&entry.room_id, |marks| {
            stays(&mut marks.account_data, covered.account_data, entry.changed.account_data);
            stays(&mut marks.receipts, covered.receipts, entry.changed.receipts);
            stays(&mut marks.typing, covered.typing, typing::changed(cache, entry));
            stays(&mut marks.counts, covered.counts, entry.changed.counts);
        });
    }
}

impl Covered {
    fn any(self) -> bool {
        self.account_data || self.receipts || self.typing || self.counts
    }

    const NONE: Covered = Covered { account_data: false, receipts: false, typing: false, counts: false };
}

impl<'a> PerRoom<'a> {
    fn new(request: &'a ExtensionsRequest, reach: &Reach, wire: Wire) -> PerRoom<'a> {
        let test = |scope: &'a Option<_>| scope.as_ref().map(|scope| ScopeTest::new(scope, reach, wire));
        PerRoom {
            account_data: test(&request.account_data),
            receipts: test(&request.receipts),
            typing: test(&request.typing),
            counts: request.counts,
        }
    }

    fn covers(&self, entry: &RoomEntry, room: ReachedRoom) -> Covered {
        let covers = |test: &Option<ScopeTest<'_>>| test.as_ref().is_some_and(|test| test.covers(room, &entry.room_id));
        let joined = entry.membership == Membership::Join;
        let pending = entry.membership.is_pending();
        Covered {
            account_data: (joined || pending) && covers(&self.account_data),
            receipts: joined && covers(&self.receipts),
            typing: joined && covers(&self.typing),
            counts: joined && self.counts,
        }
    }
}
