//! The language of the scenarios.
//!
//! - `!a: join; name Tea; m1 @bob:x` — one commit of a room; `direct: !a`, `todevice: x` — one of the account.
//! - `sync a[0,1] limit=2 state=m.room.name lazy +!b typing` — a request with the last `pos`; `first …` without one;
//!   `again …` with the one before, as if the last answer had been lost; `late …` as well, but it came before the last
//!   request, which overtook it. `v4` or `on=simplified` choose the wire.
//! - `wait` in a request parks it; a later commit that wakes it shows its answer under the commit.
//! - `many 5` makes as many rooms; `…` in an answer stands for the rooms that are too many to write out.
//! - `cap 1` lets answers carry no more than so many rooms.
//! - `restart` loses all memory; `later 30000` lets milliseconds pass; `idle` drops what is unused, and tells how many
//!   connections are left in memory.

use std::{collections::BTreeMap, fmt::Write, rc::Rc, time::Duration};

use ruma::{DeviceId, OwnedRoomId};

use super::world::{DEVICE, ME, World};
use crate::connection::{
    Answer, AnswerLimits, AnsweredEvent, Arrival, Connections, Fetch, ListRequest, Poll, Pos, RoomConfig, RoomResult,
    Scope, Selection, StateItem, StatePattern, SyncError, SyncRequest, SyncResponse, Ticket, ToDeviceRequest,
    TypingNames, Unread, Window, Wire,
};
use crate::model::{Filters, Position, Step};

/// Runs a script and returns what the client saw.
pub fn run(script: &str) -> String {
    let mut runner = Runner::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        runner.line(line);
    }
    runner.out
}

/// Compares what the client saw with what it should.
#[track_caller]
pub fn check(script: &str, expected: expect_test::Expect) {
    expected.assert_eq(&run(script));
}

struct Runner {
    world: World,
    connections: Connections,
    limits: AnswerLimits,
    nonces: u64,
    /// What the next `late` request came as.
    overtaken: Option<Arrival>,
    clients: BTreeMap<String, Client>,
    parked: Vec<(String, Ticket)>,
    out: String,
}

#[derive(Default)]
struct Client {
    last: Option<Pos>,
    before: Option<Pos>,
    since: Option<u64>,
}

