//! The actor that owns one account: its cache, its pollers, its connections.
//!
//! Invariants: one commit at a time; memory changes after the commit was written; nothing borrows the state across an
//! await.

use std::rc::Rc;

use ruma::{DeviceId, OwnedUserId};
use serde::Serialize;

use crate::{
    connection::{SyncError, SyncRequest, SyncResponse},
    platform::{Clock, Random},
    storage::{Storage, StorageError},
    upstream::HttpClient,
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

/// One account, at work.
pub struct Account {}

/// How an account is doing, for people to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What it does now.
    pub state: State,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How far the bootstrap is.
    pub progress: Progress,
}

/// What an account does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// No poll has been answered yet.
    #[default]
    Starting,
    /// The poll runs.
    Live,
    /// The poll runs again after a pause, and has not caught up yet.
    CatchingUp,
    /// The homeserver cannot be reached; what is held is still served.
    Offline,
    /// The homeserver does not take the token any more.
    TokenExpired,
    /// The homeserver refuses the account (consent, locked, forbidden), or it was told to stop.
    Stopped,
}

/// How far the bootstrap is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// `start`, `scout`, `whole`, `crawl` or `complete`.
    pub phase: &'static str,
    /// Rooms that can be shown.
    pub rooms_known: usize,
    /// Rooms that there are, where the homeserver said.
    pub rooms_total: Option<usize>,
}

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
    /// Opens an account as it was stored, or a new one. Nothing is polled yet: the room list can be answered from disk.
    pub async fn open(
        user_id: OwnedUserId,
        homeserver: String,
        dependencies: Dependencies,
    ) -> Result<Rc<Account>, StorageError> {
        let _ = (user_id, homeserver, dependencies);
        Ok(Rc::new(Account {}))
    }

    /// Polls for a device with this token from now on, or gives its running poller a newer token.
    pub fn poll(self: &Rc<Self>, device: &DeviceId, token: &str) {
        let _ = (device, token);
    }

    /// Answers a sliding sync request of a device, waiting for news as long as the request says. Dropping the future
    /// cancels the request; nothing is taken as seen then.
    pub async fn sync(self: &Rc<Self>, device: &DeviceId, request: SyncRequest) -> Result<SyncResponse, AccountError> {
        let _ = (device, request);
        Err(AccountError::Stopped)
    }

    /// Ends the polling of a device, which logged out.
    pub fn end_poll(&self, device: &DeviceId) {
        let _ = device;
    }

    /// Returns the token that the device's poll runs on, if it runs.
    pub fn polled_token(&self, device: &DeviceId) -> Option<String> {
        let _ = device;
        None
    }

    /// Returns the v2 token that a `pos` stands for, for `/messages`, `/relations` and `/keys/changes`.
    pub fn v2_token(&self, device: &DeviceId, pos: &str) -> Option<String> {
        let _ = (device, pos);
        None
    }

    /// Returns a receiver of the account's status, which always holds the present one.
    pub fn status(&self) -> tokio::sync::watch::Receiver<Status> {
        tokio::sync::watch::channel(Status::default()).1
    }

    /// Ends polling and waiting requests, after the commit that is being written.
    pub async fn stop(&self) {}

    /// Stops, and deletes everything that is kept of the account.
    pub async fn delete(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
