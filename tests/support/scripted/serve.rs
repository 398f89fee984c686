//! The homeserver's endpoints.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State as Shared},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use super::{
    answers::before_token,
    broken,
    events::short,
    state::{Device, Fault, ME, State},
    words::{room_id, user_id, words},
};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running homeserver. It ends with the test's runtime.
pub struct Homeserver {
    pub url: String,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Told at every request and every new answer.
    changed: Notify,
}

/// What a line of the script leads to.
pub enum Told {
    /// An answer: it was taken when a poll comes with this token.
    Answer(String),
    /// A fault: it was taken when a poll comes with this token, once more than so often.
    Fault(String, u64),
}

impl Homeserver {
    pub async fn start() -> Homeserver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner::default());
        for endpoint in ["joined_rooms", "notifications", "state"] {
            inner.lock().without.insert(endpoint.to_owned());
        }
        inner.log_in("PHONE", "PHONE");
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        tokio::spawn(async { axum::serve(listener, router).await });
        Homeserver { url, inner }
    }

    /// Makes a device's token valid.
    pub fn log_in(&self, token: &str, device: &str) {
        self.inner.log_in(token, device);
    }

    /// Makes a token invalid: `PHONE`, or `PHONE soft` if the device stays.
    pub fn log_out(&self, line: &str) {
        let (token, how) = line.split_once(' ').unwrap_or((line, ""));
        let mut state = self.inner.lock();
        state.tokens.remove(token);
        state.logs_out_softly = how == "soft";
    }

    /// What the next poll of a device brings.
    pub fn tell(&self, device: &str, line: &str) -> Told {
        let mut state = self.inner.lock();
        let split = words(line);
        let split: Vec<&str> = split.iter().map(String::as_str).collect();
        let told = match Fault::parse(&split) {
            Some(fault) => {
                let since = state.latest(device);
                let polls = state.polls(device, &since);
                state.faults.entry("sync".to_owned()).or_default().push_back(fault);
                Told::Fault(since, polls)
            }
            None => Told::Answer(state.tell(device, line)),
        };
        drop(state);
        self.inner.changed.notify_waiters();
        told
    }

    /// What the homeserver is like: a line such as `without joined_rooms`, `whole !a m1`, `vanished !a topic` (it tells of
    /// that by `/state` alone), `fail messages 500`, or of one room
    /// `fail messages/!a 500`.
    pub fn set_up(&self, line: &str) {
        let mut state = self.inner.lock();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let split = words(rest);
        let split: Vec<&str> = split.iter().map(String::as_str).collect();
        let rooms = || split.iter().map(|room| room_id(room)).collect::<Vec<_>>();
        match word {
            "without" => state.without.extend(split.iter().map(|word| (*word).to_owned())),
            "joined" => {
                state.without.remove("joined_rooms");
                state.joined_rooms = rooms();
            }
            "notified" => {
                state.without.remove("notifications");
                state.notified_rooms = rooms();
            }
            "r0" => state.only_r0 = true,
            "ignores-filters" => state.ignores_filters = true,
            "state_after" => state.state_after = true,
            "forgets" => state.forget("PHONE"),
            "whole" => {
                let mut answer = super::answers::answer(&mut state, rest);
                answer["next_batch"] = json!("whole");
                state.whole = Some(answer);
            }
            "invites" => {
                let mut answer = super::answers::answer(&mut state, rest);
                answer["next_batch"] = json!("invites");
                state.invites = Some(answer);
            }
            "now" => {
                let mut answer = super::answers::answer(&mut state, rest);
                answer["next_batch"] = json!("now");
                state.now = Some(answer);
            }
            "history" => history(&mut state, &split),
            "vanished" => {
                state.without.remove("state");
                vanish(&mut state, &split);
            }
            "fail" => {
                let fault = Fault::parse(&split[1..]).unwrap_or_else(|| panic!("{line:?} is no fault"));
                state.faults.entry(split[0].to_owned()).or_default().push_back(fault);
            }
            _ => panic!("{line:?} says nothing of a homeserver"),
        }
        drop(state);
        self.inner.changed.notify_waiters();
    }

    /// Returns whether a device was told what it begins with.
    pub fn has_begun(&self, device: &str) -> bool {
        self.inner.lock().devices.get(device).is_some_and(|device| device.start.is_some())
    }

    /// What a device was told last.
    pub fn latest(&self, device: &str) -> Told {
        Told::Answer(self.inner.lock().latest(device))
    }

    /// The account begins for a device: what it gets without `since`. The whole comes when it is told.
    pub fn begin(&self, device: &str, line: &str) {
        let mut state = self.inner.lock();
        let whole = state.whole.take();
        state.tell(device, line);
        state.whole = whole;
        drop(state);
        self.inner.changed.notify_waiters();
    }

    /// Waits until what was told has been taken in: the next poll's `since` is the one that was committed.
    pub async fn taken(&self, device: &str, told: &Told) {
        match told {
            Told::Answer(since) => {
                self.wait(|state| state.polls(device, since) > 0, &format!("a poll with {since}")).await;
            }
            Told::Fault(since, polls) => {
                let taken = |state: &State| {
                    state.faults.get("sync").is_none_or(VecDeque::is_empty) && state.polls(device, since) > *polls
                };
                self.wait(taken, &format!("another poll with {since}")).await;
            }
        }
    }

    /// Whoever polls is gone: their polls, which may not have been noticed to be broken off, take nothing any more.
    pub async fn break_off(&self) {
        // What was sent before the end may still be on its way here.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.inner.lock().broken_off += 1;
        self.inner.changed.notify_waiters();
    }

    /// Waits until nothing is left to go wrong with an endpoint.
    pub async fn failed(&self, endpoint: &str) {
        let taken = |state: &State| state.faults.get(endpoint).is_none_or(VecDeque::is_empty);
        self.wait(taken, &format!("a request of {endpoint}")).await;
    }

    /// Waits until it has been asked something that begins with `what`.
    pub async fn was_asked(&self, what: &str) {
        self.wait(|state| state.asked.iter().any(|asked| asked.starts_with(what)), what).await;
    }

    /// Returns what it was asked since the last time, a request that is repeated at once only once.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut self.inner.lock().asked);
        asked.dedup();
        asked
    }

    async fn wait(&self, holds: impl Fn(&State) -> bool, what: &str) {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let changed = self.inner.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if holds(&self.inner.lock()) {
                    return;
                }
                changed.await;
            }
        });
        if waited.await.is_err() {
            panic!("the homeserver waits for {what} in vain; it was asked {:#?}", self.inner.lock().asked);
        }
    }
}

