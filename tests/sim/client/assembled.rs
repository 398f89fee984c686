//! What a client has put together from the answers of one connection.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use sash_sync::connection::Wire;
use serde_json::Value;

use super::{Config, RoomConfig, Timeline, Waiting};

/// Everything that a client has.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// `None`: it will begin anew.
    pub pos: Option<String>,
    /// Shared with what is stored, where that is the same.
    pub rooms: BTreeMap<String, Rc<Room>>,
    /// `count` by list.
    pub counts: BTreeMap<String, u64>,
    /// The rooms in each list's window, where the wire says so.
    pub windows: BTreeMap<String, Vec<String>>,
    /// Global account data by type.
    pub account_data: BTreeMap<String, Value>,
    /// The numbers of the to-device messages in the order in which they were processed.
    pub to_device: Vec<u64>,
    pub to_device_since: Option<String>,
    /// When each user's devices were last said to have changed, or to be of no interest any more, as a position of the
    /// homeserver.
    pub devices_changed: BTreeMap<String, u64>,
    pub key_counts: BTreeMap<String, u64>,
    /// The homeserver's position when the connection first said something of devices and keys: before the device is polled
    /// it says nothing.
    pub e2ee_began: Option<u64>,
    /// Presence and status of everybody who was told of.
    pub presence: BTreeMap<String, (String, Option<String>)>,
    /// Extensions that were on in each answer so far.
    pub always_e2ee: bool,
    /// What belongs to no room, and has been asked for all the time, of a loop that has never asked for rooms.
    pub loop_for: Option<[bool; 3]>,
    /// The subscriptions of which the other side surely knows, for a client that sends each once.
    pub subscribed: BTreeMap<String, RoomConfig>,
}

/// One room.
#[derive(Clone, Debug, Default)]
pub struct Room {
    pub membership: Option<String>,
    pub name: Option<String>,
    pub avatar: Option<String>,
    pub is_dm: bool,
    pub heroes: Option<BTreeSet<String>>,
    pub joined_count: Option<u64>,
    pub invited_count: Option<u64>,
    pub notification_count: Option<u64>,
    pub highlight_count: Option<u64>,
    pub bump_stamp: Option<u64>,
    pub stripped: Option<Vec<Value>>,
    pub timeline: Timeline,
    /// Event ids by type and state key; members as well.
    pub state: BTreeMap<(String, String), String>,
    /// Who sent events since the last flush, while members were loaded lazily.
    pub needed: BTreeSet<String>,
    /// Members that the client flushed: it will be told anew of those that it needs.
    pub flushed: BTreeSet<String>,
    /// Members that the other side may have flushed, so that they may be old.
    pub doubtful: BTreeSet<String>,
    pub account_data: BTreeMap<String, Value>,
    /// Event and thread by receipt type, user and thread.
    pub receipts: BTreeMap<(String, String, Option<String>), String>,
    pub typing: BTreeSet<String>,
}

const MEMBER: &str = "m.room.member";

impl Assembled {
    /// Takes an answer to a request; `now` is the homeserver's position.
    pub fn take(&mut self, answer: &Value, wire: Wire, asked: &Waiting, now: u64) -> Result<(), String> {
        let config = &asked.config;
        let pos = answer["pos"].as_str().ok_or("an answer without pos")?;
        let begins = self.pos.is_none();
        self.always_e2ee |= begins;
        self.always_e2ee &= config.e2ee;
        let asks = Some(config.globals()).filter(|_| !config.asks_for_rooms());
        self.loop_for = asks.filter(|_| begins || self.loop_for == asks);
        self.pos = Some(pos.to_owned());
        self.subscribed.clone_from(&config.subscriptions);
        self.take_lists(answer, config)?;
        for (id, room) in answer["rooms"].as_object().into_iter().flatten() {
            self.take_room(id, room, wire, config, begins).map_err(|error| format!("{id}: {error}"))?;
        }
        self.take_extensions(&answer["extensions"], wire, asked, now)
    }

    /// Takes to-device messages. Who shares the store with another loop is told again what that one was told after the
    /// request was sent.
    pub fn take_to_device(&mut self, section: &Value, asked: &Waiting) -> Result<(), String> {
        if section.is_null() {
            return Ok(());
        }
        let (held, follows) = (self.to_device.len() as u64, asked.since == self.to_device_since);
        for message in section["events"].as_array().into_iter().flatten() {
            let number = message["content"]["n"].as_u64();
            let is_ours = message["type"] == "org.sim.message" && message["sender"] == "@ada:sim";
            let number = number.filter(|_| is_ours).ok_or_else(|| format!("{message} was never sent"))?;
            if follows || number >= held {
                self.to_device.push(number);
            }
        }
        let next = section["next_batch"].as_str().ok_or("to_device without next_batch")?;
        if follows || self.to_device.len() as u64 > held {
            self.to_device_since = Some(next.to_owned());
        }
        Ok(())
    }

