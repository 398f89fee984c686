//! The simulator: random operations on a model homeserver, random client requests, faults on both sides, in virtual
//! time; what each client has put together is compared with what the model says its user may see.
//!
//! A [`Plan`] says what happens, a [`simulation`] plays it, the [`oracle`] judges. `simulation/mod.rs` says how something
//! is added that happens, a fault, or a check.
//!
//! - `SASH_SIM_SEEDS=n` says how many seeds are run, from `SASH_SIM_FIRST` on.
//! - `SASH_SIM_SEED=n` runs one, `SASH_SIM_PLAN=file` one plan; what fails is made small and told in full.
//! - `SASH_SIM_KEEP=name` keeps a plan that fails, made small, as `regressions/name.txt`: those are run every time.
//! - `SASH_SIM_SURVEY=1` runs all seeds whatever fails, and counts what does.

mod client;
mod clock;
mod failure;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "a part of the demo homeserver, of which not everything is used here"
)]
mod homeserver;
mod junk;
mod ledger;
mod operations;
mod oracle;
mod plan;
mod runner;
mod self_tests;
mod shrink;
mod simulation;
mod upstream;

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use failure::Failure;
use plan::Plan;
use runner::Case;

/// How many seeds are run when nobody says: within a minute, even where nothing is optimised.
const SEEDS: u64 = 300;

#[test]
fn clients_have_what_their_user_may_see() {
    let number = |name: &str| {
        env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name} must be a number")))
    };
    if let Some(seed) = number("SASH_SIM_SEED") {
        return tell(Case::of_seed(seed), true);
    }
    if let Some(path) = env::var_os("SASH_SIM_PLAN") {
        return tell(Case::read(&PathBuf::from(path)), true);
    }
    let first = number("SASH_SIM_FIRST").unwrap_or(1);
    let seeds = first..first + number("SASH_SIM_SEEDS").unwrap_or(SEEDS);
    if env::var_os("SASH_SIM_SURVEY").is_some() {
        return survey(seeds);
    }
    let (_, failures) = runner::run(regressions().into_iter(), true);
    failures.into_iter().for_each(|(case, _)| tell(case, false));
    let (_, failures) = runner::run(seeds.map(Case::of_seed), true);
    failures.into_iter().for_each(|(case, _)| tell(case, false));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 7, 15, 23] {
        let plan = Plan::of_seed(seed);
        let traces = [(); 2].map(|()| simulation::trace_of(&plan));
        let differs = traces[0].iter().zip(&traces[1]).find(|(first, second)| first != second);
        assert!(differs.is_none(), "seed {seed} ran in two ways:\n{differs:#?}");
    }
}

/// Runs all seeds whatever fails, and counts what does: which bug to look for first.
fn survey(seeds: std::ops::Range<u64>) {
    let mut counted: BTreeMap<String, (usize, String, String)> = BTreeMap::new();
    let (all, failures) = runner::run(seeds.map(Case::of_seed), false);
    for (case, failure) in &failures {
        for (sort, complaint) in failure.sorts().zip(&failure.complaints) {
            let first = || (0, case.name.clone(), complaint.chars().take(300).collect());
            counted.entry(sort).or_insert_with(first).0 += 1;
        }
    }
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
    for (key, (count, name, example)) in counted {
        println!("{count:5} {key}\n      {name}: {example}");
    }
    println!("{} of {} seeds fail", failures.len(), all.runs);
}

/// Runs one case and panics if it fails, with the failure made small; `in_full` tells all that happens.
fn tell(case: Case, in_full: bool) {
    let Err(failure) = shrink::outcome(&case.plan).1 else { return };
    let length = case.plan.steps.len();
    let (plan, failure) = shrink::shrink(case.plan, failure);
    let failure: Failure = shrink::traced(&plan, failure);
    let told = if in_full { format!("{failure:#}") } else { failure.to_string() };
    if let Ok(name) = env::var("SASH_SIM_KEEP") {
        let first = failure.complaints.first().cloned().unwrap_or_default();
        let text = format!("# {}\n# It failed with: {first}\n{plan}", name.replace('-', " "));
        fs::write(regressions_folder().join(format!("{name}.txt")), text).expect("a folder that can be written");
    }
    panic!("{} fails: {}\n{told}\nwith {} of {length} steps:\n{plan}", case.name, failure.kind, plan.steps.len());
}

/// Returns the plans that found something once.
fn regressions() -> Vec<Case> {
    let files = fs::read_dir(regressions_folder()).expect("the folder of regressions");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

fn regressions_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sim/regressions")
}
