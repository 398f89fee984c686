//! Computing one answer.
//!
//! Invariant: this reads the confirmed state and changes nothing; what the answer adds is a delta that it returns.

use std::rc::Rc;

use ruma::{DeviceId, OwnedEventId, OwnedRoomId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    draft::Draft,
    extensions::{self, LoadedParts, RoomsOfAnswer},
    lists::{Configs, Reach, ReachedRoom},
    pos::Pos,
    reader::Reader,
    request::{RoomConfig, SyncRequest},
    response::{RoomResult, SyncResponse},
    rooms::{self, EffectiveConfig, Fetch, RoomContext, RoomOutcome, RoomTask},
    state::{Delta, RoomSent, State},
    unsigned::Audience,
};
use crate::cache::{AccountCache, RoomNumber};
use crate::limits::{ANSWER_BYTES, ANSWER_ROOMS, NEEDED_RECORDS};
use crate::model::{Known, Position, RecordKey, RoomEntry, Timestamp, order::in_order};

/// How much one answer carries at most; the rest comes with the next.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// Rooms.
    pub rooms: usize,
    /// About how many bytes.
    pub bytes: usize,
}

impl Default for AnswerLimits {
    fn default() -> AnswerLimits {
        AnswerLimits { rooms: ANSWER_ROOMS, bytes: ANSWER_BYTES }
    }
}

/// What is asked, of what, and when.
pub struct Question<'a> {
    /// The account.
    pub cache: &'a AccountCache,
    /// Who asks.
    pub device: &'a DeviceId,
    /// What is asked.
    pub request: &'a SyncRequest,
    /// The subscriptions that hold: the request's own, and those kept for a client that sends each once.
    pub subscriptions: &'a FxHashMap<OwnedRoomId, RoomConfig>,
    /// The position in the request's `pos`; `None` without `pos`.
    pub frontier: Option<Position>,
    /// What the client confirmed.
    pub state: &'a State,
    /// The rooms that the request reaches.
    pub reach: &'a Reach,
    /// How much the answer carries at most.
    pub limits: AnswerLimits,
    /// The time of the answer.
    pub now: Timestamp,
}

/// An answer, not yet numbered.
pub struct Computed {
    /// What is said.
    pub response: SyncResponse,
    /// What the client has more then.
    pub delta: Delta,
    /// What would be good to have for next time.
    pub fetch: Vec<Fetch>,
    /// Whether this is all that there is to say now.
    pub complete: bool,
    /// Until when the answer has to wait: it lacks a room whose news another poll is about to complete. Without it, the
    /// room's events would not be told to be live when they come.
    pub due: Option<Timestamp>,
}

/// What was computed already while records were missing, so that loading always makes progress.
#[derive(Debug, Default)]
pub struct Done {
    /// The position of the account for which it holds.
    at: Position,
    rooms: FxHashMap<RoomNumber, RoomOutcome>,
    extensions: FxHashMap<RoomNumber, LoadedParts>,
}

impl Question<'_> {
    /// Computes the answer, or tells which records are missing.
    pub fn compute(&self, done: &mut Done) -> Result<Computed, Vec<RecordKey>> {
        let position = self.cache.position();
        if done.at != position {
            *done = Done { at: position, ..Done::default() };
        }
        let context = self.context();
        let mut reader = Reader::new(&self.cache.records);
        let mut draft = Draft::new(self.state);
        let mut results = self.rooms(&context, &mut reader, &mut draft, done);
        if reader.missing() > 0 {
            return Err(reader.into_missing());
        }
        freeze(&context, self.reach, &results, &mut draft);
        let complete = results.held_back.is_empty();
        draft.live_from = if complete { None } else { self.state.live_from.or(self.frontier) };
        let rooms = RoomsOfAnswer { anew: results.anew(), held_back: std::mem::take(&mut results.held_back) };
        let extensions = extensions::compute(
            &context,
            &mut reader,
            &self.request.extensions,
            self.reach,
            &rooms,
            &mut draft,
            &mut done.extensions,
        );
        let Some(extensions) = extensions else { return Err(reader.into_missing()) };
        let response = SyncResponse {
            pos: Pos { state: 0, position, incarnation: self.cache.account.incarnation, nonce: 0 },
            txn_id: self.request.txn_id.clone(),
            typing_names: self.request.typing_names,
            lists: in_order(self.reach.responses(self.cache)),
            rooms: results.rooms,
            extensions,
        };
        let delta = draft.into_delta(position, None, self.state.sticky);
        Ok(Computed { response, delta, fetch: results.fetch, complete, due: results.due })
    }

    fn context(&self) -> RoomContext<'_> {
        let devices = &self.cache.devices;
        // With two devices, the author's polls are the ones that bring most.
        let author = self.cache.account.author.as_deref().unwrap_or(self.device);
        RoomContext {
            cache: self.cache,
            wire: self.request.wire,
            audience: Audience { device: self.device, now: self.now },
            since: devices.get(author).and_then(|device| device.record.since.as_deref()),
            frontier: self.frontier,
            live_from: self.state.live_from,
            shares_account: devices.values().filter(|device| device.record.since.is_some()).nth(1).is_some(),
        }
    }

    fn rooms<'c>(
        &'c self,
        context: &RoomContext<'c>,
        reader: &mut Reader<'c>,
        draft: &mut Draft<'_>,
        done: &mut Done,
    ) -> Results {
        let mut results = Results::default();
        let mut configs = Configs::default();
        for room in &self.reach.rooms {
            let Some(look) = self.look(context, &mut configs, *room) else { continue };
            let (entry, task) = (look.entry, look.task());
            if results.is_full(self.limits) {
                results.held_back.insert(room.number);
                continue;
            }
            if let Some(Some(until)) = rooms::withheld_until(context, reader, entry) {
                results.withhold(room.number, until);
                continue;
            }
            if reader.missing() >= NEEDED_RECORDS {
                break;
            }
            match done.room(context, reader, room.number, &task) {
                Some(outcome) => results.add(self.reach, *room, entry, outcome, draft),
                // Counted, so that no more is loaded than one answer holds.
                None => results.rooms_missing += 1,
            }
        }
        results
    }
}

