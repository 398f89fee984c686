//! A line of a script into the body of a v2 answer.
//!
//! Parts are separated by `|`. A part that begins with a room is that room's block: `!a …` joined, `!a invite …`, `!a knock
//! …`, `!a leave …`. In a joined block, state events stand in `state` until the word `timeline`; messages always stand in
//! the timeline. What every homeserver adds is added: the create event and one's own member event where a room is shown
//! first, the members of the timeline's senders, the summary when members change. The word `bare` leaves all that out.
//!
//! Other words of a block: `limited`, `prev=TOKEN`, `unread 2/1`, `typing @bob`, `receipts m1@bob m2@me:private
//! m3@bob:thread=m1`, `tags m.favourite`, `data x.y={…}`, `json={…}` (laid over the block as it is).
//!
//! Other parts: `to_device k1 k2@eve`, `devices @bob -@eve`, `keys 50`, `fallback signed_curve25519`, `direct !a`,
//! `ignore @eve`, `data x.y={…}`, `presence @bob -@eve`, `json {…}`.

use serde_json::{Map, Value, json};

use super::{
    events::{self, Draft},
    rooms::Room,
    state::{ME, State},
    words::{parts, room_id, user_id, words},
};

/// Reads a line; the answer has no `next_batch` yet.
pub fn answer(state: &mut State, line: &str) -> Value {
    let mut answer = json!({});
    for part in parts(line) {
        let words = words(&part);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if first.starts_with('!') {
            block(state, &mut answer, &room_id(first), rest);
        } else {
            global(&mut answer, first, rest);
        }
    }
    answer
}

/// Splits the first answer of an account into what the homeserver says without rooms, and the whole.
pub fn without_rooms(answer: &Value) -> Value {
    let mut start = answer.clone();
    if let Some(rooms) = start["rooms"].as_object_mut() {
        rooms.retain(|section, _| !["join", "leave"].contains(&section.as_str()));
    }
    start
}

fn global(answer: &mut Value, word: &str, rest: &[&str]) {
    let users = |sign: bool| -> Vec<String> {
        rest.iter()
            .filter(|user| user.starts_with('-') == sign)
            .map(|user| user_id(user.trim_start_matches('-')))
            .collect()
    };
    match word {
        "to_device" => {
            for word in rest {
                let (kind, sender) = word.split_once('@').unwrap_or((word, "bob"));
                let event = json!({ "type": kind, "sender": user_id(sender), "content": {} });
                push(&mut answer["to_device"]["events"], event);
            }
        }
        "devices" => answer["device_lists"] = json!({ "changed": users(false), "left": users(true) }),
        "keys" => answer["device_one_time_keys_count"] = json!({ "signed_curve25519": number(rest) }),
        "fallback" => {
            let types: Vec<_> = rest.iter().filter(|word| **word != "none").collect();
            answer["device_unused_fallback_key_types"] = json!(types);
        }
        "direct" => {
            let rooms: Vec<String> = rest.iter().map(|room| room_id(room)).collect();
            account_data(answer, "m.direct", json!({ "@bob:x": rooms }));
        }
        "ignore" => {
            let ignored: Map<String, Value> = users(false).into_iter().map(|user| (user, json!({}))).collect();
            account_data(answer, "m.ignored_user_list", json!({ "ignored_users": ignored }));
        }
        "data" => {
            for word in rest {
                let (kind, content) = data(word);
                account_data(answer, &kind, content);
            }
        }
        "presence" => {
            for (users, presence) in [(users(false), "online"), (users(true), "offline")] {
                for user in users {
                    let event = json!({ "type": "m.presence", "sender": user, "content": { "presence": presence } });
                    push(&mut answer["presence"]["events"], event);
                }
            }
        }
        "json" => merge(answer, serde_json::from_str(&rest.join(" ")).expect("JSON")),
        other => panic!("{other:?} is no part of an answer"),
    }
}

fn account_data(answer: &mut Value, kind: &str, content: Value) {
    push(&mut answer["account_data"]["events"], json!({ "type": kind, "content": content }));
}

fn block(state: &mut State, answer: &mut Value, room: &str, words: &[&str]) {
    let (section, words) = match words.split_first() {
        Some((section @ (&"invite" | &"knock" | &"leave" | &"join"), words)) => (*section, words),
        _ => ("join", words),
    };
    let value = match section {
        "invite" | "knock" => stripped(state, room, section, words),
        _ => joined(state, room, section == "leave", words),
    };
    answer["rooms"][section][room] = value;
}