/// Events from before what the account was shown, oldest first.
fn history(state: &mut State, words: &[&str]) {
    let State { rooms, clock, .. } = state;
    let room = rooms.entry(room_id(words[0])).or_default();
    let events: Vec<Value> = words[1..].iter().map(|word| room.event(clock, word)).collect();
    room.events.splice(0..0, events);
}

/// State that is there no more, without an event that says so.
fn vanish(state: &mut State, words: &[&str]) {
    let room = state.rooms.entry(room_id(words[0])).or_default();
    for word in &words[1..] {
        let draft = super::events::parse(word).unwrap_or_else(|| panic!("{word:?} is no state"));
        room.state.remove(&(draft.kind, draft.state_key.unwrap_or_default()));
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked has said what it had to say.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn log_in(&self, token: &str, device: &str) {
        let mut state = self.lock();
        state.tokens.insert(token.to_owned(), device.to_owned());
        state.devices.entry(device.to_owned()).or_default();
    }
}

async fn handle(Shared(inner): Shared<Arc<Inner>>, request: Request) -> Response {
    let path = percent_decoded(request.uri().path());
    let path = path.strip_prefix("/_matrix/client/").unwrap_or(&path).to_owned();
    if path == "versions" {
        return versions(&inner);
    }
    let query = Query::of(request.uri().query().unwrap_or_default());
    let (version, rest) = path.split_once('/').unwrap_or((&path, ""));
    if inner.lock().only_r0 && version != "r0" {
        return unrecognized();
    }
    let Some(device) = device(&inner, request.headers()) else {
        let soft = inner.lock().logs_out_softly;
        return error(401, "M_UNKNOWN_TOKEN", json!({ "soft_logout": soft }));
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let (endpoint, room) = match segments.as_slice() {
        ["sync"] => return sync(&inner, &device, &query).await,
        ["logout"] => {
            inner.lock().tokens.retain(|_, owner| *owner != device);
            return Json(json!({})).into_response();
        }
        ["account", "whoami"] => ("whoami", ""),
        ["joined_rooms"] => ("joined_rooms", ""),
        ["notifications"] => ("notifications", ""),
        ["keys", "changes"] => ("keys_changes", ""),
        ["rooms", room, "messages"] => ("messages", *room),
        ["rooms", room, "context", _] => ("context", *room),
        ["rooms", room, "members"] => ("members", *room),
        ["rooms", room, "state"] => ("state", *room),
        ["rooms", room, "forget"] => ("forget", *room),
        ["rooms", room, "relations", ..] => ("relations", *room),
        _ => return unrecognized(),
    };
    let fault = {
        let mut state = inner.lock();
        let mut asked = endpoint.to_owned();
        for part in [super::events::without_server(room), segments.get(3).map_or("", |id| id.trim_start_matches('$'))] {
            asked.push_str(if part.is_empty() { "" } else { " " });
            asked.push_str(part);
        }
        for name in ["from", "to", "limit"] {
            asked.extend(query.get(name).map(|value| format!(" {name}={value}")));
        }
        if endpoint != "whoami" {
            state.asked.push(asked);
        }
        if state.without.contains(endpoint) {
            return unrecognized();
        }
        let of_room = format!("{endpoint}/{}", super::events::without_server(room));
        state.fault(&of_room).or_else(|| state.fault(endpoint))
    };
    inner.changed.notify_waiters();
    if let Some(fault) = fault {
        return answer_fault(fault).await;
    }
    let state = inner.lock();
    match endpoint {
        "whoami" => {
            let user = if is_strangers(&device) { &device } else { ME };
            Json(json!({ "user_id": user_id(user), "device_id": device })).into_response()
        }
        "joined_rooms" if is_strangers(&device) => Json(json!({ "joined_rooms": [] })).into_response(),
        "joined_rooms" => Json(json!({ "joined_rooms": state.joined_rooms })).into_response(),
        "notifications" => {
            let rooms = state.notified_rooms.iter().map(|room| json!({ "room_id": room })).collect::<Vec<_>>();
            Json(json!({ "notifications": rooms })).into_response()
        }
        "keys_changes" => Json(json!({ "changed": ["@kim:x"], "left": [] })).into_response(),
        "messages" => messages(&state, room, &query),
        "state" => match state.rooms.get(room) {
            Some(room) => Json(json!(room.state.values().collect::<Vec<_>>())).into_response(),
            None => error(403, "M_FORBIDDEN", json!({})),
        },
        "context" => context(&state, room, segments.get(3).copied().unwrap_or_default()),
        "members" => {
            let room = state.rooms.get(room);
            let members = room.into_iter().flat_map(|room| room.state.values());
            let members: Vec<&Value> = members.filter(|event| event["type"] == "m.room.member").collect();
            Json(json!({ "chunk": members })).into_response()
        }
        _ => Json(json!({ "chunk": [] })).into_response(),
    }
}

fn versions(inner: &Inner) -> Response {
    let mut state = inner.lock();
    let versions = if state.only_r0 { "r0.6.1" } else { "v1.11" };
    let fault = state.fault("versions");
    match fault {
        Some(Fault::Status(status, body)) => (StatusCode::from_u16(status).expect("a status"), body).into_response(),
        _ => Json(json!({ "versions": [versions] })).into_response(),
    }
}

/// What a request for `/sync` is.
fn kind(query: &Query) -> (&'static str, String) {
    let filter: Value = query.get("filter").and_then(|filter| serde_json::from_str(filter).ok()).unwrap_or_default();
    match query.get("since") {
        Some(since) => ("sync", since.to_owned()),
        None if filter["presence"]["types"] == json!(["sash.none"]) => ("invites", String::new()),
        None if filter["room"]["rooms"] == json!([]) => ("start", String::new()),
        None => ("whole", String::new()),
    }
}

async fn sync(inner: &Inner, device: &str, query: &Query) -> Response {
    let (kind, since) = kind(query);
    note_poll(inner, device, kind, &since, query);
    let waits = query.get("timeout").is_some_and(|timeout| timeout != "0");
    let begun = inner.lock().broken_off;
    loop {
        let changed = inner.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let answered = {
            let mut state = inner.lock();
            if state.broken_off > begun {
                return error(503, "M_UNKNOWN", json!({}));
            }
            match state.fault(kind) {
                Some(fault) => Err(fault),
                None if state.has_forgotten(device, &since) => return error(400, "M_UNKNOWN", json!({})),
                None => Ok(sync_answer(&state, device, kind, &since, waits)),
            }
        };
        match answered {
            Err(fault) => {
                inner.changed.notify_waiters();
                return answer_fault(fault).await;
            }
            Ok(Some(answer)) => return Json(answer).into_response(),
            Ok(None) => changed.await,
        }
    }
}

/// `None` as long as there is nothing to say.
/// A device that is named like a user is that user's, who has an account without rooms.
fn is_strangers(device: &str) -> bool {
    device.starts_with('@')
}

fn sync_answer(state: &State, name: &str, kind: &str, since: &str, waits: bool) -> Option<Value> {
    let default = Device::default();
    let device = state.devices.get(name).unwrap_or(&default);
    match kind {
        "start" => state.now.clone().or_else(|| device.start.clone()),
        "whole" if is_strangers(name) => device.start.clone(),
        "whole" => state.whole.clone(),
        "invites" => state.invites.clone().or_else(|| Some(json!({ "next_batch": "invites" }))),
        _ => {
            let answer = device.answers.get(since).cloned();
            answer.or_else(|| (!waits).then(|| json!({ "next_batch": since })))
        }
    }
}

fn note_poll(inner: &Inner, name: &str, kind: &str, since: &str, query: &Query) {
    let mut state = inner.lock();
    let device = state.devices.entry(name.to_owned()).or_default();
    *device.polls.entry(since.to_owned()).or_default() += 1;
    // Whoever does not say is online (Matrix specification, `GET /sync`).
    let presence = match query.get("set_presence").unwrap_or("online") {
        "offline" => String::new(),
        presence => format!(" {presence}"),
    };
    let mut asked = if kind == "sync" { format!("sync since={since}{presence}") } else { format!("sync {kind}") };
    let filter: Value = query.get("filter").and_then(|filter| serde_json::from_str(filter).ok()).unwrap_or_default();
    if filter["presence"]["limit"] != json!(0) {
        asked.push_str(" with-presence");
    }
    state.asked.push(asked);
    drop(state);
    inner.changed.notify_waiters();
}

/// Pages back: `from` is `<m3` (before that event), or any other token for the live end.
fn messages(state: &State, room: &str, query: &Query) -> Response {
    let Some(room) = state.rooms.get(room) else { return error(403, "M_FORBIDDEN", json!({})) };
    let from = query.get("from").and_then(|from| room.events.iter().position(|event| before_token(event) == from));
    let end = from.unwrap_or(room.events.len());
    let limit: usize = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10);
    let first = end.saturating_sub(limit);
    let chunk: Vec<&Value> = room.events[first..end].iter().rev().collect();
    let token = (first > 0).then(|| before_token(&room.events[first]));
    let is_sender = |member: &&Value| chunk.iter().any(|event| event["sender"] == member["state_key"]);
    let members = room.state.values().filter(|event| event["type"] == "m.room.member");
    let state: Vec<&Value> = members.filter(is_sender).collect();
    let start = query.get("from").unwrap_or("end");
    Json(json!({ "chunk": chunk, "start": start, "end": token, "state": state })).into_response()
}

fn context(state: &State, room: &str, event: &str) -> Response {
    let held = state.rooms.get(room).and_then(|room| {
        let found = room.events.iter().find(|held| held["event_id"] == *event)?;
        Some((room, found))
    });
    let Some((room, event)) = held else { return error(404, "M_NOT_FOUND", json!({})) };
    let all: Vec<&Value> = room.state.values().collect();
    Json(json!({ "event": event, "state": all, "start": before_token(event), "end": format!(">{}", short(event)) }))
        .into_response()
}

async fn answer_fault(fault: Fault) -> Response {
    match fault {
        Fault::Status(status, body) => {
            (StatusCode::from_u16(status).expect("a status"), [("content-type", "application/json")], body)
                .into_response()
        }
        Fault::BreaksOff(body) => Response::new(broken::body(body)),
        Fault::Hangs => {
            tokio::time::sleep(PATIENCE * 10).await;
            Response::new(Body::empty())
        }
    }
}

fn device(inner: &Inner, headers: &HeaderMap) -> Option<String> {
    let token = headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?.to_owned();
    inner.lock().tokens.get(&token).cloned()
}

fn unrecognized() -> Response {
    error(404, "M_UNRECOGNIZED", json!({}))
}

fn error(status: u16, errcode: &str, mut body: Value) -> Response {
    body["errcode"] = json!(errcode);
    body["error"] = json!("scripted");
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}

struct Query(Vec<(String, String)>);

impl Query {
    fn of(query: &str) -> Query {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.to_owned(), percent_decoded(&value.replace('+', " ")))
        };
        Query(query.split('&').map(pair).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
