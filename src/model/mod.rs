//! Plain data that every stage shares: identifiers, events, records, what the homeserver answered, what a commit
//! writes.
//!
//! Invariant: nothing here decides, waits or knows where it is stored.

mod account;
mod commit;
mod device;
mod event;
mod filter;
mod key;
pub mod order;
mod position;
pub mod raw;
mod receipts;
mod record;
mod room;
mod state;
#[cfg(test)]
mod stored_tests;
mod time;
mod timeline;
pub mod v2;
mod view;

pub use account::{AccountRecord, Bootstrap, Typing};
pub use commit::{Commit, Ephemeral};
pub use device::{DeviceListChange, DeviceListsRecord, DeviceRecord, ToDeviceRecord, TokenSide};
pub use event::{Event, EventError, EventHeader, Membership};
pub use filter::Filters;
pub use key::{RecordKey, Table, prefix_range};
pub use position::{Ordinal, Position};
pub use raw::RawObject;
pub use receipts::{AccountDataEntry, AccountDataRecord, Receipt, ReceiptsRecord};
pub use record::{FORMAT, Record, RecordError};
pub use room::{Aspects, Hero, INDEX_PAGES, Known, RoomEntry, RoomPage, UnreadThread, bucket_of, page_of};
pub use state::{StateEntry, StateRecord, StrippedRecord};
pub use time::Timestamp;
pub use timeline::{CHUNK_LENGTH, TimelineChunk, TimelineEvent};
pub use view::{AccountView, Step};
