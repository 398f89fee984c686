//! The current state of a room, entry by entry, each with the position at which it changed.

use std::{collections::BTreeMap, rc::Rc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Event, Position};

/// A bucket of a room's state: its non-member state, or some of its known members.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StateRecord {
    /// By type, then state key. A JSON list in storage, because keys of JSON objects cannot be pairs.
    #[serde(with = "entries")]
    pub entries: BTreeMap<(String, String), StateEntry>,
}

/// One entry of a room's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StateEntry {
    /// The event, or `None` when the entry was removed (a state reset): v4 sends a stub then.
    pub event: Option<Event>,
    /// When this entry last changed.
    pub position: Position,
    /// Whether it came by scouting alone, so that the room's base replaces it. What the chain of `since` brought is
    /// never provisional.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
}

/// Stripped state: what somebody outside a room is shown of it. These are no events: they lack ids, and nobody vouches
/// for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StrippedRecord {
    /// `{type, state_key, sender, content}` each, the user's own membership among them.
    pub events: Vec<Rc<RawValue>>,
    /// When it last changed.
    pub position: Position,
}

impl StateRecord {
    /// Returns the event that stands at `event_type` and `state_key`.
    pub fn get(&self, event_type: &str, state_key: &str) -> Option<&Event> {
        self.entry(event_type, state_key).and_then(|entry| entry.event.as_ref())
    }

    /// Returns the entry, also of removed state.
    pub fn entry(&self, event_type: &str, state_key: &str) -> Option<&StateEntry> {
        self.entries.get(&(event_type.to_owned(), state_key.to_owned()))
    }
}

mod entries {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{super::order::in_order, StateEntry};

    type Entries = BTreeMap<(String, String), StateEntry>;

    pub fn serialize<S: Serializer>(entries: &Entries, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(entries.iter().map(|((kind, key), entry)| (kind, key, entry)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        let list = Vec::<(String, String, StateEntry)>::deserialize(deserializer)?;
        Ok(in_order(list.into_iter().map(|(kind, key, entry)| ((kind, key), entry))))
    }
}
