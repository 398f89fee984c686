//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these.

use std::time::Duration;

// Accounts.

/// How many starts of the process an account remembers, for judging a `pos` of an earlier one.
pub const REMEMBERED_STARTS: usize = 128;

// Requests (`spec/v4.md`, Connection; `spec/synapse.md` §1).

/// Lists in a request.
pub const LISTS: usize = 100;
/// Room subscriptions in a request on v4.
pub const SUBSCRIPTIONS: usize = 100;
/// Room subscriptions in a request on the unstable wire, whose clients know no limit.
pub const SIMPLIFIED_SUBSCRIPTIONS: usize = 1_000;
/// Bytes of a list's key on the unstable wire.
pub const SIMPLIFIED_LIST_KEY: usize = 64;
/// Bytes of an opaque identifier (list keys on v4, `conn_id`).
pub const OPAQUE_IDENTIFIER: usize = 255;
/// Timeline events of a room that are sent at most; more is capped on v4.
pub const TIMELINE_LIMIT: u32 = 1_000;
/// Elements of one `required_state`, `include` and `exclude` together.
pub const REQUIRED_STATE: usize = 1_000;
/// Ranges of one list on the unstable wire.
pub const RANGES: usize = 100;
/// Values of one list filter.
pub const FILTER_VALUES: usize = 1_000;
/// Bytes of a request's body.
pub const REQUEST_BODY: usize = 1024 * 1024;
/// The longest wait that a request may ask for; longer is capped.
pub const TIMEOUT: Duration = Duration::from_secs(120);
/// To-device messages in one answer; more is capped.
pub const TO_DEVICE: usize = 1_000;
/// To-device messages in one answer where the request does not say.
pub const TO_DEVICE_DEFAULT: usize = 100;

// Connections (design.md §3).

/// Connections per device: the least recently used goes.
pub const CONNECTIONS: usize = 16;
/// A connection unused for so long goes.
pub const CONNECTION_UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);
/// How old the stored time of last use may grow before it is written again.
pub const CONNECTION_USE_GRAIN: Duration = Duration::from_secs(3600);
/// Stored deltas of a connection before they are folded into its base.
pub const CONNECTION_DELTAS: u32 = 16;
/// About how many bytes one answer carries; the rest comes with the next.
pub const ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Rooms in one answer; the rest comes with the next.
pub const ANSWER_ROOMS: usize = 1_000;
/// Records that one step asks for at a time.
pub const NEEDED_RECORDS: usize = 512;
/// Lazily loaded members that a connection remembers per room: beyond it they may be sent again.
pub const LAZY_MEMBERS: usize = 2_000;
/// Former configurations of a room that a connection remembers: beyond it state may be sent again.
pub const LAPSED_CONFIGS: usize = 4;
/// Subscriptions that a connection keeps for a client that sends each once: the oldest goes.
pub const STICKY_SUBSCRIPTIONS: usize = 1_000;
/// How long a client whose request was superseded is asked to wait.
pub const SUPERSEDED_RETRY: Duration = Duration::from_secs(1);
