//! One connection: what the client confirmed, what the last answer adds to that, and the request it is asked now.
//!
//! The order of calls is `handle_request`, then `poll_response` until it is ready. Invariants: the confirmed state moves
//! only when a request comes with the `pos` of the answer that moves it; computing an answer consumes nothing, so a
//! request that is superseded, cancelled or repeated loses nothing.

use std::rc::Rc;

use ruma::{DeviceId, OwnedRoomId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    answer::{AnswerLimits, Computed, Done, Question},
    chain::{StateChain, Writes},
    error::SyncError,
    explain::{Stage, Standing},
    extensions::e2ee,
    lists::{Configs, Reach, Settled, Subscriptions},
    pos::Pos,
    request::{RoomConfig, SyncRequest, Wire},
    response::SyncResponse,
    rooms::Fetch,
    state::{Delta, FIRST_STATE, GlobalMarks, State},
    stored::Place,
};
use crate::cache::{AccountCache, Changes, RoomNumber};
use crate::limits::{CONNECTION_LOOPS, STICKY_SUBSCRIPTIONS, TOLD_ROOMS};
use crate::model::{Position, Record, RecordKey, Timestamp};

/// What came of computing an answer.
#[derive(Debug)]
pub enum Poll {
    /// The answer. Write its `writes` before it leaves.
    Ready(Box<Answer>),
    /// Records that are not in memory: load them and poll again.
    Need(Vec<RecordKey>),
    /// Nothing to say yet: poll again on a wake-up, or at this time.
    Wait {
        /// When the wait ends.
        until: Timestamp,
        /// What would be good to have, from the homeserver, in the background.
        fetch: Vec<Fetch>,
    },
    /// A newer request has taken this one's place, or it was cancelled.
    Superseded,
}

/// An answer, and what goes with it.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub response: SyncResponse,
    /// Connection records to put (`Some`) or delete (`None`) before the answer leaves.
    pub writes: Writes,
    /// What would be good to have for next time, from the homeserver, in the background.
    pub fetch: Vec<Fetch>,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    /// The unguessable part of its `pos`.
    pub nonce: u64,
    states: StateChain,
    /// How the last answer left it, unless something was left open.
    settled: Option<Settled>,
    /// The requests that wait, the newest last: one, or several that stand on no state.
    active: Vec<Active>,
    /// The newest request that was accepted, by its serial number: one that came earlier comes too late.
    newest: u64,
    /// The request before those, and when each room was in an answer last: for explaining, and in memory only.
    last: Option<Last>,
    told: FxHashMap<RoomNumber, Timestamp>,
}

/// A request that waits no more.
#[derive(Debug)]
struct Last {
    request: Rc<SyncRequest>,
    stateless: Option<State>,
    frontier: Option<Position>,
    subscriptions: Rc<Subscriptions>,
    /// When it was answered, and the position in the answer's `pos`; `None` where the client hung up before, or the
    /// answer could not be written.
    answered: Option<(Timestamp, Position)>,
}

/// The request that is being answered.
#[derive(Debug)]
struct Active {
    serial: u64,
    request: Rc<SyncRequest>,
    /// The state of a connection that keeps none; otherwise the confirmed one counts.
    stateless: Option<State>,
    frontier: Option<Position>,
    subscriptions: Rc<Subscriptions>,
    until: Timestamp,
    done: Done,
    /// While the request waits: the rooms that were looked at.
    watched: Option<FxHashSet<RoomNumber>>,
}

impl Connection {
    /// Returns a connection that was sent nothing.
    pub fn new(nonce: u64) -> Connection {
        Connection::on(StateChain::new(), nonce)
    }

