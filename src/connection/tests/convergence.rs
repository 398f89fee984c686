//! Whatever is lost, repeated or asked differently on the way, a client ends with what there is.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use ruma::{DeviceId, OwnedRoomId};

use super::{
    explained::Explained,
    script::request,
    world::{DEVICE, ME, World},
};
use crate::connection::{Connections, Poll, Pos, RoomResult, StateItem, SyncError, SyncResponse, Wire};
use crate::model::{Membership, Position, Record, RecordKey, Step};

/// A client that puts answers together as the texts say.
#[derive(Clone, Default)]
struct Client {
    pos: Option<Pos>,
    rooms: BTreeMap<OwnedRoomId, Room>,
    typing: BTreeMap<OwnedRoomId, usize>,
    receipts: BTreeMap<(OwnedRoomId, String), String>,
    account_data: BTreeMap<(OwnedRoomId, String), String>,
}

#[derive(Clone, Default)]
struct Room {
    membership: Option<Membership>,
    name: Option<String>,
    is_dm: bool,
    joined: Option<u64>,
    state: BTreeMap<(String, String), String>,
    timeline: Vec<String>,
}

impl Client {
    fn take(&mut self, response: &SyncResponse) {
        self.pos = Some(response.pos);
        for (id, result) in &response.rooms {
            let room = self.rooms.entry(id.clone()).or_default();
            if result.initial {
                *room = Room::default();
            }
            room.take(result);
        }
        let extensions = &response.extensions;
        for (room, users) in extensions.typing.iter().flatten() {
            assert!(self.rooms.contains_key(room), "typing of a room that was not sent");
            self.typing.insert(room.clone(), users.len());
        }
        for (room, receipts) in extensions.receipts.iter().flatten() {
            assert!(self.rooms.contains_key(room), "receipts of a room that was not sent");
            for receipt in receipts {
                self.receipts.insert((room.clone(), receipt.user.to_string()), receipt.event.to_string());
            }
        }
        for (room, events) in extensions.account_data.iter().flat_map(|part| &part.rooms) {
            for event in events {
                self.account_data.insert((room.clone(), "m.tag".to_owned()), event.get().to_owned());
            }
        }
    }
}

impl Room {
    fn take(&mut self, result: &RoomResult) {
        self.membership = result.membership.or(self.membership);
        self.joined = result.joined_count.or(self.joined);
        self.is_dm = result.is_dm.unwrap_or(self.is_dm);
        if let Some(name) = &result.name {
            self.name.clone_from(name);
        }
        for item in &result.required_state {
            match item {
                StateItem::Event(event) => {
                    let header = &event.event.header;
                    let key = (header.event_type.clone(), header.state_key.clone().unwrap_or_default());
                    self.state.insert(key, header.event_id.to_string());
                }
                StateItem::Removed { event_type, state_key } => {
                    self.state.remove(&(event_type.clone(), state_key.clone()));
                }
            }
        }
        let Some(timeline) = &result.timeline else { return };
        let events: Vec<String> = timeline.events.iter().map(|item| item.event.header.event_id.to_string()).collect();
        assert!(timeline.num_live <= events.len() as u64, "more live events than events");
        if timeline.expanded || timeline.limited {
            self.timeline = events;
        } else {
            for event in &events {
                assert!(!self.timeline.contains(event), "{event} came twice without need");
            }
            self.timeline.extend(events);
        }
    }
}

/// The state that the client is after.
const WANTED: [&str; 3] = ["m.room.topic", "m.room.name", "m.room.member"];

struct Run {
    world: World,
    connections: Connections,
    wire: Wire,
    seed: u64,
    nonces: u64,
}