impl Runner {
    fn new() -> Runner {
        Runner {
            world: World::new(),
            connections: Connections::default(),
            limits: AnswerLimits::default(),
            nonces: 0,
            overtaken: None,
            clients: BTreeMap::new(),
            parked: Vec::new(),
            out: String::new(),
        }
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "many" => {
                for number in 0..rest.parse::<u32>().expect("a number") {
                    self.world.commit_room(&format!("!n{number:04}:x"), "create; join");
                }
            }
            "sync" | "first" | "again" | "foreign" | "late" => self.sync(word, rest),
            "cap" => {
                self.limits.rooms = rest.parse().expect("a number of rooms");
                self.connections.limit_answers(self.limits);
            }
            "restart" => {
                self.connections = Connections::default();
                self.connections.limit_answers(self.limits);
                self.parked.clear();
                self.world.restart();
            }
            "idle" => {
                self.connections.handle_idle(&mut self.world.cache, self.world.now);
                writeln!(self.out, "{} in memory", self.connections.in_memory()).expect("text");
            }
            "later" => {
                self.world.now = self.world.now.after(Duration::from_millis(rest.parse().expect("milliseconds")));
                let parked = std::mem::take(&mut self.parked);
                for (name, ticket) in parked {
                    self.poll(&name, ticket);
                }
            }
            _ => self.commit(line),
        }
    }

    fn commit(&mut self, line: &str) {
        let (subject, items) = line.split_once(':').expect("a commit has a colon");
        let changes = if subject.starts_with('!') {
            self.world.commit_room(&format!("{subject}:x"), items)
        } else {
            let words: Vec<String> = items.split_whitespace().map(with_server).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.world.commit_global(subject, &words)
        };
        let woken = self.connections.handle_change(&mut self.world.cache, &changes);
        let (awake, asleep) = std::mem::take(&mut self.parked).into_iter().partition(|(_, t)| woken.contains(t));
        self.parked = asleep;
        let awake: Vec<(String, Ticket)> = awake;
        for (name, ticket) in awake {
            writeln!(self.out, "{subject} wakes {name}").expect("text");
            self.poll(&name, ticket);
        }
    }

    fn sync(&mut self, kind: &str, words: &str) {
        let mut request = request(words);
        let name = format!("{}/{}", request.wire.name(), request.conn_id);
        let client = self.clients.entry(name.clone()).or_default();
        request.pos = match kind {
            "sync" => client.last,
            "again" | "late" => client.before,
            "foreign" => Some(Pos { state: 0, position: Position(1), incarnation: 1, nonce: 99 }),
            _ => None,
        };
        if let Some(to_device) = &mut request.extensions.to_device {
            to_device.since = to_device.since.or(client.since);
        }
        writeln!(self.out, "> {kind} {words}").expect("text");
        let request = Rc::new(request);
        self.nonces += 1;
        let device: &DeviceId = DEVICE.into();
        let arrival = match (kind, self.overtaken.take()) {
            ("late", overtaken) => overtaken.expect("a request that overtook this one"),
            _ => {
                self.overtaken = Some(self.connections.arrive());
                self.connections.arrive()
            }
        };
        let accepted = loop {
            let (cache, now) = (&mut self.world.cache, self.world.now);
            match self.connections.handle_request(cache, device, &request, arrival, self.nonces, now) {
                Ok(Step::Done(accepted)) => break accepted,
                Ok(Step::Need(keys)) => self.world.load(keys),
                Err(error) => return self.error(&error),
            }
        };
        for superseded in &accepted.superseded {
            let name = &self.parked.iter().find(|(_, ticket)| ticket == superseded).map(|(name, _)| name.clone());
            let poll = self.connections.poll_response(&mut self.world.cache, superseded, self.world.now);
            assert!(matches!(poll, Poll::Superseded), "a superseded request was answered");
            self.parked.retain(|(_, ticket)| ticket != superseded);
            writeln!(self.out, "superseded {}", name.as_deref().unwrap_or("?")).expect("text");
        }
        if let Some(sequence) = accepted.acknowledge_to_device {
            self.world.acknowledge(device, sequence);
        }
        self.poll(&name, accepted.ticket);
    }

    fn error(&mut self, error: &SyncError) {
        writeln!(self.out, "error: {error}").expect("text");
    }

    fn poll(&mut self, name: &str, ticket: Ticket) {
        for _ in 0..1_000 {
            match self.connections.poll_response(&mut self.world.cache, &ticket, self.world.now) {
                Poll::Need(keys) => self.world.load(keys),
                Poll::Wait { until, fetch } => {
                    let wait = until.since(self.world.now).as_millis();
                    writeln!(self.out, "waits {wait}").expect("text");
                    self.wishes(fetch);
                    return self.parked.push((name.to_owned(), ticket));
                }
                Poll::Superseded => return writeln!(self.out, "superseded").expect("text"),
                Poll::Ready(answer) => {
                    self.connections.handle_written(&ticket);
                    return self.answer(name, *answer);
                }
            }
        }
        panic!("loading never ends");
    }

    fn answer(&mut self, name: &str, answer: Answer) {
        let Answer { response, writes, fetch } = answer;
        let stored = writes.iter().filter(|(key, record)| is_part(key) && record.is_some()).count();
        self.world.write(writes);
        let client = self.clients.entry(name.to_owned()).or_default();
        client.before = client.last.replace(response.pos);
        if let Some(to_device) = &response.extensions.to_device {
            client.since = Some(to_device.next_batch);
        }
        describe(&mut self.out, &response, stored);
        self.wishes(fetch);
        // Whatever is said must be readable on the wire.
        super::oracle::check(&response);
    }

    fn wishes(&mut self, fetch: Vec<Fetch>) {
        for wish in fetch {
            match wish {
                Fetch::Timeline { room, from, limit } => writeln!(self.out, "  fetch {room} from {from} limit {limit}"),
                Fetch::Members { room } => writeln!(self.out, "  fetch members of {room}"),
            }
            .expect("text");
        }
    }
}

