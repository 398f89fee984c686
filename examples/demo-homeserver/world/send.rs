//! Appending to rooms: events, redactions, state without events, new rooms, receipts, typing.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::error::ApiError,
    Event, EventNo, Json, Membership, Receipt, RoomNo, Transaction, UserNo, UserRoom, World,
    event::{Extra, relation_of},
    json_of,
};

/// An event to append.
pub struct NewEvent<'a> {
    pub room: RoomNo,
    pub sender: UserNo,
    pub kind: &'a str,
    pub state_key: Option<&'a str>,
    pub content: Json,
    pub ts: u64,
    pub transaction: Option<Transaction>,
    pub redacts: Option<String>,
    /// What the content of a member event says, where the caller knows it: generating an account need not parse.
    pub membership: Option<Membership>,
}

impl<'a> NewEvent<'a> {
    pub fn new(room: RoomNo, sender: UserNo, kind: &'a str, content: Json, ts: u64) -> Self {
        Self { room, sender, kind, state_key: None, content, ts, transaction: None, redacts: None, membership: None }
    }
}

/// The body of `/createRoom`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateRoom {
    pub name: Option<String>,
    pub topic: Option<String>,
    pub room_alias_name: Option<String>,
    pub visibility: Option<String>,
    pub preset: Option<String>,
    pub invite: Vec<String>,
    pub is_direct: bool,
    pub initial_state: Vec<InitialState>,
    pub creation_content: serde_json::Map<String, Value>,
    pub power_level_content_override: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub struct InitialState {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub state_key: String,
    pub content: Value,
}

impl World {
    /// Appends an event at the live end of its room, without asking whether the sender may.
    pub fn append(&mut self, new: NewEvent<'_>) -> EventNo {
        let room = new.room;
        let index = self.room(room).timeline.len() as u32;
        let no = self.store(new, Some(index));
        self.room_mut(room).timeline.push(no);
        self.note_relation(no);
        self.touch_room(room);
        no
    }

    /// Changes state as a state reset does: without an event in the timeline. `None` removes the entry.
    pub fn reset_state(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        kind: &str,
        state_key: &str,
        content: Option<Json>,
        ts: u64,
    ) -> Option<EventNo> {
        let event = match content {
            Some(content) => Some(self.store(
                NewEvent { state_key: Some(state_key), ..NewEvent::new(room, sender, kind, content, ts) },
                None,
            )),
            None => {
                let pos = self.advance();
                let (kind, key) = (self.intern(kind), self.intern(state_key));
                self.room_mut(room).set_state(kind, key, None, pos);
                None
            }
        };
        self.touch_room(room);
        event
    }

    fn store(&mut self, new: NewEvent<'_>, index: Option<u32>) -> EventNo {
        let pos = self.advance();
        let no = self.events.len() as EventNo;
        let kind = self.intern(new.kind);
        let state_key = new.state_key.map(|key| self.intern(key));
        let mut event = Event {
            no,
            room: new.room,
            sender: new.sender,
            kind,
            state_key,
            content: new.content,
            ts: new.ts,
            pos,
            index,
            replaces: None,
            extra: None,
        };
        if new.transaction.is_some() || new.redacts.is_some() {
            event.extra =
                Some(Box::new(Extra { transaction: new.transaction, redacts: new.redacts, ..Extra::default() }));
        }
        if let Some(key) = &event.state_key {
            let (kind, key) = (Arc::clone(&event.kind), Arc::clone(key));
            event.replaces = self.room_mut(new.room).set_state(kind, key, Some(no), pos);
        }
        self.events.push(event);
        match new.kind {
            "m.room.member" => self.note_membership(no, new.membership),
            "m.room.canonical_alias" => {
                if let Some(alias) = self.event(no).content_str("alias") {
                    self.set_alias(&alias, new.room);
                }
            }
            _ => {}
        }
        no
    }

    fn note_membership(&mut self, no: EventNo, known: Option<Membership>) {
        let Some(membership) = known.or_else(|| self.membership_in(no)) else { return };
        let event = self.event(no);
        let (room, pos) = (event.room, event.pos);
        let Some(target) = event.state_key.clone() else { return };
        let target = self.user_no(&target);
        self.room_mut(room).members.insert(target, membership);
        let entry = self.user_mut(target).rooms.entry(room).or_insert_with(|| UserRoom {
            membership,
            event: no,
            pos,
            forgotten: false,
            account_data: Default::default(),
            account_data_pos: 0,
        });
        if entry.membership != membership {
            entry.forgotten = false;
        }
        (entry.membership, entry.event, entry.pos) = (membership, no, pos);
        self.touch(target);
    }

    /// Returns the membership that a member event says.
    pub fn membership_in(&self, event: EventNo) -> Option<Membership> {
        #[derive(Deserialize)]
        struct Content {
            membership: Membership,
        }
        serde_json::from_str::<Content>(self.event(event).content.get()).ok().map(|content| content.membership)
    }

    /// Ties an edit to what it edits.
    fn note_relation(&mut self, no: EventNo) {
        let event = self.event(no);
        let Some((rel_type, target)) = relation_of(&event.content) else { return };
        let Some(target) = self.find_event(&target).filter(|_| rel_type == "m.replace") else { return };
        let (room, sender) = (event.room, event.sender);
        let target = &mut self.events[target as usize];
        if target.room == room && target.sender == sender {
            target.extra_mut().edited_by = Some(no);
        }
    }

