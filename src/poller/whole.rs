//! The whole account in one unfiltered first `/sync`, laid as a base under what the chain brings.

use std::{cmp::Reverse, rc::Rc};

use super::{
    Poll, PollError,
    gone::{self, Shown},
    sync_response,
};
use crate::{
    account::Account,
    accumulator::{self, Base, BaseKind},
    limits,
    model::{Timestamp, order::sorted_by_key, v2::JoinedRoom},
    upstream::parse,
};

/// Fetches the whole and lays it once one more poll of the chain has been answered: then the chain is as new as the
/// whole, and what it touched wins.
pub(super) async fn fetch(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let body = account.homeserver.whole(&poll.token()).await?;
    let response = sync_response(&body)?;
    account.commit(|cache, now| accumulator::accumulate_invites(cache, &response, now)).await?;
    let token_after = response.next_batch.as_deref();
    let outside = Some(gone::outside(&response));
    let mut bases = Vec::with_capacity(response.join.len() + response.leave.len());
    for (rooms, left) in [(response.join, false), (response.leave, true)] {
        for (room_id, room) in rooms {
            let token_after = token_after.map(str::to_owned);
            bases.push(Base { room_id, room, left, token_after });
        }
    }
    // The rooms that stand first in the list come first.
    let bases = sorted_by_key(bases, |base| Reverse(newest(&base.room)));
    catch_up(account, poll).await;
    let shown = Shown { inside: bases.iter().map(|base| base.room_id.clone()).collect(), outside };
    // A few hundred a commit, so that nobody waits for all of them.
    for slice in bases.chunks(limits::WHOLE_SLICE) {
        account.commit(|cache, now| accumulator::accumulate_base(cache, slice, BaseKind::Whole, now)).await?;
    }
    gone::take_leave(account, poll, &shown).await
}

fn newest(room: &JoinedRoom<'_>) -> Timestamp {
    room.timeline.last().map_or(Timestamp(0), |event| parse::origin_server_ts(event))
}

/// Waits for the answer to a request of the chain that is sent from now on: the one before may be on its way, and know
/// less than the whole.
pub(super) async fn catch_up(account: &Account, poll: &Poll) {
    let before = poll.asked();
    poll.hurry();
    while poll.answered() <= before {
        account.changed.notified().await;
    }
}
