//! As slow as a real homeserver: what each request costs a single process, by what was measured on Synapse with cold caches.
//!
//! Costs are paid one after the other, whoever asks: [`Slow::charge`] holds one lock while it sleeps, as the homeserver's one process would be busy.

use std::time::Duration;

use tokio::sync::Mutex;

use super::http::Call;

/// Milliseconds; see the table in the design. A first sync reads every room of the account (`ROOM_LOADED`), also those that the filter leaves out; what it
/// answers costs extra for a room and for each timeline event in it.
const EMPTY_SYNC: f64 = 50.0;
const ROOM_LOADED: f64 = 10.2;
const ROOM_ANSWERED: f64 = 26.6;
const EVENT_ANSWERED: f64 = 0.55;
const INCREMENTAL_SYNC: f64 = 4.0;
const ROOM_CHANGED: f64 = 3.0;

#[derive(Debug, Default)]
pub struct Slow {
    pub on: bool,
    process: Mutex<()>,
}

impl Slow {
    pub fn new(on: bool) -> Self {
        Self { on, process: Mutex::default() }
    }

    /// Keeps the one process busy for `cost` milliseconds.
    pub async fn charge(&self, cost: f64) {
        if self.on && cost > 0.0 {
            let _busy = self.process.lock().await;
            tokio::time::sleep(Duration::from_secs_f64(cost / 1_000.0)).await;
        }
    }
}

/// Returns the cost of a first sync of an account with `loaded` rooms of which `answered` are asked for.
pub fn first_sync(loaded: usize, answered: usize, timeline_limit: u64) -> f64 {
    if answered == 0 {
        return EMPTY_SYNC;
    }
    EMPTY_SYNC
        + loaded as f64 * ROOM_LOADED
        + answered as f64 * (ROOM_ANSWERED + EVENT_ANSWERED * timeline_limit as f64)
}

pub fn incremental_sync(rooms: usize) -> f64 {
    INCREMENTAL_SYNC + rooms as f64 * ROOM_CHANGED
}

/// Returns the cost of a request that is no sync.
pub fn request(call: &Call) -> f64 {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["sync" | "versions"] => 0.0,
        ["rooms", _, "messages"] => 35.0,
        ["rooms", _, "context", _] => 30.0,
        ["rooms", _, "state"] => 14.0,
        ["rooms", _, "members" | "joined_members"] => 25.0,
        ["rooms", _, "send" | "redact", ..] => 20.0,
        ["notifications"] => 40.0,
        ["joined_rooms"] => 10.0,
        ["createRoom"] => 150.0,
        ["join" | "knock", _] | ["rooms", _, "join" | "invite" | "leave" | "kick" | "ban"] => 60.0,
        ["login"] => 200.0,
        ["keys", ..] => 15.0,
        _ => 5.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_follow_what_was_measured_on_300_rooms() {
        assert!((first_sync(300, 300, 10) - 12_700.0).abs() < 300.0, "{}", first_sync(300, 300, 10));
        assert!((first_sync(300, 300, 1) - 11_200.0).abs() < 300.0, "{}", first_sync(300, 300, 1));
        let chunks = 15.0 * first_sync(300, 20, 10);
        assert!((chunks - 55_600.0).abs() < 2_000.0, "{chunks}");
        assert!(first_sync(300, 0, 10) <= 50.0);
    }
}
