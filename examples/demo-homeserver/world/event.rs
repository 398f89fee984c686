//! Events: what is stored of one, how its id is made, and how it is rendered for a viewer.
//!
//! Ids are not stored: an id is a reversible encoding of the event's number, which saves a hash map over all events of a large account.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use super::{EventNo, Json, RoomNo, UserNo, World, json_of};

#[derive(Debug)]
pub struct Event {
    pub no: EventNo,
    pub room: RoomNo,
    pub sender: UserNo,
    pub kind: Arc<str>,
    pub state_key: Option<Arc<str>>,
    pub content: Json,
    /// Milliseconds since the epoch.
    pub ts: u64,
    /// Position in the global stream.
    pub pos: u64,
    /// Index in the room's timeline; `None` for state that came without a timeline event.
    pub index: Option<u32>,
    /// The state event that this one replaced.
    pub replaces: Option<EventNo>,
    pub extra: Option<Box<Extra>>,
}

/// What few events have.
#[derive(Debug, Default)]
pub struct Extra {
    pub transaction: Option<Transaction>,
    pub redacts: Option<String>,
    pub redacted_by: Option<EventNo>,
    pub edited_by: Option<EventNo>,
}

/// Which device sent an event, and under which transaction id.
#[derive(Debug, Clone)]
pub struct Transaction {
    pub user: UserNo,
    pub device: String,
    pub id: String,
}

/// Who looks at an event: the transaction id is shown to the sending device only.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    pub user: UserNo,
    pub device: &'a str,
    /// Milliseconds since the epoch, for `age`.
    pub now: u64,
}

impl Event {
    pub fn is_state(&self) -> bool {
        self.state_key.is_some()
    }

    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub fn redacted_by(&self) -> Option<EventNo> {
        self.extra.as_ref().and_then(|extra| extra.redacted_by)
    }

    /// Returns the string at `key` of the content.
    pub fn content_str(&self, key: &str) -> Option<String> {
        self.content_value().get(key)?.as_str().map(str::to_owned)
    }

    pub fn content_value(&self) -> Value {
        serde_json::from_str(self.content.get()).unwrap_or(Value::Null)
    }

    /// Returns the relation `(rel_type, event_id)`.
    pub fn relation(&self) -> Option<(String, String)> {
        relation_of(&self.content)
    }

    /// Drops what a redaction drops.
    pub fn prune(&mut self) {
        let keep: &[&str] = match &*self.kind {
            "m.room.member" => &["membership", "join_authorised_via_users_server"],
            "m.room.create" => return,
            "m.room.join_rules" => &["join_rule", "allow"],
            "m.room.power_levels" => &[
                "ban",
                "events",
                "events_default",
                "invite",
                "kick",
                "redact",
                "state_default",
                "users",
                "users_default",
            ],
            "m.room.history_visibility" => &["history_visibility"],
            "m.room.redaction" => &["redacts"],
            _ => &[],
        };
        let kept: Map<String, Value> = match self.content_value() {
            Value::Object(content) => content.into_iter().filter(|(key, _)| keep.contains(&key.as_str())).collect(),
            _ => Map::new(),
        };
        self.content = json_of(&Value::Object(kept));
    }
}

/// Returns the relation `(rel_type, event_id)` in `content`.
pub fn relation_of(content: &RawValue) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "m.relates_to")]
        relates_to: Relation,
    }
    #[derive(Deserialize)]
    struct Relation {
        rel_type: String,
        event_id: String,
    }
    if !content.get().contains("m.relates_to") {
        return None;
    }
    let content: Content = serde_json::from_str(content.get()).ok()?;
    Some((content.relates_to.rel_type, content.relates_to.event_id))
}

#[derive(Serialize)]
struct ClientEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<&'a str>,
    sender: &'a str,
    content: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_key: Option<&'a str>,
    origin_server_ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacts: Option<&'a str>,
    unsigned: Unsigned<'a>,
    event_id: String,
}

#[derive(Serialize)]
struct Unsigned<'a> {
    age: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_sender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted_because: Option<Box<RawValue>>,
    #[serde(rename = "m.relations", skip_serializing_if = "Option::is_none")]
    relations: Option<Value>,
}

impl World {
    /// Renders an event for `/sync`, which leaves out the room id.
    pub fn render(&self, event: EventNo, viewer: Viewer<'_>) -> Box<RawValue> {
        self.render_as(event, viewer, false)
    }

