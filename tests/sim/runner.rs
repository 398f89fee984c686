//! Runs many plans on all cores and says how far it is.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use crate::{failure::Failure, plan::Plan, shrink, simulation::Counted};

/// How often it says so.
const REPORT: Duration = Duration::from_secs(10);
/// How many cases are few enough to be run without a word.
const FEW: u64 = 100;

/// A plan and where it comes from.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub plan: Plan,
}

impl Case {
    /// Returns the case of a seed.
    pub fn of_seed(seed: u64) -> Case {
        Case { name: format!("seed {seed}"), plan: Plan::of_seed(seed) }
    }

    /// Returns the case in a file.
    pub fn read(path: &Path) -> Case {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let plan = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Case { name: path.display().to_string(), plan }
    }
}

/// Runs the cases, until one fails if `only_first`. Returns how much there was of everything, and what failed, the case
/// that comes first at the front.
pub fn run(cases: impl Iterator<Item = Case> + Send, only_first: bool) -> (Counted, Vec<(Case, Failure)>) {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let cases = Mutex::new(cases.enumerate());
    let failed = AtomicBool::new(false);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, cases, failed) = (sender.clone(), &cases, &failed);
            scope.spawn(move || {
                while !(only_first && failed.load(Ordering::Relaxed)) {
                    let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, case)) = next else { return };
                    let (counted, outcome) = shrink::outcome(&case.plan);
                    failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                    let failure = outcome.err().map(|failure| (index, case, failure));
                    if sender.send((counted, failure)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        watch(&results)
    })
}

type Result = (Counted, Option<(usize, Case, Failure)>);

fn watch(results: &mpsc::Receiver<Result>) -> (Counted, Vec<(Case, Failure)>) {
    let (began, mut said) = (Instant::now(), Instant::now());
    let mut all = Counted::default();
    let mut failures = Vec::new();
    while let Ok((counted, failure)) = results.recv() {
        all += counted;
        if let Some((_, case, failure)) = &failure {
            say(&format!("{} fails: {}", case.name, failure.kind));
        }
        failures.extend(failure);
        if said.elapsed() >= REPORT {
            said = Instant::now();
            say(&format!("simulation: {all}, {} failed, {}", failures.len(), rate(all.runs, began)));
        }
    }
    if all.runs > FEW {
        say(&format!("simulation: {all}, {} failed, {}", failures.len(), rate(all.runs, began)));
    }
    failures.sort_by_key(|(index, ..)| *index);
    (all, failures.into_iter().map(|(_, case, failure)| (case, failure)).collect())
}

fn rate(runs: u64, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64();
    format!("{:.0} s, {:.0} a second", seconds, runs as f64 / seconds.max(0.001))
}

/// Says it at once: what a test prints is shown when it has failed, and this one may run for hours.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
