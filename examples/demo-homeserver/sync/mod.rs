//! `GET /sync`: what one device has not seen, as Synapse tells it.
//!
//! [`sync`] is pure but for the two things that asking changes: to-device messages that `since` has passed are deleted, and lazily sent members are
//! remembered per device. Waiting is the caller's: an answer that [`is empty`](Response::is_empty) is to be asked again when the user is touched.

mod filter;
mod response;
mod room;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{json, value::to_raw_value};

pub use self::{
    filter::{EventFilter, Filter},
    response::Response,
};
use self::{
    response::{DeviceListsBody, Events, InvitedRoom},
    room::{RoomBuilder, Span},
};
use super::{
    error::ApiError,
    world::{EventNo, Membership, RoomNo, User, UserNo, UserRoom, Viewer, World},
};

/// A parsed `since`: the global position and, where a sync brought only a part of the to-device messages, how far those went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    pub pos: u64,
    pub to_device: u64,
}

/// Under which name the state comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateKey {
    /// As of the timeline's start.
    #[default]
    State,
    /// MSC4222, as of its end.
    StateAfter,
    /// MSC4222 under its unstable name.
    UnstableStateAfter,
}

#[derive(Debug, Clone, Default)]
pub struct Params {
    pub since: Option<Since>,
    pub filter: Filter,
    pub full_state: bool,
    pub state_key: StateKey,
}

impl Since {
    pub fn parse(token: &str) -> Result<Self, ApiError> {
        let parsed = token.strip_prefix('s').and_then(|rest| match rest.split_once('_') {
            Some((pos, to_device)) => Some(Self { pos: pos.parse().ok()?, to_device: to_device.parse().ok()? }),
            None => rest.parse().ok().map(|pos| Self { pos, to_device: pos }),
        });
        parsed.ok_or_else(|| ApiError::new(400, "M_UNKNOWN", "Invalid stream token"))
    }
}

impl std::fmt::Display for Since {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pos == self.to_device {
            write!(f, "s{}", self.pos)
        } else {
            write!(f, "s{}_{}", self.pos, self.to_device)
        }
    }
}

/// Answers one sync request as of now.
pub fn sync(world: &mut World, viewer: Viewer<'_>, params: &Params) -> Response {
    match params.since {
        Some(since) => world.acknowledge_to_device(viewer.user, viewer.device, since.to_device),
        None => {
            if let Some(device) = world.user_mut(viewer.user).devices.get_mut(viewer.device) {
                device.lazy_sent.clear();
            }
        }
    }
    let mut builder =
        Builder { world, viewer, params, since: params.since.map(|since| since.pos), lazy_sent: Vec::new() };
    let response = builder.build();
    let lazy_sent = builder.lazy_sent;
    if let Some(device) = world.user_mut(viewer.user).devices.get_mut(viewer.device) {
        for (room, member, event) in lazy_sent {
            device.lazy_sent.entry(room).or_default().insert(member, event);
        }
    }
    response
}

/// Tells, without building an answer, whether there may be something new for a device since a token.
pub fn may_have_news(world: &World, viewer: Viewer<'_>, since: Since) -> bool {
    let user = world.user(viewer.user);
    let waiting =
        user.device(viewer.device).is_some_and(|device| device.to_device.iter().any(|(pos, _)| *pos > since.to_device));
    user.changed > since.pos || waiting
}

struct Builder<'a> {
    world: &'a World,
    viewer: Viewer<'a>,
    params: &'a Params,
    since: Option<u64>,
    lazy_sent: Vec<(RoomNo, UserNo, EventNo)>,
}

