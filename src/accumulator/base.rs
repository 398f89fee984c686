//! Bases: what is known of rooms from elsewhere than the chain of `since`, laid under what the chain brought.
//!
//! Invariant: what the chain brought since it began wins, whatever it is; a base makes no event live and moves no room.

use std::collections::BTreeMap;

use ruma::{EventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;

use super::{
    account_data, activity,
    draft::Draft,
    ephemeral, facts, incoming,
    membership::{self, Own, Section},
    room::{RoomDraft, Source},
    stripped, sync,
    timeline::Laid,
};
use crate::model::{
    AccountView, Bootstrap, Commit, Event, Known, Membership, Ordinal, Position, RoomEntry, StateEntry, Step,
    Timestamp,
    v2::{JoinedRoom, RoomState, Summary},
};

const MEMBER: &str = "m.room.member";

/// How a base was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseKind {
    /// Room by room, to have something to show: provisional, replaced by the other two. It may know more than the chain.
    Scout,
    /// From one unfiltered first `/sync`. The chain must have been asked since.
    Whole,
    /// Room by room, because the whole cannot be had. The chain must have been asked since.
    Crawl,
}

/// One room of a base.
#[derive(Debug)]
pub struct Base<'a> {
    /// Which room.
    pub room_id: OwnedRoomId,
    /// What is known of it.
    pub room: JoinedRoom<'a>,
    /// Whether it came as a room that the user is not in any more (kicked, banned, left).
    pub left: bool,
    /// A v2 token for the place after the last event.
    pub token_after: Option<String>,
}

/// Lays some rooms of a base.
pub fn accumulate_base(view: &dyn AccountView, rooms: &[Base<'_>], kind: BaseKind, now: Timestamp) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    for base in rooms {
        let section = if base.left { Section::Leave } else { Section::Join };
        lay(&mut draft, &base.room_id, &base.room, section, base.token_after.as_deref(), kind);
    }
    draft.finish()
}

/// Enters the rooms that the user is in, as `/joined_rooms` says: those of which nothing is known are counted, listed
/// last and not sent.
pub fn accumulate_joined_rooms(view: &dyn AccountView, rooms: &[OwnedRoomId], now: Timestamp) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    for room_id in rooms.iter().filter(|room| view.entry(room).is_none()) {
        let mut entry = RoomEntry::unknown(room_id.clone(), Membership::Join);
        entry.membership_position = draft.position;
        draft.put_room(entry, None);
    }
    draft.finish()
}

/// Ends the bootstrap: every room is known. What the base did not have the chain brought whole, or it is no room of the
/// user's any more; of the latter nothing is known but the id, and they go. `unignored`: who was known to be ignored no
/// longer when the base was asked for. Where there are others by now, it has to be asked for once more.
pub fn complete_bootstrap(
    view: &dyn AccountView,
    rooms: &[OwnedRoomId],
    unignored: &[OwnedUserId],
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    for entry in rooms.iter().filter_map(|room| view.entry(room)).filter(|entry| entry.known != Known::Whole) {
        if entry.known == Known::Unknown && entry.changed.latest() == Position(0) {
            draft.forget_room(entry.room_id.clone());
        } else {
            let mut entry = RoomEntry { known: Known::Whole, based: draft.position, ..entry.clone() };
            entry.changed.summary = draft.position;
            draft.put_room(entry, None);
        }
    }
    draft.account.unignored.retain(|user| !unignored.contains(user));
    let is_complete = draft.account.unignored.is_empty();
    draft.account.bootstrap = if is_complete { Bootstrap::Complete } else { Bootstrap::Whole { failures: 0 } };
    draft.finish()
}

/// Lays one room of a base.
pub(super) fn lay(
    draft: &mut Draft<'_>,
    room_id: &RoomId,
    joined: &JoinedRoom<'_>,
    section: Section,
    token_after: Option<&str>,
    kind: BaseKind,
) {
    let membership = if section == Section::Leave { Membership::Leave } else { Membership::Join };
    let mut room = RoomDraft::open(draft, room_id, membership);
    let events: Vec<Event> = incoming::events(room.draft, room_id, "timeline", &joined.timeline, None)
        .into_iter()
        .map(|incoming| incoming.event)
        .collect();
    let state = latest_state(&mut room, joined, &events);
    if !enter(&mut room, &state, &events, section) {
        return;
    }
    lay_state(&mut room, &state, kind);
    put_members_it_is_about(&mut room, &events);
    if kind != BaseKind::Scout && may_have_missed_some(&mut room, &events) {
        room.note_gap();
    }
    lay_timeline(&mut room, &events, joined, token_after, kind);
    room.apply_older_redactions(&events);
    let known = if kind == BaseKind::Scout { Known::Provisional } else { Known::Whole };
    if known > room.entry.known {
        room.entry.known = known;
        room.entry.changed.summary = room.draft.position;
    }
    if kind != BaseKind::Scout {
        room.note_base();
    }
    lay_rest(&mut room, joined, kind);
    if room.entry.membership.is_pending() {
        // The room shows itself by its stripped state.
        stripped::restore_facts(&mut room);
    }
    room.close();
}

