//! The whole account in one unfiltered first `/sync`, laid as a base under what the chain brings.

use std::{borrow::Cow, rc::Rc};

use ruma::OwnedRoomId;

use super::{Poll, PollError};
use crate::{
    account::Account,
    accumulator::{self, Base, BaseKind},
    limits,
    model::v2::JoinedRoom,
    storage::StorageError,
    upstream::parse,
};

/// Fetches the whole and lays it once one more poll of the chain has been answered: then the chain is as new as the
/// whole, and what it touched wins.
pub(super) async fn fetch(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let body = account.homeserver.whole(&poll.token()).await?;
    let response = parse::sync_response(&body)?;
    catch_up(account, poll).await;
    lay(account, response.join, response.leave, &response.next_batch).await?;
    Ok(())
}

/// Lays rooms as bases, a few hundred a commit, so that nobody waits for all of them.
pub(super) async fn lay(
    account: &Account,
    join: Vec<(OwnedRoomId, JoinedRoom<'_>)>,
    leave: Vec<(OwnedRoomId, JoinedRoom<'_>)>,
    next_batch: &Option<Cow<'_, str>>,
) -> Result<(), StorageError> {
    let token_after = next_batch.as_deref();
    let mut bases: Vec<Base<'_>> = join
        .into_iter()
        .map(|(room_id, room)| Base::joined(room_id, room, token_after))
        .chain(leave.into_iter().map(|(room_id, room)| Base::left(room_id, room, token_after)))
        .collect();
    // The rooms that stand first in the list come first.
    bases.sort_by_key(|base| std::cmp::Reverse(base.newest_timestamp()));
    for slice in bases.chunks(limits::WHOLE_SLICE) {
        account.commit(|cache, now| accumulator::accumulate_base(cache, slice, BaseKind::Whole, now)).await?;
    }
    Ok(())
}

async fn catch_up(account: &Account, poll: &Poll) {
    let before = poll.answers();
    poll.hurry();
    while poll.answers() == before {
        account.changed.notified().await;
    }
}
