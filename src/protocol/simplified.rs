//! `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`: what today's clients speak (`spec/synapse.md`,
//! `spec/clients.md`). We answer both spellings where clients ignore what they do not know; never a state stub or a
//! null `name`, which they would take for data.

use std::{collections::BTreeMap, time::Duration};

use ruma::{OwnedRoomId, UserId};

use super::{
    error::RequestError,
    fields::{Field, Fields, query_parameters, saturating},
    json::Object,
    parse, render as common,
};
use crate::connection::{
    ExtensionsRequest, ExtensionsResponse, ListRequest, ListResponse, Presence, RequiredState, RoomConfig, RoomResult,
    StateItem, StatePattern, SyncRequest, SyncResponse, TimelineResult, TypingNames, Window, Wire,
};
use crate::limits::{
    LISTS, RANGES, REQUIRED_STATE, SHOWN_VALUE, SIMPLIFIED_LIST_KEY, SIMPLIFIED_SUBSCRIPTIONS, TIMELINE_LIMIT, TIMEOUT,
};
use crate::model::Membership;

/// Reads a request.
pub fn parse(query: &str, body: &[u8], user: &UserId) -> Result<SyncRequest, RequestError> {
    let fields = Fields::of_body(Wire::Simplified, body)?;
    let parameters = Parameters::read(query)?;
    let conn_id = fields.optional("conn_id", parse::identifier)?;
    let unsubscribed = fields.optional("unsubscribe_rooms", |field| field.texts(SIMPLIFIED_SUBSCRIPTIONS))?;
    let (lists, old_lists) = lists(&fields, user)?;
    Ok(SyncRequest {
        wire: Wire::Simplified,
        // Marks of a client that sends each subscription once (`spec/clients.md` §6.2).
        sticky_subscriptions: conn_id.is_none() || fields.has("unsubscribe_rooms") || old_lists,
        conn_id: conn_id.unwrap_or_default(),
        lists,
        room_subscriptions: subscriptions(&fields, user)?,
        timeout: parameters.timeout,
        set_presence: parameters.set_presence,
        unsubscribe_rooms: parse::rooms(unsubscribed.unwrap_or_default()),
        txn_id: fields.optional("txn_id", parse::identifier)?,
        typing_names: TypingNames { stable: true, unstable: false },
        extensions: extensions(&fields)?,
        // Judged last: a request that is wrong in itself is told so, whatever its place.
        pos: parse::pos(parameters.pos.as_deref())?,
    })
}

/// What travels in the query.
#[derive(Default)]
struct Parameters {
    pos: Option<String>,
    timeout: Duration,
    set_presence: Option<Presence>,
}

impl Parameters {
    fn read(query: &str) -> Result<Parameters, RequestError> {
        let mut parameters = Parameters::default();
        for (name, value) in query_parameters(query) {
            let refuse = |expected: &str| parameter(name.as_ref(), expected, &value);
            match name.as_ref() {
                "timeout" => {
                    let timeout = saturating(&value).and_then(|timeout| u64::try_from(timeout).ok());
                    let timeout = timeout.ok_or_else(|| refuse("a number of milliseconds, at least 0"))?;
                    parameters.timeout = Duration::from_millis(timeout).min(TIMEOUT);
                }
                "set_presence" => parameters.set_presence = Some(parse::presence(&value, refuse)?),
                "pos" => parameters.pos = Some(value),
                _ => {}
            }
        }
        Ok(parameters)
    }
}

/// Returns the error for a parameter of the query.
fn parameter(name: &str, expected: &str, came: &str) -> RequestError {
    let came = if came.len() <= SHOWN_VALUE { came } else { "something longer" };
    RequestError::InvalidParam { field: name.to_owned(), message: format!("must be {expected}, not {came}") }
}

type Lists = BTreeMap<String, ListRequest>;

/// Returns the lists, and whether one has a field of old.
fn lists(fields: &Fields<'_>, user: &UserId) -> Result<(Lists, bool), RequestError> {
    let Some(lists) = fields.object("lists")? else { return Ok((Lists::new(), false)) };
    let (mut parsed, mut old) = (Lists::new(), false);
    for (key, field) in lists.entries(LISTS)? {
        let list = field.object()?;
        if key.len() > SIMPLIFIED_LIST_KEY {
            return Err(list.invalid(format!("must stand under a key of at most {SIMPLIFIED_LIST_KEY} bytes")));
        }
        old |= list.has("sort") || list.has("include_old_rooms");
        let filters = parse::filters(&list, "is_invite")?;
        parsed.insert(key, ListRequest { window: window(&list)?, filters, config: config(&list, user)? });
    }
    Ok((parsed, old))
}

/// Without `ranges` a list is counted, and no room of it is sent (`spec/synapse.md` §1).
fn window(list: &Fields<'_>) -> Result<Window, RequestError> {
    let ranges = list.optional("ranges", |field| field.list(RANGES))?.unwrap_or_default();
    Ok(Window::Ranges(ranges.iter().map(parse::range).collect::<Result<_, _>>()?))
}

fn subscriptions(fields: &Fields<'_>, user: &UserId) -> Result<BTreeMap<OwnedRoomId, RoomConfig>, RequestError> {
    let Some(subscriptions) = fields.object("room_subscriptions")? else { return Ok(BTreeMap::new()) };
    let mut parsed = BTreeMap::new();
    for (room, subscription) in subscriptions.entries(SIMPLIFIED_SUBSCRIPTIONS)? {
        let config = config(&subscription.object()?, user)?;
        // What is no room id is a room that nobody was ever in: those are ignored.
        if let Ok(room) = OwnedRoomId::try_from(room) {
            parsed.insert(room, config);
        }
    }
    Ok(parsed)
}

