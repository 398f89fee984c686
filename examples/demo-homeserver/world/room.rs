//! A room: timeline, the history of every state entry, members, receipts, typing.
//!
//! State is kept as a history per entry, so the state at any stream position is a look-up; nothing is ever replayed.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{EventNo, RoomNo, UserNo};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    Join,
    Invite,
    Knock,
    Leave,
    Ban,
}

/// What one state entry was over time: position and event, or `None` where it was removed. Never empty, ascending.
#[derive(Debug)]
pub struct StateHistory(Vec<(u64, Option<EventNo>)>);

impl StateHistory {
    pub fn current(&self) -> Option<EventNo> {
        self.0.last().and_then(|(_, event)| *event)
    }

    pub fn changed(&self) -> u64 {
        self.0.last().map_or(0, |(pos, _)| *pos)
    }

    /// Returns the entry at `pos`, changes at `pos` included.
    pub fn at(&self, pos: u64) -> Option<EventNo> {
        self.last_change(pos).and_then(|(_, event)| event)
    }

    /// Returns the last change at or before `pos`.
    pub fn last_change(&self, pos: u64) -> Option<(u64, Option<EventNo>)> {
        let after = self.0.partition_point(|(changed, _)| *changed <= pos);
        after.checked_sub(1).and_then(|last| self.0.get(last)).copied()
    }

    /// Returns the events that came after `pos`, oldest first.
    pub fn after(&self, pos: u64) -> impl DoubleEndedIterator<Item = EventNo> {
        let first = self.0.partition_point(|(changed, _)| *changed <= pos);
        self.0[first..].iter().filter_map(|(_, event)| *event)
    }
}

#[derive(Debug, Clone)]
pub struct Receipt {
    pub kind: Arc<str>,
    pub user: UserNo,
    pub thread: Option<String>,
    pub event: EventNo,
    pub ts: u64,
    pub pos: u64,
}

impl Receipt {
    pub fn is_private(&self) -> bool {
        &*self.kind == "m.read.private"
    }
}

#[derive(Debug)]
pub struct Room {
    pub no: RoomNo,
    pub id: Arc<str>,
    /// In stream order.
    pub timeline: Vec<EventNo>,
    /// By type, then by state key.
    pub state: BTreeMap<Arc<str>, BTreeMap<Arc<str>, StateHistory>>,
    pub members: BTreeMap<UserNo, Membership>,
    pub receipts: Vec<Receipt>,
    /// Who types, and until when.
    pub typing: BTreeMap<UserNo, u64>,
    pub typing_pos: u64,
    pub receipts_pos: u64,
    pub state_pos: u64,
    /// The newest change that members can see.
    pub last_pos: u64,
}

impl Room {
    pub fn new(no: RoomNo, id: Arc<str>) -> Self {
        Self {
            no,
            id,
            timeline: Vec::new(),
            state: BTreeMap::new(),
            members: BTreeMap::new(),
            receipts: Vec::new(),
            typing: BTreeMap::new(),
            typing_pos: 0,
            receipts_pos: 0,
            state_pos: 0,
            last_pos: 0,
        }
    }

    pub fn history(&self, kind: &str, state_key: &str) -> Option<&StateHistory> {
        self.state.get(kind)?.get(state_key)
    }

    pub fn state_event(&self, kind: &str, state_key: &str) -> Option<EventNo> {
        self.history(kind, state_key)?.current()
    }

    /// Returns all state entries with type and state key.
    pub fn histories(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, &StateHistory)> {
        self.state.iter().flat_map(|(kind, entries)| entries.iter().map(move |(key, history)| (kind, key, history)))
    }

    /// Sets or removes a state entry and returns what it was.
    pub fn set_state(&mut self, kind: Arc<str>, key: Arc<str>, event: Option<EventNo>, pos: u64) -> Option<EventNo> {
        self.state_pos = pos;
        let history =
            self.state.entry(kind).or_default().entry(key).or_insert_with(|| StateHistory(Vec::with_capacity(1)));
        let before = history.current();
        history.0.push((pos, event));
        before
    }

    pub fn membership(&self, user: UserNo) -> Option<Membership> {
        self.members.get(&user).copied()
    }

    pub fn is_joined(&self, user: UserNo) -> bool {
        self.membership(user) == Some(Membership::Join)
    }

    pub fn joined(&self) -> impl Iterator<Item = UserNo> {
        self.with_membership(Membership::Join)
    }

    pub fn with_membership(&self, wanted: Membership) -> impl Iterator<Item = UserNo> {
        self.members.iter().filter(move |(_, membership)| **membership == wanted).map(|(user, _)| *user)
    }
}
