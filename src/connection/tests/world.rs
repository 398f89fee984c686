//! An account made by hand: commits as the accumulator would make them, a store, and a clock.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{DeviceId, OwnedDeviceId, OwnedEventId, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

use crate::cache::{AccountCache, Changes, RecordCache, Stored};
use crate::model::{
    AccountDataEntry, AccountDataRecord, Commit, DeviceListChange, DeviceListsRecord, DeviceRecord, Event, Hero, Known,
    Membership, Ordinal, Receipt, ReceiptsRecord, Record, RecordKey, RoomEntry, StateEntry, StateRecord,
    StrippedRecord, TimelineChunk, TimelineEvent, Timestamp, ToDeviceRecord,
};

pub const ME: &str = "@me:x";
pub const DEVICE: &str = "DEV";
const MESSAGE: &str = r#"{"msgtype":"m.text","body":"hello"}"#;

/// An account with its store.
pub struct World {
    pub cache: AccountCache,
    pub store: BTreeMap<RecordKey, Record>,
    pub now: Timestamp,
    rooms: BTreeMap<OwnedRoomId, Room>,
    account_data: AccountDataRecord,
    device: DeviceRecord,
    device_lists: DeviceListsRecord,
}

struct Room {
    entry: RoomEntry,
    state: StateRecord,
    members: StateRecord,
    stripped: Option<StrippedRecord>,
    timeline: Vec<TimelineEvent>,
    receipts: ReceiptsRecord,
    account_data: AccountDataRecord,
    gap: Option<Option<String>>,
}

impl World {
    pub fn new() -> World {
        let device = DeviceRecord { since: Some("s0".to_owned()), ..DeviceRecord::new(DEVICE.into(), 7) };
        let mut world = World {
            cache: AccountCache::new(ME.try_into().expect("user"), Stored::default()),
            store: BTreeMap::new(),
            now: Timestamp(1_000_000),
            rooms: BTreeMap::new(),
            account_data: AccountDataRecord::default(),
            device,
            device_lists: DeviceListsRecord::default(),
        };
        world.cache.account.begin();
        world.cache.devices.insert(
            DEVICE.into(),
            crate::cache::DeviceCache {
                record: Rc::new(world.device.clone()),
                lists: Rc::default(),
                to_device: BTreeMap::new(),
            },
        );
        world
    }

    /// Loads what is asked for, as the driver does.
    pub fn load(&mut self, keys: Vec<RecordKey>) {
        assert!(!keys.is_empty(), "asked for nothing: that would never end");
        for key in keys {
            let record = self.store.get(&key).cloned();
            assert!(self.cache.records.get(&key).is_none(), "{key:?} was asked for although it is in memory");
            self.cache.records.put(key, record);
        }
    }

    /// Writes connection records, as the driver does.
    pub fn write(&mut self, writes: Vec<(RecordKey, Option<Record>)>) {
        for (key, record) in writes {
            match record {
                Some(record) => self.store.insert(key, record),
                None => self.store.remove(&key),
            };
        }
    }

    /// Starts the process anew on what is stored.
    pub fn restart(&mut self) {
        let mut account = self.cache.account.clone();
        account.begin();
        let rooms = self.cache.rooms.iter().map(|(_, entry)| entry.clone()).collect();
        let devices = self.cache.devices.values().cloned().collect();
        let stored = Stored { account, rooms, account_data: Rc::clone(&self.cache.account_data), devices };
        self.cache = AccountCache::new(ME.try_into().expect("user"), stored);
    }

    /// One commit of one room: `items` as in the scripts.
    pub fn commit_room(&mut self, room_id: &str, items: &str) -> Changes {
        self.now = self.now.after(std::time::Duration::from_secs(1));
        let position = self.cache.position().next();
        let id = OwnedRoomId::try_from(room_id).expect("room id");
        if items.trim() == "forgotten" {
            self.rooms.remove(&id);
            return self.commit(Commit { forgotten: vec![id], ..Commit::default() });
        }
        let room = self.rooms.entry(id.clone()).or_insert_with(|| Room::new(id.clone()));
        let mut commit = Commit::default();
        room.entry.known = Known::Whole;
        for item in items.split(';').map(str::trim).filter(|item| !item.is_empty()) {
            let words: Vec<&str> = item.split_whitespace().collect();
            match words.as_slice() {
                ["typing", users @ ..] => commit.ephemeral.typing.push((id.clone(), users_of(users))),
                words => room.apply(words, position, self.now),
            }
        }
        commit.rooms.push(room.entry.clone());
        commit.records = room.records();
        self.commit(commit)
    }