impl Run {
    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.random(words.len() as u64)).expect("an index")]
    }

    /// Something happens.
    fn happen(&mut self, number: usize) {
        let room = format!("!r{}:x", self.random(5));
        let known = self.world.cache.rooms.entry(&OwnedRoomId::try_from(room.as_str()).expect("room id"));
        let item = match known.map(|entry| entry.membership) {
            None => self.pick(&["create; join", "invite", "gap t; join"]).to_owned(),
            Some(Membership::Join) => match self.random(14) {
                0 => "leave".to_owned(),
                1 => "kick".to_owned(),
                2 => format!("name n{number}"),
                3 => "name -".to_owned(),
                4 => format!("state m.room.topic '' t{number}"),
                // The unstable wire cannot tell that state was removed.
                5 if self.wire == Wire::V4 => "unset m.room.topic ''".to_owned(),
                6 => format!("gap g{number}; m{number}"),
                7 => format!("m{number}a; m{number}b; m{number}c"),
                8 => self.pick(&["@bob:x", "@eve:x", "quiet @dan:x"]).to_owned(),
                9 => self.pick(&["typing @bob:x", "typing"]).to_owned(),
                10 => format!("receipt @bob:x e{number}"),
                11 => format!("tag t{number}"),
                12 => self.pick(&["heroes @bob:x", "heroes @bob:x @eve:x"]).to_owned(),
                _ => format!("m{number}"),
            },
            Some(Membership::Invite) => self.pick(&["join", "leave", "kick", "invite"]).to_owned(),
            Some(_) => self.pick(&["join", "invite"]).to_owned(),
        };
        if self.random(12) == 0 {
            let rooms = self.pick(&["!r0", "!r1 !r2", ""]);
            let rooms: Vec<String> = rooms.split_whitespace().map(|room| format!("{room}:x")).collect();
            let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
            self.world.commit_global("direct", &rooms);
        }
        self.world.commit_room(&room, &item);
    }

    /// Asks, and takes what comes.
    fn sync(&mut self, client: &mut Client, words: &str) -> SyncResponse {
        let mut request = request(words);
        request.wire = self.wire;
        request.pos = client.pos;
        request.timeout = Duration::ZERO;
        let request = Rc::new(request);
        let device: &DeviceId = DEVICE.into();
        self.nonces += 1;
        let arrival = self.connections.arrive();
        let ticket = loop {
            let (cache, now) = (&mut self.world.cache, self.world.now);
            let step = self.connections.handle_request(cache, device, &request, arrival, self.nonces, now);
            match step {
                Ok(Step::Done(accepted)) => break accepted.ticket,
                Ok(Step::Need(keys)) => self.world.load(keys),
                Err(SyncError::UnknownPos) => panic!("the connection was lost"),
                Err(error) => panic!("{error}"),
            }
        };
        let explained = Explained::of(&mut self.connections, &mut self.world, self.wire);
        loop {
            match self.connections.poll_response(&mut self.world.cache, &ticket, self.world.now) {
                Poll::Need(keys) => self.world.load(keys),
                Poll::Ready(answer) => {
                    explained.check_before(&answer.response);
                    self.world.write(answer.writes);
                    Explained::of(&mut self.connections, &mut self.world, self.wire).check_after(&answer.response);
                    super::oracle::check(&answer.response);
                    client.take(&answer.response);
                    return answer.response;
                }
                other => panic!("{other:?} without a wait"),
            }
        }
    }

    /// Compares with what there is.
    fn check(&self, client: &Client) {
        for (_, entry) in self.world.cache.rooms.iter() {
            let Some(room) = client.rooms.get(&entry.room_id) else {
                assert!(!self.world.cache.is_listed(entry), "{} was never sent", entry.room_id);
                continue;
            };
            let id = &entry.room_id;
            assert_eq!(room.membership, Some(entry.membership), "membership of {id}");
            assert_eq!(room.is_dm, self.world.cache.is_dm(entry), "is_dm of {id}");
            if entry.membership != Membership::Join {
                continue;
            }
            if self.wire == Wire::V4 || entry.name.is_some() {
                assert_eq!(room.name, entry.name, "name of {id}");
            }
            assert_eq!(room.joined, entry.joined_count, "joined members of {id}");
            let wanted = |(kind, _): &(String, String)| WANTED.contains(&kind.as_str());
            let held: BTreeMap<_, _> = room.state.clone().into_iter().filter(|(key, _)| wanted(key)).collect();
            assert_eq!(held, self.state(id), "state of {id}");
            let timeline = self.timeline(id);
            let shown = room.timeline.len().min(4);
            assert!(shown > 0 || timeline.is_empty(), "no timeline of {id}");
            assert_eq!(room.timeline[room.timeline.len() - shown..], timeline[timeline.len() - shown..], "end of {id}");
            // What was said before the user came tells nothing.
            let typing = self.world.cache.typing.get(id).filter(|typing| typing.position >= entry.membership_position);
            let typing = typing.map_or(0, |typing| typing.users.len());
            assert_eq!(client.typing.get(id).copied().unwrap_or(0), typing, "typing in {id}");
            if let Some(Record::AccountData(tags)) = self.world.store.get(&RecordKey::RoomAccountData(id.clone())) {
                let tag = tags.entries.get("m.tag").map(|entry| entry.event.get().to_owned());
                assert_eq!(client.account_data.get(&(id.clone(), "m.tag".to_owned())), tag.as_ref(), "tags of {id}");
            }
        }
    }

    fn state(&self, room: &OwnedRoomId) -> BTreeMap<(String, String), String> {
        let mut state = BTreeMap::new();
        for key in [RecordKey::State(room.clone(), 0), RecordKey::Members(room.clone(), 0)] {
            let Some(Record::State(record)) = self.world.store.get(&key) else { continue };
            for (key, entry) in &record.entries {
                if let Some(event) = entry.event.as_ref().filter(|_| WANTED.contains(&key.0.as_str())) {
                    state.insert(key.clone(), event.header.event_id.to_string());
                }
            }
        }
        state
    }

    fn timeline(&self, room: &OwnedRoomId) -> Vec<String> {
        let mut events = Vec::new();
        for (key, record) in &self.world.store {
            if let (RecordKey::Timeline(of, _), Record::Timeline(chunk)) = (key, record)
                && of == room
            {
                events.extend(chunk.events.iter().map(|item| item.event.header.event_id.to_string()));
            }
        }
        events
    }
}

