//! What happens on the homeserver: one random thing at a time, each from its own seed.

use rand::{
    Rng, SeedableRng,
    rngs::SmallRng,
    seq::{IndexedRandom, IteratorRandom},
};
use serde_json::{Value, json};

use crate::{
    client::USER,
    homeserver::world::{CreateRoom, Membership, NewEvent, RoomNo, UserNo, World, json_of},
    ledger::Ledger,
};

/// Whom there is beside the tested user.
pub const OTHERS: [&str; 6] = ["ada", "bob", "cem", "dee", "eve", "fay"];

/// A kind of thing that happens on the homeserver. Written plans name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody says something.
    Message,
    /// Much is said in one room at once: the next sync is limited.
    Burst,
    /// Somebody changes state that is no membership.
    State,
    /// The membership of somebody else changes.
    Member,
    /// The user's own membership changes.
    OwnMember,
    Redaction,
    Receipt,
    Typing,
    /// Account data of the user's, global or of a room: direct chats, tags, ignored users, others.
    AccountData,
    /// Messages to a device of the user's.
    ToDevice,
    /// Somebody's devices change, or keys are uploaded for one of the user's.
    Devices,
    /// Somebody takes another name, in all rooms.
    Profile,
    /// State changes without an event.
    Reset,
    CreateRoom,
    /// Somebody comes, goes, or says how they are.
    Presence,
}

impl Happening {
    /// All of them.
    pub const ALL: [Happening; 15] = {
        use Happening::*;
        [
            Message,
            Burst,
            State,
            Member,
            OwnMember,
            Redaction,
            Receipt,
            Typing,
            AccountData,
            ToDevice,
            Devices,
            Profile,
            Reset,
            CreateRoom,
            Presence,
        ]
    };

    /// Returns one of them, by how often they happen.
    pub fn random(rng: &mut SmallRng) -> Happening {
        match rng.random_range(0..100) {
            0..28 => Happening::Message,
            28..31 => Happening::Presence,
            31..34 => Happening::Burst,
            34..44 => Happening::State,
            44..54 => Happening::Member,
            54..65 => Happening::OwnMember,
            65..68 => Happening::Redaction,
            68..75 => Happening::Receipt,
            75..79 => Happening::Typing,
            79..84 => Happening::AccountData,
            84..91 => Happening::ToDevice,
            91..94 => Happening::Devices,
            94..96 => Happening::Profile,
            96..98 => Happening::Reset,
            _ => Happening::CreateRoom,
        }
    }
}

/// Changes the model.
pub struct Operations<'a> {
    pub world: &'a mut World,
    pub ledger: &'a mut Ledger,
    /// The tested user's devices.
    pub devices: &'a [String],
    /// In milliseconds.
    pub now: u64,
    /// Whether state may change without an event: not every homeserver can tell of it.
    pub with_resets: bool,
    /// Whether no clock is wrong: before Sash is there, nothing but the events' own time orders rooms.
    pub honest_clocks: bool,
    pub rng: SmallRng,
    /// What was done, for the trace.
    pub done: Vec<String>,
}

