//! What is counted for people to see.

use std::sync::atomic::AtomicU64;

/// Counts since the server started.
#[derive(Debug, Default)]
pub struct Counters {
    /// How often a poll gave way to a v2 `/sync` that its device sent itself.
    pub polls_yielded: AtomicU64,
}
