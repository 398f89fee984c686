//! Which rooms a list holds (MSC4186, "List filters"; `spec/v4.md`, "Which rooms a list holds").
//!
//! Invariants: an invite by an ignored user is in no list; rooms that one connection is still owed (a leave of the user's
//! own) are that connection's business.

use ruma::OwnedRoomId;

use super::{DirectChats, IgnoredUsers, RoomIndex};
use crate::model::{Filters, Known, Membership, RoomEntry};

/// What matching a room takes.
pub(super) struct Matching<'a> {
    pub rooms: &'a RoomIndex,
    pub direct: &'a DirectChats,
    pub ignored: &'a IgnoredUsers,
}

impl Matching<'_> {
    /// Returns whether the list with these filters holds the room.
    pub fn matches(&self, filters: &Filters, entry: &RoomEntry) -> bool {
        is_listed(entry) && !self.ignored.hide(entry) && self.matches_filters(filters, entry)
    }

    /// Returns whether the filters let the room through, listed or not.
    pub fn matches_filters(&self, filters: &Filters, entry: &RoomEntry) -> bool {
        // Nothing but its id is known of such a room: it is counted wherever it may belong, and stands last.
        let unknown = entry.known == Known::Unknown;
        let is_dm = self.direct.contains(&entry.room_id);
        let invited = entry.membership == Membership::Invite;
        filters.is_dm.is_none_or(|wanted| wanted == is_dm)
            && filters.is_invited.is_none_or(|wanted| wanted == invited)
            && filters.is_encrypted.is_none_or(|wanted| unknown || entry.encrypted == Some(wanted))
            && filters.is_unread.is_none_or(|wanted| !unknown && wanted == is_unread(entry))
            && filters.tags.as_ref().is_none_or(|tags| entry.tags.iter().any(|tag| tags.contains(tag)))
            && filters.not_tags.as_ref().is_none_or(|tags| !entry.tags.iter().any(|tag| tags.contains(tag)))
            && (unknown || matches_types(filters, entry))
            && filters.spaces.as_ref().is_none_or(|spaces| self.is_in_one_of(spaces, entry))
    }

    fn is_in_one_of(&self, spaces: &[OwnedRoomId], entry: &RoomEntry) -> bool {
        spaces
            .iter()
            .filter_map(|space| self.rooms.entry(space))
            .filter(|space| space.membership == Membership::Join)
            .any(|space| space.space_children.contains(&entry.room_id))
    }
}

/// Returns whether any list holds the room: joined, invited, knocked; kicked and banned only if ever joined.
pub(super) fn is_listed(entry: &RoomEntry) -> bool {
    match entry.membership {
        Membership::Join | Membership::Invite | Membership::Knock => true,
        Membership::Leave => entry.by_other && entry.ever_joined,
        Membership::Ban => entry.ever_joined,
    }
}

fn is_unread(entry: &RoomEntry) -> bool {
    let (notifications, highlights) = entry.unread();
    notifications.unwrap_or(0) > 0 || highlights.unwrap_or(0) > 0 || entry.membership == Membership::Invite
}

/// A room whose create event is not known has no type that could match or be excluded (`spec/synapse.md` §4).
fn matches_types(filters: &Filters, entry: &RoomEntry) -> bool {
    if filters.room_types.is_none() && filters.not_room_types.is_none() {
        return true;
    }
    entry.create_known
        && filters.room_types.as_ref().is_none_or(|types| types.contains(&entry.room_type))
        && filters.not_room_types.as_ref().is_none_or(|types| !types.contains(&entry.room_type))
}
