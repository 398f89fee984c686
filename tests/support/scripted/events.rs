//! Events as words, both ways: `m1@alice`, `topic="hot"`, `join@bob`, `redact:m1`.
//!
//! - A message is a kind, a number and perhaps a sender: `m1` (m.room.message), `enc2@eve` (m.room.encrypted), `x3` (a
//!   type that moves no list's stamp). `kind:word` relates to another: `redact:m1`, `react:m1`, `edit:m1`, `thread:m1`.
//! - State is `name="Tea"`, `topic@alice="hot"`, `encryption`, `space`, `child!b`, `type/key={"any":"content"}`.
//! - Members are `join@bob`, `join@bob="Bobby"`, `invite@eve`, `leave@bob`, `kick@bob`, `ban@bob`, `knock@bob`.
//! - Behind all that: `$id` names the event, `^txn` gives it a transaction id, `~7` the seventh second as its time.
//!
//! Who is not named is `@bob`, also as the one who kicks, bans and invites; `invite@me@eve` is by Eve.

use serde_json::{Map, Value, json};

use super::words::{room_id, user_id};

/// The moment of the first event: long ago, so that nothing here is in the future.
pub const EPOCH: u64 = 1_700_000_000_000;

/// An event as a script names it, before it has an id and a time.
pub struct Draft {
    pub kind: String,
    pub state_key: Option<String>,
    pub sender: String,
    pub content: Value,
    /// What the script calls it, where it does.
    pub id: Option<String>,
    pub transaction: Option<String>,
    pub second: Option<u64>,
    pub redacts: Option<String>,
}

/// Reads a word; `None` if it is no event.
pub fn parse(word: &str) -> Option<Draft> {
    let (head, value) = match word.split_once('=') {
        Some((head, value)) => (head, Some(value)),
        None => (word, None),
    };
    // What stands behind a value stands behind its closing quote or brace.
    let (value, behind) = value.map_or((None, ""), |value| {
        let end = value.rfind(['"', '}', ']']).map_or(value.len(), |end| end + 1);
        (Some(&value[..end]), &value[end..])
    });
    let mut head = format!("{head}{behind}");
    let mut take = |sign: char| head.rfind(sign).map(|at| head.split_off(at)[1..].to_owned());
    let second = take('~').map(|second| second.parse().expect("a second"));
    let transaction = take('^');
    let id = take('$');
    let (head, who) = match head.rsplit_once('@') {
        Some((head, who)) => (head, Some(user_id(who))),
        None => (head.as_str(), None),
    };
    let value = value.map(|value| serde_json::from_str(value).unwrap_or_else(|error| panic!("{word}: {error}")));
    let draft = draft(head, who, value)?;
    Some(Draft { id: id.or(draft.id), transaction, second, ..draft })
}

fn draft(head: &str, who: Option<String>, value: Option<Value>) -> Option<Draft> {
    let sender = who.clone().unwrap_or_else(|| user_id("bob"));
    let draft = |kind: &str, state_key: Option<&str>, content: Value| Draft {
        kind: kind.to_owned(),
        state_key: state_key.map(str::to_owned),
        sender: sender.clone(),
        content,
        id: None,
        transaction: None,
        second: None,
        redacts: None,
    };
    let state = |kind: &str, field: &str, value: Option<Value>| {
        Some(draft(kind, Some(""), value.map_or_else(|| json!({}), |value| json!({ field: value }))))
    };
    let (word, target) = head.split_once('@').map_or((head, None), |(word, target)| (word, Some(user_id(target))));
    if ["join", "invite", "leave", "kick", "ban", "knock"].contains(&word) {
        return Some(match target {
            Some(target) => Draft { sender, ..member(word, target, value) },
            None => member(word, who?, value),
        });
    }
    if let Some((kind, target)) = head.split_once(':') {
        return Some(related(kind, target, value, draft));
    }
    if let Some((kind, key)) = head.split_once('/') {
        return Some(draft(kind, Some(key), value.unwrap_or_else(|| json!({}))));
    }
    for (word, kind, content) in [
        ("child", "m.space.child", json!({ "via": ["x"] })),
        ("parent", "m.space.parent", json!({ "via": ["x"], "canonical": true })),
    ] {
        if let Some(room) = head.strip_prefix(word).filter(|rest| rest.starts_with('!')) {
            return Some(draft(kind, Some(&room_id(room)), value.unwrap_or(content)));
        }
    }
    match head {
        "create" => Some(draft("m.room.create", Some(""), value.unwrap_or_else(|| json!({ "room_version": "10" })))),
        "space" => Some(draft("m.room.create", Some(""), json!({ "room_version": "10", "type": "m.space" }))),
        "name" => state("m.room.name", "name", value),
        "topic" => state("m.room.topic", "topic", value),
        "avatar" => state("m.room.avatar", "url", value),
        "tombstone" => state("m.room.tombstone", "replacement_room", value),
        "encryption" => Some(draft("m.room.encryption", Some(""), json!({ "algorithm": "m.megolm.v1.aes-sha2" }))),
        _ => {
            let digits = head.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0)?;
            head[digits..].chars().all(|c| c.is_ascii_digit()).then_some(())?;
            let kind = match &head[..digits] {
                "m" => "m.room.message",
                "enc" => "m.room.encrypted",
                "sticker" => "m.sticker",
                "call" => "m.call.invite",
                "poll" => "m.poll.start",
                "beacon" => "m.beacon_info",
                "x" => "x.other",
                _ => return None,
            };
            let body = json!({ "msgtype": "m.text", "body": head });
            Some(Draft { id: Some(head.to_owned()), ..draft(kind, None, value.unwrap_or(body)) })
        }
    }
}

