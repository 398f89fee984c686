//! How long to wait after a failure.

use std::time::Duration;

use crate::limits;

/// Doubles with each failure, up to a limit, with jitter so that many clients do not come back together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and returns how long to wait: between half of the pause and all of it.
    pub fn next(&mut self, random: u64) -> Duration {
        let pause = limits::BACKOFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(limits::BACKOFF_LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = pause / 2;
        let jitter = random % (half.as_millis() as u64 + 1);
        half + Duration::from_millis(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..10).map(|_| backoff.next(u64::MAX)).collect();
        assert!(pauses[0] <= limits::BACKOFF_FIRST && pauses[0] >= limits::BACKOFF_FIRST / 2, "{:?}", pauses[0]);
        assert!(pauses[2] > pauses[0], "{pauses:?}");
        assert!(pauses[9] <= limits::BACKOFF_LONGEST && pauses[9] >= limits::BACKOFF_LONGEST / 2, "{pauses:?}");
    }
}
