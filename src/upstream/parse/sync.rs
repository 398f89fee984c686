//! The answer to v2 `/sync`.

use std::borrow::Cow;

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::value::RawValue;

use super::{
    ParseError,
    raw::{self, Fields, Path, Skipped},
};
use crate::model::v2::{JoinedRoom, RoomState, Summary, SyncResponse};

/// Reads a `/sync` response. An empty body, `null` and `{}` are an empty response without `next_batch`.
pub fn sync_response(body: &[u8]) -> Result<SyncResponse<'_>, ParseError> {
    let fields = raw::body_object(body)?;
    let mut response = SyncResponse::default();
    let mut reader = Reader::default();
    for (key, value) in &fields {
        if !raw::is_null(value) {
            reader.top_level(&mut response, key, value);
        }
    }
    response.skipped = reader.skipped.0;
    Ok(response)
}

/// Reads the value of one entry of `rooms.join` or `rooms.leave`. What was dropped is added to `skipped`.
pub fn joined_room<'a>(room: &RoomId, value: &'a RawValue, skipped: &mut Vec<String>) -> Option<JoinedRoom<'a>> {
    let mut reader = Reader { skipped: Skipped(std::mem::take(skipped)) };
    let read = reader.joined_room(Path::root("rooms").then("join").then(room.as_str()), value);
    *skipped = reader.skipped.0;
    read
}

#[derive(Default)]
struct Reader {
    skipped: Skipped,
}

