//! Rooms one by one: those that the user most likely looks at, before the whole is there; every room, where the whole
//! keeps failing.

use std::{borrow::Cow, cell::RefCell, collections::VecDeque, convert::Infallible, rc::Rc};

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashSet;

use super::{Poll, PollError, whole};
use crate::{
    account::Account,
    accumulator::{self, Base, BaseKind},
    cache::AccountCache,
    limits,
    model::{
        Known, Membership, Position, RoomEntry,
        v2::{JoinedRoom, RoomState},
    },
    upstream::parse,
};

/// Returns the rooms to scout, the most likely first: those with notifications, those that Element showed last, direct
/// chats, then any.
pub(super) fn candidates(cache: &AccountCache, notified: Vec<OwnedRoomId>) -> Vec<OwnedRoomId> {
    let any = cache.rooms.iter().map(|(_, entry)| entry.room_id.clone());
    let likely = notified.into_iter().chain(cache.recently_viewed()).chain(cache.direct.iter().cloned()).chain(any);
    let mut seen = FxHashSet::default();
    likely
        .filter(|room| cache.rooms.entry(room).is_some_and(needs_base))
        .filter(|room| seen.insert(room.clone()))
        .take(limits::SCOUT_ROOMS)
        .collect()
}

/// Returns those of the rooms that have no base since the chain began, which was at `began`: that are not known whole, or
/// were so before it. What the chain has taken the user out of since is no room to ask for.
pub(super) fn without_base(cache: &AccountCache, rooms: &[OwnedRoomId], began: Position) -> Vec<OwnedRoomId> {
    let lacks_base = |entry: &RoomEntry| {
        let is_in = entry.membership == Membership::Join || entry.membership_position < began;
        is_in && (entry.known != Known::Whole || entry.based < began)
    };
    rooms.iter().filter(|room| cache.rooms.entry(room).is_none_or(lacks_base)).cloned().collect()
}

/// Fetches rooms, a few at a time, each its own commit. Returns how many could not be fetched: one that fails is left
/// to the whole.
pub(super) async fn rooms(account: &Rc<Account>, poll: &Poll, rooms: Vec<OwnedRoomId>, kind: BaseKind) -> usize {
    let queue = RefCell::new(VecDeque::from(rooms));
    let worker = || async {
        let mut failed = 0;
        loop {
            let Some(room) = queue.borrow_mut().pop_front() else { return failed };
            if let Err(error) = fetch(account, poll, &room, kind).await {
                tracing::debug!(%room, %error, "a room could not be scouted");
                failed += 1;
            }
        }
    };
    const { assert!(limits::SCOUT_PARALLEL == 4, "as many workers as are joined here") };
    let (first, second, third, fourth) = tokio::join!(worker(), worker(), worker(), worker());
    first + second + third + fourth
}

/// Scouts the rooms that the chain brings before their base is known, for as long as it is polled.
pub(super) async fn held_back(account: &Rc<Account>, poll: &Poll) -> Infallible {
    let mut tried = FxHashSet::default();
    loop {
        let held: Vec<OwnedRoomId> = {
            let state = account.state.borrow();
            let entries = state.cache.rooms.iter().map(|(_, entry)| entry);
            entries
                .filter(|entry| needs_base(entry) && entry.timeline_end > entry.timeline_first)
                .map(|entry| entry.room_id.clone())
                .filter(|room| !tried.contains(room))
                .collect()
        };
        tried.extend(held.iter().cloned());
        rooms(account, poll, held, BaseKind::Scout).await;
        account.changed.notified().await;
    }
}

fn needs_base(entry: &RoomEntry) -> bool {
    entry.membership == Membership::Join && entry.known == Known::Unknown
}

async fn fetch(account: &Rc<Account>, poll: &Poll, room: &RoomId, kind: BaseKind) -> Result<(), PollError> {
    let token = poll.token();
    let messages = account.homeserver.messages(&token, room, None, limits::SCOUT_TIMELINE).await?;
    let messages = parse::messages(&messages)?;
    let Some(newest) = messages.events.last().and_then(|event| parse::event_id(event)) else { return Ok(()) };
    // `/state` would bring every member of a large room; this brings those that the timeline needs.
    let context = account.homeserver.context(&token, room, &newest).await?;
    let context = parse::context(&context)?;
    // The members that the older of the events need; what the other answer says of the same member is the later.
    let state = messages.state.into_iter().chain(context.state).collect();
    let base = [Base {
        room_id: room.to_owned(),
        left: false,
        token_after: messages.start.map(Cow::into_owned),
        room: JoinedRoom {
            state: RoomState::After(state),
            limited: messages.end.is_some(),
            timeline: messages.events,
            prev_batch: messages.end,
            ..JoinedRoom::default()
        },
    }];
    if kind == BaseKind::Crawl {
        whole::catch_up(account, poll).await;
    }
    account.commit(|cache, now| accumulator::accumulate_base(cache, &base, kind, now)).await?;
    if is_direct_and_uncounted(account, room) {
        account.fetch_members(&token, room).await?;
    }
    Ok(())
}

/// Asks for the members of the direct chats of which that failed, or which a restart came before.
pub(super) async fn count_direct_chats(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let uncounted: Vec<OwnedRoomId> = {
        let state = account.state.borrow();
        state.cache.direct.iter().filter(|room| is_joined(&state.cache, room)).cloned().collect()
    };
    for room in uncounted {
        if !is_direct_and_uncounted(account, &room) {
            continue;
        }
        match account.fetch_members(&poll.token(), &room).await {
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => tracing::debug!(%room, %error, "the members of a direct chat are refused"),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn is_joined(cache: &AccountCache, room: &RoomId) -> bool {
    cache.rooms.entry(room).is_some_and(|entry| entry.membership == Membership::Join)
}

/// A direct chat is called after its other member, who may have written nothing lately. Such rooms are small, so all
/// members are asked for, which gives their number as well. Of other rooms nobody tells it until the whole or the next
/// change of members: to ask for all members of each would take the homeserver longer than the whole.
fn is_direct_and_uncounted(account: &Account, room: &RoomId) -> bool {
    let state = account.state.borrow();
    let uncounted = |entry: &RoomEntry| entry.joined_count.is_none() && !entry.members_complete;
    state.cache.direct.contains(room) && state.cache.rooms.entry(room).is_some_and(uncounted)
}
