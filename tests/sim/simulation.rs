//! One run: the model homeserver, Sash, its store, and the clients, in virtual time.
//!
//! Invariant: nothing here depends on anything but the plan; the same plan gives the same run.

use std::{cell::RefCell, collections::VecDeque, fmt, future::Future, pin::Pin, rc::Rc, time::Duration};

use rand::Rng;
use ruma::{OwnedDeviceId, UserId};
use sash_sync::{
    account::{Account, AccountError, Dependencies},
    connection::{SyncError, Wire},
    platform, protocol,
    storage::FaultyStorage,
};
use serde_json::json;
use tokio::task::{JoinHandle, LocalSet};

use crate::{
    client::{Assembled, Client, Config, Reply, USER, Waiting},
    clock::{SeededRandom, VirtualClock},
    homeserver::{
        sync::StateKey,
        world::{NewEvent, RoomNo, UserNo, World, json_of},
    },
    ledger::Ledger,
    operations::{self, Operations},
    oracle::{Judge, Reach, wants_timeline},
    plan::{CLIENTS, Plan, Step},
    upstream::Upstream,
};

/// How much of what happened a failure tells.
const TRACE: usize = 2_000;
/// How many of the last lines are shown, and how long a line is.
const SHOWN: usize = 120;
const WIDTH: usize = 1_200;
/// How long everything may take to come to rest, in virtual time.
const SETTLE: Duration = Duration::from_secs(15 * 60);
/// How soon a waiting client must hear of something.
const PROMPT: Duration = Duration::from_secs(3);

/// What went wrong in a run.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which sort, so that shrinking keeps to it.
    pub kind: String,
    pub complaints: Vec<String>,
    /// The last things that happened.
    pub trace: Vec<String>,
}

impl Failure {
    /// Returns of which sort each complaint is: what it says without ids and numbers.
    pub fn sorts(&self) -> impl Iterator<Item = String> {
        let is_word =
            |word: &&str| !word.contains(|letter: char| "!@#$[]{}()".contains(letter) || letter.is_ascii_digit());
        self.complaints.iter().map(move |complaint| {
            let words: Vec<&str> = complaint.split_whitespace().filter(is_word).take(12).collect();
            format!("{}: {}", self.kind, words.join(" "))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "what happened:")?;
        for line in self.trace.iter().skip(self.trace.len().saturating_sub(SHOWN)) {
            let shown: String = line.chars().take(if formatter.alternate() { usize::MAX } else { WIDTH }).collect();
            writeln!(formatter, "    {shown}")?;
        }
        writeln!(formatter, "what is wrong:")?;
        for complaint in self.complaints.iter().take(20) {
            writeln!(formatter, "    {complaint}")?;
        }
        Ok(())
    }
}

/// Sash, running.
struct Engine {
    account: Rc<Account>,
    /// Its tasks live here and die with it.
    tasks: Rc<LocalSet>,
    runner: JoinHandle<()>,
}

/// A run under way.
pub struct Simulation {
    pub world: Rc<RefCell<World>>,
    pub ledger: Ledger,
    pub clients: Vec<Client>,
    upstream: Rc<Upstream>,
    storage: FaultyStorage,
    clock: VirtualClock,
    random: Rc<SeededRandom>,
    me: UserNo,
    devices: Vec<String>,
    tokens: Vec<String>,
    engine: Option<Engine>,
    abandoned: Vec<JoinHandle<()>>,
    trace: VecDeque<String>,
    /// Whether the power was lost since the last check: positions given out before may be unknown then.
    power_was_lost: bool,
    /// Whether a commit was told to fail, now or some day.
    commits_failed: bool,
}

type Outcome = Result<(), Failure>;

/// Runs a plan to its end.
pub fn run(plan: &Plan) -> Outcome {
    run_with(plan, |_| {})
}

/// Returns everything that happens in a run.
pub fn trace_of(plan: &Plan) -> Vec<String> {
    let trace = RefCell::default();
    // The last comparison comes when all has happened.
    let _ = run_with(plan, |simulation| *trace.borrow_mut() = simulation.trace.iter().cloned().collect());
    trace.into_inner()
}

/// Runs a plan to its end; `spoil` changes what clients have before each comparison, to see that the oracle notices.
pub fn run_with(plan: &Plan, spoil: impl Fn(&mut Simulation)) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let mut simulation = Simulation::new(plan.seed);
        let outcome = simulation.play(plan, &spoil).await;
        simulation.kill().await;
        outcome
    }))
}