    fn take_lists(&mut self, answer: &Value, config: &Config) -> Result<(), String> {
        self.counts.clear();
        self.windows.clear();
        for (key, list) in answer["lists"].as_object().into_iter().flatten() {
            if !config.lists.contains_key(key) {
                return Err(format!("list {key} was not asked for"));
            }
            self.counts.insert(key.clone(), list["count"].as_u64().ok_or("a list without count")?);
            for op in list["ops"].as_array().into_iter().flatten() {
                let ids =
                    op["room_ids"].as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned));
                self.windows.entry(key.clone()).or_default().extend(ids);
            }
        }
        match config.lists.keys().find(|key| !self.counts.contains_key(*key)) {
            Some(missing) => Err(format!("list {missing} is missing")),
            None => Ok(()),
        }
    }

    fn take_room(&mut self, id: &str, answer: &Value, wire: Wire, config: &Config, begins: bool) -> Result<(), String> {
        if begins && answer["num_live"].as_u64().unwrap_or(0) > 0 {
            return Err("has live events in the first answer".to_owned());
        }
        let initial = answer["initial"].as_bool().unwrap_or(false);
        if !initial && !self.rooms.contains_key(id) {
            return Err("came for the first time without `initial`".to_owned());
        }
        let room = Rc::make_mut(self.rooms.entry(id.to_owned()).or_default());
        if initial {
            let Room { account_data, receipts, typing, notification_count, highlight_count, .. } = std::mem::take(room);
            // Extensions have their own bookkeeping.
            let counts = if wire == Wire::V4 { (notification_count, highlight_count) } else { (None, None) };
            let (notification_count, highlight_count) = counts;
            *room = Room { account_data, receipts, typing, notification_count, highlight_count, ..Room::default() };
        }
        // The answer says which lists it comes from: their rules hold, and the subscription's.
        let lists = answer["lists"].as_array().into_iter().flatten().filter_map(|key| config.lists.get(key.as_str()?));
        let rules: Vec<&RoomConfig> = lists.map(|list| &list.config).chain(config.subscriptions.get(id)).collect();
        room.take(answer, wire, initial, &rules)
    }

    fn take_extensions(&mut self, extensions: &Value, wire: Wire, asked: &Waiting, now: u64) -> Result<(), String> {
        let (to_device, e2ee) = match wire {
            Wire::V4 => ("org.matrix.msc4538.to_device", "org.matrix.msc4543.e2ee"),
            Wire::Simplified => ("to_device", "e2ee"),
        };
        self.take_to_device(&extensions[to_device], asked)?;
        if let Some(section) = extensions.get(e2ee) {
            self.e2ee_began.get_or_insert(now);
            for kind in ["changed", "left"] {
                for user in section["device_lists"][kind].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    self.devices_changed.insert(user.to_owned(), now);
                }
            }
            let counts = section["device_one_time_keys_count"].as_object().ok_or("e2ee without key counts")?;
            self.key_counts =
                counts.iter().filter_map(|(algorithm, count)| Some((algorithm.clone(), count.as_u64()?))).collect();
            if !self.key_counts.contains_key("signed_curve25519") {
                return Err("key counts without signed_curve25519".to_owned());
            }
        }
        for event in extensions["presence"]["events"].as_array().into_iter().flatten() {
            let status = event["content"]["status_msg"].as_str().map(str::to_owned);
            self.presence.insert(text(event, "sender")?, (text(&event["content"], "presence")?, status));
        }
        for event in extensions["account_data"]["global"].as_array().into_iter().flatten() {
            self.account_data.insert(text(event, "type")?, event["content"].clone());
        }
        for (room, events) in section_rooms(extensions, "account_data") {
            let room = self.known_room(room, "account data")?;
            for event in events.as_array().into_iter().flatten() {
                room.account_data.insert(text(event, "type")?, event["content"].clone());
            }
        }
        for (room, event) in section_rooms(extensions, "receipts") {
            self.known_room(room, "receipts")?.take_receipts(&event["content"]);
        }
        for (room, typing) in section_rooms(extensions, "typing") {
            let users = if wire == Wire::V4 { &typing["user_ids"] } else { &typing["content"]["user_ids"] };
            let users = users.as_array().ok_or("typing without user_ids")?;
            self.known_room(room, "typing")?.typing =
                users.iter().filter_map(|user| user.as_str().map(str::to_owned)).collect();
        }
        for (room, counts) in section_rooms(extensions, "sash.counts") {
            let room = self.known_room(room, "counts")?;
            room.notification_count = counts["notification_count"].as_u64();
            room.highlight_count = counts["highlight_count"].as_u64();
        }
        Ok(())
    }

    fn known_room(&mut self, id: &str, what: &str) -> Result<&mut Room, String> {
        let room = self.rooms.get_mut(id).ok_or_else(|| format!("{id}: {what} before the room itself"))?;
        Ok(Rc::make_mut(room))
    }
}

