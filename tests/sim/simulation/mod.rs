//! One run: the model homeserver, Sash, its store, and the clients, in virtual time.
//!
//! Invariant: nothing here depends on anything but the plan; the same plan gives the same run.
//!
//! - A new kind of thing that happens on the homeserver is a [`Happening`](crate::operations::Happening) and a method in
//!   `operations.rs`. Whatever the model holds afterwards is what clients must have, so most need nothing else.
//! - A new fault of the homeserver is an [`UpstreamFault`](crate::plan::UpstreamFault), played in `upstream.rs`. Any other
//!   is a [`Step`], played in [`Simulation::step`]; if it belongs to no class, it is never left out as one of many.
//! - A new check is a method of [`Judge`](crate::oracle::Judge), or of [`Simulation`] in `checks.rs` if it is about what
//!   happens rather than about what clients have; and a test in `self_tests.rs` that it notices what it is there for.

mod checks;
mod clients;
mod engine;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    fmt, ops,
    rc::Rc,
    time::Duration,
};

use sash_sync::{
    connection::{AnswerLimits, Wire},
    platform,
    storage::FaultyStorage,
};
use serde_json::json;
use tokio::{
    sync::Notify,
    task::{JoinHandle, LocalSet},
};

use self::engine::Engine;
use crate::{
    client::{Assembled, Client, Config},
    clock::{SeededRandom, VirtualClock},
    failure::Failure,
    homeserver::{
        sync::StateKey,
        world::{RoomNo, UserNo, World, json_of},
    },
    ledger::Ledger,
    operations::{self, Operations},
    plan::{CLIENTS, Plan, StateName, Step},
    upstream::Upstream,
};

/// How much of what happened a failure tells.
const TRACE: usize = 2_000;
/// How much time passes after each step.
const STEP: Duration = Duration::from_millis(3);

/// A run under way.
pub struct Simulation {
    pub world: Rc<RefCell<World>>,
    pub ledger: Ledger,
    pub clients: Vec<Client>,
    /// What there was of everything.
    pub counted: Counted,
    upstream: Rc<Upstream>,
    storage: FaultyStorage,
    clock: VirtualClock,
    random: Rc<SeededRandom>,
    me: UserNo,
    devices: Vec<String>,
    tokens: Vec<String>,
    answer_limits: AnswerLimits,
    /// How many of a hundred answers of the homeserver are late.
    late: u32,
    engine: Option<Engine>,
    /// The requests of other clients.
    crowd: Vec<JoinHandle<()>>,
    /// Told of each answer.
    answered: Rc<Notify>,
    /// What happened, where anybody wants to know: writing it down takes more time than the rest of a run.
    trace: Option<VecDeque<String>>,
    /// Whether the power was lost since the last check: positions given out before may be unknown then.
    power_was_lost: bool,
    /// Whether a commit was told to fail, now or some day.
    commits_failed: bool,
    /// Whether each device's token was refused since the last check.
    token_refused: Vec<bool>,
    /// Whether each device's poll was ended, and not begun again.
    poll_ended: Vec<bool>,
    /// The rooms whose full state was told, and of which position, as long as no answer is still to be taken over.
    state_told: BTreeMap<RoomNo, u64>,
    /// Whether so many connections of a device were made that some had to go.
    crowded: Vec<bool>,
}

/// How much there was of everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub runs: u64,
    pub steps: u64,
    /// Requests of clients, and of Sash.
    pub requests: u64,
    pub upstream_requests: u64,
    pub faults: u64,
    pub checks: u64,
    /// Answers that came to a client, or to Sash's polls and its other requests, after one that was made later.
    pub overtaken: u64,
    pub overtaken_polls: u64,
    pub overtaken_fetches: u64,
}

impl ops::AddAssign for Counted {
    fn add_assign(&mut self, other: Counted) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.requests += other.requests;
        self.upstream_requests += other.upstream_requests;
        self.faults += other.faults;
        self.checks += other.checks;
        self.overtaken += other.overtaken;
        self.overtaken_polls += other.overtaken_polls;
        self.overtaken_fetches += other.overtaken_fetches;
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counted { runs, steps, requests, upstream_requests, faults, checks, .. } = self;
        let overtaken = self.overtaken + self.overtaken_polls + self.overtaken_fetches;
        write!(
            formatter,
            "{runs} runs, {steps} steps, {faults} of them faults, {requests} requests of clients, {upstream_requests} of Sash, {overtaken} answers overtaken, {checks} checks"
        )
    }
}

type Outcome = Result<(), Failure>;

