//! An account of any number of rooms in memory, with all that the benchmarks do to it. Rooms share their records: what a
//! store would bring is not measured here.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{DeviceId, OwnedRoomId, OwnedUserId};
use sash_sync::{
    cache::{AccountCache, Changes, DeviceCache, Stored},
    connection::{Answer, Connections, Poll, Pos, SyncRequest, Ticket, Wire},
    model::{
        AccountDataEntry, AccountDataRecord, Aspects, Commit, DeviceRecord, Event, Hero, Known, Membership, Ordinal,
        Position, Record, RecordKey, RoomEntry, StateEntry, StateRecord, Step, TimelineChunk, TimelineEvent, Timestamp,
    },
    protocol,
};
use serde_json::value::RawValue;

/// A day on which nothing happens.
const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// Events that are held of each room.
const EVENTS: i64 = 10;

/// The account, its connections, and the rooms' common records.
pub struct Account {
    pub cache: AccountCache,
    pub connections: Connections,
    state: Record,
    members: Record,
    timeline: Record,
    now: Timestamp,
}

impl Account {
    /// Returns an account with so many rooms: a tenth direct chats, a tenth favourites, a fiftieth spaces.
    pub fn of(rooms: u32) -> Account {
        let direct: BTreeMap<String, Vec<String>> = (0..rooms)
            .step_by(10)
            .map(|number| (format!("@user{number}:example.org"), vec![id(number).to_string()]))
            .collect();
        let direct = serde_json::json!({ "type": "m.direct", "content": direct }).to_string();
        let entry = AccountDataEntry { event: raw(&direct), position: Position(1) };
        let device = DeviceRecord { since: Some("s1".to_owned()), ..DeviceRecord::new(device().to_owned(), 7) };
        let mut stored = Stored {
            rooms: (0..rooms).map(entry_of).collect(),
            account_data: Rc::new(AccountDataRecord { entries: [("m.direct".to_owned(), entry)].into() }),
            devices: vec![DeviceCache { record: Rc::new(device), lists: Rc::default(), to_device: BTreeMap::new() }],
            ..Stored::default()
        };
        stored.account.position = Position(1);
        stored.account.begin();
        Account {
            cache: AccountCache::new(me(), stored),
            connections: Connections::default(),
            state: state(),
            members: members(),
            timeline: Record::Timeline(Rc::new(TimelineChunk { events: (0..EVENTS).map(|n| message(n, 1)).collect() })),
            now: NOW,
        }
    }

    /// A message arrives in a room: the commit that says so.
    pub fn message_in(&mut self, number: u32) -> Commit {
        self.now.0 += 1;
        let mut entry = self.cache.rooms.entry(&id(number)).expect("a room").clone();
        let position = self.cache.position().next();
        entry.activity = self.now;
        entry.bump_stamp = self.now;
        entry.changed.timeline = position;
        // Always the same place, so that a room does not grow with the measurement.
        let mut events: Vec<TimelineEvent> = (0..EVENTS - 1).map(|n| message(n, 1)).collect();
        events.push(message(EVENTS - 1, position.0));
        let chunk = Record::Timeline(Rc::new(TimelineChunk { events }));
        let mut account = self.cache.account.clone();
        account.position = position;
        let records = vec![(RecordKey::Timeline(id(number), 0), Some(chunk))];
        Commit { position, account, rooms: vec![entry], records, ..Commit::default() }
    }

    /// Takes over a commit and tells the connections.
    pub fn apply(&mut self, commit: &Commit) -> (Changes, Vec<Ticket>) {
        let changes = self.cache.apply(commit);
        let woken = self.connections.handle_change(&mut self.cache, &changes);
        (changes, woken)
    }

