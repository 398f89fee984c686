//! Runs one target: first what was found before, then made inputs until the time is over. What fails is shrunk, printed
//! and kept, so that the next run begins with it.

use std::{
    cell::{Cell, RefCell},
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash, Hasher},
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    sync::Once,
    time::{Duration, Instant},
};

use proptest::{
    strategy::{BoxedStrategy, Strategy},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

/// How long each target is fuzzed when nobody says.
const SECONDS: f64 = 0.5;
/// No input is large, so none may take long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);
/// The seed when nobody says: the same inputs in every run, so that a change is judged by what it changes.
const SEED: u64 = 1;

/// Feeds a target with made inputs.
///
/// `SASH_FUZZ_SECONDS` says how long, `SASH_FUZZ_SEED` which inputs; in `tests/fuzz/regressions/<target>` are the inputs
/// that failed before.
pub fn fuzz(target: &str, inputs: &BoxedStrategy<Vec<u8>>, check: impl Fn(&[u8])) {
    for path in kept(target) {
        let input = fs::read(&path).expect("a kept input");
        if let Err(why) = run(&check, &input) {
            panic!("{target} fails again: {why}\n{}\n{}", path.display(), shown(&input));
        }
    }
    let config = Config { failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(target));
    let (began, time) = (Instant::now(), budget());
    let mut count = 0;
    while began.elapsed() < time {
        count += 1;
        let tree = inputs.new_tree(&mut runner).expect("an input");
        match runner.run_one(tree, |input| run(&check, &input).map_err(TestCaseError::fail)) {
            Ok(_) => {}
            Err(TestError::Abort(why)) => panic!("{target} was given up: {why}"),
            Err(TestError::Fail(why, input)) => {
                let path = keep(target, &input);
                panic!("{target}: {why}\nkept in {}\n{}", path.display(), shown(&input));
            }
        }
    }
    println!("{target}: {count} inputs");
}

/// Runs one input; an error says what panicked where.
fn run(check: &impl Fn(&[u8]), input: &[u8]) -> Result<(), String> {
    let began = Instant::now();
    quietly(|| check(input))?;
    let took = began.elapsed();
    if took > PATIENCE { Err(format!("took {took:?}")) } else { Ok(()) }
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Shrinking panics hundreds of times, and nobody wants to read more than the last.
fn quietly(check: impl FnOnce()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IS_QUIET.get() {
                LAST.set(info.to_string());
            } else {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(check));
    IS_QUIET.set(false);
    result.map_err(|_| LAST.take())
}

fn budget() -> Duration {
    Duration::from_secs_f64(number("SASH_FUZZ_SECONDS").unwrap_or(SECONDS))
}

fn rng(target: &str) -> TestRng {
    let seed = number("SASH_FUZZ_SEED").unwrap_or(SEED);
    let mut bytes = [0; 16];
    for (index, byte) in seed.to_be_bytes().iter().chain(target.as_bytes()).enumerate() {
        bytes[index % 16] ^= byte;
    }
    TestRng::from_seed(RngAlgorithm::XorShift, &bytes)
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/regressions").join(target)
}

fn kept(target: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder(target)).into_iter().flatten();
    let mut paths: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    paths
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let path = folder(target).join(format!("{:016x}", hasher.finish()));
    fs::create_dir_all(folder(target)).expect("a folder for what failed");
    fs::write(&path, input).expect("a place for what failed");
    path
}

fn shown(input: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(input).chars().take(4_000).collect();
    format!("{} bytes: {}", input.len(), text.escape_debug())
}