/// Runs a plan to its end, and says how much there was of everything.
pub fn run(plan: &Plan) -> (Counted, Outcome) {
    run_with(plan, false, |_| {})
}

/// Runs a plan to its end; a failure tells what happened.
pub fn run_traced(plan: &Plan) -> Outcome {
    run_with(plan, true, |_| {}).1
}

/// Returns everything that happens in a run.
pub fn trace_of(plan: &Plan) -> Vec<String> {
    let trace = RefCell::default();
    // The last comparison comes when all has happened.
    let _ = run_with(plan, true, |simulation| {
        *trace.borrow_mut() = simulation.trace.iter().flatten().cloned().collect();
    });
    trace.into_inner()
}

/// Runs a plan to its end; `spoil` changes what clients have before each comparison, to see that the oracle notices.
pub fn run_with(plan: &Plan, traced: bool, spoil: impl Fn(&mut Simulation)) -> (Counted, Outcome) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let mut simulation = Simulation::new(plan, traced);
        let outcome = simulation.play(plan, &spoil).await;
        simulation.kill().await;
        (Counted { runs: 1, ..simulation.counted() }, outcome)
    }))
}

impl Simulation {
    fn new(plan: &Plan, traced: bool) -> Simulation {
        let clock = VirtualClock::start();
        let mut world = World::new("sim", plan.seed);
        let me = world.register("me", "x").expect("a new user");
        // Short ones, for short traces.
        world.set_account_data(me, "m.push_rules", json_of(&json!({ "global": {} })));
        let sessions: Vec<_> = (0..plan.devices)
            .map(|number| world.log_in(me, Some(format!("MYDEV{number}")), None, false, clock.millis()))
            .collect();
        let world = Rc::new(RefCell::new(world));
        let state_key = match plan.state_key {
            StateName::StateAfter => StateKey::StateAfter,
            StateName::UnstableStateAfter => StateKey::UnstableStateAfter,
            StateName::State => StateKey::State,
        };
        let upstream = Upstream::new(Rc::clone(&world), clock, state_key, seed_of(plan, 1), traced);
        upstream.be_late(plan.late);
        let mut simulation = Simulation {
            world,
            ledger: Ledger::default(),
            clients: Vec::new(),
            counted: Counted::default(),
            upstream: Rc::new(upstream),
            storage: FaultyStorage::new(),
            clock,
            random: Rc::new(SeededRandom::new(seed_of(plan, 2))),
            me,
            devices: sessions.iter().map(|session| session.device.clone()).collect(),
            tokens: sessions.iter().map(|session| session.access_token.clone()).collect(),
            answer_limits: AnswerLimits { rooms: plan.answer_rooms, ..AnswerLimits::default() },
            late: plan.late,
            engine: None,
            crowd: Vec::new(),
            answered: Rc::default(),
            trace: traced.then(VecDeque::new),
            power_was_lost: false,
            commits_failed: false,
            token_refused: vec![false; plan.devices],
            poll_ended: vec![false; plan.devices],
            state_told: BTreeMap::new(),
            crowded: vec![false; plan.devices],
        };
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is good for one lifetime only")]
        simulation.operate(seed_of(plan, 3), |operations| operations.set_up());
        simulation.clients = (0..CLIENTS).map(|number| simulation.new_client(plan, number)).collect();
        simulation
    }

    fn new_client(&self, plan: &Plan, number: usize) -> Client {
        use rand::Rng;

        let mut rng = operations::rng(seed_of(plan, 10 + number as u64));
        let device = self.devices[if number < 2 { 0 } else { self.devices.len() - 1 }].clone();
        let wire = if rng.random_bool(0.5) { Wire::V4 } else { Wire::Simplified };
        // One client of each device.
        let takes_to_device = number == 0 || (number == 2 && self.devices.len() > 1);
        Client {
            number,
            device,
            wire,
            conn_id: format!("c{number}"),
            // Without a `conn_id` there can be only one.
            is_sticky: wire == Wire::Simplified && number == 1 && rng.random_bool(0.7),
            takes_to_device,
            config: Config::random(&mut rng, wire, takes_to_device),
            has: Assembled::default(),
            stored: Assembled::default(),
            waiting: None,
            overtaken: Vec::new(),
            takes_overtaken: false,
            beside: None,
            lose: false,
            deaf: None,
            quiet: false,
            crowded_out: false,
            chain_broken: false,
            last_answer: self.clock.millis(),
        }
    }

