//! Rooms that the user forgets on the homeserver. `/sync` tells nobody of that, so the request that passes through does.

use std::rc::Rc;

use ruma::RoomId;

use super::Account;
use crate::{
    accumulator, limits,
    model::{Membership, Step},
    platform,
    storage::StorageError,
};

impl Account {
    /// Forgets a room that the homeserver has just forgotten for the user. It does so only after a leave; where the poll has
    /// not brought that yet, the room is forgotten when it has, and the leave is told first.
    pub async fn forget_room(self: &Rc<Self>, room: &RoomId) -> Result<(), StorageError> {
        if !self.may_be_in(room) {
            return self.forget_left(room).await;
        }
        let (account, room) = (Rc::clone(self), room.to_owned());
        platform::spawn(async move {
            let deadline = account.now().after(limits::FORGET_WAIT);
            while account.may_be_in(&room) && !account.stopped.get() && account.now() < deadline {
                account.changed_until(deadline).await;
            }
            if let Err(error) = account.forget_left(&room).await {
                tracing::error!(%room, %error, "a room could not be forgotten");
            }
        })
        .detach();
        Ok(())
    }

    async fn forget_left(self: &Rc<Self>, room: &RoomId) -> Result<(), StorageError> {
        self.commit_if_any(&mut |cache, now| {
            let is_left = cache.rooms.entry(room).is_some_and(|entry| is_out(entry.membership));
            // Whoever came back meanwhile has not forgotten what is new.
            let step = is_left.then(|| accumulator::forget_room(cache, room, now));
            match step {
                None => Step::Done(None),
                Some(Step::Done(commit)) => Step::Done(Some(commit)),
                Some(Step::Need(keys)) => Step::Need(keys),
            }
        })
        .await
    }

    fn may_be_in(&self, room: &RoomId) -> bool {
        let state = self.state.borrow();
        state.cache.rooms.entry(room).is_some_and(|entry| !is_out(entry.membership))
    }
}

fn is_out(membership: Membership) -> bool {
    matches!(membership, Membership::Leave | Membership::Ban)
}
