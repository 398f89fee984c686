//! What vanished in the gaps of the chain. v2 tells neither which state a room has no more nor, with lazy members, who came
//! and went meanwhile; `/state` does. Small rooms are asked for it in the background, a few at a time.
//!
//! Invariants: a room is asked for once per gap, unless that fails or leaves something open; its state is taken over only
//! behind a poll that was sent later, so that it knows nothing that the chain does not.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{Backoff, Poll, PollError, is_author, whole::catch_up};
use crate::{
    account::Account,
    accumulator,
    cache::{AccountCache, RoomNumber},
    limits,
    model::{Bootstrap, Known, Membership, Position, RoomEntry, order::sorted},
    platform,
    upstream::{UpstreamError, parse},
};

/// Sees to the gaps for as long as the device is polled.
pub(super) async fn run(account: Rc<Account>, poll: Rc<Poll>) {
    if platform::guarded(see_to_all(Rc::clone(&account), poll)).await.is_err() {
        tracing::error!(user = %account.user_id(), "seeing to gaps ended by a panic; it goes on with the next start");
    }
}

async fn see_to_all(account: Rc<Account>, poll: Rc<Poll>) {
    let (mut gaps, mut backoff) = (Gaps::default(), Backoff::default());
    loop {
        let rooms = if is_up_to_it(&account, &poll) { gaps.next(&account.state.borrow().cache) } else { Vec::new() };
        if rooms.is_empty() {
            account.changed.notified().await;
            continue;
        }
        match see_to(&account, &poll, &rooms, &mut gaps).await {
            Ok(()) => {
                backoff = Backoff::default();
                platform::sleep(limits::GAP_PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(user = %account.user_id(), %error, "the state after a gap could not be asked for");
                let pause = error.retry_after();
                platform::sleep(pause.unwrap_or_else(|| backoff.next(account.dependencies.random.bits()))).await;
            }
        }
    }
}

/// Whether this device's chain is what rooms stand on, and no base is about to be laid.
fn is_up_to_it(account: &Account, poll: &Poll) -> bool {
    let is_complete = account.state.borrow().cache.account.bootstrap == Bootstrap::Complete;
    is_complete && poll.refusal().is_none() && is_author(account, poll)
}

/// Asks for the state of some rooms, and takes it over. A room that the homeserver refuses is passed over.
async fn see_to(account: &Rc<Account>, poll: &Poll, rooms: &[RoomNumber], gaps: &mut Gaps) -> Result<(), PollError> {
    let (mut answers, mut failure) = (Vec::with_capacity(rooms.len()), None);
    for number in rooms {
        let asked = {
            let state = account.state.borrow();
            state.cache.rooms.get(*number).map(|entry| (entry.room_id.clone(), state.cache.position()))
        };
        let Some((room, asked_at)) = asked else { continue };
        match account.homeserver.state(&poll.token(), &room).await {
            Ok(body) => answers.push((room, asked_at, body)),
            // A token that is not valid any more says nothing of the room.
            Err(error) if error.is_transient() || matches!(error, UpstreamError::UnknownToken { .. }) => {
                failure = Some(error);
                break;
            }
            Err(error) => {
                tracing::debug!(%room, %error, "the state after a gap is refused");
                gaps.give_up(*number);
            }
        }
    }
    if !answers.is_empty() {
        catch_up(account, poll).await;
    }
    for (room, asked_at, body) in &answers {
        let Ok(events) = parse::state(body) else { continue };
        if is_up_to_it(account, poll) {
            account
                .commit(|cache, now| accumulator::accumulate_full_state(cache, room, &events, *asked_at, now))
                .await?;
        }
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// The rooms whose gaps are open.
#[derive(Default)]
struct Gaps {
    /// Up to where rooms were looked at; `None` before the first time.
    looked: Option<Position>,
    /// Which gap of a room it is, and how often it was asked for because of that.
    open: FxHashMap<RoomNumber, (Position, u32)>,
}

impl Gaps {
    /// Returns the rooms to ask for next, those first that were tried least, and takes them for tried.
    fn next(&mut self, cache: &AccountCache) -> Vec<RoomNumber> {
        let gap = |number: RoomNumber| {
            cache.rooms.get(number).filter(|entry| is_to_be_asked_for(entry)).map(|entry| entry.gap)
        };
        self.open.retain(|number, _| gap(*number).is_some());
        let numbers: Vec<RoomNumber> = match self.looked.replace(cache.position()) {
            Some(looked) => cache.rooms.touched_after(looked).collect(),
            None => cache.rooms.iter().map(|(number, _)| number).collect(),
        };
        for (number, gap) in numbers.into_iter().filter_map(|number| Some((number, gap(number)?))) {
            let tried = self.open.entry(number).or_default();
            if tried.0 != gap {
                *tried = (gap, 0);
            }
        }
        let due = self.open.iter().map(|(number, (_, tries))| (*tries, *number));
        let due = sorted(due.filter(|(tries, _)| *tries < limits::FETCH_TRIES).collect());
        let next: Vec<RoomNumber> = due.into_iter().take(limits::GAP_ROOMS).map(|(_, number)| number).collect();
        for number in &next {
            self.open.entry(*number).and_modify(|(_, tries)| *tries += 1);
        }
        next
    }

    /// Does not ask for a room any more, unless it gets another gap.
    fn give_up(&mut self, number: RoomNumber) {
        if let Some((_, tries)) = self.open.get_mut(&number) {
            *tries = limits::FETCH_TRIES;
        }
    }
}

/// Returns whether a room has a gap that is seen to. Rooms whose size nobody tells may be large.
pub(crate) fn is_to_be_asked_for(entry: &RoomEntry) -> bool {
    let members = entry.joined_count.map(|joined| joined.saturating_add(entry.invited_count.unwrap_or(0)));
    entry.gap > Position(0)
        && entry.membership == Membership::Join
        && entry.known == Known::Whole
        && members.is_some_and(|members| members <= limits::GAP_MEMBERS)
}
