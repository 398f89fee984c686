//! The two counters that everything is ordered by.
//!
//! Invariant: a [`Position`] counts the commits of one account and nothing else; an [`Ordinal`] orders the events of
//! one room and nothing else. Neither is ever compared with the other, nor across accounts or rooms.

use serde::{Deserialize, Serialize};

/// How many commits the account had seen when something changed. Zero is "before everything".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Returns the position of the commit after this one.
    pub fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

/// Where an event stands in its room's timeline: growing from zero at the live end, negative for history that was
/// filled in later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub i64);
