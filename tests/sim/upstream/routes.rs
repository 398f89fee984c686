//! What Sash asks beside `/sync`.

use std::collections::BTreeSet;

use http::Request;
use serde_json::{Value, json};

use super::{
    Upstream,
    call::{Answer, Call, bearer, pairs, segments, text},
};
use crate::homeserver::{
    error::ApiError,
    sync::{EventFilter, Since},
    world::{EventNo, Position, RoomNo, UserNo, World},
};

impl Upstream {
    pub(super) async fn route(&self, request: Request<Vec<u8>>) -> Answer {
        let path: Vec<String> = segments(request.uri().path());
        if path.iter().map(String::as_str).eq(["_matrix", "client", "versions"]) {
            return Ok(json!({ "versions": ["v1.1", "v1.5", "v1.11"], "unstable_features": {} }).to_string());
        }
        let (user, device) = self.world.borrow().authenticate(bearer(&request))?;
        let query = pairs(request.uri().query().unwrap_or_default());
        let path = path.into_iter().skip(3).collect();
        let call = Call { user, device, now: self.clock.millis(), path, query };
        let segments: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["sync"] => self.sync(&call).await,
            ["joined_rooms"] => Ok(self.joined_rooms(&call).to_string()),
            ["notifications"] => self.notifications(&call),
            ["rooms", room, "messages"] => self.messages(&call, room),
            ["rooms", room, "context", event] => self.context(&call, room, event),
            ["rooms", room, "members"] => self.members(&call, room),
            ["rooms", room, "state"] => self.room_state(&call, room),
            ["keys", "changes"] => self.key_changes(&call),
            _ => Err(ApiError::unrecognized()),
        }
    }

    fn joined_rooms(&self, call: &Call) -> Value {
        let world = self.world.borrow();
        let rooms: Vec<&str> = world.user(call.user).joined_rooms().map(|room| &*world.room(room).id).collect();
        json!({ "joined_rooms": rooms })
    }

    fn notifications(&self, call: &Call) -> Answer {
        let world = self.world.borrow();
        let limit = call.number("limit", 20)? as usize;
        let found = world.notifications(call.user, None, limit, false);
        let notification = |(event, read): &(EventNo, bool)| {
            let room = &world.room(world.event(*event).room).id;
            json!({ "room_id": room, "event": world.render_full(*event, call.viewer()), "read": read, "actions": ["notify"], "ts": world.event(*event).ts })
        };
        text(&json!({ "notifications": found.iter().map(notification).collect::<Vec<_>>() }))
    }

    fn messages(&self, call: &Call, room: &str) -> Answer {
        let filter: EventFilter = call.filter()?;
        let limit = call.number("limit", 10)? as usize;
        let world = self.world.borrow();
        let room = readable(&world, room, call)?;
        if call.param("from").is_some() {
            self.paged.borrow_mut().insert(room);
        }
        let from = match call.param("from") {
            Some(token) => world.index_of(room, Position::parse(token)?),
            // What came after a leave is not there for who left.
            None => world.index_of(room, Position::Stream(world.state_position(room, call.user))),
        };
        let page = world.page_back(room, call.user, from, 0, limit, |event| {
            filter.admits(&event.kind, Some(world.user_id(event.sender)))
        });
        let mut answer = json!({ "chunk": render(&world, &page.events, call), "start": world.room_token(from) });
        if let Some(next) = page.next {
            answer["end"] = json!(world.room_token(next));
        }
        if filter.lazy_load_members {
            let members = world.senders_members(room, &page.events, world.state_position(room, call.user));
            answer["state"] = json!(render(&world, &members, call));
        }
        text(&answer)
    }

    fn context(&self, call: &Call, room: &str, event: &str) -> Answer {
        let filter: EventFilter = call.filter()?;
        let world = self.world.borrow();
        let room = readable(&world, room, call)?;
        let found = world
            .find_event(event)
            .filter(|no| world.event(*no).room == room && world.is_visible(world.event(*no), call.user));
        let event = found.ok_or_else(|| ApiError::not_found("Event not found."))?;
        let index = world.event(event).index.ok_or_else(|| ApiError::not_found("Event not found."))? as usize;
        let pos = world.event(event).pos;
        let all =
            world.room(room).histories().filter(|(kind, ..)| !filter.lazy_load_members || &***kind != "m.room.member");
        let mut state: Vec<EventNo> = all.filter_map(|(_, _, history)| history.at(pos)).collect();
        if filter.lazy_load_members {
            state.extend(world.senders_members(room, &[event], pos));
        }
        text(&json!({
            "start": world.room_token(index),
            "end": world.room_token(index + 1),
            "event": world.render_full(event, call.viewer()),
            "events_before": [],
            "events_after": [],
            "state": render(&world, &state, call),
        }))
    }

    fn members(&self, call: &Call, room: &str) -> Answer {
        let world = self.world.borrow();
        let room = readable(&world, room, call)?;
        let at = world.state_position(room, call.user);
        let all = world.room(room).state.get("m.room.member").into_iter().flatten();
        let members: Vec<EventNo> = all.filter_map(|(_, history)| history.at(at)).collect();
        text(&json!({ "chunk": render(&world, &members, call) }))
    }

    fn room_state(&self, call: &Call, room: &str) -> Answer {
        let world = self.world.borrow();
        let room = readable(&world, room, call)?;
        let at = world.state_position(room, call.user);
        let state: Vec<EventNo> = world.room(room).histories().filter_map(|(_, _, history)| history.at(at)).collect();
        self.state_told.borrow_mut().insert(room, world.pos());
        text(&render(&world, &state, call))
    }

    fn key_changes(&self, call: &Call) -> Answer {
        let token =
            |key| call.param(key).ok_or_else(|| ApiError::invalid(format!("{key} is missing"))).and_then(Since::parse);
        let (from, to) = (token("from")?, token("to")?);
        let world = self.world.borrow();
        let lists = world.device_lists(call.user, from.pos, to.pos);
        let ids =
            |users: &BTreeSet<UserNo>| users.iter().map(|user| world.user_id(*user).to_string()).collect::<Vec<_>>();
        text(&json!({ "changed": ids(&lists.changed), "left": ids(&lists.left) }))
    }
}

fn readable(world: &World, room: &str, call: &Call) -> Result<RoomNo, ApiError> {
    let room = world.find_room(room).ok_or_else(|| ApiError::forbidden("Unknown room"))?;
    world.require_readable(room, call.user)?;
    Ok(room)
}

fn render(world: &World, events: &[EventNo], call: &Call) -> Vec<Box<serde_json::value::RawValue>> {
    events.iter().map(|event| world.render_full(*event, call.viewer())).collect()
}
