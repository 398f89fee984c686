//! One response of the chain of `since`.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{DeviceId, EventId, OwnedEventId, OwnedRoomId, RoomId, UserId};
use serde_json::value::RawValue;

use super::{
    account_data,
    activity::{self, News},
    base, device,
    draft::Draft,
    ephemeral,
    incoming::{self, Incoming},
    membership::{self, Own, Section, Transition},
    room::{RoomDraft, Source},
    stripped,
    timeline::Live,
};
use crate::limits;
use crate::model::{
    AccountView, Bootstrap, Commit, Event, Known, Membership, Position, RecordKey, RoomEntry, Step, Timestamp,
    UnreadThread,
    order::sorted_by_key,
    v2::{JoinedRoom, RoomState, SyncResponse},
};

/// What all rooms of a response share.
struct Delivery<'a> {
    user: &'a UserId,
    device: &'a DeviceId,
    next_batch: Option<&'a str>,
}

/// Accumulates one response of the chain of `since` of `device`, as one commit: `since` moves with what it brought, so a
/// response is never taken in half, and a repeated one finds everything known already.
///
/// The first response of a device begins its chain: it should hold no rooms but invites. If rooms come with their events all the
/// same, the homeserver ignores filters, and they are taken as the whole.
///
/// To-device messages have no id that could tell a repeated one: they cannot repeat, because `since` is committed with
/// them, and the homeserver is only asked with a committed one.
pub fn accumulate_sync(
    view: &dyn AccountView,
    device: &DeviceId,
    response: &SyncResponse<'_>,
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    draft.skipped.clone_from(&response.skipped);
    let Some(next_batch) = response.next_batch.as_deref() else {
        return draft.finish();
    };
    let author = draft.account.author.get_or_insert_with(|| device.to_owned());
    let is_author = author == device;
    let is_first = device::advance(&mut draft, device, response, next_batch, is_author);
    let delivery = Delivery { user: view.user_id(), device, next_batch: Some(next_batch) };
    match (is_author, is_first) {
        (true, true) if response.has_timelines() => whole_at_once(&mut draft, response, next_batch),
        (true, false) => rooms(&mut draft, response, &delivery),
        (_, true) => {}
        (false, false) => others_rooms(&mut draft, response, &delivery),
    }
    if is_author {
        invites(&mut draft, response, if is_first { Arrival::First } else { Arrival::Live });
        account_data::apply_global(&mut draft, &response.account_data);
        ephemeral::apply_presence(&mut draft, &response.presence);
    }
    draft.finish()
}

/// Takes the invites and knocks of the whole, of which the chain's first response has none on Synapse. What the chain said
/// wins.
pub fn accumulate_invites(view: &dyn AccountView, response: &SyncResponse<'_>, now: Timestamp) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    invites(&mut draft, response, Arrival::Base);
    draft.finish()
}

fn rooms(draft: &mut Draft<'_>, response: &SyncResponse<'_>, delivery: &Delivery<'_>) {
    for (room_id, joined) in &response.join {
        let mut room = RoomDraft::open(draft, room_id, Membership::Join);
        join(&mut room, joined, delivery);
        room.close();
    }
    for (room_id, left) in &response.leave {
        let mut room = RoomDraft::open(draft, room_id, Membership::Leave);
        if leave(&mut room, left, delivery) {
            room.close();
        }
    }
}

/// Rooms in the first response of a chain: the homeserver does not know the filter that asked for none.
fn whole_at_once(draft: &mut Draft<'_>, response: &SyncResponse<'_>, next_batch: &str) {
    for (rooms, section) in [(&response.join, Section::Join), (&response.leave, Section::Leave)] {
        for (room_id, room) in rooms {
            base::lay(draft, room_id, room, section, Some(next_batch), base::BaseKind::Whole);
        }
    }
}

