//! The loop of one device: an unbroken chain of v2 polls, each answer one commit.
//!
//! Invariant: the next poll's `since` is the one that was committed with its data, never a later one.

mod backoff;
mod bootstrap;
mod gaps;
mod gone;
mod poll;
mod scout;
#[cfg(test)]
mod tests;
mod whole;

use std::{rc::Rc, time::Duration};

use ruma::presence::PresenceState;

pub(crate) use self::backoff::Backoff;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::gaps::is_to_be_asked_for;
pub use self::poll::{Poll, Refusal};
use crate::{
    account::{Account, State},
    accumulator,
    connection::Presence,
    limits,
    model::{DeviceRecord, Position, Step, v2::SyncResponse},
    platform::{self, Task},
    storage::StorageError,
    upstream::{PollRequest, UpstreamError, parse},
};

/// Why a step of the loop failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PollError {
    /// The homeserver.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The answer.
    #[error("the homeserver's answer is unreadable: {0}")]
    Unreadable(#[from] parse::ParseError),
}

impl PollError {
    /// Returns whether the same may succeed later without anybody doing anything.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            PollError::Upstream(error) => error.is_transient(),
            PollError::Storage(_) | PollError::Unreadable(_) => true,
        }
    }

    /// Returns how long the homeserver wants to be left alone, if it says so.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            PollError::Upstream(UpstreamError::RateLimited { retry_after }) => *retry_after,
            _ => None,
        }
    }
}

/// Polls for one device until the poll is ended. A panic is a fault of ours, and must not leave the device unpolled: the
/// loop begins again, and if that does not help, requests are told, and the next token or request begins anew.
pub(crate) async fn run(account: Rc<Account>, poll: Rc<Poll>) {
    let mut backoff = Backoff::default();
    let mut panics = 0;
    let mut answers = poll.answered();
    while platform::guarded(keep_polling(Rc::clone(&account), Rc::clone(&poll))).await.is_err() {
        tracing::error!(user = %account.user_id(), device = %poll.device(), "a poll ended by a panic");
        // It ended with the loop.
        poll.set_bootstrapping(false);
        if poll.answered() > answers {
            (panics, backoff) = (0, Backoff::default());
        }
        answers = poll.answered();
        panics += 1;
        if panics >= limits::POLL_PANICS {
            let message = "polling the homeserver fails by a fault of the sync engine".to_owned();
            let refusal = Refusal::Refused { status: 500, errcode: "M_UNKNOWN".to_owned(), message };
            refuse(&account, &poll, State::Stopped, refusal);
            poll.newer_token().await;
            panics = 0;
        }
        wait(&account, &poll, &mut backoff, None).await;
    }
}

async fn keep_polling(account: Rc<Account>, poll: Rc<Poll>) {
    let mut backoff = Backoff::default();
    let mut since_refusals = 0;
    // Held, so that it ends with the poll.
    let mut _bootstrap: Option<Task> = None;
    let _gaps = platform::spawn(gaps::run(Rc::clone(&account), Rc::clone(&poll)));
    loop {
        pause_while_queue_is_full(&account, &poll).await;
        match step(&account, &poll).await {
            Ok(()) => {
                backoff = Backoff::default();
                since_refusals = 0;
                account.set_state(State::Live, None);
                if !poll.is_bootstrapping() && bootstrap::is_needed(&account, &poll) {
                    _bootstrap = Some(platform::spawn(bootstrap::run(Rc::clone(&account), Rc::clone(&poll))));
                }
            }
            Err(PollError::Upstream(UpstreamError::UnknownToken { soft_logout })) => {
                refuse(&account, &poll, State::TokenExpired, Refusal::UnknownToken { soft_logout });
                poll.newer_token().await;
            }
            Err(PollError::Upstream(UpstreamError::Refused { status: 400, message, .. }))
                if since_refusals < limits::SINCE_REFUSALS =>
            {
                since_refusals += 1;
                tracing::warn!(user = %account.user_id(), %message, "the homeserver refuses our since");
                if since_refusals == limits::SINCE_REFUSALS {
                    begin_anew(&account, &poll).await;
                }
                wait(&account, &poll, &mut backoff, None).await;
            }
            Err(PollError::Upstream(UpstreamError::Refused { status, errcode, message })) => {
                refuse(&account, &poll, State::Stopped, Refusal::Refused { status, errcode, message });
                poll.newer_token().await;
            }
            Err(error) => {
                tracing::warn!(user = %account.user_id(), device = %poll.device(), %error, "a poll failed");
                account.set_state(State::Offline, Some(error.to_string()));
                wait(&account, &poll, &mut backoff, error.retry_after()).await;
            }
        }
    }
}

