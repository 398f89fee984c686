//! A room's timeline in the making.
//!
//! Invariants: ordinals have no holes; the live end only grows, and what is filled in later moves the older events to
//! lower ordinals, never the newer ones to higher; two neighbours without `gap_before` between them are neighbours in
//! the homeserver's timeline, too.

use std::{ops::Range, rc::Rc};

use ruma::{DeviceId, EventId, OwnedUserId, UserId};
use rustc_hash::FxHashSet;

use super::{draft::Draft, incoming::Incoming, records::Records};
use crate::{
    limits,
    model::{CHUNK_LENGTH, Event, Ordinal, Position, Record, RecordKey, RoomEntry, TimelineChunk, TimelineEvent},
};

pub(super) struct Timeline {
    slots: Vec<Slot>,
    /// One past the newest ordinal.
    end: i64,
    /// The ordinals that storage has.
    stored: Range<i64>,
    /// Nothing is before the first event.
    pub complete: bool,
    /// Whether events were dropped because there were too many.
    pub trimmed: bool,
}

struct Slot {
    event: TimelineEvent,
    /// Whether its chunk has to be written.
    edited: bool,
    /// Whether the present stay began with it.
    joins: bool,
}

/// Where events that come in at the live end stand.
pub(super) struct Live<'a> {
    pub position: Position,
    /// The homeserver left out events before the first one.
    pub limited: bool,
    /// What is held ends somewhere before the first one.
    pub broken: bool,
    /// The token for the place before the first one.
    pub token_before: Option<&'a str>,
    /// The token for the place after the last one.
    pub token_after: Option<&'a str>,
    /// The device whose poll brought them.
    pub device: &'a DeviceId,
    /// Whose account it is.
    pub user: &'a UserId,
}

/// Where events that are laid under what is held stand.
pub(super) struct Laid<'a> {
    pub position: Position,
    pub token_before: Option<&'a str>,
    pub token_after: Option<&'a str>,
    /// Nothing is before the first one.
    pub complete: bool,
    /// Where the chain of `since` began, if it has brought all that these events may hold. What stands behind the last
    /// known one then is from before that, and nobody else will bring it.
    pub chain_start: Option<Position>,
    /// Users whose events may be missing in the middle of what is held, because the homeserver left them out of it.
    pub unignored: &'a [OwnedUserId],
    /// Users whose messages these events may lack, though some are held: other endpoints than `/sync` show them.
    pub ignored: &'a [OwnedUserId],
}

impl Slot {
    fn new(event: Event, position: Position, live: bool) -> Slot {
        let event = TimelineEvent {
            ordinal: Ordinal(i64::MIN),
            position,
            event,
            live,
            gap_before: false,
            token_before: None,
            token_after: None,
            transaction: None,
            not_sent_by: Vec::new(),
        };
        Slot { event, edited: true, joins: false }
    }

    /// Notes that the device did not send this event of the user's own, as its poll brought it without a transaction id;
    /// returns whether that is new.
    fn note_not_sent(&mut self, device: &DeviceId, user: &UserId) -> bool {
        let event = &mut self.event;
        let is_open = event.live && event.transaction.is_none() && event.event.sender() == user;
        let is_new = is_open && !event.not_sent_by.iter().any(|held| held == device);
        if is_new {
            event.not_sent_by.push(device.to_owned());
        }
        is_new
    }
}

impl Timeline {
    /// Returns what is held of a room's timeline.
    pub fn open(entry: &RoomEntry, records: &mut Records<'_>, fresh: bool) -> Timeline {
        let stored = if fresh { 0..0 } else { entry.timeline_first.0..entry.timeline_end.0 };
        let mut slots = Vec::with_capacity(usize::try_from(stored.end - stored.start).unwrap_or(0) + 16);
        for chunk in chunks(&stored) {
            let record = records.timeline(&RecordKey::Timeline(entry.room_id.clone(), chunk));
            slots.extend(record.events.iter().map(|event| Slot {
                event: event.clone(),
                edited: false,
                joins: entry.joined_at == Some(event.ordinal),
            }));
        }
        Timeline { slots, end: entry.timeline_end.0, stored, complete: entry.timeline_complete, trimmed: false }
    }