impl Builder<'_> {
    fn build(&mut self) -> Response {
        let mut response = Response::default();
        let user = self.world.user(self.viewer.user);
        for (room, own) in &user.rooms {
            if own.forgotten {
                continue;
            }
            match own.membership {
                Membership::Join => self.joined(*room, own, &mut response),
                Membership::Invite => self.invited(*room, own, &mut response),
                Membership::Knock => self.knocked(*room, own, &mut response),
                Membership::Leave | Membership::Ban => {}
            }
            if own.membership != Membership::Join {
                self.left(*room, own, &mut response);
            }
        }
        response.account_data.events = self.account_data();
        response.presence.events = self.presence();
        self.device(&mut response);
        response
    }

    /// Returns the membership events of the user that came after `since`, oldest first.
    fn own_changes(&self, room: RoomNo) -> Vec<(EventNo, Membership)> {
        let id = self.world.user_id(self.viewer.user);
        let Some(history) = self.world.room(room).history("m.room.member", id) else { return Vec::new() };
        let events = history.after(self.since.unwrap_or(0));
        events.filter_map(|event| Some((event, self.world.membership_in(event)?))).collect()
    }

    fn was_joined(&self, room: RoomNo) -> bool {
        let id = self.world.user_id(self.viewer.user);
        let history = self.world.room(room).history("m.room.member", id);
        let before = self.since.and_then(|since| history?.at(since));
        before.and_then(|event| self.world.membership_in(event)) == Some(Membership::Join)
    }

    fn joined(&mut self, no: RoomNo, own: &UserRoom, response: &mut Response) {
        let room = self.world.room(no);
        if !self.params.filter.room.admits(&room.id) {
            return;
        }
        let newly_joined = match self.since {
            None => false,
            Some(since) if own.pos > since => {
                !self.was_joined(no)
                    || self.own_changes(no).iter().any(|(_, membership)| *membership != Membership::Join)
            }
            Some(_) => false,
        };
        let is_old =
            self.since.is_some_and(|since| room.last_pos <= since && own.pos <= since && own.account_data_pos <= since);
        if is_old && !newly_joined && !self.params.full_state {
            return;
        }
        let span = Span { since: self.since.filter(|_| !newly_joined), newly_joined, end: self.world.pos() };
        let mut builder = RoomBuilder::new(self.world, self.viewer, self.params, room, span);
        let joined = builder.joined(own, self.since);
        self.lazy_sent.append(&mut builder.lazy_sent);
        if self.since.is_none() || newly_joined || self.params.full_state || !joined.is_empty() {
            response.rooms.join.insert(room.id.to_string(), joined);
        }
    }

    /// Adds a room that the user is not in any more: kicked or banned from, or left since the last sync, or wanted by `include_leave`.
    fn left(&mut self, no: RoomNo, own: &UserRoom, response: &mut Response) {
        let room = self.world.room(no);
        let filter = &self.params.filter.room;
        if !filter.admits(&room.id) {
            return;
        }
        let leave = match self.since {
            None => {
                let by_others = self.world.event(own.event).sender != self.viewer.user;
                let out = matches!(own.membership, Membership::Leave | Membership::Ban);
                (out && (by_others || own.membership == Membership::Ban || filter.include_leave)).then_some(own.event)
            }
            Some(since) if own.pos > since => {
                let changes = self.own_changes(no);
                changes
                    .iter()
                    .rev()
                    .find(|(_, membership)| matches!(membership, Membership::Leave | Membership::Ban))
                    .map(|(event, _)| *event)
            }
            Some(_) => None,
        };
        let Some(leave) = leave else { return };
        let span = Span { since: self.since, newly_joined: false, end: self.world.event(leave).pos };
        let mut builder = RoomBuilder::new(self.world, self.viewer, self.params, room, span);
        let left = builder.left();
        self.lazy_sent.append(&mut builder.lazy_sent);
        response.rooms.leave.insert(room.id.to_string(), left);
    }

    fn is_news(&self, own: &UserRoom) -> bool {
        self.since.is_none_or(|since| own.pos > since)
    }

    fn invited(&self, no: RoomNo, own: &UserRoom, response: &mut Response) {
        let inviter = self.world.user_id(self.world.event(own.event).sender);
        if self.is_news(own) && !self.world.user(self.viewer.user).ignored.contains(&**inviter) {
            let events = self.stripped_state(no, own);
            response.rooms.invite.insert(self.world.room(no).id.to_string(), InvitedRoom::invite(events));
        }
    }

    fn knocked(&self, no: RoomNo, own: &UserRoom, response: &mut Response) {
        if self.is_news(own) {
            let events = self.stripped_state(no, own);
            response.rooms.knock.insert(self.world.room(no).id.to_string(), InvitedRoom::knock(events));
        }
    }

    /// Returns what one may know of a room one is not in; the own member event comes last and, as in Synapse, with all its keys.
    fn stripped_state(&self, no: RoomNo, own: &UserRoom) -> Events {
        const SHOWN: [&str; 7] = [
            "m.room.create",
            "m.room.join_rules",
            "m.room.canonical_alias",
            "m.room.avatar",
            "m.room.encryption",
            "m.room.name",
            "m.room.topic",
        ];
        let room = self.world.room(no);
        let sender = self.world.event(own.event).sender;
        let sender_member =
            room.state_event("m.room.member", self.world.user_id(sender)).filter(|event| *event != own.event);
        let state = SHOWN.iter().filter_map(|kind| room.state_event(kind, "")).chain(sender_member);
        let mut events: Vec<_> = state.map(|event| self.world.render_stripped(event)).collect();
        events.push(self.world.render(own.event, self.viewer));
        Events { events }
    }

    fn account_data(&self) -> Vec<Box<serde_json::value::RawValue>> {
        let filter = &self.params.filter.account_data;
        let user = self.world.user(self.viewer.user);
        let changed = user
            .account_data
            .iter()
            .filter(|(kind, data)| self.since.is_none_or(|since| data.pos > since) && filter.admits(kind, None));
        changed.filter_map(|(kind, data)| to_raw_value(&json!({ "type": kind, "content": data.value })).ok()).collect()
    }

    fn presence(&self) -> Vec<Box<serde_json::value::RawValue>> {
        let filter = &self.params.filter.presence;
        if filter.limit == Some(0) || !filter.admits("m.presence", None) {
            return Vec::new();
        }
        // Of those who come into sight one is told how they are, whatever that is. Who is offline otherwise is told only
        // when they become so.
        let met = self.since.map(|since| self.world.device_lists(self.viewer.user, since, self.world.pos()).changed);
        let has_news = |user: &&User| match (self.since, &met) {
            (Some(since), Some(met)) => user.presence.pos > since || user.presence.pos > 0 && met.contains(&user.no),
            _ => user.presence.pos > 0 && user.presence.state != "offline",
        };
        let shown = self.world.users.iter().filter(has_news);
        let shown =
            shown.filter(|user| user.no == self.viewer.user || self.world.share_a_room(user.no, self.viewer.user));
        shown.filter_map(|user| to_raw_value(&self.world.presence_event(user.no, self.viewer.now)).ok()).collect()
    }

    /// Adds what belongs to the device, and `next_batch`, which says how far the to-device messages went.
    fn device(&self, response: &mut Response) {
        let pos = self.world.pos();
        let mut next = Since { pos, to_device: pos };
        if let Some(device) = self.world.user(self.viewer.user).device(self.viewer.device) {
            let passed = self.params.since.map_or(0, |since| since.to_device);
            let mut waiting = device.to_device.iter().filter(|(pos, _)| *pos > passed).peekable();
            while let Some((message_pos, message)) = waiting.next() {
                response.to_device.events.push(Arc::clone(message));
                // Messages of one request share a position and are not torn apart.
                let more_to_come = waiting.peek().is_some_and(|(pos, _)| pos > message_pos);
                if more_to_come && response.to_device.events.len() >= World::TO_DEVICE_PER_SYNC {
                    next.to_device = *message_pos;
                    break;
                }
            }
            response.device_one_time_keys_count = device.one_time_key_counts();
            response.device_unused_fallback_key_types = device.unused_fallback_types();
        }
        if let Some(since) = self.since {
            let lists = self.world.device_lists(self.viewer.user, since, pos);
            let ids = |users: &std::collections::BTreeSet<UserNo>| {
                users.iter().map(|user| self.world.user_id(*user).to_string()).collect()
            };
            response.device_lists = DeviceListsBody { changed: ids(&lists.changed), left: ids(&lists.left) };
        }
        response.next_batch = next.to_string();
    }
}
