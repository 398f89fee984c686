//! Receipts, read markers and typing.

use serde_json::json;

use super::{
    super::{
        app::App,
        error::ApiError,
        http::{Answer, Call, Reply},
        world::{RoomNo, World, json_of},
    },
    Caller,
};

/// Longer typing is cut to this.
const MAX_TYPING_MS: u64 = 120_000;

pub fn receipt(app: &App, call: &Call, room: &str, kind: &str, event: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    world.require_joined(room, caller.user)?;
    mark(&mut world, &caller, room, kind, event, body["thread_id"].as_str())?;
    Ok(Reply::json(&json!({})))
}

pub fn read_markers(app: &App, call: &Call, room: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    world.require_joined(room, caller.user)?;
    for kind in ["m.fully_read", "m.read", "m.read.private"] {
        if let Some(event) = body[kind].as_str() {
            mark(&mut world, &caller, room, kind, event, None)?;
        }
    }
    Ok(Reply::json(&json!({})))
}

fn mark(
    world: &mut World,
    caller: &Caller,
    room: RoomNo,
    kind: &str,
    event: &str,
    thread: Option<&str>,
) -> Result<(), ApiError> {
    match kind {
        "m.fully_read" => world.set_room_account_data(caller.user, room, kind, json_of(&json!({ "event_id": event }))),
        "m.read" | "m.read.private" => {
            // A receipt for an event that is unknown here changes nothing, and is no error.
            if let Some(event) = world.find_event(event).filter(|no| world.event(*no).room == room) {
                world.set_receipt(room, caller.user, kind, event, thread.map(str::to_owned), caller.now);
            }
            Ok(())
        }
        _ => Err(ApiError::invalid("Receipt type must be m.read, m.read.private or m.fully_read")),
    }
}

pub fn typing(app: &App, call: &Call, room: &str, user: &str) -> Answer {
    let caller = Caller::of(app, call)?;
    let body = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    world.require_joined(room, caller.user)?;
    if world.find_user(user) != Some(caller.user) {
        return Err(ApiError::forbidden("Cannot set another user's typing state"));
    }
    let timeout = body["timeout"].as_u64().unwrap_or(30_000).min(MAX_TYPING_MS);
    world.set_typing(room, caller.user, (body["typing"] == true).then_some(caller.now + timeout));
    Ok(Reply::json(&json!({})))
}
