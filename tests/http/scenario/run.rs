//! One scenario on one wire.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sash_sync::connection::Wire;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{
    answer::{self, Stamps},
    explain::Question,
    request::{Request, Wanted},
    server::Server,
    wire,
};
use crate::support::scripted::{Homeserver, Told, room_id, words};

/// How long a parked request may take to be answered once it should be.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an account may take to be at work again after a restart, before the scenario goes on without.
const SETTLING: Duration = Duration::from_secs(1);
/// How long a request is looked at that should not be answered.
const STILLNESS: Duration = Duration::from_millis(60);

/// What happens beside the scenario, and changes nothing of what comes of it.
#[derive(Clone, Copy, Default)]
pub struct Mishaps {
    /// Every answer is lost once.
    pub lost: bool,
    /// The server restarts before every step that finds no request parked and does not wait for what the server asks.
    pub restarts: bool,
    /// The homeserver has MSC4222.
    pub state_after: bool,
}

/// A scenario that is under way.
pub struct Run {
    mishaps: Mishaps,
    wire: Wire,
    homeserver: Homeserver,
    server: Server,
    /// Whether the account is at work.
    open: bool,
    connections: BTreeMap<String, Connection>,
    /// The to-device tokens that each device got, the last one last.
    since: BTreeMap<String, Vec<String>>,
    parked: BTreeMap<String, (Request, JoinHandle<Received>)>,
    stamps: Stamps,
}

/// What the client knows of a connection.
#[derive(Default)]
struct Connection {
    wanted: Wanted,
    /// The `pos` of each answer, the last one last.
    received: Vec<String>,
    /// The `pos` that the last request had.
    sent: Option<String>,
}

/// What came over HTTP.
struct Received {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Run {
    pub async fn start(wire: Wire, with_process: bool, mishaps: Mishaps) -> Run {
        let homeserver = Homeserver::start().await;
        if mishaps.state_after {
            homeserver.set_up("state_after");
        }
        let server =
            if with_process { Server::process(&homeserver.url).await } else { Server::within(&homeserver.url).await };
        Run {
            mishaps,
            wire,
            homeserver,
            server,
            open: false,
            connections: BTreeMap::new(),
            since: BTreeMap::new(),
            parked: BTreeMap::new(),
            stamps: Stamps::new(),
        }
    }

    pub async fn end(self) {
        for (_, (_, parked)) in self.parked {
            parked.abort();
        }
        self.server.end().await;
    }

    /// Does what a line says, and returns what came of it.
    pub async fn step(&mut self, line: &str) -> Vec<String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        // What the server does of its own accord after an answer, a killed one does when it is asked for it again.
        let waits_for_server = matches!(word, "was-asked" | "failed");
        if self.mishaps.restarts && self.open && self.parked.is_empty() && !waits_for_server {
            self.restart_unnoticed().await;
        }
        if let Some((device, rest)) = v2(line) {
            return self.v2(device, rest).await;
        }
        match word {
            "start:" => self.homeserver.begin("PHONE", rest),
            "begin" => self.begin("PHONE", rest.trim()).await,
            "homeserver:" => self.homeserver.set_up(rest),
            "failed" => self.homeserver.failed(rest).await,
            "was-asked" => self.homeserver.was_asked(rest).await,
            "asked" => return self.asked(rest),
            "login-device" => self.log_in_device(rest).await,
            "login" => self.homeserver.log_in(rest, "PHONE"),
            "logout" => self.homeserver.log_out(rest),
            "pause" => tokio::time::sleep(Duration::from_secs_f64(rest.parse().expect("seconds"))).await,
            "settled" => self.settled(rest).await,
            "status" => return vec![self.status("PHONE").await],
            "restart" => self.server.restart("-KILL", &self.homeserver).await,
            "stop" => self.server.restart("-TERM", &self.homeserver).await,
            "sync" | "first" | "repeat" | "lost" => return self.sync(word, rest).await,
            "park" => self.park(rest).await,
            "woken" => return self.woken(rest).await,
            "asleep" => self.asleep(rest).await,
            "hangup" => self.hang_up(rest).await,
            "post" => return self.post(rest).await,
            "page" => return self.page(rest).await,
            "forget" => self.forget(rest).await,
            "ask" => return self.ask(rest).await,
            "log-out" => return self.log_out(rest).await,
            "explain" => return self.explain(rest).await,
            _ => panic!("{line:?} is no line of a scenario"),
        }
        Vec::new()
    }