/// Returns the state at the end of the base's timeline.
fn latest_state(room: &mut RoomDraft<'_, '_>, joined: &JoinedRoom<'_>, timeline: &[Event]) -> Vec<Event> {
    let (raw, timeline) = match &joined.state {
        RoomState::Before(raw) => (raw, timeline),
        RoomState::After(raw) => (raw, &[][..]),
    };
    let room_id = room.id();
    let block = incoming::state(room.draft, &room_id, raw);
    let mut latest = BTreeMap::new();
    for event in block.iter().chain(timeline.iter().filter(|event| event.is_state())) {
        latest.insert((event.kind(), event.header.state_key.as_deref()), event);
    }
    latest.into_values().cloned().collect()
}

/// Settles the membership; returns whether the base says anything of the room that is still so.
fn enter(room: &mut RoomDraft<'_, '_>, state: &[Event], timeline: &[Event], section: Section) -> bool {
    let user = room.draft.user_id();
    let own = Own::find(user, timeline.iter()).or_else(|| Own::find(user, state.iter()));
    let mut transition = membership::transition(room.before.as_ref(), section, own);
    // The homeserver shows the state of a room that one has left to those who were in it; Synapse also to those whose
    // invite was taken back.
    transition.ever_joined |=
        incoming::has_create(state.iter().chain(timeline)) && !was_turned_away(user, state, timeline, section);
    if let Some(before) = &room.before {
        let chain_said = room.draft.is_of_chain(before.membership_position);
        let is_in = before.membership == Membership::Join;
        match section {
            // The chain took the user out meanwhile: the rest of what the base says is still what there was.
            Section::Join if chain_said && !is_in => return before.ever_joined,
            Section::Leave if chain_said && is_in => return false,
            // So it is where the chain has the user invited again.
            Section::Leave if chain_said && before.membership.is_pending() => {
                room.entry.ever_joined |= transition.ever_joined;
                return room.entry.ever_joined;
            }
            _ => {}
        }
    } else if !transition.ever_joined {
        return false;
    }
    sync::apply_transition(room, transition);
    true
}

/// Returns whether it was an invite or a knock that ended with the room being left.
fn was_turned_away(user: &UserId, state: &[Event], timeline: &[Event], section: Section) -> bool {
    let own = |event: &&Event| event.kind() == MEMBER && event.header.state_key.as_deref() == Some(user.as_str());
    let event = timeline.iter().rev().find(own).or_else(|| state.iter().find(own));
    let before = event.and_then(incoming::previous_membership);
    section == Section::Leave && before.is_some_and(Membership::is_pending)
}

fn lay_state(room: &mut RoomDraft<'_, '_>, state: &[Event], kind: BaseKind) {
    let source = Source::Base { provisional: kind == BaseKind::Scout };
    for event in state {
        room.put_state(event, source);
    }
    // A base without any state says nothing of what is gone.
    if kind == BaseKind::Scout || !incoming::has_create(state.iter()) || room.is_fresh() {
        return;
    }
    // What is from before the chain the base is newer than.
    let is_of_chain = room.draft.chain();
    let is_older = |entry: &StateEntry| entry.provisional || !is_of_chain(entry.position);
    for (event_type, state_key, _) in superseded(room.all_state(), state, is_older) {
        room.remove_state(&event_type, &state_key);
    }
    for (event_type, state_key, entry) in room.all_members() {
        if entry.provisional {
            // Members come lazily: that one is not named does not mean that it is gone.
            room.confirm(&event_type, &state_key, StateEntry { provisional: false, ..entry });
        }
    }
}