    /// Accepts a request.
    pub fn ask(&mut self, request: &Rc<SyncRequest>) -> Ticket {
        let arrival = self.connections.arrive();
        loop {
            match self.connections.handle_request(&mut self.cache, device(), request, arrival, 99, self.now) {
                Ok(Step::Done(accepted)) => return accepted.ticket,
                Ok(Step::Need(keys)) => self.load(keys),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Computes the answer.
    pub fn answer(&mut self, ticket: &Ticket) -> Answer {
        loop {
            match self.connections.poll_response(&mut self.cache, ticket, self.now) {
                Poll::Ready(answer) => {
                    self.connections.handle_written(ticket);
                    return *answer;
                }
                Poll::Need(keys) => self.load(keys),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Asks and answers until there is nothing left to say; returns the last `pos` and everything that was to be written.
    pub fn settle(&mut self, request: &SyncRequest) -> (Pos, Vec<(RecordKey, Option<Record>)>) {
        let mut writes = Vec::new();
        let mut request = request.clone();
        loop {
            let ticket = self.ask(&Rc::new(request.clone()));
            let answer = self.answer(&ticket);
            writes.extend(answer.writes);
            request.pos = Some(answer.response.pos);
            if answer.response.rooms.is_empty() {
                return (answer.response.pos, writes);
            }
        }
    }

    /// Forgets the connections; what they have stored is what `writes` say.
    pub fn restart(&mut self, writes: &[(RecordKey, Option<Record>)]) {
        self.connections = Connections::default();
        for (key, record) in writes {
            self.cache.records.put(key.clone(), record.clone());
        }
    }

    fn load(&mut self, keys: Vec<RecordKey>) {
        for key in keys {
            let record = match &key {
                RecordKey::State(..) => Some(self.state.clone()),
                RecordKey::Members(..) => Some(self.members.clone()),
                RecordKey::Timeline(_, 0) => Some(self.timeline.clone()),
                _ => None,
            };
            self.cache.records.put(key, record);
        }
    }
}

/// Reads a request on the final API.
pub fn request(body: &str) -> SyncRequest {
    protocol::parse_request(Wire::V4, "", body.as_bytes(), &me()).expect("a request")
}

/// The same request with another `pos`.
pub fn at(request: &SyncRequest, pos: Pos) -> Rc<SyncRequest> {
    Rc::new(SyncRequest { pos: Some(pos), ..request.clone() })
}

fn me() -> OwnedUserId {
    "@me:example.org".try_into().expect("a user id")
}

fn device() -> &'static DeviceId {
    "DEVICE".into()
}

fn id(number: u32) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!room{number:06}:example.org")).expect("a room id")
}

fn raw(json: &str) -> Rc<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON").into()
}

/// Room 0 is the one with the oldest activity.
fn entry_of(number: u32) -> RoomEntry {
    let position = Position(1);
    RoomEntry {
        known: Known::Whole,
        ever_joined: true,
        membership_position: position,
        activity: Timestamp(NOW.0 - 10_000_000 + u64::from(number)),
        bump_stamp: Timestamp(NOW.0 - 10_000_000 + u64::from(number)),
        name: Some(format!("Room {number}")),
        heroes: vec![Hero { user_id: me(), displayname: Some("Me".to_owned()), avatar_url: None }],
        joined_count: Some(2),
        invited_count: Some(0),
        room_type: number.is_multiple_of(50).then(|| "m.space".to_owned()),
        create_known: true,
        encrypted: Some(number.is_multiple_of(2)),
        tags: if number % 10 == 5 { vec!["m.favourite".to_owned()] } else { Vec::new() },
        notification_count: Some(0),
        highlight_count: Some(0),
        timeline_first: Ordinal(0),
        timeline_end: Ordinal(EVENTS),
        changed: Aspects {
            timeline: position,
            state: position,
            members: position,
            summary: position,
            heroes: position,
            member_counts: position,
            counts: position,
            receipts: Position(0),
            account_data: Position(0),
        },
        ..RoomEntry::unknown(id(number), Membership::Join)
    }
}

fn event(json: &str) -> Event {
    Event::parse(&raw(json), NOW).expect("an event")
}

fn message(ordinal: i64, position: u64) -> TimelineEvent {
    let json = format!(
        r#"{{"type":"m.room.message","event_id":"$event{ordinal}-{position}","sender":"@you:example.org","origin_server_ts":1700000000000,"content":{{"msgtype":"m.text","body":"a message of ordinary length, as people write them"}},"unsigned":{{"age":5}}}}"#
    );
    TimelineEvent {
        ordinal: Ordinal(ordinal),
        position: Position(position),
        event: event(&json),
        live: position > 1,
        gap_before: false,
        token_before: (ordinal == 0).then(|| "t0".to_owned()),
        token_after: None,
        transaction: None,
        not_sent_by: Vec::new(),
    }
}

fn state_record(events: &[(&str, &str, &str)]) -> Record {
    let entry = |(kind, key, content): &(&str, &str, &str)| {
        let json = format!(
            r#"{{"type":"{kind}","state_key":"{key}","event_id":"${kind}{key}","sender":"@you:example.org","origin_server_ts":1,"content":{content}}}"#
        );
        let entry = StateEntry { event: Some(event(&json)), position: Position(1), provisional: false };
        (((*kind).to_owned(), (*key).to_owned()), entry)
    };
    Record::State(Rc::new(StateRecord { entries: events.iter().map(entry).collect() }))
}

fn state() -> Record {
    state_record(&[
        ("m.room.create", "", r#"{"room_version":"11"}"#),
        ("m.room.name", "", r#"{"name":"A room"}"#),
        ("m.room.topic", "", r#"{"topic":"What this is about"}"#),
        ("m.room.encryption", "", r#"{"algorithm":"m.megolm.v1.aes-sha2"}"#),
        ("m.room.power_levels", "", r#"{"users":{"@you:example.org":100}}"#),
        ("m.room.join_rules", "", r#"{"join_rule":"invite"}"#),
        ("m.room.history_visibility", "", r#"{"history_visibility":"shared"}"#),
    ])
}

fn members() -> Record {
    state_record(&[
        ("m.room.member", "@me:example.org", r#"{"membership":"join","displayname":"Me"}"#),
        ("m.room.member", "@you:example.org", r#"{"membership":"join","displayname":"You"}"#),
    ])
}
