//! Unread counts and `/notifications`, computed from the timeline behind the user's receipt.

use super::{Event, EventNo, Membership, Room, UserNo, World};

/// Counts as in `unread_notifications`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    pub notifications: u64,
    pub highlights: u64,
}

/// Beyond this a count is only "many".
const COUNTED: usize = 1_000;

impl World {
    /// Counts what `user` has not read: what came after the own receipt, the own last message or the own join.
    pub fn unread(&self, room: &Room, user: UserNo) -> Unread {
        let id = self.user_id(user);
        let read = room
            .receipts
            .iter()
            .filter(|receipt| receipt.user == user)
            .map(|receipt| self.event(receipt.event).pos)
            .max()
            .unwrap_or(0);
        let mut unread = Unread::default();
        for no in room.timeline.iter().rev().take(COUNTED) {
            let event = self.event(*no);
            let own_join = &*event.kind == "m.room.member" && event.state_key.as_ref() == Some(id);
            if event.pos <= read || event.sender == user || own_join {
                break;
            }
            if self.notifies(event) {
                unread.notifications += 1;
                unread.highlights += u64::from(self.highlights(event, user));
            }
        }
        unread
    }

    /// Tells whether the default push rules notify: messages, but neither notices nor edits.
    fn notifies(&self, event: &Event) -> bool {
        let content = event.content.get();
        match &*event.kind {
            "m.room.message" => {
                event.redacted_by().is_none() && !content.contains("\"m.notice\"") && !content.contains("\"m.replace\"")
            }
            "m.room.encrypted" => event.redacted_by().is_none(),
            _ => false,
        }
    }

    pub fn highlights(&self, event: &Event, user: UserNo) -> bool {
        if &*event.kind != "m.room.message" {
            return false;
        }
        let user = self.user(user);
        let Some(body) = event.content_str("body") else { return false };
        let body = body.to_lowercase();
        let named = |name: &str| {
            body.match_indices(name).any(|(at, _)| {
                let before = body[..at].chars().next_back();
                let after = body[at + name.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
            })
        };
        let name = user.displayname.as_deref().map(str::to_lowercase).filter(|name| !name.is_empty());
        named(user.localpart()) || name.is_some_and(|name| named(&name)) || body.contains("@room")
    }

    /// Returns the newest events that notify `user`, older than event `before`, and whether each was read.
    pub fn notifications(
        &self,
        user: UserNo,
        before: Option<EventNo>,
        limit: usize,
        only_highlights: bool,
    ) -> Vec<(EventNo, bool)> {
        let end = before.map_or(self.events.len(), |before| before as usize).min(self.events.len());
        let mut found = Vec::new();
        for event in self.events[..end].iter().rev() {
            if found.len() == limit {
                break;
            }
            let joined =
                self.user(user).rooms.get(&event.room).is_some_and(|entry| entry.membership == Membership::Join);
            if joined
                && event.sender != user
                && self.notifies(event)
                && (!only_highlights || self.highlights(event, user))
                && self.is_visible(event, user)
            {
                let receipts = self.room(event.room).receipts.iter().filter(|receipt| receipt.user == user);
                let read = receipts.map(|receipt| self.event(receipt.event).pos).max().unwrap_or(0);
                found.push((event.no, event.pos <= read));
            }
        }
        found
    }
}
