//! From nothing to the whole account, each step committed as it comes: start, scout, whole, and crawl where the whole
//! keeps failing (design.md §3, Bootstrap).
//!
//! Invariant: every step can be begun again after a restart; the phase in the account record says where.

use std::rc::Rc;

use ruma::{OwnedRoomId, OwnedUserId};
use rustc_hash::FxHashSet;

use super::{
    Poll, PollError,
    backoff::Backoff,
    chain_start,
    gone::{self, Shown},
    scout, sync_response, whole,
};
use crate::{
    account::Account,
    accumulator, limits,
    model::{Bootstrap, Known, Step},
    platform,
    storage::StorageError,
    upstream::{UpstreamError, parse},
};

/// Returns whether the account is not known whole, and it is this device's poll that has to see to it.
pub(super) fn is_needed(account: &Account, poll: &Poll) -> bool {
    let state = account.state.borrow();
    let record = &state.cache.account;
    record.bootstrap != Bootstrap::Complete && record.author.as_deref().is_none_or(|author| author == poll.device())
}

/// Runs until the account is known whole.
pub(super) async fn run(account: Rc<Account>, poll: Rc<Poll>) {
    poll.set_bootstrapping(true);
    if platform::guarded(see_through(Rc::clone(&account), Rc::clone(&poll))).await.is_err() {
        tracing::error!(user = %account.user_id(), "the bootstrap ended by a panic, and will go on from its last step");
        platform::sleep(limits::BACKOFF_LONGEST).await;
    }
    poll.set_bootstrapping(false);
}

async fn see_through(account: Rc<Account>, poll: Rc<Poll>) {
    let (account, poll) = (&account, &*poll);
    let mut backoff = Backoff::default();
    loop {
        let phase = account.state.borrow().cache.account.bootstrap.clone();
        let result = match phase {
            Bootstrap::Start => advance(account, Bootstrap::Scout).await.map_err(PollError::from),
            Bootstrap::Scout => scout_first(account, poll).await,
            Bootstrap::Whole { failures } => fetch_whole(account, poll, failures).await,
            Bootstrap::Crawl => crawl(account, poll).await,
            Bootstrap::Complete => return,
        };
        match result {
            Ok(()) => backoff = Backoff::default(),
            Err(error) => {
                tracing::warn!(user = %account.user_id(), %error, "a step of the bootstrap failed");
                platform::sleep(backoff.next(account.dependencies.random.bits())).await;
            }
        }
    }
}

/// Marks the account as known whole. `unignored`: who was known to be ignored no longer when it was asked for.
pub(super) async fn complete(account: &Rc<Account>, unignored: &[OwnedUserId]) -> Result<(), StorageError> {
    let open: Vec<OwnedRoomId> = {
        let state = account.state.borrow();
        let rooms = state.cache.rooms.iter().map(|(_, entry)| entry);
        rooms.filter(|entry| entry.known != Known::Whole).map(|entry| entry.room_id.clone()).collect()
    };
    account.commit(|cache, now| accumulator::complete_bootstrap(cache, &open, unignored, now)).await
}

async fn advance(account: &Rc<Account>, phase: Bootstrap) -> Result<(), StorageError> {
    account.commit(|cache, _| Step::Done(accumulator::advance_bootstrap(cache, phase.clone()))).await
}

/// The rooms that the user most likely looks at. What fails here the whole will bring.
async fn scout_first(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let token = poll.token();
    let joined = match account.homeserver.joined_rooms(&token).await {
        Ok(joined) => joined,
        Err(error) if error.is_missing_endpoint() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if !joined.is_empty() {
        account.commit(|cache, now| accumulator::accumulate_joined_rooms(cache, &joined, now)).await?;
    }
    let notified = match account.homeserver.notified_rooms(&token).await {
        Ok(notified) => notified,
        Err(error) => {
            tracing::debug!(%error, "no notifications to scout by");
            Vec::new()
        }
    };
    let rooms = scout::candidates(&account.state.borrow().cache, notified);
    scout::rooms(account, poll, rooms, accumulator::BaseKind::Scout).await;
    advance(account, Bootstrap::Whole { failures: 0 }).await?;
    Ok(())
}

async fn fetch_whole(account: &Rc<Account>, poll: &Poll, failures: u32) -> Result<(), PollError> {
    let unignored = unignored(account);
    let result = tokio::select! {
        biased;
        result = whole::fetch(account, poll) => result,
        never = scout::held_back(account, poll) => match never {},
    };
    match result {
        Ok(()) => Ok(complete(account, &unignored).await?),
        Err(error) => {
            let failures = failures + 1;
            // A gateway that cuts long requests short cuts this one every time.
            let hopeless = failures >= limits::WHOLE_FAILURES && is_cut_short(&error);
            let phase = if hopeless && can_crawl(account) { Bootstrap::Crawl } else { Bootstrap::Whole { failures } };
            advance(account, phase).await?;
            Err(error)
        }
    }
}

fn unignored(account: &Account) -> Vec<OwnedUserId> {
    account.state.borrow().cache.account.unignored.clone()
}

fn is_cut_short(error: &PollError) -> bool {
    matches!(
        error,
        PollError::Upstream(UpstreamError::Transport(_) | UpstreamError::Failed(_)) | PollError::Unreadable(_)
    )
}

/// Without `/joined_rooms` nobody says which rooms there are.
fn can_crawl(account: &Account) -> bool {
    !account.state.borrow().cache.rooms.is_empty()
}

/// Every room that has no base since the chain began, the scout's way. What is done is not done again after a restart.
async fn crawl(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let unignored = unignored(account);
    let joined = account.homeserver.joined_rooms(&poll.token()).await?;
    account.commit(|cache, now| accumulator::accumulate_joined_rooms(cache, &joined, now)).await?;
    let outside = fetch_invites(account, poll).await?;
    let began = chain_start(account, poll);
    let rooms = scout::without_base(&account.state.borrow().cache, &joined, began);
    let left = scout::rooms(account, poll, rooms, accumulator::BaseKind::Crawl).await;
    if left > 0 {
        return Err(PollError::Upstream(UpstreamError::Unreadable(format!("{left} rooms could not be fetched"))));
    }
    scout::count_direct_chats(account, poll).await?;
    gone::take_leave(account, poll, &Shown { inside: joined.into_iter().collect(), outside }).await?;
    close_device_lists(account, poll).await?;
    Ok(complete(account, &unignored).await?)
}

/// Invites from before the chain, which no room tells of. Returns their rooms; `None` where there are none: the homeserver may
/// leave them out with the rooms.
async fn fetch_invites(account: &Rc<Account>, poll: &Poll) -> Result<Option<FxHashSet<OwnedRoomId>>, PollError> {
    let body = account.homeserver.invites(&poll.token()).await?;
    let response = sync_response(&body)?;
    account.commit(|cache, now| accumulator::accumulate_invites(cache, &response, now)).await?;
    let outside = gone::outside(&response);
    Ok((!outside.is_empty()).then_some(outside))
}

/// The device lists of the time before the chain are unknown after a crawl: one `/keys/changes` closes that.
async fn close_device_lists(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let Some(device) = account.device(poll.device()) else { return Ok(()) };
    let (Some(from), Some(to)) = (&device.first_since, &device.since) else { return Ok(()) };
    let body = match account.homeserver.key_changes(&poll.token(), from, to).await {
        Ok(body) => body,
        Err(error) if error.is_missing_endpoint() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (changed, left) = parse::key_changes(&body)?;
    account
        .commit(|cache, now| accumulator::accumulate_key_changes(cache, poll.device(), &changed, &left, now))
        .await?;
    Ok(())
}