impl Operations<'_> {
    /// Registers whom there is beside the tested user.
    pub fn set_up(&mut self) {
        for name in OTHERS {
            // Nobody logs in as they, and their push rules would take longer than the rest of a short run.
            let no = self.world.user_no(&format!("@{name}:sim"));
            self.world.user_mut(no).displayname = Some(name.to_owned());
            self.world.log_in(no, Some(format!("{}DEV", name.to_uppercase())), None, false, self.now);
        }
    }

    /// Does one thing of the kind and returns what.
    pub fn one(&mut self, happening: Happening) -> String {
        match happening {
            Happening::Message => self.message(),
            Happening::Burst => self.burst(),
            Happening::State => self.state(),
            Happening::Member => self.other_membership(),
            Happening::OwnMember => self.own_membership(),
            Happening::Redaction => self.redact(),
            Happening::Receipt => self.receipt(),
            Happening::Typing => self.typing(),
            Happening::AccountData => self.account_data(),
            Happening::ToDevice => self.send_to_device(),
            Happening::Devices => self.devices(),
            Happening::Profile => self.profile(),
            Happening::Reset => self.reset(),
            Happening::CreateRoom => self.create_room(),
            Happening::Presence => self.presence(),
        }
    }

    /// Lets much be said in one room.
    fn burst(&mut self) -> String {
        let Some(room) = self.some_room() else { return "burst in no room".to_owned() };
        let count = [12, 25, 60, 130][self.rng.random_range(0..4)];
        let senders: Vec<UserNo> = self.world.room(room).joined().collect();
        for number in 0..count {
            let Some(sender) = senders.choose(&mut self.rng).copied() else { break };
            let content = json!({ "msgtype": "m.text", "body": format!("burst {number}") });
            self.world.append(NewEvent::new(room, sender, "m.room.message", json_of(&content), self.now));
        }
        format!("burst of {count} in {}", self.world.room(room).id)
    }

    fn me(&mut self) -> UserNo {
        self.world.user_no(USER)
    }

    fn some_room(&mut self) -> Option<RoomNo> {
        (0..self.world.rooms.len() as RoomNo).choose(&mut self.rng)
    }

    /// Returns a room, mostly one of the user's, and somebody in it.
    fn somebody_in_a_room(&mut self) -> Option<(RoomNo, UserNo)> {
        let me = self.me();
        let own: Vec<RoomNo> = self.world.user(me).joined_rooms().collect();
        let room = if self.rng.random_bool(0.85) { own.choose(&mut self.rng).copied() } else { None };
        let room = room.or_else(|| self.some_room())?;
        let user = self.world.room(room).joined().choose(&mut self.rng)?;
        Some((room, user))
    }

    fn name(&self, room: RoomNo) -> String {
        self.world.room(room).id.to_string()
    }

    fn append(&mut self, room: RoomNo, sender: UserNo, kind: &str, state_key: Option<&str>, content: &Value) {
        // Clocks of homeservers are wrong at times; nothing may follow from it.
        let ts = match self.rng.random_range(0..12) {
            _ if self.honest_clocks => self.now,
            0 => self.now + 86_400_000,
            1 => self.now.saturating_sub(86_400_000),
            _ => self.now,
        };
        self.world.append(NewEvent { state_key, ..NewEvent::new(room, sender, kind, json_of(content), ts) });
    }

    fn message(&mut self) -> String {
        let Some((room, sender)) = self.somebody_in_a_room() else { return "nobody to say anything".to_owned() };
        let number = self.world.events.len();
        let (kind, content) = match self.rng.random_range(0..10) {
            0 => {
                ("m.reaction", json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$x", "key": "👍" } }))
            }
            1 => ("m.room.encrypted", json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…" })),
            2 => ("m.room.message", json!({ "msgtype": "m.notice", "body": format!("notice {number}") })),
            3 => ("m.room.message", json!({ "msgtype": "m.text", "body": format!("me: hello {number}") })),
            _ => ("m.room.message", json!({ "msgtype": "m.text", "body": format!("message {number}") })),
        };
        self.append(room, sender, kind, None, &content);
        format!("{kind} #{number} by {} in {}", self.world.user_id(sender), self.name(room))
    }

    fn state(&mut self) -> String {
        let Some((room, sender)) = self.somebody_in_a_room() else { return "nobody to change state".to_owned() };
        let number = self.rng.random_range(0..1000);
        let other = self.some_room().map(|room| self.name(room)).unwrap_or_default();
        let (kind, key, content) = match self.rng.random_range(0..10) {
            0 | 1 => ("m.room.name", String::new(), json!({ "name": format!("Room {number}") })),
            2 => (
                "m.room.name",
                String::new(),
                [json!({}), json!({ "name": "" }), json!({ "name": null })][number % 3].clone(),
            ),
            3 => ("m.room.avatar", String::new(), json!({ "url": format!("mxc://sim/{number}") })),
            4 => ("m.room.topic", String::new(), json!({ "topic": format!("Topic {number}") })),
            5 => ("m.room.encryption", String::new(), json!({ "algorithm": "m.megolm.v1.aes-sha2" })),
            6 => ("m.space.child", other, if number % 3 == 0 { json!({}) } else { json!({ "via": ["sim"] }) }),
            7 => ("org.sim.custom", format!("key{}", number % 3), json!({ "n": number })),
            8 => {
                let visibility = ["shared", "invited", "joined", "world_readable"][number % 4];
                ("m.room.history_visibility", String::new(), json!({ "history_visibility": visibility }))
            }
            _ => ("m.room.tombstone", String::new(), json!({ "body": "moved", "replacement_room": other })),
        };
        self.ledger.vanished.remove(&(room, kind.to_owned(), key.clone()));
        self.append(room, sender, kind, Some(&key), &content);
        format!("{kind} {key:?} = {content} in {}", self.name(room))
    }

    fn other_membership(&mut self) -> String {
        let Some(room) = self.some_room() else { return "no room".to_owned() };
        let name = *OTHERS.choose(&mut self.rng).expect("there are others");
        let user = self.world.user_no(&format!("@{name}:sim"));
        let target = match self.world.room(room).membership(user) {
            Some(Membership::Join) => {
                [Membership::Leave, Membership::Leave, Membership::Ban][self.rng.random_range(0..3)]
            }
            Some(Membership::Ban) => Membership::Leave,
            _ => {
                [Membership::Join, Membership::Join, Membership::Invite, Membership::Knock][self.rng.random_range(0..4)]
            }
        };
        let sender = match target {
            Membership::Invite | Membership::Ban => {
                self.world.room(room).joined().find(|other| *other != user).unwrap_or(user)
            }
            _ => user,
        };
        self.world.set_membership(room, sender, user, target, None, self.now);
        format!("@{name} becomes {target:?} in {}", self.name(room))
    }

    fn own_membership(&mut self) -> String {
        let me = self.me();
        let Some(room) = self.some_room() else { return "no room".to_owned() };
        let someone = self.world.room(room).joined().filter(|user| *user != me).choose(&mut self.rng);
        let current = self.world.room(room).membership(me);
        let pick = self.rng.random_range(0..10);
        let (sender, target) = match (current, someone) {
            (Some(Membership::Join), Some(other)) if pick < 2 => (other, Membership::Leave),
            (Some(Membership::Join), Some(other)) if pick < 3 => (other, Membership::Ban),
            (Some(Membership::Join), _) if pick < 6 => (me, Membership::Leave),
            (Some(Membership::Join), _) => (me, Membership::Join),
            (Some(Membership::Invite), Some(other)) if pick < 2 => (other, Membership::Leave),
            (Some(Membership::Invite), _) if pick < 4 => (me, Membership::Leave),
            (Some(Membership::Invite), _) => (me, Membership::Join),
            (Some(Membership::Ban), Some(other)) => (other, Membership::Leave),
            (Some(Membership::Knock), Some(other)) if pick < 3 => (other, Membership::Leave),
            (Some(Membership::Knock), Some(other)) if pick < 7 => (other, Membership::Invite),
            (Some(Membership::Leave), _) if pick < 1 => {
                let done = self.world.forget(room, me);
                return format!("@me forgets {}: {done:?}", self.name(room));
            }
            (_, Some(_)) if pick < 2 => (me, Membership::Knock),
            (_, Some(other)) if pick < 6 => (other, Membership::Invite),
            _ => (me, Membership::Join),
        };
        // A member event that changes nothing is fine (a new name); one of another kind needs somebody there.
        self.world.set_membership(room, sender, me, target, None, self.now);
        if target == Membership::Leave && sender == me {
            self.world.set_typing(room, me, None);
        }
        format!("@me becomes {target:?} by {} in {}", self.world.user_id(sender), self.name(room))
    }

    fn redact(&mut self) -> String {
        let Some((room, sender)) = self.somebody_in_a_room() else { return "nothing to redact".to_owned() };
        let recent = self.world.room(room).timeline.iter().rev().take(15).copied();
        let target = recent.filter(|event| &*self.world.event(*event).kind == "m.room.message").choose(&mut self.rng);
        let Some(target) = target else { return "nothing to redact".to_owned() };
        self.world.redact(target, sender, None, None, self.now);
        format!("#{target} redacted in {}", self.name(room))
    }

    fn receipt(&mut self) -> String {
        let Some((room, user)) = self.somebody_in_a_room() else { return "nobody to read".to_owned() };
        let me = self.me();
        let user = if self.rng.random_bool(0.4) && self.world.room(room).is_joined(me) { me } else { user };
        let recent = self.world.room(room).timeline.iter().rev().take(8).copied();
        let visible =
            recent.filter(|event| self.world.is_visible(self.world.event(*event), user)).choose(&mut self.rng);
        let Some(event) = visible else { return "nothing to read".to_owned() };
        let kind = if self.rng.random_bool(0.25) { "m.read.private" } else { "m.read" };
        let thread = [None, Some("main".to_owned()), Some("$thread".to_owned())][self.rng.random_range(0..3)].clone();
        self.ledger.receipts.entry((user, kind.to_owned(), event)).or_default().insert(thread.clone());
        self.world.set_receipt(room, user, kind, event, thread.clone(), self.now);
        format!("{kind} {thread:?} by {} at #{event} in {}", self.world.user_id(user), self.name(room))
    }

    fn typing(&mut self) -> String {
        let Some((room, user)) = self.somebody_in_a_room() else { return "nobody to type".to_owned() };
        let stops = self.world.room(room).typing.contains_key(&user) && self.rng.random_bool(0.7);
        let until = (!stops).then_some(self.now + 3_600_000);
        let before = self.world.pos();
        self.world.set_typing(room, user, until);
        if self.world.pos() > before {
            self.ledger.typing_unknown.remove(&room);
        }
        format!("{} {} typing in {}", self.world.user_id(user), if stops { "stops" } else { "starts" }, self.name(room))
    }

    fn account_data(&mut self) -> String {
        let me = self.me();
        let rooms: Vec<RoomNo> = self.world.user(me).rooms.keys().copied().collect();
        let number = self.rng.random_range(0..1000);
        match self.rng.random_range(0..10) {
            0..3 => {
                let some: Vec<RoomNo> = rooms.into_iter().filter(|_| self.rng.random_bool(0.3)).collect();
                let dms: Vec<String> = some.into_iter().map(|room| self.name(room)).collect();
                let content = json!({ "@ada:sim": dms });
                self.world.set_account_data(me, "m.direct", json_of(&content));
                format!("m.direct = {content}")
            }
            3..6 => {
                let joined: Vec<RoomNo> = self.world.user(me).joined_rooms().collect();
                let Some(room) = joined.choose(&mut self.rng).copied() else { return "no room to tag".to_owned() };
                let tags = [json!({}), json!({ "m.favourite": { "order": 0.5 } }), json!({ "m.lowpriority": {} })]
                    [number % 3]
                    .clone();
                let content = json!({ "tags": tags });
                _ = self.world.set_room_account_data(me, room, "m.tag", json_of(&content));
                format!("m.tag = {content} in {}", self.name(room))
            }
            6 => {
                let joined: Vec<RoomNo> = self.world.user(me).joined_rooms().collect();
                let Some(room) = joined.choose(&mut self.rng).copied() else { return "no room for data".to_owned() };
                _ = self.world.set_room_account_data(
                    me,
                    room,
                    "m.fully_read",
                    json_of(&json!({ "event_id": format!("${number}") })),
                );
                format!("m.fully_read in {}", self.name(room))
            }
            7 => {
                let name = OTHERS[number % OTHERS.len()];
                let ignored = if number % 2 == 0 { json!({}) } else { json!({ format!("@{name}:sim"): {} }) };
                if number % 2 != 0 {
                    self.ledger.ever_ignored.insert(format!("@{name}:sim"));
                }
                self.world.set_account_data(me, "m.ignored_user_list", json_of(&json!({ "ignored_users": ignored })));
                format!("ignored users = {ignored}")
            }
            _ => {
                self.world.set_account_data(me, &format!("org.sim.{}", number % 3), json_of(&json!({ "n": number })));
                format!("account data org.sim.{}", number % 3)
            }
        }
    }

    fn send_to_device(&mut self) -> String {
        let me = self.me();
        let count = [1, 1, 2, 7, 110][self.rng.random_range(0..5)];
        let device = self.devices.choose(&mut self.rng).cloned();
        let Some(device) = device else { return "no device".to_owned() };
        for _ in 0..count {
            let sent = self.ledger.to_device.entry(device.clone()).or_default();
            let message = json!({ "type": "org.sim.message", "sender": "@ada:sim", "content": { "n": *sent } });
            *sent += 1;
            self.world.send_to_device(me, &device, &json_of(&message));
        }
        format!("{count} to-device messages to {device}")
    }

    fn devices(&mut self) -> String {
        let me = self.me();
        if self.rng.random_bool(0.3) {
            let device = self.devices.choose(&mut self.rng).cloned().unwrap_or_default();
            let id = format!("signed_curve25519:{}", self.rng.random_range(0..100));
            self.world.upload_keys(
                me,
                &device,
                &json!({ "one_time_keys": { id: {} }, "fallback_keys": { "signed_curve25519:F": {} } }),
            );
            return format!("keys of {device}");
        }
        let name = OTHERS[self.rng.random_range(0..OTHERS.len())];
        let user = self.world.user_no(&format!("@{name}:sim"));
        self.world.note_device_change(user);
        let me = self.me();
        if self.world.share_a_room(me, user) {
            self.ledger.device_changes.push((self.world.pos(), user));
        }
        format!("devices of @{name}")
    }

    fn profile(&mut self) -> String {
        let user = self.rng.random_range(0..self.world.users.len() as UserNo);
        let number = self.rng.random_range(0..100);
        self.world.set_profile(user, "displayname", Some(format!("Name {number}")), self.now);
        format!("{} is now called Name {number}", self.world.user_id(user))
    }

    fn presence(&mut self) -> String {
        let user = self.rng.random_range(0..self.world.users.len() as UserNo);
        let state = ["online", "offline", "offline", "unavailable"][self.rng.random_range(0..4)];
        let status = self.rng.random_bool(0.3).then(|| format!("Status {}", self.rng.random_range(0..100)));
        self.world.set_presence(user, state, status.clone(), self.now);
        format!("{} is {state}, {status:?}", self.world.user_id(user))
    }

    fn reset(&mut self) -> String {
        let Some((room, sender)) = self.somebody_in_a_room().filter(|_| self.with_resets) else {
            return "no reset".to_owned();
        };
        let number = self.rng.random_range(0..1000);
        match number % 3 {
            0 => {
                self.world.reset_state(room, sender, "m.room.topic", "", None, self.now);
                self.ledger.vanished.insert((room, "m.room.topic".to_owned(), String::new()), self.world.pos());
                format!("the topic of {} vanishes", self.name(room))
            }
            1 => {
                let content = json_of(&json!({ "name": format!("Reset {number}") }));
                self.world.reset_state(room, sender, "m.room.name", "", Some(content), self.now);
                format!("the name of {} is reset", self.name(room))
            }
            _ => {
                let me = self.me();
                let target = self.world.room(room).joined().filter(|user| *user != me).choose(&mut self.rng);
                let Some(target) = target else { return "nobody to reset".to_owned() };
                let id = self.world.user_id(target).to_string();
                self.world.reset_state(
                    room,
                    sender,
                    "m.room.member",
                    &id,
                    Some(json_of(&json!({ "membership": "leave" }))),
                    self.now,
                );
                self.ledger.vague_summaries.insert(room);
                format!("{id} is reset out of {}", self.name(room))
            }
        }
    }

    fn create_room(&mut self) -> String {
        if self.world.rooms.len() > 9 {
            return self.message();
        }
        let mine = self.rng.random_bool(0.4);
        let creator = if mine {
            self.me()
        } else {
            self.world.user_no(&format!("@{}:sim", OTHERS[self.rng.random_range(0..OTHERS.len())]))
        };
        let invite = OTHERS.iter().filter(|_| self.rng.random_bool(0.4)).map(|name| format!("@{name}:sim"));
        let invite: Vec<String> = invite.filter(|id| *id != **self.world.user_id(creator)).collect();
        let mut request = CreateRoom {
            name: self.rng.random_bool(0.5).then(|| "Named".to_owned()),
            invite: invite.clone(),
            ..CreateRoom::default()
        };
        if self.rng.random_bool(0.2) {
            request.creation_content.insert("type".to_owned(), json!("m.space"));
        }
        let room = self.world.create_room(creator, request, self.now).expect("a room without alias can be made");
        for id in invite {
            let user = self.world.user_no(&id);
            if self.rng.random_bool(0.6) {
                self.world.set_membership(room, user, user, Membership::Join, None, self.now);
            }
        }
        if !mine {
            let me = self.me();
            let membership = [Membership::Invite, Membership::Join, Membership::Join][self.rng.random_range(0..3)];
            let sender = if membership == Membership::Invite { creator } else { me };
            self.world.set_membership(room, sender, me, membership, None, self.now);
        }
        format!("{} is made", self.name(room))
    }
}

/// Returns the randomness of one step.
pub fn rng(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed)
}