/// What another device than the author adds: events at the live end, and the transaction ids of its own.
fn others_rooms(draft: &mut Draft<'_>, response: &SyncResponse<'_>, delivery: &Delivery<'_>) {
    for (room_id, joined) in &response.join {
        if draft.view.entry(room_id).is_none_or(|entry| entry.membership != Membership::Join) {
            continue;
        }
        let mut room = RoomDraft::open(draft, room_id, Membership::Join);
        let events = incoming::events(room.draft, room_id, "timeline", &joined.timeline, Some(delivery.device));
        // Without a common event nobody knows whether something stands between: an earlier response of this device may
        // have been passed over here, and what the author brings later would come too late to be put in its place. The
        // author brings all of it.
        if room.timeline().overlap(&events) > 0 {
            let new = room.append(events, &live(&room, joined, delivery, false));
            room.apply_relations(&new);
        } else if room.note_transactions(&events, delivery.device) {
            room.entry.changed.timeline = room.draft.position;
        }
        room.close();
    }
}

fn live<'a>(room: &RoomDraft<'_, '_>, joined: &'a JoinedRoom<'_>, delivery: &Delivery<'a>, broken: bool) -> Live<'a> {
    Live {
        position: room.draft.position,
        limited: joined.limited,
        broken,
        token_before: joined.prev_batch.as_deref(),
        token_after: delivery.next_batch,
        device: delivery.device,
        user: delivery.user,
    }
}

fn join(room: &mut RoomDraft<'_, '_>, joined: &JoinedRoom<'_>, delivery: &Delivery<'_>) {
    let block = Block::read(room, joined, Some(delivery.device));
    let own = Own::find(room.draft.user_id(), block.events());
    let mut transition = membership::transition(room.before.as_ref(), Section::Join, own);
    let is_whole = incoming::has_create(block.events());
    let own_join = own_join(room, &block);
    // Who left and came back between two polls was in the room both times one looked.
    let rejoins =
        room.before.is_some() && (transition.joins || own_join.as_deref().is_some_and(|join| is_new_stay(room, join)));
    if rejoins && is_whole {
        // The homeserver begins anew as well: with the full state, of which some may be gone.
        (transition.joins, transition.changed) = (true, true);
    }
    let cleared = transition.joins && room.before.is_some() && is_whole;
    if transition.joins && room.before.is_some() {
        if cleared {
            room.clear_state();
        }
        room.write(RecordKey::Stripped, None);
    }
    apply_transition(room, transition);
    settle_knowledge(room, is_whole);
    let broken = transition.joins || is_of_earlier_chain(room);
    let new = take_in(room, &block, joined, delivery, Continuity { broken, cleared });
    if transition.joins {
        room.timeline().begin_stay(own_join.as_deref());
    }
    // Of a room that is held back nobody knows when it was entered.
    if transition.joins && room.entry.known == Known::Whole {
        entered(room, &new, own_join.as_deref());
    }
    room.apply_summary(&joined.summary);
    counts(room, joined);
    note_told(room, joined);
    if rejoins {
        // Who stopped typing while the user was outside, nobody tells: a new stay begins with whom it names.
        ephemeral::forget_typing(room);
    }
    ephemeral::apply_room(room, &joined.ephemeral);
    account_data::apply_room(room, &joined.account_data, Source::Newest);
}

/// Moves a room that the user has entered. Its `bump_stamp` goes back to the last event of a bump type, be it older than
/// the invite (MSC4186, `bump_stamp`): that reached us only now, so its own time has to do, as with a base, unless it is
/// newer than everything that we know of. A room that the user made is news as well.
fn entered(room: &mut RoomDraft<'_, '_>, new: &[Event], own_join: Option<&EventId>) {
    let heard: Vec<Event> = room.heard(new).cloned().collect();
    let joined_at = heard.iter().position(|event| Some(event.id()) == own_join);
    let user = room.draft.user_id();
    let is_made = |first: &Event| joined_at == Some(1) && first.kind() == "m.room.create" && first.sender() == user;
    let before = if heard.first().is_some_and(is_made) { 0 } else { joined_at.map_or(0, |at| at + 1) };
    let (before, since) = heard.split_at(before);
    let (now, known) = (room.draft.now, room.draft.account.last_stamp);
    let unheard_of = activity::last_bump(before.iter()).filter(|bump| *bump > known);
    let bumped = activity::last_bump(since.iter()).or(unheard_of);
    if bumped.is_none() {
        activity::lay_bump(&mut room.entry, before, now);
    }
    let sent = heard.last().map_or(now, |event| event.header.origin_server_ts);
    // A room without any event stands where the user entered it (`spec/synapse.md` §8).
    let nothing_known = (room.entry.bump_stamp == Timestamp(0)).then_some(sent);
    room.news = Some(News { sent, bumped: bumped.map(|bumped| bumped.min(sent)).or(nothing_known) });
}

