//! Scenarios as text: what the homeserver answers line by line, and what is held afterwards.
//!
//! An event is a word, which is its id as well: `m1` a message, `name=A` state, `@b=join` a member, `create`. What comes
//! after `#` only tells two ids apart; `>5` says when it was sent, `/@b` by whom, `?x` its transaction id.
//!
//! ```text
//! v2 s1                                      one response; `v2 s1 OTHER` of another device
//!   join !a create @me=join | m1 m2          state | timeline
//!   join !a | m3 limited prev:p              and `after` for `state_after`, `joined:2`, `heroes:@b,@c`, `unread:2/1`
//!   invite !b name=B @me=invite/@b
//! whole invites                              the invites of a base
//! whole                                      a base, with lines as above; also `scout`, `crawl`
//! history !a m1 m2 prev:p state @b=join      older events, and the members that they need; `at:2 from:0` when it was asked
//! ```

use std::{collections::BTreeMap, fmt::Write as _, rc::Rc};

use ruma::{DeviceId, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

use super::super::*;
use crate::{
    cache::{AccountCache, Stored},
    model::{
        Bootstrap, Commit, Event, Known, Ordinal, Position, RecordKey, RoomEntry, Step, Timestamp,
        v2::{JoinedRoom, RoomState, SyncResponse},
    },
};

/// An account that lives through a scenario.
pub(super) struct World {
    pub cache: AccountCache,
    pub now: Timestamp,
    /// What the last commit was.
    pub last: Commit,
    /// Every record that was ever loaded had to be asked for.
    pub loads: usize,
}

impl World {
    pub fn new() -> World {
        let mut world = World {
            cache: AccountCache::new("@me:x".try_into().expect("a user id"), Stored::default()),
            now: Timestamp(1000),
            last: Commit::default(),
            loads: 0,
        };
        world.cache.account.bootstrap = Bootstrap::Complete;
        world
    }

    /// Lives through a scenario.
    pub fn run(&mut self, script: &str) {
        const INNER: [&str; 8] = ["join", "leave", "invite", "knock", "changed", "left", "keys", "fallback"];
        let is_inner = |line: &str| line.split_whitespace().next().is_some_and(|word| INNER.contains(&word));
        let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let mut block = Vec::new();
            while let Some(inner) = lines.next_if(|next| is_inner(next)) {
                block.push(inner.to_owned());
            }
            self.step(line, &block);
        }
    }

    fn step(&mut self, line: &str, block: &[String]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.now.0 += 1000;
        match words.as_slice() {
            ["v2", next_batch] => self.v2(next_batch, "DEVICE", block),
            ["v2", next_batch, device] => self.v2(next_batch, device, block),
            ["bootstrap", "start"] => self.cache.account.bootstrap = Bootstrap::Start,
            ["bootstrap", "complete"] => self.cache.account.bootstrap = Bootstrap::Complete,
            ["now", now] => self.now = Timestamp(now.parse().expect("a time")),
            ["author", device] => self.cache.account.author = Some((*device).into()),
            ["restart"] => {
                let device = self.cache.devices.get(device("DEVICE")).expect("the device").record.as_ref().clone();
                let mut commit = Commit { account: self.cache.account.clone(), ..Commit::default() };
                commit.devices.push(crate::model::DeviceRecord { since: None, ..device });
                self.cache.apply(&commit);
            }
            ["joined", rooms @ ..] => {
                let rooms: Vec<OwnedRoomId> = rooms.iter().map(|name| room(name)).collect();
                self.commit(|world| accumulate_joined_rooms(&world.cache, &rooms, world.now));
            }
            ["complete"] => {
                let rooms: Vec<OwnedRoomId> = self.cache.rooms.iter().map(|(_, entry)| entry.room_id.clone()).collect();
                self.commit(|world| {
                    complete_bootstrap(&world.cache, &rooms, &world.cache.account.unignored.clone(), world.now)
                });
            }
            ["whole", "invites"] => {
                let parts: Vec<Part> = block.iter().map(|line| Part::read(line, self.now)).collect();
                let response = response("w", &parts);
                self.commit(|world| accumulate_invites(&world.cache, &response, world.now));
            }
            ["scout"] => self.base(BaseKind::Scout, block),
            ["whole"] => self.base(BaseKind::Whole, block),
            ["crawl"] => self.base(BaseKind::Crawl, block),
            ["members", name, at, events @ ..] => {
                let events = self.events(events);
                let (room, at) = (room(name), Position(at.parse().expect("a position")));
                self.commit(|world| accumulate_members(&world.cache, &room, &borrow(&events), at, world.now));
            }
            ["full-state", name, at, events @ ..] => {
                let events = self.events(events);
                let (room, at) = (room(name), Position(at.parse().expect("a position")));
                self.commit(|world| accumulate_full_state(&world.cache, &room, &borrow(&events), at, world.now));
            }
            ["history", name, words @ ..] => {
                let (options, words) = options(words);
                let (events, state) =
                    words.split_at(words.iter().position(|word| *word == "state").unwrap_or(words.len()));
                let (events, state) = (self.events(events), self.events(state.get(1..).unwrap_or_default()));
                // `at:N`: asked for at that position; `from:N`: when that was the first that was held; else just now.
                let number = |name: &str| options.get(name).map(|number| number.parse().expect("a number"));
                let position = |number: i64| Position(u64::try_from(number).expect("a position"));
                let history = History {
                    asked_at: number("at").map_or(self.cache.account.position, position),
                    held_from: number("from").map_or(self.entry(name).timeline_first, Ordinal),
                    events: borrow(&events),
                    state: borrow(&state),
                    token_before: options.get("prev").map(|token| (*token).to_owned()),
                    complete: options.contains_key("complete"),
                };
                self.commit(|world| accumulate_history(&world.cache, &room(name), &history, world.now));
            }
            ["forget", name] => {
                let room = room(name);
                self.commit(|world| forget_room(&world.cache, &room, world.now));
            }
            ["ack", sequence] => {
                let sequence = sequence.parse().expect("a sequence number");
                loop {
                    match acknowledge_to_device(&self.cache, device("DEVICE"), sequence) {
                        Step::Done(commit) => break commit.into_iter().for_each(|commit| self.apply(commit)),
                        Step::Need(keys) => self.load(keys),
                    }
                }
            }
            _ => panic!("no such step: {line}"),
        }
    }

    fn v2(&mut self, next_batch: &str, device_name: &str, block: &[String]) {
        let parts: Vec<Part> = block.iter().map(|line| Part::read(line, self.now)).collect();
        let response = response(next_batch, &parts);
        self.commit(|world| accumulate_sync(&world.cache, device(device_name), &response, world.now));
    }

    /// Commits what a response in JSON brings.
    pub fn json(&mut self, body: &str) {
        self.now.0 += 1000;
        let response = crate::upstream::parse::sync_response(body.as_bytes()).expect("readable");
        self.commit(|world| accumulate_sync(&world.cache, device("DEVICE"), &response, world.now));
    }

    fn base(&mut self, kind: BaseKind, block: &[String]) {
        let parts: Vec<Part> = block.iter().map(|line| Part::read(line, self.now)).collect();
        let rooms: Vec<Base<'_>> = parts
            .iter()
            .map(|part| Base {
                room_id: room(&part.words[0]),
                room: part.joined_room(),
                left: part.what == "leave",
                token_after: part.options.get("next").cloned(),
            })
            .collect();
        self.commit(|world| accumulate_base(&world.cache, &rooms, kind, world.now));
    }

    pub fn commit(&mut self, step: impl Fn(&World) -> Step<Commit>) {
        for _ in 0..3 {
            match step(self) {
                Step::Done(commit) => return self.apply(commit),
                Step::Need(keys) => self.load(keys),
            }
        }
        panic!("the step needs more than two rounds of loading");
    }

    fn load(&mut self, keys: Vec<RecordKey>) {
        self.loads += 1;
        for key in keys {
            // Whatever was ever written is in the cache, so what is missing does not exist.
            assert!(self.cache.records.get(&key).is_none(), "asked for again: {key:?}");
            self.cache.records.put(key, None);
        }
    }

    fn apply(&mut self, commit: Commit) {
        for (key, record) in &commit.records {
            if let Some(record) = record {
                let stored = record.encode().expect("encodes");
                crate::model::Record::decode(key, &stored).expect("decodes");
            }
        }
        self.cache.apply(&commit);
        self.last = commit;
    }

    fn events(&self, words: &[&str]) -> Vec<Box<RawValue>> {
        words.iter().map(|word| event(word, self.now)).collect()
    }

    pub fn entry(&self, name: &str) -> &RoomEntry {
        self.cache.rooms.entry(&room(name)).expect("the room is there")
    }

    pub fn dump(&self) -> String {
        let mut names: Vec<_> = self.cache.rooms.iter().map(|(_, entry)| entry.room_id.clone()).collect();
        names.sort();
        let mut out = String::new();
        for name in names {
            let _ = self.dump_room(&mut out, &name);
        }
        for note in &self.last.skipped {
            let _ = writeln!(out, "skipped {note}");
        }
        out
    }

    fn dump_room(&self, out: &mut String, room: &OwnedRoomId) -> std::fmt::Result {
        let Some(entry) = self.cache.rooms.entry(room) else { return Ok(()) };
        write!(
            out,
            "{} {}{}",
            short(room.as_str()),
            entry.membership.as_str(),
            if entry.by_other { " by other" } else { "" }
        )?;
        match entry.known {
            Known::Whole => {}
            Known::Provisional => write!(out, " provisional")?,
            Known::Unknown => write!(out, " unknown")?,
        }
        write!(out, " active {}", entry.activity.0)?;
        if entry.recency() != entry.activity {
            write!(out, " bump {}", entry.recency().0)?;
        }
        let optional = [
            ("name", entry.name.clone()),
            ("avatar", entry.avatar.as_ref().map(ToString::to_string)),
            ("alias", entry.canonical_alias.clone()),
            ("type", entry.room_type.clone()),
            (
                "encrypted",
                entry
                    .encrypted
                    .filter(|encrypted| *encrypted || entry.membership.as_str() == "invite")
                    .map(|encrypted| encrypted.to_string()),
            ),
            ("successor", entry.successor.as_ref().map(|room| short(room.as_str()))),
            ("joined", entry.joined_count.map(|count| count.to_string())),
            ("invited", entry.invited_count.map(|count| count.to_string())),
            ("unread", entry.notification_count.map(|count| format!("{count}/{}", entry.highlight_count.unwrap_or(0)))),
        ];
        for (what, value) in optional {
            if let Some(value) = value {
                write!(out, " {what} {value}")?;
            }
        }
        let heroes: Vec<String> = entry
            .heroes
            .iter()
            .map(|hero| {
                format!(
                    "{}{}",
                    short(hero.user_id.as_str()),
                    hero.displayname.as_ref().map(|name| format!("({name})")).unwrap_or_default()
                )
            })
            .collect();
        let lists = [
            ("heroes", heroes),
            ("children", entry.space_children.iter().map(|room| short(room.as_str())).collect()),
            ("tags", entry.tags.clone()),
        ];
        for (what, values) in lists {
            if !values.is_empty() {
                write!(out, " {what} {}", values.join(","))?;
            }
        }
        if entry.members_complete {
            write!(out, " all members")?;
        }
        writeln!(out)?;
        self.dump_timeline(out, entry)?;
        self.dump_state(out, entry)?;
        self.dump_stripped(out, entry)
    }

    fn dump_timeline(&self, out: &mut String, entry: &RoomEntry) -> std::fmt::Result {
        let (first, end) = (entry.timeline_first, entry.timeline_end);
        if first == end {
            return Ok(());
        }
        write!(out, "  {}..{}{}", first.0, end.0, if entry.timeline_complete { " all" } else { "" })?;
        let mut ordinal = first.0;
        let mut open = false;
        for chunk in first.chunk()..=Ordinal(end.0 - 1).chunk() {
            let key = RecordKey::Timeline(entry.room_id.clone(), chunk);
            let Some(Some(crate::model::Record::Timeline(chunk))) = self.cache.records.get(&key) else {
                panic!("chunk {chunk} of {} is missing", entry.room_id)
            };
            for slot in &chunk.events {
                assert_eq!(slot.ordinal.0, ordinal, "ordinals have a hole");
                ordinal += 1;
                if slot.gap_before {
                    write!(out, "{} gap", if open { "]" } else { "" })?;
                    open = false;
                }
                write!(out, "{}", if open { " " } else { " [" })?;
                open = true;
                if let Some(token) = &slot.token_before {
                    write!(out, "<{token} ")?;
                }
                write!(out, "{}{}", if slot.live { "" } else { "~" }, show(&slot.event))?;
                if let Some((device, transaction)) = &slot.transaction {
                    write!(out, "?{device}:{transaction}")?;
                }
                if let Some(token) = &slot.token_after {
                    write!(out, " {token}>")?;
                }
            }
        }
        assert_eq!(ordinal, end.0, "the last chunk ends elsewhere");
        writeln!(out, "]{}", entry.joined_at.map(|at| format!(" joined at {}", at.0)).unwrap_or_default())
    }

    fn dump_state(&self, out: &mut String, entry: &RoomEntry) -> std::fmt::Result {
        let state = (0..entry.state_buckets).map(|bucket| RecordKey::State(entry.room_id.clone(), bucket));
        let members = (0..entry.member_buckets).map(|bucket| RecordKey::Members(entry.room_id.clone(), bucket));
        let mut words = Vec::new();
        for key in state.chain(members) {
            let Some(Some(crate::model::Record::State(record))) = self.cache.records.get(&key) else { continue };
            for ((kind, state_key), held) in &record.entries {
                let what = held.event.as_ref().map_or_else(|| format!("-{kind}{state_key}"), show);
                words.push(format!("{what}^{}{}", held.position.0, if held.provisional { "?" } else { "" }));
            }
        }
        if words.is_empty() { Ok(()) } else { writeln!(out, "  {}", words.join(" ")) }
    }

    fn dump_stripped(&self, out: &mut String, entry: &RoomEntry) -> std::fmt::Result {
        let key = RecordKey::Stripped(entry.room_id.clone());
        let Some(Some(crate::model::Record::Stripped(record))) = self.cache.records.get(&key) else { return Ok(()) };
        for event in &record.events {
            writeln!(out, "  stripped^{} {}", record.position.0, event.get())?;
        }
        Ok(())
    }
}

