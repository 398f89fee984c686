//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these. What happens when each is reached
//! stands in `docs/limits.md`, which `tests/tidy.rs` keeps in step.

use std::time::Duration;

// Requests (`spec/v4.md`, Connection; `spec/synapse.md` §1).

/// Bytes of a request's body.
pub const REQUEST_BODY: usize = 1024 * 1024;
/// Bytes of a longer body that the server hears out before it answers.
pub const REQUEST_DISCARDED: usize = 16 * 1024 * 1024;
/// Lists in a request.
pub const LISTS: usize = 100;
/// Room subscriptions in a request on v4.
pub const SUBSCRIPTIONS: usize = 100;
/// Room subscriptions in a request on the unstable wire, whose clients know no limit.
pub const SIMPLIFIED_SUBSCRIPTIONS: usize = 1_000;
/// Bytes of a list's key on the unstable wire.
pub const SIMPLIFIED_LIST_KEY: usize = 64;
/// Bytes of an opaque identifier (list keys on v4, `conn_id`, `txn_id`).
pub const OPAQUE_IDENTIFIER: usize = 255;
/// Timeline events of a room that are sent at most; more is capped on v4.
pub const TIMELINE_LIMIT: u32 = 1_000;
/// Elements of one `required_state`; on v4 of its `include` and its `exclude` each.
pub const REQUIRED_STATE: usize = 1_000;
/// Bytes of an event type or a state key, by the specification: a longer one in `required_state` matches nothing.
pub const EVENT_FIELD: usize = 255;
/// Ranges of one list on the unstable wire.
pub const RANGES: usize = 100;
/// Values of one list filter.
pub const FILTER_VALUES: usize = 1_000;
/// Names in `lists` and in `rooms` of an extension.
pub const SCOPE_ENTRIES: usize = 1_000;
/// The longest wait that a request may ask for; longer is capped.
pub const TIMEOUT: Duration = Duration::from_secs(120);
/// To-device messages in one answer; more is capped.
pub const TO_DEVICE: usize = 1_000;
/// To-device messages in one answer where the request does not say.
pub const TO_DEVICE_DEFAULT: usize = 100;
/// Characters of a field's name, and ...
pub const SHOWN_KEY: usize = 64;
/// ... bytes of its value, that the sentence of an error shows.
pub const SHOWN_VALUE: usize = 40;

// Answers.

/// About how many bytes one answer carries; the rest comes with the next.
pub const ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Rooms in one answer; the rest comes with the next.
pub const ANSWER_ROOMS: usize = 1_000;
/// So many rooms are to be known before a first request on an empty account is answered: about a screen ...
pub const FIRST_ANSWER_ROOMS: usize = 20;
/// ... and for so long it is held for them.
pub const FIRST_ANSWER_HOLD: Duration = Duration::from_secs(5);
/// After how long without a poll a request is held for one ...
pub const STALE_AFTER: Duration = Duration::from_secs(60);
/// ... and for how long at most.
pub const STALE_HOLD: Duration = Duration::from_secs(1);
/// How long an event of the user's own waits for the device's own poll to tell whether that device sent it.
pub const OWN_EVENT_WAIT: Duration = Duration::from_secs(1);
/// How long a room that was forgotten is waited with for the leave before that, which may be on its way.
pub const FORGET_WAIT: Duration = Duration::from_secs(30);
/// How long a client whose request was superseded is asked to wait.
pub const SUPERSEDED_RETRY: Duration = Duration::from_secs(1);

// Connections (design.md §3).