/// Returns whether anything of the room is kept.
fn leave(room: &mut RoomDraft<'_, '_>, left: &JoinedRoom<'_>, delivery: &Delivery<'_>) -> bool {
    let block = Block::read(room, left, Some(delivery.device));
    let own = Own::find(room.draft.user_id(), block.events());
    let transition = membership::transition(room.before.as_ref(), Section::Leave, own);
    let Some(before) = room.before.clone() else {
        // A stray leave, of a room that nobody ever showed: an invite that was rejected elsewhere.
        if !transition.ever_joined {
            if room.draft.account.bootstrap != Bootstrap::Complete {
                // A base may still show the invite, and must not bring it back: remembered until then.
                let position = room.draft.position;
                let entry = RoomEntry::unknown(room.id(), Membership::Leave);
                room.draft.put_room(RoomEntry { membership_position: position, ..entry }, None);
            }
            return false;
        }
        apply_transition(room, transition);
        room.entry.known = Known::Whole;
        take_in(room, &block, left, delivery, Continuity::default());
        room.apply_summary(&left.summary);
        return true;
    };
    apply_transition(room, transition);
    note_told_outside(room);
    room.entry.known = room.entry.known.max(if transition.ever_joined { before.known } else { Known::Whole });
    match (before.membership, transition.ever_joined) {
        (Membership::Invite | Membership::Knock, false) => {
            stripped::replace_own(room, block.events());
            keep_own_leave(room, &block);
        }
        (Membership::Invite | Membership::Knock, true) => {
            // Who was in the room before is shown it as of that leave again.
            room.write(RecordKey::Stripped, None);
            room.restore_facts();
        }
        (Membership::Join, _) => room.count_out(),
        _ => {}
    }
    if transition.ever_joined {
        let broken = before.membership != Membership::Join || is_of_earlier_chain(room);
        take_in(room, &block, left, delivery, Continuity { broken, cleared: false });
        room.apply_summary(&left.summary);
        account_data::apply_room(room, &left.account_data, Source::Newest);
    }
    if transition.changed {
        // Nothing is unread in a room that one cannot read.
        let none = |count: Option<u64>| count.map(|_| 0);
        let (notification_count, highlight_count) = (none(before.notification_count), none(before.highlight_count));
        counts(room, &JoinedRoom { notification_count, highlight_count, ..JoinedRoom::default() });
        happened(room, block.events());
    }
    true
}

/// Keeps the event that ended an invite or a knock: today's clients believe themselves joined to a room without
/// `invite_state` until their own membership says otherwise (`spec/clients.md` §1).
fn keep_own_leave(room: &mut RoomDraft<'_, '_>, block: &Block) {
    let user = room.draft.user_id();
    if let Some(own) = block.events().rfind(|event| incoming::is_member_of(event, user)).cloned() {
        room.put_state(&own, Source::Newest);
    }
}

/// How an invite came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Just now, by the chain.
    Live,
    /// With the chain's first response: nobody knows when it reached the user.
    First,
    /// From elsewhere: the same, and what the chain said of the room wins.
    Base,
}

fn invites(draft: &mut Draft<'_>, response: &SyncResponse<'_>, arrival: Arrival) {
    let sections =
        [(&response.invite, Section::Invite, Membership::Invite), (&response.knock, Section::Knock, Membership::Knock)];
    for (rooms, section, membership) in sections {
        for (room_id, state) in rooms {
            let known = draft.view.entry(room_id);
            if arrival == Arrival::Base && known.is_some_and(|entry| draft.is_of_chain(entry.membership_position)) {
                continue;
            }
            invite(draft, room_id, state, section, membership, arrival);
        }
    }
}