fn is_part(key: &crate::model::RecordKey) -> bool {
    matches!(key, crate::model::RecordKey::Connection(_, wire, ..) if !wire.is_empty())
}

fn with_server(word: &str) -> String {
    if word.starts_with('!') && !word.contains(':') { format!("{word}:x") } else { word.to_owned() }
}

pub fn request(words: &str) -> SyncRequest {
    let mut request = SyncRequest {
        wire: Wire::V4,
        conn_id: String::new(),
        pos: None,
        timeout: Duration::ZERO,
        set_presence: None,
        lists: BTreeMap::new(),
        room_subscriptions: BTreeMap::new(),
        unsubscribe_rooms: Vec::new(),
        sticky_subscriptions: false,
        txn_id: None,
        typing_names: TypingNames { stable: true, unstable: false },
        extensions: Default::default(),
    };
    let mut target = Target::None;
    for word in words.split_whitespace() {
        if let Some((key, window)) = word.split_once('[').filter(|(key, _)| !key.contains('=')) {
            let window = match window.trim_end_matches(']') {
                "all" => Window::All,
                "" => Window::Ranges(Vec::new()),
                ranges => Window::Ranges(ranges.split('|').map(range).collect()),
            };
            let list = ListRequest { window, filters: Filters::default(), config: RoomConfig::default() };
            request.lists.insert(key.to_owned(), list);
            target = Target::List(key.to_owned());
        } else if let Some(room) = word.strip_prefix('+') {
            let room = OwnedRoomId::try_from(with_server(room)).expect("room id");
            request.room_subscriptions.insert(room.clone(), RoomConfig::default());
            target = Target::Room(room);
        } else if let Some(room) = word.strip_prefix('-') {
            request.unsubscribe_rooms.push(OwnedRoomId::try_from(with_server(room)).expect("room id"));
        } else if !option(&mut request, word) {
            target.set(&mut request, word);
        }
    }
    request
}

enum Target {
    None,
    List(String),
    Room(OwnedRoomId),
}

impl Target {
    fn set(&self, request: &mut SyncRequest, word: &str) {
        let (filters, config) = match self {
            Target::None => panic!("{word} belongs to no list and no subscription"),
            Target::List(key) => {
                let list = request.lists.get_mut(key).expect("the list");
                (Some(&mut list.filters), &mut list.config)
            }
            Target::Room(room) => (None, request.room_subscriptions.get_mut(room).expect("the subscription")),
        };
        match word.split_once('=').unwrap_or((word, "")) {
            ("limit", limit) => config.timeline_limit = limit.parse().expect("a limit"),
            ("lazy", _) => config.required_state.lazy_members = true,
            ("state", patterns) => config.required_state.include = patterns.split(',').map(pattern).collect(),
            ("exclude", patterns) => config.required_state.exclude = patterns.split(',').map(pattern).collect(),
            ("dm", value) => filters.expect("a list").is_dm = Some(value == "yes"),
            ("encrypted", value) => filters.expect("a list").is_encrypted = Some(value == "yes"),
            ("invited", value) => filters.expect("a list").is_invited = Some(value == "yes"),
            ("tag", tag) => filters.expect("a list").tags = Some(vec![tag.to_owned()]),
            (other, _) => panic!("unknown word {other}"),
        }
    }
}

