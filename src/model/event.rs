//! Events: the JSON as the homeserver sent it, and a small header taken from it.
//!
//! Invariants: a body is never parsed into a tree and written again; it holds neither `unsigned` (which belongs to the
//! one who asked, and to the moment) nor `room_id` (which the place says), nor what some endpoints repeat of either at the
//! top level: an event looks as v2 `/sync` gives it, wherever it came from. A header is always the one of its body.

use std::{borrow::Cow, rc::Rc};

use ruma::{EventId, OwnedEventId, OwnedUserId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::{
    RawObject, Timestamp,
    raw::{self, text},
};

/// One event of a room, with all that it takes to show it to its user.
#[derive(Clone, Debug)]
pub struct Event {
    /// What is needed without reading the body.
    pub header: Rc<EventHeader>,
    /// The event's JSON object, without `unsigned`, `room_id` and what is a copy of something in `unsigned`.
    pub body: Rc<RawValue>,
    /// The `unsigned` object as it came; its `age` is true for `arrived` only.
    pub unsigned: Option<Rc<RawValue>>,
    /// When the event came in.
    pub arrived: Timestamp,
}

/// The few fields of an event that decisions need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// `event_id`.
    pub event_id: OwnedEventId,
    /// `type`.
    pub event_type: String,
    /// `sender`.
    pub sender: OwnedUserId,
    /// `state_key`; a state event has one.
    pub state_key: Option<String>,
    /// `origin_server_ts`; zero where it is missing or no number.
    pub origin_server_ts: Timestamp,
    /// The event that this one redacts (room versions differ on where that stands).
    pub redacts: Option<OwnedEventId>,
    /// The event that this one relates to (`m.relates_to`).
    pub relates_to: Option<OwnedEventId>,
    /// `content.membership`, of a member event.
    pub membership: Option<Membership>,
}

/// `content.membership`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// In the room.
    Join,
    /// Asked in.
    Invite,
    /// Asking in.
    Knock,
    /// Out of the room, by oneself or by another.
    Leave,
    /// Out, and kept out.
    Ban,
}

impl Membership {
    /// Returns whether the user is invited, or knocks: not in the room, and not done with it.
    pub fn is_pending(self) -> bool {
        matches!(self, Membership::Invite | Membership::Knock)
    }

    /// Returns the membership of that name.
    pub fn parse(name: &str) -> Option<Membership> {
        Some(match name {
            "join" => Membership::Join,
            "invite" => Membership::Invite,
            "knock" => Membership::Knock,
            "leave" => Membership::Leave,
            "ban" => Membership::Ban,
            _ => return None,
        })
    }

    /// Returns the name as it stands in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Membership::Join => "join",
            Membership::Invite => "invite",
            Membership::Knock => "knock",
            Membership::Leave => "leave",
            Membership::Ban => "ban",
        }
    }
}

/// Why some JSON is no event that we can hold.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not an object, or a required field is missing or has the wrong type.
    #[error("not an event: {0}")]
    Malformed(#[from] serde_json::Error),
    /// An identifier does not follow its grammar.
    #[error("not an event: {0}")]
    Identifier(#[from] ruma::IdParseError),
}

impl Event {
    /// Reads one event as it stands in an answer of the homeserver that arrived at `now`.
    pub fn parse(raw: &RawValue, now: Timestamp) -> Result<Event, EventError> {
        let header = EventHeader::parse(raw)?;
        let (body, unsigned) = split_unsigned(raw)?;
        Ok(Event { header: Rc::new(header), body, unsigned, arrived: now })
    }

    /// Returns the event's id.
    pub fn id(&self) -> &EventId {
        &self.header.event_id
    }

    /// Returns the sender.
    pub fn sender(&self) -> &UserId {
        &self.header.sender
    }

    /// Returns the event's type.
    pub fn kind(&self) -> &str {
        &self.header.event_type
    }

    /// Returns whether this is a state event.
    pub fn is_state(&self) -> bool {
        self.header.state_key.is_some()
    }

    /// Returns the fields of `content`, or `None` if it is no object.
    pub fn content(&self) -> Option<RawObject<'_>> {
        RawObject::read(raw::dig(&self.body, &["content"])?)
    }

    /// Returns whether the event was redacted before it came, or since.
    pub fn is_redacted(&self) -> bool {
        let unsigned = self.unsigned.as_deref().filter(|unsigned| unsigned.get().contains("redacted_because"));
        unsigned.and_then(RawObject::read).is_some_and(|fields| fields.get("redacted_because").is_some())
    }

    /// Returns about how many bytes of memory the event takes.
    pub fn size(&self) -> usize {
        self.body.get().len() + self.unsigned.as_ref().map_or(0, |unsigned| unsigned.get().len()) + 200
    }
}

