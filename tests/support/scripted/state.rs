//! What the homeserver was told to say, and what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::{
    answers,
    rooms::{Clock, Room},
};

/// The user whose homeserver it is.
pub const ME: &str = "me";

/// All of it.
#[derive(Default)]
pub struct State {
    pub rooms: BTreeMap<String, Room>,
    pub clock: Clock,
    pub devices: BTreeMap<String, Device>,
    /// Valid tokens, and whose they are.
    pub tokens: BTreeMap<String, String>,
    /// What the next requests of an endpoint get instead of an answer.
    pub faults: BTreeMap<String, VecDeque<Fault>>,
    /// Endpoints that it does not have.
    pub without: BTreeSet<String>,
    /// What it answers to a first sync without a filter, once told.
    pub whole: Option<Value>,
    /// Invites that only a request for them brings, as with Synapse.
    pub invites: Option<Value>,
    /// What it answers to a first sync without rooms, if that is not what the device began with.
    pub now: Option<Value>,
    pub joined_rooms: Vec<String>,
    pub notified_rooms: Vec<String>,
    /// Whether it answers with MSC4222's `state_after`.
    pub state_after: bool,
    /// Whether it knows only the paths of old.
    pub only_r0: bool,
    pub ignores_filters: bool,
    pub logs_out_softly: bool,
    /// How often all polls were broken off.
    pub broken_off: u64,
    /// What it was asked, in short.
    pub asked: Vec<String>,
}

/// One device's chain of `since`.
#[derive(Default)]
pub struct Device {
    /// What a request without `since` gets.
    pub start: Option<Value>,
    /// The answers by the `since` that asks for them.
    pub answers: BTreeMap<String, Value>,
    /// The token after the last answer.
    pub latest: u64,
    /// Tokens up to this number mean nothing any more.
    pub forgotten: u64,
    /// How often it was asked with each `since`.
    pub polls: BTreeMap<String, u64>,
}

/// Instead of an answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// A status and a body.
    Status(u16, String),
    /// Half a body and the end of the connection.
    BreaksOff(String),
    /// Waits as long as the test runs.
    Hangs,
}

impl Fault {
    /// Reads the words for one: `500`, `401 soft`, `403 M_FORBIDDEN`, `429 0.3`, `null`, `empty`, `html`, `half`, `hangs`,
    /// `json={…}`.
    pub fn parse(words: &[&str]) -> Option<Fault> {
        let error = |errcode: &str| json!({ "errcode": errcode, "error": "scripted" });
        let second = words.get(1).copied();
        let (status, body) = match *words.first()? {
            "null" => return Some(Fault::Status(200, "null".to_owned())),
            "empty" => return Some(Fault::Status(200, String::new())),
            "html" => return Some(Fault::Status(200, "<html>hello</html>".to_owned())),
            "half" => return Some(Fault::BreaksOff(r#"{"next_batch":"s99","rooms":{"#.to_owned())),
            "hangs" => return Some(Fault::Hangs),
            word if word.starts_with("json=") => {
                return Some(Fault::Status(200, word.trim_start_matches("json=").to_owned()));
            }
            "401" => {
                let mut body = error("M_UNKNOWN_TOKEN");
                body["soft_logout"] = json!(second == Some("soft"));
                (401, body)
            }
            "429" => {
                let mut body = error("M_LIMIT_EXCEEDED");
                let seconds: Option<f64> = second.and_then(|second| second.parse().ok());
                body["retry_after_ms"] = json!(seconds.map(|seconds| (seconds * 1000.0) as u64));
                (429, body)
            }
            "504" => return Some(Fault::Status(504, "<html>Gateway Time-out</html>".to_owned())),
            word => (word.parse().ok()?, error(second.unwrap_or("M_UNKNOWN"))),
        };
        Some(Fault::Status(status, body.to_string()))
    }
}

impl State {
    /// Adds an answer to a device's chain and returns the token after it. The first begins the account.
    pub fn tell(&mut self, device: &str, line: &str) -> String {
        let answer = answers::answer(self, line);
        if self.devices.get(device).is_none_or(|device| device.start.is_none()) {
            return self.begin(device, answer);
        }
        self.go_on(device, answer)
    }

    /// What an account is at first: without rooms for whoever asks for none, whole for whoever asks for all.
    fn begin(&mut self, device: &str, mut answer: Value) -> String {
        let held = self.devices.remove(device).unwrap_or_default();
        let latest = held.latest + 1;
        answer["next_batch"] = json!(token(device, latest));
        let start = if self.ignores_filters { answer.clone() } else { answers::without_rooms(&answer) };
        self.whole.get_or_insert(answer);
        self.devices.insert(device.to_owned(), Device { start: Some(start), latest, ..held });
        token(device, latest)
    }

    fn go_on(&mut self, name: &str, mut answer: Value) -> String {
        let device = self.devices.entry(name.to_owned()).or_default();
        let since = token(name, device.latest);
        device.latest += 1;
        let next = token(name, device.latest);
        answer["next_batch"] = json!(next);
        device.answers.insert(since, answer);
        next
    }

    /// Returns the token that a device's next poll will carry.
    pub fn latest(&self, device: &str) -> String {
        token(device, self.devices.get(device).map_or(0, |device| device.latest))
    }

    /// Knows nothing of a device's chain any more, as after a reset.
    pub fn forget(&mut self, device: &str) {
        let device = self.devices.entry(device.to_owned()).or_default();
        (device.start, device.forgotten) = (None, device.latest);
        device.answers.clear();
    }

    /// Returns whether a token is from before the reset.
    pub fn has_forgotten(&self, name: &str, since: &str) -> bool {
        let forgotten = self.devices.get(name).map_or(0, |device| device.forgotten);
        (1..=forgotten).any(|number| token(name, number) == since)
    }

    /// Returns what is wrong with the next request of an endpoint.
    pub fn fault(&mut self, endpoint: &str) -> Option<Fault> {
        self.faults.get_mut(endpoint)?.pop_front()
    }

    /// Returns how often a device asked with the latest token.
    pub fn polls(&self, device: &str, since: &str) -> u64 {
        self.devices.get(device).and_then(|device| device.polls.get(since)).copied().unwrap_or(0)
    }
}

/// `s3` for the first device, with its name for the others.
fn token(device: &str, number: u64) -> String {
    if device == "PHONE" { format!("s{number}") } else { format!("{}{number}", device.to_lowercase()) }
}