    /// Renders an event with its room id, for every other endpoint.
    pub fn render_full(&self, event: EventNo, viewer: Viewer<'_>) -> Box<RawValue> {
        self.render_as(event, viewer, true)
    }

    /// Renders what an invited user may see of a state event.
    pub fn render_stripped(&self, event: EventNo) -> Box<RawValue> {
        let event = self.event(event);
        let stripped = json!({ "type": event.kind, "state_key": event.state_key, "sender": self.user_id(event.sender), "content": event.content });
        to_raw_value(&stripped).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    fn render_as(&self, no: EventNo, viewer: Viewer<'_>, with_room: bool) -> Box<RawValue> {
        let event = self.event(no);
        let extra = event.extra.as_deref();
        let replaced = event.replaces.map(|replaced| self.event(replaced));
        let redaction = extra.and_then(|extra| extra.redacted_by);
        let edit = extra.and_then(|extra| extra.edited_by).filter(|_| redaction.is_none());
        let transaction = extra.and_then(|extra| extra.transaction.as_ref());
        let rendered = ClientEvent {
            kind: &event.kind,
            room_id: with_room.then(|| &*self.room(event.room).id),
            sender: self.user_id(event.sender),
            content: &event.content,
            state_key: event.state_key.as_deref(),
            origin_server_ts: event.ts,
            redacts: extra.and_then(|extra| extra.redacts.as_deref()),
            unsigned: Unsigned {
                age: viewer.now.saturating_sub(event.ts),
                transaction_id: transaction
                    .filter(|sent| sent.user == viewer.user && sent.device == viewer.device)
                    .map(|sent| &*sent.id),
                replaces_state: replaced.map(|replaced| self.event_id(replaced.no)),
                prev_content: replaced.map(|replaced| &*replaced.content),
                prev_sender: replaced.map(|replaced| &**self.user_id(replaced.sender)),
                redacted_by: redaction.map(|redaction| self.event_id(redaction)),
                redacted_because: redaction.map(|redaction| self.render_full(redaction, viewer)),
                relations: edit.map(|edit| json!({ "m.replace": self.render_full(edit, viewer) })),
            },
            event_id: self.event_id(no),
        };
        to_raw_value(&rendered).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

/// Event numbers as ids of the usual shape, `$` and 43 letters, and back.
pub struct IdCodec {
    key: u64,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Odd, so multiplication is a permutation of the 64-bit numbers.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl IdCodec {
    pub fn new(seed: u64) -> Self {
        Self { key: (seed ^ 0xD6E8_FEB8_6659_FD93).wrapping_mul(SPREAD) }
    }

    pub fn encode(&self, no: EventNo) -> String {
        let mut id = String::with_capacity(44);
        id.push('$');
        let mut word = (u64::from(no) ^ self.key).wrapping_mul(SPREAD);
        // The first eleven letters hold the number; the others follow from them.
        for length in [11, 11, 11, 10] {
            for letter in 0..length {
                id.push(char::from(ALPHABET[(word >> (6 * letter) & 63) as usize]));
            }
            word = word.rotate_left(29).wrapping_mul(SPREAD) ^ self.key;
        }
        id
    }

    pub fn decode(&self, id: &str) -> Option<EventNo> {
        let letters = id.strip_prefix('$')?.as_bytes().get(..11)?;
        let mut word = 0u64;
        for (position, letter) in letters.iter().enumerate() {
            let value = ALPHABET.iter().position(|candidate| candidate == letter)? as u64;
            word |= value << (6 * position);
        }
        let no = EventNo::try_from(word.wrapping_mul(inverse(SPREAD)) ^ self.key).ok()?;
        (self.encode(no) == id).then_some(no)
    }
}

/// Returns the multiplicative inverse of an odd number modulo 2^64 (Newton's iteration doubles the correct bits each time).
const fn inverse(odd: u64) -> u64 {
    let mut result = odd;
    let mut round = 0;
    while round < 5 {
        result = result.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(result)));
        round += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_decode_to_their_number_and_foreign_ids_to_nothing() {
        let codec = IdCodec::new(7);
        for no in [0, 1, 2, 1_000_000, EventNo::MAX] {
            let id = codec.encode(no);
            assert_eq!(id.len(), 44, "{id}");
            assert_eq!(codec.decode(&id), Some(no));
            assert_eq!(IdCodec::new(8).decode(&id), None, "an id of another world must not resolve");
        }
        assert_eq!(codec.decode("$short"), None);
        assert_eq!(codec.decode("$ä€ääääääääääääääää"), None);
    }
}