impl EventHeader {
    fn parse(raw: &RawValue) -> Result<EventHeader, EventError> {
        let fields: HeaderFields = serde_json::from_str(raw.get())?;
        let content: ContentFields =
            fields.content.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let redacts = fields.redacts.and_then(text).or_else(|| content.redacts.and_then(text));
        let relates_to =
            content.relates_to.and_then(|relation| raw::dig(relation, &["event_id"])).and_then(raw::string);
        let is_member = fields.event_type == "m.room.member" && fields.state_key.is_some();
        Ok(EventHeader {
            event_id: EventId::parse(fields.event_id.as_ref())?,
            sender: UserId::parse(fields.sender.as_ref())?,
            state_key: fields.state_key.map(Cow::into_owned),
            origin_server_ts: Timestamp(fields.origin_server_ts.and_then(|raw| raw.get().parse().ok()).unwrap_or(0)),
            redacts: redacts.and_then(|id| OwnedEventId::try_from(id).ok()),
            relates_to: relates_to.and_then(|id| EventId::parse(id.as_ref()).ok()),
            membership: content
                .membership
                .filter(|_| is_member)
                .and_then(text)
                .and_then(|membership| Membership::parse(&membership)),
            event_type: fields.event_type.into_owned(),
        })
    }
}

#[derive(Deserialize)]
struct HeaderFields<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    sender: Cow<'a, str>,
    #[serde(borrow, default)]
    state_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    origin_server_ts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    redacts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// Lenient on purpose: a content of another shape makes these fields absent, not the event unreadable.
#[derive(Deserialize, Default)]
struct ContentFields<'a> {
    #[serde(borrow, default)]
    membership: Option<&'a RawValue>,
    #[serde(borrow, default)]
    redacts: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "m.relates_to")]
    relates_to: Option<&'a RawValue>,
}

fn split_unsigned(raw: &RawValue) -> Result<(Rc<RawValue>, Option<Rc<RawValue>>), serde_json::Error> {
    let fields: RawObject<'_> = serde_json::from_str(raw.get())?;
    // What is no object says nothing, whether it is `null` or of another shape.
    let unsigned = fields.get("unsigned").filter(|value| value.get().starts_with('{'));
    let unsigned = unsigned.map(|value| Rc::from(value.to_owned()));
    let body = fields.write(|key| !is_of_the_answer(key))?;
    Ok((body.into(), unsigned))
}

/// Returns whether a top-level field is no part of the event, but of the answer that it came in. Synapse copies some of
/// `unsigned` to the top level on every endpoint but `/sync` (the format of the client-server API's first version), and
/// repeats the sender as `user_id`.
fn is_of_the_answer(key: &str) -> bool {
    matches!(
        key,
        "unsigned"
            | "room_id"
            | "age"
            | "user_id"
            | "replaces_state"
            | "prev_content"
            | "redacted_because"
            | "invite_room_state"
            | "knock_room_state"
    )
}

