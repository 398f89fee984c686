//! Creating, joining, leaving, inviting and so on; lists of rooms.

use serde_json::json;

use super::{
    super::{
        app::App,
        error::ApiError,
        http::{Answer, Call, Reply},
        world::{CreateRoom, RoomNo, UserNo, World},
    },
    Caller,
};

pub fn dispatch(app: &App, call: &Call, segments: &[&str]) -> Answer {
    match (call.method.as_str(), segments) {
        ("POST", ["createRoom"]) => create(app, call),
        ("GET", ["joined_rooms"]) => joined_rooms(app, call),
        ("GET" | "POST", ["publicRooms"]) => public_rooms(app, call),
        ("GET", ["directory", "room", alias]) => resolve_alias(app, alias),
        ("POST", ["join", room] | ["rooms", room, "join"]) => by_self(app, call, room, "join"),
        ("POST", ["knock", room]) => by_self(app, call, room, "knock"),
        ("POST", ["rooms", room, action @ ("leave" | "forget")]) => by_self(app, call, room, action),
        ("POST", ["rooms", room, action @ ("invite" | "kick" | "ban" | "unban")]) => on_other(app, call, room, action),
        _ => Err(ApiError::unrecognized()),
    }
}

fn create(app: &App, call: &Call) -> Answer {
    let caller = Caller::of(app, call)?;
    let request: CreateRoom = call.parse()?;
    let mut world = app.world();
    let room = world.create_room(caller.user, request, caller.now)?;
    Ok(Reply::json(&json!({ "room_id": world.room(room).id })))
}

fn joined_rooms(app: &App, call: &Call) -> Answer {
    let caller = Caller::of(app, call)?;
    if !app.features().joined_rooms {
        return Err(ApiError::unrecognized());
    }
    let world = app.world();
    let rooms: Vec<&str> = world.user(caller.user).joined_rooms().map(|room| &*world.room(room).id).collect();
    Ok(Reply::json(&json!({ "joined_rooms": rooms })))
}

fn by_self(app: &App, call: &Call, room: &str, action: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let reason = body["reason"].as_str();
    let mut world = app.world();
    let room = world.expect_room(room)?;
    match action {
        "join" => world.join(room, caller.user, reason, caller.now)?,
        "knock" => world.knock(room, caller.user, reason, caller.now)?,
        "leave" => world.leave(room, caller.user, reason, caller.now)?,
        _ => world.forget(room, caller.user)?,
    }
    let names_room = matches!(action, "join" | "knock");
    Ok(Reply::json(&if names_room { json!({ "room_id": world.room(room).id }) } else { json!({}) }))
}

fn on_other(app: &App, call: &Call, room: &str, action: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let target = body["user_id"].as_str().filter(|id| id.starts_with('@') && id.contains(':'));
    let target = target.ok_or_else(|| ApiError::invalid("user_id is missing or malformed"))?;
    let reason = body["reason"].as_str();
    let mut world = app.world();
    let room = world.expect_room(room)?;
    let target = world.user_no(target);
    match action {
        "invite" => world.invite(room, caller.user, target, reason, false, caller.now)?,
        "kick" => world.kick(room, caller.user, target, reason, caller.now)?,
        "ban" => world.ban(room, caller.user, target, reason, caller.now)?,
        _ => world.unban(room, caller.user, target, reason, caller.now)?,
    }
    Ok(Reply::json(&json!({})))
}

fn resolve_alias(app: &App, alias: &str) -> Answer {
    let world = app.world();
    let room = world
        .find_room(alias)
        .filter(|_| alias.starts_with('#'))
        .ok_or_else(|| ApiError::not_found("Room alias not found"))?;
    Ok(Reply::json(&json!({ "room_id": world.room(room).id, "servers": [world.server_name] })))
}

/// Answers the rooms that anyone may join, the largest first.
fn public_rooms(app: &App, call: &Call) -> Answer {
    let limit = call.number("limit", 50, 500)? as usize;
    let term = call.json()?["filter"]["generic_search_term"].as_str().map(str::to_lowercase);
    let world = app.world();
    let mut rooms: Vec<(usize, RoomNo)> = (0..world.rooms.len() as RoomNo)
        .filter(|room| world.join_rule(*room) == "public")
        .filter(|room| {
            term.as_ref()
                .is_none_or(|term| name_of(&world, *room).is_some_and(|name| name.to_lowercase().contains(term)))
        })
        .map(|room| (world.room(room).joined().count(), room))
        .collect();
    rooms.sort_by_key(|(members, room)| (std::cmp::Reverse(*members), *room));
    let chunk: Vec<_> = rooms.iter().take(limit).map(|(members, room)| public_room(&world, *room, *members)).collect();
    Ok(Reply::json(&json!({ "chunk": chunk, "total_room_count_estimate": rooms.len() })))
}

fn public_room(world: &World, room: RoomNo, members: usize) -> serde_json::Value {
    let text = |kind: &str, key: &str| {
        world.room(room).state_event(kind, "").and_then(|event| world.event(event).content_str(key))
    };
    json!({
        "room_id": world.room(room).id,
        "name": text("m.room.name", "name"),
        "topic": text("m.room.topic", "topic"),
        "canonical_alias": text("m.room.canonical_alias", "alias"),
        "num_joined_members": members,
        "world_readable": false,
        "guest_can_join": false,
        "join_rule": "public",
    })
}

fn name_of(world: &World, room: RoomNo) -> Option<String> {
    world.room(room).state_event("m.room.name", "").and_then(|event| world.event(event).content_str("name"))
}

/// Returns the users whose id or name contains `term`.
pub fn search_users(world: &World, term: &str, limit: usize) -> Vec<UserNo> {
    let term = term.to_lowercase();
    let matches = |user: &&super::super::world::User| {
        user.id.to_lowercase().contains(&term)
            || user.displayname.as_ref().is_some_and(|name| name.to_lowercase().contains(&term))
    };
    world.users.iter().filter(matches).map(|user| user.no).take(limit).collect()
}
