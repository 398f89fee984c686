//! The wires: a request into its JSON, and an answer's JSON into the form that all wires have in common, which is v4's.

use ruma::api::{IncomingResponseExt, client::sync::sync_events::v5};
use sash_sync::connection::Wire;
use serde_json::{Map, Value, json};

use super::request::{Config, Extension, List, Request};
use crate::support::scripted::{ME, room_id, user_id};

const TO_DEVICE: &str = "org.matrix.msc4538.to_device";
const E2EE: &str = "org.matrix.msc4543.e2ee";

/// A request as it is sent: path with query, and body.
pub struct Sent {
    pub target: String,
    pub body: Value,
}

/// Writes a request.
pub fn write(wire: Wire, request: &Request, pos: Option<&str>, since: Option<&str>) -> Sent {
    let mut body = json!({});
    let timeout = request.timeout.map(|timeout| timeout.as_millis() as u64);
    let mut target = path(wire).to_owned();
    match wire {
        Wire::V4 => {
            for (key, value) in
                [("pos", json!(pos)), ("timeout", json!(timeout)), ("set_presence", json!(request.presence))]
            {
                if !value.is_null() {
                    body[key] = value;
                }
            }
        }
        Wire::Simplified => {
            let timeout = timeout.map(|timeout| timeout.to_string());
            let parameters =
                [("pos", pos), ("timeout", timeout.as_deref()), ("set_presence", request.presence.as_deref())];
            let parameters: Vec<String> =
                parameters.iter().filter_map(|(key, value)| Some(format!("{key}={}", (*value)?))).collect();
            if !parameters.is_empty() {
                target.push_str(&format!("?{}", parameters.join("&")));
            }
        }
    }
    for (key, value) in [("conn_id", &request.conn), ("txn_id", &request.transaction)] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    let wanted = &request.wanted;
    for (name, list_words) in &wanted.lists {
        body["lists"][name] = list(wire, list_words);
    }
    for (room, room_config) in &wanted.rooms {
        body["room_subscriptions"][room] = config(wire, room_config);
    }
    if !wanted.unsubscribed.is_empty() {
        body["unsubscribe_rooms"] = json!(wanted.unsubscribed);
    }
    for (name, words) in &wanted.extensions {
        body["extensions"][extension_key(wire, name)] = extension(name, words, since);
    }
    Sent { target, body }
}

/// Returns the endpoint.
pub fn path(wire: Wire) -> &'static str {
    match wire {
        Wire::V4 => "/_matrix/client/v4/sync",
        Wire::Simplified => "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync",
    }
}

fn list(wire: Wire, list: &List) -> Value {
    let mut value = config(wire, &list.config);
    match (wire, list.ranges.as_slice()) {
        (Wire::V4, []) => {}
        (Wire::V4, ranges) => value["range"] = json!(ranges[0]),
        (Wire::Simplified, []) => value["ranges"] = json!([[0, 999_999]]),
        (Wire::Simplified, ranges) => value["ranges"] = json!(ranges),
    }
    for (name, words) in &list.filters {
        let texts = || words.split(',').filter(|word| !word.is_empty()).collect::<Vec<_>>();
        let (name, filter) = match (name.as_str(), wire) {
            ("nowhere", _) => {
                value["ranges"] = json!([]);
                continue;
            }
            ("old", _) => {
                value["sort"] = json!(["by_recency"]);
                continue;
            }
            ("dm" | "not-dm", _) => ("is_dm", json!(name == "dm")),
            ("encrypted" | "not-encrypted", _) => ("is_encrypted", json!(name == "encrypted")),
            ("invited" | "not-invited", Wire::V4) => ("is_invited", json!(name == "invited")),
            ("invited" | "not-invited", Wire::Simplified) => ("is_invite", json!(name == "invited")),
            ("unread", _) => ("sash.unread", json!(true)),
            ("spaces", _) => ("spaces", json!(texts().into_iter().map(room_id).collect::<Vec<_>>())),
            ("types" | "not-types", _) => {
                let types: Vec<Value> =
                    texts().into_iter().map(|kind| if kind == "null" { Value::Null } else { json!(kind) }).collect();
                (if name == "types" { "room_types" } else { "not_room_types" }, json!(types))
            }
            ("tags", _) => ("tags", json!(texts())),
            ("not-tags", _) => ("not_tags", json!(texts())),
            (other, _) => panic!("{other:?} is no word of a list"),
        };
        value["filters"][name] = filter;
    }
    value
}

fn config(wire: Wire, config: &Config) -> Value {
    let required_state = match wire {
        Wire::V4 => {
            let mut state = json!({});
            for (name, patterns) in [("include", &config.state), ("exclude", &config.exclude)] {
                if !patterns.is_empty() {
                    state[name] = patterns.iter().map(|pattern| element(pattern)).collect();
                }
            }
            if config.lazy {
                state["lazy_members"] = json!(true);
            }
            state
        }
        Wire::Simplified => {
            assert!(config.exclude.is_empty(), "this wire cannot exclude");
            let lazy = config.lazy.then(|| json!(["m.room.member", "$LAZY"]));
            config.state.iter().map(|pattern| pair(pattern)).chain(lazy).collect()
        }
    };
    json!({ "timeline_limit": config.timeline, "required_state": required_state })
}

