//! What is kept once per account.

use ruma::{OwnedDeviceId, OwnedRoomId, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

use super::{Position, Timestamp};
use crate::limits::{REMEMBERED_STARTS, REMEMBERED_TYPING};

/// The account's counters, and how far its bootstrap is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The number of commits so far.
    pub position: Position,
    /// Grows with each start, so that a position that a power loss took back is never mistaken for a new one.
    pub incarnation: u32,
    /// The position at which each of the latest incarnations began: what an earlier one claims beyond it was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<(u32, Position)>,
    /// The last activity stamp handed out: the next one is greater.
    pub last_stamp: Timestamp,
    /// The device from whose polls state, counts, account data and receipts are taken (design.md §3, two devices).
    pub author: Option<OwnedDeviceId>,
    /// How far the bootstrap is.
    pub bootstrap: Bootstrap,
    /// Who types in the rooms where that changed last, the oldest change first. Kept, because a client that was told that
    /// somebody types must be told that they stopped, also when that comes around a restart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typing: Vec<(OwnedRoomId, Typing)>,
    /// Users whom the account ignores no longer, until the whole was laid once more: what the homeserver left out of the
    /// chain while they were ignored, it tells in no other way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unignored: Vec<OwnedUserId>,
    /// Whether the chain is polled with presence, because some client asked for it lately. Kept, because what the
    /// homeserver did not tell between two polls it does not tell later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presence: bool,
}

/// Who types in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// All of them; nobody, once they have stopped.
    pub users: Vec<OwnedUserId>,
    /// Since when that is so.
    pub position: Position,
}

impl AccountRecord {
    /// Begins the next incarnation. Call it once per start, and commit the record before the first answer leaves.
    pub fn begin(&mut self) {
        self.incarnation = self.incarnation.wrapping_add(1);
        self.starts.push((self.incarnation, self.position));
        let surplus = self.starts.len().saturating_sub(REMEMBERED_STARTS);
        self.starts.drain(..surplus);
    }

    /// Returns whether it is noted who types in a room.
    pub fn has_typing(&self, room: &RoomId) -> bool {
        self.typing.iter().any(|(held, _)| held == room)
    }

    /// Notes who types in a room; the oldest notes go. Nobody is worth a note only after somebody.
    pub fn note_typing(&mut self, room: OwnedRoomId, typing: Typing) {
        if typing.users.is_empty() && !self.has_typing(&room) {
            return;
        }
        self.typing.retain(|(held, _)| *held != room);
        self.typing.push((room, typing));
        let surplus = self.typing.len().saturating_sub(REMEMBERED_TYPING);
        self.typing.drain(..surplus);
    }

    /// Returns whether this store went through `position` in `incarnation`: false for what a power loss took back, for
    /// what another store counted, and for what is too long ago to tell.
    pub fn knows(&self, position: Position, incarnation: u32) -> bool {
        if incarnation == self.incarnation {
            return position <= self.position;
        }
        let next = self.starts.iter().find(|(number, _)| *number > incarnation);
        let unbroken = next.is_some_and(|(number, _)| *number == incarnation.wrapping_add(1));
        incarnation < self.incarnation && unbroken && next.is_some_and(|(_, began)| position <= *began)
    }
}

/// How much of the account the homeserver has told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl Bootstrap {
    /// Returns the phase's name as users see it.
    pub fn name(&self) -> &'static str {
        match self {
            Bootstrap::Start => "start",
            Bootstrap::Scout => "scout",
            Bootstrap::Whole { .. } => "whole",
            Bootstrap::Crawl => "crawl",
            Bootstrap::Complete => "complete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(positions: &[u64]) -> AccountRecord {
        let mut account = AccountRecord::default();
        for position in positions {
            account.position = Position(*position);
            account.begin();
        }
        account
    }

    #[test]
    fn a_position_that_a_power_loss_took_back_is_not_known() {
        let mut account = started(&[0, 10]);
        account.position = Position(50);
        assert!(account.knows(Position(10), 1), "what was durable before the second start");
        assert!(!account.knows(Position(11), 1), "what the second start did not find");
        assert!(account.knows(Position(50), 2) && !account.knows(Position(51), 2));
        assert!(!account.knows(Position(1), 3), "an incarnation that never was");
    }

    #[test]
    fn the_latest_to_type_are_remembered() {
        let room = |number: usize| OwnedRoomId::try_from(format!("!{number}:x")).expect("a room id");
        let typing = |users: &[&str]| Typing {
            users: users.iter().map(|user| (*user).try_into().expect("a user id")).collect(),
            position: Position(1),
        };
        let mut account = AccountRecord::default();
        account.note_typing(room(0), typing(&[]));
        assert!(account.typing.is_empty(), "nobody typed before");
        for number in 0..=REMEMBERED_TYPING {
            account.note_typing(room(number), typing(&["@bob:x"]));
        }
        assert_eq!(account.typing.len(), REMEMBERED_TYPING);
        assert!(!account.has_typing(&room(0)) && account.has_typing(&room(1)));
        account.note_typing(room(1), typing(&[]));
        assert_eq!(account.typing.last(), Some(&(room(1), typing(&[]))), "that they stopped is known");
    }

    #[test]
    fn starts_too_long_ago_are_forgotten() {
        let positions: Vec<u64> = (0..200).collect();
        let account = started(&positions);
        assert_eq!(account.starts.len(), REMEMBERED_STARTS);
        assert!(!account.knows(Position(0), 1));
        assert!(account.knows(Position(150), 150));
    }
}
