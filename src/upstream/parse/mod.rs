//! Reads what the homeserver answers, leniently: an entry, element or field of the wrong shape is dropped alone.
//!
//! Invariants: everything borrows from the answer's bytes; nothing is read twice into a tree; only what is no JSON, or
//! no object where an answer must be one, is an error. What was dropped is named by its place, never by its content.

mod answers;
mod raw;
mod sync;
#[cfg(test)]
mod tests;

pub use self::{
    answers::{
        Context, ErrorBody, Messages, context, error_body, event_id, joined_rooms, key_changes, members, messages,
        notifications, origin_server_ts, state, versions,
    },
    sync::{joined_room, sync_response},
};

/// Why an answer cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not UTF-8.
    #[error("the answer is not UTF-8: {0}")]
    Utf8(#[from] std::str::Utf8Error),
    /// Not JSON.
    #[error("the answer is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("the answer is not {0}")]
    Shape(&'static str),
}