/// Returns whether the room was known when an earlier chain ended, and something may have happened in it before this one
/// began.
fn may_have_missed_some(room: &mut RoomDraft<'_, '_>, events: &[Event]) -> bool {
    let was_known = room.before.as_ref().is_some_and(|before| before.known == Known::Whole);
    if !was_known || room.draft.is_of_chain(room.entry.based) {
        return false;
    }
    let is_of_chain = room.draft.chain();
    let held = room.timeline();
    let is_older =
        |event: &Event| held.events().any(|slot| slot.event.id() == event.id() && !is_of_chain(slot.position));
    match events.iter().rposition(is_older) {
        Some(last) => events.iter().skip(last + 1).any(|event| !held.contains(event.id())),
        None => true,
    }
}

/// Returns the entries that a full state does not have, of those that it may replace.
pub(super) fn superseded<'a>(
    held: Vec<(String, String, StateEntry)>,
    full: impl IntoIterator<Item = &'a Event>,
    may_replace: impl Fn(&StateEntry) -> bool + 'a,
) -> impl Iterator<Item = (String, String, StateEntry)> + 'a {
    let named: FxHashSet<(&str, &str)> =
        full.into_iter().filter_map(|event| Some((event.kind(), event.header.state_key.as_deref()?))).collect();
    held.into_iter().filter(move |(event_type, state_key, entry)| {
        entry.event.is_some() && may_replace(entry) && !named.contains(&(event_type.as_str(), state_key.as_str()))
    })
}

fn lay_timeline(
    room: &mut RoomDraft<'_, '_>,
    events: &[Event],
    joined: &JoinedRoom<'_>,
    token_after: Option<&str>,
    kind: BaseKind,
) {
    lay_activity(room, events);
    if events.is_empty() {
        return;
    }
    let position = room.draft.position;
    let unignored = room.draft.account.unignored.clone();
    let ignored = room.draft.ignored.clone();
    let draft = &*room.draft;
    let (started, start) = (draft.chain_start.0 > 0, draft.chain_start);
    let laid = Laid {
        position,
        token_before: joined.prev_batch.as_deref(),
        token_after,
        complete: false,
        chain_start: (started && kind != BaseKind::Scout).then_some(start),
        unignored: &unignored,
        ignored: &ignored,
    };
    let chain_start = match (started, room.before.is_some()) {
        (true, true) => room.timeline().events().take_while(|event| event.position < start).count(),
        _ => 0,
    };
    let before = room.timeline().live_end();
    room.timeline().lay(events.to_vec(), &laid, chain_start);
    if room.timeline().is_edited() {
        room.entry.changed.timeline = position;
    }
    if room.before.as_ref().is_some_and(|before| before.known == Known::Whole) && !room.entry.membership.is_pending() {
        // Of a room that was known already it happened while nobody listened, and is news now.
        room.news = activity::News::of(room.timeline().appended_since(before));
    }
}

/// Takes over when a room was active. Of an event that is held it is known when it reached us, and its own time, which may
/// lie in the future, says nothing any more.
fn lay_activity(room: &mut RoomDraft<'_, '_>, events: &[Event]) {
    let now = room.draft.now;
    let held = events.iter().rposition(|event| room.timeline().contains(event.id()));
    let new = events.get(held.map_or(0, |held| held + 1)..).unwrap_or_default();
    if let Some(newest) = new.last().map(|event| event.header.origin_server_ts.min(now)) {
        room.entry.activity = room.entry.activity.max(newest);
        // What happens from now on must stand above it.
        room.draft.account.last_stamp = room.draft.account.last_stamp.max(newest);
    }
    let has_bump = room.entry.bump_stamp > Timestamp(0);
    activity::lay_bump(&mut room.entry, if has_bump { new } else { events }, now);
}

fn lay_rest(room: &mut RoomDraft<'_, '_>, joined: &JoinedRoom<'_>, kind: BaseKind) {
    // Not when the summary changed last: the base's own name and avatar are in it by now.
    let chain_counted = room
        .before
        .as_ref()
        .is_some_and(|before| before.joined_count.is_some() && room.draft.is_of_chain(before.changed.member_counts));
    let none = Summary::default();
    room.apply_summary(if chain_counted { &none } else { &joined.summary });
    let chain_unread = room
        .before
        .as_ref()
        .is_some_and(|before| before.notification_count.is_some() && room.draft.is_of_chain(before.changed.counts));
    if !chain_unread && room.entry.membership == Membership::Join {
        sync::counts(room, joined);
    }
    if kind != BaseKind::Scout {
        ephemeral::apply_base(room, &joined.ephemeral);
    }
    account_data::apply_room(room, &joined.account_data, Source::Base { provisional: kind == BaseKind::Scout });
}

