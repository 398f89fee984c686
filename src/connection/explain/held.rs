//! What the account holds of a room.

use ruma::{OwnedRoomId, OwnedUserId, RoomId};

use crate::cache::AccountCache;
use crate::connection::{
    reader::{Reader, StateView},
    rooms,
};
use crate::model::{Membership, Ordinal, Position, Receipt, RoomEntry, TimelineEvent, Typing, order::sorted};

/// What is held of a room, beside its entry in the index.
#[derive(Debug)]
pub struct HeldRoom {
    /// Its entry in the index.
    pub entry: RoomEntry,
    /// Whether lists hold it for everybody, as far as the user's membership goes.
    pub is_listed: bool,
    /// Whether the user is shown only its stripped state.
    pub is_outside: bool,
    /// Whether it is in `m.direct`.
    pub is_dm: bool,
    /// The joined spaces that have it as a child.
    pub spaces: Vec<OwnedRoomId>,
    /// Who types, and since when that is so.
    pub typing: Option<Typing>,
    /// How many events are held.
    pub events: usize,
    /// How many of them came at the live end.
    pub live_events: usize,
    /// The events before which others are missing.
    pub gaps: Vec<Ordinal>,
    /// Tokens of the homeserver: beside which event, whether after it, and the token.
    pub tokens: Vec<(Ordinal, bool, String)>,
    /// How many state entries are held of each type but members.
    pub state: Vec<(String, u64)>,
    /// How many state entries were removed, and are remembered as such.
    pub removed_state: u64,
    /// How many members are known, by membership.
    pub members: Vec<(Membership, u64)>,
    /// How many events of stripped state are held; `None` where there is none to hold.
    pub stripped: Option<usize>,
    /// How many receipts are held.
    pub receipts: usize,
    /// The user's own among them.
    pub own_receipts: Vec<Receipt>,
    /// The types of its account data, each with the position of its last change.
    pub account_data: Vec<(String, Position)>,
}

impl HeldRoom {
    /// Gathers it, or notes what is missing.
    pub(super) fn of(cache: &AccountCache, reader: &mut Reader<'_>, entry: &RoomEntry) -> Option<HeldRoom> {
        let room = &entry.room_id;
        // Each of these notes what it lacks, so that one round of loading serves them all.
        let timeline = timeline(reader, entry);
        let state = reader.state(entry);
        let members = reader.members(entry);
        let stripped = reader.stripped(room);
        let receipts = reader.receipts(room);
        let account_data = reader.account_data(room);
        let (timeline, state, members) = (timeline?, state?, members?);
        let (stripped, receipts, account_data) = (stripped?, receipts?, account_data?);
        let (state, removed_state) = by_type(&state);
        let mut held = HeldRoom {
            entry: entry.clone(),
            is_listed: cache.is_listed(entry),
            is_outside: rooms::is_outside(entry),
            is_dm: cache.is_dm(entry),
            spaces: spaces(cache, room),
            typing: cache.typing.get(room).cloned(),
            events: timeline.len(),
            live_events: 0,
            gaps: Vec::new(),
            tokens: Vec::new(),
            state,
            removed_state,
            members: by_membership(&members),
            stripped: stripped.map(|record| record.events.len()),
            receipts: 0,
            own_receipts: Vec::new(),
            account_data: Vec::new(),
        };
        for item in timeline {
            held.add_event(item);
        }
        if let Some(record) = receipts {
            held.receipts = record.receipts.len();
            for receipt in &record.receipts {
                if receipt.user == cache.user_id {
                    held.own_receipts.push(receipt.clone());
                }
            }
        }
        if let Some(record) = account_data {
            for (kind, entry) in &record.entries {
                held.account_data.push((kind.clone(), entry.position));
            }
        }
        Some(held)
    }

    fn add_event(&mut self, item: &TimelineEvent) {
        self.live_events += usize::from(item.live);
        if item.gap_before {
            self.gaps.push(item.ordinal);
        }
        for (after, token) in [(false, &item.token_before), (true, &item.token_after)] {
            if let Some(token) = token {
                self.tokens.push((item.ordinal, after, token.clone()));
            }
        }
    }

    /// Returns who types.
    pub fn typing_users(&self) -> &[OwnedUserId] {
        self.typing.as_ref().map_or(&[], |typing| &typing.users)
    }
}

fn spaces(cache: &AccountCache, room: &RoomId) -> Vec<OwnedRoomId> {
    let mut spaces = Vec::new();
    for (_, space) in cache.rooms.iter() {
        if space.membership == Membership::Join && space.space_children.iter().any(|child| child == room) {
            spaces.push(space.room_id.clone());
        }
    }
    sorted(spaces)
}

/// Returns every event that is held, oldest first; notes all that is missing.
fn timeline<'a>(reader: &mut Reader<'a>, entry: &RoomEntry) -> Option<Vec<&'a TimelineEvent>> {
    let (first, end) = (entry.timeline_first, entry.timeline_end);
    let (mut events, mut complete) = (Vec::new(), true);
    if first >= end {
        return Some(events);
    }
    for chunk in first.chunk()..=Ordinal(end.0.saturating_sub(1)).chunk() {
        match reader.timeline(&entry.room_id, chunk) {
            Some(Some(chunk)) => {
                for item in &chunk.events {
                    if first <= item.ordinal && item.ordinal < end {
                        events.push(item);
                    }
                }
            }
            Some(None) => {}
            None => complete = false,
        }
    }
    complete.then_some(events)
}

fn by_type(state: &StateView<'_>) -> (Vec<(String, u64)>, u64) {
    let mut kinds = Vec::new();
    let mut removed = 0;
    for (kind, _, entry) in state.iter() {
        match entry.event {
            Some(_) => kinds.push(kind),
            None => removed += 1,
        }
    }
    let mut counts: Vec<(String, u64)> = Vec::new();
    for kind in sorted(kinds) {
        match counts.last_mut().filter(|(last, _)| last == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind.to_owned(), 1)),
        }
    }
    (counts, removed)
}

fn by_membership(members: &StateView<'_>) -> Vec<(Membership, u64)> {
    let mut counts: Vec<(Membership, u64)> = Vec::new();
    for (_, _, entry) in members.iter() {
        let Some(membership) = entry.event.as_ref().and_then(|event| event.header.membership) else { continue };
        match counts.iter_mut().find(|(counted, _)| *counted == membership) {
            Some((_, count)) => *count += 1,
            None => counts.push((membership, 1)),
        }
    }
    counts
}