    /// One commit of what belongs to no room.
    pub fn commit_global(&mut self, kind: &str, words: &[&str]) -> Changes {
        self.now = self.now.after(std::time::Duration::from_secs(1));
        let position = self.cache.position().next();
        let mut commit = Commit::default();
        let device: OwnedDeviceId = DEVICE.into();
        match kind {
            "direct" => {
                let content = serde_json::json!({ "type": "m.direct", "content": { "@bob:x": words } });
                self.put_account_data(&mut commit, "m.direct", &content.to_string());
            }
            "ignore" => {
                let users: BTreeMap<&str, BTreeMap<&str, &str>> =
                    words.iter().map(|user| (*user, BTreeMap::new())).collect();
                let content =
                    serde_json::json!({ "type": "m.ignored_user_list", "content": { "ignored_users": users } });
                self.put_account_data(&mut commit, "m.ignored_user_list", &content.to_string());
            }
            "account" => {
                let content = serde_json::json!({ "type": words[0], "content": { "value": words[1] } });
                self.put_account_data(&mut commit, words[0], &content.to_string());
            }
            "todevice" => {
                let first = self.device.to_device_next;
                let messages = words.iter().copied().map(to_device).collect();
                let record = ToDeviceRecord { first, position, messages };
                self.device.to_device_next += words.len() as u64;
                let key = RecordKey::ToDevice(device.clone(), first);
                commit.records.push((key, Some(Record::ToDevice(Rc::new(record)))));
                commit.devices.push(self.device.clone());
                commit.device_data.push(device);
            }
            "changed" | "left" => {
                for user in users_of(words) {
                    let change = DeviceListChange { position, left: kind == "left" };
                    self.device_lists.users.insert(user, change);
                }
                let record = Record::DeviceLists(Rc::new(self.device_lists.clone()));
                commit.records.push((RecordKey::DeviceLists(device.clone()), Some(record)));
                commit.device_data.push(device);
            }
            "keys" => {
                self.device.one_time_keys.insert("signed_curve25519".to_owned(), words[0].parse().expect("a count"));
                self.device.unused_fallback_key_types = Some(Vec::new());
                self.device.keys_position = position;
                commit.devices.push(self.device.clone());
                commit.device_data.push(device);
            }
            "device" => commit
                .devices
                .push(DeviceRecord { since: Some("t0".to_owned()), ..DeviceRecord::new(words[0].into(), 8) }),
            "presence" => {
                for user in users_of(words) {
                    let event = raw(&format!("{{\"type\":\"m.presence\",\"sender\":\"{user}\"}}"));
                    commit.ephemeral.presence.push((user, event));
                }
            }
            other => panic!("unknown commit {other}"),
        }
        self.commit(commit)
    }

    /// Deletes to-device messages up to a sequence number, as the driver does on an acknowledgement.
    pub fn acknowledge(&mut self, device: &DeviceId, sequence: u64) {
        let mut commit = Commit::default();
        self.device.to_device_acknowledged = self.device.to_device_acknowledged.max(sequence);
        let held = &self.cache.devices[device].to_device;
        let gone = held.iter().filter(|(first, length)| **first + **length as u64 <= sequence + 1);
        commit.records = gone.map(|(first, _)| (RecordKey::ToDevice(device.to_owned(), *first), None)).collect();
        commit.devices.push(self.device.clone());
        self.commit(commit);
    }

    fn put_account_data(&mut self, commit: &mut Commit, kind: &str, event: &str) {
        let position = self.cache.position().next();
        self.account_data.entries.insert(kind.to_owned(), AccountDataEntry { event: raw(event), position });
        let record = Record::AccountData(Rc::new(self.account_data.clone()));
        commit.records.push((RecordKey::AccountData, Some(record)));
        commit.account_data.push(kind.to_owned());
    }

    fn commit(&mut self, mut commit: Commit) -> Changes {
        commit.position = self.cache.position().next();
        commit.account = self.cache.account.clone();
        commit.account.position = commit.position;
        self.write(commit.records.clone());
        let changes = self.cache.apply(&commit);
        // Nothing stays in memory, so that every answer has to say what it needs.
        self.cache.records = RecordCache::default();
        changes
    }
}

