//! The simulator: random operations on a model homeserver, random client requests, faults on both sides, in virtual
//! time; what each client has put together is compared with what the model says its user may see.
//!
//! `SASH_SIM_SEED=n` runs one seed and tells what happened; `SASH_SIM_SEEDS=n` says how many seeds are run, from
//! `SASH_SIM_FIRST` on. A seed that found something goes into `regressions.txt` and is run every time.

mod client;
mod clock;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "a part of the demo homeserver, of which not everything is used here"
)]
mod homeserver;
mod ledger;
mod operations;
mod oracle;
mod plan;
mod self_tests;
mod shrink;
mod simulation;
mod upstream;

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use plan::Plan;
use simulation::Failure;

/// How many seeds are run when nobody says: well within a minute on two cores.
const SEEDS: u64 = 400;
const THREADS: usize = 2;

#[test]
fn clients_have_what_their_user_may_see() {
    let number = |name: &str| {
        env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name} must be a number")))
    };
    if let Some(seed) = number("SASH_SIM_SEED") {
        return tell(&[(seed, "given".to_owned())]);
    }
    tell(&regressions());
    let first = number("SASH_SIM_FIRST").unwrap_or(1);
    let count = number("SASH_SIM_SEEDS").unwrap_or(SEEDS);
    println!("seeds {first}..{}", first + count);
    let seeds: Vec<(u64, String)> = (first..first + count).map(|seed| (seed, "random".to_owned())).collect();
    if env::var_os("SASH_SIM_SURVEY").is_some() {
        return survey(&seeds);
    }
    tell(&seeds);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 7, 15] {
        let plan = Plan::of_seed(seed);
        let traces = [(); 2].map(|()| simulation::trace_of(&plan));
        let differs = traces[0].iter().zip(&traces[1]).find(|(first, second)| first != second);
        assert!(differs.is_none(), "seed {seed} ran in two ways:\n{differs:#?}");
    }
}

/// Runs all seeds whatever fails, and counts what does: which bug to look for first.
fn survey(seeds: &[(u64, String)]) {
    let mut counted: BTreeMap<String, (usize, u64, String)> = BTreeMap::new();
    let failures = failures_of(seeds, false);
    for (seed, _, failure) in &failures {
        for (sort, complaint) in failure.sorts().zip(&failure.complaints) {
            counted.entry(sort).or_insert_with(|| (0, *seed, complaint.chars().take(300).collect())).0 += 1;
        }
    }
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
    for (key, (count, seed, example)) in counted {
        println!("{count:5} {key}\n      seed {seed}: {example}");
    }
    println!("{} of {} seeds fail", failures.len(), seeds.len());
}

/// Runs seeds and panics with the first failure, made small.
fn tell(seeds: &[(u64, String)]) {
    let Some((seed, name, failure)) = first_failure(seeds) else { return };
    let full = Plan::of_seed(seed);
    let length = full.steps.len();
    let (plan, failure) = shrink::shrink(full, failure);
    // Whoever runs one seed wants to see all of it.
    let what = if env::var_os("SASH_SIM_SEED").is_some() { format!("{failure:#}") } else { failure.to_string() };
    panic!(
        "seed {seed} ({name}) fails: {}\n{what}\nwith {} of {length} steps: {:?}\nrun it again with SASH_SIM_SEED={seed} cargo test --test sim",
        failure.kind,
        plan.steps.len(),
        plan.steps
    );
}

fn first_failure(seeds: &[(u64, String)]) -> Option<(u64, String, Failure)> {
    failures_of(seeds, true).into_iter().next()
}

/// Runs the seeds on as many threads as there are cores to expect, and returns what failed in the order of the seeds.
fn failures_of(seeds: &[(u64, String)], only_first: bool) -> Vec<(u64, String, Failure)> {
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let failures = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !(only_first && failed.load(Ordering::Relaxed)) {
                    let index = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some((seed, name)) = seeds.get(index) else { return };
                    if let Err(failure) = shrink::outcome(&Plan::of_seed(*seed)) {
                        failed.store(true, Ordering::Relaxed);
                        failures
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(index, (*seed, name.clone(), failure));
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// Returns the seeds that found something once: a number and a name in each line.
fn regressions() -> Vec<(u64, String)> {
    let lines = include_str!("regressions.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &str| {
        let (seed, name) = line.split_once(' ').unwrap_or((line, "unnamed"));
        (seed.parse().unwrap_or_else(|_| panic!("{seed:?} in regressions.txt is no seed")), name.trim().to_owned())
    };
    lines.map(read).collect()
}
