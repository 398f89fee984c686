//! Reading a room and writing to it: messages, context, events, state, members, sending, redacting.

use serde_json::{Value, json};

use super::{
    super::{
        app::App,
        error::ApiError,
        http::{Answer, Call, Reply},
        sync::EventFilter,
        world::{Event, EventNo, Membership, NewEvent, Position, RoomNo, Transaction, World, json_of},
    },
    Caller,
};

const MAX_PAGE: u64 = 1_000;

/// Returns the filter of the query; without the feature lazy loading is ignored.
fn event_filter(app: &App, call: &Call) -> Result<EventFilter, ApiError> {
    let parsed = call.param("filter").map(|filter| {
        serde_json::from_str(filter).map_err(|error| ApiError::new(400, "M_NOT_JSON", error.to_string()))
    });
    let mut filter: EventFilter = parsed.transpose()?.unwrap_or_default();
    filter.lazy_load_members &= app.features().lazy_members;
    Ok(filter)
}

fn admits(world: &World, filter: &EventFilter, event: &Event) -> bool {
    filter.admits(&event.kind, Some(world.user_id(event.sender)))
}

fn render_all(world: &World, events: &[EventNo], caller: &Caller) -> Vec<Box<serde_json::value::RawValue>> {
    events.iter().map(|event| world.render_full(*event, caller.viewer())).collect()
}

/// Opens a room for reading.
fn readable(world: &World, room: &str, caller: &Caller) -> Result<RoomNo, ApiError> {
    let room = world.find_room(room).ok_or_else(|| ApiError::forbidden("Unknown room"))?;
    world.require_readable(room, caller.user)?;
    Ok(room)
}

/// Opens an event of a room for reading.
fn visible(world: &World, room: RoomNo, event: &str, caller: &Caller) -> Result<EventNo, ApiError> {
    let found = world
        .find_event(event)
        .filter(|no| world.event(*no).room == room && world.is_visible(world.event(*no), caller.user));
    found.ok_or_else(|| ApiError::not_found("Event not found."))
}

pub fn messages(app: &App, call: &Call, room: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let filter = event_filter(app, call)?;
    let limit = call.number("limit", 10, MAX_PAGE)?.min(filter.limit.unwrap_or(MAX_PAGE)) as usize;
    let backwards = match call.param("dir") {
        Some("b") => true,
        Some("f") => false,
        _ => return Err(ApiError::invalid("dir must be b or f")),
    };
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let place = |key: &str| {
        call.param(key).map(|token| Position::parse(token).map(|position| world.index_of(room, position))).transpose()
    };
    let length = world.room(room).timeline.len();
    let from = place("from")?.unwrap_or(if backwards { length } else { 0 });
    let to = place("to")?.unwrap_or(if backwards { 0 } else { length });
    let admitted = |event: &Event| admits(&world, &filter, event);
    let page = if backwards {
        world.page_back(room, caller.user, from, to, limit, admitted)
    } else {
        world.page_forward(room, caller.user, from, to, limit, admitted)
    };
    let mut answer = json!({ "chunk": render_all(&world, &page.events, &caller), "start": world.room_token(from) });
    if let Some(next) = page.next {
        answer["end"] = json!(world.room_token(next));
    }
    if filter.lazy_load_members && !page.events.is_empty() {
        let members = world.senders_members(room, &page.events, world.state_position(room, caller.user));
        answer["state"] = json!(render_all(&world, &members, &caller));
    }
    Ok(Reply::json(&answer))
}