/// Connections per device: the least recently used goes.
pub const CONNECTIONS: usize = 16;
/// Requests that wait side by side on a connection that keeps no state: the oldest goes.
pub const CONNECTION_LOOPS: usize = 4;
/// A connection unused for so long goes.
pub const CONNECTION_UNUSED: Duration = Duration::from_secs(30 * 86_400);
/// A connection unused for so long leaves the memory; it is stored, and comes back with its next request.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(5 * 60);
/// How old the stored time of last use may grow before it is written again.
pub const CONNECTION_USE_GRAIN: Duration = Duration::from_secs(3600);
/// Stored deltas of a connection before they are folded into its base.
pub const CONNECTION_DELTAS: u32 = 16;
/// Lazily loaded members that a connection remembers per room: beyond it they may be sent again.
pub const LAZY_MEMBERS: usize = 2_000;
/// Former configurations of a room that a connection remembers: beyond it state may be sent again.
pub const LAPSED_CONFIGS: usize = 4;
/// Rooms of which a connection remembers when they were in an answer last, for explaining: beyond it only the last
/// answer's are.
pub const TOLD_ROOMS: usize = 20_000;
/// Subscriptions that a connection keeps for a client that sends each once: the oldest goes.
pub const STICKY_SUBSCRIPTIONS: usize = 1_000;
/// Configurations that a connection shares among its rooms before those that no room has any more are dropped.
pub const SHARED_CONFIGS: usize = 64;

// What is kept of an account.

/// Events of a room's timeline that are kept ...
pub const TIMELINE_EVENTS: usize = 200;
/// ... and bytes of them, whichever is reached first.
pub const TIMELINE_BYTES: usize = 256 * 1024;
/// Bytes of a bucket of state or members at which the room gets more buckets ...
pub const STATE_BUCKET: usize = 64 * 1024;
/// ... up to so many.
pub const STATE_BUCKETS: u16 = 64;
/// Receipts of a room that are kept: the newest ...
pub const RECEIPTS: usize = 5_000;
/// ... and of them such as point at an event that is not held, or not yet.
pub const RECEIPTS_AHEAD: usize = 50;
/// Heroes of a room, by the specification.
pub const HEROES: usize = 5;
/// Children of a space that the index remembers.
pub const SPACE_CHILDREN: usize = 10_000;
/// Tags of a room that the index remembers.
pub const ROOM_TAGS: usize = 100;
/// Threads of a room with unread notifications that the index remembers one by one; the last stands for the rest.
pub const UNREAD_THREADS: usize = 50;
/// Users ignored no longer whose events the next whole is looked through for.
pub const UNIGNORED_USERS: usize = 100;
/// Unacknowledged to-device messages of a device at which its poll pauses: the homeserver keeps the rest.
pub const TO_DEVICE_QUEUE: u64 = 20_000;
/// Users whose device lists have changed that a device remembers: whoever has not been told of an older change begins anew.
pub const DEVICE_LIST_CHANGES: usize = 20_000;
/// Tokens of its chain that a device remembers with their positions.
pub const DEVICE_TOKENS: usize = 24;
/// How many starts of the process an account remembers, for judging a `pos` of an earlier one.
pub const REMEMBERED_STARTS: usize = 128;
/// Rooms of which an account remembers through a restart who typed: those where it changed last.
pub const REMEMBERED_TYPING: usize = 64;
/// Users whose presence an account has in memory: those where it changed last.
pub const PRESENCE_USERS: usize = 10_000;
/// Bytes of records that one account keeps in memory.
pub const RECORD_CACHE: usize = 32 << 20;
/// Sorted lists, one per filters, that one account keeps in memory: the least recently asked for goes.
pub const SHARED_LISTS: usize = 256;
/// Records that one step asks for at a time.
pub const NEEDED_RECORDS: usize = 512;
/// Loads that one step may ask for before it is taken for broken.
pub const LOAD_ROUNDS: usize = 16;
/// Background requests for more of a room that an account has under way at most.
pub const BACKGROUND_FETCHES: usize = 32;
/// How often more of a room is asked for, where asking fails: some minutes in all.
pub const FETCH_TRIES: u32 = 8;
/// After how long a background request that brought nothing, or failed for good, is made again.
pub const FETCH_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Background requests that an account remembers to have made.
pub const FETCHES_REMEMBERED: usize = 1_024;
/// Pages without any event that are passed over in search of older events.
pub const EMPTY_PAGES: usize = 8;

