//! The clients of a run: how they ask, and what they make of what comes back.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc, time::Duration};

use rand::Rng;
use ruma::OwnedDeviceId;
use sash_sync::{
    account::{Account, AccountError},
    connection::{SyncError, Wire},
    platform, protocol,
};
use serde_json::json;

use super::{Outcome, Simulation};
use crate::{
    client::{Beside, Reply, Waiting},
    operations,
    plan::{CLIENTS, Change},
};

/// How long an answer may take that waits for nothing: longer than a first answer is held.
const PATIENCE: Duration = Duration::from_secs(8);
/// After how long without a request a connection may be forgotten, in milliseconds: 30 days.
const FORGOTTEN_AFTER: u64 = 30 * 86_400_000;
/// How many answers what fetches a notification wants, and how long it waits for all but the first, in milliseconds.
const BESIDE: usize = 2;
const BESIDE_WAITS: u64 = 20_000;
/// How many connections a device can have beside those of the clients, so that none has to go.
const ROOM_FOR: u64 = 12;

impl Simulation {
    pub(super) fn request(&mut self, number: usize, change: Change, seed: u64) {
        self.ask(number, change, seed, false);
    }

    /// Lets clients ask with so little time in between that Sash is at work on the one when the other comes: the same
    /// client, on the same connection then, or others of the account.
    pub(super) async fn overlap(&mut self, seed: u64) {
        let mut rng = operations::rng(seed);
        let favourite = rng.random_range(0..CLIENTS);
        for _ in 0..rng.random_range(2..5) {
            let number = if rng.random_bool(0.6) { favourite } else { rng.random_range(0..CLIENTS) };
            let change = Change::ALL[rng.random_range(0..Change::ALL.len())];
            self.ask(number, change, rng.random(), true);
            // Each gives Sash's tasks one turn; an answer takes some twenty.
            for _ in 0..rng.random_range(0..30) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// `overlaps`: whether the client does not hang up on what it asked before.
    fn ask(&mut self, number: usize, change: Change, seed: u64, overlaps: bool) {
        let mut rng = operations::rng(seed);
        let rooms: Vec<String> = self.world.borrow().rooms.iter().map(|room| room.id.to_string()).collect();
        let client = &mut self.clients[number];
        let wire = client.wire;
        client.config.change(change, &mut rng, wire, &rooms);
        if change == Change::Loop {
            client.reconnect();
        }
        if !client.may_be_joined() {
            client.end_beside();
        }
        let timeout = [0, 0, 1_000, 10_000, 30_000][rng.random_range(0..5)];
        if let Some(waiting) = client.waiting.take() {
            let ends = wire == Wire::V4 || waiting.config.asks_for_rooms() || client.config.asks_for_rooms();
            if !ends || !overlaps && rng.random_bool(0.5) {
                waiting.task.abort();
            } else {
                // It must end by itself, answered or superseded.
                client.overtaken.push(waiting);
            }
            client.lose = false;
        }
        self.send(number, timeout);
    }

    pub(super) fn send(&mut self, number: usize, timeout: u64) {
        let device = self.device_of(number);
        if self.poll_ended[device] {
            self.poll(device);
        }
        let client = &mut self.clients[number];
        client.stored = client.has.clone();
        let pos = client.has.pos.clone();
        let waiting = self.dispatch(number, pos.as_deref(), timeout);
        self.clients[number].waiting = waiting;
    }

    fn dispatch(&mut self, number: usize, pos: Option<&str>, timeout: u64) -> Option<Waiting> {
        let engine = self.engine.as_ref()?;
        self.counted.requests += 1;
        let client = &self.clients[number];
        let (query, body) = client.request(pos, timeout);
        let reply = Rc::new(RefCell::new(None));
        let (account, slot) = (Rc::clone(&engine.account), Rc::clone(&reply));
        let (wire, device) = (client.wire, OwnedDeviceId::from(client.device.as_str()));
        let (config, since) = (client.config.clone(), client.has.to_device_since.clone());
        let body = body.to_string();
        let line = self.trace.is_some().then(|| format!("  client {number} ({wire:?} {device}) asks {query} {body}"));
        let answered = Rc::clone(&self.answered);
        let deaf = client.deaf.filter(|_| timeout > 0);
        let task = engine.tasks.spawn_local(async move {
            let reply = answer(&account, wire, &device, &query, &body).await;
            if let (Reply::Answer(answer), Some(deaf)) = (&reply, deaf)
                && deaf.is_to(answer)
            {
                return;
            }
            *slot.borrow_mut() = Some(reply);
            answered.notify_one();
        });
        let is_crowded = self.crowd.iter().any(|task| !task.is_finished());
        self.note(|| line.unwrap_or_default());
        Some(Waiting { task, reply, config, since, is_crowded })
    }

    /// Lets a notification be fetched beside the client, or beside the next one where that is possible.
    pub(super) fn notify(&mut self, number: usize) {
        let count = self.clients.len();
        let able = (number..number + count).map(|number| number % count);
        let Some(number) = able.into_iter().find(|number| self.clients[*number].may_be_joined()) else { return };
        self.fetch_beside(number, 0);
    }

    pub(super) fn fetch_beside(&mut self, number: usize, timeout: u64) {
        let waiting = self.dispatch(number, None, timeout);
        self.clients[number].end_beside();
        self.clients[number].beside = Some(Beside { waiting, ..Beside::default() });
    }

    pub(super) fn cancel(&mut self, number: usize) {
        if let Some(waiting) = self.clients[number].waiting.take() {
            waiting.task.abort();
        }
        self.clients[number].lose = false;
        self.clients[number].end_beside();
    }

    /// Lets clients take the answers that have come.
    pub(super) fn collect(&mut self) -> Outcome {
        if self.upstream.take_chain_broken() {
            self.ledger.note_disorder();
            self.clients.iter_mut().filter(|client| client.config.e2ee).for_each(|client| client.chain_broken = true);
        }
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            let reply = client.waiting.as_ref().and_then(|waiting| waiting.reply.borrow_mut().take());
            let Some(reply) = reply else { continue };
            let Some(waiting) = client.waiting.take() else { continue };
            if std::mem::take(&mut client.lose) {
                self.note(|| format!("  the answer to client {number} is lost"));
                continue;
            }
            self.take(number, reply, &waiting)?;
        }
        self.drop_overtaken()?;
        (0..self.clients.len()).try_for_each(|number| self.collect_beside(number))
    }

    /// Lets clients drop what comes after the answer to a later request of theirs.
    fn drop_overtaken(&mut self) -> Outcome {
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            if client.waiting.is_some() {
                continue;
            }
            let takes = client.takes_overtaken;
            let overtaken = std::mem::take(&mut client.overtaken);
            for waiting in &overtaken {
                let reply = waiting.reply.borrow_mut().take();
                let Some(reply @ Reply::Answer(_)) = reply else { continue };
                self.counted.overtaken += 1;
                self.note(|| format!("  the answer to an older request of client {number} comes late"));
                if takes {
                    self.take(number, reply, waiting)?;
                }
            }
            self.clients[number].overtaken = overtaken;
        }
        Ok(())
    }