/// Polls once and commits what came.
async fn step(account: &Rc<Account>, poll: &Rc<Poll>) -> Result<(), PollError> {
    begin(account, poll).await?;
    see_to_authorship(account, poll).await?;
    let with_presence = see_to_presence(account, poll).await?;
    let since = since(account, poll);
    let request = PollRequest {
        timeout: if since.is_none() || poll.is_behind(account.now()) { Duration::ZERO } else { limits::POLL_TIMEOUT },
        since,
        set_presence: shown_as(account, poll),
        with_presence,
    };
    let token = poll.token();
    let number = poll.ask();
    let body = tokio::select! {
        biased;
        // It asks again, at once and without waiting for news. Its `since` is unchanged, so what the homeserver was about
        // to say comes then.
        () = poll.interrupted() => return Ok(()),
        body = account.homeserver.poll(&token, &request) => body?,
    };
    let response = if request.since.is_some() { parse::sync_response(&body)? } else { sync_response(&body)? };
    account
        .commit_if_any(&mut |cache, now| {
            let held = cache.devices.get(poll.device()).and_then(|device| device.record.since.as_deref());
            // An answer to an older `since` may come where a commit in doubt was settled meanwhile: its to-device
            // messages would come twice.
            if held != request.since.as_deref() {
                return Step::Done(None);
            }
            match accumulator::accumulate_sync(cache, poll.device(), &response, now) {
                Step::Done(commit) => Step::Done(Some(commit)),
                Step::Need(keys) => Step::Need(keys),
            }
        })
        .await?;
    if request.since.is_none() && response.has_timelines() && is_author(account, poll) {
        // The homeserver ignores the filter that asked for no rooms: that was the whole.
        bootstrap::complete(account, &[]).await?;
    }
    poll.note_answer(number, account.now());
    if request.since.is_none() {
        // Only now the device's keys can be told of, also where the homeserver does not count any.
        account.wake_all();
    }
    account.drop_unused();
    account.changed.notify_waiters();
    if response.next_batch.is_none() {
        // `null` or nothing is an answer without news, but the homeserver did not wait for any.
        platform::sleep(limits::BACKOFF_FIRST).await;
    }
    Ok(())
}

fn shown_as(account: &Account, poll: &Poll) -> PresenceState {
    match poll.presence(account.now()) {
        Presence::Online => PresenceState::Online,
        Presence::Unavailable => PresenceState::Unavailable,
        Presence::Offline => PresenceState::Offline,
    }
}

/// Asks for what belongs to no room, as it is now: what a first `/sync` without rooms gives. It is not of the chain: its
/// token and its to-device messages are not used.
async fn ask_globals(account: &Account, poll: &Poll, with_presence: bool) -> Result<Vec<u8>, PollError> {
    let request =
        PollRequest { since: None, timeout: Duration::ZERO, set_presence: shown_as(account, poll), with_presence };
    Ok(account.homeserver.poll(&poll.token(), &request).await?)
}

/// Returns whether to poll with presence: while some client of the account wants it. The chain tells of changes only, so
/// whoever begins to want it makes the poll ask how everybody is now.
async fn see_to_presence(account: &Rc<Account>, poll: &Poll) -> Result<bool, PollError> {
    if !is_author(account, poll) {
        return Ok(false);
    }
    let wanted = account.wants_presence();
    if !wanted {
        account.has_presence.set(false);
    }
    if account.state.borrow().cache.account.presence != wanted {
        account.commit(|cache, _| Step::Done(accumulator::poll_with_presence(cache, wanted))).await?;
    }
    if wanted && !account.has_presence.get() {
        let body = ask_globals(account, poll, true).await;
        // Messages must not wait for it: without it, everybody is told of as they change, until it can be had.
        match body.as_deref().map(sync_response) {
            Ok(Ok(response)) => {
                let told = account.state.borrow().cache.online();
                account.commit(|cache, now| accumulator::accumulate_presence(cache, &response, &told, now)).await?;
                account.has_presence.set(true);
            }
            Ok(Err(error)) => tracing::warn!(user = %account.user_id(), %error, "presence came unreadable"),
            Err(error) => tracing::warn!(user = %account.user_id(), %error, "presence could not be asked for"),
        }
    }
    Ok(wanted)
}