/// Shows an event by its word, and marks a redacted one.
fn show(event: &Event) -> String {
    let word = event.id().as_str().trim_start_matches('$').replace(":x", "");
    let redacted = event.unsigned.as_ref().is_some_and(|unsigned| unsigned.get().contains("redacted_because"));
    format!("{word}{}", if redacted { "(redacted)" } else { "" })
}

fn short(id: &str) -> String {
    id.trim_end_matches(":x").to_owned()
}

pub(super) fn room(name: &str) -> OwnedRoomId {
    format!("{name}:x").try_into().expect("a room id")
}

fn user(name: &str) -> OwnedUserId {
    format!("{name}:x").try_into().expect("a user id")
}

fn device(name: &str) -> &DeviceId {
    name.into()
}

pub(super) fn borrow(events: &[Box<RawValue>]) -> Vec<&RawValue> {
    events.iter().map(AsRef::as_ref).collect()
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("test JSON")
}

/// Splits words from options: `limited`, `prev:p`.
fn options<'a>(words: &[&'a str]) -> (BTreeMap<&'a str, &'a str>, Vec<&'a str>) {
    const NAMES: [&str; 11] =
        ["limited", "prev", "next", "joined", "invited", "heroes", "unread", "after", "complete", "at", "from"];
    let mut options = BTreeMap::new();
    let mut rest = Vec::new();
    for word in words {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        if NAMES.contains(&name) {
            options.insert(name, value);
        } else {
            rest.push(*word);
        }
    }
    (options, rest)
}

