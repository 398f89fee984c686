//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these.

use std::time::Duration;

/// How long an answer of the homeserver may be, in bytes.
pub const UPSTREAM_RESPONSE: usize = 256 * 1024 * 1024;

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
