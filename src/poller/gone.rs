//! Rooms that the whole, or a crawl, does not show any more: the user left them, or an invite was taken back, and no
//! chain of ours has told so. That happens between the chains of two devices, and when a homeserver was reset.

use std::{borrow::Cow, rc::Rc};

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashSet;

use super::{Poll, PollError, chain_start};
use crate::{
    account::Account,
    accumulator::{self, Base, BaseKind},
    limits,
    model::{
        Known, Membership, RoomEntry,
        v2::{JoinedRoom, SyncResponse},
    },
    upstream::parse,
};

/// The rooms that the homeserver shows.
pub(super) struct Shown {
    /// Those that the user is in, or is out of and was in.
    pub inside: FxHashSet<OwnedRoomId>,
    /// Those that the user is invited to, or knocks at; `None` where nobody says.
    pub outside: Option<FxHashSet<OwnedRoomId>>,
}

/// Returns the rooms of a response that the user is invited to, or knocks at.
pub(super) fn outside(response: &SyncResponse<'_>) -> FxHashSet<OwnedRoomId> {
    response.invite.iter().chain(&response.knock).map(|(room, _)| room.clone()).collect()
}

/// Lets the user be out of every room that the account has and the homeserver did not show. What the chain has said of one
/// since it began is newer than that.
pub(super) async fn take_leave(account: &Rc<Account>, poll: &Poll, shown: &Shown) -> Result<(), PollError> {
    let mut gone = not_shown(account, poll, shown);
    if gone.is_empty() {
        return Ok(());
    }
    // Where the homeserver says what the user is in, it has the last word.
    if let Ok(joined) = account.homeserver.joined_rooms(&poll.token()).await {
        gone.retain(|(room, _)| !joined.contains(room));
    }
    for (index, (room, was_in)) in gone.iter().enumerate() {
        let asks = *was_in && index < limits::SCOUT_ROOMS;
        let last = if asks { last_events(account, poll, room).await } else { None };
        leave(account, room, last.as_deref()).await?;
    }
    Ok(())
}

/// Returns the rooms, and whether the user was in them.
fn not_shown(account: &Account, poll: &Poll, shown: &Shown) -> Vec<(OwnedRoomId, bool)> {
    let is_shown = |entry: &RoomEntry| {
        let outside = shown.outside.as_ref();
        shown.inside.contains(&entry.room_id)
            || outside.map_or(entry.membership != Membership::Join, |rooms| rooms.contains(&entry.room_id))
    };
    let began = chain_start(account, poll);
    let state = account.state.borrow();
    let rooms = state.cache.rooms.iter().map(|(_, entry)| entry);
    rooms
        .filter(|entry| entry.known == Known::Whole && entry.membership_position < began)
        .filter(|entry| matches!(entry.membership, Membership::Join | Membership::Invite | Membership::Knock))
        .filter(|entry| !is_shown(entry))
        .map(|entry| (entry.room_id.clone(), entry.membership == Membership::Join))
        .collect()
}

/// Returns what the homeserver still shows of the room's end: with it the event by which the user left.
async fn last_events(account: &Account, poll: &Poll, room: &RoomId) -> Option<Vec<u8>> {
    let answer = account.homeserver.messages(&poll.token(), room, None, limits::SCOUT_TIMELINE).await;
    answer.inspect_err(|error| tracing::debug!(%room, %error, "the end of a room is not shown any more")).ok()
}

async fn leave(account: &Rc<Account>, room: &RoomId, last: Option<&[u8]>) -> Result<(), PollError> {
    let messages = last.map(parse::messages).transpose()?.unwrap_or_default();
    let base = [Base {
        room_id: room.to_owned(),
        left: true,
        token_after: messages.start.map(Cow::into_owned),
        room: JoinedRoom {
            limited: messages.end.is_some(),
            timeline: messages.events,
            prev_batch: messages.end,
            ..JoinedRoom::default()
        },
    }];
    account.commit(|cache, now| accumulator::accumulate_base(cache, &base, BaseKind::Whole, now)).await?;
    Ok(())
}
