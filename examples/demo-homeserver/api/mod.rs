//! The endpoints: which request goes where.

mod account;
pub mod admin;
mod events;
mod keys;
mod media;
mod misc;
mod receipts;
mod rooms;
pub mod sync;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{
    app::{self, App},
    error::ApiError,
    http::{Answer, Call},
    world::{UserNo, Viewer},
};

/// Who asks, and when.
pub struct Caller {
    pub user: UserNo,
    pub device: String,
    pub now: u64,
}

impl Caller {
    /// Identifies the caller by the access token.
    pub fn of(app: &App, call: &Call) -> Result<Self, ApiError> {
        let token =
            call.token.as_deref().ok_or_else(|| ApiError::new(401, "M_MISSING_TOKEN", "Missing access token"))?;
        let (user, device) = app.world().authenticate(token)?;
        Ok(Self { user, device, now: app::now() })
    }

    pub fn viewer(&self) -> Viewer<'_> {
        Viewer { user: self.user, device: &self.device, now: self.now }
    }
}

/// Answers a request of the client-server API. `path` is the whole path.
pub async fn dispatch(app: &Arc<App>, call: &Call, path: &str) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let of_version =
        path.strip_prefix("/_matrix/client/").and_then(|rest| rest.split_once('/')).map(|(version, _)| version);
    let spoken = match of_version {
        Some("r0") => true,
        Some("v3" | "v1") => !app.features().r0_only(),
        Some(_) => false,
        None => true,
    };
    if !spoken {
        return Err(ApiError::unrecognized());
    }
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["sync"]) => sync::get(app, call).await,
        (
            _,
            ["rooms", ..]
            | ["createRoom" | "joined_rooms" | "publicRooms"]
            | ["join" | "knock", _]
            | ["directory", "room", _],
        ) => in_rooms(app, call, &segments),
        (_, ["keys" | "sendToDevice" | "room_keys" | "devices" | "delete_devices", ..]) => {
            keys::dispatch(app, call, &segments)
        }
        ("GET", ["media" | "download" | "thumbnail", ..]) => media::get(&segments),
        (_, ["login" | "logout" | "register" | "refresh" | "account", ..]) => account::dispatch(app, call, &segments),
        _ => misc::dispatch(app, call, &segments),
    }
}

fn in_rooms(app: &App, call: &Call, segments: &[&str]) -> Answer {
    match (call.method.as_str(), segments) {
        ("GET", ["rooms", room, "messages"]) => events::messages(app, call, room),
        ("GET", ["rooms", room, "context", event]) => events::context(app, call, room, event),
        ("GET", ["rooms", room, "event", event]) => events::event(app, call, room, event),
        ("GET", ["rooms", room, "relations", event, filter @ ..]) => events::relations(app, call, room, event, filter),
        ("GET", ["rooms", room, "state"]) => events::state(app, call, room),
        ("GET", ["rooms", room, "state", kind]) => events::state_content(app, call, room, kind, ""),
        ("GET", ["rooms", room, "state", kind, key]) => events::state_content(app, call, room, kind, key),
        ("PUT", ["rooms", room, "state", kind]) => events::put_state(app, call, room, kind, ""),
        ("PUT", ["rooms", room, "state", kind, key]) => events::put_state(app, call, room, kind, key),
        ("PUT", ["rooms", room, "send", kind, transaction]) => events::send(app, call, room, kind, transaction),
        ("PUT", ["rooms", room, "redact", event, transaction]) => events::redact(app, call, room, event, transaction),
        ("GET", ["rooms", room, "members"]) => events::members(app, call, room),
        ("GET", ["rooms", room, "joined_members"]) => events::joined_members(app, call, room),
        ("POST", ["rooms", room, "receipt", kind, event]) => receipts::receipt(app, call, room, kind, event),
        ("POST", ["rooms", room, "read_markers"]) => receipts::read_markers(app, call, room),
        ("PUT", ["rooms", room, "typing", user]) => receipts::typing(app, call, room, user),
        _ => rooms::dispatch(app, call, segments),
    }
}
