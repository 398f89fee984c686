//! `POST /_matrix/client/v4/sync` (MSC4186 as merged; `spec/v4.md`), by the letter.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedRoomId;

use super::{error::RequestError, fields::Fields, json::Object, parse, render as common};
use crate::connection::{
    ExtensionsRequest, ExtensionsResponse, ListRequest, RequiredState, RoomConfig, RoomResult, StateItem, StatePattern,
    SyncRequest, SyncResponse, TimelineResult, TypingNames, Window, Wire,
};
use crate::limits::{LISTS, OPAQUE_IDENTIFIER, REQUIRED_STATE, SUBSCRIPTIONS, TIMELINE_LIMIT, TIMEOUT};

const TYPING: &str = "typing";
const TYPING_UNSTABLE: &str = "org.matrix.msc4508.typing";
const TO_DEVICE: &str = "org.matrix.msc4538.to_device";
const E2EE: &str = "org.matrix.msc4543.e2ee";
const COUNTS: &str = "sash.counts";

/// Reads a request.
pub fn parse(body: &[u8]) -> Result<SyncRequest, RequestError> {
    let fields = Fields::of_body(body)?;
    let pos = fields.optional::<String>("pos", "a string")?;
    let set_presence = fields.optional::<String>("set_presence", "a string")?;
    let conn_id = fields.optional::<String>("conn_id", "a string")?.unwrap_or_default();
    if conn_id.len() > OPAQUE_IDENTIFIER {
        return Err(fields.invalid("conn_id", format!("must have at most {OPAQUE_IDENTIFIER} bytes")));
    }
    let (extensions, typing_names) = extensions(&fields)?;
    Ok(SyncRequest {
        wire: Wire::V4,
        conn_id,
        lists: lists(&fields)?,
        room_subscriptions: subscriptions(&fields)?,
        timeout: timeout(&fields)?,
        set_presence: parse::presence(set_presence.as_deref())?,
        unsubscribe_rooms: Vec::new(),
        sticky_subscriptions: false,
        txn_id: None,
        typing_names,
        extensions,
        // Judged last: a request that is wrong in itself is told so, whatever its place.
        pos: parse::pos(pos.as_deref())?,
    })
}

fn timeout(fields: &Fields<'_>) -> Result<Duration, RequestError> {
    let timeout = fields.optional::<i64>("timeout", "an integer")?.unwrap_or(0);
    let timeout = u64::try_from(timeout).map_err(|_| fields.invalid("timeout", "must not be negative"))?;
    Ok(Duration::from_millis(timeout).min(TIMEOUT))
}

fn lists(fields: &Fields<'_>) -> Result<BTreeMap<String, ListRequest>, RequestError> {
    let Some(lists) = fields.object("lists")? else { return Ok(BTreeMap::new()) };
    if lists.len() > LISTS {
        return Err(fields.invalid("lists", format!("must be at most {LISTS}")));
    }
    let mut parsed = BTreeMap::new();
    for (key, list) in lists.objects()? {
        if !is_opaque_identifier(&key) {
            return Err(lists.invalid(&key, "a list's key must be an opaque identifier"));
        }
        let window = match list.optional::<(i64, i64)>("range", "a pair of integers")? {
            None => Window::All,
            Some((first, last)) => {
                let natural = |number| u64::try_from(number).map_err(|_| list.invalid("range", "must not be negative"));
                Window::Ranges(vec![(natural(first)?, natural(last)?)])
            }
        };
        let filters = parse::filters(&list, "is_invited")?;
        parsed.insert(key, ListRequest { window, filters, config: config(&list)? });
    }
    Ok(parsed)
}

/// The grammar of opaque identifiers (Matrix specification, appendices).
fn is_opaque_identifier(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !key.is_empty() && key.len() <= OPAQUE_IDENTIFIER && key.bytes().all(allowed)
}

fn subscriptions(fields: &Fields<'_>) -> Result<BTreeMap<OwnedRoomId, RoomConfig>, RequestError> {
    let Some(subscriptions) = fields.object("room_subscriptions")? else { return Ok(BTreeMap::new()) };
    if subscriptions.len() > SUBSCRIPTIONS {
        return Err(fields.invalid("room_subscriptions", format!("must be at most {SUBSCRIPTIONS}")));
    }
    let mut parsed = BTreeMap::new();
    for (room, subscription) in subscriptions.objects()? {
        let config = config(&subscription)?;
        // What is no room id is a room that does not exist: those are ignored.
        if let Ok(room) = OwnedRoomId::try_from(room) {
            parsed.insert(room, config);
        }
    }
    Ok(parsed)
}

fn config(rule: &Fields<'_>) -> Result<RoomConfig, RequestError> {
    let limit = rule.required::<i64>("timeline_limit", "an integer")?;
    let limit = u64::try_from(limit).map_err(|_| rule.invalid("timeline_limit", "must not be negative"))?;
    let Some(state) = rule.object("required_state")? else {
        return Err(RequestError::Missing(rule.path("required_state")));
    };
    let include = patterns(&state, "include")?;
    let exclude = patterns(&state, "exclude")?;
    if include.len() + exclude.len() > REQUIRED_STATE {
        return Err(rule.invalid("required_state", format!("must have at most {REQUIRED_STATE} elements")));
    }
    let lazy_members = state.optional::<bool>("lazy_members", "true or false")?.unwrap_or(false);
    Ok(RoomConfig {
        timeline_limit: u32::try_from(limit).unwrap_or(u32::MAX).min(TIMELINE_LIMIT),
        required_state: RequiredState { include, exclude, lazy_members },
    })
}