impl Room {
    fn new(id: OwnedRoomId) -> Room {
        let mut entry = RoomEntry::unknown(id, Membership::Join);
        entry.ever_joined = false;
        entry.timeline_complete = false;
        Room {
            entry,
            state: StateRecord::default(),
            members: StateRecord::default(),
            stripped: None,
            timeline: Vec::new(),
            receipts: ReceiptsRecord::default(),
            account_data: AccountDataRecord::default(),
            gap: None,
        }
    }

    fn records(&self) -> Vec<(RecordKey, Option<Record>)> {
        let id = &self.entry.room_id;
        let mut chunks: BTreeMap<i64, TimelineChunk> = BTreeMap::new();
        for item in &self.timeline {
            chunks.entry(item.ordinal.chunk()).or_default().events.push(item.clone());
        }
        let mut records = vec![
            (RecordKey::State(id.clone(), 0), Some(Record::State(Rc::new(self.state.clone())))),
            (RecordKey::Members(id.clone(), 0), Some(Record::State(Rc::new(self.members.clone())))),
            (RecordKey::Receipts(id.clone()), Some(Record::Receipts(Rc::new(self.receipts.clone())))),
            (RecordKey::RoomAccountData(id.clone()), Some(Record::AccountData(Rc::new(self.account_data.clone())))),
            (
                RecordKey::Stripped(id.clone()),
                self.stripped.clone().map(|stripped| Record::Stripped(Rc::new(stripped))),
            ),
        ];
        records.extend(
            chunks.into_iter().map(|(number, chunk)| {
                (RecordKey::Timeline(id.clone(), number), Some(Record::Timeline(Rc::new(chunk))))
            }),
        );
        records
    }

