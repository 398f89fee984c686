//! A sliding sync request, whatever wire it came over.
//!
//! Invariant: everything here has been parsed and is within limits; nothing is optional that the rules don't make
//! optional.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedRoomId;
use serde::{Deserialize, Serialize};

use super::pos::Pos;
use crate::model::Filters;

/// Which API a connection speaks. Part of its key: the same `conn_id` on two wires is two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wire {
    /// `/v4/sync`: MSC4186 as merged.
    V4,
    /// `/unstable/org.matrix.simplified_msc3575/sync`: what today's clients speak.
    Simplified,
}

impl Wire {
    /// Returns the wire's stored name. Never change one: it is part of the keys of stored connections.
    pub fn name(self) -> &'static str {
        match self {
            Wire::V4 => "v4",
            Wire::Simplified => "simplified",
        }
    }

    /// Returns the wire of that name.
    pub fn from_name(name: &str) -> Option<Wire> {
        [Wire::V4, Wire::Simplified].into_iter().find(|wire| wire.name() == name)
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// Over which API it came.
    pub wire: Wire,
    /// `conn_id`, empty where absent.
    pub conn_id: String,
    /// `pos`: what the client confirms having received.
    pub pos: Option<Pos>,
    /// How long to wait for news; zero answers at once. Waits only with a `pos`.
    pub timeout: Duration,
    /// `set_presence`, where named.
    pub set_presence: Option<Presence>,
    /// The lists by key.
    pub lists: BTreeMap<String, ListRequest>,
    /// Rooms by id.
    pub room_subscriptions: BTreeMap<OwnedRoomId, RoomConfig>,
    /// Rooms that the client wants no more (MSC3575's way, which matrix-js-sdk still speaks; `spec/clients.md` §6.2).
    pub unsubscribe_rooms: Vec<OwnedRoomId>,
    /// Whether the request has a mark of a client that sends each subscription once (`spec/clients.md` §6.2).
    pub sticky_subscriptions: bool,
    /// `txn_id`, echoed on the wires that have it.
    pub txn_id: Option<String>,
    /// Under which names typing was asked for; handed through to the answer.
    pub typing_names: TypingNames,
    /// The extensions.
    pub extensions: ExtensionsRequest,
}

impl SyncRequest {
    /// Returns whether the request asks for rooms: only then does a connection keep state.
    pub fn asks_for_rooms(&self) -> bool {
        !self.lists.is_empty() || !self.room_subscriptions.is_empty()
    }
}

/// The names that one extension goes by on v4 (`spec/extensions.md`, "Keys and flags").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypingNames {
    /// `typing`
    pub stable: bool,
    /// `org.matrix.msc4508.typing`
    pub unstable: bool,
}

/// `set_presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// `online`
    Online,
    /// `unavailable`
    Unavailable,
    /// `offline`
    Offline,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    /// Which part of it is wanted.
    pub window: Window,
    /// Which rooms it holds.
    pub filters: Filters,
    /// What is wanted of each room in the window.
    pub config: RoomConfig,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// Every room (v4: no `range`).
    All,
    /// Inclusive ranges; none at all gives the count only. A range may reach past the end, or be empty (`start > end`).
    Ranges(Vec<(u64, u64)>),
}

/// What is wanted of a room (MSC4186, "Room configuration").
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomConfig {
    /// At most how many timeline events.
    pub timeline_limit: u32,
    /// Which state.
    pub required_state: RequiredState,
}

/// Which state of a room is wanted. A state event is wanted if `include` matches it and `exclude` does not, or if it
/// is a member that `lazy_members` adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct RequiredState {
    /// What to send.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<StatePattern>,
    /// What of it to leave out; never the members that `lazy_members` adds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<StatePattern>,
    /// Whether the members are wanted whom the timeline needs (`$LAZY` on the unstable wire).
    pub lazy_members: bool,
}

/// One element of `include` or `exclude`; `None` matches everything. `$ME` has been replaced by the user's id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StatePattern {
    /// The event type.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The state key.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
}

/// The extensions of a request; `None` where absent or not enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionsRequest {
    /// MSC3885, MSC4538.
    pub to_device: Option<ToDeviceRequest>,
    /// MSC3884, MSC4543.
    pub e2ee: bool,
    /// MSC3959.
    pub account_data: Option<Scope>,
    /// MSC3960.
    pub receipts: Option<Scope>,
    /// MSC3961, MSC4508.
    pub typing: Option<Scope>,
    /// Presence.
    pub presence: bool,
    /// Unread counts on v4, which has none: our own (`sash.counts`).
    pub counts: bool,
}

/// The `to_device` extension's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToDeviceRequest {
    /// At most how many messages, at least 1.
    pub limit: usize,
    /// The token that the client got last; what it stands for is acknowledged.
    pub since: Option<u64>,
}

/// Which rooms a per-room extension covers (`spec/extensions.md`, common rules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Rooms within the windows of these lists.
    pub lists: Selection<String>,
    /// These rooms.
    pub rooms: Selection<OwnedRoomId>,
}

/// All, or the named ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// All lists; all subscriptions.
    All,
    /// Those named.
    Some(Vec<T>),
}