/// `name`, `member/me`, `member/*`, `*/@bob`, `*`.
fn pattern(word: &str) -> (String, String) {
    let (kind, key) = word.split_once('/').unwrap_or((word, if word == "*" { "*" } else { "" }));
    let kind = match kind {
        "name" | "topic" | "avatar" | "member" | "create" | "encryption" | "tombstone" => format!("m.room.{kind}"),
        "child" | "parent" => format!("m.space.{kind}"),
        other => other.to_owned(),
    };
    let key = match key {
        user if user.starts_with('@') => user_id(user),
        room if room.starts_with('!') => room_id(room),
        other => other.to_owned(),
    };
    (kind, key)
}

fn element(word: &str) -> Value {
    let (kind, key) = pattern(word);
    let mut element = json!({});
    if kind != "*" {
        element["type"] = json!(kind);
    }
    if key != "*" {
        element["state_key"] = json!(if key == ME { user_id(ME) } else { key });
    }
    element
}

fn pair(word: &str) -> Value {
    let (kind, key) = pattern(word);
    json!([kind, if key == ME { "$ME".to_owned() } else { key }])
}

fn extension_key(wire: Wire, name: &str) -> &str {
    match (wire, name) {
        (Wire::V4, "to_device") => TO_DEVICE,
        (Wire::V4, "e2ee") => E2EE,
        _ => name,
    }
}

fn extension(name: &str, words: &Extension, since: Option<&str>) -> Value {
    let mut value = json!({ "enabled": true });
    if let Some(since) = since.filter(|_| name == "to_device") {
        value["since"] = json!(since);
    }
    for (word, text) in words {
        let texts = || text.split(',').filter(|text| !text.is_empty());
        match word.as_str() {
            "since" if text.starts_with("ago:") => {}
            "since" if text == "none" => drop(value.as_object_mut().map(|value| value.remove("since"))),
            "since" => value["since"] = json!(text),
            "limit" => value["limit"] = json!(text.parse::<i64>().expect("a number")),
            "enabled" => value["enabled"] = json!(text == "true"),
            "lists" => value["lists"] = texts().collect(),
            _ => {
                value["rooms"] =
                    texts().map(|room| if room == "*" { room.to_owned() } else { room_id(room) }).collect();
            }
        }
    }
    value
}

/// Brings an answer into the common form; says what is wrong with its own.
pub fn read(wire: Wire, body: &[u8], faults: &mut Vec<String>) -> Value {
    let mut answer: Value = serde_json::from_slice(body).expect("an answer is JSON");
    if wire == Wire::V4 {
        if let Some(extensions) = answer.get_mut("extensions") {
            rename(extensions, TO_DEVICE, "to_device");
            rename(extensions, E2EE, "e2ee");
        }
        return answer;
    }
    let http = http::Response::builder().status(200).body(body).expect("a response");
    if let Err(error) = v5::Response::try_from_http_response(http) {
        faults.push(format!("ruma refuses the answer: {error}"));
    }
    for (id, room) in answer["rooms"].as_object_mut().into_iter().flatten() {
        let Some(room) = room.as_object_mut() else { continue };
        simplified_room(id, room, faults);
    }
    let typing = answer.pointer_mut("/extensions/typing/rooms").and_then(Value::as_object_mut);
    for (_, event) in typing.into_iter().flatten() {
        if event["type"] != "m.typing" {
            faults.push("typing is no m.typing event".to_owned());
        }
        *event = event["content"].take();
    }
    answer
}

fn simplified_room(id: &str, room: &mut Map<String, Value>, faults: &mut Vec<String>) {
    let outside = room
        .get("membership")
        .is_some_and(|membership| ["invite", "knock"].contains(&membership.as_str().unwrap_or_default()));
    let invite_state = room.remove("invite_state");
    if invite_state != room.get("stripped_state").filter(|_| outside).cloned() {
        faults.push(format!("{id}: invite_state is {invite_state:?}"));
    }
    let expanded = room.remove("unstable_expanded_timeline");
    if expanded.as_ref() != room.get("expanded_timeline") {
        faults.push(format!("{id}: only one of the names of expanded_timeline is there"));
    }
    if room.contains_key("timeline") && !(room.contains_key("limited") && room.contains_key("num_live")) {
        faults.push(format!("{id}: a timeline without limited or num_live"));
    }
    for field in ["required_state", "name"] {
        let bad = match room.get(field) {
            Some(Value::Array(state)) => state.iter().any(|event| event.get("content").is_none()),
            Some(value) => value.is_null(),
            None => false,
        };
        if bad {
            faults.push(format!("{id}: {field} has what this wire must not have"));
        }
    }
}

fn rename(object: &mut Value, from: &str, to: &str) {
    if let Some(object) = object.as_object_mut()
        && let Some(value) = object.remove(from)
    {
        object.insert(to.to_owned(), value);
    }
}