pub fn context(app: &App, call: &Call, room: &str, event: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let filter = event_filter(app, call)?;
    let limit = call.number("limit", 10, 100)? as usize;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let event = visible(&world, room, event, &caller)?;
    let index = world.event(event).index.ok_or_else(|| ApiError::not_found("Event not found."))? as usize;
    let admitted = |event: &Event| admits(&world, &filter, event);
    let before = world.page_back(room, caller.user, index, 0, limit / 2, admitted);
    let after =
        world.page_forward(room, caller.user, index + 1, world.room(room).timeline.len(), limit.div_ceil(2), admitted);
    let shown: Vec<EventNo> = before.events.iter().chain([&event]).chain(&after.events).copied().collect();
    let last = world.event(shown.last().copied().unwrap_or(event)).pos;
    let state = state_at(&world, room, last, filter.lazy_load_members.then_some(&shown[..]));
    Ok(Reply::json(&json!({
        "start": world.room_token(before.next.unwrap_or(index)),
        "end": world.room_token(after.next.unwrap_or(index + 1)),
        "event": world.render_full(event, caller.viewer()),
        "events_before": render_all(&world, &before.events, &caller),
        "events_after": render_all(&world, &after.events, &caller),
        "state": render_all(&world, &state, &caller),
    })))
}

/// Returns the state at a position; with lazy loading only the senders of `lazy_for` as members.
fn state_at(world: &World, room: RoomNo, pos: u64, lazy_for: Option<&[EventNo]>) -> Vec<EventNo> {
    let all = world.room(room).histories().filter(|(kind, ..)| lazy_for.is_none() || &***kind != "m.room.member");
    let mut state: Vec<EventNo> = all.filter_map(|(_, _, history)| history.at(pos)).collect();
    if let Some(events) = lazy_for {
        state.extend(world.senders_members(room, events, pos));
    }
    state
}

pub fn event(app: &App, call: &Call, room: &str, event: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let event = visible(&world, room, event, &caller)?;
    Ok(Reply::json(&world.render_full(event, caller.viewer())))
}

/// Answers what relates to an event, newest first.
pub fn relations(app: &App, call: &Call, room: &str, event: &str, filter: &[&str]) -> Answer {
    let caller = Caller::of(app, call)?;
    let limit = call.number("limit", 10, MAX_PAGE)? as usize;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let target = world.event_id(visible(&world, room, event, &caller)?);
    let from = call.param("from").map(Position::parse).transpose()?;
    let from = from.map_or(world.room(room).timeline.len(), |from| world.index_of(room, from));
    let related = |event: &Event| {
        let is_wanted = filter.get(1).is_none_or(|kind| *kind == &*event.kind);
        is_wanted
            && event
                .relation()
                .is_some_and(|(kind, id)| id == target && filter.first().is_none_or(|wanted| *wanted == kind))
    };
    let page = world.page_back(room, caller.user, from, 0, limit, related);
    let mut answer = json!({ "chunk": render_all(&world, &page.events, &caller) });
    if let Some(next) = page.next.filter(|next| *next > 0) {
        answer["next_batch"] = json!(world.room_token(next));
    }
    Ok(Reply::json(&answer))
}

pub fn state(app: &App, call: &Call, room: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let state = state_at(&world, room, world.state_position(room, caller.user), None);
    Ok(Reply::json(&render_all(&world, &state, &caller)))
}

pub fn state_content(app: &App, call: &Call, room: &str, kind: &str, key: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let pos = world.state_position(room, caller.user);
    let event = world
        .room(room)
        .history(kind, key)
        .and_then(|history| history.at(pos))
        .ok_or_else(|| ApiError::not_found("State not found."))?;
    match call.param("format") {
        Some("event") => Ok(Reply::json(&world.render_full(event, caller.viewer()))),
        _ => Ok(Reply::json(&world.event(event).content)),
    }
}

