//! The actor that owns one account: its cache, its pollers, its connections.
//!
//! Invariants: one commit at a time; memory changes only after the commit was written; nothing borrows the state
//! across an await; what cannot be read back from disk never stops the account from being polled.

mod answer;
mod commit;
mod explain;
mod fetch;
mod forget;
mod open;
mod status;
mod tokens;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId};
use rustc_hash::FxHashMap;
use tokio::sync::{Mutex, Notify, watch};

use self::fetch::Fetches;
pub use self::{
    answer::AccountError,
    status::{Progress, State, Status},
};
#[cfg(any(test, feature = "testing"))]
use crate::connection::AnswerLimits;
use crate::{
    cache::AccountCache,
    connection::{Connections, Ticket},
    limits,
    model::{Commit, DeviceRecord, Timestamp},
    platform::{self, Clock, Random},
    poller::{self, Poll},
    storage::{Storage, StorageError},
    upstream::{Homeserver, HttpClient},
};

/// What an account needs of the world.
#[derive(Clone)]
pub struct Dependencies {
    /// Where it is kept.
    pub storage: Rc<dyn Storage>,
    /// How the homeserver is reached.
    pub http: Rc<dyn HttpClient>,
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// Randomness.
    pub random: Rc<dyn Random>,
}

/// One account, at work. Call [`Account::stop`] when it is done with: its pollers keep it alive until then.
pub struct Account {
    pub(crate) user_id: OwnedUserId,
    pub(crate) homeserver: Homeserver,
    pub(crate) dependencies: Dependencies,
    pub(crate) state: RefCell<InMemory>,
    /// Held while a commit is computed, written and applied. Counted by `Arc` only because its guard travels into a task.
    committing: Arc<Mutex<()>>,
    /// A commit that the store failed at, and of which nobody knows whether it was written all the same. No other may be
    /// written before it: computed from what is in memory, which lacks it, it would undo a part of it.
    in_doubt: RefCell<Option<Commit>>,
    /// The requests that wait for news.
    waiting: RefCell<FxHashMap<Ticket, Rc<Notify>>>,
    /// Told after each commit and each answer of the homeserver.
    pub(crate) changed: Notify,
    pub(crate) status: watch::Sender<Status>,
    polls: RefCell<FxHashMap<OwnedDeviceId, Rc<Poll>>>,
    fetches: RefCell<Fetches>,
    /// Since when the author does not poll, as another device's poll noticed.
    pub(crate) author_absent_since: Cell<Option<Timestamp>>,
    /// Whether the presence of everybody is known, and the chain brings what changes of it.
    pub(crate) has_presence: Cell<bool>,
    pub(crate) stopped: Cell<bool>,
}

/// What an account has in memory.
pub(crate) struct InMemory {
    pub cache: AccountCache,
    pub connections: Connections,
}

impl Account {
    /// Polls for a device with this token from now on, or gives its running poller a newer token.
    pub fn poll(self: &Rc<Self>, device: &DeviceId, token: &str) {
        if self.stopped.get() {
            return;
        }
        let mut polls = self.polls.borrow_mut();
        match polls.get(device) {
            Some(poll) => poll.take_token(token),
            None => {
                let poll = Rc::new(Poll::new(device.to_owned(), token));
                if self.state.borrow().cache.account.presence {
                    // Whoever wanted it before a restart is about to ask again.
                    poll.want_presence(self.now().after(limits::PRESENCE_LINGERS));
                }
                polls.insert(device.to_owned(), Rc::clone(&poll));
                poll.start(platform::spawn(poller::run(Rc::clone(self), Rc::clone(&poll))));
            }
        }
    }

    /// Ends the polling of a device, which logged out.
    pub fn end_poll(&self, device: &DeviceId) {
        if let Some(poll) = self.polls.borrow_mut().remove(device) {
            poll.end();
        }
        if self.state.borrow().cache.account.author.as_deref() == Some(device) {
            // It will not come back by itself: the next poll of another device takes over at once.
            self.author_absent_since.set(Some(Timestamp(0)));
            for other in self.polls.borrow().values() {
                other.hurry();
            }
        }
        self.wake_all();
    }

    /// Returns whether some client wants presence.
    pub(crate) fn wants_presence(&self) -> bool {
        let now = self.now();
        self.polls.borrow().values().any(|poll| poll.wants_presence(now))
    }

    /// Has presence asked for at once, if somebody has begun to want it.
    pub(crate) fn hurry_for_presence(&self) {
        let author = self.state.borrow().cache.account.author.clone();
        if self.wants_presence()
            && !self.has_presence.get()
            && let Some(poll) = author.and_then(|author| self.poll_of(&author))
        {
            poll.hurry();
        }
    }

    /// Returns the token that the device's poll runs on, if it runs.
    pub fn polled_token(&self, device: &DeviceId) -> Option<String> {
        self.poll_of(device).filter(|poll| poll.refusal().is_none()).map(|poll| poll.token())
    }

    /// Returns a receiver of the account's status, which always holds the present one.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Lets answers carry less than they may, so that a few small rooms are too much for one.
    #[cfg(any(test, feature = "testing"))]
    pub fn limit_answers(&self, limits: AnswerLimits) {
        self.state.borrow_mut().connections.limit_answers(limits);
    }

    /// Returns whether some room is still to be asked for what vanished in a gap.
    #[cfg(any(test, feature = "testing"))]
    pub fn has_open_gaps(&self) -> bool {
        self.state.borrow().cache.rooms.iter().any(|(_, entry)| poller::is_to_be_asked_for(entry))
    }

    /// Returns whose account it is.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Ends polling and waiting requests, after the commit that is being written.
    pub async fn stop(&self) {
        self.stopped.set(true);
        for (_, poll) in self.polls.borrow_mut().drain() {
            poll.end();
        }
        self.wake_all();
        let _written = self.committing.lock().await;
        self.set_state(State::Stopped, None);
    }

    /// Stops, and deletes everything that is kept of the account.
    pub async fn delete(&self) -> Result<(), StorageError> {
        self.stop().await;
        self.dependencies.storage.delete_account(&self.user_id).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.dependencies.clock.now()
    }

    pub(crate) fn device(&self, device: &DeviceId) -> Option<Rc<DeviceRecord>> {
        self.state.borrow().cache.devices.get(device).map(|device| Rc::clone(&device.record))
    }

    pub(crate) fn poll_of(&self, device: &DeviceId) -> Option<Rc<Poll>> {
        self.polls.borrow().get(device).map(Rc::clone)
    }
}
