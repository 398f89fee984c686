//! Answering a sliding sync request: accept, compute, wait, write what the answer adds, answer.

use std::{rc::Rc, time::Duration};

use ruma::DeviceId;
use tokio::sync::Notify;

use super::{Account, InMemory, open::encode};
use crate::{
    accumulator,
    connection::{Accepted, Answer, Arrival, Poll, SyncError, SyncRequest, SyncResponse, Ticket},
    limits,
    model::{Bootstrap, Record, RecordKey, Step, Timestamp},
    platform,
    poller::Refusal,
    storage::{Batch, Durability, StorageError, Write},
};

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The request cannot be answered as it stands.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The device's token is not valid any more.
    #[error("the access token is not valid any more")]
    TokenExpired {
        /// Whether the homeserver keeps the device (`soft_logout`).
        soft_logout: bool,
    },
    /// The homeserver refuses the account.
    #[error("the homeserver refuses: {message}")]
    Refused {
        /// Its status.
        status: u16,
        /// Its `errcode`.
        errcode: String,
        /// Its `error`.
        message: String,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The account was stopped.
    #[error("the account was stopped")]
    Stopped,
}

impl Account {
    /// Answers a sliding sync request of a device, waiting for news as long as the request says. Dropping the future
    /// cancels the request; nothing is taken as seen then.
    pub async fn sync(self: &Rc<Self>, device: &DeviceId, request: SyncRequest) -> Result<SyncResponse, AccountError> {
        self.check(device)?;
        let arrival = self.state.borrow_mut().connections.arrive();
        if let Some(poll) = self.poll_of(device) {
            poll.note_use(&request, self.now());
            self.hurry_for_presence();
        }
        if request.pos.is_none() {
            self.hold_for_first_rooms().await;
        }
        self.hold_for_fresh_data(device).await;
        let ticket = self.accept(device, &Rc::new(request), arrival).await?;
        let waiting = Waiting { account: self, ticket: &ticket, woken: self.wait_for(&ticket) };
        let answer = self.answer(device, &waiting).await?;
        self.fetch(device, answer.fetch, answer.response.pos.position);
        Ok(answer.response)
    }

    async fn accept(
        self: &Rc<Self>,
        device: &DeviceId,
        request: &Rc<SyncRequest>,
        arrival: Arrival,
    ) -> Result<Ticket, AccountError> {
        let nonce = self.dependencies.random.bits();
        let mut rounds = 0;
        let accepted: Accepted = loop {
            let step = {
                let mut state = self.state.borrow_mut();
                let InMemory { cache, connections } = &mut *state;
                let now = self.now();
                connections.handle_request(cache, device, request, arrival, nonce, now)?
            };
            match step {
                Step::Done(accepted) => break accepted,
                Step::Need(keys) => self.load(&keys, &mut rounds).await?,
            }
        };
        for superseded in &accepted.superseded {
            self.wake(superseded);
        }
        if let Some(sequence) = accepted.acknowledge_to_device {
            self.acknowledge_to_device(device, sequence).await?;
        }
        Ok(accepted.ticket)
    }

    async fn acknowledge_to_device(self: &Rc<Self>, device: &DeviceId, sequence: u64) -> Result<(), StorageError> {
        self.commit_if_any(&mut |cache, _| accumulator::acknowledge_to_device(cache, device, sequence)).await
    }

    async fn answer(self: &Rc<Self>, device: &DeviceId, waiting: &Waiting<'_>) -> Result<Answer, AccountError> {
        let ticket = waiting.ticket;
        let mut rounds = 0;
        loop {
            self.check(device)?;
            let poll = {
                let mut state = self.state.borrow_mut();
                let InMemory { cache, connections } = &mut *state;
                connections.poll_response(cache, ticket, self.now())
            };
            match poll {
                Poll::Ready(answer) => {
                    if let Err(error) = self.write_connection(&answer.writes).await {
                        self.state.borrow_mut().connections.handle_write_failed(ticket);
                        return Err(error.into());
                    }
                    self.state.borrow_mut().connections.handle_written(ticket);
                    return Ok(*answer);
                }
                Poll::Need(keys) => self.load(&keys, &mut rounds).await?,
                Poll::Superseded => return Err(SyncError::Superseded.into()),
                Poll::Wait { until, fetch } => {
                    let at = self.state.borrow().cache.position();
                    self.fetch(device, fetch, at);
                    rounds = 0;
                    // A wake-up that came in the meantime is kept for this wait.
                    tokio::select! {
                        biased;
                        () = waiting.woken.notified() => {}
                        () = platform::sleep(self.time_until(until)) => {}
                    }
                }
            }
        }
    }