fn run(seed: u64, wire: Wire) {
    let mut run = Run { world: World::new(), connections: Connections::default(), wire, seed, nonces: 0 };
    let mut client = Client::default();
    let everything = "x[all] limit=4 state=name,topic,member/* typing receipts account_data";
    let asked = [
        everything,
        "x[0,0] limit=4 state=name,topic,member/* typing receipts account_data",
        "x[0,2] limit=1 state=name",
        "x[0,1] limit=2 lazy state=topic,name typing +!r3 limit=4 state=*",
        "+!r1 limit=3 state=topic receipts",
        "x[1,3] limit=6 state=* account_data",
        "typing",
    ];
    for number in 0..120 {
        for _ in 0..run.random(4) {
            run.happen(number);
        }
        let before = client.clone();
        run.sync(&mut client, asked[usize::try_from(run.seed % 7).expect("an index")]);
        if run.random(3) == 0 {
            // The answer is lost, and the client asks again, perhaps something else.
            client = before;
        }
        if run.random(15) == 0 {
            run.world.restart();
            run.connections = Connections::default();
            client.typing.clear();
        }
        if run.random(10) == 0 {
            run.sync(&mut client, everything);
            run.sync(&mut client, everything);
            run.check(&client);
        }
    }
    assert_ne!(run.world.cache.position(), Position(0));
    assert_eq!(run.world.cache.user_id, ME);
}

#[test]
fn a_client_ends_with_what_there_is() {
    for seed in 0..12 {
        for wire in [Wire::V4, Wire::Simplified] {
            let outcome = std::panic::catch_unwind(|| run(seed, wire));
            assert!(outcome.is_ok(), "seed {seed} on {wire:?} failed: see above");
        }
    }
}
