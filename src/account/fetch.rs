//! What a subscription asked for and we do not hold: fetched in the background, after answering with what there is.
//! When it comes it is a change like any other, and the connection sends it.

use std::{borrow::Cow, rc::Rc};

use ruma::{DeviceId, RoomId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Account;
use crate::{
    accumulator::{self, History},
    connection::Fetch,
    limits,
    model::{Ordinal, Position, Timestamp},
    platform,
    poller::{Backoff, PollError},
    upstream::parse,
};

/// What is being fetched, and what was fetched lately. Wishes are repeated with every answer until they are fulfilled,
/// and not each of them can be.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    under_way: FxHashSet<Fetch>,
    /// Wishes that were asked for, and still stood when they came or failed.
    asked: FxHashMap<Fetch, Timestamp>,
    /// Whether a wish was left because of what is under way.
    put_off: bool,
}

impl Fetches {
    /// Returns whether the wish is to be fetched now, and takes it for under way then. What is too much is left until a
    /// fetch has ended.
    fn begin(&mut self, wish: &Fetch, now: Timestamp) -> bool {
        let lately = self.asked.get(wish).is_some_and(|asked| now.since(*asked) < limits::FETCH_AGAIN);
        let busy = self.under_way.len() >= limits::BACKGROUND_FETCHES
            || self.under_way.iter().any(|other| is_of_the_same(other, wish));
        let begins = !lately && !busy;
        if begins {
            self.under_way.insert(wish.clone());
        } else if !lately && !self.under_way.contains(wish) {
            self.put_off = true;
        }
        begins
    }

    /// Notes that a fetch ended. All members are wished for again only where some are missing again; what history comes
    /// next is told by another token. Returns whether a wish was left meanwhile, which is to be made again.
    fn end(&mut self, wish: &Fetch, came: bool, now: Timestamp) -> bool {
        self.under_way.remove(wish);
        let put_off = std::mem::take(&mut self.put_off);
        if came && matches!(wish, Fetch::Members { .. }) {
            self.asked.remove(wish);
            return put_off;
        }
        if self.asked.len() >= limits::FETCHES_REMEMBERED {
            self.asked.retain(|_, asked| now.since(*asked) < limits::FETCH_AGAIN);
        }
        if self.asked.len() < limits::FETCHES_REMEMBERED {
            self.asked.insert(wish.clone(), now);
        }
        put_off
    }
}

/// Returns whether both wish for the same part of the same room, whatever else they say.
fn is_of_the_same(one: &Fetch, other: &Fetch) -> bool {
    match (one, other) {
        (Fetch::Timeline { room: one, .. }, Fetch::Timeline { room: other, .. })
        | (Fetch::Members { room: one }, Fetch::Members { room: other }) => one == other,
        _ => false,
    }
}

/// What was held of a room when more was wished for.
#[derive(Clone, Copy)]
struct Held {
    at: Position,
    from: Ordinal,
}

impl Account {
    /// Fetches what an answer wished for, each thing once at a time. `at`: the position of the account at the answer.
    pub(super) fn fetch(self: &Rc<Self>, device: &DeviceId, wishes: Vec<Fetch>, at: Position) {
        if wishes.is_empty() {
            return;
        }
        let Some(token) = self.polled_token(device) else { return };
        for wish in wishes {
            if !self.fetches.borrow_mut().begin(&wish, self.now()) {
                continue;
            }
            let from = self.state.borrow().cache.rooms.entry(wish.room()).map(|entry| entry.timeline_first);
            let held = Held { at, from: from.unwrap_or_default() };
            let account = Rc::clone(self);
            let token = token.clone();
            platform::spawn(async move {
                let came = account.fetch_until_it_comes(&token, &wish, held).await;
                let put_off = account.fetches.borrow_mut().end(&wish, came, account.now());
                if put_off {
                    // What came may be no news to the request whose wish was left: it would wait on without wishing again.
                    account.wake_all();
                }
            })
            .detach();
        }
    }