    /// Redacts `target` and returns the redaction.
    pub fn redact(
        &mut self,
        target: EventNo,
        sender: UserNo,
        reason: Option<&str>,
        transaction: Option<Transaction>,
        now: u64,
    ) -> EventNo {
        let room = self.event(target).room;
        let id = self.event_id(target);
        let mut content = json!({ "redacts": id });
        if let Some(reason) = reason {
            content["reason"] = json!(reason);
        }
        let redaction = self.append(NewEvent {
            transaction,
            redacts: Some(id),
            ..NewEvent::new(room, sender, "m.room.redaction", json_of(&content), now)
        });
        let event = &mut self.events[target as usize];
        event.prune();
        event.extra_mut().redacted_by = Some(redaction);
        redaction
    }

    /// Creates a room in the order in which Synapse does.
    pub fn create_room(&mut self, creator: UserNo, request: CreateRoom, now: u64) -> Result<RoomNo, ApiError> {
        let alias = request.room_alias_name.as_ref().map(|name| format!("#{name}:{}", self.server_name));
        if alias.as_deref().is_some_and(|alias| self.find_room(alias).is_some()) {
            return Err(ApiError::new(400, "M_ROOM_IN_USE", "Room alias already taken"));
        }
        let preset = request.preset.as_deref().unwrap_or(match request.visibility.as_deref() {
            Some("public") => "public_chat",
            _ => "private_chat",
        });
        let room = self.new_room();
        let mut create = request.creation_content;
        create.insert("room_version".to_owned(), json!("11"));
        let id = self.user_id(creator).to_string();
        let mut users = serde_json::Map::from_iter([(id.clone(), json!(100))]);
        if preset == "trusted_private_chat" {
            users.extend(request.invite.iter().map(|invited| (invited.clone(), json!(100))));
        }
        let mut levels = json!({
            "users": users, "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50, "kick": 50, "redact": 50, "invite": 0,
            "events": { "m.room.name": 50, "m.room.power_levels": 100, "m.room.history_visibility": 100, "m.room.encryption": 100, "m.room.tombstone": 100 },
        });
        if let (Some(levels), Some(Value::Object(changes))) =
            (levels.as_object_mut(), request.power_level_content_override)
        {
            levels.extend(changes);
        }
        let join_rule = if preset == "public_chat" { "public" } else { "invite" };
        let mut state = vec![
            ("m.room.create".to_owned(), String::new(), Value::Object(create)),
            ("m.room.member".to_owned(), id, self.user(creator).member_content(Membership::Join)),
            ("m.room.power_levels".to_owned(), String::new(), levels),
        ];
        if let Some(alias) = &alias {
            self.set_alias(alias, room);
            state.push(("m.room.canonical_alias".to_owned(), String::new(), json!({ "alias": alias })));
        }
        let overridden =
            |kind: &str| request.initial_state.iter().any(|state| state.kind == kind && state.state_key.is_empty());
        for (kind, content) in [
            ("m.room.join_rules", json!({ "join_rule": join_rule })),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            (
                "m.room.guest_access",
                json!({ "guest_access": if join_rule == "public" { "forbidden" } else { "can_join" } }),
            ),
        ] {
            if !overridden(kind) {
                state.push((kind.to_owned(), String::new(), content));
            }
        }
        state.extend(request.initial_state.into_iter().map(|state| (state.kind, state.state_key, state.content)));
        state.extend(request.name.map(|name| ("m.room.name".to_owned(), String::new(), json!({ "name": name }))));
        state.extend(request.topic.map(|topic| ("m.room.topic".to_owned(), String::new(), json!({ "topic": topic }))));
        for (kind, key, content) in state {
            self.append(NewEvent {
                state_key: Some(&key),
                ..NewEvent::new(room, creator, &kind, json_of(&content), now)
            });
        }
        for invited in request.invite {
            let invited = self.user_no(&invited);
            self.invite(room, creator, invited, None, request.is_direct, now)?;
        }
        Ok(room)
    }

    /// Sets a receipt; one that points further back than the present one is dropped, as Synapse does.
    pub fn set_receipt(
        &mut self,
        room: RoomNo,
        user: UserNo,
        kind: &str,
        event: EventNo,
        thread: Option<String>,
        now: u64,
    ) {
        let kind = self.intern(kind);
        let is_older = |present: &Receipt| self.event(present.event).pos >= self.event(event).pos;
        let matches = |receipt: &Receipt| receipt.user == user && receipt.kind == kind && receipt.thread == thread;
        if self.room(room).receipts.iter().any(|receipt| matches(receipt) && is_older(receipt)) {
            return;
        }
        let pos = self.advance();
        let private = &*kind == "m.read.private";
        let receipts = &mut self.room_mut(room).receipts;
        receipts.retain(|receipt| !matches(receipt));
        receipts.push(Receipt { kind: Arc::clone(&kind), user, thread, event, ts: now, pos });
        self.room_mut(room).receipts_pos = pos;
        if private {
            self.room_mut(room).last_pos = pos;
            self.touch(user);
        } else {
            self.touch_room(room);
        }
    }

    /// Starts typing until a time, or stops it.
    pub fn set_typing(&mut self, room: RoomNo, user: UserNo, until: Option<u64>) {
        let before = self.room(room).typing.contains_key(&user);
        match until {
            Some(until) => _ = self.room_mut(room).typing.insert(user, until),
            None => _ = self.room_mut(room).typing.remove(&user),
        }
        if before != until.is_some() {
            self.note_typing(room);
        }
    }

    fn note_typing(&mut self, room: RoomNo) {
        let pos = self.advance();
        self.room_mut(room).typing_pos = pos;
        self.touch_room(room);
    }

    /// Ends what typing has timed out.
    pub fn expire_typing(&mut self, now: u64) {
        for room in 0..self.rooms.len() as RoomNo {
            if self.room(room).typing.values().any(|until| *until <= now) {
                self.room_mut(room).typing.retain(|_, until| *until > now);
                self.note_typing(room);
            }
        }
    }
}
