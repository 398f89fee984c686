//! Plain data that every stage shares: identifiers, events, records, what the homeserver answered, what a commit
//! writes.
//!
//! Invariant: nothing here decides, waits or knows where it is stored.

mod key;
mod position;
mod time;

pub use key::{RecordKey, Table, prefix_range};
pub use position::{Ordinal, Position};
pub use time::Timestamp;