    async fn play(&mut self, plan: &Plan, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        for (number, step) in plan.steps.iter().enumerate() {
            self.note(|| format!("step {number}: {step}"));
            self.counted.steps += 1;
            self.step(*step, spoil).await?;
            // Before Sash is there, nobody needs time.
            if self.engine.is_some() {
                self.pass(STEP).await;
                self.collect()?;
            }
        }
        if self.engine.is_none() {
            self.start().await;
        }
        self.note(|| "the end".to_owned());
        self.check(plan.seed, spoil).await
    }

    async fn step(&mut self, step: Step, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        if step.class().is_some() {
            self.counted.faults += 1;
        }
        if let Step::World(happening, seed) = step {
            self.operate(seed, |operations| {
                let done = operations.one(happening);
                operations.done.push(done);
            });
            return Ok(());
        }
        if self.engine.is_none() {
            self.start().await;
        }
        match step {
            Step::World(..) | Step::Start => {}
            Step::Request(client, change, seed) => self.request(client, change, seed),
            Step::Lose(client) => self.clients[client].lose = self.clients[client].waiting.is_some(),
            Step::Cancel(client) => self.cancel(client),
            Step::Overlap(seed) => self.overlap(seed).await,
            Step::RestartClient(client) => {
                self.cancel(client);
                self.clients[client].restart();
            }
            Step::Reconnect(client) => {
                self.cancel(client);
                self.clients[client].reconnect();
            }
            Step::Notify(client) => self.notify(client),
            Step::Crowd(device, count) => self.crowd(device % self.devices.len(), count),
            Step::Wait(millis) => self.pass(Duration::from_millis(millis)).await,
            Step::Upstream(fault, times) => self.upstream.fail(fault, times),
            Step::ExpireToken(device) => self.expire_token(device % self.devices.len()),
            Step::RenewToken(device) => self.renew_token(device % self.devices.len()),
            Step::EndPoll(device) => self.end_poll(device % self.devices.len()),
            Step::Commit(fault, nth) => {
                self.storage.fail_commit(nth, fault);
                self.commits_failed = true;
            }
            Step::Crash => self.crash(None).await,
            Step::PowerLoss(lost) => self.crash(Some(lost)).await,
            Step::Sleep(days) => self.sleep(days).await,
            Step::Check(seed) => self.check(seed, spoil).await?,
        }
        Ok(())
    }

    /// Lets polls have the answers to the ones before: a planted bug.
    pub fn swap_polls(&self, times: u32) {
        self.upstream.swap_polls(times);
    }

    fn counted(&self) -> Counted {
        let (overtaken_polls, overtaken_fetches) = self.upstream.overtaken();
        Counted { upstream_requests: self.upstream.requests(), overtaken_polls, overtaken_fetches, ..self.counted }
    }

    /// Writes down what happens, if anybody wants to know.
    fn note(&mut self, line: impl FnOnce() -> String) {
        let Some(trace) = &mut self.trace else { return };
        trace.extend(self.upstream.take_log());
        trace.drain(..trace.len().saturating_sub(TRACE));
        let (time, pos) = (self.clock.millis() % 1_000_000_000, self.world.borrow().pos());
        trace.push_back(format!("{time} @{pos} {}", line()));
    }

    fn fail(&self, kind: &str, complaints: Vec<String>) -> Failure {
        Failure { kind: kind.to_owned(), complaints, trace: self.trace.iter().flatten().cloned().collect() }
    }

    fn operate(&mut self, seed: u64, operation: impl FnOnce(&mut Operations<'_>)) {
        let world = Rc::clone(&self.world);
        let mut world = world.borrow_mut();
        // Before everything is there, nothing but the events' own time orders rooms.
        let is_complete = self.account().is_some_and(|account| account.status().borrow().progress.phase == "complete");
        let mut operations = Operations {
            world: &mut world,
            ledger: &mut self.ledger,
            devices: &self.devices,
            now: self.clock.millis(),
            with_resets: self.upstream.state_key != StateKey::State && self.engine.is_some(),
            honest_clocks: !is_complete,
            rng: operations::rng(seed),
            done: Vec::new(),
        };
        operation(&mut operations);
        let done = operations.done;
        let pos = world.pos();
        drop(world);
        self.ledger.note(pos, self.upstream.stored_up_to(&self.devices));
        self.upstream.note_change();
        done.into_iter().for_each(|line| self.note(|| format!("  {line}")));
    }

    /// Lets time pass.
    async fn pass(&self, duration: Duration) {
        platform::sleep(duration).await;
    }
}

/// Returns the seed of something that belongs to no step.
fn seed_of(plan: &Plan, what: u64) -> u64 {
    plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(what)
}