    fn collect_beside(&mut self, number: usize) -> Outcome {
        let Some(beside) = &mut self.clients[number].beside else { return Ok(()) };
        let reply = beside.waiting.as_ref().and_then(|waiting| waiting.reply.borrow_mut().take());
        let Some((reply, waiting)) = reply.and_then(|reply| Some((reply, beside.waiting.take()?))) else {
            return Ok(());
        };
        let answers = beside.answers + 1;
        let pos = match &reply {
            Reply::Answer(answer) => {
                self.note(|| format!("  beside client {number} {answer} is taken"));
                let taken = self.clients[number].take_beside(answer, &waiting);
                taken.map_err(|error| {
                    self.fail("answer", vec![format!("beside client {number}: {error}, in {answer}")])
                })?
            }
            Reply::Error(status, errcode, error) => {
                self.clients[number].beside = None;
                if self.is_excused(number, &reply) {
                    return Ok(());
                }
                return Err(self.fail(errcode, vec![format!("beside client {number}: {status} {errcode}: {error}")]));
            }
        };
        let waiting = if answers < BESIDE { self.dispatch(number, Some(&pos), BESIDE_WAITS) } else { None };
        self.clients[number].beside = waiting.map(|waiting| Beside { answers, waiting: Some(waiting) });
        Ok(())
    }

    /// Returns whether a client, or what asks beside it, may be told that.
    fn is_excused(&self, number: usize, reply: &Reply) -> bool {
        match reply {
            Reply::Answer(_) => true,
            Reply::Error(400, errcode, _) => errcode == "M_UNKNOWN_POS" && self.may_be_forgotten(number),
            Reply::Error(401, ..) => self.token_refused[self.device_of(number)],
            Reply::Error(429, ..) => self.clients[number].crowded_out,
            Reply::Error(500, ..) => self.commits_failed,
            Reply::Error(..) => false,
        }
    }

    fn take(&mut self, number: usize, reply: Reply, waiting: &Waiting) -> Outcome {
        let now = self.world.borrow().pos();
        match &reply {
            Reply::Answer(answer) => {
                self.note(|| format!("  client {number} takes {answer}"));
                let client = &mut self.clients[number];
                client.crowded_out &= waiting.is_crowded;
                client.last_answer = self.clock.millis();
                let taken = client.take(&answer, waiting, now);
                taken.map_err(|error| self.fail("answer", vec![format!("client {number}: {error}, in {answer}")]))
            }
            Reply::Error(status, errcode, error) if self.is_excused(number, &reply) => {
                self.note(|| format!("  client {number} is told {status} {errcode}: {error}"));
                if *status == 400 {
                    self.clients[number].reconnect();
                }
                Ok(())
            }
            Reply::Error(status, errcode, error) => {
                Err(self.fail(errcode, vec![format!("client {number} is told {status} {errcode}: {error}")]))
            }
        }
    }

