//! What a client asks, and how that is written on each wire.

use std::collections::BTreeMap;

use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};
use sash_sync::connection::Wire;
use serde_json::{Map, Value, json};

use super::Client;
use crate::plan::Change;

/// Everything that a client asks, but for `pos`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub lists: BTreeMap<String, List>,
    pub subscriptions: BTreeMap<String, RoomConfig>,
    pub account_data: bool,
    pub receipts: bool,
    pub typing: bool,
    pub e2ee: bool,
    /// Unread counts, which v4 has as an extension.
    pub counts: bool,
    pub presence: bool,
    /// For which rooms account data, receipts and typing are wanted.
    pub scope: Scope,
    /// How many to-device messages at most, if it takes any.
    pub to_device: Option<u64>,
}

/// The scope of an extension: lists and rooms, each `None` for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    pub lists: Option<Vec<String>>,
    pub rooms: Option<Vec<String>>,
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// `None`: all rooms (v4 only).
    pub range: Option<(u64, u64)>,
    pub filters: Filters,
    pub config: RoomConfig,
}

/// Which rooms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    pub is_dm: Option<bool>,
    pub is_encrypted: Option<bool>,
    pub is_invited: Option<bool>,
    pub tags: Option<Vec<String>>,
    pub not_tags: Option<Vec<String>>,
    pub spaces: Option<Vec<String>>,
    /// Only spaces, or only rooms without a type.
    pub room_types: Option<Vec<Option<String>>>,
}

/// What of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomConfig {
    pub timeline_limit: u64,
    pub state: Wish,
}

/// Which state of a room: patterns of type and state key, `None` for any; `$ME` for the user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    pub include: Vec<(Option<String>, Option<String>)>,
    /// v4 only.
    pub exclude: Vec<(Option<String>, Option<String>)>,
    pub lazy_members: bool,
}

impl Config {
    /// Returns the first configuration of a client.
    pub fn random(rng: &mut SmallRng, wire: Wire, takes_to_device: bool) -> Config {
        let mut config = Config {
            account_data: rng.random_bool(0.7),
            receipts: rng.random_bool(0.7),
            typing: rng.random_bool(0.7),
            e2ee: rng.random_bool(0.6),
            counts: rng.random_bool(0.6),
            to_device: takes_to_device.then(|| [3, 20, 100][rng.random_range(0..3)]),
            ..Config::default()
        };
        // An encryption loop has neither lists nor subscriptions.
        if !rng.random_bool(0.1) {
            config.lists.insert("all".to_owned(), List::random(rng, wire, &[]));
        }
        config.presence = rng.random_bool(0.4);
        config
    }

    /// Changes what is asked, as users who scroll and open rooms do.
    pub fn change(&mut self, change: Change, rng: &mut SmallRng, wire: Wire, rooms: &[String]) {
        match change {
            Change::Nothing => {}
            Change::Range => {
                if let Some(list) = self.lists.values_mut().next() {
                    list.range = random_range(rng, wire);
                }
            }
            Change::TimelineLimit => {
                if let Some(list) = self.lists.values_mut().last() {
                    list.config.timeline_limit = random_limit(rng);
                }
            }
            Change::RequiredState => {
                if let Some(list) = self.lists.values_mut().last() {
                    list.config.state = Wish::random(rng, wire);
                }
            }
            Change::AddList => _ = self.lists.insert("second".to_owned(), List::random(rng, wire, rooms)),
            Change::RemoveList => _ = self.lists.remove("second"),
            Change::Subscribe => {
                if let Some(room) = rooms.choose(rng) {
                    self.subscriptions.insert(room.clone(), RoomConfig::random(rng, wire));
                }
            }
            Change::Unsubscribe => {
                if let Some(room) = self.subscriptions.keys().nth(rng.random_range(0..3)).cloned() {
                    self.subscriptions.remove(&room);
                }
            }
            Change::Extension => {
                let switches =
                    [&mut self.receipts, &mut self.typing, &mut self.account_data, &mut self.e2ee, &mut self.counts];
                let switch = rng.random_range(0..switches.len());
                switches.into_iter().skip(switch).take(1).for_each(|switch| *switch = !*switch);
            }
            Change::Presence => self.presence = !self.presence,
            Change::Loop => {
                self.lists.clear();
                self.subscriptions.clear();
            }
            Change::Scope => self.scope = Scope::random(rng, rooms),
        }
    }

    /// Returns whether any rooms are asked for.
    pub fn asks_for_rooms(&self) -> bool {
        !self.lists.is_empty() || !self.subscriptions.is_empty()
    }

    /// Returns what is asked for that belongs to no room, and is told once.
    pub fn globals(&self) -> [bool; 3] {
        [self.account_data, self.e2ee, self.presence]
    }