/// What belongs to the request as a whole.
fn option(request: &mut SyncRequest, word: &str) -> bool {
    let extensions = &mut request.extensions;
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    match name {
        "simplified" => request.wire = Wire::Simplified,
        "conn" => request.conn_id = value.to_owned(),
        "wait" => request.timeout = Duration::from_secs(30),
        "sticky" => request.sticky_subscriptions = true,
        "to_device" => {
            let limit = if value.is_empty() { 100 } else { value.parse().expect("a limit") };
            extensions.to_device = Some(ToDeviceRequest { limit, since: None });
        }
        "since" => {
            let since = value.parse().expect("a token");
            extensions.to_device = Some(ToDeviceRequest { limit: 100, since: Some(since) });
        }
        "e2ee" => extensions.e2ee = true,
        "account_data" => extensions.account_data = Some(scope(value)),
        "receipts" => extensions.receipts = Some(scope(value)),
        "typing" => extensions.typing = Some(scope(value)),
        "presence" => extensions.presence = true,
        "unread" => extensions.counts = true,
        _ => return false,
    }
    true
}

/// `lists/rooms`, each a list of names or empty for none; nothing at all for all.
fn scope(value: &str) -> Scope {
    let Some((lists, rooms)) = value.split_once('/') else {
        return Scope { lists: Selection::All, rooms: Selection::All };
    };
    let names = |part: &str| part.split(',').filter(|name| !name.is_empty()).map(with_server).collect::<Vec<_>>();
    Scope {
        lists: Selection::Some(names(lists)),
        rooms: Selection::Some(names(rooms).into_iter().map(|room| room.try_into().expect("room id")).collect()),
    }
}

fn range(text: &str) -> (u64, u64) {
    let (first, last) = text.split_once(',').expect("a range");
    (first.parse().expect("a number"), last.parse().expect("a number"))
}

/// `type/key`; `*` matches everything, no key means the empty one, `me` is the user.
fn pattern(text: &str) -> StatePattern {
    let some = |text: &str| (text != "*").then(|| if text == "me" { ME.to_owned() } else { text.to_owned() });
    let (event_type, state_key) = text.split_once('/').unwrap_or((text, if text == "*" { "*" } else { "" }));
    let event_type = match event_type {
        "name" => "m.room.name",
        "topic" => "m.room.topic",
        "member" => "m.room.member",
        other => other,
    };
    StatePattern { event_type: some(event_type), state_key: some(state_key) }
}