    /// Returns what is being fetched of a room.
    pub(super) fn fetching_of(&self, room: &RoomId) -> Vec<&'static str> {
        let fetches = self.fetches.borrow();
        fetches.under_way.iter().filter(|wish| wish.room() == room).map(Fetch::name).collect()
    }

    /// A failure that may pass is waited out. Returns whether it came.
    async fn fetch_until_it_comes(self: &Rc<Self>, token: &str, wish: &Fetch, held: Held) -> bool {
        let mut backoff = Backoff::default();
        for _ in 0..limits::FETCH_TRIES {
            let result = match wish {
                Fetch::Timeline { room, from, limit } => self.fetch_timeline(token, room, from, *limit, held).await,
                Fetch::Members { room } => self.fetch_members(token, room).await,
            };
            let Err(error) = result else { return true };
            tracing::warn!(user = %self.user_id(), %error, "fetching more of a room failed");
            if !error.is_transient() || self.stopped.get() {
                break;
            }
            platform::sleep(backoff.next(self.dependencies.random.bits())).await;
        }
        false
    }

    async fn fetch_timeline(
        self: &Rc<Self>,
        token: &str,
        room: &RoomId,
        from: &str,
        limit: u32,
        held: Held,
    ) -> Result<(), PollError> {
        let mut from = from.to_owned();
        for _ in 0..limits::EMPTY_PAGES {
            let body = self.homeserver.messages(token, room, Some(from.clone()), limit).await?;
            let messages = parse::messages(&body)?;
            let end = messages.end.map(Cow::into_owned);
            if messages.events.is_empty()
                && let Some(end) = end.clone().filter(|end| *end != from)
            {
                // A page of which the homeserver shows nothing, of a user who is ignored, say. There is more behind it.
                from = end;
                continue;
            }
            let history = History {
                events: messages.events,
                state: messages.state,
                complete: end.is_none(),
                token_before: end,
                asked_at: held.at,
                held_from: held.from,
            };
            self.commit(|cache, now| accumulator::accumulate_history(cache, room, &history, now)).await?;
            break;
        }
        Ok(())
    }

    /// Fetches all members of a room.
    pub(crate) async fn fetch_members(self: &Rc<Self>, token: &str, room: &RoomId) -> Result<(), PollError> {
        let asked_at = self.state.borrow().cache.position();
        let body = self.homeserver.members(token, room).await?;
        let members = parse::members(&body)?;
        self.commit(|cache, now| accumulator::accumulate_members(cache, room, &members, asked_at, now)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn members(room: &str) -> Fetch {
        Fetch::Members { room: room.try_into().expect("a room id") }
    }

    fn history(from: &str) -> Fetch {
        Fetch::Timeline { room: "!a:x".try_into().expect("a room id"), from: from.to_owned(), limit: 20 }
    }

    #[test]
    fn a_wish_is_fetched_once_at_a_time() {
        let (mut fetches, now) = (Fetches::default(), Timestamp(0));
        assert!(fetches.begin(&members("!a:x"), now) && !fetches.begin(&members("!a:x"), now));
        assert!(fetches.begin(&members("!b:x"), now), "another room's members are another thing");
        assert!(fetches.begin(&history("t9"), now) && !fetches.begin(&history("t8"), now), "they would overlap");
    }

    #[test]
    fn a_wish_that_was_put_off_is_told_when_a_fetch_ends() {
        let (mut fetches, now) = (Fetches::default(), Timestamp(0));
        fetches.begin(&history("t9"), now);
        fetches.begin(&history("t9"), now);
        fetches.begin(&history("t8"), now);
        assert!(fetches.end(&history("t9"), true, now), "t8 was put off");
        assert!(fetches.begin(&history("t8"), now) && !fetches.begin(&history("t8"), now));
        assert!(!fetches.end(&history("t8"), true, now), "it was only wished for again");
    }

    #[test]
    fn what_failed_rests_for_a_while_and_is_asked_for_again() {
        let (mut fetches, now) = (Fetches::default(), Timestamp(0));
        fetches.begin(&members("!a:x"), now);
        fetches.end(&members("!a:x"), false, now);
        assert!(!fetches.begin(&members("!a:x"), now.after(limits::FETCH_AGAIN - Duration::from_secs(1))));
        assert!(fetches.begin(&members("!a:x"), now.after(limits::FETCH_AGAIN)));
    }

    #[test]
    fn members_that_came_are_fetched_again_after_the_next_gap() {
        let (mut fetches, now) = (Fetches::default(), Timestamp(0));
        fetches.begin(&members("!a:x"), now);
        fetches.end(&members("!a:x"), true, now);
        assert!(fetches.begin(&members("!a:x"), now));
    }

    #[test]
    fn history_goes_on_from_another_token_and_not_from_the_same() {
        let (mut fetches, now) = (Fetches::default(), Timestamp(0));
        fetches.begin(&history("t9"), now);
        fetches.end(&history("t9"), true, now);
        assert!(!fetches.begin(&history("t9"), now), "that brought nothing");
        assert!(fetches.begin(&history("t8"), now));
    }

    #[test]
    fn no_more_is_remembered_than_the_limit() {
        let mut fetches = Fetches::default();
        for number in 0..limits::FETCHES_REMEMBERED + 9 {
            fetches.end(&history(&format!("t{number}")), true, Timestamp(0));
        }
        assert_eq!(fetches.asked.len(), limits::FETCHES_REMEMBERED);
        let later = Timestamp(0).after(limits::FETCH_AGAIN);
        fetches.end(&history("t"), true, later);
        assert_eq!(fetches.asked.len(), 1);
    }
}