impl Reader {
    fn top_level<'a>(&mut self, response: &mut SyncResponse<'a>, key: &str, value: &'a RawValue) {
        let path = Path::root(key);
        match key {
            "next_batch" => response.next_batch = self.skipped.check(path, raw::string(value)),
            "rooms" => self.rooms(path, response, value),
            "account_data" => response.account_data = self.events(path, value),
            "presence" => response.presence = self.events(path, value),
            "to_device" => response.to_device = self.events(path, value),
            "device_lists" => {
                let fields = self.object(path, value);
                response.device_lists_changed = self.users(path, &fields, "changed");
                response.device_lists_left = self.users(path, &fields, "left");
            }
            "device_one_time_keys_count" | "org.matrix.msc2732.device_one_time_keys_count" => {
                response.one_time_keys = self.skipped.check(path, raw::object(value)).map(|fields| {
                    let counts = fields.into_iter().filter_map(|(algorithm, value)| {
                        let count = self.skipped.check(path.then(&algorithm), raw::count(value))?;
                        Some((algorithm.into_owned(), count))
                    });
                    counts.collect()
                });
            }
            "device_unused_fallback_key_types" | "org.matrix.msc2732.device_unused_fallback_key_types" => {
                response.unused_fallback_key_types = self.skipped.check(path, raw::array(value)).map(|types| {
                    let types = types.into_iter().filter_map(|kind| self.skipped.check(path, raw::string(kind)));
                    types.map(Cow::into_owned).collect()
                });
            }
            _ => {}
        }
    }

    fn rooms<'a>(&mut self, path: Path<'_>, response: &mut SyncResponse<'a>, value: &'a RawValue) {
        for (section, value) in self.object(path, value) {
            let path = path.then(&section);
            match section.as_ref() {
                "join" => response.join = self.each_room(path, value, Self::joined_room),
                "leave" => response.leave = self.each_room(path, value, Self::joined_room),
                "invite" => response.invite = self.each_room(path, value, Self::stripped_state("invite_state")),
                "knock" => response.knock = self.each_room(path, value, Self::stripped_state("knock_state")),
                _ => {}
            }
        }
    }

    fn each_room<'a, T>(
        &mut self,
        path: Path<'_>,
        value: &'a RawValue,
        read: impl Fn(&mut Self, Path<'_>, &'a RawValue) -> Option<T>,
    ) -> Vec<(OwnedRoomId, T)> {
        let mut rooms = Vec::new();
        for (id, value) in self.object(path, value) {
            let path = path.then(&id);
            let Ok(room_id) = RoomId::parse(id.as_ref()) else {
                self.skipped.note(path, "no room id");
                continue;
            };
            if let Some(room) = read(self, path, value) {
                rooms.push((room_id, room));
            }
        }
        rooms
    }

    fn stripped_state<'a>(
        name: &'static str,
    ) -> impl Fn(&mut Self, Path<'_>, &'a RawValue) -> Option<Vec<&'a RawValue>> {
        move |reader, path, value| {
            let fields = reader.skipped.check(path, raw::object(value))?;
            let state = raw::field(&fields, name);
            Some(state.map(|state| reader.events(path.then(name), state)).unwrap_or_default())
        }
    }

    fn joined_room<'a>(&mut self, path: Path<'_>, value: &'a RawValue) -> Option<JoinedRoom<'a>> {
        let fields = self.skipped.check(path, raw::object(value))?;
        let mut room = JoinedRoom { state: self.state(path, &fields), ..JoinedRoom::default() };
        for (key, value) in fields.iter().filter(|(_, value)| !raw::is_null(value)) {
            let path = path.then(key);
            match key.as_ref() {
                "timeline" => self.timeline(path, &mut room, value),
                "summary" => room.summary = self.summary(path, value),
                "unread_notifications" => {
                    let fields = self.object(path, value);
                    room.notification_count = self.count(path, &fields, "notification_count");
                    room.highlight_count = self.count(path, &fields, "highlight_count");
                }
                "unread_thread_notifications" => room.unread_threads = self.unread_threads(path, value),
                "ephemeral" => room.ephemeral = self.events(path, value),
                "account_data" => room.account_data = self.events(path, value),
                _ => {}
            }
        }
        Some(room)
    }

    fn unread_threads(&mut self, path: Path<'_>, value: &RawValue) -> Vec<(OwnedEventId, u64, u64)> {
        let mut threads = Vec::new();
        for (root, counts) in self.object(path, value) {
            let path = path.then(&root);
            let root = self.skipped.check(path, EventId::parse(root.as_ref()).ok());
            let counts = self.object(path, counts);
            let notifications = self.count(path, &counts, "notification_count").unwrap_or(0);
            let highlights = self.count(path, &counts, "highlight_count").unwrap_or(0);
            threads.extend(root.map(|root| (root, notifications, highlights)));
        }
        threads
    }

    /// `state_after`, under either name, is the truth where it is there (MSC4222); a homeserver that knows neither
    /// answers `state`.
    fn state<'a>(&mut self, path: Path<'_>, fields: &Fields<'a>) -> RoomState<'a> {
        for name in ["state_after", "org.matrix.msc4222.state_after"] {
            if let Some(events) = raw::field(fields, name).and_then(|value| self.try_events(path.then(name), value)) {
                return RoomState::After(events);
            }
        }
        let state = raw::field(fields, "state").map(|value| self.events(path.then("state"), value));
        RoomState::Before(state.unwrap_or_default())
    }

    fn timeline<'a>(&mut self, path: Path<'_>, room: &mut JoinedRoom<'a>, value: &'a RawValue) {
        let fields = self.object(path, value);
        if let Some(events) = raw::field(&fields, "events") {
            room.timeline = self.skipped.check(path.then("events"), raw::array(events)).unwrap_or_default();
        }
        if let Some(limited) = raw::field(&fields, "limited") {
            room.limited = self.skipped.check(path.then("limited"), raw::boolean(limited)).unwrap_or_default();
        }
        if let Some(token) = raw::field(&fields, "prev_batch") {
            room.prev_batch = self.skipped.check(path.then("prev_batch"), raw::string(token));
        }
    }

    fn summary(&mut self, path: Path<'_>, value: &RawValue) -> Summary {
        let fields = self.object(path, value);
        Summary {
            heroes: raw::field(&fields, "m.heroes").map(|_| self.users(path, &fields, "m.heroes")),
            joined_count: self.count(path, &fields, "m.joined_member_count"),
            invited_count: self.count(path, &fields, "m.invited_member_count"),
        }
    }

    fn object<'a>(&mut self, path: Path<'_>, value: &'a RawValue) -> Fields<'a> {
        if raw::is_null(value) {
            return Vec::new();
        }
        self.skipped.check(path, raw::object(value)).unwrap_or_default()
    }

    /// The elements of `{"events": […]}`.
    fn events<'a>(&mut self, path: Path<'_>, value: &'a RawValue) -> Vec<&'a RawValue> {
        self.try_events(path, value).unwrap_or_default()
    }

    fn try_events<'a>(&mut self, path: Path<'_>, value: &'a RawValue) -> Option<Vec<&'a RawValue>> {
        let fields = self.skipped.check(path, raw::object(value))?;
        match raw::field(&fields, "events") {
            Some(events) => self.skipped.check(path.then("events"), raw::array(events)),
            None => Some(Vec::new()),
        }
    }

    fn users(&mut self, path: Path<'_>, fields: &Fields<'_>, name: &str) -> Vec<OwnedUserId> {
        let path = path.then(name);
        let Some(value) = raw::field(fields, name) else { return Vec::new() };
        let users = self.skipped.check(path, raw::array(value)).unwrap_or_default();
        let parse = |user: &RawValue| raw::string(user).and_then(|user| UserId::parse(user.as_ref()).ok());
        users.into_iter().filter_map(|user| self.skipped.check(path, parse(user))).collect()
    }

    fn count(&mut self, path: Path<'_>, fields: &Fields<'_>, name: &str) -> Option<u64> {
        raw::field(fields, name).and_then(|value| self.skipped.check(path.then(name), raw::count(value)))
    }
}