impl Simulation {
    fn new(seed: u64) -> Simulation {
        let mut rng = operations::rng(seed ^ 0x5eed);
        let clock = VirtualClock::start();
        let mut world = World::new("sim", seed);
        let me = world.register("me", "x").expect("a new user");
        // Short ones, for short traces.
        world.set_account_data(me, "m.push_rules", json_of(&json!({ "global": {} })));
        let count = if rng.random_bool(0.4) { 2 } else { 1 };
        let mut devices = Vec::new();
        let mut tokens = Vec::new();
        for number in 0..count {
            let session = world.log_in(me, Some(format!("MYDEV{number}")), None, false, clock.millis());
            devices.push(session.device);
            tokens.push(session.access_token);
        }
        let world = Rc::new(RefCell::new(world));
        let upstream = Rc::new(Upstream::new(Rc::clone(&world), clock, rng.random()));
        let mut simulation = Simulation {
            world,
            ledger: Ledger::default(),
            clients: Vec::new(),
            upstream,
            storage: FaultyStorage::new(),
            clock,
            random: Rc::new(SeededRandom::new(rng.random())),
            me,
            devices,
            tokens,
            engine: None,
            abandoned: Vec::new(),
            trace: VecDeque::new(),
            power_was_lost: false,
            commits_failed: false,
        };
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is good for one lifetime only")]
        simulation.operate(rng.random(), true, |operations| operations.set_up());
        for number in 0..CLIENTS {
            let client = simulation.new_client(number, &mut rng);
            simulation.clients.push(client);
        }
        simulation
    }

    fn new_client(&self, number: usize, rng: &mut rand::rngs::SmallRng) -> Client {
        let device = self.devices[if number < 2 { 0 } else { self.devices.len() - 1 }].clone();
        let wire = if rng.random_bool(0.5) { Wire::V4 } else { Wire::Simplified };
        // One client of each device.
        let takes_to_device = number == 0 || (number == 2 && self.devices.len() > 1);
        Client {
            number,
            device,
            wire,
            conn_id: format!("c{number}"),
            takes_to_device,
            config: Config::random(rng, wire, takes_to_device),
            has: Assembled::default(),
            stored: Assembled::default(),
            waiting: None,
            lose: false,
            quiet: false,
        }
    }

    async fn play(&mut self, plan: &Plan, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        self.start().await;
        for (number, step) in plan.steps.iter().enumerate() {
            self.note(format!("step {number}: {step:?}"));
            self.step(*step, spoil).await?;
            self.pass(Duration::from_millis(3)).await;
            self.collect()?;
        }
        self.note("the end".to_owned());
        self.check(plan.seed, spoil).await
    }

    async fn step(&mut self, step: Step, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        match step {
            Step::World(seed) => self.operate(seed, false, |operations| {
                let done = operations.one();
                operations.done.push(done);
            }),
            Step::Burst(seed) => self.operate(seed, false, |operations| {
                let done = operations.burst();
                operations.done.push(done);
            }),
            Step::Request(client, seed) => self.request(client, seed),
            Step::Lose(client) => self.clients[client].lose = self.clients[client].waiting.is_some(),
            Step::Cancel(client) => self.cancel(client),
            Step::RestartClient(client) => {
                self.cancel(client);
                self.clients[client].restart();
            }
            Step::Reconnect(client) => {
                self.cancel(client);
                self.clients[client].reconnect();
            }
            Step::Wait(millis) => self.pass(Duration::from_millis(millis)).await,
            Step::Upstream(fault, times) => self.upstream.fail(fault, times),
            Step::Commit(fault, nth) => {
                self.storage.fail_commit(nth, fault);
                self.commits_failed = true;
            }
            Step::Crash => self.crash(None).await,
            Step::PowerLoss(lost) => self.crash(Some(lost)).await,
            Step::Check(seed) => self.check(seed, spoil).await?,
        }
        Ok(())
    }