fn member(word: &str, user: String, displayname: Option<Value>) -> Draft {
    let by_other = matches!(word, "invite" | "kick" | "ban");
    let sender = match user.as_str() {
        "@bob:x" if by_other => user_id("me"),
        _ if by_other => user_id("bob"),
        _ => user.clone(),
    };
    let membership = if word == "kick" { "leave" } else { word };
    let mut content = json!({ "membership": membership });
    if let Some(displayname) = displayname {
        content["displayname"] = displayname;
    }
    Draft {
        kind: "m.room.member".to_owned(),
        state_key: Some(user),
        sender,
        content,
        id: None,
        transaction: None,
        second: None,
        redacts: None,
    }
}

/// `redact:m1`, `edit:m1`, or any other kind with an id of its own: `m.custom:e1`.
fn related(
    kind: &str,
    target: &str,
    value: Option<Value>,
    draft: impl Fn(&str, Option<&str>, Value) -> Draft,
) -> Draft {
    let event = format!("${target}");
    let relation = |kind: &str| json!({ "rel_type": kind, "event_id": event });
    let (kind, content) = match kind {
        "redact" => {
            let redaction = draft("m.room.redaction", None, json!({ "redacts": event }));
            return Draft { id: Some(format!("redact-{target}")), redacts: Some(event), ..redaction };
        }
        "react" => {
            ("m.reaction", json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": "+" } }))
        }
        "edit" => (
            "m.room.message",
            json!({ "body": "* new", "m.new_content": { "body": "new" }, "m.relates_to": relation("m.replace") }),
        ),
        "thread" => ("m.room.message", json!({ "body": "in thread", "m.relates_to": relation("m.thread") })),
        other => {
            return Draft { id: Some(target.to_owned()), ..draft(other, None, value.unwrap_or_else(|| json!({}))) };
        }
    };
    Draft {
        id: Some(format!("{}-{target}", kind.trim_start_matches("m.").replace("room.message", "re"))),
        ..draft(kind, None, content)
    }
}

/// Writes an event as a word, near enough to how a script would have named it.
pub fn short(event: &Value) -> String {
    let kind = event["type"].as_str().unwrap_or("?");
    let word = match event["state_key"].as_str() {
        Some(key) => short_state(event, kind, key),
        None => short_message(event, kind),
    };
    word + &relations(event)
}

fn short_state(event: &Value, kind: &str, key: &str) -> String {
    let named = match kind {
        "m.room.member" => "member",
        "m.room.create" => "create",
        "m.room.encryption" => "encryption",
        "m.room.name" => "name",
        "m.room.topic" => "topic",
        "m.room.avatar" => "avatar",
        "m.room.tombstone" => "tombstone",
        "m.space.child" => "child",
        "m.space.parent" => "parent",
        other => other,
    };
    let Some(content) = event["content"].as_object() else {
        return format!("no {named}{}{}", if key.is_empty() { "" } else { "/" }, without_server(key));
    };
    let txn = transaction(event);
    match named {
        "member" => format!("{}{txn}", short_member(event, key, content)),
        "create" if content.get("type").is_some_and(|kind| kind == "m.space") => format!("space{txn}"),
        "create" | "encryption" if key.is_empty() => format!("{named}{txn}"),
        "name" | "topic" | "avatar" | "tombstone" if key.is_empty() && content.len() <= 1 => {
            let value = content.values().next();
            value.map_or_else(|| format!("{named}{txn}"), |value| format!("{named}={value}{txn}"))
        }
        "child" | "parent" if !content.is_empty() => format!("{named}{}{txn}", without_server(key)),
        "child" | "parent" => format!("{named}{}={{}}{txn}", without_server(key)),
        _ => format!("{named}/{}={}{txn}", without_server(key), Value::Object(content.clone())),
    }
}

fn short_member(event: &Value, key: &str, content: &Map<String, Value>) -> String {
    let by_other = event["sender"].as_str() != Some(key);
    let word = match content.get("membership").and_then(Value::as_str).unwrap_or("?") {
        "leave" if by_other => "kick",
        other => other,
    };
    let displayname = content.get("displayname").map(|name| format!("={name}")).unwrap_or_default();
    format!("{word}{}{displayname}", without_server(key))
}

fn short_message(event: &Value, kind: &str) -> String {
    let id = event["event_id"].as_str().unwrap_or(kind).trim_start_matches('$');
    let mut word = format!("{id}{}", transaction(event));
    if event["content"].as_object().is_some_and(Map::is_empty) && kind != "m.room.redaction" {
        word.push_str("(redacted)");
    }
    word
}

fn relations(event: &Value) -> String {
    let relations = event["unsigned"]["m.relations"].as_object();
    relations.map(|them| format!("({})", them.keys().cloned().collect::<Vec<_>>().join(" "))).unwrap_or_default()
}

fn transaction(event: &Value) -> String {
    event["unsigned"]["transaction_id"].as_str().map(|id| format!("^{id}")).unwrap_or_default()
}

/// `@bob:x` as a script says it.
pub fn without_server(id: &str) -> &str {
    id.strip_suffix(":x").unwrap_or(id)
}
