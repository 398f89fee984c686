//! The body of a `/sync` answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::world::Json;

type Raw = Box<RawValue>;

#[derive(Debug, Default, Serialize)]
pub struct Response {
    pub next_batch: String,
    #[serde(skip_serializing_if = "Events::is_empty")]
    pub account_data: Events,
    #[serde(skip_serializing_if = "Events::is_empty")]
    pub presence: Events,
    #[serde(skip_serializing_if = "ToDevice::is_empty")]
    pub to_device: ToDevice,
    #[serde(skip_serializing_if = "DeviceListsBody::is_empty")]
    pub device_lists: DeviceListsBody,
    pub device_one_time_keys_count: BTreeMap<String, u64>,
    pub device_unused_fallback_key_types: Vec<String>,
    #[serde(skip_serializing_if = "Rooms::is_empty")]
    pub rooms: Rooms,
}

#[derive(Debug, Default, Serialize)]
pub struct Events {
    pub events: Vec<Raw>,
}

#[derive(Debug, Default, Serialize)]
pub struct ToDevice {
    pub events: Vec<Json>,
}

#[derive(Debug, Default, Serialize)]
pub struct DeviceListsBody {
    pub changed: Vec<String>,
    pub left: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
pub struct Rooms {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub join: BTreeMap<String, JoinedRoom>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub invite: BTreeMap<String, InvitedRoom>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub knock: BTreeMap<String, InvitedRoom>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub leave: BTreeMap<String, LeftRoom>,
}

#[derive(Debug, Serialize)]
pub struct JoinedRoom {
    pub timeline: Timeline,
    #[serde(flatten)]
    pub state: State,
    pub account_data: Events,
    pub ephemeral: Events,
    pub unread_notifications: UnreadNotifications,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

#[derive(Debug, Serialize)]
pub struct LeftRoom {
    pub timeline: Timeline,
    #[serde(flatten)]
    pub state: State,
    pub account_data: Events,
}

/// The state under the name that was asked for.
#[derive(Debug, Serialize)]
pub enum State {
    #[serde(rename = "state")]
    Before(Events),
    #[serde(rename = "state_after")]
    After(Events),
    #[serde(rename = "org.matrix.msc4222.state_after")]
    UnstableAfter(Events),
}

#[derive(Debug, Serialize)]
pub struct Timeline {
    pub events: Vec<Raw>,
    pub prev_batch: String,
    pub limited: bool,
}

#[derive(Debug, Serialize)]
pub struct UnreadNotifications {
    pub notification_count: u64,
    pub highlight_count: u64,
}

#[derive(Debug, Serialize)]
pub struct Summary {
    #[serde(rename = "m.heroes", skip_serializing_if = "Option::is_none")]
    pub heroes: Option<Vec<String>>,
    #[serde(rename = "m.joined_member_count")]
    pub joined: usize,
    #[serde(rename = "m.invited_member_count")]
    pub invited: usize,
}

#[derive(Debug, Default, Serialize)]
pub struct InvitedRoom {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_state: Option<Events>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knock_state: Option<Events>,
}

impl Response {
    /// Tells whether a long poll goes on waiting. Key counts are no reason to answer, as in Synapse.
    pub fn is_empty(&self) -> bool {
        self.account_data.is_empty()
            && self.presence.is_empty()
            && self.to_device.is_empty()
            && self.device_lists.is_empty()
            && self.rooms.is_empty()
    }
}

impl Events {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl ToDevice {
    fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl DeviceListsBody {
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.left.is_empty()
    }
}

impl Rooms {
    fn is_empty(&self) -> bool {
        self.join.is_empty() && self.invite.is_empty() && self.knock.is_empty() && self.leave.is_empty()
    }
}

impl JoinedRoom {
    pub fn is_empty(&self) -> bool {
        self.timeline.events.is_empty()
            && self.state.is_empty()
            && self.account_data.is_empty()
            && self.ephemeral.is_empty()
    }
}

impl State {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Before(events) | Self::After(events) | Self::UnstableAfter(events) => events.is_empty(),
        }
    }
}

impl InvitedRoom {
    pub fn invite(events: Events) -> Self {
        Self { invite_state: Some(events), knock_state: None }
    }

    pub fn knock(events: Events) -> Self {
        Self { invite_state: None, knock_state: Some(events) }
    }
}