/// Takes over the state of a room, all of it, as `/state` gave it after a gap. What is not in it any more becomes a removed
/// entry: v2 never tells of that. Members of whom nothing is known stay so: they come when somebody needs them. `at` is
/// the account's position when it was asked for, and the chain must have been asked since. What the chain brought
/// meanwhile stays; where it says otherwise, nobody knows which of the two is newer, and the gap stays open.
pub fn accumulate_full_state(
    view: &dyn AccountView,
    room_id: &RoomId,
    events: &[&RawValue],
    at: Position,
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    // After a newer gap it has to be asked for again anyway.
    if view.entry(room_id).is_some_and(|entry| was_in_since(entry, at) && entry.gap <= at) {
        let state = incoming::state(&mut draft, room_id, events);
        // A state without its create event is no full one.
        if incoming::has_create(state.iter()) {
            let mut room = RoomDraft::open(&mut draft, room_id, Membership::Join);
            let is_certain = agrees_since(&mut room, &state, at);
            take_full(&mut room, &state, at);
            if is_certain {
                count_members(&mut room, &state);
                room.entry.gap = Position(0);
            }
            room.apply_summary(&Summary::default());
            room.close();
        }
    }
    draft.finish()
}

fn take_full(room: &mut RoomDraft<'_, '_>, state: &[Event], at: Position) {
    let is_known = |room: &mut RoomDraft<'_, '_>, event: &&Event| {
        event.kind() != MEMBER || event.header.state_key.as_ref().is_some_and(|user| room.has_state(MEMBER, user))
    };
    let known: Vec<Event> = state.iter().filter(|event| is_known(room, event)).cloned().collect();
    put_older_than(room, &known, at);
    let held = room.all_state().into_iter().chain(room.all_members()).collect();
    for (event_type, state_key, _) in superseded(held, state, |entry| entry.position <= at || entry.provisional) {
        room.remove_state(&event_type, &state_key);
    }
}

/// Returns whether everything that changed after `at` is as a full state says.
fn agrees_since(room: &mut RoomDraft<'_, '_>, state: &[Event], at: Position) -> bool {
    let places =
        state.iter().filter_map(|event| Some(((event.kind(), event.header.state_key.as_deref()?), event.id())));
    let full: FxHashMap<(&str, &str), &EventId> = places.collect();
    let held = room.all_state().into_iter().chain(room.all_members());
    let mut changed = held.filter(|(.., entry)| entry.position > at && !entry.provisional);
    changed.all(|(event_type, state_key, entry)| {
        full.get(&(event_type.as_str(), state_key.as_str())).copied() == entry.event.as_ref().map(Event::id)
    })
}

/// Counts the members of a full state: who came and went in a gap, the homeserver's summary tells only where it sends one.
fn count_members(room: &mut RoomDraft<'_, '_>, state: &[Event]) {
    let count = |membership: Membership| {
        let members = state.iter().filter(|event| event.kind() == MEMBER);
        members.filter(|event| event.header.membership == Some(membership)).count() as u64
    };
    room.entry.joined_count = Some(count(Membership::Join));
    room.entry.invited_count = Some(count(Membership::Invite));
}

/// Takes over all members of a room, as `/members` gave them. `at` is the account's position when it was asked for.
pub fn accumulate_members(
    view: &dyn AccountView,
    room_id: &RoomId,
    events: &[&RawValue],
    at: Position,
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    if view.entry(room_id).is_some_and(|entry| was_in_since(entry, at)) {
        let mut members = incoming::state(&mut draft, room_id, events);
        members.retain(|event| event.kind() == MEMBER);
        let mut room = RoomDraft::open(&mut draft, room_id, Membership::Join);
        put_older_than(&mut room, &members, at);
        know_all_members(&mut room, at);
        room.apply_summary(&Summary::default());
        room.close();
    }
    draft.finish()
}

/// Returns whether the user is in the room, and was so all the time: what was asked for in an earlier stay says nothing of
/// this one.
fn was_in_since(entry: &RoomEntry, at: Position) -> bool {
    entry.membership == Membership::Join && entry.membership_position <= at
}

fn put_older_than(room: &mut RoomDraft<'_, '_>, state: &[Event], at: Position) {
    for event in state {
        let Some(state_key) = &event.header.state_key else { continue };
        if room.may_be_older(event.kind(), state_key, at) {
            room.put_state(event, Source::Newest);
        }
    }
}

/// All members are known, unless a gap came while they were asked for.
fn know_all_members(room: &mut RoomDraft<'_, '_>, at: Position) {
    if !has_gap_since(room, at) && !room.entry.members_complete {
        room.entry.members_complete = true;
        room.entry.changed.members = room.draft.position;
    }
}