    fn apply(&mut self, words: &[&str], position: crate::model::Position, now: Timestamp) {
        let entry = &mut self.entry;
        match *words {
            [own @ ("join" | "leave" | "kick" | "ban" | "invite" | "knock")] => {
                entry.membership = match own {
                    "join" => Membership::Join,
                    "invite" => Membership::Invite,
                    "knock" => Membership::Knock,
                    "ban" => Membership::Ban,
                    _ => Membership::Leave,
                };
                entry.by_other = matches!(own, "kick" | "ban" | "invite");
                entry.membership_position = position;
                let sender = if entry.by_other { "@bob:x" } else { ME };
                let membership = entry.membership.as_str();
                if matches!(own, "invite" | "knock") {
                    entry.activity = now;
                    let events = vec![raw(&format!("{{\"type\":\"m.room.name\",\"content\":{{\"name\":\"{own}\"}}}}"))];
                    self.stripped = Some(StrippedRecord { events, position });
                    return;
                }
                entry.ever_joined |= own == "join";
                entry.joined_at = (own == "join").then_some(entry.timeline_end);
                let id = format!("${own}{}", entry.timeline_end.0);
                self.member(&id, sender, ME, membership, position, now, true);
            }
            ["name", name] => {
                entry.name = (name != "-").then(|| name.to_owned());
                entry.changed.summary = position;
                let content =
                    if name == "-" { "{\"name\":\"\"}".to_owned() } else { format!("{{\"name\":\"{name}\"}}") };
                self.set("m.room.name", "", &content, position, now);
            }
            ["state", kind, key, value] => {
                let key = key.trim_matches('\'');
                self.set(kind, key, &format!("{{\"topic\":\"{value}\"}}"), position, now);
            }
            ["unset", kind, key] => self.unset(kind, key.trim_matches('\''), position),
            ["create"] => {
                entry.timeline_complete = true;
                entry.create_known = true;
                self.set("m.room.create", "", r#"{"room_version":"11"}"#, position, now);
            }
            ["encrypted"] => entry.encrypted = Some(true),
            ["plain"] => entry.encrypted = Some(false),
            ["unknown"] => entry.known = Known::Unknown,
            ["tag", tag] => {
                entry.tags.push(tag.to_owned());
                self.tag(tag, position);
            }
            ["heroes", ref users @ ..] => {
                entry.heroes = users_of(users)
                    .into_iter()
                    .map(|user_id| Hero { user_id, displayname: None, avatar_url: None })
                    .collect();
                entry.joined_count = Some(users.len() as u64 + 1);
                entry.changed.summary = position;
                entry.changed.heroes = position;
                entry.changed.member_counts = position;
            }
            ["counts", notifications, highlights] => {
                entry.notification_count = notifications.parse().ok();
                entry.highlight_count = highlights.parse().ok();
                entry.changed.counts = position;
            }
            ["receipt", user, event] => self.receipt(user, event, position),
            ["gap", token] => self.gap = Some((token != "-").then(|| token.to_owned())),
            ["token", token] => {
                if let Some(item) = self.timeline.last_mut() {
                    item.token_after = Some(token.to_owned());
                }
            }
            ["history", ref ids @ ..] => self.history(ids, position, now),
            ["filled", ref ids @ ..] => self.fill(ids, position, now),
            ["claim", transaction] => self.claim(transaction, position),
            ["unclaim"] => self.unclaim(position),
            ["mine", id, transaction] => {
                self.message(id, ME, position, now);
                if let Some(item) = self.timeline.last_mut() {
                    item.transaction = Some((DEVICE.into(), transaction.to_owned()));
                }
            }
            ["quiet", user] => {
                let id = format!("$quiet{}", position.0);
                self.member(&id, user, user, "join", position, now, false);
            }
            [user] if user.starts_with('@') => {
                let id = format!("${}{}", &user[1..2], self.entry.timeline_end.0);
                self.member(&id, user, user, "join", position, now, true);
            }
            ["large", id, kilobytes] => self.large_message(id, kilobytes.parse().expect("a size"), position, now),
            [id] => self.message(id, "@bob:x", position, now),
            [id, sender] if sender.starts_with('@') => self.message(id, sender, position, now),
            ref other => panic!("unknown item {other:?}"),
        }
    }

    fn tag(&mut self, tag: &str, position: crate::model::Position) {
        let event = raw(&format!("{{\"type\":\"m.tag\",\"content\":{{\"tags\":{{\"{tag}\":{{}}}}}}}}"));
        self.account_data.entries.insert("m.tag".to_owned(), AccountDataEntry { event, position });
        self.entry.changed.account_data = position;
    }

    fn receipt(&mut self, user: &str, event: &str, position: crate::model::Position) {
        let user: OwnedUserId = user.try_into().expect("user");
        self.receipts.receipts.retain(|receipt| receipt.user != user);
        self.receipts.receipts.push(Receipt {
            user,
            kind: "m.read".to_owned(),
            thread: None,
            event: OwnedEventId::try_from(format!("${event}")).expect("event id"),
            data: raw("{\"ts\":1}"),
            position,
        });
        self.entry.changed.receipts = position;
    }

    fn set(&mut self, kind: &str, key: &str, content: &str, position: crate::model::Position, now: Timestamp) {
        let id = format!("${}{}", kind.rsplit('.').next().unwrap_or(kind), position.0);
        let event = event(&id, kind, Some(key), "@bob:x", content, now);
        self.put_state(event.clone(), position);
        self.append(event, position);
    }

    fn put_state(&mut self, event: Event, position: crate::model::Position) {
        let key = (event.header.event_type.clone(), event.header.state_key.clone().unwrap_or_default());
        let entry = StateEntry { event: Some(event), position, provisional: false };
        if key.0 == "m.room.member" {
            self.members.entries.insert(key, entry);
            self.entry.changed.members = position;
        } else {
            self.state.entries.insert(key, entry);
            self.entry.changed.state = position;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a test's helper, each of them a word of the script")]
    fn member(
        &mut self,
        id: &str,
        sender: &str,
        target: &str,
        membership: &str,
        position: crate::model::Position,
        now: Timestamp,
        shown: bool,
    ) {
        let content = format!("{{\"membership\":\"{membership}\"}}");
        let event = event(id, "m.room.member", Some(target), sender, &content, now);
        self.put_state(event.clone(), position);
        if shown {
            self.append(event, position);
        }
    }

    fn message(&mut self, id: &str, sender: &str, position: crate::model::Position, now: Timestamp) {
        let event = event(&format!("${id}"), "m.room.message", None, sender, MESSAGE, now);
        self.append(event, position);
        self.entry.bump_stamp = now;
    }

    fn large_message(&mut self, id: &str, kilobytes: usize, position: crate::model::Position, now: Timestamp) {
        let content = format!("{{\"msgtype\":\"m.text\",\"body\":\"{}\"}}", "x".repeat(kilobytes * 1024));
        let event = event(&format!("${id}"), "m.room.message", None, "@bob:x", &content, now);
        self.append(event, position);
    }

    fn claim(&mut self, transaction: &str, position: crate::model::Position) {
        if let Some(item) = self.timeline.last_mut() {
            item.transaction = Some((DEVICE.into(), transaction.to_owned()));
        }
        self.entry.changed.timeline = position;
    }

    fn unclaim(&mut self, position: crate::model::Position) {
        if let Some(item) = self.timeline.last_mut() {
            item.not_sent_by = vec![DEVICE.into()];
        }
        self.entry.changed.timeline = position;
    }

    fn append(&mut self, event: Event, position: crate::model::Position) {
        let gap = self.gap.take();
        self.entry.activity = event.arrived;
        self.timeline.push(TimelineEvent {
            ordinal: self.entry.timeline_end,
            position,
            event,
            live: true,
            gap_before: gap.is_some(),
            token_before: gap.flatten(),
            token_after: None,
            transaction: None,
            not_sent_by: Vec::new(),
        });
        self.entry.timeline_end.0 += 1;
        self.entry.changed.timeline = position;
    }

    /// History is laid before the newest segment, and closes its gap as far as it goes.
    fn unset(&mut self, kind: &str, key: &str, position: crate::model::Position) {
        let removed = StateEntry { event: None, position, provisional: false };
        let record = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        record.entries.insert((kind.to_owned(), key.to_owned()), removed);
        self.entry.changed.state = position;
        self.entry.changed.members = position;
    }

    /// Puts events before the newest one, as a base does: what was there moves back.
    fn fill(&mut self, ids: &[&str], position: crate::model::Position, now: Timestamp) {
        let last = self.timeline.pop();
        self.history(ids, position, now);
        let count = ids.len().min(self.timeline.len());
        self.timeline.rotate_left(count);
        self.timeline.extend(last);
        for (ordinal, item) in (self.entry.timeline_first.0..).zip(&mut self.timeline) {
            item.ordinal = Ordinal(ordinal);
        }
    }

    fn history(&mut self, ids: &[&str], position: crate::model::Position, now: Timestamp) {
        if let Some(first) = self.timeline.first_mut() {
            first.gap_before = false;
        }
        for id in ids.iter().rev() {
            self.entry.timeline_first.0 -= 1;
            self.timeline.insert(
                0,
                TimelineEvent {
                    ordinal: Ordinal(self.entry.timeline_first.0),
                    position,
                    event: event(&format!("${id}"), "m.room.message", None, "@bob:x", MESSAGE, now),
                    live: false,
                    gap_before: false,
                    token_before: None,
                    token_after: None,
                    transaction: None,
                    not_sent_by: Vec::new(),
                },
            );
        }
        self.entry.changed.timeline = position;
    }
}

fn event(id: &str, kind: &str, key: Option<&str>, sender: &str, content: &str, now: Timestamp) -> Event {
    let key = key.map(|key| format!(",\"state_key\":\"{key}\"")).unwrap_or_default();
    let json = format!(
        "{{\"type\":\"{kind}\",\"event_id\":\"{id}\",\"sender\":\"{sender}\",\"origin_server_ts\":{}{key},\"content\":{content},\"unsigned\":{{\"age\":5}}}}",
        now.0
    );
    Event::parse(serde_json::from_str(&json).expect("JSON"), now).expect("an event")
}

fn users_of(words: &[&str]) -> Vec<OwnedUserId> {
    words.iter().map(|user| OwnedUserId::try_from(*user).expect("user")).collect()
}

/// `m1*5000` is a message with so many bytes more.
fn to_device(word: &str) -> Rc<RawValue> {
    let (kind, more) = word.split_once('*').unwrap_or((word, "0"));
    let more = "x".repeat(more.parse().expect("a number"));
    raw(&format!("{{\"type\":\"{kind}\",\"content\":{{\"x\":\"{more}\"}}}}"))
}

fn raw(json: &str) -> Rc<RawValue> {
    Rc::from(RawValue::from_string(json.to_owned()).expect("JSON"))
}