fn describe(out: &mut String, response: &SyncResponse, stored: usize) {
    let mut lines = Vec::new();
    for (key, list) in &response.lists {
        lines.push(format!("{key}: {}", list.count));
    }
    lines.extend(response.rooms.iter().take(20).map(|(id, room)| describe_room(id.as_str(), room)));
    if response.rooms.len() > 20 {
        lines.push(format!("… {} rooms", response.rooms.len()));
    }
    lines.extend(describe_extensions(response));
    if stored > 0 {
        lines.push(format!("({stored} stored)"));
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    for line in lines {
        writeln!(out, "  {line}").expect("text");
    }
}

fn describe_room(id: &str, room: &RoomResult) -> String {
    let mut line = id.trim_end_matches(":x").to_owned();
    let mut add = |word: String| write!(line, " {word}").expect("text");
    if room.initial {
        add("initial".to_owned());
    }
    if let Some(membership) = room.membership {
        add(membership.as_str().to_owned());
    }
    if !room.lists.is_empty() {
        add(format!("in {}", room.lists.join(",")));
    }
    match &room.name {
        Some(Some(name)) => add(format!("name={name}")),
        Some(None) => add("name=null".to_owned()),
        None => {}
    }
    if let Some(heroes) = &room.heroes {
        add(format!("heroes={}", heroes.iter().map(|hero| hero.user_id.as_str()).collect::<Vec<_>>().join(",")));
    }
    if let Some(count) = room.joined_count {
        add(format!("joined={count}"));
    }
    if let Some(is_dm) = room.is_dm {
        add(format!("dm={is_dm}"));
    }
    if let Some((notifications, highlights)) = room.notification_count.zip(room.highlight_count) {
        add(format!("unread={notifications}/{highlights}"));
    }
    if let Some(stripped_state) = &room.stripped_state {
        add(format!("stripped={}", stripped_state.len()));
    }
    if !room.required_state.is_empty() {
        add(format!("state[{}]", room.required_state.iter().map(describe_state).collect::<Vec<_>>().join(" ")));
    }
    if let Some(timeline) = &room.timeline {
        let ids = timeline.events.iter().map(describe_event).collect::<Vec<_>>();
        add(format!("timeline[{}]", ids.join(" ")));
        for (word, holds) in [("limited", timeline.limited), ("expanded", timeline.expanded)] {
            if holds {
                add(word.to_owned());
            }
        }
        if let Some(prev_batch) = &timeline.prev_batch {
            add(format!("prev={prev_batch}"));
        }
        if timeline.num_live > 0 {
            add(format!("live={}", timeline.num_live));
        }
    }
    line
}

fn describe_event(item: &AnsweredEvent) -> String {
    let id = item.event.header.event_id.as_str();
    let unsigned: BTreeMap<String, serde_json::Value> =
        item.unsigned.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    match unsigned.get("transaction_id").and_then(serde_json::Value::as_str) {
        Some(transaction) => format!("{id}({transaction})"),
        None => id.to_owned(),
    }
}

fn describe_state(item: &StateItem) -> String {
    match item {
        StateItem::Event(event) => {
            let header = &event.event.header;
            let kind = header.event_type.trim_start_matches("m.room.");
            match header.state_key.as_deref() {
                Some("") | None => kind.to_owned(),
                Some(key) => format!("{kind}/{key}"),
            }
        }
        StateItem::Removed { event_type, state_key } => format!("no {event_type}/{state_key}"),
    }
}

fn describe_extensions(response: &SyncResponse) -> Vec<String> {
    let extensions = &response.extensions;
    let mut lines = Vec::new();
    let types = |events: &[Rc<serde_json::value::RawValue>]| {
        let kind = |raw: &Rc<serde_json::value::RawValue>| {
            let value: serde_json::Value = serde_json::from_str(raw.get()).expect("JSON");
            value["type"].as_str().unwrap_or_default().to_owned()
        };
        events.iter().map(kind).collect::<Vec<_>>().join(" ")
    };
    if let Some(part) = &extensions.to_device {
        lines.push(format!("to_device[{}] next={}", types(&part.events), part.next_batch & 0xffff_ffff));
    }
    if let Some(part) = &extensions.e2ee {
        let users = |users: &[ruma::OwnedUserId]| users.iter().map(|user| user.as_str()).collect::<Vec<_>>().join(" ");
        let lists = part.device_lists.as_ref();
        let lists = lists.map(|(changed, left)| format!(" changed[{}] left[{}]", users(changed), users(left)));
        lines.push(format!("e2ee keys={}{}", part.one_time_keys["signed_curve25519"], lists.unwrap_or_default()));
    }
    if let Some(part) = extensions.account_data.as_ref().filter(|p| !p.global.is_empty() || !p.rooms.is_empty()) {
        let rooms = part.rooms.iter().map(|(room, events)| format!(" {room}[{}]", types(events))).collect::<String>();
        lines.push(format!("account_data[{}]{rooms}", types(&part.global)));
    }
    for (room, receipts) in extensions.receipts.iter().flatten() {
        let receipts: Vec<String> =
            receipts.iter().map(|receipt| format!("{} {}", receipt.user, receipt.event)).collect();
        lines.push(format!("receipts {room}: {}", receipts.join(", ")));
    }
    for (room, users) in extensions.typing.iter().flatten() {
        lines.push(format!("typing {room}: {}", users.iter().map(|user| user.as_str()).collect::<Vec<_>>().join(" ")));
    }
    if let Some(events) = extensions.presence.as_ref().filter(|events| !events.is_empty()) {
        lines.push(format!("presence {}", events.len()));
    }
    for (room, Unread { notification_count: notifications, highlight_count: highlights, .. }) in
        extensions.counts.iter().flatten()
    {
        lines.push(format!("unread {room}: {notifications}/{highlights}"));
    }
    lines
}
