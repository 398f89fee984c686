//! What differs between targets: spawning, sleeping, the clock, randomness. The only home of such differences outside
//! `browser/` and `server/`.
//!
//! Invariant: time and randomness reach the core as values; drivers take [`Clock`] and [`Random`] from outside, so that a
//! test can hand in its own.

#[cfg(browser)]
mod browser;
#[cfg(not(browser))]
mod native;

use std::{future::Future, pin::Pin};

#[cfg(browser)]
pub use browser::{SystemClock, SystemRandom, Task, guarded, sleep, spawn};
#[cfg(not(browser))]
pub use native::{SystemClock, SystemRandom, Task, guarded, sleep, spawn};

use crate::model::Timestamp;

/// A future that stays on its thread: the core is single-threaded (ARCHITECTURE.md).
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A task ended by a panic, which stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Panicked;

/// Where the time comes from.
pub trait Clock {
    /// Returns the time.
    fn now(&self) -> Timestamp;
}

/// Where randomness comes from.
pub trait Random {
    /// Returns 64 random bits, unguessable in production.
    fn bits(&self) -> u64;
}