fn stripped(state: &mut State, room: &str, section: &str, words: &[&str]) -> Value {
    let bare = words.contains(&"bare");
    let from = words.iter().find_map(|word| word.strip_prefix("from=")).unwrap_or("@bob");
    let own = if section == "invite" { format!("invite@{ME}{from}") } else { format!("knock@{ME}") };
    let State { rooms, clock, .. } = state;
    // What is shown outside is not what those inside see: the room itself is not touched.
    let mut outside = Room::default();
    let given = words.iter().filter(|word| !word.starts_with("from=") && **word != "bare");
    let create = (!bare && !words.contains(&"space")).then_some("create");
    let events: Vec<Value> = create
        .into_iter()
        .chain(given.copied())
        .chain(std::iter::once(own.as_str()))
        .map(|word| strip(outside.event(clock, word)))
        .collect();
    rooms.entry(room.to_owned()).or_default().shown = false;
    json!({ format!("{section}_state"): { "events": events } })
}

fn strip(mut event: Value) -> Value {
    if let Some(fields) = event.as_object_mut() {
        let own = fields.get("type").is_some_and(|kind| kind == "m.room.member");
        // Synapse gives the own member event with all its keys.
        fields.retain(|key, _| own || ["type", "state_key", "sender", "content"].contains(&key.as_str()));
    }
    event
}

/// The words of a joined or left room, sorted out.
#[derive(Default)]
struct Words<'a> {
    state: Vec<Draft>,
    timeline: Vec<Draft>,
    ephemeral: Vec<Value>,
    account_data: Vec<Value>,
    prev_batch: Option<&'a str>,
    limited: bool,
    bare: bool,
    unread: Option<&'a str>,
    over: Option<Value>,
}

