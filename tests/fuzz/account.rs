//! A whole account without I/O: what the driver does, in a few lines, on a store of encoded records.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{
    DeviceId, OwnedUserId,
    api::{IncomingResponseExt, client::sync::sync_events::v5},
};
use sash_sync::{
    accumulator::{self, Base, BaseKind, History},
    cache::{AccountCache, DeviceCache, Stored},
    connection::{Connections, Poll, SyncRequest, SyncResponse, Wire},
    model::{AccountRecord, Bootstrap, Commit, Ordinal, Record, RecordKey, RoomPage, Step, Timestamp, page_of, v2},
    protocol::{self, ErrorResponse},
    upstream::parse,
};

pub const ME: &str = "@me:x";
const DEVICE: &str = "D";
/// More than any step needs: what goes on has no end.
const ROUNDS: usize = 32;

/// An account and its client.
pub struct Account {
    pub cache: AccountCache,
    connections: Connections,
    store: BTreeMap<RecordKey, Vec<u8>>,
    now: Timestamp,
    nonce: u64,
    pos: BTreeMap<Wire, String>,
    since: BTreeMap<Wire, u64>,
}

impl Account {
    /// An account whose chain has begun, and on which nothing is known.
    pub fn new() -> Account {
        let mut account = Account {
            cache: AccountCache::new(me(), Stored::default()),
            connections: Connections::default(),
            store: BTreeMap::new(),
            now: Timestamp(1_700_000_000_000),
            nonce: 0,
            pos: BTreeMap::new(),
            since: BTreeMap::new(),
        };
        account.cache.account.begin();
        account.commit(|cache, _| Step::Done(accumulator::begin_device(cache, device(), 7)));
        account.poll(br#"{"next_batch":"s0"}"#);
        account.commit(|cache, _| Step::Done(accumulator::advance_bootstrap(cache, Bootstrap::Complete)));
        account
    }

    /// An answer of the homeserver on the chain of `since`.
    pub fn poll(&mut self, body: &[u8]) {
        let Ok(response) = parse::sync_response(body) else { return };
        self.commit(|cache, now| accumulator::accumulate_sync(cache, device(), &response, now));
    }

    /// The same as the whole account.
    pub fn whole(&mut self, body: &[u8]) {
        let Ok(response) = parse::sync_response(body) else { return };
        self.commit(|cache, now| accumulator::accumulate_invites(cache, &response, now));
        let mut bases = Vec::new();
        for (rooms, left) in [(response.join, false), (response.leave, true)] {
            let token_after = response.next_batch.as_deref().map(str::to_owned);
            bases.extend(rooms.into_iter().map(|(room_id, room)| Base {
                room_id,
                room,
                left,
                token_after: token_after.clone(),
            }));
        }
        self.commit(|cache, now| accumulator::accumulate_base(cache, &bases, BaseKind::Whole, now));
    }

    /// One room by `/messages` and `/context`.
    pub fn scout(&mut self, messages: &[u8], context: &[u8]) {
        let (Ok(messages), Ok(context)) = (parse::messages(messages), parse::context(context)) else { return };
        let base = [Base {
            room_id: "!a:x".try_into().expect("a room id"),
            left: false,
            token_after: messages.start.map(Into::into),
            room: v2::JoinedRoom {
                state: v2::RoomState::After(context.state),
                limited: messages.end.is_some(),
                timeline: messages.events,
                prev_batch: messages.end,
                ..v2::JoinedRoom::default()
            },
        }];
        self.commit(|cache, now| accumulator::accumulate_base(cache, &base, BaseKind::Scout, now));
    }

    /// More of a room's history.
    pub fn history(&mut self, body: &[u8]) {
        let Ok(messages) = parse::messages(body) else { return };
        let room = "!a:x".try_into().expect("a room id");
        let history = History {
            complete: messages.end.is_none(),
            token_before: messages.end.map(Into::into),
            events: messages.events,
            state: messages.state,
            asked_at: self.cache.position(),
            held_from: self.cache.rooms.entry(room).map_or(Ordinal(0), |entry| entry.timeline_first),
        };
        self.commit(|cache, now| accumulator::accumulate_history(cache, room, &history, now));
    }

    /// All members of a room.
    pub fn members(&mut self, body: &[u8]) {
        let Ok(events) = parse::members(body) else { return };
        let room = "!a:x".try_into().expect("a room id");
        let at = self.cache.position();
        self.commit(|cache, now| accumulator::accumulate_members(cache, room, &events, at, now));
    }

    /// The whole state of a room.
    pub fn state(&mut self, body: &[u8]) {
        let Ok(events) = parse::state(body) else { return };
        let room = "!a:x".try_into().expect("a room id");
        let at = self.cache.position();
        self.commit(|cache, now| accumulator::accumulate_full_state(cache, room, &events, at, now));
    }

    /// Whose device lists changed.
    pub fn key_changes(&mut self, body: &[u8]) {
        let Ok((changed, left)) = parse::key_changes(body) else { return };
        self.commit(|cache, now| accumulator::accumulate_key_changes(cache, device(), &changed, &left, now));
    }

    /// The user forgets a room.
    pub fn forget(&mut self) {
        let room = "!a:x".try_into().expect("a room id");
        self.commit(|cache, now| accumulator::forget_room(cache, room, now));
    }

    /// A request that says itself from where it goes on, and on which connection.
    pub fn go_on(&mut self, wire: Wire, query: &str, body: &[u8]) {
        match protocol::parse_request(wire, query, body, &me()) {
            Err(error) => check_error(&error.into()),
            Ok(request) => self.answer(request),
        }
    }

    /// A request that goes on from the last answer on its wire, whatever `pos` it has. What is answered must be readable.
    pub fn request(&mut self, wire: Wire, query: &str, body: &[u8]) {
        match protocol::parse_request(wire, query, body, &me()) {
            Err(error) => check_error(&error.into()),
            Ok(mut request) => {
                let last = self.pos.get(&wire).map(|pos| format!("pos={pos}"));
                let last = last.and_then(|query| protocol::parse_request(Wire::Simplified, &query, b"{}", &me()).ok());
                request.pos = last.and_then(|request| request.pos).or(request.pos);
                if let Some(to_device) = &mut request.extensions.to_device {
                    to_device.since = self.since.get(&wire).copied().or(to_device.since);
                }
                // Two wires, but one connection each: an answer is never looked for under another's name.
                request.conn_id.truncate(0);
                self.answer(request);
            }
        }
    }

    /// Everything in memory goes; what is stored must be readable.
    pub fn restart(&mut self) {
        let mut stored = Stored::default();
        let mut lists = BTreeMap::new();
        let mut to_device: BTreeMap<u64, usize> = BTreeMap::new();
        for (key, value) in &self.store {
            match Record::decode(key, value).unwrap_or_else(|error| panic!("{key:?} cannot be read again: {error}")) {
                Record::Account(account) => stored.account = AccountRecord::clone(&account),
                Record::RoomIndex(page) => stored.rooms.extend(page.rooms.iter().cloned()),
                Record::AccountData(record) if *key == RecordKey::AccountData => stored.account_data = record,
                Record::Device(record) => {
                    stored.devices.push(DeviceCache { record, lists: Rc::default(), to_device: BTreeMap::new() });
                }
                Record::DeviceLists(record) => drop(lists.insert(key.clone(), record)),
                Record::ToDevice(record) => drop(to_device.insert(record.first, record.messages.len())),
                _ => {}
            }
        }
        for device in &mut stored.devices {
            device.to_device.clone_from(&to_device);
            if let Some(record) = lists.remove(&RecordKey::DeviceLists(device.record.device_id.clone())) {
                device.lists = record;
            }
        }
        stored.account.begin();
        self.cache = AccountCache::new(me(), stored);
        self.connections = Connections::default();
    }

    fn answer(&mut self, request: SyncRequest) {
        let wire = request.wire;
        let request = Rc::new(request);
        self.nonce += 1;
        let mut rounds = 0;
        let arrival = self.connections.arrive();
        let accepted = loop {
            match self.connections.handle_request(&mut self.cache, device(), &request, arrival, self.nonce, self.now) {
                Ok(Step::Done(accepted)) => break accepted,
                Ok(Step::Need(keys)) => self.load(&keys, &mut rounds),
                Err(error) => {
                    self.pos.remove(&wire);
                    self.since.remove(&wire);
                    return check_error(&error.into());
                }
            }
        };
        if let Some(sequence) = accepted.acknowledge_to_device {
            self.commit_if_any(|cache, _| accumulator::acknowledge_to_device(cache, device(), sequence));
        }
        rounds = 0;
        loop {
            match self.connections.poll_response(&mut self.cache, &accepted.ticket, self.now) {
                Poll::Ready(answer) => {
                    check_response(wire, &answer.response);
                    self.pos.insert(wire, answer.response.pos.to_string());
                    if let Some(to_device) = &answer.response.extensions.to_device {
                        self.since.insert(wire, to_device.next_batch);
                    }
                    answer.writes.into_iter().for_each(|(key, record)| self.put(key, record.as_ref()));
                    return self.connections.handle_written(&accepted.ticket);
                }
                Poll::Need(keys) => self.load(&keys, &mut rounds),
                Poll::Wait { until, .. } => {
                    assert!(until > self.now, "a wait that is over");
                    self.now = until;
                    rounds = 0;
                }
                Poll::Superseded => panic!("nobody else asked"),
            }
        }
    }

    fn commit(&mut self, step: impl Fn(&AccountCache, Timestamp) -> Step<Commit>) {
        self.commit_if_any(|cache, now| match step(cache, now) {
            Step::Done(commit) => Step::Done(Some(commit)),
            Step::Need(keys) => Step::Need(keys),
        });
    }

    fn commit_if_any(&mut self, step: impl Fn(&AccountCache, Timestamp) -> Step<Option<Commit>>) {
        self.now.0 += 1;
        let mut rounds = 0;
        let commit = loop {
            match step(&self.cache, self.now) {
                Step::Done(Some(commit)) => break commit,
                Step::Done(None) => return,
                Step::Need(keys) => self.load(&keys, &mut rounds),
            }
        };
        for (key, record) in &commit.records {
            self.put(key.clone(), record.as_ref());
        }
        for device in &commit.devices {
            self.put(RecordKey::Device(device.device_id.clone()), Some(&Record::Device(Rc::new(device.clone()))));
        }
        self.put(RecordKey::Account, Some(&Record::Account(Rc::new(commit.account.clone()))));
        let changes = self.cache.apply(&commit);
        let rooms = commit.rooms.iter().map(|entry| &entry.room_id).chain(&commit.forgotten);
        for page in rooms.map(|room| page_of(room.as_str())) {
            let rooms = self.cache.rooms.page(page).cloned().collect();
            self.put(RecordKey::RoomIndex(page), Some(&Record::RoomIndex(Rc::new(RoomPage { rooms }))));
        }
        self.connections.handle_change(&mut self.cache, &changes);
    }

    fn load(&mut self, keys: &[RecordKey], rounds: &mut usize) {
        *rounds += 1;
        assert!(*rounds < ROUNDS && !keys.is_empty(), "a step asks for records without end: {keys:?}");
        for key in keys {
            let record = self.store.get(key).and_then(|value| Record::decode(key, value).ok());
            self.cache.records.put(key.clone(), record);
        }
    }

    fn put(&mut self, key: RecordKey, record: Option<&Record>) {
        match record {
            Some(record) => {
                let value = record.encode().unwrap_or_else(|error| panic!("{key:?} cannot be written: {error}"));
                self.store.insert(key, value);
            }
            None => drop(self.store.remove(&key)),
        }
    }
}

pub fn me() -> OwnedUserId {
    ME.try_into().expect("a user id")
}

fn device() -> &'static DeviceId {
    DEVICE.into()
}

