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
/// How long the body of a sliding sync request may be, in bytes.
pub const REQUEST_BODY: usize = 1024 * 1024;
/// How long an answer of the homeserver may be that the server reads as a whole to change or understand it, in bytes.
pub const REWRITTEN_RESPONSE: usize = 1024 * 1024;
/// How many requests may wait for a shard's attention before handlers wait to hand theirs in.
pub const SHARD_QUEUE: usize = 1024;
/// How many writes may wait for the thread that keeps the tokens.
pub const TOKEN_QUEUE: usize = 1024;
/// How long the server trusts a token that the homeserver has confirmed and that no poll runs on.
pub const TOKEN_TRUST: Duration = Duration::from_secs(60);
/// How many tokens the server remembers the owners of.
pub const TRUSTED_TOKENS: usize = 65_536;
/// How long an access token may be, in bytes: what homeservers give out is far shorter.
pub const ACCESS_TOKEN: usize = 8 * 1024;
/// How many `/account/whoami` requests may be under way.
pub const WHOAMI_CONCURRENT: usize = 64;
/// How many accounts a shard resumes at a time when the server starts.
pub const RESUMING: usize = 4;
/// How long the token of a device that nobody uses is kept.
pub const TOKEN_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How often at most the server writes down that a device is in use.
pub const SEEN_INTERVAL: Duration = Duration::from_secs(3600);
/// How long the server waits for answers that are on their way before it ends.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// How many accounts' databases a browser tab keeps open; the one opened first is closed for another.
pub const INDEXEDDB_CONNECTIONS: usize = 8;
