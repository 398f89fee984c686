//! Sliding sync itself, whatever the wire: what a connection was sent, and what it is to be sent next.
//!
//! Invariants: nothing here waits, reads a clock or knows JSON fields of a wire; an answer is computed from what the
//! client confirmed, never from what was merely sent; nothing is consumed by computing an answer.

mod answer;
mod chain;
#[expect(clippy::module_inception, reason = "one connection, among what connections are made of")]
mod connection;
mod connections;
mod draft;
mod error;
mod explain;
mod extensions;
mod lists;
mod pos;
mod reader;
mod request;
mod response;
mod rooms;
mod state;
mod stored;
mod unsigned;

#[cfg(test)]
mod tests;

pub use crate::cache::Filter;
pub use answer::AnswerLimits;
pub use connection::{Answer, Poll};
pub use connections::{Accepted, Arrival, Connections, Ticket};
pub use error::SyncError;
pub use explain::{
    ConnectionName, EngineState, ExplainRequest, ExplainedConnection, ExplainedList, Explanation, HeldRoom, Neighbour,
    Next, Place, Sent, Stage,
};

pub use pos::Pos;
pub use request::{
    ExtensionsRequest, ListRequest, Presence, RequiredState, RoomConfig, Scope, Selection, StatePattern, SyncRequest,
    ToDeviceRequest, TypingNames, Window, Wire,
};
pub use response::{
    AccountDataResponse, AnsweredEvent, E2eeResponse, ExtensionsResponse, ListResponse, RoomResult, StateItem,
    SyncResponse, TimelineResult, ToDeviceResponse, Unread,
};
pub use rooms::{EffectiveConfig, Fetch, Wanted};
pub use state::{Mark, RoomMarks, RoomSent};