/// A refusal has a status of its kind, and a body that says so.
pub fn check_error(error: &ErrorResponse) {
    assert!((400..500).contains(&error.status), "{error:?}");
    let body: serde_json::Value = serde_json::from_str(&error.to_json()).expect("a refusal is JSON");
    assert!(body["errcode"].as_str().is_some_and(|code| code.starts_with("M_")), "{body}");
    assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
}

/// What is answered is JSON on both wires, and what ruma reads on the one that it knows.
fn check_response(wire: Wire, response: &SyncResponse) {
    let body = protocol::render(wire, response);
    let text = std::str::from_utf8(&body).expect("an answer is UTF-8");
    let _: &serde_json::value::RawValue = serde_json::from_str(text).expect("an answer is JSON");
    if wire == Wire::V4 {
        return;
    }
    let http = http::Response::builder().status(200).body(body.as_slice()).expect("a response");
    let read = v5::Response::try_from_http_response(http).unwrap_or_else(|error| panic!("ruma: {error}\n{text}"));
    assert_eq!(read.pos, response.pos.to_string());
    assert_eq!(read.rooms.len(), response.rooms.len(), "{text}");
    for (room, result) in &response.rooms {
        let sent = result.timeline.as_ref().map_or(0, |timeline| timeline.events.len());
        assert_eq!(read.rooms[room].timeline.len(), sent, "the timeline of {room}");
    }
}
