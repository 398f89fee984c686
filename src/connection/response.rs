//! A sliding sync answer, before it takes the shape of a wire.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

use super::{pos::Pos, request::TypingNames};
use crate::model::{Event, Hero, Membership, Receipt, Timestamp, UnreadThread};

/// One answer.
#[derive(Clone, Debug)]
pub struct SyncResponse {
    /// What the client sends back to confirm this answer.
    pub pos: Pos,
    /// `txn_id` of the request.
    pub txn_id: Option<String>,
    /// Under which names typing was asked for.
    pub typing_names: TypingNames,
    /// Every list that was asked for.
    pub lists: BTreeMap<String, ListResponse>,
    /// Rooms that are new to the connection or have changed.
    pub rooms: Vec<(OwnedRoomId, RoomResult)>,
    /// The extensions that were asked for and have something to say.
    pub extensions: ExtensionsResponse,
}

/// One list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListResponse {
    /// How many rooms match its filters.
    pub count: u64,
    /// For each range asked: the range, and the rooms in it (the unstable wire's `ops`).
    pub windows: Vec<((u64, u64), Vec<OwnedRoomId>)>,
}

/// What is said of one room. `None` means unchanged, or not set if `initial`.
#[derive(Clone, Debug, Default)]
pub struct RoomResult {
    /// First time on this connection, or replace everything.
    pub initial: bool,
    /// The user's membership.
    pub membership: Option<Membership>,
    /// The lists whose window holds the room.
    pub lists: Vec<String>,
    /// `bump_stamp`.
    pub bump_stamp: Option<Timestamp>,
    /// `m.room.name`; `Some(None)`: removed.
    pub name: Option<Option<String>>,
    /// `m.room.avatar`; `Some(None)`: removed.
    pub avatar: Option<Option<OwnedMxcUri>>,
    /// The heroes, of a room without a name.
    pub heroes: Option<Vec<Hero>>,
    /// Whether the room is in `m.direct`.
    pub is_dm: Option<bool>,
    /// State that matches and is new.
    pub required_state: Vec<StateItem>,
    /// Newest last.
    pub timeline: Option<TimelineResult>,
    /// Joined members.
    pub joined_count: Option<u64>,
    /// Invited members.
    pub invited_count: Option<u64>,
    /// Unread notifications (unstable wire).
    pub notification_count: Option<u64>,
    /// Unread highlights (unstable wire).
    pub highlight_count: Option<u64>,
    /// Stripped state, for those outside: invites, knocks, and those rejected.
    pub stripped_state: Option<Vec<Rc<RawValue>>>,
}

/// One element of `required_state`.
#[derive(Clone, Debug)]
pub enum StateItem {
    /// A state event.
    Event(AnsweredEvent),
    /// State that was removed: a stub on v4, nothing on the unstable wire.
    Removed {
        /// Its type.
        event_type: String,
        /// Its state key.
        state_key: String,
    },
}

/// The timeline of a room in one answer.
#[derive(Clone, Debug, Default)]
pub struct TimelineResult {
    /// Oldest first.
    pub events: Vec<AnsweredEvent>,
    /// Whether earlier events exist that this answer skipped.
    pub limited: bool,
    /// A v2 token that pages back from at or after the oldest event sent.
    pub prev_batch: Option<String>,
    /// Whether it reaches back past what was sent before, because `timeline_limit` grew.
    pub expanded: bool,
    /// How many of the last events are new since the previous request.
    pub num_live: u64,
}

/// An event as it goes out to one device at one moment.
#[derive(Clone, Debug)]
pub struct AnsweredEvent {
    /// The event.
    pub event: Event,
    /// What goes into its `unsigned`, if anything: computed for this device and moment.
    pub unsigned: Option<Rc<RawValue>>,
}

/// The extensions of an answer; `None` is left out.
#[derive(Clone, Debug, Default)]
pub struct ExtensionsResponse {
    /// To-device messages.
    pub to_device: Option<ToDeviceResponse>,
    /// End-to-end encryption.
    pub e2ee: Option<E2eeResponse>,
    /// Account data.
    pub account_data: Option<AccountDataResponse>,
    /// Receipts by room.
    pub receipts: Option<BTreeMap<OwnedRoomId, Vec<Receipt>>>,
    /// Who types, by room.
    pub typing: Option<BTreeMap<OwnedRoomId, Vec<OwnedUserId>>>,
    /// `m.presence` events.
    pub presence: Option<Vec<Rc<RawValue>>>,
    /// Notification and highlight counts by room (`sash.counts`).
    pub counts: Option<BTreeMap<OwnedRoomId, Unread>>,
}

/// To-device messages and the token that acknowledges them.
#[derive(Clone, Debug, Default)]
pub struct ToDeviceResponse {
    /// The token.
    pub next_batch: u64,
    /// The messages in their order.
    pub events: Vec<Rc<RawValue>>,
}

/// The `e2ee` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct E2eeResponse {
    /// `changed` and `left`; `None` leaves `device_lists` out.
    pub device_lists: Option<(Vec<OwnedUserId>, Vec<OwnedUserId>)>,
    /// `device_one_time_keys_count`, always with `signed_curve25519`.
    pub one_time_keys: BTreeMap<String, u64>,
    /// `device_unused_fallback_key_types`; `None` where the homeserver never said.
    pub unused_fallback_key_types: Option<Vec<String>>,
}

/// Account data.
#[derive(Clone, Debug, Default)]
pub struct AccountDataResponse {
    /// Global events.
    pub global: Vec<Rc<RawValue>>,
    /// Events by room.
    pub rooms: BTreeMap<OwnedRoomId, Vec<Rc<RawValue>>>,
}

impl SyncResponse {
    /// Returns whether the answer says anything: only then does it end a wait.
    pub fn has_news(&self) -> bool {
        !self.rooms.is_empty() || self.extensions.has_news()
    }
}

impl ExtensionsResponse {
    fn has_news(&self) -> bool {
        self.to_device.as_ref().is_some_and(|part| !part.events.is_empty())
            || self.e2ee.is_some()
            || self.account_data.as_ref().is_some_and(|part| !part.global.is_empty() || !part.rooms.is_empty())
            || self.receipts.as_ref().is_some_and(|rooms| !rooms.is_empty())
            || self.typing.as_ref().is_some_and(|rooms| !rooms.is_empty())
            || self.presence.as_ref().is_some_and(|events| !events.is_empty())
            || self.counts.as_ref().is_some_and(|rooms| !rooms.is_empty())
    }
}

/// What is unread in a room, as v2 tells it to those who ask for threads apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Notifications, those of threads not among them.
    pub notification_count: u64,
    /// Highlights, those of threads not among them.
    pub highlight_count: u64,
    /// The threads that have any.
    pub threads: Vec<UnreadThread>,
}
