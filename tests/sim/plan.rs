//! What happens in a run, decided beforehand: each step carries its own randomness, so that leaving one out changes the
//! others as little as possible. That is what makes a failure shrink.
//!
//! A plan can be written down, a line for each step, and read again: so are the regressions kept. A step names what it
//! does, so that a written plan keeps its meaning when kinds of steps are added or their frequencies change.

use std::{
    fmt::{self, Debug},
    str::FromStr,
};

use rand::{Rng, SeedableRng, rngs::SmallRng};
use sash_sync::storage::Fault;

use crate::operations::Happening;

/// How many clients a run has at most. The first two belong to the first device, the others may belong to the second.
pub const CLIENTS: usize = 4;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it was made from, and what the randomness that belongs to no step comes from.
    pub seed: u64,
    /// How many devices the tested user has.
    pub devices: usize,
    /// Under which name the homeserver tells state.
    pub state_key: StateName,
    /// How many rooms an answer carries at most.
    pub answer_rooms: usize,
    /// How many of a hundred answers of the homeserver come some time after they were made, so that they overtake each
    /// other.
    pub late: u32,
    /// In order.
    pub steps: Vec<Step>,
}

/// Under which name a homeserver tells state (MSC4222).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateName {
    StateAfter,
    UnstableStateAfter,
    State,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something happens on the homeserver.
    World(Happening, u64),
    /// Sash begins. What happens before makes the account as Sash finds it.
    Start,
    /// A client asks, with one thing changed; what it waited for is cancelled or, by the seed, left to be superseded.
    Request(usize, Change, u64),
    /// The answer that a client waits for is lost on its way.
    Lose(usize),
    /// A client hangs up.
    Cancel(usize),
    /// Clients ask while what was asked before is being answered, the same one or others: the answers overtake each other.
    Overlap(u64),
    /// A client starts anew from what it has stored.
    RestartClient(usize),
    /// A client forgets its connection and begins another.
    Reconnect(usize),
    /// What fetches a notification asks beside a client that is an encryption loop, on the same connection.
    Notify(usize),
    /// Other clients of a device make that many connections.
    Crowd(usize, u64),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// The next requests to the homeserver go wrong.
    Upstream(UpstreamFault, u32),
    /// The homeserver takes a device's token no more, until it gets another.
    ExpireToken(usize),
    /// A device gets another token.
    RenewToken(usize),
    /// Nobody uses a device, so it is not polled until somebody does.
    EndPoll(usize),
    /// A commit goes wrong, counted from now.
    Commit(Fault, u64),
    /// The process is killed.
    Crash,
    /// The power goes, and takes that many commits.
    PowerLoss(usize),
    /// Sash is not running for so many days.
    Sleep(u64),
    /// All faults end, everybody catches up, and what the clients have is compared.
    Check(u64),
}

/// What a client changes in its next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    Range,
    TimelineLimit,
    RequiredState,
    AddList,
    RemoveList,
    Subscribe,
    Unsubscribe,
    Extension,
    Scope,
    Presence,
    /// It becomes a loop that asks for no rooms.
    Loop,
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
    /// It does not know its own token any more, as after a restore from a backup.
    SinceRefused,
}

/// A class of steps that can be left out as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// [`Step::Upstream`].
    Upstream,
    /// [`Step::ExpireToken`], [`Step::RenewToken`], [`Step::EndPoll`].
    Token,
    /// [`Step::Commit`].
    Commit,
    /// [`Step::Crash`], [`Step::PowerLoss`], [`Step::Sleep`].
    Crash,
    /// [`Step::Lose`], [`Step::Cancel`], [`Step::Overlap`], [`Step::RestartClient`], [`Step::Reconnect`], [`Step::Crowd`].
    Client,
}

impl Change {
    pub const ALL: [Change; 12] = {
        use Change::*;
        [
            Nothing,
            Range,
            TimelineLimit,
            RequiredState,
            AddList,
            RemoveList,
            Subscribe,
            Unsubscribe,
            Extension,
            Scope,
            Presence,
            Loop,
        ]
    };
}

