//! The smaller answers: what scouting, history and backoff need.

use std::borrow::Cow;

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::value::RawValue;

use crate::model::Timestamp;

use super::{
    ParseError,
    raw::{self, Fields},
};

/// An answer to `/messages?dir=b`.
#[derive(Debug, Default)]
pub struct Messages<'a> {
    /// The events, oldest first (the homeserver sends them latest first).
    pub events: Vec<&'a RawValue>,
    /// The token for the place after the latest event.
    pub start: Option<Cow<'a, str>>,
    /// The token for the place before the oldest event; `None` where the room begins there.
    pub end: Option<Cow<'a, str>>,
    /// State that lazy loading adds: the members that the events need.
    pub state: Vec<&'a RawValue>,
}

/// An answer to `/context`.
#[derive(Debug, Default)]
pub struct Context<'a> {
    /// The state at the last event of the answer.
    pub state: Vec<&'a RawValue>,
    /// The token for the place before the first event.
    pub start: Option<Cow<'a, str>>,
    /// The token for the place after the last event.
    pub end: Option<Cow<'a, str>>,
    /// All events of the answer, oldest first: those before, the one asked for, those after.
    pub events: Vec<&'a RawValue>,
}

/// The body of a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `errcode`, empty where absent.
    pub errcode: String,
    /// `error`, empty where absent.
    pub error: String,
    /// `retry_after_ms`.
    pub retry_after_ms: Option<u64>,
    /// `soft_logout`: the device still exists.
    pub soft_logout: bool,
}

/// Reads `/messages`, asked for backwards.
pub fn messages(body: &[u8]) -> Result<Messages<'_>, ParseError> {
    let fields = raw::body_object(body)?;
    let mut events = list(&fields, "chunk");
    events.reverse();
    Ok(Messages {
        events,
        start: text(&fields, "start"),
        end: text(&fields, "end").filter(|end| !end.is_empty()),
        state: list(&fields, "state"),
    })
}

/// Reads `/context`.
pub fn context(body: &[u8]) -> Result<Context<'_>, ParseError> {
    let fields = raw::body_object(body)?;
    let mut events = list(&fields, "events_before");
    events.reverse();
    events.extend(raw::field(&fields, "event"));
    events.extend(list(&fields, "events_after"));
    Ok(Context { state: list(&fields, "state"), start: text(&fields, "start"), end: text(&fields, "end"), events })
}

/// Reads `/notifications`: the rooms, latest notification first, each once.
pub fn notifications(body: &[u8]) -> Result<Vec<OwnedRoomId>, ParseError> {
    let mut rooms = Vec::new();
    for notification in list(&raw::body_object(body)?, "notifications") {
        let fields = raw::object(notification).unwrap_or_default();
        let room = text(&fields, "room_id").and_then(|room| RoomId::parse(room.as_ref()).ok());
        rooms.extend(room.filter(|room| !rooms.contains(room)));
    }
    Ok(rooms)
}

/// Reads `/joined_rooms`.
pub fn joined_rooms(body: &[u8]) -> Result<Vec<OwnedRoomId>, ParseError> {
    let fields = raw::body_object(body)?;
    let rooms = list(&fields, "joined_rooms").into_iter().filter_map(raw::string);
    Ok(rooms.filter_map(|room| RoomId::parse(room.as_ref()).ok()).collect())
}

/// Reads `/members`: the member events.
pub fn members(body: &[u8]) -> Result<Vec<&RawValue>, ParseError> {
    Ok(list(&raw::body_object(body)?, "chunk"))
}

/// Reads `/state`: the state events.
pub fn state(body: &[u8]) -> Result<Vec<&RawValue>, ParseError> {
    raw::body(body)?.map_or(Some(Vec::new()), raw::array).ok_or(ParseError::Shape("an array"))
}

/// Reads `/keys/changes`: whose device lists changed, and who left.
pub fn key_changes(body: &[u8]) -> Result<(Vec<OwnedUserId>, Vec<OwnedUserId>), ParseError> {
    let fields = raw::body_object(body)?;
    let users = |name| {
        let users = list(&fields, name).into_iter().filter_map(raw::string);
        users.filter_map(|user| UserId::parse(user.as_ref()).ok()).collect()
    };
    Ok((users("changed"), users("left")))
}

/// Reads `/versions`: the names of the versions.
pub fn versions(body: &[u8]) -> Result<Vec<String>, ParseError> {
    let fields = raw::body_object(body)?;
    Ok(list(&fields, "versions").into_iter().filter_map(raw::string).map(Cow::into_owned).collect())
}

/// Reads the body of a refusal. What is no error body (a gateway's page) gives an empty one.
pub fn error_body(body: &[u8]) -> ErrorBody {
    let fields = raw::body_object(body).unwrap_or_default();
    ErrorBody {
        errcode: text(&fields, "errcode").map(Cow::into_owned).unwrap_or_default(),
        error: text(&fields, "error").map(Cow::into_owned).unwrap_or_default(),
        retry_after_ms: raw::field(&fields, "retry_after_ms").and_then(raw::count),
        soft_logout: raw::field(&fields, "soft_logout").and_then(raw::boolean).unwrap_or(false),
    }
}

fn list<'a>(fields: &Fields<'a>, name: &str) -> Vec<&'a RawValue> {
    raw::field(fields, name).and_then(raw::array).unwrap_or_default()
}

fn text<'a>(fields: &Fields<'a>, name: &str) -> Option<Cow<'a, str>> {
    raw::field(fields, name).and_then(raw::string)
}

/// Returns the `event_id` of an event.
pub fn event_id(event: &RawValue) -> Option<OwnedEventId> {
    text(&raw::object(event)?, "event_id").and_then(|id| EventId::parse(id.as_ref()).ok())
}

/// Returns the `origin_server_ts` of an event, zero where it has none.
pub fn origin_server_ts(event: &RawValue) -> Timestamp {
    let fields = raw::object(event).unwrap_or_default();
    let value = fields.iter().find(|(name, _)| name == "origin_server_ts");
    Timestamp(value.and_then(|(_, value)| value.get().parse().ok()).unwrap_or(0))
}