/// Older events of a room, as `/messages` gave them, ending right before the first event of the newest part of the
/// timeline that has no gap.
#[derive(Debug, Default)]
pub struct History<'a> {
    /// The events, oldest first.
    pub events: Vec<&'a RawValue>,
    /// The members that it takes to show them, as they were then.
    pub state: Vec<&'a RawValue>,
    /// A v2 token for the place before the events.
    pub token_before: Option<String>,
    /// Whether the room begins with them.
    pub complete: bool,
    /// The account's position when they were asked for.
    pub asked_at: Position,
    /// Where what is held of the timeline began then.
    pub held_from: Ordinal,
}

/// Takes over older events of a room, and those of their members of whom nothing is known.
pub fn accumulate_history(
    view: &dyn AccountView,
    room_id: &RoomId,
    history: &History<'_>,
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    if view.entry(room_id).is_some_and(|entry| entry.ever_joined) {
        let events = incoming::events(&mut draft, room_id, "messages", &history.events, None);
        let events: Vec<Event> = events.into_iter().map(|incoming| incoming.event).collect();
        let members = incoming::state(&mut draft, room_id, &history.state);
        let mut room = RoomDraft::open(&mut draft, room_id, Membership::Join);
        if !still_fits(&mut room, history) {
            return draft.finish();
        }
        let laid = Laid {
            position: room.draft.position,
            token_before: history.token_before.as_deref(),
            token_after: None,
            complete: history.complete,
            chain_start: None,
            unignored: &[],
            ignored: &[],
        };
        room.timeline().lay_history(events.clone(), &laid);
        if room.timeline().is_edited() {
            // What was asked for has come: connections that were sent less look again.
            room.entry.changed.timeline = room.draft.position;
        }
        room.apply_older_redactions(&events);
        put_unknown_members(&mut room, &members);
        room.close();
    }
    draft.finish()
}

/// Returns whether the place that history was asked for is still where the newest part of the timeline begins. A gap that
/// came meanwhile, or the end of the oldest events, moved that: what came belongs elsewhere, or leaves a hole.
fn still_fits(room: &mut RoomDraft<'_, '_>, history: &History<'_>) -> bool {
    room.entry.timeline_first <= history.held_from && !has_gap_since(room, history.asked_at)
}

fn has_gap_since(room: &mut RoomDraft<'_, '_>, at: Position) -> bool {
    room.timeline().events().any(|event| event.gap_before && event.live && event.position > at)
}

/// Takes in whom the member events of a timeline are about, where the full state that came with it does not say: with
/// lazy members it names those who sent something, and Synapse's `state_after` nobody else.
pub(super) fn put_members_it_is_about(room: &mut RoomDraft<'_, '_>, timeline: &[Event]) {
    let shown = without_holes(room, timeline);
    let newest_first: Vec<Event> = shown.iter().rev().filter(|event| event.kind() == MEMBER).cloned().collect();
    put_unknown_members(room, &newest_first);
}

/// Returns the newest part of a timeline in which the homeserver hid nothing from the user. Before the present stay that
/// is so only where the history was open all the time; what became of a member in hidden events nobody tells.
fn without_holes<'a>(room: &mut RoomDraft<'_, '_>, timeline: &'a [Event]) -> &'a [Event] {
    const VISIBILITY: &str = "m.room.history_visibility";
    let user = room.draft.user_id();
    let Some(join) = timeline.iter().rposition(|event| incoming::begins_stay(event, user)) else { return timeline };
    let visibility = room.state_event(VISIBILITY, "").and_then(|event| facts::text(&event, "history_visibility"));
    let is_open = visibility.is_none_or(|visibility| matches!(visibility.as_str(), "shared" | "world_readable"));
    let is_change = |event: &Event| event.kind() == VISIBILITY && incoming::replaces_state(event);
    let always_open = is_open && !timeline.iter().any(is_change);
    if always_open { timeline } else { timeline.get(join..).unwrap_or_default() }
}

/// A member as of some time ago is better than none, and no better than that: whatever else tells of it replaces it.
fn put_unknown_members(room: &mut RoomDraft<'_, '_>, members: &[Event]) {
    for event in members.iter().filter(|event| event.kind() == MEMBER) {
        let Some(user) = &event.header.state_key else { continue };
        if !room.has_state(MEMBER, user) {
            room.put_state(event, Source::Base { provisional: true });
        }
    }
}
