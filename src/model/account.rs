//! What is kept once per account.

use ruma::OwnedDeviceId;
use serde::{Deserialize, Serialize};

use super::{Position, Timestamp};

/// The account's counters, and how far its bootstrap is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The number of commits so far.
    pub position: Position,
    /// Grows with each start, so that a position that a power loss took back is never mistaken for a new one.
    pub incarnation: u32,
    /// The last activity stamp handed out: the next one is greater.
    pub last_stamp: Timestamp,
    /// The device from whose polls state, counts, account data and receipts are taken (design.md §3, two devices).
    pub author: Option<OwnedDeviceId>,
    /// How far the bootstrap is.
    pub bootstrap: Bootstrap,
}

/// How much of the account the homeserver has told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub enum Bootstrap {
    /// Nothing yet.
    #[default]
    Start,
    /// The chain of `since` runs; rooms are scouted.
    Scout,
    /// The whole is being asked for, or laid.
    Whole {
        /// How many times it failed in a row.
        failures: u32,
    },
    /// Rooms are fetched one by one, because the whole keeps failing.
    Crawl,
    /// Every room is known.
    Complete,
}