    /// Returns whether a client may be told that its position is unknown.
    fn may_be_forgotten(&self, number: usize) -> bool {
        let client = &self.clients[number];
        self.power_was_lost
            || client.crowded_out
            || client.chain_broken
            || self.clock.millis().saturating_sub(client.last_answer) > FORGOTTEN_AFTER
    }

    /// Lets others of the device's clients make connections. More than there is room for make those go that were not
    /// used for longest.
    pub(super) fn crowd(&mut self, device: usize, count: u64) {
        let Some(engine) = &self.engine else { return };
        let id = OwnedDeviceId::from(self.devices[device].as_str());
        for number in 0..count {
            let (account, id) = (engine.account.clone(), id.clone());
            let lists = json!({ "all": {
                "range": [0, 0],
                "timeline_limit": 1,
                "required_state": { "include": [] },
            } });
            let body = json!({ "conn_id": format!("crowd{number}"), "lists": lists }).to_string();
            let task = engine.tasks.spawn_local(async move { _ = answer(&account, Wire::V4, &id, "", &body).await });
            self.counted.requests += 1;
            self.crowd.push(task);
        }
        self.crowded[device] |= count > ROOM_FOR;
        if self.crowded[device] {
            let id = &self.devices[device];
            for client in self.clients.iter_mut().filter(|client| client.device == *id) {
                client.crowded_out = true;
                let beside = client.beside.iter_mut().filter_map(|beside| beside.waiting.as_mut());
                client.waiting.iter_mut().chain(beside).for_each(|waiting| waiting.is_crowded = true);
            }
        }
    }

    /// Notes that times of last use, by which connections make room, are not known to the second any more.
    pub(super) fn note_uses_forgotten(&mut self) {
        for (device, _) in self.devices.iter().zip(&self.crowded).filter(|(_, crowded)| **crowded) {
            self.clients
                .iter_mut()
                .filter(|client| client.device == *device)
                .for_each(|client| client.crowded_out = true);
        }
    }

    /// Waits for the answer to a client's request that does not wait itself.
    pub(super) async fn wait_for(&mut self, number: usize) -> Outcome {
        let deadline = self.clock.millis() + PATIENCE.as_millis() as u64;
        let answered = Rc::clone(&self.answered);
        while self.clients[number].waiting.is_some() {
            let left = deadline.saturating_sub(self.clock.millis());
            if left == 0 {
                let complaint = format!("client {number} gets no answer to a request that does not wait");
                return Err(self.fail("silence", vec![complaint]));
            }
            tokio::select! {
                biased;
                () = answered.notified() => {}
                () = platform::sleep(Duration::from_millis(left)) => {}
            }
            self.collect()?;
        }
        Ok(())
    }

    fn device_of(&self, number: usize) -> usize {
        self.devices.iter().position(|device| *device == self.clients[number].device).unwrap_or(0)
    }
}

/// Asks as a handler of HTTP requests does: bytes in, bytes out.
async fn answer(account: &Rc<Account>, wire: Wire, device: &OwnedDeviceId, query: &str, body: &str) -> Reply {
    let user = account.user_id().to_owned();
    let request = match protocol::parse_request(wire, query, body.as_bytes(), &user) {
        Ok(request) => request,
        Err(error) => {
            let error = protocol::ErrorResponse::from(error);
            return Reply::Error(error.status, error.errcode, error.error);
        }
    };
    let future: Pin<Box<dyn Future<Output = _>>> = Box::pin(account.sync(device, request));
    match future.await {
        Ok(response) => {
            let bytes = protocol::render(wire, &response);
            match serde_json::from_slice(&bytes) {
                Ok(answer) => Reply::Answer(answer),
                Err(error) => {
                    Reply::Error(0, "not JSON".to_owned(), format!("{error}: {}", String::from_utf8_lossy(&bytes)))
                }
            }
        }
        Err(AccountError::Sync(SyncError::UnknownPos)) => Reply::Error(400, "M_UNKNOWN_POS".to_owned(), String::new()),
        Err(AccountError::Sync(SyncError::Superseded)) => {
            Reply::Error(429, "M_LIMIT_EXCEEDED".to_owned(), "superseded".to_owned())
        }
        Err(AccountError::Storage(error)) => Reply::Error(500, "storage".to_owned(), error.to_string()),
        Err(AccountError::TokenExpired { .. }) => Reply::Error(401, "M_UNKNOWN_TOKEN".to_owned(), String::new()),
        Err(error) => Reply::Error(400, "refused".to_owned(), error.to_string()),
    }
}
