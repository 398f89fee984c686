//! Keeps the demo account alive: people type and write in its rooms, react, edit, read, come and go, and now and then invite; and the bot answers in the lobby.
//!
//! A state machine: [`Bot::act`] does what is due and says when to call again. It knows neither clock nor task.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::{Value, json};

use super::{
    generate::{BOT, LOBBY, sentence_or_word, unreadable},
    words::REACTIONS,
    world::{CreateRoom, EventNo, Membership, NewEvent, RoomNo, UserNo, World, json_of},
};

/// How long somebody types before the message comes.
const TYPING_MS: u64 = 1_500;
const ECHO_MS: u64 = 700;
/// How often the lobby is looked at.
const LOOK_MS: u64 = 150;
/// Most talk is in as many rooms as this, the newest.
const BUSY_ROOMS: usize = 25;

pub struct Bot {
    user: UserNo,
    lobby: Option<RoomNo>,
    bot: UserNo,
    interval: u64,
    rng: SmallRng,
    next_talk: u64,
    /// What is to be said, once typing has gone on for a while.
    pending: VecDeque<Pending>,
    /// Up to which event of the lobby was looked at.
    seen: usize,
}

struct Pending {
    due: u64,
    room: RoomNo,
    sender: UserNo,
    content: Value,
}

impl Bot {
    /// Makes a bot that talks to `user` every `interval` milliseconds on average.
    pub fn new(world: &mut World, user: UserNo, interval: u64, seed: u64, now: u64) -> Self {
        let id = world.full_user_id(BOT);
        let bot = world.user_no(&id);
        let lobby = (0..world.rooms.len() as RoomNo).find(|room| {
            let name = world.room(*room).state_event("m.room.name", "");
            name.and_then(|event| world.event(event).content_str("name")).as_deref() == Some(LOBBY)
        });
        Self {
            user,
            lobby,
            bot,
            interval: interval.max(1),
            rng: SmallRng::seed_from_u64(seed ^ 0xB07),
            next_talk: now + interval,
            pending: VecDeque::new(),
            seen: lobby.map_or(0, |lobby| world.room(lobby).timeline.len()),
        }
    }

    /// Does what is due and returns the milliseconds until the next call.
    pub fn act(&mut self, world: &mut World, now: u64) -> u64 {
        self.listen(world, now);
        while let Some(pending) = self.pending.pop_front_if(|pending| pending.due <= now) {
            if world.room(pending.room).is_joined(pending.sender) {
                self.say(world, &pending, now);
            }
        }
        if now >= self.next_talk {
            self.next_talk = now + self.rng.random_range(self.interval / 2..=self.interval * 3 / 2);
            self.talk(world, now);
        }
        LOOK_MS.min(self.interval)
    }

    /// Answers what others wrote in the lobby.
    fn listen(&mut self, world: &mut World, now: u64) {
        let Some(lobby) = self.lobby else { return };
        let news: Vec<EventNo> = world.room(lobby).timeline[self.seen..].to_vec();
        self.seen += news.len();
        for event in news {
            let event = world.event(event);
            if event.sender == self.bot || &*event.kind != "m.room.message" || event.relation().is_some() {
                continue;
            }
            let Some(body) = event.content_str("body") else { continue };
            let name = world.user(event.sender).displayname.clone().unwrap_or_default();
            let read = event.no;
            world.set_receipt(lobby, self.bot, "m.read", read, None, now);
            let content = json!({ "msgtype": "m.text", "body": format!("{name} said: {body}") });
            self.start_typing(world, lobby, self.bot, content, now, ECHO_MS);
        }
    }

    fn start_typing(&mut self, world: &mut World, room: RoomNo, sender: UserNo, content: Value, now: u64, time: u64) {
        world.set_typing(room, sender, Some(now + time + 5_000));
        self.pending.push_back(Pending { due: now + time, room, sender, content });
    }

    fn say(&mut self, world: &mut World, pending: &Pending, now: u64) {
        let Pending { room, sender, .. } = *pending;
        world.set_typing(room, sender, None);
        let encrypted = world.room(room).state_event("m.room.encryption", "").is_some();
        let (kind, content) = if encrypted {
            ("m.room.encrypted", unreadable(&mut self.rng))
        } else {
            ("m.room.message", json_of(&pending.content))
        };
        let event = world.append(NewEvent::new(room, sender, kind, content, now));
        world.set_receipt(room, sender, "m.read", event, None, now);
    }

    fn talk(&mut self, world: &mut World, now: u64) {
        let Some(room) = self.busy_room(world) else { return };
        let Some(sender) = self.someone(world, room) else { return };
        match self.rng.random_range(0..100) {
            0..=69 => {
                let named = self.rng.random_bool(0.06);
                let body = sentence_or_word(&mut self.rng);
                let body = if named { format!("{}: {body}", world.user(self.user).localpart()) } else { body };
                let content = json!({ "msgtype": "m.text", "body": body });
                self.start_typing(world, room, sender, content, now, TYPING_MS.min(self.interval));
            }
            70..=81 => self.react(world, room, sender, now),
            82..=88 => self.edit(world, room, now),
            89..=94 => self.read(world, room, sender, now),
            95..=97 => self.come_or_go(world, room, now),
            _ => self.invite(world, sender, now),
        }
    }