    /// Returns query and body of a request.
    pub fn request(&self, client: &Client, pos: Option<&str>, timeout: u64) -> (String, Value) {
        let wire = client.wire;
        let mut body = Map::new();
        if !client.is_sticky {
            body.insert("conn_id".to_owned(), json!(client.conn_id));
        }
        let lists: Map<String, Value> = self.lists.iter().map(|(key, list)| (key.clone(), list.render(wire))).collect();
        // A client of the old kind says of each subscription once that it wants it, and once that it does not any more.
        let known = |room: &String, config: &RoomConfig| {
            client.is_sticky && client.has.subscribed.get(room).is_some_and(|known| known == config)
        };
        let rooms = self.subscriptions.iter().filter(|(room, config)| !known(room, config));
        let rooms: Map<String, Value> =
            rooms.map(|(room, config)| (room.clone(), config.render(wire).into())).collect();
        body.insert("lists".to_owned(), lists.into());
        body.insert("room_subscriptions".to_owned(), rooms.into());
        let gone: Vec<&String> =
            client.has.subscribed.keys().filter(|room| !self.subscriptions.contains_key(*room)).collect();
        if client.is_sticky && !gone.is_empty() {
            body.insert("unsubscribe_rooms".to_owned(), json!(gone));
        }
        body.insert("extensions".to_owned(), self.extensions(client).into());
        if wire == Wire::V4 {
            body.insert("timeout".to_owned(), json!(timeout));
            if let Some(pos) = pos {
                body.insert("pos".to_owned(), json!(pos));
            }
            return (String::new(), body.into());
        }
        let pos = pos.map(|pos| format!("&pos={pos}")).unwrap_or_default();
        (format!("timeout={timeout}{pos}"), body.into())
    }

    fn extensions(&self, client: &Client) -> Map<String, Value> {
        let (to_device, e2ee) = match client.wire {
            Wire::V4 => ("org.matrix.msc4538.to_device", "org.matrix.msc4543.e2ee"),
            Wire::Simplified => ("to_device", "e2ee"),
        };
        let mut extensions = Map::new();
        for (name, enabled) in
            [("account_data", self.account_data), ("receipts", self.receipts), ("typing", self.typing)]
        {
            if enabled {
                extensions.insert(name.to_owned(), self.scope.render());
            }
        }
        let counts = self.counts && client.wire == Wire::V4;
        for (name, enabled) in [(e2ee, self.e2ee), ("sash.counts", counts), ("presence", self.presence)] {
            if enabled {
                extensions.insert(name.to_owned(), json!({ "enabled": true }));
            }
        }
        if let Some(limit) = self.to_device {
            let mut section = json!({ "enabled": true, "limit": limit });
            if let Some(since) = &client.has.to_device_since {
                section["since"] = json!(since);
            }
            extensions.insert(to_device.to_owned(), section);
        }
        extensions
    }
}

impl Scope {
    fn random(rng: &mut SmallRng, rooms: &[String]) -> Scope {
        let lists = [None, None, Some(Vec::new()), Some(vec!["all".to_owned()]), Some(vec!["second".to_owned()])];
        let some = rooms.iter().filter(|_| rng.random_bool(0.3)).cloned().collect();
        let rooms = [None, None, Some(Vec::new()), Some(some)];
        Scope {
            lists: lists[rng.random_range(0..lists.len())].clone(),
            rooms: rooms[rng.random_range(0..rooms.len())].clone(),
        }
    }

    fn render(&self) -> Value {
        let mut section = json!({ "enabled": true });
        if let Some(lists) = &self.lists {
            section["lists"] = json!(lists);
        }
        if let Some(rooms) = &self.rooms {
            section["rooms"] = json!(rooms);
        }
        section
    }
}

impl List {
    fn random(rng: &mut SmallRng, wire: Wire, rooms: &[String]) -> List {
        let filters = if rng.random_bool(0.6) { Filters::default() } else { Filters::random(rng, rooms) };
        List { range: random_range(rng, wire), filters, config: RoomConfig::random(rng, wire) }
    }

    fn render(&self, wire: Wire) -> Value {
        let mut list = self.config.render(wire);
        match (self.range, wire) {
            (Some((first, last)), Wire::V4) => _ = list.insert("range".to_owned(), json!([first, last])),
            (Some((first, last)), Wire::Simplified) => _ = list.insert("ranges".to_owned(), json!([[first, last]])),
            (None, _) => {}
        }
        let filters = self.filters.render(wire);
        if !filters.is_empty() {
            list.insert("filters".to_owned(), filters.into());
        }
        list.into()
    }
}

fn random_limit(rng: &mut SmallRng) -> u64 {
    [0, 1, 2, 4, 10, 20][rng.random_range(0..6)]
}

fn random_range(rng: &mut SmallRng, wire: Wire) -> Option<(u64, u64)> {
    match rng.random_range(0..8) {
        0 => Some((0, 0)),
        1 => Some((0, 1)),
        2 => Some((0, 2)),
        3 => Some((1, 3)),
        4 => Some((2, 9)),
        5 if wire == Wire::V4 => None,
        _ => Some((0, 99)),
    }
}