/// The stored form: the header is read from the body again, so the two cannot disagree.
#[derive(Serialize, Deserialize)]
struct StoredEvent<'a> {
    #[serde(borrow)]
    e: Cow<'a, RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    u: Option<Cow<'a, RawValue>>,
    a: Timestamp,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredEvent { e: Cow::Borrowed(&self.body), u: self.unsigned.as_deref().map(Cow::Borrowed), a: self.arrived }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredEvent::deserialize(deserializer)?;
        let header = EventHeader::parse(&stored.e).map_err(de::Error::custom)?;
        Ok(Event {
            header: Rc::new(header),
            body: Rc::from(stored.e.into_owned()),
            unsigned: stored.u.map(|unsigned| Rc::from(unsigned.into_owned())),
            arrived: stored.a,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Result<Event, EventError> {
        Event::parse(serde_json::from_str(json).expect("test JSON"), Timestamp(5))
    }

    #[test]
    fn the_body_keeps_its_bytes_without_unsigned_and_room_id() {
        let event = event(
            r#"{"type":"m.room.message", "event_id":"$e","sender":"@a:b","room_id":"!r","content":{"n": 1.0,"body":"hé\u0000"},"unsigned":{"age":3},"origin_server_ts":7}"#,
        )
        .expect("an event");
        assert_eq!(
            event.body.get(),
            r#"{"type":"m.room.message","event_id":"$e","sender":"@a:b","content":{"n": 1.0,"body":"hé\u0000"},"origin_server_ts":7}"#
        );
        assert_eq!(event.unsigned.map(|unsigned| unsigned.get().to_owned()).as_deref(), Some(r#"{"age":3}"#));
        assert_eq!(event.header.origin_server_ts, Timestamp(7));
    }

    #[test]
    fn an_unsigned_that_is_no_object_is_none() {
        for unsigned in ["null", "5", "[]", r#""x""#] {
            let json =
                format!(r#"{{"type":"m.x","event_id":"$e","sender":"@a:b","content":{{}},"unsigned":{unsigned}}}"#);
            assert!(event(&json).expect(unsigned).unsigned.is_none(), "{unsigned}");
        }
    }

    #[test]
    fn what_other_endpoints_add_to_an_event_goes() {
        let event = event(
            r#"{"type":"m.room.name","state_key":"","event_id":"$e","sender":"@a:b","user_id":"@a:b","age":3,"replaces_state":"$d","prev_content":{"name":"x"},"redacted_because":{},"invite_room_state":[],"knock_room_state":[],"content":{"age":1},"redacts":"$c","unsigned":{"age":3}}"#,
        )
        .expect("an event");
        assert_eq!(
            event.body.get(),
            r#"{"type":"m.room.name","state_key":"","event_id":"$e","sender":"@a:b","content":{"age":1},"redacts":"$c"}"#
        );
    }

    #[test]
    fn odd_content_leaves_the_event_readable() {
        for content in ["1", "null", "[]", r#"{"membership":5}"#, r#"{"m.relates_to":"x"}"#] {
            let json = format!(
                r#"{{"type":"m.room.member","state_key":"@a:b","event_id":"$e","sender":"@a:b","content":{content}}}"#
            );
            assert_eq!(event(&json).expect(content).header.membership, None);
        }
    }

    #[test]
    fn redacts_is_found_in_both_places() {
        for json in [
            r#"{"type":"m.room.redaction","event_id":"$e","sender":"@a:b","content":{},"redacts":"$x"}"#,
            r#"{"type":"m.room.redaction","event_id":"$e","sender":"@a:b","content":{"redacts":"$x"}}"#,
        ] {
            assert_eq!(event(json).expect(json).header.redacts.as_deref().map(EventId::as_str), Some("$x"));
        }
    }

    #[test]
    fn a_stored_event_comes_back_the_same() {
        let before = event(r#"{"type":"m.x","event_id":"$e","sender":"@a:b","content":{},"unsigned":{"age":3}}"#)
            .expect("an event");
        let stored = serde_json::to_string(&before).expect("serialises");
        let after: Event = serde_json::from_str(&stored).expect("deserialises");
        assert_eq!(after.header, before.header);
        assert_eq!(after.body.get(), before.body.get());
        assert_eq!(after.arrived, before.arrived);
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for json in [
            "1",
            "[]",
            "{}",
            r#"{"type":1,"event_id":"$e","sender":"@a:b"}"#,
            r#"{"type":"m","event_id":"$e","sender":"nobody"}"#,
        ] {
            assert!(event(json).is_err(), "{json} was taken for an event");
        }
    }
}
