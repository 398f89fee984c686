//! The tail of a room's timeline, with its gaps and the homeserver's tokens between events.

use ruma::OwnedDeviceId;
use serde::{Deserialize, Serialize};

use super::{Event, Ordinal, Position};

/// How many consecutive ordinals one chunk covers.
pub const CHUNK_LENGTH: i64 = 50;

/// Some consecutive events of a room, oldest first. Chunk `n` holds the ordinals from `n * CHUNK_LENGTH`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TimelineChunk {
    /// The events, in the order of their ordinals.
    pub events: Vec<TimelineEvent>,
}

/// An event at its place in the timeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Its place.
    #[serde(rename = "o")]
    pub ordinal: Ordinal,
    /// The commit that brought it. An edit by redaction does not move it: the redaction itself is what is new, and a
    /// connection tells new events from old ones by this.
    #[serde(rename = "p")]
    pub position: Position,
    /// The event.
    #[serde(rename = "e")]
    pub event: Event,
    /// Whether it came at the live end: such events are new to a connection, count for `num_live`, and move the room.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
    /// Whether events between the one before and this one are missing here.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    pub gap_before: bool,
    /// A v2 token for the place just before this event, where the homeserver gave one: `/messages?dir=b` from it
    /// starts with the event before this one.
    #[serde(rename = "tb", default, skip_serializing_if = "Option::is_none")]
    pub token_before: Option<String>,
    /// A v2 token for a place after this event and before the next one that is stored, where the homeserver gave one.
    #[serde(rename = "ta", default, skip_serializing_if = "Option::is_none")]
    pub token_after: Option<String>,
    /// The device that sent the event, and the transaction id that it sent it with: `unsigned.transaction_id`, which
    /// only that device may see and only its own poll brings.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<(OwnedDeviceId, String)>,
    /// Of an event of the user's own that came without a transaction id: the devices whose polls have brought it, and who
    /// therefore did not send it.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub not_sent_by: Vec<OwnedDeviceId>,
}

impl Ordinal {
    /// Returns the number of the chunk that holds this ordinal.
    pub fn chunk(self) -> i64 {
        self.0.div_euclid(CHUNK_LENGTH)
    }
}