impl UpstreamFault {
    pub const ALL: [UpstreamFault; 12] = {
        use UpstreamFault::*;
        [Failed, Gateway, RateLimited, HalfBody, Nonsense, Null, Empty, Junk, Timeout, Lost, Slow, SinceRefused]
    };
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 5] = [Class::Upstream, Class::Token, Class::Commit, Class::Crash, Class::Client];
}

impl StateName {
    const ALL: [StateName; 3] = [StateName::StateAfter, StateName::UnstableStateAfter, StateName::State];
}

const COMMIT_FAULTS: [Fault; 3] = [Fault::BeforeWriting, Fault::AfterWriting, Fault::Quota];

impl Plan {
    /// Returns the run of a seed.
    pub fn of_seed(seed: u64) -> Plan {
        let mut rng = SmallRng::seed_from_u64(seed);
        // Every other run is free of one kind of fault or another, so that each is seen alone as well.
        let quiet: Vec<Class> = Class::ALL.into_iter().filter(|_| rng.random_bool(0.4)).collect();
        let mut steps: Vec<Step> =
            (0..rng.random_range(1..7)).map(|_| Step::World(Happening::CreateRoom, rng.random())).collect();
        steps.extend((0..rng.random_range(0..40)).map(|_| Step::World(Happening::random(&mut rng), rng.random())));
        steps.push(Step::Start);
        let length = rng.random_range(10..75);
        for number in 0..length {
            let step = random_step(&mut rng);
            if !step.class().is_some_and(|class| quiet.contains(&class)) {
                steps.push(step);
            }
            if number % 25 == 24 {
                steps.push(Step::Check(rng.random()));
            }
        }
        let devices = if rng.random_bool(0.4) { 2 } else { 1 };
        let state_key = StateName::ALL[rng.random_range(0..3)];
        let answer_rooms = if rng.random_bool(0.2) { rng.random_range(1..4) } else { 1_000 };
        let late = if rng.random_bool(0.5) { rng.random_range(20..100) } else { 0 };
        Plan { seed, devices, state_key, answer_rooms, late, steps }
    }
}

impl Step {
    /// Returns the class that the step belongs to.
    pub fn class(&self) -> Option<Class> {
        match self {
            Step::World(..) | Step::Start | Step::Request(..) | Step::Notify(_) | Step::Wait(_) | Step::Check(_) => {
                None
            }
            Step::Lose(_)
            | Step::Cancel(_)
            | Step::Overlap(_)
            | Step::RestartClient(_)
            | Step::Reconnect(_)
            | Step::Crowd(..) => Some(Class::Client),
            Step::Upstream(..) => Some(Class::Upstream),
            Step::ExpireToken(_) | Step::RenewToken(_) | Step::EndPoll(_) => Some(Class::Token),
            Step::Commit(..) => Some(Class::Commit),
            Step::Crash | Step::PowerLoss(_) | Step::Sleep(_) => Some(Class::Crash),
        }
    }
}

fn random_step(rng: &mut SmallRng) -> Step {
    let client = rng.random_range(0..CLIENTS);
    let device = rng.random_range(0..2);
    match rng.random_range(0..1000) {
        0..420 => Step::World(Happening::random(rng), rng.random()),
        420..620 => Step::Request(client, random_change(rng), rng.random()),
        620..640 => Step::Notify(client),
        640..665 => Step::Lose(client),
        665..685 => Step::Cancel(client),
        685..705 => Step::RestartClient(client),
        705..715 => Step::Reconnect(client),
        715..722 => Step::Crowd(device, [3, 12, 17, 20][rng.random_range(0..4)]),
        722..740 => Step::Overlap(rng.random()),
        740..840 => Step::Wait([1, 20, 200, 2_000, 35_000, 90_000][rng.random_range(0..6)]),
        840..905 => {
            let fault = UpstreamFault::ALL[rng.random_range(0..UpstreamFault::ALL.len())];
            Step::Upstream(fault, rng.random_range(1..4))
        }
        905..915 => Step::ExpireToken(device),
        915..922 => Step::RenewToken(device),
        922..930 => Step::EndPoll(device),
        930..960 => Step::Commit(COMMIT_FAULTS[rng.random_range(0..3)], rng.random_range(1..5)),
        960..977 => Step::Crash,
        977..994 => Step::PowerLoss([0, 1, 2, 5, 1000][rng.random_range(0..5)]),
        _ => Step::Sleep([1, 10, 40][rng.random_range(0..3)]),
    }
}

