//! What happens in a run, decided beforehand: each step carries its own randomness, so that leaving one out changes the
//! others as little as possible. That is what makes a failure shrink.

use rand::{Rng, SeedableRng, rngs::SmallRng};
use sash_sync::storage::Fault;

/// How many clients a run has. The first two belong to the first device, the others may belong to the second.
pub const CLIENTS: usize = 4;

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something happens on the homeserver.
    World(u64),
    /// Much is said in one room at once: the next sync is limited.
    Burst(u64),
    /// A client asks; what it waited for is cancelled or, by the seed, left to be superseded.
    Request(usize, u64),
    /// The answer that a client waits for is lost on its way.
    Lose(usize),
    /// A client hangs up.
    Cancel(usize),
    /// A client starts anew from what it has stored.
    RestartClient(usize),
    /// A client forgets its connection and begins another.
    Reconnect(usize),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// The next requests to the homeserver go wrong.
    Upstream(UpstreamFault, u32),
    /// A commit goes wrong, counted from now.
    Commit(Fault, u64),
    /// The process is killed.
    Crash,
    /// The power goes, and takes that many commits.
    PowerLoss(usize),
    /// All faults end, everybody catches up, and what the clients have is compared.
    Check(u64),
}

/// What goes wrong with a request to the homeserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFault {
    /// It fails with 500.
    Failed,
    /// A gateway answers with a page.
    Gateway,
    /// 429.
    RateLimited,
    /// The answer breaks off in the middle, and looks whole.
    HalfBody,
    /// The answer is something else.
    Nonsense,
    /// The answer is `null`.
    Null,
    /// The answer is empty.
    Empty,
    /// There is junk among the rooms and events of the answer.
    Junk,
    /// No answer comes.
    Timeout,
    /// The homeserver did its part, but the answer was lost.
    Lost,
    /// It takes long.
    Slow,
}

/// A class of steps that can be left out as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// [`Step::Upstream`].
    Upstream,
    /// [`Step::Commit`].
    Commit,
    /// [`Step::Crash`], [`Step::PowerLoss`].
    Crash,
    /// [`Step::Lose`], [`Step::Cancel`], [`Step::RestartClient`], [`Step::Reconnect`].
    Client,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 4] = [Class::Upstream, Class::Commit, Class::Crash, Class::Client];
}

impl Plan {
    /// Returns the run of a seed.
    pub fn of_seed(seed: u64) -> Plan {
        let mut rng = SmallRng::seed_from_u64(seed);
        // Every other run is free of one kind of fault or another, so that each is seen alone as well.
        let quiet: Vec<Class> = Class::ALL.into_iter().filter(|_| rng.random_bool(0.4)).collect();
        let length = rng.random_range(10..120);
        let mut steps = Vec::with_capacity(length + length / 15);
        for number in 0..length {
            let step = random_step(&mut rng);
            if !step.class().is_some_and(|class| quiet.contains(&class)) {
                steps.push(step);
            }
            if number % 25 == 24 {
                steps.push(Step::Check(rng.random()));
            }
        }
        Plan { seed, steps }
    }
}

impl Step {
    /// Returns the class that the step belongs to.
    pub fn class(&self) -> Option<Class> {
        match self {
            Step::World(_) | Step::Burst(_) | Step::Request(..) | Step::Wait(_) | Step::Check(_) => None,
            Step::Lose(_) | Step::Cancel(_) | Step::RestartClient(_) | Step::Reconnect(_) => Some(Class::Client),
            Step::Upstream(..) => Some(Class::Upstream),
            Step::Commit(..) => Some(Class::Commit),
            Step::Crash | Step::PowerLoss(_) => Some(Class::Crash),
        }
    }
}

fn random_step(rng: &mut SmallRng) -> Step {
    let client = rng.random_range(0..CLIENTS);
    match rng.random_range(0..100) {
        0..42 => Step::World(rng.random()),
        42..44 => Step::Burst(rng.random()),
        44..66 => Step::Request(client, rng.random()),
        66..69 => Step::Lose(client),
        69..71 => Step::Cancel(client),
        71..73 => Step::RestartClient(client),
        73..74 => Step::Reconnect(client),
        74..86 => Step::Wait([1, 20, 200, 2_000, 35_000, 90_000][rng.random_range(0..6)]),
        86..93 => Step::Upstream(random_fault(rng), rng.random_range(1..4)),
        93..96 => Step::Commit(
            [Fault::BeforeWriting, Fault::AfterWriting, Fault::Quota][rng.random_range(0..3)],
            rng.random_range(1..5),
        ),
        96..98 => Step::Crash,
        _ => Step::PowerLoss([0, 1, 2, 5, 1000][rng.random_range(0..5)]),
    }
}

fn random_fault(rng: &mut SmallRng) -> UpstreamFault {
    use UpstreamFault::{Empty, Failed, Gateway, HalfBody, Junk, Lost, Nonsense, Null, RateLimited, Slow, Timeout};
    let faults = [Failed, Gateway, RateLimited, HalfBody, Nonsense, Null, Empty, Junk, Timeout, Lost, Slow];
    faults[rng.random_range(0..faults.len())]
}