fn invite(
    draft: &mut Draft<'_>,
    room_id: &OwnedRoomId,
    state: &[&RawValue],
    section: Section,
    membership: Membership,
    arrival: Arrival,
) {
    // Who was thrown out and is invited again since the last poll, comes in both sections.
    let mut room = RoomDraft::reopen(draft, room_id, membership);
    let read = stripped::read(&mut room, state);
    let own = read.own(room.draft.user_id());
    let transition = membership::transition(room.before.as_ref(), section, own);
    apply_transition(&mut room, transition);
    if arrival != Arrival::Base {
        note_told_outside(&mut room);
    }
    room.entry.known = Known::Whole;
    if membership == Membership::Invite {
        room.entry.inviter = read.sender(room.draft.user_id());
    }
    let changed = stripped::replace(&mut room, &read);
    if transition.changed || changed {
        let sent = read.sent(room.draft.user_id()).map(|sent| sent.min(room.draft.now));
        match sent.filter(|_| arrival != Arrival::Live) {
            // As with the rooms of a base: nobody knows when it reached the user.
            Some(sent) => room.entry.activity = sent,
            None if transition.changed => {
                let sent = sent.unwrap_or(room.draft.now);
                room.news = Some(News { sent, bumped: None });
            }
            None => {}
        }
    }
    room.close();
}

/// A block of events of one room: its state, and its timeline.
struct Block {
    state: Vec<Event>,
    /// Whether the state is that of the timeline's end.
    after: bool,
    timeline: Vec<Incoming>,
}

impl Block {
    fn read(room: &mut RoomDraft<'_, '_>, joined: &JoinedRoom<'_>, device: Option<&DeviceId>) -> Block {
        let room_id = room.id();
        let (raw, after) = match &joined.state {
            RoomState::Before(raw) => (raw, false),
            RoomState::After(raw) => (raw, true),
        };
        Block {
            state: incoming::state(room.draft, &room_id, raw),
            after,
            timeline: incoming::events(room.draft, &room_id, "timeline", &joined.timeline, device),
        }
    }

    /// The events, in the order in which they happened as far as that is known.
    fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.state.iter().chain(self.timeline.iter().map(|incoming| &incoming.event))
    }
}

/// How a block follows on what is held.
#[derive(Clone, Copy, Default)]
struct Continuity {
    /// Something may be missing in between, whatever the block says.
    broken: bool,
    /// The state was cleared: what is in the block is all there is, older events in its timeline included.
    cleared: bool,
}

/// Takes in the state and the timeline of a block; returns the events that are new at the live end.
fn take_in(
    room: &mut RoomDraft<'_, '_>,
    block: &Block,
    joined: &JoinedRoom<'_>,
    delivery: &Delivery<'_>,
    continuity: Continuity,
) -> Vec<Event> {
    let overlap = room.timeline().overlap(&block.timeline);
    let known = if continuity.cleared { 0 } else { overlap };
    let in_timeline = if block.after { Vec::new() } else { timeline_state(room, &block.timeline, known) };
    let mut latest: BTreeMap<(&str, &str), &Event> = BTreeMap::new();
    for event in block.state.iter().chain(&in_timeline) {
        latest.insert((event.kind(), event.header.state_key.as_deref().unwrap_or_default()), event);
    }
    for event in latest.values() {
        room.put_state(event, Source::Newest);
    }
    if block.after && incoming::has_create(block.state.iter()) {
        let timeline: Vec<Event> = block.timeline.iter().map(|incoming| incoming.event.clone()).collect();
        base::put_members_it_is_about(room, &timeline);
    }
    if !continuity.cleared && incoming::has_create(block.state.iter()) {
        // A create event never changes, so whoever sends it again sends all there is. But for members, who come lazily.
        for (kind, state_key, _) in base::superseded(room.all_state(), latest.into_values(), |_| true) {
            room.remove_state(&kind, &state_key);
        }
    }
    let has_gap = joined.limited && overlap == 0 && !block.timeline.is_empty();
    // Where nothing was held, nothing has vanished.
    if (has_gap || continuity.broken) && !continuity.cleared && room.before.is_some() {
        room.note_gap();
    }
    let new = room.append(block.timeline.clone(), &live(room, joined, delivery, continuity.broken));
    room.apply_relations(&new);
    new
}