impl Room {
    fn take(&mut self, answer: &Value, wire: Wire, initial: bool, rules: &[&RoomConfig]) -> Result<(), String> {
        let string = |key: &str| answer[key].as_str().map(str::to_owned);
        if let Some(membership) = string("membership") {
            self.membership = Some(membership);
        }
        if let Some(name) = answer.get("name") {
            self.name = name.as_str().map(str::to_owned);
        }
        if let Some(avatar) = answer.get("avatar") {
            self.avatar = avatar.as_str().map(str::to_owned);
        }
        if let Some(is_dm) = answer["is_dm"].as_bool() {
            self.is_dm = is_dm;
        }
        if let Some(heroes) = answer["heroes"].as_array() {
            self.heroes = Some(heroes.iter().filter_map(|hero| hero["user_id"].as_str().map(str::to_owned)).collect());
        }
        let numbers = [
            ("joined_count", &mut self.joined_count),
            ("invited_count", &mut self.invited_count),
            ("notification_count", &mut self.notification_count),
            ("highlight_count", &mut self.highlight_count),
            ("bump_stamp", &mut self.bump_stamp),
        ];
        for (key, place) in numbers {
            *place = answer[key].as_u64().or(*place);
        }
        if let Some(stripped) = answer["stripped_state"].as_array() {
            self.stripped = Some(stripped.clone());
        }
        self.flush_members(answer, wire, rules);
        for event in answer["required_state"].as_array().into_iter().flatten() {
            let key = (text(event, "type")?, text(event, "state_key")?);
            self.flushed.remove(&key.1);
            self.doubtful.remove(&key.1);
            match event["event_id"].as_str() {
                Some(id) => _ = self.state.insert(key, id.to_owned()),
                None if wire == Wire::V4 => _ = self.state.remove(&key),
                None => return Err("a state stub on the unstable wire".to_owned()),
            }
        }
        self.note_needed(answer, rules);
        self.timeline.take(answer, initial)
    }

    /// Under lazy loading, whoever sent an event of the timeline comes along, unless the client has them.
    fn note_needed(&mut self, answer: &Value, rules: &[&RoomConfig]) {
        if !rules.iter().any(|rule| rule.state.lazy_members) {
            return;
        }
        let senders = answer["timeline"].as_array().into_iter().flatten().filter_map(|event| event["sender"].as_str());
        self.needed.extend(senders.map(str::to_owned));
    }

    /// With `limited` a client flushes the members that lazy loading brought (MSC4186), not those that it asks for by
    /// name. The unstable wire says `limited` with every expanded timeline, where nothing needs flushing: a client that
    /// does not know that keeps them and doubts.
    fn flush_members(&mut self, answer: &Value, wire: Wire, rules: &[&RoomConfig]) {
        if answer["limited"].as_bool() != Some(true) || !rules.iter().any(|rule| rule.state.lazy_members) {
            return;
        }
        let is_lazy = |user: &String| !rules.iter().any(|rule| rule.state.matches(MEMBER, user));
        let members = self.state.keys().filter(|(kind, _)| kind == MEMBER).map(|(_, key)| key.clone()).filter(is_lazy);
        let expanded = answer["expanded_timeline"].as_bool() == Some(true);
        if expanded && wire == Wire::Simplified {
            self.doubtful.extend(members);
        } else {
            self.flushed.extend(members);
            self.needed.clear();
        }
    }

    fn take_receipts(&mut self, content: &Value) {
        for (event, kinds) in content.as_object().into_iter().flatten() {
            for (kind, users) in kinds.as_object().into_iter().flatten() {
                for (user, data) in users.as_object().into_iter().flatten() {
                    let thread = data["thread_id"].as_str().map(str::to_owned);
                    self.receipts.insert((kind.clone(), user.clone(), thread), event.clone());
                }
            }
        }
    }
}

fn section_rooms<'a>(extensions: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    extensions[name]["rooms"].as_object().into_iter().flatten()
}

fn text(event: &Value, key: &str) -> Result<String, String> {
    event[key].as_str().map(str::to_owned).ok_or_else(|| format!("no {key} in {event}"))
}
