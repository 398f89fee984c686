//! What the outside says to a device's poll, and what it may know of it.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use ruma::{DeviceId, OwnedDeviceId};
use tokio::sync::Notify;

use crate::{
    connection::{Presence, SyncRequest, Wire},
    limits,
    model::Timestamp,
    platform::Task,
};

/// One device's poll.
#[derive(Debug)]
pub struct Poll {
    device: OwnedDeviceId,
    token: RefCell<String>,
    refusal: RefCell<Option<Refusal>>,
    hurry: Notify,
    new_token: Notify,
    /// Until a request after this one is answered, what is held is old, and news is not waited for.
    behind: Cell<Option<u64>>,
    last_answer: Cell<Option<Timestamp>>,
    /// How many requests were sent, and which was the last that was answered.
    asked: Cell<u64>,
    answered: Cell<u64>,
    presence: Cell<Option<(Presence, Timestamp)>>,
    presence_wanted: Cell<Option<Timestamp>>,
    bootstrapping: Cell<bool>,
    task: RefCell<Option<Task>>,
}

/// Why a poll does not go on until it gets another token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is unknown.
    UnknownToken {
        /// Whether the device still exists.
        soft_logout: bool,
    },
    /// Forbidden, consent missing, locked.
    Refused {
        /// The status.
        status: u16,
        /// The `errcode`.
        errcode: String,
        /// The `error`.
        message: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownToken { .. } => formatter.write_str("the access token is not valid any more"),
            Refusal::Refused { status, errcode, message } => write!(formatter, "{status} {errcode}: {message}"),
        }
    }
}

impl Poll {
    /// Returns a poll that has not begun.
    pub fn new(device: OwnedDeviceId, token: &str) -> Poll {
        Poll {
            device,
            token: RefCell::new(token.to_owned()),
            refusal: RefCell::default(),
            hurry: Notify::new(),
            new_token: Notify::new(),
            // The first answer after a start may have much to tell: until then what is held is old.
            behind: Cell::new(Some(0)),
            last_answer: Cell::default(),
            asked: Cell::default(),
            answered: Cell::default(),
            presence: Cell::default(),
            presence_wanted: Cell::default(),
            bootstrapping: Cell::default(),
            task: RefCell::default(),
        }
    }

    /// Takes the task that runs the loop.
    pub fn start(&self, task: Task) {
        *self.task.borrow_mut() = Some(task);
    }

    /// Ends the loop.
    pub fn end(&self) {
        self.task.borrow_mut().take();
    }

    /// Returns whose poll it is.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Returns the token that it runs on.
    pub fn token(&self) -> String {
        self.token.borrow().clone()
    }

    /// Goes on with another token, if it is another one.
    pub fn take_token(&self, token: &str) {
        if *self.token.borrow() == token {
            return;
        }
        token.clone_into(&mut self.token.borrow_mut());
        self.refusal.borrow_mut().take();
        self.new_token.notify_one();
    }

    /// Returns why the poll does not go on, if so.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal.borrow().clone()
    }

    /// Makes the poll ask at once, without waiting for news.
    pub fn hurry(&self) {
        self.behind.set(Some(self.asked()));
        self.hurry.notify_one();
    }

    /// Returns whether what the poll brought may be old: it has not been answered for a while.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.last_answer.get().is_some_and(|last| now.since(last) > limits::STALE_AFTER)
    }

    /// Returns the number of the request that was sent last.
    pub fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// Returns the number of the last request whose answer was taken in.
    pub fn answered(&self) -> u64 {
        self.answered.get()
    }

    /// Takes note of what a client's request asks of the poll.
    pub fn note_use(&self, request: &SyncRequest, now: Timestamp) {
        let until = now.after(request.timeout + limits::PRESENCE_LINGERS);
        let presence = match (request.set_presence, request.wire) {
            (Some(presence), _) => Some(presence),
            // MSC4186: absent, the user is online while using the API. The unstable wire never touched presence.
            (None, Wire::V4) => Some(Presence::Online),
            (None, _) => None,
        };
        if let Some(presence) = presence {
            self.presence.set(Some((presence, until)));
        }
        if request.extensions.presence {
            self.want_presence(until);
        }
    }

    pub(super) fn presence(&self, now: Timestamp) -> Presence {
        self.presence.get().filter(|(_, until)| *until > now).map_or(Presence::Offline, |(presence, _)| presence)
    }

    /// Takes it that a client wants presence until then.
    pub fn want_presence(&self, until: Timestamp) {
        self.presence_wanted.set(Some(until));
    }

    /// Returns whether a client of the device wants presence.
    pub fn wants_presence(&self, now: Timestamp) -> bool {
        self.presence_wanted.get().is_some_and(|until| until > now)
    }

    pub(super) fn is_behind(&self, now: Timestamp) -> bool {
        self.behind.get().is_some() || self.is_stale(now)
    }

    /// Numbers the request that is sent next.
    pub(super) fn ask(&self) -> u64 {
        let number = self.asked.get() + 1;
        self.asked.set(number);
        number
    }

    pub(super) fn note_answer(&self, number: u64, now: Timestamp) {
        // Who was in a hurry after this one was sent is still waiting.
        if self.behind.get().is_some_and(|asked| number > asked) {
            self.behind.set(None);
        }
        self.last_answer.set(Some(now));
        self.answered.set(number);
    }

    pub(super) fn is_bootstrapping(&self) -> bool {
        self.bootstrapping.get()
    }

    pub(super) fn set_bootstrapping(&self, is: bool) {
        self.bootstrapping.set(is);
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        *self.refusal.borrow_mut() = Some(refusal);
    }

    pub(super) async fn newer_token(&self) {
        self.new_token.notified().await;
    }

    /// Waits until there is a newer token, or somebody waits for fresh data.
    pub(super) async fn interrupted(&self) {
        tokio::select! {
            biased;
            () = self.new_token.notified() => {}
            () = self.hurry.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::owned_device_id;

    use super::*;

    #[test]
    fn an_answer_to_an_older_request_does_not_end_a_hurry() {
        let (poll, now) = (Poll::new(owned_device_id!("PHONE"), "token"), Timestamp(0));
        let first = poll.ask();
        poll.hurry();
        poll.note_answer(first, now);
        assert!(poll.is_behind(now), "the answer may have been on its way when somebody came to want news");
        let second = poll.ask();
        poll.note_answer(second, now);
        assert!(!poll.is_behind(now), "now it has been asked again");
    }
}