    /// Picks a room: the newer, the likelier.
    fn busy_room(&mut self, world: &World) -> Option<RoomNo> {
        let mut rooms: Vec<(u64, RoomNo)> = world
            .user(self.user)
            .joined_rooms()
            .filter(|room| Some(*room) != self.lobby)
            .filter_map(|room| Some((world.event(*world.room(room).timeline.last()?).pos, room)))
            .filter(|(_, room)| !is_quiet(world, *room))
            .collect();
        rooms.sort_unstable_by(|one, other| other.cmp(one));
        // One in eight messages wakes an old room.
        let among = if self.rng.random_bool(0.12) { rooms.len() } else { rooms.len().min(BUSY_ROOMS) };
        let place = (self.rng.random_range(0.0f64..1.0).powi(2) * among as f64) as usize;
        rooms.get(place).map(|(_, room)| *room)
    }

    fn someone(&mut self, world: &World, room: RoomNo) -> Option<UserNo> {
        // Whoever has a device may be a person at a keyboard; words are not put in their mouth.
        let others: Vec<UserNo> = world
            .room(room)
            .joined()
            .filter(|user| *user != self.user && world.user(*user).devices.is_empty())
            .take(8)
            .collect();
        others.choose(&mut self.rng).copied()
    }

    fn last_message(&self, world: &World, room: RoomNo, wanted: impl Fn(UserNo) -> bool) -> Option<EventNo> {
        let recent = world.room(room).timeline.iter().rev().take(15);
        let mut messages = recent
            .map(|event| world.event(*event))
            .filter(|event| &*event.kind == "m.room.message" && event.redacted_by().is_none());
        messages.find(|event| event.relation().is_none() && wanted(event.sender)).map(|event| event.no)
    }

    fn react(&mut self, world: &mut World, room: RoomNo, sender: UserNo, now: u64) {
        let Some(target) = self.last_message(world, room, |_| true) else { return };
        let key = REACTIONS.choose(&mut self.rng).copied().unwrap_or("👍");
        let content =
            json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": world.event_id(target), "key": key } });
        world.append(NewEvent::new(room, sender, "m.reaction", json_of(&content), now));
    }

    /// Lets the author of a recent message change it.
    fn edit(&mut self, world: &mut World, room: RoomNo, now: u64) {
        let user = self.user;
        let Some(target) =
            self.last_message(world, room, |sender| sender != user && world.user(sender).devices.is_empty())
        else {
            return;
        };
        let sender = world.event(target).sender;
        let body = format!(
            "{} (edited)",
            world.event(target).content_str("body").unwrap_or_default().trim_end_matches(" (edited)")
        );
        let content = json!({
            "msgtype": "m.text", "body": format!("* {body}"),
            "m.new_content": { "msgtype": "m.text", "body": body },
            "m.relates_to": { "rel_type": "m.replace", "event_id": world.event_id(target) },
        });
        world.append(NewEvent::new(room, sender, "m.room.message", json_of(&content), now));
    }

    fn read(&mut self, world: &mut World, room: RoomNo, reader: UserNo, now: u64) {
        if let Some(last) = world.room(room).timeline.last().copied() {
            world.set_receipt(room, reader, "m.read", last, None, now);
        }
    }

    /// Lets somebody join a public room, or leave it when they are there.
    fn come_or_go(&mut self, world: &mut World, room: RoomNo, now: u64) {
        let someone = self.rng.random_range(0..world.users.len()) as UserNo;
        let is_person = someone != self.user && someone != self.bot && world.user(someone).devices.is_empty();
        if !is_person || world.join_rule(room) != "public" {
            return;
        }
        // Whom the room refuses, stays out.
        let _ = match world.room(room).membership(someone) {
            Some(Membership::Join) => world.leave(room, someone, None, now),
            _ => world.join(room, someone, None, now),
        };
    }

    /// Invites the user to a new room, as long as not too many invites are waiting.
    fn invite(&mut self, world: &mut World, sender: UserNo, now: u64) {
        let waiting = world.user(self.user).rooms.values().filter(|room| room.membership == Membership::Invite).count();
        if waiting >= 8 {
            return;
        }
        let name = format!("{}'s new room", world.user(sender).displayname.as_deref().unwrap_or("Somebody"));
        let request = CreateRoom {
            name: Some(name),
            invite: vec![world.user_id(self.user).to_string()],
            ..CreateRoom::default()
        };
        // A new room without alias is never refused.
        let _ = world.create_room(sender, request, now);
    }
}

/// Tells whether nobody talks here: spaces, and rooms that were replaced.
fn is_quiet(world: &World, room: RoomNo) -> bool {
    let is_space = || {
        let create = world.room(room).state_event("m.room.create", "");
        create.and_then(|event| world.event(event).content_str("type")).as_deref() == Some("m.space")
    };
    world.room(room).state_event("m.room.tombstone", "").is_some() || is_space()
}