/// Makes the event that a word stands for.
pub(super) fn event(word: &str, now: Timestamp) -> Box<RawValue> {
    let id = word;
    let (word, transaction) = word.split_once('?').map_or((word, None), |(word, id)| (word, Some(id)));
    let (word, sent) = word.split_once('>').map_or((word, now.0), |(word, at)| (word, at.parse().expect("a time")));
    let (word, sender) = word.split_once('/').map_or((word, None), |(word, sender)| (word, Some(sender)));
    let (word, _) = word.split_once('#').unwrap_or((word, ""));
    let id = id.split_once(['>', '?']).map_or(id, |(id, _)| id);
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let (kind, state_key, content) = match (name, value) {
        (member, value) if member.starts_with('@') => {
            let (membership, display) = value.split_once(':').unwrap_or((value, ""));
            let display = if display.is_empty() { String::new() } else { format!(r#","displayname":"{display}""#) };
            ("m.room.member", Some(format!("{member}:x")), format!(r#"{{"membership":"{membership}"{display}}}"#))
        }
        ("create", "") => ("m.room.create", Some(String::new()), r#"{"room_version":"11"}"#.to_owned()),
        ("create", kind) => ("m.room.create", Some(String::new()), format!(r#"{{"type":"{kind}"}}"#)),
        ("name", value) => ("m.room.name", Some(String::new()), format!(r#"{{"name":"{value}"}}"#)),
        ("avatar", value) => ("m.room.avatar", Some(String::new()), format!(r#"{{"url":"{value}"}}"#)),
        ("alias", value) => ("m.room.canonical_alias", Some(String::new()), format!(r#"{{"alias":"{value}"}}"#)),
        ("topic", value) => ("m.room.topic", Some(String::new()), format!(r#"{{"topic":"{value}"}}"#)),
        ("encryption", _) => ("m.room.encryption", Some(String::new()), r#"{"algorithm":"a"}"#.to_owned()),
        ("tombstone", value) => {
            ("m.room.tombstone", Some(String::new()), format!(r#"{{"replacement_room":"{value}:x"}}"#))
        }
        ("child", value) => ("m.space.child", Some(format!("{value}:x")), r#"{"via":["x"]}"#.to_owned()),
        ("no-child", value) => ("m.space.child", Some(format!("{value}:x")), "{}".to_owned()),
        ("redact", target) => ("m.room.redaction", None, format!(r#"{{"redacts":"${target}"}}"#)),
        ("reply", target) => ("m.room.message", None, format!(r#"{{"m.relates_to":{{"event_id":"${target}"}}}}"#)),
        ("reaction", _) => ("m.reaction", None, "{}".to_owned()),
        ("bundled", _) => ("m.room.message", None, r#"{"body":"b"}"#.to_owned()),
        ("bad", _) => return raw(r#"{"type":5}"#.to_owned()),
        _ => ("m.room.message", None, format!(r#"{{"body":"{word}"}}"#)),
    };
    // A member speaks for itself unless somebody else is named.
    let default = state_key.as_deref().filter(|key| key.starts_with('@')).map_or("@b:x".to_owned(), ToOwned::to_owned);
    let sender = sender.map_or(default, |sender| format!("{sender}:x"));
    let state_key = state_key.map(|key| format!(r#","state_key":"{key}""#)).unwrap_or_default();
    let mut unsigned = vec![r#""age":1"#.to_owned()];
    unsigned.extend(transaction.map(|id| format!(r#""transaction_id":"{id}""#)));
    if name == "bundled" {
        unsigned.push(r#""m.relations":{"m.thread":{}}"#.to_owned());
    }
    raw(format!(
        r#"{{"type":"{kind}","event_id":"${id}","sender":"{sender}","origin_server_ts":{sent},"content":{content}{state_key},"unsigned":{{{}}}}}"#,
        unsigned.join(",")
    ))
}

/// One line of a response.
struct Part {
    what: String,
    words: Vec<String>,
    options: BTreeMap<String, String>,
    state: Vec<Box<RawValue>>,
    timeline: Vec<Box<RawValue>>,
    ephemeral: Vec<Box<RawValue>>,
    account_data: Vec<Box<RawValue>>,
}

impl Part {
    fn read(line: &str, now: Timestamp) -> Part {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (what, rest) = words.split_first().expect("a word");
        let mut part = Part {
            what: (*what).to_owned(),
            words: rest.iter().map(|word| (*word).to_owned()).collect(),
            options: BTreeMap::new(),
            state: Vec::new(),
            timeline: Vec::new(),
            ephemeral: Vec::new(),
            account_data: Vec::new(),
        };
        if !matches!(*what, "join" | "leave" | "invite" | "knock") {
            return part;
        }
        let (options, words) = options(rest.get(1..).unwrap_or_default());
        part.options = options.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut in_timeline = false;
        for word in words {
            if word == "|" {
                in_timeline = true;
            } else if let Some(users) = word.strip_prefix("typing=") {
                let users: Vec<String> =
                    users.split(',').filter(|name| !name.is_empty()).map(|name| format!("{:?}", user(name))).collect();
                part.ephemeral
                    .push(raw(format!(r#"{{"type":"m.typing","content":{{"user_ids":[{}]}}}}"#, users.join(","))));
            } else if let Some(receipt) = word.strip_prefix("read=") {
                part.ephemeral.push(receipt_event(receipt));
            } else if let Some(tags) = word.strip_prefix("tags=") {
                let tags: Vec<String> =
                    tags.split(',').filter(|tag| !tag.is_empty()).map(|tag| format!(r#""{tag}":{{}}"#)).collect();
                part.account_data
                    .push(raw(format!(r#"{{"type":"m.tag","content":{{"tags":{{{}}}}}}}"#, tags.join(","))));
            } else if in_timeline {
                part.timeline.push(event(word, now));
            } else {
                part.state.push(event(word, now));
            }
        }
        part
    }

    fn joined_room(&self) -> JoinedRoom<'_> {
        let state = borrow(&self.state);
        let number = |name: &str| self.options.get(name).and_then(|value| value.parse().ok());
        let unread = self.options.get("unread").and_then(|unread| unread.split_once('/'));
        let mut room = JoinedRoom {
            state: if self.options.contains_key("after") { RoomState::After(state) } else { RoomState::Before(state) },
            timeline: borrow(&self.timeline),
            limited: self.options.contains_key("limited"),
            prev_batch: self.options.get("prev").map(|token| token.as_str().into()),
            notification_count: unread.and_then(|(count, _)| count.parse().ok()),
            highlight_count: unread.and_then(|(_, count)| count.parse().ok()),
            ephemeral: borrow(&self.ephemeral),
            account_data: borrow(&self.account_data),
            ..JoinedRoom::default()
        };
        room.summary.joined_count = number("joined");
        room.summary.invited_count = number("invited");
        room.summary.heroes = self.options.get("heroes").map(|heroes| heroes.split(',').map(user).collect());
        room
    }
}

/// `m1@b` or `m1@b/thread`.
fn receipt_event(word: &str) -> Box<RawValue> {
    let (event, reader) = word.split_once('@').expect("a receipt is event@user");
    let (reader, thread) = reader
        .split_once('/')
        .map_or((reader, String::new()), |(reader, thread)| (reader, format!(r#","thread_id":"{thread}""#)));
    raw(format!(r#"{{"type":"m.receipt","content":{{"${event}":{{"m.read":{{"@{reader}:x":{{"ts":1{thread}}}}}}}}}}}"#))
}

fn response<'a>(next_batch: &'a str, parts: &'a [Part]) -> SyncResponse<'a> {
    let mut response = SyncResponse { next_batch: Some(next_batch.into()), ..SyncResponse::default() };
    for part in parts {
        let words: Vec<&str> = part.words.iter().map(String::as_str).collect();
        match part.what.as_str() {
            "join" => response.join.push((room(words[0]), part.joined_room())),
            "leave" => response.leave.push((room(words[0]), part.joined_room())),
            "invite" => response.invite.push((room(words[0]), borrow(&part.state))),
            "knock" => response.knock.push((room(words[0]), borrow(&part.state))),
            "changed" => response.device_lists_changed = words.iter().map(|name| user(name)).collect(),
            "left" => response.device_lists_left = words.iter().map(|name| user(name)).collect(),
            "keys" => response.one_time_keys = Some(vec![("a".to_owned(), words[0].parse().expect("a count"))]),
            "fallback" => {
                response.unused_fallback_key_types = Some(words.iter().map(|kind| (*kind).to_owned()).collect());
            }
            "json" => {}
            what => panic!("no such line: {what}"),
        }
    }
    response
}

/// Shows the receipts of a room.
pub(super) fn receipts(world: &World, name: &str) -> String {
    let key = RecordKey::Receipts(room(name));
    let Some(Some(crate::model::Record::Receipts(record))) = world.cache.records.get(&key) else {
        return String::new();
    };
    let record = Rc::clone(record);
    let show = |receipt: &crate::model::Receipt| {
        let thread = receipt.thread.as_ref().map(|thread| format!("/{thread}")).unwrap_or_default();
        format!(
            "{}{}{thread}^{}",
            receipt.event.as_str().trim_start_matches('$'),
            short(receipt.user.as_str()),
            receipt.position.0
        )
    };
    record.receipts.iter().map(show).collect::<Vec<_>>().join(" ")
}
