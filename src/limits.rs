//! Every limit of Sash, in one place. Nothing in the code grows beyond one of these.

/// How many commands may wait for the SQLite thread before callers wait to hand theirs in.
pub const SQLITE_QUEUE: usize = 256;

/// How many commits share one SQLite transaction at most: its last member waits for the first.
pub const SQLITE_GROUP: usize = 64;
