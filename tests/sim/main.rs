//! The simulator: random operations on a model homeserver, random client requests, faults on both sides, in virtual
//! time; what each client has put together is compared with what the model says its user may see.
//!
//! `SASH_SIM_SEED=n` runs one seed and tells what happened; `SASH_SIM_SEEDS=n` says how many seeds are run, from
//! `SASH_SIM_FIRST` on. A seed that found something goes into `regressions.txt` and is run every time.

mod client;
mod clock;
#[allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "a part of the demo homeserver, of which not everything is used here")]
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
    env,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use plan::Plan;
use simulation::Failure;

/// How many seeds are run when nobody says: about a minute on two cores.
const SEEDS: u64 = 400;
const THREADS: usize = 2;

#[test]
fn clients_have_what_their_user_may_see() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name} must be a number")));
    if let Some(seed) = number("SASH_SIM_SEED") {
        return tell(&[(seed, "given".to_owned())]);
    }
    tell(&regressions());
    let first = number("SASH_SIM_FIRST").unwrap_or(1);
    let count = number("SASH_SIM_SEEDS").unwrap_or(SEEDS);
    println!("seeds {first}..{}", first + count);
    let seeds: Vec<(u64, String)> = (first..first + count).map(|seed| (seed, "random".to_owned())).collect();
    tell(&seeds);
}

/// Runs seeds and panics with the first failure, made small.
fn tell(seeds: &[(u64, String)]) {
    let Some((seed, name, failure)) = first_failure(seeds) else { return };
    let full = Plan::of_seed(seed);
    let length = full.steps.len();
    let (plan, failure) = shrink::shrink(full, failure);
    panic!(
        "seed {seed} ({name}) fails: {}\n{failure}\nwith {} of {length} steps: {:?}\nrun it again with SASH_SIM_SEED={seed} cargo test --test sim",
        failure.kind,
        plan.steps.len(),
        plan.steps
    );
}

/// Runs the seeds on as many threads as there are cores to expect. The lowest seed that fails is told, so that a run is
/// the same each time.
fn first_failure(seeds: &[(u64, String)]) -> Option<(u64, String, Failure)> {
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some((seed, name)) = seeds.get(index) else { return };
                    if let Err(failure) = shrink::outcome(&Plan::of_seed(*seed)) {
                        failed.store(true, Ordering::Relaxed);
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push((index, *seed, name.clone(), failure));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|(index, ..)| *index);
    failures.into_iter().next().map(|(_, seed, name, failure)| (seed, name, failure))
}

/// Returns the seeds that found something once: a number and a name in each line.
fn regressions() -> Vec<(u64, String)> {
    let lines = include_str!("regressions.txt").lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &str| {
        let (seed, name) = line.split_once(' ').unwrap_or((line, "unnamed"));
        (seed.parse().unwrap_or_else(|_| panic!("{seed:?} in regressions.txt is no seed")), name.trim().to_owned())
    };
    lines.map(read).collect()
}