fn random_change(rng: &mut SmallRng) -> Change {
    if rng.random_bool(0.4) {
        return Change::Nothing;
    }
    Change::ALL[rng.random_range(1..Change::ALL.len())]
}

// Writing and reading.

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, devices, state_key, answer_rooms, late, .. } = self;
        writeln!(formatter, "plan {seed} {devices} {state_key:?} {answer_rooms} {late}")?;
        self.steps.iter().try_for_each(|step| writeln!(formatter, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{self:?}").replace([',', ')'], "").replace('(', " ");
        formatter.write_str(&text)
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Plan, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut head = Words(lines.next().unwrap_or_default());
        head.expect("plan")?;
        let (seed, devices, state_key) = (head.number()?, head.number()? as usize, head.one_of(&StateName::ALL)?);
        let answer_rooms = head.number()? as usize;
        // Plans from before there was such a thing do not say.
        let late = if head.0.is_empty() { 0 } else { head.number()? as u32 };
        let steps = lines.map(Step::from_str).collect::<Result<_, _>>()?;
        Ok(Plan { seed, devices, state_key, answer_rooms, late, steps })
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(line: &str) -> Result<Step, String> {
        let mut words = Words(line);
        Ok(match words.next()? {
            "World" => Step::World(words.one_of(&Happening::ALL)?, words.number()?),
            "Start" => Step::Start,
            "Request" => Step::Request(words.client()?, words.one_of(&Change::ALL)?, words.number()?),
            "Lose" => Step::Lose(words.client()?),
            "Cancel" => Step::Cancel(words.client()?),
            "Overlap" => Step::Overlap(words.number()?),
            "RestartClient" => Step::RestartClient(words.client()?),
            "Reconnect" => Step::Reconnect(words.client()?),
            "Notify" => Step::Notify(words.client()?),
            "Crowd" => Step::Crowd(words.client()?, words.number()?),
            "Wait" => Step::Wait(words.number()?),
            "Upstream" => Step::Upstream(words.one_of(&UpstreamFault::ALL)?, words.number()? as u32),
            "ExpireToken" => Step::ExpireToken(words.client()?),
            "RenewToken" => Step::RenewToken(words.client()?),
            "EndPoll" => Step::EndPoll(words.client()?),
            "Commit" => Step::Commit(words.one_of(&COMMIT_FAULTS)?, words.number()?),
            "Crash" => Step::Crash,
            "PowerLoss" => Step::PowerLoss(words.number()? as usize),
            "Sleep" => Step::Sleep(words.number()?),
            "Check" => Step::Check(words.number()?),
            other => return Err(format!("{other:?} is no step")),
        })
    }
}

/// What is left of a line.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str, String> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest.trim_start();
        if word.is_empty() { Err("the line ends too early".to_owned()) } else { Ok(word) }
    }

    fn expect(&mut self, expected: &str) -> Result<(), String> {
        let word = self.next()?;
        if word == expected { Ok(()) } else { Err(format!("{word:?} stands where {expected:?} belongs")) }
    }

    fn number(&mut self) -> Result<u64, String> {
        let word = self.next()?;
        word.parse().map_err(|_| format!("{word:?} is no number"))
    }

    fn client(&mut self) -> Result<usize, String> {
        Ok(self.number()? as usize % CLIENTS)
    }

    fn one_of<T: Debug + Copy>(&mut self, all: &[T]) -> Result<T, String> {
        let word = self.next()?;
        let found = all.iter().find(|one| format!("{one:?}") == word);
        found.copied().ok_or_else(|| format!("{word:?} is none of {all:?}"))
    }
}

#[test]
fn a_plan_can_be_written_and_read() {
    for seed in 0..50 {
        let plan = Plan::of_seed(seed);
        assert_eq!(plan.to_string().parse(), Ok(plan));
    }
}