fn config(rule: &Fields<'_>, user: &UserId) -> Result<RoomConfig, RequestError> {
    let limit = rule.required("timeline_limit", "an integer")?;
    // A negative limit counts as none (`spec/synapse.md` §1).
    let timeline_limit = u32::try_from(limit.integer()?.max(0)).unwrap_or(u32::MAX);
    if timeline_limit > TIMELINE_LIMIT {
        return Err(limit.beyond(&format!("at most {TIMELINE_LIMIT}")));
    }
    let pairs = rule.required("required_state", "a list of pairs of strings")?.list(REQUIRED_STATE)?;
    let pair = |field: &Field<'_>| {
        let [event_type, state_key] = field.pair("a pair of strings")?;
        Ok((event_type.text()?, state_key.text()?))
    };
    let pairs = pairs.iter().map(pair).collect::<Result<_, RequestError>>()?;
    Ok(RoomConfig { timeline_limit, required_state: required_state(pairs, user) })
}

/// `$LAZY` means members only, and nothing beside everything: `["*","*"]` is all state, all members included.
fn required_state(pairs: Vec<(String, String)>, user: &UserId) -> RequiredState {
    let mut state = RequiredState::default();
    for (event_type, state_key) in pairs {
        if event_type == "m.room.member" && state_key == "$LAZY" {
            state.lazy_members = true;
            continue;
        }
        let state_key = if state_key == "$ME" { user.to_string() } else { state_key };
        let some = |text: String| (text != "*").then_some(text);
        state.include.push(StatePattern { event_type: some(event_type), state_key: some(state_key) });
    }
    state.include.retain(parse::can_match);
    let everything = state.include.contains(&StatePattern::default());
    state.lazy_members &= !everything;
    state
}

fn extensions(fields: &Fields<'_>) -> Result<ExtensionsRequest, RequestError> {
    let Some(extensions) = fields.object("extensions")? else { return Ok(ExtensionsRequest::default()) };
    Ok(ExtensionsRequest {
        to_device: parse::to_device(extensions.object("to_device")?, Wire::Simplified)?,
        e2ee: parse::is_enabled(extensions.object("e2ee")?)?,
        account_data: parse::scope(extensions.object("account_data")?, Wire::Simplified)?,
        receipts: parse::scope(extensions.object("receipts")?, Wire::Simplified)?,
        typing: parse::scope(extensions.object("typing")?, Wire::Simplified)?,
        presence: parse::is_enabled(extensions.object("presence")?)?,
        counts: false,
    })
}

/// Returns the body of an answer.
pub fn render(response: &SyncResponse) -> String {
    let mut out = String::with_capacity(4096);
    let mut object = Object::open(&mut out);
    object.text("pos", &response.pos.to_string());
    if let Some(txn_id) = &response.txn_id {
        object.text("txn_id", txn_id);
    }
    let mut lists = object.object("lists");
    for (key, result) in &response.lists {
        list(lists.object(key), result);
    }
    lists.close();
    let mut rooms = object.object("rooms");
    for (id, result) in &response.rooms {
        room(rooms.object(id.as_str()), result);
    }
    rooms.close();
    render_extensions(object.object("extensions"), &response.extensions);
    object.close();
    out
}

fn list(mut object: Object<'_>, list: &ListResponse) {
    object.number("count", list.count);
    let mut ops = object.array("ops");
    for ((first, last), rooms) in &list.windows {
        let mut op = ops.object();
        op.text("op", "SYNC");
        let mut range = op.array("range");
        range.number(*first);
        range.number(*last);
        range.close();
        op.texts("room_ids", rooms);
        op.close();
    }
    ops.close();
    object.close();
}

fn room(mut object: Object<'_>, result: &RoomResult) {
    if let Some(Some(name)) = &result.name {
        object.text("name", name);
    }
    common::summary(&mut object, result);
    let outside = result.membership.is_some_and(Membership::is_pending);
    if let Some(stripped_state) = result.stripped_state.as_ref().filter(|_| outside) {
        common::raws(&mut object, "invite_state", stripped_state);
    }
    for (key, count) in [("notification_count", result.notification_count), ("highlight_count", result.highlight_count)]
    {
        if let Some(count) = count {
            object.number(key, count);
        }
    }
    let events = |item: &'_ StateItem| matches!(item, StateItem::Event(_));
    if result.required_state.iter().any(events) {
        let events = result.required_state.iter().filter_map(|item| match item {
            StateItem::Event(event) => Some(event),
            StateItem::Removed { .. } => None,
        });
        common::events(&mut object, "required_state", events);
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
    object.flag("limited", timeline.limited);
    if timeline.expanded {
        object.flag("unstable_expanded_timeline", true);
        object.flag("expanded_timeline", true);
    }
    if let Some(prev_batch) = &timeline.prev_batch {
        object.text("prev_batch", prev_batch);
    }
    object.number("num_live", timeline.num_live);
}

fn render_extensions(mut object: Object<'_>, response: &ExtensionsResponse) {
    common::to_device(&mut object, "to_device", response.to_device.as_ref());
    common::e2ee(&mut object, "e2ee", response.e2ee.as_ref());
    common::common(&mut object, response);
    if let Some(part) = response.typing.as_ref().filter(|part| !part.is_empty()) {
        let mut typing = object.object("typing");
        let mut rooms = typing.object("rooms");
        for (room, users) in part {
            let mut event = rooms.object(room.as_str());
            event.text("type", "m.typing");
            let mut content = event.object("content");
            content.texts("user_ids", users);
            content.close();
            event.close();
        }
        rooms.close();
        typing.close();
    }
    object.close();
}
