//! What the oracle needs to know of a run beside the model: when Sash had stored what, and what cannot be known.

use std::collections::{BTreeMap, BTreeSet};

use crate::homeserver::world::{EventNo, RoomNo, UserNo};

/// Notes of a run.
#[derive(Debug, Default)]
pub struct Ledger {
    /// For each position of the homeserver: up to where Sash had stored everything when it came about.
    stored: Vec<(u64, u64)>,
    restarted: bool,
    /// Whether Sash may have passed over what one device brought, so that it learns in another order.
    unordered: bool,
    /// Whose devices changed, at which position, while they shared a room with the tested user.
    pub device_changes: Vec<(u64, UserNo)>,
    /// How many messages each device of the tested user was sent: they carry their number.
    pub to_device: BTreeMap<String, u64>,
    /// Who was ignored at any time: what they said meanwhile was never told, and nobody tells it later.
    pub ever_ignored: BTreeSet<String>,
    /// State entries that vanished, which v2 does not tell, and at which position of the homeserver.
    pub vanished: BTreeMap<(RoomNo, String, String), u64>,
    /// The threads that each user's receipts at each event were ever in: v2 has one place for them all.
    pub receipts: BTreeMap<(UserNo, String, EventNo), BTreeSet<Option<String>>>,
    /// Rooms whose history was paged back: who sent that, `/sync` need never have told.
    pub paged: BTreeSet<RoomNo>,
    /// Rooms whose summary v2 did not tell right: members changed without an event.
    pub vague_summaries: BTreeSet<RoomNo>,
    /// Of whose presence the homeserver has told since Sash was started last.
    pub presence_told: BTreeSet<UserNo>,
    /// Rooms in which somebody's typing or counts may be unknown after a restart.
    pub typing_unknown: BTreeSet<RoomNo>,
}

impl Ledger {
    /// Notes that the homeserver has come to `pos` while Sash had stored everything up to `stored`.
    pub fn note(&mut self, pos: u64, stored: u64) {
        self.stored.push((pos, if self.unordered { 0 } else { stored }));
    }

    /// Notes that another device may come to speak for the account, or that its chain may begin anew: in which order Sash
    /// learns of things until it has come to rest is not known, nor in which order it learned of what it lays anew.
    pub fn note_disorder(&mut self) {
        self.unordered = true;
        self.stored.iter_mut().for_each(|(_, stored)| *stored = 0);
    }

    /// Notes that Sash has come to rest.
    pub fn note_rest(&mut self) {
        self.unordered = false;
    }

    /// Notes that Sash was killed. What it had is known when it polls again, so until then nothing is.
    pub fn note_restart(&mut self) {
        self.restarted = true;
    }

    /// Notes that Sash, killed before, has gone on from `since`: what came later it learns again, in another order.
    pub fn note_first_poll(&mut self, since: u64) {
        if std::mem::take(&mut self.restarted) {
            self.stored.iter_mut().for_each(|(_, then)| *then = since.min(*then));
        }
    }

    /// Returns up to where Sash had stored everything before the position came about.
    pub fn stored_before(&self, pos: u64) -> u64 {
        let first = self.stored.partition_point(|(noted, _)| *noted < pos);
        self.stored.get(first).map_or(0, |(_, stored)| *stored)
    }

    /// Returns whether Sash is sure to have learned of `before` earlier than of `after`.
    pub fn is_before(&self, before: u64, after: u64) -> bool {
        before <= self.stored_before(after)
    }

    /// Returns whether what `sender` said may be missing.
    pub fn is_withheld(&self, sender: &str) -> bool {
        self.ever_ignored.contains(sender)
    }
}
