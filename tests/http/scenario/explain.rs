//! An explanation as a scenario shows it: its sentences, those of a connection behind its `conn_id>`, and of the room what is
//! asked for.

use serde_json::Value;

use crate::support::scripted::{room_id, without_server, words};

/// A line `explain !a conn=b device=TABLET token=t show room`, or `explain ?room=x`.
pub struct Question {
    pub target: String,
    pub token: String,
    shows_room: bool,
    shows_json: bool,
}

impl Question {
    pub fn read(line: &str) -> Question {
        let (mut query, mut token) = (String::new(), "PHONE".to_owned());
        let (mut shows_room, mut shows_json) = (false, false);
        let mut conn_id = Some(String::new());
        for word in words(line) {
            match word.split_once('=') {
                _ if word.starts_with('?') => {
                    query = word;
                    conn_id = None;
                }
                Some(("conn", name)) => conn_id = (name != "*").then(|| name.to_owned()),
                Some(("device" | "token", name)) => token = name.to_owned(),
                _ if word == "show" => {}
                _ if word == "room" => shows_room = true,
                _ if word == "json" => shows_json = true,
                _ => query = format!("?room={}", encoded(&room_id(&word))),
            }
        }
        if let Some(conn_id) = conn_id {
            query.push_str(&format!("&conn_id={}", encoded(&conn_id)));
        }
        Question { target: format!("/_sash/explain{query}"), token, shows_room, shows_json }
    }

    /// Shows the answer.
    pub fn describe(&self, answer: &Value) -> Vec<String> {
        if self.shows_json {
            let shown = serde_json::to_string_pretty(&without_moments("", answer.clone())).expect("JSON");
            return shown.lines().map(str::to_owned).collect();
        }
        let mut lines = sentences(answer, "");
        if self.shows_room {
            lines.extend(answer["room"].as_object().map(|_| describe_room(&answer["room"])));
        }
        for connection in answer["connections"].as_array().into_iter().flatten() {
            let name = connection["conn_id"].as_str().unwrap_or("?");
            lines.extend(sentences(connection, &format!("{name}> ")));
        }
        lines
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn sentences(part: &Value, prefix: &str) -> Vec<String> {
    let because = part["because"].as_array().into_iter().flatten().filter_map(Value::as_str);
    because.map(|sentence| prefix.to_owned() + &without_positions(&sentence.replace(":x", ""))).collect()
}

/// How many commits there were is no matter of a scenario.
fn without_positions(sentence: &str) -> String {
    let Some((before, after)) = sentence.split_once("position ") else { return sentence.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}position …{}", without_positions(rest))
}

/// Takes out what every run has another of: times and positions.
fn without_moments(key: &str, value: Value) -> Value {
    const MOMENTS: [&str; 10] = [
        "activity",
        "answered_at",
        "based",
        "bump_stamp",
        "chain_began",
        "gap",
        "last_sent_at",
        "last_used",
        "position",
        "up_to",
    ];
    match value {
        Value::Object(fields) => {
            let positions = ["account_data", "changed", "extensions"].contains(&key);
            let shown = |(name, value): (String, Value)| {
                let value = without_moments(if positions { "position" } else { &name }, value);
                (name, value)
            };
            Value::Object(fields.into_iter().map(shown).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| without_moments(key, item)).collect(),
        Value::Number(_) if MOMENTS.contains(&key) => Value::from("…"),
        Value::String(text) => Value::String(without_positions(&text)),
        other => other,
    }
}

fn describe_room(room: &Value) -> String {
    let text = |name: &str| room[name].as_str().unwrap_or("null").to_owned();
    let (timeline, members, receipts) = (&room["timeline"], &room["members"], &room["receipts"]);
    let own = receipts["own"].as_array().into_iter().flatten().filter_map(|receipt| receipt["event_id"].as_str());
    let parts = [
        format!("{} {}", text("known"), text("membership")),
        format!("name_from={}", text("name_from")),
        format!("heroes{}", list(&room["heroes"])),
        format!("encrypted={} dm={} type={}", room["is_encrypted"], room["is_dm"], room["room_type"]),
        format!("tags{} spaces{}", list(&room["tags"]), list(&room["spaces"])),
        format!("joined={} invited={}", room["joined_count"], room["invited_count"]),
        format!("unread={}/{}", room["notification_count"], room["highlight_count"]),
        format!("events={} live={}", timeline["events"], timeline["live_events"]),
        format!("gaps={}", timeline["gaps_before"].as_array().map_or(0, Vec::len)),
        format!("tokens={}", timeline["tokens"].as_array().map_or(0, Vec::len)),
        format!("state{}", room["state"]),
        format!("members{} complete={}", members["known"], members["complete"]),
        format!("stripped={}", room["stripped_state"]),
        format!("receipts={} own[{}]", receipts["held"], own.collect::<Vec<_>>().join(" ")),
        format!("typing{}", list(&room["typing"])),
    ];
    parts.join(" ")
}

fn list(value: &Value) -> String {
    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(without_server);
    format!("[{}]", texts.collect::<Vec<_>>().join(" "))
}
