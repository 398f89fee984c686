//! What a subscription asked for and we do not hold: fetched in the background, after answering with what there is.
//! When it comes it is a change like any other, and the connection sends it.

use std::{borrow::Cow, rc::Rc};

use ruma::{DeviceId, OwnedRoomId, RoomId};

use super::Account;
use crate::{
    accumulator,
    connection::Fetch,
    limits, platform,
    poller::{Backoff, PollError},
    upstream::parse,
};

/// What is being fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fetching {
    Timeline(OwnedRoomId),
    Members(OwnedRoomId),
}

impl Account {
    /// Fetches what an answer wished for, each thing once at a time. What is too much is left: the next answer about the
    /// room wishes again.
    pub(super) fn fetch(self: &Rc<Self>, device: &DeviceId, wishes: Vec<Fetch>) {
        let Some(token) = self.polled_token(device) else { return };
        for wish in wishes {
            let key = match &wish {
                Fetch::Timeline { room, .. } => Fetching::Timeline(room.clone()),
                Fetch::Members { room } => Fetching::Members(room.clone()),
            };
            let mut fetching = self.fetching.borrow_mut();
            if fetching.len() >= limits::BACKGROUND_FETCHES || !fetching.insert(key.clone()) {
                continue;
            }
            let account = Rc::clone(self);
            let token = token.clone();
            platform::spawn(async move {
                account.fetch_until_it_comes(&token, &wish).await;
                account.fetching.borrow_mut().remove(&key);
            })
            .detach();
        }
    }

    /// Returns what is being fetched of a room.
    pub(super) fn fetching_of(&self, room: &RoomId) -> Vec<&'static str> {
        let kinds =
            [(Fetching::Timeline(room.to_owned()), "timeline"), (Fetching::Members(room.to_owned()), "members")];
        let fetching = self.fetching.borrow();
        kinds.iter().filter(|(key, _)| fetching.contains(key)).map(|(_, name)| *name).collect()
    }

    /// Nobody wishes again for a room that does not change, so a failure that may pass is waited out.
    async fn fetch_until_it_comes(self: &Rc<Self>, token: &str, wish: &Fetch) {
        let mut backoff = Backoff::default();
        for _ in 0..limits::FETCH_TRIES {
            let result = match wish {
                Fetch::Timeline { room, from, limit } => self.fetch_timeline(token, room, from, *limit).await,
                Fetch::Members { room } => self.fetch_members(token, room).await,
            };
            let Err(error) = result else { return };
            tracing::warn!(user = %self.user_id(), %error, "fetching more of a room failed");
            if !error.is_transient() || self.stopped.get() {
                return;
            }
            platform::sleep(backoff.next(self.dependencies.random.bits())).await;
        }
    }

    async fn fetch_timeline(
        self: &Rc<Self>,
        token: &str,
        room: &RoomId,
        from: &str,
        limit: u32,
    ) -> Result<(), PollError> {
        let body = self.homeserver.messages(token, room, Some(from.to_owned()), limit).await?;
        let messages = parse::messages(&body)?;
        let token_before = messages.end.map(Cow::into_owned);
        let complete = token_before.is_none();
        self.commit(|cache, now| {
            accumulator::accumulate_history(cache, room, &messages.events, token_before.clone(), complete, now)
        })
        .await?;
        Ok(())
    }

    async fn fetch_members(self: &Rc<Self>, token: &str, room: &RoomId) -> Result<(), PollError> {
        let asked_at = self.state.borrow().cache.position();
        let body = self.homeserver.members(token, room).await?;
        let members = parse::members(&body)?;
        self.commit(|cache, now| accumulator::accumulate_members(cache, room, &members, asked_at, now)).await?;
        Ok(())
    }
}
