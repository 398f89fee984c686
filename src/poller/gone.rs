//! Rooms that the whole does not show any more: the user left them, or an invite was taken back, and no chain of ours has
//! told so. That happens between the chains of two devices, and when a homeserver was reset.

use std::{borrow::Cow, rc::Rc};

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashSet;

use super::{Poll, PollError};
use crate::{
    account::Account,
    accumulator::{self, Base, BaseKind},
    limits,
    model::{Known, Membership, Position, v2::JoinedRoom},
    upstream::parse,
};

/// Lets the user be out of every room that the account has and the whole did not show. What the chain has said of one
/// since it began is newer than the whole.
pub(super) async fn take_leave(
    account: &Rc<Account>,
    poll: &Poll,
    shown: &FxHashSet<OwnedRoomId>,
) -> Result<(), PollError> {
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
fn not_shown(account: &Account, poll: &Poll, shown: &FxHashSet<OwnedRoomId>) -> Vec<(OwnedRoomId, bool)> {
    let began = account.device(poll.device()).map_or(Position::default(), |device| device.first_position);
    let state = account.state.borrow();
    let rooms = state.cache.rooms.iter().map(|(_, entry)| entry);
    rooms
        .filter(|entry| entry.known == Known::Whole && entry.membership_position < began)
        .filter(|entry| matches!(entry.membership, Membership::Join | Membership::Invite | Membership::Knock))
        .filter(|entry| !shown.contains(&entry.room_id))
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