    /// Returns the events, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &TimelineEvent> + Clone {
        self.slots.iter().map(|slot| &slot.event)
    }

    /// Returns whether the event is held.
    pub fn contains(&self, id: &EventId) -> bool {
        self.index_of(id).is_some()
    }

    /// Returns an event that is held.
    pub fn get(&self, id: &EventId) -> Option<&Event> {
        self.index_of(id).and_then(|index| self.slots.get(index)).map(|slot| &slot.event.event)
    }

    /// Returns the latest event.
    pub fn last(&self) -> Option<&TimelineEvent> {
        self.slots.last().map(|slot| &slot.event)
    }

    /// Returns where the next live event would stand.
    pub fn live_end(&self) -> Ordinal {
        Ordinal(self.end)
    }

    /// Returns the events that were appended since the live end was there, oldest first.
    pub fn appended_since(&self, end: Ordinal) -> impl DoubleEndedIterator<Item = &Event> + Clone {
        let new = usize::try_from(self.end.saturating_sub(end.0)).unwrap_or(0);
        self.slots.iter().skip(self.slots.len().saturating_sub(new)).map(|slot| &slot.event.event)
    }

    /// Returns whether anything was added or edited.
    pub fn is_edited(&self) -> bool {
        self.slots.iter().any(|slot| slot.edited)
    }

    /// Returns the ids of the events.
    pub fn ids(&self) -> FxHashSet<&EventId> {
        self.slots.iter().map(|slot| slot.event.event.id()).collect()
    }

    /// Returns how many of these events stand before or at the last one that is held. Those of them that are not held
    /// are late backfill.
    pub fn overlap(&self, events: &[Incoming]) -> usize {
        events.iter().rposition(|incoming| self.contains(incoming.event.id())).map_or(0, |index| index + 1)
    }

    /// Appends what is new behind what is known, and returns the new events. An unknown event before a known one is late
    /// backfill: it belongs to history, not to the live end, and is passed over.
    pub fn append(&mut self, events: Vec<Incoming>, live: &Live<'_>) -> Vec<Event> {
        let overlap = self.overlap(&events);
        let before = self.slots.len();
        for incoming in events.into_iter().skip(overlap) {
            if self.slots.iter().skip(before).any(|slot| slot.event.event.id() == incoming.event.id()) {
                continue;
            }
            let mut slot = Slot::new(incoming.event, live.position, true);
            slot.event.transaction = incoming.transaction;
            slot.note_not_sent(live.device, live.user);
            self.slots.push(slot);
        }
        let new: Vec<Event> = self.slots.iter().skip(before).map(|slot| slot.event.event.clone()).collect();
        self.end = self.end.saturating_add(i64::try_from(new.len()).unwrap_or(0));
        if new.is_empty() {
            return new;
        }
        if overlap == 0
            && let Some(first) = self.slots.get_mut(before)
        {
            // Synapse says `limited` of every room just entered, also where the room begins with what it gives.
            let begins = before == 0 && first.event.event.kind() == "m.room.create";
            first.event.gap_before = !begins && (live.limited || (live.broken && before > 0));
            first.event.token_before = live.token_before.map(ToOwned::to_owned);
            self.complete |= begins;
        }
        if let Some(last) = self.slots.last_mut() {
            last.event.token_after = live.token_after.map(ToOwned::to_owned);
        }
        self.trim(true);
        new
    }

    /// Notes the transaction ids of events that are held already, and where there is none, that the device did not send
    /// the event; returns whether any of that is new.
    pub fn note_transactions(&mut self, events: &[Incoming], device: &DeviceId, user: &UserId) -> bool {
        let mut noted = false;
        let own = events.iter().filter(|incoming| incoming.transaction.is_some() || incoming.event.sender() == user);
        for incoming in own {
            let slot = self.slots.iter_mut().rfind(|slot| slot.event.event.id() == incoming.event.id());
            let Some(slot) = slot.filter(|slot| slot.event.transaction.is_none()) else { continue };
            let is_new = match &incoming.transaction {
                Some(transaction) => {
                    slot.event.transaction = Some(transaction.clone());
                    slot.event.not_sent_by.clear();
                    true
                }
                None => slot.note_not_sent(device, user),
            };
            slot.edited |= is_new;
            noted |= is_new;
        }
        noted
    }

    /// Lays events, oldest first and without holes between them, under what is held: they are merged by event id, and
    /// what is unknown takes its place before the next known one. What would stand behind the last known one is left
    /// to the chain of `since`, which brings it live, unless it is from before that. `chain_start` is the index of the
    /// first event of the chain: what shares no event with what is held stands before it.
    pub fn lay(&mut self, events: Vec<Event>, laid: &Laid<'_>, chain_start: usize) {
        let mut events = deduplicated(events);
        self.take_redacted(&events);
        let anchors = self.anchors(&events);
        if anchors.is_empty() {
            self.lay_apart(events, laid, chain_start);
            self.trim(false);
            return;
        }
        if let Some(&(index, held)) = anchors.last() {
            let behind = events.split_off(index + 1);
            if behind.is_empty() {
                self.set_token_after(held, laid.token_after);
            } else {
                self.lay_behind(held, behind, laid);
            }
        }
        // From the newest to the oldest, so that the indexes below stay good.
        for (number, &(index, held)) in anchors.iter().enumerate().rev() {
            let previous = number.checked_sub(1).and_then(|number| anchors.get(number)).copied();
            let from = previous.map_or(0, |(index, _)| index + 1);
            events.truncate(index);
            let mut between = events.split_off(from.min(events.len()));
            between.retain(|event| !self.contains(event.id()));
            self.lay_before(held, between, previous.map(|(_, held)| held), laid);
        }
        self.trim(false);
    }

    /// Lays history before the newest part of the timeline that has no gap.
    pub fn lay_history(&mut self, mut events: Vec<Event>, laid: &Laid<'_>) {
        let segment = self.slots.iter().rposition(|slot| slot.event.gap_before).unwrap_or(0);
        let Some(first) = self.slots.get(segment) else {
            return self.lay(events, laid, 0);
        };
        let anchor = first.event.event.clone();
        events.retain(|event| self.index_of(event.id()).is_none_or(|index| index < segment));
        events.push(anchor);
        self.lay(events, &Laid { token_after: None, ..*laid }, 0);
    }

    /// Replaces a held event. It keeps its position: who was sent it before learns of the edit by the event that made it,
    /// and must not be sent it again as if it were new.
    pub fn edit(&mut self, id: &EventId, edit: impl FnOnce(&Event) -> Option<Event>) -> Option<Event> {
        let index = self.index_of(id)?;
        let slot = self.slots.get_mut(index)?;
        let edited = edit(&slot.event.event)?;
        slot.event.event = edited.clone();
        slot.edited = true;
        Some(edited)
    }

    /// Replaces a held event by one that differs in what nobody has to be told.
    pub fn touch(&mut self, id: &EventId, edit: impl FnOnce(&Event) -> Option<Event>) {
        if let Some(slot) = self.index_of(id).and_then(|index| self.slots.get_mut(index))
            && let Some(edited) = edit(&slot.event.event)
        {
            slot.event.event = edited;
            slot.edited = true;
        }
    }

    /// Notes that the present stay begins with this event, if it is held.
    pub fn begin_stay(&mut self, id: Option<&EventId>) {
        for slot in &mut self.slots {
            slot.joins = Some(slot.event.event.id()) == id;
        }
    }

    /// Writes the chunks that changed, and the entry's fields.
    pub fn close(mut self, entry: &mut RoomEntry, draft: &mut Draft<'_>) {
        let first = self.end.saturating_sub(i64::try_from(self.slots.len()).unwrap_or(0));
        for (ordinal, slot) in (first..).zip(&mut self.slots) {
            slot.edited |= slot.event.ordinal.0 != ordinal;
            slot.event.ordinal = Ordinal(ordinal);
            if slot.joins {
                entry.joined_at = Some(slot.event.ordinal);
            }
        }
        let held = first..self.end;
        for chunk in chunks(&join(&self.stored, &held)) {
            let now = within(&held, chunk);
            let slots = self.slice(first, &now);
            if now == within(&self.stored, chunk) && !slots.iter().any(|slot| slot.edited) {
                continue;
            }
            let events: Vec<TimelineEvent> = slots.iter().map(|slot| slot.event.clone()).collect();
            let record = (!events.is_empty()).then(|| Record::Timeline(Rc::new(TimelineChunk { events })));
            draft.write(RecordKey::Timeline(entry.room_id.clone(), chunk), record);
        }
        entry.timeline_first = Ordinal(first);
        entry.timeline_end = Ordinal(self.end);
        entry.timeline_complete = self.complete;
    }

    fn slice(&self, first: i64, ordinals: &Range<i64>) -> &[Slot] {
        let index = |ordinal: i64| usize::try_from(ordinal - first).unwrap_or(0);
        self.slots.get(index(ordinals.start)..index(ordinals.end)).unwrap_or_default()
    }

    fn index_of(&self, id: &EventId) -> Option<usize> {
        self.slots.iter().rposition(|slot| slot.event.event.id() == id)
    }

    /// Returns the events that are held: index among `events`, index here. Those that stand in another order here are
    /// left out.
    fn anchors(&self, events: &[Event]) -> Vec<(usize, usize)> {
        let mut anchors: Vec<(usize, usize)> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            if let Some(held) = self.index_of(event.id())
                && anchors.last().is_none_or(|(_, last)| *last < held)
            {
                anchors.push((index, held));
            }
        }
        anchors
    }

    /// Lays events that share none with what is held.
    fn lay_apart(&mut self, events: Vec<Event>, laid: &Laid<'_>, chain_start: usize) {
        let at = chain_start.min(self.slots.len());
        let later = self.slots.get(at..).unwrap_or_default();
        // The chain may be behind what is laid, which stands after it then.
        let may_be_behind = laid.chain_start.is_none() && later.iter().any(|slot| slot.event.live);
        // Where the chain itself has a hole, the events may belong in it as well as before it: nobody can tell.
        if events.is_empty() || may_be_behind || later.iter().skip(1).any(|slot| slot.event.gap_before) {
            return;
        }
        let at_live_end = later.is_empty() && at > 0;
        if at_live_end {
            self.end = self.end.saturating_add(i64::try_from(events.len()).unwrap_or(0));
        }
        let count = events.len();
        self.insert(at, events, laid, at_live_end);
        if let Some(first) = self.slots.get_mut(at) {
            first.event.gap_before = at > 0;
        }
        self.set_token_after(at + count - 1, laid.token_after);
    }

    /// Lays events right before the held event at `held`; `previous` is the held event right before them, if any.
    fn lay_before(&mut self, held: usize, events: Vec<Event>, previous: Option<usize>, laid: &Laid<'_>) {
        let closes = previous.map(|previous| previous + 1) == Some(held);
        let open = held == 0 || self.slots.get(held).is_some_and(|slot| slot.event.gap_before);
        if events.is_empty() {
            if closes && let Some(slot) = self.slots.get_mut(held) {
                slot.edited |= slot.event.gap_before;
                slot.event.gap_before = false;
            }
            if held == 0 && previous.is_none() {
                self.complete |= laid.complete;
                self.set_token_before(0, laid.token_before);
            }
            return;
        }
        // Where what is held has no hole, there is no place: the homeserver's orders differ. But for what it left out.
        if !open {
            let left_out = |event: &Event| laid.unignored.contains(&event.header.sender);
            let events = events.into_iter().filter(left_out).collect();
            return self.insert(held, events, &Laid { token_before: None, complete: false, ..*laid }, false);
        }
        if let Some(slot) = self.slots.get_mut(held) {
            slot.edited |= slot.event.gap_before;
            slot.event.gap_before = false;
        }
        let token_before = laid.token_before.filter(|_| previous.is_none());
        self.insert(
            held,
            events,
            &Laid { token_before, complete: laid.complete && previous.is_none(), ..*laid },
            false,
        );
        if let Some(first) = self.slots.get_mut(held) {
            first.event.gap_before = held > 0 && !closes;
        }
    }

    /// Lays events right behind the held event at `held`, if nothing of the chain is there yet or begins right behind it,
    /// but for what the events leave out.
    fn lay_behind(&mut self, held: usize, mut events: Vec<Event>, laid: &Laid<'_>) {
        let Some(start) = laid.chain_start else { return };
        let is_of_chain = |slot: &Slot| slot.event.live && slot.event.position >= start;
        let is_left_out = |slot: &&Slot| {
            let event = &slot.event.event;
            !event.is_state() && laid.ignored.iter().any(|user| user == event.sender()) && !is_of_chain(slot)
        };
        let behind = self.slots.get(held + 1..).unwrap_or_default();
        let at = held + 1 + behind.iter().take_while(is_left_out).count();
        let follows = self.slots.get(at).is_none_or(is_of_chain);
        if !follows || self.slots.get(held).is_none_or(is_of_chain) {
            return;
        }
        events.retain(|event| !self.contains(event.id()));
        let at_live_end = at == self.slots.len();
        if at_live_end {
            self.end = self.end.saturating_add(i64::try_from(events.len()).unwrap_or(0));
        }
        let next = at + events.len();
        self.insert(at, events, &Laid { token_before: None, complete: false, ..*laid }, at_live_end);
        self.set_token_after(next.saturating_sub(1), laid.token_after);
    }

    /// Takes over that events which are held were redacted meanwhile.
    fn take_redacted(&mut self, events: &[Event]) {
        for event in events.iter().filter(|event| event.is_redacted()) {
            let slot = self.index_of(event.id()).and_then(|index| self.slots.get_mut(index));
            if let Some(slot) = slot.filter(|slot| !slot.event.event.is_redacted()) {
                slot.event.event = event.clone();
                slot.edited = true;
            }
        }
    }

    fn insert(&mut self, at: usize, events: Vec<Event>, laid: &Laid<'_>, live: bool) {
        let created = events.first().is_some_and(|event| event.kind() == "m.room.create");
        let mut slots: Vec<Slot> = events.into_iter().map(|event| Slot::new(event, laid.position, live)).collect();
        if let Some(first) = slots.first_mut() {
            first.event.token_before = laid.token_before.map(ToOwned::to_owned);
        }
        self.slots.splice(at..at, slots);
        self.complete |= at == 0 && (created || laid.complete);
    }

    fn set_token_after(&mut self, index: usize, token: Option<&str>) {
        if let Some(slot) = self.slots.get_mut(index)
            && slot.event.token_after.is_none()
            && token.is_some()
        {
            slot.event.token_after = token.map(ToOwned::to_owned);
            slot.edited = true;
        }
    }

    fn set_token_before(&mut self, index: usize, token: Option<&str>) {
        if let Some(slot) = self.slots.get_mut(index)
            && slot.event.token_before.is_none()
            && token.is_some()
        {
            slot.event.token_before = token.map(ToOwned::to_owned);
            slot.edited = true;
        }
    }

    /// Drops the oldest events over the limits: whole chunks where `by_chunk` and that leaves something, so that live
    /// events do not rewrite the oldest chunk each time.
    fn trim(&mut self, by_chunk: bool) {
        let mut bytes: usize = self.slots.iter().map(|slot| slot.event.event.size()).sum();
        let first = self.end.saturating_sub(i64::try_from(self.slots.len()).unwrap_or(0));
        let mut excess = 0;
        while self.slots.len() - excess > 1
            && (self.slots.len() - excess > limits::TIMELINE_EVENTS || bytes > limits::TIMELINE_BYTES)
        {
            let ordinal = first.saturating_add(i64::try_from(excess).unwrap_or(0));
            let rest = usize::try_from(CHUNK_LENGTH - ordinal.rem_euclid(CHUNK_LENGTH)).unwrap_or(1);
            let drop = if by_chunk && excess + rest < self.slots.len() { rest } else { 1 };
            let dropped = self.slots.get(excess..excess + drop).unwrap_or_default();
            bytes -= dropped.iter().map(|slot| slot.event.event.size()).sum::<usize>();
            excess += drop;
        }
        if excess > 0 {
            self.slots.drain(..excess);
            self.complete = false;
            self.trimmed = true;
        }
    }
}

fn deduplicated(events: Vec<Event>) -> Vec<Event> {
    let mut seen = FxHashSet::default();
    events.into_iter().filter(|event| seen.insert(event.header.event_id.clone())).collect()
}

/// Returns the numbers of the chunks that hold some ordinals.
fn chunks(ordinals: &Range<i64>) -> Range<i64> {
    if ordinals.is_empty() {
        return 0..0;
    }
    Ordinal(ordinals.start).chunk()..Ordinal(ordinals.end - 1).chunk() + 1
}

/// Returns the ordinals of a chunk that lie in a range; `0..0` where there are none.
fn within(ordinals: &Range<i64>, chunk: i64) -> Range<i64> {
    let start = ordinals.start.max(chunk.saturating_mul(CHUNK_LENGTH));
    let end = ordinals.end.min(chunk.saturating_add(1).saturating_mul(CHUNK_LENGTH));
    if start < end { start..end } else { 0..0 }
}

fn join(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    match (one.is_empty(), other.is_empty()) {
        (true, _) => other.clone(),
        (_, true) => one.clone(),
        _ => one.start.min(other.start)..one.end.max(other.end),
    }
}