/// Returns the state events of a timeline that count: not late backfill, and not what is held already and was replaced
/// by something later that is held, too.
fn timeline_state(room: &mut RoomDraft<'_, '_>, timeline: &[Incoming], overlap: usize) -> Vec<Event> {
    let held = room.timeline();
    let counts = |index: usize, event: &Event| {
        if index >= overlap {
            return true;
        }
        let same_place =
            |other: &Event| other.kind() == event.kind() && other.header.state_key == event.header.state_key;
        held.contains(event.id())
            && held.events().rfind(|slot| same_place(&slot.event)).is_some_and(|slot| slot.event.id() == event.id())
    };
    let events = timeline.iter().map(|incoming| &incoming.event).enumerate();
    events.filter(|(index, event)| event.is_state() && counts(*index, event)).map(|(_, event)| event.clone()).collect()
}

pub(super) fn apply_transition(room: &mut RoomDraft<'_, '_>, transition: Transition) {
    room.entry.membership = transition.membership;
    room.entry.by_other = transition.by_other;
    room.entry.ever_joined = transition.ever_joined;
    if transition.changed {
        room.entry.membership_position = room.draft.position;
    }
    if transition.joins {
        room.entry.joined_at = None;
    }
    if transition.membership != Membership::Invite {
        room.entry.inviter = None;
    }
}

/// A room that the chain brings before its base is known is held back, unless it comes whole: with its create event.
fn settle_knowledge(room: &mut RoomDraft<'_, '_>, is_whole: bool) {
    let complete = room.draft.account.bootstrap == Bootstrap::Complete;
    let was_here = room.before.as_ref().is_some_and(|before| before.membership == Membership::Join);
    let known = match (is_whole || (complete && !was_here), room.before.as_ref()) {
        (true, _) => {
            room.note_base();
            Known::Whole
        }
        (false, None) => Known::Unknown,
        (false, Some(before)) => before.known,
    };
    if known > room.entry.known {
        room.entry.changed.summary = room.draft.position;
    }
    room.entry.known = known;
}

/// Returns the join event that begins the stay, if the timeline holds it.
fn own_join(room: &RoomDraft<'_, '_>, block: &Block) -> Option<OwnedEventId> {
    let user = room.draft.user_id();
    let mut newest_first = block.timeline.iter().rev().map(|incoming| &incoming.event);
    newest_first.find(|event| incoming::begins_stay(event, user)).map(|own| own.header.event_id.clone())
}

/// Returns whether the author's chain tells of the join for the first time. Another device's poll may have been quicker:
/// of it only events are taken, so the stay has not begun by them.
fn is_new_stay(room: &mut RoomDraft<'_, '_>, join: &EventId) -> bool {
    let joined_at = room.entry.joined_at;
    let held = room.timeline().events().rfind(|held| held.event.id() == join);
    held.is_none_or(|held| held.live && joined_at != Some(held.ordinal))
}

/// The chain of `since` was begun anew since the last event that is held: there may be events in between.
fn is_of_earlier_chain(room: &mut RoomDraft<'_, '_>) -> bool {
    let last: Option<Position> = room.timeline().last().map(|last| last.position);
    let started = room.draft.chain_start > Position(0);
    last.is_some_and(|last| started && !room.draft.is_of_chain(last))
}

/// Moves a room by a change of membership, which may have no event of its own. A message that came along bumps it all the
/// same.
fn happened<'a>(room: &mut RoomDraft<'_, '_>, mut events: impl DoubleEndedIterator<Item = &'a Event>) {
    let user = room.draft.user_id();
    let own = events.rfind(|event| incoming::is_member_of(event, user));
    let sent = own.map_or(room.draft.now, |event| event.header.origin_server_ts);
    let bumped = room.news.and_then(|news| news.bumped).map(|bumped| bumped.min(sent));
    room.news = Some(News { sent, bumped });
}