    /// Restarts, and waits until the account is at work again, unless the homeserver keeps it from that.
    async fn restart_unnoticed(&mut self) {
        self.server.restart("-KILL", &self.homeserver).await;
        let begin = Instant::now();
        while begin.elapsed() < SETTLING {
            let status = self.status("PHONE").await;
            // An error stands in quotes.
            if !status.starts_with("starting") && !status.starts_with('"') {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn v2(&mut self, device: &str, line: &str) -> Vec<String> {
        let told = self.homeserver.tell(device, line);
        if device == "PHONE" && !self.open {
            self.begin(device, "complete").await;
            return Vec::new();
        }
        if matches!(told, Told::Fault(..)) && ["401", "403"].iter().any(|status| line.starts_with(status)) {
            // The poll ends: no other comes.
            self.homeserver.failed("sync").await;
            self.settled("").await;
            return Vec::new();
        }
        self.homeserver.taken(device, &told).await;
        Vec::new()
    }

    /// Has the server poll for a device, on a connection of its own that asks for nothing, and waits until its bootstrap
    /// has come to a phase.
    async fn begin(&mut self, device: &str, phase: &str) {
        self.open = true;
        let begin = json!({ "conn_id": "begin" });
        let request = self.server.post(wire::path(Wire::Simplified)).bearer_auth(device).json(&begin);
        if phase.is_empty() {
            tokio::spawn(request.send());
            return;
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
        self.settled(phase).await;
    }

    /// Gives another device a token, and has it polled for.
    async fn log_in_device(&mut self, device: &str) {
        self.homeserver.log_in(device, device);
        if !self.homeserver.has_begun(device) {
            self.homeserver.tell(device, "");
        }
        let begin = json!({ "conn_id": "begin" });
        let request = self.server.post(wire::path(Wire::Simplified)).bearer_auth(device).json(&begin);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        self.homeserver.taken(device, &self.homeserver.latest(device)).await;
    }

    /// A device logs out, through us.
    async fn log_out(&mut self, device: &str) -> Vec<String> {
        let http = self.server.post("/_matrix/client/v3/logout").bearer_auth(device).body("{}");
        vec![outcome(&receive(http).await)]
    }

    /// Waits until the account's status names a word: a state, or a phase of the bootstrap. Without one, until it is not
    /// live any more. `device=TABLET` asks as that device.
    async fn settled(&self, line: &str) {
        let begin = Instant::now();
        let (word, device) = line.split_once("device=").unwrap_or((line, "PHONE"));
        let word = word.trim();
        loop {
            let status = self.status(device).await;
            let holds =
                if word.is_empty() { !status.starts_with("live") } else { status.split(' ').any(|said| said == word) };
            if holds {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "the account is {status:?}, not {word:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn status(&self, device: &str) -> String {
        let answer = self.server.get("/_sash/status").bearer_auth(device).send().await.expect("an answer");
        let status: Value = answer.json().await.unwrap_or_default();
        match status["state"].as_str() {
            Some(state) => {
                let progress = &status["progress"];
                format!(
                    "{state} {} {}/{}",
                    progress["phase"].as_str().unwrap_or("?"),
                    progress["roomsKnown"],
                    progress["roomsTotal"]
                )
            }
            None => status["errcode"].to_string(),
        }
    }

    /// What the homeserver was asked, of the kinds named.
    fn asked(&self, kinds: &str) -> Vec<String> {
        let kinds: Vec<&str> = kinds.split_whitespace().collect();
        let asked = self.homeserver.asked();
        let named = |asked: &String| kinds.is_empty() || kinds.iter().any(|kind| asked.starts_with(kind));
        let mut asked: Vec<String> = asked.into_iter().filter(named).collect();
        asked.dedup();
        asked
    }

    async fn sync(&mut self, kind: &str, line: &str) -> Vec<String> {
        let request = self.read(line);
        let pos = self.pos(kind, &request);
        if self.mishaps.lost {
            self.send(&request, pos.clone()).await.await.expect("it was sent");
        }
        let received = self.send(&request, pos).await.await.expect("it was sent");
        self.take(&request, kind != "lost", received)
    }

    async fn park(&mut self, line: &str) {
        let mut request = self.read(line);
        request.timeout.get_or_insert(Duration::from_secs(30));
        let pos = self.pos("sync", &request);
        let parked = self.send(&request, pos).await;
        // It has to have come before anything else happens.
        let begin = Instant::now();
        while begin.elapsed() < SETTLING && !parked.is_finished() && !self.is_waiting(&request).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.parked.insert(parked_name(line), (request, parked));
    }

    /// Gives a parked request up, and waits until the server has noticed.
    async fn hang_up(&mut self, line: &str) {
        let (request, parked) = self.take_parked(line);
        parked.abort();
        let begin = Instant::now();
        while begin.elapsed() < SETTLING && self.is_waiting(&request).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Returns whether a request waits on the connection, as the server explains it.
    async fn is_waiting(&self, request: &Request) -> bool {
        let token = request.token.as_ref().unwrap_or(&request.device);
        let question = Question::read(&format!("!none conn={} token={token}", request.conn.as_deref().unwrap_or("")));
        let answer = receive(self.server.get(&question.target).bearer_auth(&question.token)).await;
        let explained: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let waits = |connection: &Value| connection["api"] == self.wire.name() && connection["request"] == "waiting";
        explained["connections"].as_array().into_iter().flatten().any(waits)
    }

    async fn woken(&mut self, line: &str) -> Vec<String> {
        let (request, parked) = self.take_parked(line);
        let received = tokio::time::timeout(PATIENCE, parked).await;
        let received = received.unwrap_or_else(|_| panic!("nothing wakes the request")).expect("it was sent");
        self.take(&request, true, received)
    }

    async fn asleep(&mut self, line: &str) {
        let (_, parked) = self.parked.get_mut(&parked_name(line)).expect("a parked request");
        if let Ok(received) = tokio::time::timeout(STILLNESS, parked).await {
            panic!("it was answered: {}", String::from_utf8_lossy(&received.expect("it was sent").body));
        }
    }

    fn take_parked(&mut self, line: &str) -> (Request, JoinHandle<Received>) {
        self.parked.remove(&parked_name(line)).expect("a parked request")
    }

    fn read(&self, line: &str) -> Request {
        let before = |request: &Request| {
            let connection = self.connections.get(&connection_name(request));
            connection.map(|connection| connection.wanted.clone()).unwrap_or_default()
        };
        Request::read(line, before)
    }

    fn pos(&mut self, kind: &str, request: &Request) -> Option<String> {
        let connection = self.connections.entry(connection_name(request)).or_default();
        let before = connection.received.len().checked_sub(2).and_then(|at| connection.received.get(at));
        let last = connection.received.last().cloned();
        match (kind, &request.pos) {
            (_, Some(pos)) => match pos.strip_prefix("of:") {
                Some(other) => {
                    let (device, conn) = other.split_once('/').unwrap_or((&request.device, other));
                    self.connections.get(&format!("{device}/{conn}"))?.received.last().cloned()
                }
                None => (pos != "none").then(|| pos.clone()),
            },
            ("first", None) => None,
            ("repeat", None) => before.cloned(),
            _ => last,
        }
    }

    async fn send(&mut self, request: &Request, pos: Option<String>) -> JoinHandle<Received> {
        let connection = self.connections.entry(connection_name(request)).or_default();
        connection.wanted = request.wanted.clone();
        connection.sent.clone_from(&pos);
        let ago = request.ago();
        let since = self.since.get(&request.device).and_then(|held| held.iter().rev().nth(ago));
        let sent = wire::write(self.wire, request, pos.as_deref(), since.map(String::as_str));
        let token = request.token.as_ref().unwrap_or(&request.device);
        let http = self.server.post(&sent.target).bearer_auth(token).json(&sent.body);
        tokio::spawn(receive(http))
    }

    /// Shows an answer, and takes it for received if the client got it.
    fn take(&mut self, request: &Request, is_received: bool, received: Received) -> Vec<String> {
        if received.status != 200 {
            return vec![error(&received)];
        }
        let mut faults = Vec::new();
        let answer = wire::read(self.wire, &received.body, &mut faults);
        if is_received {
            let connection = self.connections.entry(connection_name(request)).or_default();
            connection.received.push(answer["pos"].as_str().expect("every answer has a pos").to_owned());
            if let Some(next) = answer.pointer("/extensions/to_device/next_batch").and_then(Value::as_str) {
                self.since.entry(request.device.clone()).or_default().push(next.to_owned());
            }
        }
        let mut lines = answer::describe(answer, &received.body, &request.shown, &mut self.stamps);
        lines.extend(faults.into_iter().map(|fault| format!("!! {fault}")));
        lines
    }

    /// `post BODY` or `post ?pos=x BODY`.
    async fn post(&self, rest: &str) -> Vec<String> {
        let (query, body) = match rest.strip_prefix('?') {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => ("", rest),
        };
        let target = format!("{}?{query}", wire::path(self.wire));
        let http = self.server.post(&target).bearer_auth("PHONE").body(spelled(&many(body)));
        vec![outcome(&receive(http).await)]
    }

    /// `ask PATH WORDS`: a request that passes through, such as `ask keys/changes from=pos to=pos:2`. `pos` is that of the
    /// last answer, `pos:2` that of the second.
    async fn ask(&self, rest: &str) -> Vec<String> {
        let mut split = words(rest).into_iter();
        let path = split.next().expect("a path");
        let received = self.connections.values().flat_map(|connection| &connection.received).collect::<Vec<_>>();
        let device = split.clone().find_map(|word| word.strip_prefix("device=").map(str::to_owned));
        let value = |value: &str| match value.strip_prefix("pos") {
            Some("") => (*received.last().expect("a pos")).clone(),
            Some(number) => match number.strip_prefix(':').and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => received[number - 1].clone(),
                None => value.to_owned(),
            },
            None => value.to_owned(),
        };
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let query: Vec<String> = split
            .filter(|word| !word.starts_with("device="))
            .map(|word| {
                let (name, text) = word.split_once('=').expect("NAME=VALUE");
                format!("{name}={}", encode(&value(text)))
            })
            .collect();
        let target = format!("/_matrix/client/v3/{path}?{}", query.join("&"));
        let http = self.server.get(&target).bearer_auth(device.as_deref().unwrap_or("PHONE"));
        vec![outcome(&receive(http).await)]
    }

    async fn explain(&self, rest: &str) -> Vec<String> {
        let question = Question::read(rest);
        let received = receive(self.server.get(&question.target).bearer_auth(&question.token)).await;
        if received.status != 200 {
            return vec![error(&received)];
        }
        question.describe(&serde_json::from_slice(&received.body).expect("JSON"))
    }

    /// `forget !a`: the client has the homeserver forget a room.
    async fn forget(&self, room: &str) {
        let target = format!("/_matrix/client/v3/rooms/{}/forget", room_id(room));
        let answer = self.server.post(&target).bearer_auth("PHONE").body("{}").send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    /// `page !a prev=TOKEN`, or with the `pos` of the last answer: `page !a pos`.
    async fn page(&self, rest: &str) -> Vec<String> {
        let split = words(rest);
        let last = || self.connections.values().filter_map(|connection| connection.received.last()).next_back();
        let from = match split[1].as_str() {
            "pos" => last().expect("a pos").clone(),
            other => other.trim_start_matches("prev=").to_owned(),
        };
        let from = percent_encoding::utf8_percent_encode(&from, percent_encoding::NON_ALPHANUMERIC);
        let target = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&from={from}", room_id(&split[0]));
        let http = self.server.get(&target).bearer_auth("PHONE");
        let received = receive(http).await;
        if received.status != 200 {
            return vec![error(&received)];
        }
        let body: Value = serde_json::from_slice(&received.body).expect("JSON");
        let events = body["chunk"].as_array().into_iter().flatten().map(crate::support::scripted::short);
        vec![format!("[{}]", events.collect::<Vec<_>>().join(" "))]
    }
}

/// `v2: …` or `v2@TABLET: …`.
fn v2(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("v2")?;
    let (device, rest) = rest.split_once(':')?;
    Some((device.strip_prefix('@').unwrap_or("PHONE"), rest.trim()))
}

fn connection_name(request: &Request) -> String {
    format!("{}/{}", request.device, request.conn.as_deref().unwrap_or_default())
}

/// The words that tell one parked request from another.
fn parked_name(line: &str) -> String {
    let tells = |word: &&str| ["conn=", "device="].iter().any(|name| word.starts_with(name));
    line.split_whitespace().filter(tells).collect::<Vec<_>>().join(" ")
}

async fn receive(http: reqwest::RequestBuilder) -> Received {
    let response = http.send().await.expect("an answer");
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Received {
        status: response.status().as_u16(),
        retry_after,
        body: response.bytes().await.expect("all of it").to_vec(),
    }
}

fn outcome(received: &Received) -> String {
    if received.status == 200 { "200".to_owned() } else { error(received) }
}

fn error(received: &Received) -> String {
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let mut line = format!("{} {}", received.status, body["errcode"].as_str().unwrap_or("?"));
    if let Some(retry) = body.get("retry_after_ms") {
        line.push_str(&format!(" retry_after_ms={retry}"));
    }
    if let Some(retry) = &received.retry_after {
        line.push_str(&format!(" Retry-After={retry}"));
    }
    if let Some(soft) = body.get("soft_logout") {
        line.push_str(&format!(" soft_logout={soft}"));
    }
    format!("{line}: {}", body["error"].as_str().unwrap_or("?"))
}

/// `"k*101": x` in a body stands for as many fields.
fn many(body: &str) -> String {
    let Some((before, rest)) = body.split_once("\"*") else { return body.to_owned() };
    let (count, value) = rest.split_once("\": ").expect("\"*N\": VALUE");
    let end = value.rfind('>').expect("VALUE ends with >");
    let fields: Vec<String> = (0..count.parse::<usize>().expect("a number"))
        .map(|n| format!("\"k{n}\": {}", value[..end].replace("%n", &n.to_string())))
        .collect();
    format!("{before}{}{}", fields.join(","), &value[end + 1..])
}

/// `<x*3>` in a body stands for `xxx`, `\xff` for that byte.
fn spelled(body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let repeated = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(inside, after)| {
            let (text, count) = inside.split_once('*')?;
            Some((text.repeat(count.parse().ok()?), after))
        });
        let byte = rest.strip_prefix("\\x").and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        if let Some((text, after)) = repeated {
            bytes.extend(text.as_bytes());
            rest = after;
        } else if let Some(byte) = byte {
            bytes.push(byte);
            rest = &rest[4..];
        } else {
            bytes.extend(c.to_string().as_bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    bytes
}
