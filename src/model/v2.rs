//! What the homeserver answers on v2 `/sync`, read leniently: one bad room or event never spoils the rest.
//!
//! Invariants: everything borrows from the response's bytes; an entry of the wrong shape is dropped alone and named in
//! `skipped`; only `next_batch` is indispensable.

use std::borrow::Cow;

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

/// A v2 `/sync` response.
#[derive(Debug, Default)]
pub struct SyncResponse<'a> {
    /// `next_batch`; `None` for `null` or an empty body, which is an empty response.
    pub next_batch: Option<Cow<'a, str>>,
    /// `rooms.join`.
    pub join: Vec<(OwnedRoomId, JoinedRoom<'a>)>,
    /// `rooms.invite`: stripped state.
    pub invite: Vec<(OwnedRoomId, Vec<&'a RawValue>)>,
    /// `rooms.knock`: stripped state.
    pub knock: Vec<(OwnedRoomId, Vec<&'a RawValue>)>,
    /// `rooms.leave`.
    pub leave: Vec<(OwnedRoomId, JoinedRoom<'a>)>,
    /// `account_data.events`.
    pub account_data: Vec<&'a RawValue>,
    /// `presence.events`.
    pub presence: Vec<&'a RawValue>,
    /// `to_device.events`.
    pub to_device: Vec<&'a RawValue>,
    /// `device_lists.changed`.
    pub device_lists_changed: Vec<OwnedUserId>,
    /// `device_lists.left`.
    pub device_lists_left: Vec<OwnedUserId>,
    /// `device_one_time_keys_count`, where it is there.
    pub one_time_keys: Option<Vec<(String, u64)>>,
    /// `device_unused_fallback_key_types`, where it is there.
    pub unused_fallback_key_types: Option<Vec<String>>,
    /// What was dropped: where and why, never content.
    pub skipped: Vec<String>,
}

impl SyncResponse<'_> {
    /// Returns whether rooms came with their events. Synapse, asked for no rooms, still names those with tags, or with
    /// heroes instead of a name.
    pub fn has_timelines(&self) -> bool {
        self.join.iter().any(|(_, room)| !room.timeline.is_empty())
    }
}

/// One joined or left room of a response. Also what a base is made of (a room of the whole, a scouted room).
#[derive(Debug, Default)]
pub struct JoinedRoom<'a> {
    /// The state.
    pub state: RoomState<'a>,
    /// `timeline.events`, oldest first.
    pub timeline: Vec<&'a RawValue>,
    /// `timeline.limited`.
    pub limited: bool,
    /// `timeline.prev_batch`.
    pub prev_batch: Option<Cow<'a, str>>,
    /// `summary`, where it is there.
    pub summary: Summary,
    /// `unread_notifications.notification_count`.
    pub notification_count: Option<u64>,
    /// `unread_notifications.highlight_count`.
    pub highlight_count: Option<u64>,
    /// `unread_thread_notifications`: thread root, notifications, highlights. Absent, no thread has any.
    pub unread_threads: Vec<(OwnedEventId, u64, u64)>,
    /// `ephemeral.events`: receipts and typing.
    pub ephemeral: Vec<&'a RawValue>,
    /// `account_data.events`.
    pub account_data: Vec<&'a RawValue>,
}

/// The state block, and what moment it describes (MSC4222).
#[derive(Debug)]
pub enum RoomState<'a> {
    /// `state`: as of the timeline's start; the timeline's own state events go on top.
    Before(Vec<&'a RawValue>),
    /// `state_after`: as of the timeline's end; the timeline's own state events change nothing.
    After(Vec<&'a RawValue>),
}

impl Default for RoomState<'_> {
    fn default() -> Self {
        RoomState::Before(Vec::new())
    }
}

/// `summary` of a joined room: absent fields are unchanged.
#[derive(Debug, Default)]
pub struct Summary {
    /// `m.heroes`.
    pub heroes: Option<Vec<OwnedUserId>>,
    /// `m.joined_member_count`.
    pub joined_count: Option<u64>,
    /// `m.invited_member_count`.
    pub invited_count: Option<u64>,
}