/// While a base is to come, where the user is told to be counts as changed also where it is what was known: the base may
/// show how it was in between, and must not replace it. Who is in a room would get all of it anew.
fn note_told_outside(room: &mut RoomDraft<'_, '_>) {
    if room.draft.account.bootstrap != Bootstrap::Complete && room.entry.membership != Membership::Join {
        room.entry.membership_position = room.draft.position;
    }
}

/// The same of counts.
fn note_told(room: &mut RoomDraft<'_, '_>, told: &JoinedRoom<'_>) {
    if room.draft.account.bootstrap == Bootstrap::Complete {
        return;
    }
    let (changed, position) = (&mut room.entry.changed, room.draft.position);
    if told.summary.joined_count.is_some() || told.summary.invited_count.is_some() {
        (changed.member_counts, changed.summary) = (position, position);
    }
    if told.notification_count.is_some() || told.highlight_count.is_some() {
        changed.counts = position;
    }
}

/// Takes over unread counts. Threads are told whole, whenever the room's counts are.
pub(super) fn counts(room: &mut RoomDraft<'_, '_>, told: &JoinedRoom<'_>) {
    let (notifications, highlights) = (told.notification_count, told.highlight_count);
    let entry = &mut room.entry;
    let mut after = (
        notifications.or(entry.notification_count),
        highlights.or(entry.highlight_count),
        entry.unread_threads.clone(),
    );
    if notifications.is_some() || highlights.is_some() || !told.unread_threads.is_empty() {
        after.2 = unread_threads(&told.unread_threads);
    }
    let before = (entry.notification_count, entry.highlight_count, std::mem::take(&mut entry.unread_threads));
    if before != after {
        entry.changed.counts = room.draft.position;
    }
    (entry.notification_count, entry.highlight_count, entry.unread_threads) = after;
}

/// Returns the threads that have any, in a fixed order. Beyond the limit the last one has what all the others have.
fn unread_threads(told: &[(OwnedEventId, u64, u64)]) -> Vec<UnreadThread> {
    let threads = told.iter().filter(|(_, notifications, highlights)| *notifications > 0 || *highlights > 0);
    let threads = threads.map(|(root, notification_count, highlight_count)| UnreadThread {
        root: root.clone(),
        notification_count: *notification_count,
        highlight_count: *highlight_count,
    });
    let mut threads = sorted_by_key(threads.collect(), |thread: &UnreadThread| thread.root.clone());
    let surplus = threads.split_off(threads.len().min(limits::UNREAD_THREADS));
    if let Some(last) = threads.last_mut() {
        for thread in surplus {
            last.notification_count = last.notification_count.saturating_add(thread.notification_count);
            last.highlight_count = last.highlight_count.saturating_add(thread.highlight_count);
        }
    }
    threads
}

/// Forgets a room that the user has forgotten on the homeserver, which v2 does not tell.
pub fn forget_room(view: &dyn AccountView, room_id: &RoomId, now: Timestamp) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    if let Some(entry) = view.entry(room_id) {
        let room = entry.room_id.clone();
        let chunks = entry.timeline_first.chunk()..=entry.timeline_end.chunk();
        let keys = (0..entry.state_buckets)
            .map(|bucket| RecordKey::State(room.clone(), bucket))
            .chain((0..entry.member_buckets).map(|bucket| RecordKey::Members(room.clone(), bucket)))
            .chain(chunks.map(|chunk| RecordKey::Timeline(room.clone(), chunk)))
            .chain([
                RecordKey::Stripped(room.clone()),
                RecordKey::Receipts(room.clone()),
                RecordKey::RoomAccountData(room.clone()),
            ]);
        for key in keys {
            draft.write(key, None);
        }
        draft.forget_room(room.clone());
    }
    draft.finish()
}

/// Shares a raw value.
pub(super) fn share(raw: &RawValue) -> Rc<RawValue> {
    Rc::from(raw.to_owned())
}