pub fn members(app: &App, call: &Call, room: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let world = app.world();
    let room = readable(&world, room, &caller)?;
    let wanted = |key: &str, event: EventNo| {
        let membership =
            world.membership_in(event).and_then(|membership| serde_json::to_value(membership).ok()).unwrap_or_default();
        call.param(key).map(|wanted| membership == wanted)
    };
    let at = match call.param("at") {
        Some(token) => {
            let index = world.index_of(room, Position::parse(token)?);
            index
                .checked_sub(1)
                .and_then(|last| world.room(room).timeline.get(last))
                .map_or(0, |event| world.event(*event).pos)
        }
        None => world.state_position(room, caller.user),
    };
    let all =
        world.room(room).state.get("m.room.member").into_iter().flatten().filter_map(|(_, history)| history.at(at));
    let chosen: Vec<EventNo> = all
        .filter(|event| {
            wanted("membership", *event).unwrap_or(true) && !wanted("not_membership", *event).unwrap_or(false)
        })
        .collect();
    Ok(Reply::json(&json!({ "chunk": render_all(&world, &chosen, &caller) })))
}

pub fn joined_members(app: &App, call: &Call, room: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let world = app.world();
    let room = world.expect_room(room)?;
    world.require_joined(room, caller.user)?;
    let profiles = world.room(room).with_membership(Membership::Join).map(|user| {
        let user = world.user(user);
        (user.id.to_string(), json!({ "display_name": user.displayname, "avatar_url": user.avatar_url }))
    });
    Ok(Reply::json(&json!({ "joined": profiles.collect::<serde_json::Map<String, Value>>() })))
}

pub fn put_state(app: &App, call: &Call, room: &str, kind: &str, key: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let content = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    world.require_send(room, caller.user, kind, true)?;
    if key.starts_with('@') && key != &**world.user_id(caller.user) {
        return Err(ApiError::forbidden("You are not allowed to set others state"));
    }
    let event = world.append(NewEvent {
        state_key: Some(key),
        ..NewEvent::new(room, caller.user, kind, json_of(&content), caller.now)
    });
    Ok(Reply::json(&json!({ "event_id": world.event_id(event) })))
}

pub fn send(app: &App, call: &Call, room: &str, kind: &str, transaction: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let content = call.json()?;
    if !content.is_object() {
        return Err(ApiError::bad_json("the content must be an object"));
    }
    let mut world = app.world();
    let room = world.expect_room(room)?;
    if let Some(event) = sent_before(&world, &caller, call) {
        return Ok(Reply::json(&json!({ "event_id": world.event_id(event) })));
    }
    world.require_send(room, caller.user, kind, false)?;
    // An application may date its events; here everyone may, which tests want.
    let ts = call.number("ts", caller.now, u64::MAX)?;
    let transaction =
        Some(Transaction { user: caller.user, device: caller.device.clone(), id: transaction.to_owned() });
    let event = world.append(NewEvent { transaction, ..NewEvent::new(room, caller.user, kind, json_of(&content), ts) });
    world.set_typing(room, caller.user, None);
    remember_sent(&mut world, &caller, call, event);
    Ok(Reply::json(&json!({ "event_id": world.event_id(event) })))
}

pub fn redact(app: &App, call: &Call, room: &str, event: &str, transaction: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    if let Some(event) = sent_before(&world, &caller, call) {
        return Ok(Reply::json(&json!({ "event_id": world.event_id(event) })));
    }
    let target = visible(&world, room, event, &caller)?;
    if world.event(target).sender != caller.user {
        world.require_level(room, caller.user, "redact", 50)?;
    }
    world.require_joined(room, caller.user)?;
    let transaction =
        Some(Transaction { user: caller.user, device: caller.device.clone(), id: transaction.to_owned() });
    let redaction = world.redact(target, caller.user, body["reason"].as_str(), transaction, caller.now);
    remember_sent(&mut world, &caller, call, redaction);
    Ok(Reply::json(&json!({ "event_id": world.event_id(redaction) })))
}

/// Returns what an earlier request with the same path and transaction id made.
fn sent_before(world: &World, caller: &Caller, call: &Call) -> Option<EventNo> {
    world.user(caller.user).device(&caller.device)?.transactions.get(&call.path).copied()
}

fn remember_sent(world: &mut World, caller: &Caller, call: &Call, event: EventNo) {
    if let Some(device) = world.user_mut(caller.user).devices.get_mut(&caller.device) {
        device.transactions.insert(call.path.clone(), event);
    }
}
