//! Time and randomness of a run: virtual, and from the seed.

use std::cell::RefCell;

use rand::{RngCore, SeedableRng, rngs::SmallRng};
use sash_sync::{
    model::Timestamp,
    platform::{Clock, Random},
};
use tokio::time::Instant;

/// A day on which nothing happens. The runtime's paused clock counts from here.
const EPOCH: u64 = 1_700_000_000_000;

/// The paused clock of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    start: Instant,
}

impl VirtualClock {
    /// Returns a clock that begins now.
    #[expect(clippy::disallowed_methods, reason = "the runtime's clock is paused: this is virtual time")]
    pub fn start() -> VirtualClock {
        VirtualClock { start: Instant::now() }
    }

    /// Returns the time in milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "the runtime's clock is paused: this is virtual time")]
    pub fn millis(&self) -> u64 {
        EPOCH + Instant::now().duration_since(self.start).as_millis() as u64
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.millis())
    }
}

/// Random bits from the seed.
pub struct SeededRandom(RefCell<SmallRng>);

impl SeededRandom {
    /// Returns the bits that follow from `seed`.
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(RefCell::new(SmallRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn bits(&self) -> u64 {
        self.0.borrow_mut().next_u64()
    }
}
