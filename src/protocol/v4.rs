//! `POST /_matrix/client/v4/sync` (MSC4186 as merged; `spec/v4.md`), by the letter.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedRoomId;

use super::{
    error::RequestError,
    fields::{Field, Fields},
    json::Object,
    parse, render as common,
};
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
    let fields = Fields::of_body(Wire::V4, body)?;
    let pos = fields.optional("pos", Field::text)?;
    let set_presence = |field: &Field<'_>| parse::presence(&field.text()?, |expected| field.beyond(expected));
    let timeout = fields.optional("timeout", Field::natural)?.unwrap_or(0);
    let (extensions, typing_names) = extensions(&fields)?;
    Ok(SyncRequest {
        wire: Wire::V4,
        conn_id: fields.optional("conn_id", parse::identifier)?.unwrap_or_default(),
        lists: lists(&fields)?,
        room_subscriptions: subscriptions(&fields)?,
        timeout: Duration::from_millis(timeout).min(TIMEOUT),
        set_presence: fields.optional("set_presence", set_presence)?,
        unsubscribe_rooms: Vec::new(),
        sticky_subscriptions: false,
        txn_id: None,
        typing_names,
        extensions,
        // Judged last: a request that is wrong in itself is told so, whatever its place.
        pos: parse::pos(pos.as_deref())?,
    })
}

fn lists(fields: &Fields<'_>) -> Result<BTreeMap<String, ListRequest>, RequestError> {
    let Some(lists) = fields.object("lists")? else { return Ok(BTreeMap::new()) };
    let mut parsed = BTreeMap::new();
    for (key, field) in lists.entries(LISTS)? {
        let list = field.object()?;
        if !is_opaque_identifier(&key) {
            let grammar =
                format!("must stand under an opaque identifier: 1 to {OPAQUE_IDENTIFIER} of A-Z a-z 0-9 - . _ ~");
            return Err(list.invalid(grammar));
        }
        let window = list.optional("range", parse::range)?.map_or(Window::All, |range| Window::Ranges(vec![range]));
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
    let mut parsed = BTreeMap::new();
    for (room, subscription) in subscriptions.entries(SUBSCRIPTIONS)? {
        let config = config(&subscription.object()?)?;
        // What is no room id is a room that does not exist: those are ignored.
        if let Ok(room) = OwnedRoomId::try_from(room) {
            parsed.insert(room, config);
        }
    }
    Ok(parsed)
}

fn config(rule: &Fields<'_>) -> Result<RoomConfig, RequestError> {
    let limit = rule.required("timeline_limit", "an integer")?.natural()?;
    let state = rule.required("required_state", "an object")?.object()?;
    let include = patterns(&state, "include")?;
    let exclude = patterns(&state, "exclude")?;
    let lazy_members = state.optional("lazy_members", Field::flag)?.unwrap_or(false);
    Ok(RoomConfig {
        timeline_limit: u32::try_from(limit).unwrap_or(u32::MAX).min(TIMELINE_LIMIT),
        required_state: RequiredState { include, exclude, lazy_members },
    })
}

fn patterns(state: &Fields<'_>, name: &str) -> Result<Vec<StatePattern>, RequestError> {
    let Some(elements) = state.optional(name, |field| field.list(REQUIRED_STATE))? else { return Ok(Vec::new()) };
    let pattern = |element: &Field<'_>| {
        let element = element.object()?;
        let text = |name: &str| element.optional(name, Field::text);
        Ok(StatePattern { event_type: text("type")?, state_key: text("state_key")? })
    };
    let mut patterns = elements.iter().map(pattern).collect::<Result<Vec<_>, RequestError>>()?;
    patterns.retain(parse::can_match);
    Ok(patterns)
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