/// Reads an answer to a `/sync` that tells how things are now. One that does not say where it ends is none, however well
/// it reads: `null` would be an account without rooms.
fn sync_response(body: &[u8]) -> Result<SyncResponse<'_>, PollError> {
    let response = parse::sync_response(body)?;
    if response.next_batch.is_none() {
        return Err(UpstreamError::Unreadable("there is no next_batch".to_owned()).into());
    }
    Ok(response)
}

/// Returns the position at which this device's chain of `since` began.
fn chain_start(account: &Account, poll: &Poll) -> Position {
    account.device(poll.device()).map(|device| device.first_position).unwrap_or_default()
}

fn is_author(account: &Account, poll: &Poll) -> bool {
    account.state.borrow().cache.account.author.as_deref() == Some(poll.device())
}

/// Takes over from an author that does not poll any more: at once if it was ended, after a while if it merely has no
/// valid token (it will get one), or did not begin yet after a start.
async fn see_to_authorship(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    let author = account.state.borrow().cache.account.author.clone();
    let absent = author
        .filter(|author| author != poll.device())
        .is_some_and(|author| account.poll_of(&author).is_none_or(|poll| poll.refusal().is_some()));
    if !absent {
        account.author_absent_since.set(None);
        return Ok(());
    }
    let now = account.now();
    let since = account.author_absent_since.get().unwrap_or(now);
    account.author_absent_since.set(Some(since));
    if now.since(since) >= limits::AUTHOR_ABSENCE
        && account.device(poll.device()).is_some_and(|device| device.since.is_some())
    {
        let body = match ask_globals(account, poll, false).await {
            Ok(body) => body,
            // The poll goes on meanwhile; the next one tries again.
            Err(error) => {
                tracing::warn!(user = %account.user_id(), %error, "a device cannot take over yet");
                return Ok(());
            }
        };
        let response = sync_response(&body)?;
        account.commit(|cache, now| accumulator::take_over_authorship(cache, poll.device(), &response, now)).await?;
        account.has_presence.set(false);
        // The whole is asked for behind the next answer, which need not wait for news.
        poll.hurry();
        account.author_absent_since.set(None);
    }
    Ok(())
}

/// Enters the device before its first poll.
async fn begin(account: &Rc<Account>, poll: &Poll) -> Result<(), PollError> {
    if account.device(poll.device()).is_none() {
        // The high bits of every to-device token; zero is what a small number from another server has.
        let epoch = (account.dependencies.random.bits() as u32).max(1);
        account.commit(|cache, _| Step::Done(accumulator::begin_device(cache, poll.device(), epoch))).await?;
    }
    Ok(())
}

fn since(account: &Account, poll: &Poll) -> Option<String> {
    account.device(poll.device()).and_then(|device| device.since.clone())
}

fn refuse(account: &Account, poll: &Poll, state: State, refusal: Refusal) {
    account.set_state(state, Some(refusal.to_string()));
    poll.refuse(refusal);
    account.wake_all();
}

/// Over a bound of unacknowledged messages the homeserver keeps the rest.
async fn pause_while_queue_is_full(account: &Account, poll: &Poll) {
    let is_full = |device: &DeviceRecord| {
        device.to_device_next.saturating_sub(device.to_device_acknowledged) > limits::TO_DEVICE_QUEUE
    };
    while account.device(poll.device()).is_some_and(|device| is_full(&device)) {
        account.set_state(State::CatchingUp, Some("waiting for the client to take its to-device messages".into()));
        account.changed.notified().await;
    }
}

async fn wait(account: &Account, poll: &Poll, backoff: &mut Backoff, retry_after: Option<Duration>) {
    let pause = retry_after.unwrap_or_else(|| backoff.next(account.dependencies.random.bits()));
    tokio::select! {
        biased;
        () = poll.interrupted() => {}
        () = platform::sleep(pause) => {}
    }
}

/// The homeserver does not know our `since` any more: it was reset. The chain begins anew; to-device messages and
/// device lists that we hold stay.
async fn begin_anew(account: &Rc<Account>, poll: &Poll) {
    let result = account.commit(|cache, _| Step::Done(accumulator::begin_chain_anew(cache, poll.device()))).await;
    if let Err(error) = result {
        tracing::error!(%error, "the chain could not begin anew");
    }
    // Who went offline meanwhile, the new chain does not tell.
    account.has_presence.set(false);
}
