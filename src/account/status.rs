//! How an account is doing, for people to see.

use serde::{Serialize, Serializer};

use super::Account;
use crate::{cache::AccountCache, model::Bootstrap};

/// How an account is doing.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl State {
    /// Returns its name as users see it.
    pub fn name(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Live => "live",
            State::CatchingUp => "catching-up",
            State::Offline => "offline",
            State::TokenExpired => "token-expired",
            State::Stopped => "stopped",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How far the bootstrap is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// `start`, `scout`, `whole`, `crawl` or `complete`.
    pub phase: &'static str,
    /// Joined rooms that can be shown.
    pub rooms_known: usize,
    /// Joined rooms that there are, where the homeserver said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms_total: Option<usize>,
}

impl Progress {
    pub(super) fn of(cache: &AccountCache) -> Progress {
        let joined = cache.rooms.joined();
        let bootstrap = &cache.account.bootstrap;
        Progress {
            phase: bootstrap.name(),
            rooms_known: joined.known,
            rooms_total: (*bootstrap != Bootstrap::Start).then_some(joined.all),
        }
    }
}

impl Account {
    /// Tells whoever watches what the account does now.
    pub(crate) fn set_state(&self, state: State, message: Option<String>) {
        self.status.send_if_modified(|status| {
            let changed = status.state != state || status.message != message;
            status.state = state;
            status.message = message;
            changed
        });
    }

    /// Tells whoever watches how far the bootstrap is.
    pub(super) fn update_progress(&self, progress: Progress) {
        self.status.send_if_modified(|status| {
            let changed = status.progress != progress;
            status.progress = progress;
            changed
        });
    }
}
