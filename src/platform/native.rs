//! Tokio on the thread of the shard. In tests its clock may be paused: then sleeping takes no time.

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{Clock, Panicked, Random};
use crate::model::Timestamp;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The randomness of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::expect_used, reason = "a process that cannot keep a secret must not go on")]
    fn bits(&self) -> u64 {
        // Without randomness from the operating system nothing that we hand out would be unguessable.
        getrandom::u64().expect("the operating system has randomness")
    }
}

/// A running task; it ends when this is dropped.
#[derive(Debug)]
pub struct Task(Option<tokio::task::JoinHandle<()>>);

impl Task {
    /// Lets the task run to its end.
    pub fn detach(mut self) {
        self.0.take();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Runs `future` on this thread, beside the caller. There must be a local task set around.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
    Task(Some(tokio::task::spawn_local(future)))
}

/// Runs `future` to its end, and survives if it panics. It ends when this is dropped.
pub async fn guarded(future: impl Future<Output = ()> + 'static) -> Result<(), Panicked> {
    let mut task = spawn(future);
    match task.0.as_mut() {
        Some(handle) => handle.await.or_else(|error| if error.is_panic() { Err(Panicked) } else { Ok(()) }),
        None => Ok(()),
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