impl Filters {
    fn random(rng: &mut SmallRng, rooms: &[String]) -> Filters {
        let mut filters = Filters::default();
        let yes = rng.random_bool(0.5);
        match rng.random_range(0..7) {
            0 => filters.is_dm = Some(yes),
            1 => filters.is_encrypted = Some(yes),
            2 => filters.is_invited = Some(yes),
            3 => filters.tags = Some(vec!["m.favourite".to_owned()]),
            4 => filters.not_tags = Some(vec!["m.favourite".to_owned(), "m.lowpriority".to_owned()]),
            5 => filters.spaces = Some(rooms.choose(rng).into_iter().cloned().collect()),
            _ => filters.room_types = Some(vec![yes.then(|| "m.space".to_owned())]),
        }
        filters
    }

    fn render(&self, wire: Wire) -> Map<String, Value> {
        let mut filters = Map::new();
        let invited = if wire == Wire::V4 { "is_invited" } else { "is_invite" };
        let flags = [("is_dm", self.is_dm), ("is_encrypted", self.is_encrypted), (invited, self.is_invited)];
        filters.extend(flags.into_iter().filter_map(|(name, flag)| Some((name.to_owned(), json!(flag?)))));
        let sets = [("tags", &self.tags), ("not_tags", &self.not_tags), ("spaces", &self.spaces)];
        filters.extend(sets.into_iter().filter_map(|(name, set)| Some((name.to_owned(), json!(set.as_ref()?)))));
        filters.extend(self.room_types.as_ref().map(|types| ("room_types".to_owned(), json!(types))));
        filters
    }
}

impl RoomConfig {
    fn random(rng: &mut SmallRng, wire: Wire) -> RoomConfig {
        RoomConfig { timeline_limit: random_limit(rng), state: Wish::random(rng, wire) }
    }

    fn render(&self, wire: Wire) -> Map<String, Value> {
        Map::from_iter([
            ("timeline_limit".to_owned(), json!(self.timeline_limit)),
            ("required_state".to_owned(), self.state.render(wire)),
        ])
    }
}

const MEMBER: &str = "m.room.member";
const ME: &str = "$ME";

/// The tested user, whom v4 has no short name for.
pub const USER: &str = "@me:sim";

impl Wish {
    /// Returns one of the wishes that clients have.
    pub fn random(rng: &mut SmallRng, wire: Wire) -> Wish {
        let some = |kind: &str, key: &str| (Some(kind.to_owned()), Some(key.to_owned()));
        let names =
            ["m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.encryption", "m.room.tombstone"];
        let mut wish = Wish::default();
        match rng.random_range(0..8) {
            0 => {}
            1 | 2 => {
                wish.include.extend(names.map(|name| some(name, "")));
                wish.include.push(some(MEMBER, ME));
                wish.lazy_members = true;
            }
            3 => {
                wish.include.extend([some("m.room.name", ""), some(MEMBER, ME)]);
                wish.include.push((Some("m.space.child".to_owned()), None));
            }
            4 => wish.include.push((None, None)),
            5 => wish.include.push((Some(MEMBER.to_owned()), None)),
            6 if wire == Wire::V4 => {
                wish.include.push((None, None));
                wish.lazy_members = true;
                if rng.random_bool(0.5) {
                    wish.exclude.push((Some("m.room.topic".to_owned()), None));
                }
            }
            6 => wish.include.push((None, Some(String::new()))),
            _ => {
                wish.include.push(some("m.room.topic", ""));
                wish.lazy_members = true;
            }
        }
        wish
    }

    /// Returns whether the entry is wanted, lazy members aside.
    pub fn matches(&self, kind: &str, key: &str) -> bool {
        let is_match = |(wanted_kind, wanted_key): &(Option<String>, Option<String>)| {
            let wanted_key = wanted_key.as_deref().map(|key| if key == ME { USER } else { key });
            wanted_kind.as_deref().is_none_or(|wanted| wanted == kind) && wanted_key.is_none_or(|wanted| wanted == key)
        };
        // Under lazy loading the element that matches everything stops at members.
        let is_named = |pattern: &&(Option<String>, Option<String>)| {
            !(self.lazy_members && kind == MEMBER && **pattern == (None, None))
        };
        self.include.iter().filter(is_named).any(is_match) && !self.exclude.iter().any(is_match)
    }

    fn render(&self, wire: Wire) -> Value {
        let v4 = |(kind, key): &(Option<String>, Option<String>)| {
            let mut element = Map::new();
            element.extend(kind.as_ref().map(|kind| ("type".to_owned(), json!(kind))));
            element.extend(key.as_ref().map(|key| ("state_key".to_owned(), json!(if key == ME { USER } else { key }))));
            Value::Object(element)
        };
        if wire == Wire::V4 {
            let include: Vec<Value> = self.include.iter().map(v4).collect();
            let exclude: Vec<Value> = self.exclude.iter().map(v4).collect();
            return json!({ "include": include, "exclude": exclude, "lazy_members": self.lazy_members });
        }
        let any = |text: &Option<String>| json!(text.as_deref().unwrap_or("*"));
        let mut pairs: Vec<Value> = self.include.iter().map(|(kind, key)| json!([any(kind), any(key)])).collect();
        if self.lazy_members {
            pairs.push(json!([MEMBER, "$LAZY"]));
        }
        json!(pairs)
    }
}
