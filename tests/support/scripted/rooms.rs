//! What the homeserver knows of a room: the events that the script named so far, and the state that they make.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    events::{Draft, EPOCH, parse},
    state::ME,
    words::user_id,
};

/// One room.
#[derive(Default)]
pub struct Room {
    /// Every event, oldest first.
    pub events: Vec<Value>,
    /// The present state.
    pub state: BTreeMap<(String, String), Value>,
    /// Members in the order in which they came.
    pub members: Vec<String>,
    /// Whether the account was given the room's state since it came in.
    pub shown: bool,
}

/// Counts events, for their ids and times.
#[derive(Default)]
pub struct Clock(u64);

impl Room {
    /// Makes an event of a word, or finds the one of that name, and applies it if it is state.
    pub fn event(&mut self, clock: &mut Clock, word: &str) -> Value {
        self.draft(clock, parse(word).unwrap_or_else(|| panic!("{word:?} is no event")))
    }

    /// Makes an event of a draft, or finds the one of that name.
    pub fn draft(&mut self, clock: &mut Clock, draft: Draft) -> Value {
        clock.0 += 1;
        let second = draft.second.unwrap_or(clock.0);
        let name = draft.id.unwrap_or_else(|| format!("{}-{}", draft.kind.trim_start_matches("m.room."), clock.0));
        let id = format!("${name}");
        let held = self.events.iter().chain(self.state.values()).find(|event| event["event_id"] == *id);
        if let Some(held) = held {
            let mut held = held.clone();
            note_transaction(&mut held, draft.transaction);
            return held;
        }
        let mut event = json!({
            "type": draft.kind,
            "event_id": id,
            "sender": draft.sender,
            "origin_server_ts": EPOCH + second * 1000,
            "content": draft.content,
        });
        if let Some(redacts) = draft.redacts {
            event["redacts"] = json!(redacts);
        }
        if let Some(key) = draft.state_key {
            event["state_key"] = json!(key);
            let before = self.state.get(&(draft.kind.clone(), key));
            if let Some(before) = before {
                event["unsigned"] = json!({ "prev_content": before["content"], "replaces_state": before["event_id"] });
            }
            self.apply(&event);
        }
        note_transaction(&mut event, draft.transaction);
        event
    }

    /// Puts an event at the live end, if it does not stand in the room yet.
    pub fn append(&mut self, event: &Value) {
        if !self.events.iter().any(|held| held["event_id"] == event["event_id"]) {
            self.events.push(event.clone());
        }
    }

    /// Returns a user's member event.
    pub fn member(&self, user: &str) -> Option<&Value> {
        self.state.get(&("m.room.member".to_owned(), user.to_owned()))
    }

    /// Makes sure that a user is a member; returns the member event.
    pub fn ensure_member(&mut self, clock: &mut Clock, user: &str) -> Value {
        match self.member(user) {
            Some(event) => event.clone(),
            None => self.event(clock, &format!("join{user}")),
        }
    }

    /// Returns `summary` as homeservers compute it.
    pub fn summary(&self) -> Value {
        let with = |membership: &str| -> Vec<&String> {
            let has =
                |user: &&String| self.member(user).is_some_and(|event| event["content"]["membership"] == *membership);
            self.members.iter().filter(has).collect()
        };
        let (joined, invited) = (with("join"), with("invite"));
        let mut summary = json!({ "m.joined_member_count": joined.len(), "m.invited_member_count": invited.len() });
        let named = self.state.get(&("m.room.name".to_owned(), String::new()));
        if named.is_none_or(|event| event["content"]["name"].as_str().unwrap_or_default().is_empty()) {
            let me = user_id(ME);
            let mut heroes: Vec<&String> = joined.into_iter().chain(invited).filter(|user| **user != me).collect();
            if heroes.is_empty() {
                heroes = with("leave").into_iter().chain(with("ban")).filter(|user| **user != me).collect();
            }
            heroes.truncate(5);
            summary["m.heroes"] = json!(heroes);
        }
        summary
    }

    fn apply(&mut self, event: &Value) {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        if text("type") == "m.room.member" && !self.members.contains(&text("state_key")) {
            self.members.push(text("state_key"));
        }
        self.state.insert((text("type"), text("state_key")), event.clone());
    }
}

fn note_transaction(event: &mut Value, transaction: Option<String>) {
    if let Some(transaction) = transaction {
        event["unsigned"]["transaction_id"] = json!(transaction);
    }
}