// The homeserver.

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
/// Timeline events per room asked of the whole: 10 cost the homeserver little more than 1.
pub const WHOLE_TIMELINE: u32 = 10;
/// Rooms of the whole that one commit lays.
pub const WHOLE_SLICE: usize = 200;
/// Failures of the whole in a row after which rooms are fetched one by one.
pub const WHOLE_FAILURES: u32 = 4;
/// Notifications asked for when scouting.
pub const SCOUT_NOTIFICATIONS: u32 = 50;
/// Rooms that are scouted at most.
pub const SCOUT_ROOMS: usize = 24;
/// Rooms that are scouted at a time.
pub const SCOUT_PARALLEL: usize = 4;
/// Timeline events asked for of a scouted room.
pub const SCOUT_TIMELINE: u32 = 10;
/// Members of a room, at most, whose full state is asked for after a gap: `/state` names everybody who ever was there.
pub const GAP_MEMBERS: u64 = 100;
/// How many rooms are asked for their state after gaps, one after the other ...
pub const GAP_ROOMS: usize = 8;
/// ... before this pause: after a long absence every room has a gap.
pub const GAP_PAUSE: Duration = Duration::from_secs(1);
/// The first pause after a failure; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest pause after a failure.
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(60);
/// The longest pause that a homeserver may ask for; longer is capped. A browser's timer that is set to more than 24 days
/// goes off at once.
pub const RETRY_AFTER_LONGEST: Duration = Duration::from_secs(3600);
/// `400` answers to a `since` in a row after which the chain begins anew: the homeserver was reset.
pub const SINCE_REFUSALS: u32 = 3;
/// How often a poll is begun again that ended by a panic, before requests are told of it.
pub const POLL_PANICS: u32 = 5;
/// How long the device that speaks for the account may be without a poll before another one takes its place.
pub const AUTHOR_ABSENCE: Duration = Duration::from_secs(60);
/// How long after a request was to end its `set_presence` and its wish for presence hold.
pub const PRESENCE_LINGERS: Duration = Duration::from_secs(30);
/// Notes of what was skipped as malformed in one answer of the homeserver.
pub const SKIPPED_NOTES: usize = 50;

// The server.

/// Connections that clients may have open: others wait until one ends.
pub const OPEN_CONNECTIONS: usize = 16_384;
/// How long a connection may take for the head of its next request, the wait for it included: longer than proxies keep
/// connections that they do not use.
pub const HEAD_TIME: Duration = Duration::from_secs(90);
/// Bytes of a request's head.
pub const HEAD_BYTES: usize = 64 * 1024;
/// How long the body of a sliding sync request may take.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long the body of any request may stand still.
pub const BODY_SILENCE: Duration = Duration::from_secs(60);
/// How long a connection to the homeserver may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the homeserver may take for a question of the server's own.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the homeserver may be silent within an answer that passes through. First v2 syncs take minutes.
pub const SILENCE: Duration = Duration::from_secs(30 * 60);
/// How long an answer of the homeserver may be that the server reads as a whole to change or understand it, in bytes.
pub const REWRITTEN_RESPONSE: usize = 1024 * 1024;
/// How long browsers may remember that they may ask us: every distinct `pos` is a URL of its own to them. None remembers
/// longer than a day.
pub const PREFLIGHT_AGE: Duration = Duration::from_secs(86_400);
/// How many requests may wait for a shard's attention before handlers wait to hand theirs in.
pub const SHARD_QUEUE: usize = 1024;
/// How many commands may wait for the SQLite thread before callers wait to hand theirs in.
pub const SQLITE_QUEUE: usize = 256;
/// How many commits share one SQLite transaction at most: its last member waits for the first.
pub const SQLITE_GROUP: usize = 64;
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
/// How many accounts a shard resumes at a time when the server starts ...
pub const RESUMING: usize = 4;
/// ... and how long each keeps its turn before the next one comes.
pub const RESUME_TURN: Duration = Duration::from_secs(30);
/// How long the token of a device that nobody uses is kept.
pub const TOKEN_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How often at most the server writes down that a device is in use.
pub const SEEN_INTERVAL: Duration = Duration::from_secs(3600);
/// How often devices that nobody uses are looked for, at least.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(600);
/// How long the server waits for answers that are on their way before it ends ...
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// ... and for what still runs after everything else has ended.
pub const LAST_GRACE: Duration = Duration::from_secs(1);

// The browser.

/// How many accounts' databases a browser tab keeps open; the one opened first is closed for another.
pub const INDEXEDDB_CONNECTIONS: usize = 8;
/// How many requests may wait in the browser's engine at a time.
pub const ENGINE_REQUESTS: usize = 64;