    /// What the answer adds to its connection is written before it leaves (design.md §3, Connections).
    async fn write_connection(&self, records: &[(RecordKey, Option<Record>)]) -> Result<(), StorageError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut writes = Vec::with_capacity(records.len());
        for (key, record) in records {
            writes.push(match record {
                Some(record) => Write::Put(key.clone(), encode(key, record)?),
                None => Write::Delete(key.clone()),
            });
        }
        let batch = Batch { writes, durability: Durability::Relaxed, epoch: None };
        self.dependencies.storage.commit(&self.user_id, batch).await?;
        let mut state = self.state.borrow_mut();
        for (key, record) in records {
            state.cache.records.put(key.clone(), record.clone());
        }
        Ok(())
    }

    /// On an account of which nothing is known yet, an empty first answer would look like an empty account.
    async fn hold_for_first_rooms(&self) {
        let knows_rooms = || {
            let state = self.state.borrow();
            !matches!(state.cache.account.bootstrap, Bootstrap::Start | Bootstrap::Scout)
                || state.cache.rooms.joined().known >= limits::FIRST_ANSWER_ROOMS
        };
        let deadline = self.now().after(limits::FIRST_ANSWER_HOLD);
        while !knows_rooms() && self.polls_run() && !self.stopped.get() && self.now() < deadline {
            self.changed_until(deadline).await;
        }
    }

    /// After a pause of the poll (a laptop that slept), what is held is old: one quick poll makes it new.
    async fn hold_for_fresh_data(&self, device: &DeviceId) {
        let Some(poll) = self.poll_of(device) else { return };
        if !poll.is_stale(self.now()) {
            return;
        }
        poll.hurry();
        let deadline = self.now().after(limits::STALE_HOLD);
        while poll.is_stale(self.now()) && self.now() < deadline {
            self.changed_until(deadline).await;
        }
    }

    pub(super) async fn changed_until(&self, deadline: Timestamp) {
        tokio::select! {
            biased;
            () = self.changed.notified() => {}
            () = platform::sleep(self.time_until(deadline)) => {}
        }
    }

    fn time_until(&self, deadline: Timestamp) -> Duration {
        // A deadline that has come is looked at again in the next turn, not in this one.
        deadline.since(self.now()).max(Duration::from_millis(1))
    }

    fn polls_run(&self) -> bool {
        !self.polls.borrow().is_empty()
    }

    fn check(&self, device: &DeviceId) -> Result<(), AccountError> {
        if self.stopped.get() {
            return Err(AccountError::Stopped);
        }
        match self.poll_of(device).and_then(|poll| poll.refusal()) {
            None => Ok(()),
            Some(Refusal::UnknownToken { soft_logout }) => Err(AccountError::TokenExpired { soft_logout }),
            Some(Refusal::Refused { status, errcode, message }) => {
                Err(AccountError::Refused { status, errcode, message })
            }
        }
    }
}

/// A request that is being answered. However that ends, also by the client hanging up, nobody waits any more then.
struct Waiting<'a> {
    account: &'a Rc<Account>,
    ticket: &'a Ticket,
    woken: Rc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.account.waiting.borrow_mut().remove(self.ticket);
        self.account.state.borrow_mut().connections.handle_cancel(self.ticket);
    }
}

impl Account {
    fn wait_for(&self, ticket: &Ticket) -> Rc<Notify> {
        let woken = Rc::new(Notify::new());
        self.waiting.borrow_mut().insert(ticket.clone(), Rc::clone(&woken));
        woken
    }

    /// Makes a waiting request look again.
    pub(super) fn wake(&self, ticket: &Ticket) {
        if let Some(woken) = self.waiting.borrow().get(ticket) {
            woken.notify_one();
        }
    }

    /// Drops from memory what nobody uses. Called where nothing is being computed.
    pub(crate) fn drop_unused(&self) {
        let now = self.now();
        let InMemory { cache, connections } = &mut *self.state.borrow_mut();
        connections.handle_idle(cache, now);
    }

    /// Makes every waiting request look again: the account stops, its token is refused, or a fetch made way for another.
    pub(crate) fn wake_all(&self) {
        for woken in self.waiting.borrow().values() {
            woken.notify_one();
        }
        self.changed.notify_waiters();
    }
}
