//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these.

use std::time::Duration;

/// How long the homeserver may hold a poll for news.
pub const POLL_TIMEOUT: Duration = Duration::from_secs(30);
/// How much longer than that an answer may take.
pub const POLL_GRACE: Duration = Duration::from_secs(90);
/// How long the whole account may take: a first `/sync` of a large account takes minutes.
pub const WHOLE_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How long any other request may take.
pub const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer of the homeserver that is read, in bytes.
pub const UPSTREAM_RESPONSE: usize = 1 << 30;
/// Timeline events per room asked of the chain of `since`.
pub const POLL_TIMELINE: u32 = 50;
/// Timeline events per room asked of the whole: 10 cost the homeserver little more than 1 (design.md §3).
pub const WHOLE_TIMELINE: u32 = 20;
/// Rooms of the whole that one commit lays.
pub const WHOLE_SLICE: usize = 200;
/// Notifications asked for when scouting.
pub const SCOUT_NOTIFICATIONS: u32 = 50;
/// Rooms that are scouted at most.
pub const SCOUT_ROOMS: usize = 40;
/// Rooms that are scouted at a time.
pub const SCOUT_PARALLEL: usize = 4;
/// Timeline events asked for of a scouted room.
pub const SCOUT_TIMELINE: u32 = 20;
/// Failures of the whole in a row after which rooms are fetched one by one.
pub const WHOLE_FAILURES: u32 = 4;
/// The first pause after a failure; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest pause after a failure.
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(60);
/// `400` answers to a `since` in a row after which the chain begins anew: the homeserver was reset.
pub const SINCE_REFUSALS: u32 = 3;
/// How long a first request on an empty account is held for the first rooms to be known.
pub const FIRST_ANSWER_HOLD: Duration = Duration::from_secs(5);
/// After how long without a poll a request is held for one ...
pub const STALE_AFTER: Duration = Duration::from_secs(60);
/// ... and for how long at most.
pub const STALE_HOLD: Duration = Duration::from_secs(1);
/// Unacknowledged to-device messages of a device at which its poll pauses: the homeserver keeps the rest.
pub const TO_DEVICE_QUEUE: u64 = 20_000;
/// How many commands may wait for the SQLite thread before callers wait to hand theirs in.
pub const SQLITE_QUEUE: usize = 256;
/// How many commits share one SQLite transaction at most: its last member waits for the first.
pub const SQLITE_GROUP: usize = 64;
/// How many accounts' databases a browser tab keeps open; the one opened first is closed for another.
pub const INDEXEDDB_CONNECTIONS: usize = 8;

/// How many requests may wait in the browser's engine at a time.
pub const ENGINE_REQUESTS: usize = 64;
