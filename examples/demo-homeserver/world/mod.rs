//! The model: users, devices, rooms and events of one homeserver, in memory.
//!
//! Everything that changes gets the next number of **one global stream**; a `since` is such a number. The model is synchronous: the time comes in as
//! an argument, randomness from a seed, so the same calls give the same world. It knows nothing of HTTP, of faults or of the artificial slowness.
//!
//! *Invariant:* within a room, the order of the timeline is the order of the stream. *Invariant:* whatever changes for a user calls [`World::touch`],
//! or a long poll of that user sleeps through it.

mod account;
mod device;
mod event;
mod history;
mod membership;
mod permissions;
mod room;
mod send;
mod unread;

use std::sync::Arc;

use rand::{Rng, SeedableRng, rngs::SmallRng};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;

pub use self::{
    account::{Session, User, UserRoom},
    device::Device,
    event::{Event, Transaction, Viewer},
    history::Position,
    room::{Membership, Receipt, Room},
    send::{CreateRoom, NewEvent},
};
use super::error::ApiError;

/// Index of a user in [`World::users`].
pub type UserNo = u32;
/// Index of a room in [`World::rooms`].
pub type RoomNo = u32;
/// Index of an event in [`World::events`].
pub type EventNo = u32;
/// Shared raw JSON.
pub type Json = Arc<RawValue>;

pub struct World {
    pub server_name: Arc<str>,
    pub users: Vec<User>,
    pub rooms: Vec<Room>,
    pub events: Vec<Event>,
    pos: u64,
    event_ids: event::IdCodec,
    user_ids: FxHashMap<Arc<str>, UserNo>,
    room_ids: FxHashMap<Arc<str>, RoomNo>,
    aliases: FxHashMap<String, RoomNo>,
    tokens: FxHashMap<String, account::Token>,
    strings: FxHashSet<Arc<str>>,
    device_log: Vec<(u64, UserNo)>,
    rng: SmallRng,
    issued: u64,
    /// While thousands of events are generated nobody is told of each; [`World::finish_bulk`] tells everybody once.
    bulk: bool,
}

impl World {
    pub fn new(server_name: &str, seed: u64) -> Self {
        Self {
            server_name: Arc::from(server_name),
            users: Vec::new(),
            rooms: Vec::new(),
            events: Vec::new(),
            pos: 1,
            event_ids: event::IdCodec::new(seed),
            user_ids: FxHashMap::default(),
            room_ids: FxHashMap::default(),
            aliases: FxHashMap::default(),
            tokens: FxHashMap::default(),
            strings: FxHashSet::default(),
            device_log: Vec::new(),
            rng: SmallRng::seed_from_u64(seed),
            issued: 0,
            bulk: false,
        }
    }

    /// Returns the position of the newest change.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    fn advance(&mut self) -> u64 {
        self.pos += 1;
        self.pos
    }

    /// Returns the number of `id`, making a user without password of it when it is new.
    pub fn user_no(&mut self, id: &str) -> UserNo {
        if let Some(no) = self.user_ids.get(id) {
            return *no;
        }
        let id = self.intern(id);
        let no = self.users.len() as UserNo;
        self.users.push(User::new(no, Arc::clone(&id)));
        self.user_ids.insert(id, no);
        no
    }

    pub fn find_user(&self, id: &str) -> Option<UserNo> {
        self.user_ids.get(id).copied()
    }

    pub fn user(&self, no: UserNo) -> &User {
        &self.users[no as usize]
    }

    pub fn user_mut(&mut self, no: UserNo) -> &mut User {
        &mut self.users[no as usize]
    }

    pub fn user_id(&self, no: UserNo) -> &Arc<str> {
        &self.user(no).id
    }

    /// Returns `name` as a user id of this server, unless it is one already.
    pub fn full_user_id(&self, name: &str) -> String {
        if name.starts_with('@') { name.to_owned() } else { format!("@{name}:{}", self.server_name) }
    }

    pub fn room(&self, no: RoomNo) -> &Room {
        &self.rooms[no as usize]
    }

    pub fn room_mut(&mut self, no: RoomNo) -> &mut Room {
        &mut self.rooms[no as usize]
    }

    pub fn event(&self, no: EventNo) -> &Event {
        &self.events[no as usize]
    }

    /// Finds a room by id or alias.
    pub fn find_room(&self, id_or_alias: &str) -> Option<RoomNo> {
        if id_or_alias.starts_with('#') {
            self.aliases.get(id_or_alias).copied()
        } else {
            self.room_ids.get(id_or_alias).copied()
        }
    }

    pub fn expect_room(&self, id_or_alias: &str) -> Result<RoomNo, ApiError> {
        self.find_room(id_or_alias).ok_or_else(|| ApiError::not_found("Unknown room"))
    }

    /// Makes an empty room with a fresh id; its events follow.
    pub fn new_room(&mut self) -> RoomNo {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut id = String::with_capacity(20 + self.server_name.len());
        id.push('!');
        for _ in 0..18 {
            id.push(char::from(LETTERS[self.rng.random_range(0..LETTERS.len())]));
        }
        id.push(':');
        id.push_str(&self.server_name);
        let id: Arc<str> = Arc::from(id);
        let no = self.rooms.len() as RoomNo;
        self.rooms.push(Room::new(no, Arc::clone(&id)));
        self.room_ids.insert(id, no);
        no
    }

    pub fn set_alias(&mut self, alias: &str, room: RoomNo) {
        self.aliases.insert(alias.to_owned(), room);
    }

    pub fn event_id(&self, no: EventNo) -> String {
        self.event_ids.encode(no)
    }

    pub fn find_event(&self, id: &str) -> Option<EventNo> {
        self.event_ids.decode(id).filter(|no| (*no as usize) < self.events.len())
    }

    fn intern(&mut self, string: &str) -> Arc<str> {
        if let Some(known) = self.strings.get(string) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(string);
        self.strings.insert(Arc::clone(&new));
        new
    }

    /// Notes that something changed for `user` and wakes its long polls.
    pub fn touch(&mut self, user: UserNo) {
        if self.bulk {
            return;
        }
        let pos = self.pos;
        let user = self.user_mut(user);
        user.changed = pos;
        if let Some(wake) = &user.wake {
            wake.send_replace(pos);
        }
    }

    /// Notes a change for everyone who is joined to `room`.
    fn touch_room(&mut self, room: RoomNo) {
        let pos = self.pos;
        self.room_mut(room).last_pos = pos;
        if self.bulk {
            return;
        }
        let joined: Vec<UserNo> = self.room(room).joined().collect();
        for user in joined {
            self.touch(user);
        }
    }

    pub fn start_bulk(&mut self) {
        self.bulk = true;
    }

    pub fn finish_bulk(&mut self) {
        self.bulk = false;
        for user in 0..self.users.len() as UserNo {
            self.touch(user);
        }
    }
}

/// Returns `value` as shared raw JSON.
pub fn json_of(value: &serde_json::Value) -> Json {
    // A JSON tree always has a text.
    serde_json::value::to_raw_value(value).map_or_else(|_| empty_object(), Arc::from)
}

/// Returns `{}`.
pub fn empty_object() -> Json {
    RawValue::from_string("{}".to_owned()).map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from)
}