impl<'c> Question<'c> {
    /// Returns how many rooms an answer looks at before it comes to this one.
    pub fn ahead_of(&self, number: RoomNumber) -> usize {
        let (context, mut configs) = (self.context(), Configs::default());
        let before = self.reach.rooms.iter().take_while(|room| room.number != number);
        before.filter(|room| self.look(&context, &mut configs, **room).is_some()).count()
    }

    /// Returns what there is to look at of a room; `None` where nothing but its id is known, or nothing about it has
    /// changed for this connection.
    fn look(&self, context: &RoomContext<'_>, configs: &mut Configs, room: ReachedRoom) -> Option<Look<'c>> {
        let entry = self.cache.rooms.get(room.number).filter(|entry| entry.known != Known::Unknown)?;
        let config = configs.of(room, self.subscriptions.get(&entry.room_id), self.request);
        let sent = self.state.rooms.get(&entry.room_id);
        let config_kept = sent.is_some_and(|sent| configs.is_kept(&sent.config, &config));
        let look = Look { entry, sent, config, config_kept, subscribed: room.subscribed };
        (!rooms::is_unchanged(context, &look.task())).then_some(look)
    }
}

/// A room that an answer looks at.
struct Look<'a> {
    entry: &'a RoomEntry,
    sent: Option<&'a RoomSent>,
    config: Rc<EffectiveConfig>,
    config_kept: bool,
    subscribed: bool,
}

impl Look<'_> {
    fn task(&self) -> RoomTask<'_> {
        let Look { entry, sent, config, config_kept, subscribed } = self;
        RoomTask { entry, sent: *sent, config, config_kept: *config_kept, subscribed: *subscribed }
    }
}

impl Done {
    fn room<'c>(
        &mut self,
        context: &RoomContext<'c>,
        reader: &mut Reader<'c>,
        number: RoomNumber,
        task: &RoomTask<'_>,
    ) -> Option<RoomOutcome> {
        if let Some(outcome) = self.rooms.get(&number) {
            return Some(outcome.clone());
        }
        let outcome = rooms::compute(context, reader, task)?;
        self.rooms.insert(number, outcome.clone());
        Some(outcome)
    }
}

/// The rooms of an answer, up to its limits.
#[derive(Default)]
struct Results {
    rooms: Vec<(OwnedRoomId, RoomResult)>,
    fetch: Vec<Fetch>,
    held_back: FxHashSet<RoomNumber>,
    /// Until when the answer waits for another poll to complete what is said of a room.
    due: Option<Timestamp>,
    rooms_missing: usize,
    size: usize,
}

impl Results {
    fn is_full(&self, limits: AnswerLimits) -> bool {
        self.rooms.len() + self.rooms_missing >= limits.rooms || self.size >= limits.bytes
    }

    /// Leaves out a room that the answer waits for. It is held back from the extensions as well: which receipts go with
    /// a room follows from the timeline that it is sent with, and what was read of them is kept for the next look.
    fn withhold(&mut self, room: RoomNumber, until: Timestamp) {
        self.held_back.insert(room);
        self.due = Some(self.due.map_or(until, |due| due.max(until)));
    }

    fn add(
        &mut self,
        reach: &Reach,
        room: ReachedRoom,
        entry: &RoomEntry,
        outcome: RoomOutcome,
        draft: &mut Draft<'_>,
    ) {
        if let Some(mut result) = outcome.result {
            result.lists = reach.keys(room.lists);
            self.size += result.size();
            self.rooms.push((entry.room_id.clone(), result));
        }
        if let Some(delta) = outcome.delta {
            draft.put(&entry.room_id, delta);
        }
        self.fetch.extend(outcome.fetch);
    }

    /// Returns the timelines that are sent anew or expanded.
    fn anew(&self) -> FxHashMap<OwnedRoomId, FxHashSet<OwnedEventId>> {
        let is_anew =
            |result: &RoomResult| result.initial || result.timeline.as_ref().is_some_and(|timeline| timeline.expanded);
        let ids = |result: &RoomResult| {
            let events = result.timeline.iter().flat_map(|timeline| &timeline.events);
            events.map(|item| item.event.header.event_id.clone()).collect()
        };
        self.rooms
            .iter()
            .filter(|(_, result)| is_anew(result))
            .map(|(room, result)| (room.clone(), ids(result)))
            .collect()
    }
}

/// Marks the rooms that changed and are not sent now: they stay behind the frontier. Forgets those that are gone.
fn freeze(context: &RoomContext<'_>, reach: &Reach, results: &Results, draft: &mut Draft<'_>) {
    let Some(frontier) = context.frontier else { return };
    for number in context.cache.rooms.changed_after(frontier) {
        let Some(entry) = context.cache.rooms.get(number) else { continue };
        let sent = reach.get(number).is_some() && !results.held_back.contains(&number);
        if !sent && rooms::last_change(context.wire, entry) > frontier {
            draft.change(&entry.room_id, |sent| sent.mark = sent.mark.frozen(frontier));
        }
    }
    if context.cache.rooms.last_forgotten() <= frontier {
        return;
    }
    let gone: Vec<OwnedRoomId> =
        draft.state.rooms.keys().filter(|room| context.cache.rooms.number(room).is_none()).cloned().collect();
    for room in gone {
        draft.forget(&room);
    }
}