    fn note(&mut self, line: String) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        let (time, pos) = (self.clock.millis() % 1_000_000_000, self.world.borrow().pos());
        self.trace.push_back(format!("{time} @{pos} {line}"));
    }

    fn fail(&self, kind: &str, complaints: Vec<String>) -> Failure {
        Failure { kind: kind.to_owned(), complaints, trace: self.trace.iter().cloned().collect() }
    }

    fn operate(&mut self, seed: u64, is_set_up: bool, operation: impl FnOnce(&mut Operations<'_>)) {
        let world = Rc::clone(&self.world);
        let mut world = world.borrow_mut();
        // Before everything is there, nothing but the events' own time orders rooms.
        let is_complete = self.account().is_some_and(|account| account.status().borrow().progress.phase == "complete");
        let mut operations = Operations {
            world: &mut world,
            ledger: &mut self.ledger,
            devices: &self.devices,
            now: self.clock.millis(),
            with_resets: self.upstream.state_key != StateKey::State && !is_set_up,
            honest_clocks: !is_complete,
            rng: operations::rng(seed),
            done: Vec::new(),
        };
        operation(&mut operations);
        let done = operations.done;
        let pos = world.pos();
        drop(world);
        let stored = if is_set_up { 0 } else { self.upstream.stored_up_to(&self.devices) };
        self.ledger.note(pos, stored);
        self.upstream.note_change();
        done.into_iter().for_each(|line| self.note(format!("  {line}")));
    }

    /// Lets time pass.
    async fn pass(&self, duration: Duration) {
        platform::sleep(duration).await;
    }

    // Sash.

    async fn start(&mut self) {
        let dependencies = Dependencies {
            storage: Rc::new(self.storage.clone()),
            http: Rc::clone(&self.upstream) as Rc<_>,
            clock: Rc::new(self.clock),
            random: Rc::clone(&self.random) as Rc<_>,
        };
        let user = UserId::parse(USER).expect("a user id");
        let mut tries = 0;
        let account = loop {
            match Account::open(user.clone(), "https://sim", dependencies.clone()).await {
                Ok(account) => break account,
                Err(error) => self.note(format!("opening failed: {error}")),
            }
            tries += 1;
            assert!(tries < 20, "the account cannot be opened");
        };
        let tasks = Rc::new(LocalSet::new());
        let polled = Rc::clone(&account);
        let polls: Vec<(OwnedDeviceId, String)> =
            self.devices.iter().map(|device| device.as_str().into()).zip(self.tokens.clone()).collect();
        let running = Rc::clone(&tasks);
        let begin = async move {
            for (device, token) in polls {
                polled.poll(&device, &token);
            }
            std::future::pending::<()>().await;
        };
        // The outer set only keeps the inner one going: dropping that is what a killed process is.
        let runner = spawn(async move { running.run_until(begin).await });
        self.engine = Some(Engine { account, tasks, runner });
    }

    /// Drops everything that Sash has in memory, whatever it is doing.
    async fn kill(&mut self) {
        let Some(engine) = self.engine.take() else { return };
        for client in &mut self.clients {
            client.waiting = None;
            client.lose = false;
        }
        self.abandoned.clear();
        engine.runner.abort();
        let _ = engine.runner.await;
        drop(engine.account);
        drop(engine.tasks);
    }

    async fn crash(&mut self, lost: Option<usize>) {
        self.kill().await;
        if let Some(lost) = lost {
            self.note(format!("  of {} commits that may be lost", self.storage.lossy_commits()));
            self.storage.lose_power(lost);
            self.power_was_lost = true;
        }
        {
            let world = self.world.borrow();
            let typed =
                world.rooms.iter().filter(|room| !room.typing.is_empty() || room.typing_pos > 0).map(|room| room.no);
            self.ledger.typing_unknown.extend(typed);
        }
        self.upstream.forget_polls();
        // Until the polls tell, nothing that happens is known to come after anything.
        self.ledger.note_restart();
        self.start().await;
    }

    // Clients.

    fn request(&mut self, number: usize, seed: u64) {
        let mut rng = operations::rng(seed);
        let rooms: Vec<String> = self.world.borrow().rooms.iter().map(|room| room.id.to_string()).collect();
        let client = &mut self.clients[number];
        if rng.random_bool(0.5) {
            let wire = client.wire;
            client.config.change(&mut rng, wire, &rooms);
        }
        let timeout = [0, 0, 1_000, 10_000, 30_000][rng.random_range(0..5)];
        if let Some(waiting) = client.waiting.take() {
            if rng.random_bool(0.5) {
                waiting.task.abort();
            } else {
                // It must end by itself, superseded.
                self.abandoned.push(waiting.task);
            }
            client.lose = false;
        }
        self.send(number, timeout);
    }

    fn send(&mut self, number: usize, timeout: u64) {
        let Some(engine) = &self.engine else { return };
        let client = &mut self.clients[number];
        client.stored = client.has.clone();
        let (query, body) = client.request(timeout);
        let reply = Rc::new(RefCell::new(None));
        let (account, slot) = (Rc::clone(&engine.account), Rc::clone(&reply));
        let (wire, device) = (client.wire, OwnedDeviceId::from(client.device.as_str()));
        let config = client.config.clone();
        let line = format!("  client {number} ({wire:?} {device}) asks {query} {body}");
        let task = engine.tasks.spawn_local(async move {
            let answered = answer(&account, wire, &device, &query, &body.to_string()).await;
            *slot.borrow_mut() = Some(answered);
        });
        client.waiting = Some(Waiting { task, reply, config });
        self.note(line);
    }

    fn cancel(&mut self, number: usize) {
        if let Some(waiting) = self.clients[number].waiting.take() {
            waiting.task.abort();
        }
        self.clients[number].lose = false;
    }

    /// Lets clients take the answers that have come.
    fn collect(&mut self) -> Outcome {
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            let reply = client.waiting.as_ref().and_then(|waiting| waiting.reply.borrow_mut().take());
            let Some(reply) = reply else { continue };
            let Some(waiting) = client.waiting.take() else { continue };
            if std::mem::take(&mut client.lose) {
                self.note(format!("  the answer to client {number} is lost"));
                continue;
            }
            self.take(number, reply, &waiting.config)?;
        }
        Ok(())
    }

    fn take(&mut self, number: usize, reply: Reply, config: &Config) -> Outcome {
        let now = self.world.borrow().pos();
        match reply {
            Reply::Answer(answer) => {
                self.note(format!("  client {number} takes {answer}"));
                let taken = self.clients[number].take(&answer, config, now);
                taken.map_err(|error| self.fail("answer", vec![format!("client {number}: {error}, in {answer}")]))
            }
            Reply::Error(400, errcode, _) if errcode == "M_UNKNOWN_POS" && self.power_was_lost => {
                self.note(format!("  client {number} begins anew"));
                self.clients[number].reconnect();
                Ok(())
            }
            Reply::Error(500, _, error) if self.commits_failed => {
                self.note(format!("  client {number} is told: {error}"));
                Ok(())
            }
            Reply::Error(status, errcode, error) => {
                Err(self.fail(&errcode, vec![format!("client {number} is told {status} {errcode}: {error}")]))
            }
        }
    }

    // Checks.

    async fn check(&mut self, seed: u64, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        self.upstream.heal();
        // Counts of keys come with the next answer, and only with one.
        let me = self.me;
        self.operate(seed, false, |operations| {
            operations.world.set_account_data(me, "org.sim.tick", json_of(&json!({ "seed": seed })));
        });
        for number in 0..self.clients.len() {
            self.cancel(number);
        }
        self.settle().await?;
        self.catch_up().await?;
        // What was fetched in the background because of that comes now.
        self.pass(Duration::from_secs(2)).await;
        self.catch_up().await?;
        self.check_abandoned().await?;
        self.ledger.paged = self.upstream.paged();
        spoil(self);
        self.compare()?;
        self.check_wake_up(seed).await?;
        self.power_was_lost = false;
        Ok(())
    }

    /// Waits until Sash has everything.
    async fn settle(&mut self) -> Outcome {
        let deadline = self.clock.millis() + SETTLE.as_millis() as u64;
        loop {
            let caught_up = self.devices.iter().all(|device| self.upstream.is_caught_up(self.me, device));
            let progress = self.account().map(|account| account.status().borrow().clone());
            if caught_up && progress.as_ref().is_some_and(|status| status.progress.phase == "complete") {
                self.ledger.note_first_poll(self.upstream.first_polls());
                return Ok(());
            }
            if self.clock.millis() > deadline {
                return Err(self.fail(
                    "settle",
                    vec![format!("Sash does not come to rest: caught up: {caught_up}, {progress:?}")],
                ));
            }
            self.pass(Duration::from_millis(100)).await;
        }
    }

    /// Lets each client ask until there is nothing new.
    async fn catch_up(&mut self) -> Outcome {
        for number in 0..self.clients.len() {
            let mut rounds = 0;
            loop {
                self.clients[number].quiet = false;
                self.send(number, 0);
                self.wait_for(number).await?;
                if self.clients[number].quiet {
                    break;
                }
                rounds += 1;
                if rounds > 300 {
                    return Err(self.fail("restless", vec![format!("client {number} hears something new for ever")]));
                }
            }
        }
        Ok(())
    }

    async fn wait_for(&mut self, number: usize) -> Outcome {
        for _ in 0..400 {
            self.pass(Duration::from_millis(20)).await;
            self.collect()?;
            if self.clients[number].waiting.is_none() {
                return Ok(());
            }
        }
        Err(self.fail("silence", vec![format!("client {number} gets no answer to a request that does not wait")]))
    }

    async fn check_abandoned(&mut self) -> Outcome {
        self.pass(Duration::from_secs(1)).await;
        let waiting = self.abandoned.iter().filter(|task| !task.is_finished()).count();
        self.abandoned.clear();
        if waiting > 0 {
            return Err(self.fail("superseded", vec![format!("{waiting} superseded requests still wait")]));
        }
        Ok(())
    }

    fn compare(&self) -> Outcome {
        let world = self.world.borrow();
        let judge = self.judge(&world);
        let complaints: Vec<String> = self.clients.iter().flat_map(|client| judge.complaints(client)).collect();
        if complaints.is_empty() { Ok(()) } else { Err(self.fail("oracle", complaints)) }
    }

    fn judge<'a>(&'a self, world: &'a World) -> Judge<'a> {
        Judge {
            world,
            ledger: &self.ledger,
            me: self.me,
            crawled: self.upstream.has_crawled(),
            state_after: self.upstream.state_key != StateKey::State,
        }
    }

    /// A client that waits must hear at once of what it can see, and of nothing else.
    async fn check_wake_up(&mut self, seed: u64) -> Outcome {
        let mut rng = operations::rng(seed ^ 0xa1a4);
        let number = rng.random_range(0..self.clients.len());
        self.send(number, 30_000);
        self.pass(Duration::from_millis(500)).await;
        self.collect()?;
        if self.clients[number].waiting.is_none() {
            return Err(self.fail(
                "busy",
                vec![format!("client {number} asked to wait, and was answered at once with nothing new")],
            ));
        }
        let Some(news) = self.make_news(number, rng.random()) else {
            self.cancel(number);
            return Ok(());
        };
        self.pass(PROMPT).await;
        self.collect()?;
        if self.clients[number].waiting.is_some() {
            return Err(self.fail("asleep", vec![format!("client {number} sleeps through {news}")]));
        }
        Ok(())
    }

    /// Makes something happen that the client must hear of.
    fn make_news(&mut self, number: usize, seed: u64) -> Option<String> {
        let mut rng = operations::rng(seed);
        let world = Rc::clone(&self.world);
        let room = self.talkative_room(number);
        let client = &self.clients[number];
        let (me, device, now) = (self.me, client.device.clone(), self.clock.millis());
        let (to_device, account_data) = (client.takes_to_device, client.config.account_data);
        let mut world = world.borrow_mut();
        let news = match (rng.random_range(0..3), room) {
            (0, _) if to_device => {
                let sent = self.ledger.to_device.entry(device.clone()).or_default();
                let message =
                    json!({ "type": "org.sim.message", "sender": "@ada:sim", "content": { "n": sent.len() } });
                sent.push(message.clone());
                world.send_to_device(me, &device, &json_of(&message));
                "a to-device message".to_owned()
            }
            (1, _) if account_data => {
                world.set_account_data(me, "org.sim.news", json_of(&json!({ "seed": seed })));
                "account data".to_owned()
            }
            (_, Some((room, sender))) => {
                let content = json_of(&json!({ "msgtype": "m.text", "body": "news" }));
                world.append(NewEvent::new(room, sender, "m.room.message", content, now));
                format!("a message in {}", world.room(room).id)
            }
            _ => return None,
        };
        let pos = world.pos();
        drop(world);
        self.ledger.note(pos, self.upstream.stored_up_to(&self.devices));
        self.upstream.note_change();
        self.note(format!("  news: {news}"));
        Some(news)
    }

    /// Returns a room whose timeline the client surely gets, and somebody else in it.
    fn talkative_room(&self, number: usize) -> Option<(RoomNo, UserNo)> {
        let world = self.world.borrow();
        let config = &self.clients[number].config;
        // What happens moves the room to the top, where a range that begins further down does not reach it.
        let at_top = config.lists.values().all(|list| list.range.is_none_or(|(first, _)| first == 0));
        let stays = |(room, reach): &(RoomNo, Reach)| {
            let subscription = config.subscriptions.get(&*world.room(*room).id);
            if at_top { wants_timeline(&reach.rules) } else { subscription.is_some_and(|rule| rule.timeline_limit > 0) }
        };
        let reached = self.judge(&world).reached(&self.clients[number]).into_iter().filter(stays);
        let joined = reached.filter(|(room, _)| world.room(*room).is_joined(self.me));
        let with_sender = |(room, _): (RoomNo, Reach)| {
            let mut others = world.room(room).joined().filter(|user| *user != self.me);
            others.find(|user| !self.ledger.is_withheld(world.user_id(*user))).map(|sender| (room, sender))
        };
        joined.rev().find_map(with_sender)
    }

    fn account(&self) -> Option<&Rc<Account>> {
        self.engine.as_ref().map(|engine| &engine.account)
    }
}

#[expect(clippy::disallowed_methods, reason = "the run spawns beside Sash, to be able to kill it with all its tasks")]
fn spawn(future: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    tokio::task::spawn_local(future)
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
        Err(AccountError::Storage(error)) => Reply::Error(500, "storage".to_owned(), error.to_string()),
        Err(error) => Reply::Error(400, "refused".to_owned(), error.to_string()),
    }
}