impl<'a> Words<'a> {
    fn read(words: &[&'a str]) -> Words<'a> {
        let mut sorted = Words::default();
        let mut mode = "state";
        let (mut typing, mut receipts, mut tags) = (None, None, None);
        for word in words {
            match *word {
                "limited" => sorted.limited = true,
                "bare" => sorted.bare = true,
                "state" | "timeline" | "unread" | "data" => mode = word,
                "typing" => (mode, typing) = (word, Some(Vec::new())),
                "receipts" => (mode, receipts) = (word, Some(json!({}))),
                "tags" => (mode, tags) = (word, Some(json!({}))),
                _ if word.starts_with("prev=") => sorted.prev_batch = word.strip_prefix("prev="),
                _ if word.starts_with("json=") => {
                    sorted.over = Some(serde_json::from_str(&word["json=".len()..]).expect("JSON"));
                }
                _ => match (mode, &mut typing, &mut receipts, &mut tags) {
                    ("typing", Some(users), ..) if *word != "none" => users.push(user_id(word)),
                    ("receipts", _, Some(content), _) => receipt(content, word),
                    ("tags", _, _, Some(tags)) if *word != "none" => tags[*word] = json!({}),
                    ("typing" | "tags", ..) => {}
                    ("unread", ..) => sorted.unread = Some(word),
                    ("data", ..) => {
                        let (kind, content) = data(word);
                        sorted.account_data.push(json!({ "type": kind, "content": content }));
                    }
                    _ => sorted.event(mode, word),
                },
            }
        }
        let ephemeral = |kind: &str, content: Value| json!({ "type": kind, "content": content });
        sorted.ephemeral.extend(typing.map(|users| ephemeral("m.typing", json!({ "user_ids": users }))));
        sorted.ephemeral.extend(receipts.map(|content| ephemeral("m.receipt", content)));
        sorted.account_data.extend(tags.map(|tags| ephemeral("m.tag", json!({ "tags": tags }))));
        sorted
    }

    fn event(&mut self, mode: &str, word: &str) {
        let draft = events::parse(word).unwrap_or_else(|| panic!("{word:?} is neither an event nor a word of a room"));
        let in_state = mode == "state" && draft.state_key.is_some();
        if in_state { &mut self.state } else { &mut self.timeline }.push(draft);
    }

    fn senders(&self) -> Vec<String> {
        let mut senders: Vec<String> = self.timeline.iter().map(|draft| draft.sender.clone()).collect();
        senders.sort();
        senders.dedup();
        senders
    }
}

fn joined(state: &mut State, room_id: &str, left: bool, words: &[&str]) -> Value {
    let sorted = Words::read(words);
    let after = state.state_after;
    let State { rooms, clock, .. } = state;
    let room = rooms.entry(room_id.to_owned()).or_default();
    let (me, first) = (user_id(ME), !room.shown && !left);
    let is_member =
        |draft: &Draft, user: &str| draft.kind == "m.room.member" && draft.state_key.as_deref() == Some(user);
    let own = sorted.timeline.iter().any(|draft| is_member(draft, &me));
    let mut members_change =
        first || sorted.timeline.iter().chain(&sorted.state).any(|draft| draft.kind == "m.room.member");
    let senders = sorted.senders();
    let arrivals: Vec<String> = sorted
        .timeline
        .iter()
        .filter(|draft| draft.kind == "m.room.member")
        .filter_map(|draft| draft.state_key.clone())
        .collect();

    let mut block_state: Vec<Value> = Vec::new();
    if first && !sorted.bare {
        let given = sorted.state.iter().any(|draft| draft.kind == "m.room.create");
        if !given && !room.state.contains_key(&("m.room.create".to_owned(), String::new())) {
            room.event(clock, "create");
        }
        let is_in = room.member(&me).is_some_and(|event| event["content"]["membership"] == "join");
        if !own && !is_in {
            room.event(clock, &format!("join{me}"));
        }
        room.ensure_member(clock, "@bob:x");
    }
    let before: Vec<String> = room.state.values().map(|event| event["event_id"].to_string()).collect();
    for draft in sorted.state {
        let event = room.draft(clock, draft);
        block_state.push(event);
    }
    if !sorted.bare {
        for sender in senders.iter().filter(|sender| !arrivals.contains(sender)) {
            members_change |= room.member(sender).is_none();
            block_state.push(room.ensure_member(clock, sender));
        }
        if first {
            let lazy = |event: &&Value| event["type"] != "m.room.member" || event["state_key"] == *me && !own;
            let rest = room.state.values().filter(lazy).filter(|event| before.contains(&event["event_id"].to_string()));
            block_state.extend(rest.cloned());
        }
    }
    dedup(&mut block_state);
    let timeline: Vec<Value> = sorted.timeline.into_iter().map(|draft| room.draft(clock, draft)).collect();
    let mut timeline = timeline;
    if left && !sorted.bare && !own {
        timeline.push(room.event(clock, &format!("leave{me}")));
    }
    for event in &timeline {
        room.append(event);
    }
    room.shown = !left;

    let mut value = json!({});
    if after {
        let in_timeline = timeline.iter().filter(|event| event.get("state_key").is_some()).cloned();
        block_state.extend(in_timeline);
        value["org.matrix.msc4222.state_after"] = json!({ "events": latest(block_state) });
    } else {
        value["state"] = json!({ "events": block_state });
    }
    let prev_batch = sorted.prev_batch.map(str::to_owned).or_else(|| timeline.first().map(before_token));
    value["timeline"] = json!({ "events": timeline, "limited": sorted.limited, "prev_batch": prev_batch });
    if members_change && !sorted.bare && !left {
        value["summary"] = room.summary();
    }
    let unread = sorted.unread.or((first && !sorted.bare).then_some("0/0")).and_then(|unread| unread.split_once('/'));
    if let Some((notifications, highlights)) = unread {
        value["unread_notifications"] =
            json!({ "notification_count": number(&[notifications]), "highlight_count": number(&[highlights]) });
    }
    if !sorted.ephemeral.is_empty() {
        value["ephemeral"] = json!({ "events": sorted.ephemeral });
    }
    if !sorted.account_data.is_empty() {
        value["account_data"] = json!({ "events": sorted.account_data });
    }
    if let Some(over) = sorted.over {
        merge(&mut value, over);
    }
    value
}

/// The token for the place before an event: `<m1`.
pub fn before_token(event: &Value) -> String {
    format!("<{}", event["event_id"].as_str().unwrap_or_default().trim_start_matches('$'))
}

fn dedup(events: &mut Vec<Value>) {
    let mut seen = Vec::new();
    events.retain(|event| {
        let is_new = !seen.contains(&event["event_id"]);
        seen.push(event["event_id"].clone());
        is_new
    });
}

/// Keeps the last event of each type and key.
fn latest(events: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for event in events {
        kept.retain(|held| held["type"] != event["type"] || held["state_key"] != event["state_key"]);
        kept.push(event);
    }
    kept
}

/// `m1@bob`, `m1@me:private`, `m1@bob:thread=m0`, `m1@bob:main`.
fn receipt(content: &mut Value, word: &str) {
    let (event, user) = word.split_once('@').expect("a receipt is EVENT@USER");
    let (user, how) = user.split_once(':').unwrap_or((user, ""));
    let kind = if how == "private" { "m.read.private" } else { "m.read" };
    let mut data = json!({ "ts": 1 });
    if let Some(thread) = how.strip_prefix("thread=") {
        data["thread_id"] = json!(format!("${thread}"));
    } else if how == "main" {
        data["thread_id"] = json!("main");
    }
    content[format!("${event}")][kind][user_id(user)] = data;
}

fn data(word: &str) -> (String, Value) {
    let (kind, content) = word.split_once('=').unwrap_or((word, "{}"));
    (kind.to_owned(), serde_json::from_str(content).expect("JSON"))
}

fn number(words: &[&str]) -> u64 {
    words.first().and_then(|word| word.parse().ok()).expect("a number")
}

fn push(array: &mut Value, element: Value) {
    if !array.is_array() {
        *array = json!([]);
    }
    if let Some(array) = array.as_array_mut() {
        array.push(element);
    }
}

/// Lays an object over another, as deep as both are objects.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}