fn patterns(state: &Fields<'_>, name: &str) -> Result<Vec<StatePattern>, RequestError> {
    let elements = state.list(name)?;
    let pattern = |element: &Fields<'_>| {
        Ok(StatePattern {
            event_type: element.optional("type", "a string")?,
            state_key: element.optional("state_key", "a string")?,
        })
    };
    elements.iter().map(pattern).collect()
}

fn extensions(fields: &Fields<'_>) -> Result<(ExtensionsRequest, TypingNames), RequestError> {
    let Some(extensions) = fields.object("extensions")? else { return Ok(Default::default()) };
    let stable = parse::scope(extensions.object(TYPING)?, Wire::V4)?;
    let unstable = parse::scope(extensions.object(TYPING_UNSTABLE)?, Wire::V4)?;
    let typing_names = TypingNames { stable: stable.is_some(), unstable: unstable.is_some() };
    let request = ExtensionsRequest {
        to_device: parse::to_device(extensions.object(TO_DEVICE)?, Wire::V4)?,
        e2ee: parse::is_enabled(extensions.object(E2EE)?)?,
        account_data: parse::scope(extensions.object("account_data")?, Wire::V4)?,
        receipts: parse::scope(extensions.object("receipts")?, Wire::V4)?,
        typing: stable.or(unstable),
        presence: parse::is_enabled(extensions.object("presence")?)?,
        counts: parse::is_enabled(extensions.object(COUNTS)?)?,
    };
    Ok((request, typing_names))
}

/// Returns the body of an answer.
pub fn render(response: &SyncResponse) -> String {
    let mut out = String::with_capacity(4096);
    let mut object = Object::open(&mut out);
    object.text("pos", &response.pos.to_string());
    let mut lists = object.object("lists");
    for (key, list) in &response.lists {
        let mut list_object = lists.object(key);
        list_object.number("count", list.count);
        list_object.close();
    }
    lists.close();
    let mut rooms = object.object("rooms");
    for (id, result) in &response.rooms {
        room(rooms.object(id.as_str()), result);
    }
    rooms.close();
    render_extensions(object.object("extensions"), &response.extensions, response.typing_names);
    object.close();
    out
}

fn room(mut object: Object<'_>, result: &RoomResult) {
    if let Some(name) = &result.name {
        match name {
            Some(name) => object.text("name", name),
            None => object.raw("name", "null"),
        }
    }
    common::summary(&mut object, result);
    if !result.required_state.is_empty() {
        let mut state = object.array("required_state");
        for item in &result.required_state {
            match item {
                StateItem::Event(event) => common::event(state.element(), event),
                StateItem::Removed { event_type, state_key } => {
                    let mut stub = state.object();
                    stub.text("type", event_type);
                    stub.text("state_key", state_key);
                    stub.close();
                }
            }
        }
        state.close();
    }
    if let Some(result) = &result.timeline {
        timeline(&mut object, result);
    }
    object.close();
}

fn timeline(object: &mut Object<'_>, timeline: &TimelineResult) {
    if !timeline.events.is_empty() {
        common::events(object, "timeline", timeline.events.iter());
    }
    if timeline.limited {
        object.flag("limited", true);
    }
    if timeline.expanded {
        object.flag("expanded_timeline", true);
    }
    if let Some(prev_batch) = &timeline.prev_batch {
        object.text("prev_batch", prev_batch);
    }
    object.number("num_live", timeline.num_live);
}

fn render_extensions(mut object: Object<'_>, response: &ExtensionsResponse, names: TypingNames) {
    common::to_device(&mut object, TO_DEVICE, response.to_device.as_ref());
    common::e2ee(&mut object, E2EE, response.e2ee.as_ref());
    common::common(&mut object, response);
    if let Some(part) = response.typing.as_ref().filter(|part| !part.is_empty()) {
        let keys = [(TYPING, names.stable), (TYPING_UNSTABLE, names.unstable)];
        for (key, _) in keys.into_iter().filter(|(_, asked)| *asked) {
            let mut typing = object.object(key);
            let mut rooms = typing.object("rooms");
            for (room, users) in part {
                let mut entry = rooms.object(room.as_str());
                entry.texts("user_ids", users);
                entry.close();
            }
            rooms.close();
            typing.close();
        }
    }
    if let Some(part) = response.counts.as_ref().filter(|part| !part.is_empty()) {
        let mut counts = object.object(COUNTS);
        let mut rooms = counts.object("rooms");
        for (room, unread) in part {
            let mut entry = rooms.object(room.as_str());
            entry.number("notification_count", unread.notification_count);
            entry.number("highlight_count", unread.highlight_count);
            if !unread.threads.is_empty() {
                let mut threads = entry.object("unread_thread_notifications");
                for thread in &unread.threads {
                    let mut counts = threads.object(thread.root.as_str());
                    counts.number("notification_count", thread.notification_count);
                    counts.number("highlight_count", thread.highlight_count);
                    counts.close();
                }
                threads.close();
            }
            entry.close();
        }
        rooms.close();
        counts.close();
    }
    object.close();
}