    /// Returns a connection from its stored parts.
    pub fn restore<'a>(nonce: u64, parts: impl Iterator<Item = Option<&'a Record>>) -> Connection {
        Connection::on(StateChain::restore(parts), nonce)
    }

    fn on(states: StateChain, nonce: u64) -> Connection {
        Connection {
            nonce,
            states,
            settled: None,
            active: Vec::new(),
            newest: 0,
            last: None,
            told: FxHashMap::default(),
        }
    }

    /// Takes a request: judges its `pos`, confirms what that confirms, and drops the requests whose place it takes, whose
    /// serial numbers it returns. The serial number tells it from all others, and says which came earlier.
    pub fn handle_request(
        &mut self,
        cache: &AccountCache,
        device: &DeviceId,
        request: &Rc<SyncRequest>,
        serial: u64,
        now: Timestamp,
    ) -> Result<Vec<u64>, SyncError> {
        if serial < self.newest && !self.may_wait_beside(request) {
            return Err(SyncError::Superseded);
        }
        let base = self.base(cache, request)?;
        let (stateless, frontier) = match base {
            Base::Confirmed(position) => (None, Some(position)),
            Base::Stateless(marks, frontier) => (Some(marks), frontier),
        };
        let marks = stateless.unwrap_or(self.states.confirmed().marks);
        if request.extensions.e2ee && e2ee::is_forgotten(cache.devices.get(device), marks.e2ee, frontier) {
            return Err(SyncError::UnknownPos);
        }
        let stateless = match stateless {
            Some(marks) if request.asks_for_rooms() => {
                self.reset(marks, frontier);
                None
            }
            Some(marks) => Some(State::stateless(marks)),
            None => None,
        };
        let kept = stateless.is_none() && self.is_sticky(request);
        let subscriptions = if kept { self.sticky_subscriptions(request) } else { Vec::new() };
        let subscriptions = subscriptions.into_iter().chain(request.room_subscriptions.clone()).collect();
        let waits = frontier.is_some();
        let active = Active {
            serial,
            request: Rc::clone(request),
            stateless,
            frontier,
            subscriptions: Rc::new(subscriptions),
            until: if waits { now.after(request.timeout) } else { now },
            done: Done::default(),
            watched: None,
        };
        let superseded = self.make_way_for(&active);
        self.active.push(active);
        self.newest = self.newest.max(serial);
        Ok(superseded)
    }

    /// Returns the serial numbers of the requests that are being answered.
    pub fn active(&self) -> impl Iterator<Item = u64> {
        self.active.iter().map(|active| active.serial)
    }

    /// Forgets the request, if it still waits.
    pub fn handle_cancel(&mut self, serial: u64) {
        if let Some(active) = self.take(serial) {
            self.last = Some(active.ended(None));
        }
    }

    /// Notes that the writes of the answer to this request failed.
    pub fn handle_write_failed(&mut self, serial: u64) {
        self.states.handle_write_failed(serial);
        if let Some((at, _)) = self.last.as_mut().and_then(|last| last.answered.take()) {
            self.told.retain(|_, told| *told != at);
        }
    }

    /// Returns how the connection stands, for explaining it.
    pub fn standing(&self) -> Standing<'_> {
        let (told, confirmed) = (&self.told, self.states.confirmed());
        if let Some(active) = self.active.last() {
            return Standing {
                request: Some((&active.request, &active.subscriptions)),
                stage: Stage::Waiting,
                confirmed: active.stateless.as_ref().unwrap_or(confirmed),
                frontier: active.frontier,
                unconfirmed: None,
                told,
            };
        }
        let Some(last) = &self.last else {
            let unconfirmed = self.states.is_unconfirmed().then(|| (self.states.after_answer(), None));
            return Standing { request: None, stage: Stage::Unknown, confirmed, frontier: None, unconfirmed, told };
        };
        let after = || last.stateless.clone().unwrap_or_else(|| self.states.after_answer());
        Standing {
            request: Some((&last.request, &last.subscriptions)),
            stage: last.answered.map_or(Stage::GivenUp, |(at, _)| Stage::Answered(at)),
            confirmed: last.stateless.as_ref().unwrap_or(confirmed),
            frontier: last.frontier,
            unconfirmed: last.answered.map(|(_, position)| (after(), Some(position))),
            told,
        }
    }

    /// Returns the waiting requests that could have something to say now. Only what certainly changes nothing for one
    /// is kept from it.
    pub fn handle_change(&mut self, cache: &mut AccountCache, device: &DeviceId, changes: &Changes) -> Vec<u64> {
        let woken = self.active.iter().filter(|active| self.may_wake(active, cache, device, changes));
        woken.map(|active| active.serial).collect()
    }

    fn may_wake(&self, active: &Active, cache: &mut AccountCache, device: &DeviceId, changes: &Changes) -> bool {
        let Some(watched) = &active.watched else { return false };
        let extensions = &active.request.extensions;
        let for_device = extensions.to_device.is_some() || extensions.e2ee;
        if for_device && changes.devices.iter().any(|changed| changed == device)
            || extensions.presence && changes.presence
            || extensions.account_data.is_some() && !changes.account_data.is_empty()
        {
            return true;
        }
        let lists_move = !changes.rooms.is_empty() || !changes.forgotten.is_empty();
        if !lists_move || (active.request.lists.is_empty() && active.subscriptions.is_empty()) {
            return false;
        }
        let state = active.stateless.as_ref().unwrap_or(self.states.confirmed());
        let reach = Reach::compute(cache, &active.request, &active.subscriptions, state, self.settled.as_ref());
        changes.rooms.iter().any(|number| watched.contains(number) || reach.get(*number).is_some()) || {
            let mut configs = Configs::default();
            reach.rooms.iter().any(|room| {
                let Some(entry) = cache.rooms.get(room.number) else { return false };
                let subscription = active.subscriptions.get(&entry.room_id);
                // A room that moves into another list's window may be wanted with more than before.
                let mut wants_more = || {
                    let sent = state.rooms.get(&entry.room_id);
                    let config = configs.of(*room, subscription, &active.request);
                    sent.is_some_and(|sent| !configs.is_kept(&sent.config, &config))
                };
                !watched.contains(&room.number) && state.lacks(cache, entry, active.frontier) || wants_more()
            })
        }
    }

    /// Computes the answer to the request.
    pub fn poll_response(
        &mut self,
        cache: &mut AccountCache,
        place: Place<'_>,
        serial: u64,
        limits: AnswerLimits,
        now: Timestamp,
    ) -> Poll {
        let Some(active) = self.active.iter_mut().find(|active| active.serial == serial) else {
            return Poll::Superseded;
        };
        let mut done = std::mem::take(&mut active.done);
        let state = active.stateless.as_ref().unwrap_or(self.states.confirmed());
        let reach = Reach::compute(cache, &active.request, &active.subscriptions, state, self.settled.as_ref());
        debug_assert_eq!(
            {
                let all = Reach::compute(cache, &active.request, &active.subscriptions, state, None);
                reach.missing(&all, cache, state, active.frontier)
            },
            None,
            "this is not looked at, although it may have news"
        );
        let question = Question {
            cache,
            device: place.device,
            request: &active.request,
            subscriptions: &active.subscriptions,
            frontier: active.frontier,
            state,
            reach: &reach,
            limits,
            now,
        };
        let computed = question.compute(&mut done);
        active.done = done;
        let computed = match computed {
            Ok(computed) => computed,
            Err(missing) => return Poll::Need(missing),
        };
        let waits = (!computed.response.has_news() && now < active.until).then_some(active.until);
        if let Some(until) = computed.due.or(waits) {
            active.watched = Some(reach.rooms.iter().map(|room| room.number).collect());
            return Poll::Wait { until, fetch: computed.fetch };
        }
        match self.take(serial) {
            Some(active) => Poll::Ready(Box::new(self.finish(cache, place, active, computed, reach.owed, now))),
            None => Poll::Superseded,
        }
    }

    /// Ends the requests that cannot wait beside this one, and returns their serial numbers. On the simplified wire loops
    /// that stand on no state can: what fetches the notifications of an application asks on its `encryption` connection
    /// while it runs, and either would give up if it were told that it is one too many (`spec/clients.md` §6.11). Each of
    /// their answers follows from its request alone.
    fn make_way_for(&mut self, newer: &Active) -> Vec<u64> {
        let kept = if self.may_wait_beside(&newer.request) { CONNECTION_LOOPS - 1 } else { 0 };
        let surplus = self.active.len().saturating_sub(kept);
        self.active.drain(..surplus).map(|active| active.serial).collect()
    }

    fn may_wait_beside(&self, request: &SyncRequest) -> bool {
        let is_loop = request.wire == Wire::Simplified && !request.asks_for_rooms();
        let stands_on_state = request.pos.is_some_and(|pos| pos.state >= FIRST_STATE);
        is_loop && !stands_on_state && self.active.iter().all(|active| active.stateless.is_some())
    }

    fn take(&mut self, serial: u64) -> Option<Active> {
        let index = self.active.iter().position(|active| active.serial == serial)?;
        Some(self.active.remove(index))
    }

    /// Judges `pos`.
    fn base(&mut self, cache: &AccountCache, request: &SyncRequest) -> Result<Base, SyncError> {
        let Some(pos) = request.pos else { return Ok(Base::Stateless(GlobalMarks::default(), None)) };
        if pos.nonce != self.nonce || !cache.account.knows(pos.position, pos.incarnation) {
            return Err(SyncError::UnknownPos);
        }
        if pos.state < FIRST_STATE {
            return Ok(Base::Stateless(GlobalMarks::from_bits(pos.state), Some(pos.position)));
        }
        if !self.states.confirm(&pos) {
            return Err(SyncError::UnknownPos);
        }
        Ok(Base::Confirmed(pos.position))
    }

    /// Forgets what the client was sent.
    fn reset(&mut self, marks: GlobalMarks, frontier: Option<Position>) {
        self.states.reset(frontier.unwrap_or_default(), marks);
        self.told.clear();
    }

    /// Returns whether the client has shown that it sends each subscription once.
    fn is_sticky(&self, request: &SyncRequest) -> bool {
        self.states.confirmed().sticky || request.sticky_subscriptions
    }

    /// Returns the subscriptions that a client of the old kind still has, oldest first, the request's own among them.
    fn sticky_subscriptions(&self, request: &SyncRequest) -> Vec<(OwnedRoomId, RoomConfig)> {
        let gone = |room: &OwnedRoomId| {
            request.unsubscribe_rooms.contains(room) || request.room_subscriptions.contains_key(room)
        };
        let kept = self.states.confirmed().subscriptions.iter().filter(|(room, _)| !gone(room)).cloned();
        let named = request.room_subscriptions.iter().map(|(room, config)| (room.clone(), config.clone()));
        let mut all: Vec<_> = kept.chain(named).collect();
        let surplus = all.len().saturating_sub(STICKY_SUBSCRIPTIONS);
        all.drain(..surplus);
        all
    }

    /// Turns what was computed into the answer, and notes what it adds.
    fn finish(
        &mut self,
        cache: &AccountCache,
        place: Place<'_>,
        mut active: Active,
        computed: Computed,
        owed: Vec<RoomNumber>,
        now: Timestamp,
    ) -> Answer {
        let Computed { mut response, mut delta, fetch, complete, .. } = computed;
        self.settled = None;
        let mut pos =
            Pos { state: 0, position: cache.position(), incarnation: cache.account.incarnation, nonce: self.nonce };
        if let Some(state) = &active.stateless {
            if let Some(bits) = delta.marks.to_bits() {
                pos.state = bits;
                response.pos = pos;
                self.last = Some(active.ended(Some((now, pos.position))));
                return Answer { response, writes: Vec::new(), fetch };
            }
            self.reset(state.marks, active.frontier);
            active.stateless = None;
        } else if self.is_sticky(&active.request) {
            delta.sticky = true;
            let subscriptions = self.sticky_subscriptions(&active.request);
            let is_new = subscriptions != *self.states.confirmed().subscriptions;
            delta.subscriptions = is_new.then(|| Rc::new(subscriptions));
        }
        let owes_more = owes_more(cache, &delta, &owed);
        let (number, writes) = self.states.propose(delta, active.serial, place);
        pos.state = number;
        response.pos = pos;
        if complete && !owes_more {
            let (request, subscriptions) = (Rc::clone(&active.request), Rc::clone(&active.subscriptions));
            self.settled = Some(Settled { pos, request, subscriptions, owed });
        }
        self.note_told(cache, &response, now);
        self.last = Some(active.ended(Some((now, pos.position))));
        Answer { response, writes, fetch }
    }

    fn note_told(&mut self, cache: &AccountCache, response: &SyncResponse, now: Timestamp) {
        let rooms = response.rooms.iter().filter_map(|(room, _)| cache.rooms.number(room));
        self.told.extend(rooms.map(|number| (number, now)));
        if self.told.len() > TOLD_ROOMS {
            self.told.retain(|_, told| *told == now);
        }
    }
}

impl Active {
    fn ended(self, answered: Option<(Timestamp, Position)>) -> Last {
        let Active { request, stateless, frontier, subscriptions, .. } = self;
        Last { request, stateless, frontier, subscriptions, answered }
    }
}

/// Returns whether the connection is owed rooms after this answer that it was not owed before: rooms that lists do not
/// hold, and that a subscription has brought.
fn owes_more(cache: &AccountCache, delta: &Delta, owed: &[RoomNumber]) -> bool {
    let sent = delta.rooms.iter().filter(|(_, sent)| sent.is_some());
    sent.filter_map(|(room, _)| cache.rooms.number(room))
        .any(|number| !owed.contains(&number) && cache.rooms.get(number).is_some_and(|entry| !cache.is_listed(entry)))
}

/// What an answer stands on.
enum Base {
    /// The confirmed state, with the frontier of `pos`.
    Confirmed(Position),
    /// No state: nothing was sent, or only what follows the frontier.
    Stateless(GlobalMarks, Option<Position>),
}
