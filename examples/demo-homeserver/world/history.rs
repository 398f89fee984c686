//! What of a room's past a user may see, and paging through it.
//!
//! Tokens of `/messages` are `t<index>-<pos>`, the place before the timeline event of that index; those of `/sync`, `s<pos>`, are accepted as well.

use super::{super::error::ApiError, Event, EventNo, Membership, RoomNo, UserNo, World};

/// A parsed token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// A place in one room's timeline.
    Room(usize),
    /// A place in the global stream.
    Stream(u64),
}

impl Position {
    pub fn parse(token: &str) -> Result<Self, ApiError> {
        let number = |digits: &str| digits.split(['-', '_']).next().and_then(|digits| digits.parse::<u64>().ok());
        let parsed = match token.split_at_checked(1) {
            Some(("t", rest)) => number(rest).map(|index| Self::Room(index as usize)),
            Some(("s", rest)) => number(rest).map(Self::Stream),
            _ => None,
        };
        parsed.ok_or_else(|| ApiError::invalid(format!("Invalid token {token:?}")))
    }
}

/// One page of a room's timeline.
#[derive(Debug, Default)]
pub struct Page {
    pub events: Vec<EventNo>,
    /// The index where the next page begins; `None` at the end of what the user may see.
    pub next: Option<usize>,
}

impl World {
    /// Returns the token of the place before timeline event `index`.
    pub fn room_token(&self, index: usize) -> String {
        format!("t{index}-{}", self.pos())
    }

    /// Returns the timeline index that a token stands before.
    pub fn index_of(&self, room: RoomNo, position: Position) -> usize {
        let room = self.room(room);
        match position {
            Position::Room(index) => index.min(room.timeline.len()),
            Position::Stream(pos) => room.timeline.partition_point(|event| self.event(*event).pos <= pos),
        }
    }

    /// Tells whether `user` may see `event`: what was sent while joined, and before that what the history visibility allows.
    pub fn is_visible(&self, event: &Event, user: UserNo) -> bool {
        // Nearly every question is this one, and the long way parses contents.
        if self
            .user(user)
            .rooms
            .get(&event.room)
            .is_some_and(|own| own.membership == Membership::Join && own.pos <= event.pos)
        {
            return true;
        }
        let room = self.room(event.room);
        let id = self.user_id(user);
        // The own membership is always visible.
        if &*event.kind == "m.room.member" && event.state_key.as_ref() == Some(id) {
            return true;
        }
        let visibility = room.history("m.room.history_visibility", "").and_then(|history| history.at(event.pos));
        let visibility = visibility
            .and_then(|event| self.event(event).content_str("history_visibility"))
            .unwrap_or_else(|| "shared".to_owned());
        if visibility == "world_readable" {
            return true;
        }
        let Some(own) = room.history("m.room.member", id) else { return false };
        let at_event = own.at(event.pos).and_then(|member| self.membership_in(member));
        if at_event == Some(Membership::Join) {
            return true;
        }
        match visibility.as_str() {
            "joined" => false,
            "invited" => at_event == Some(Membership::Invite),
            // Shared: everything before a join, so not what came after the last leave.
            _ => own.after(event.pos).any(|member| self.membership_in(member) == Some(Membership::Join)),
        }
    }

    /// Tells whether `user` has been joined ever, which reading a room needs.
    pub fn require_readable(&self, room: RoomNo, user: UserNo) -> Result<(), ApiError> {
        let own = self.room(room).history("m.room.member", self.user_id(user));
        let was_joined =
            own.is_some_and(|own| own.after(0).any(|event| self.membership_in(event) == Some(Membership::Join)));
        let forgotten = self.user(user).rooms.get(&room).is_some_and(|entry| entry.forgotten);
        if was_joined && !forgotten {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("User {} not in room {}", self.user_id(user), self.room(room).id)))
    }

    /// Returns up to which position a user sees the room's state: now, or when they left.
    pub fn state_position(&self, room: RoomNo, user: UserNo) -> u64 {
        match self.user(user).rooms.get(&room) {
            Some(entry) if entry.membership != Membership::Join => entry.pos,
            _ => self.pos(),
        }
    }

    /// Returns at most `limit` visible events before index `from`, newest first, not going below index `to`.
    pub fn page_back(
        &self,
        room: RoomNo,
        user: UserNo,
        from: usize,
        to: usize,
        limit: usize,
        admits: impl Fn(&Event) -> bool,
    ) -> Page {
        let mut page = Page::default();
        let mut index = from;
        while index > to && page.events.len() < limit {
            index -= 1;
            let event = self.event(self.room(room).timeline[index]);
            if admits(event) && self.is_visible(event, user) {
                page.events.push(event.no);
            }
        }
        page.next = (!page.events.is_empty()).then_some(index);
        page
    }

    /// Returns at most `limit` visible events from index `from` on, oldest first, up to index `to`.
    pub fn page_forward(
        &self,
        room: RoomNo,
        user: UserNo,
        from: usize,
        to: usize,
        limit: usize,
        admits: impl Fn(&Event) -> bool,
    ) -> Page {
        let mut page = Page::default();
        let mut index = from;
        while index < to && page.events.len() < limit {
            let event = self.event(self.room(room).timeline[index]);
            if admits(event) && self.is_visible(event, user) {
                page.events.push(event.no);
            }
            index += 1;
        }
        page.next = (!page.events.is_empty()).then_some(index);
        page
    }

    /// Returns the member events, at `pos`, of those who sent `events`: what lazy loading adds.
    pub fn senders_members(&self, room: RoomNo, events: &[EventNo], pos: u64) -> Vec<EventNo> {
        let mut senders: Vec<UserNo> = events.iter().map(|event| self.event(*event).sender).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
            .into_iter()
            .filter_map(|sender| self.room(room).history("m.room.member", self.user_id(sender))?.at(pos))
            .collect()
    }
}
