//! Which rooms a list holds (MSC4186, "List filters"; `spec/v4.md`, "Which rooms a list holds").
//!
//! Invariants: an invite by an ignored user is in no list; rooms that one connection is still owed (a leave of the user's
//! own) are that connection's business.

use ruma::OwnedRoomId;

use super::{DirectChats, IgnoredUsers, RoomIndex, RoomNumber};
use crate::model::{Filters, Known, Membership, RoomEntry};

/// One of the filters of [`Filters`]: what can keep a room out of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `is_dm`
    IsDm,
    /// `is_invited`
    IsInvited,
    /// `is_encrypted`
    IsEncrypted,
    /// `is_unread`
    IsUnread,
    /// `tags`
    Tags,
    /// `not_tags`
    NotTags,
    /// `room_types`
    RoomTypes,
    /// `not_room_types`
    NotRoomTypes,
    /// `spaces`
    Spaces,
}

impl Filter {
    /// Each of them once.
    const ALL: [Filter; 9] = [
        Filter::IsDm,
        Filter::IsInvited,
        Filter::IsEncrypted,
        Filter::IsUnread,
        Filter::Tags,
        Filter::NotTags,
        Filter::RoomTypes,
        Filter::NotRoomTypes,
        Filter::Spaces,
    ];
}

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

    /// Returns the rooms that the list with these filters holds, in the order given.
    pub fn those_that_match(&self, filters: &Filters, rooms: &[RoomNumber]) -> Vec<RoomNumber> {
        let matches = |number: &RoomNumber| self.rooms.get(*number).is_some_and(|entry| self.matches(filters, entry));
        rooms.iter().copied().filter(matches).collect()
    }

    /// Returns whether the filters let the room through, listed or not.
    pub fn matches_filters(&self, filters: &Filters, entry: &RoomEntry) -> bool {
        Filter::ALL.iter().all(|filter| self.passes(*filter, filters, entry))
    }

    /// Returns the filters that keep the room out.
    pub fn refusing(&self, filters: &Filters, entry: &RoomEntry) -> Vec<Filter> {
        Filter::ALL.into_iter().filter(|filter| !self.passes(*filter, filters, entry)).collect()
    }

    /// Returns whether one of the filters lets the room through: an absent one does.
    fn passes(&self, filter: Filter, filters: &Filters, entry: &RoomEntry) -> bool {
        // Nothing but its id is known of such a room: it is counted wherever it may belong, and stands last.
        let unknown = entry.known == Known::Unknown;
        let has_one_of = |tags: &Vec<String>| entry.tags.iter().any(|tag| tags.contains(tag));
        // A room whose create event is not known has no type that could match or be excluded (`spec/synapse.md` §4).
        let is_of = |types: &Vec<Option<String>>| entry.create_known.then(|| types.contains(&entry.room_type));
        match filter {
            Filter::IsDm => filters.is_dm.is_none_or(|wanted| wanted == self.direct.contains(&entry.room_id)),
            Filter::IsInvited => {
                filters.is_invited.is_none_or(|wanted| wanted == (entry.membership == Membership::Invite))
            }
            Filter::IsEncrypted => filters.is_encrypted.is_none_or(|wanted| unknown || entry.encrypted == Some(wanted)),
            Filter::IsUnread => filters.is_unread.is_none_or(|wanted| !unknown && wanted == is_unread(entry)),
            Filter::Tags => filters.tags.as_ref().is_none_or(has_one_of),
            Filter::NotTags => filters.not_tags.as_ref().is_none_or(|tags| !has_one_of(tags)),
            Filter::RoomTypes => unknown || filters.room_types.as_ref().is_none_or(|types| is_of(types) == Some(true)),
            Filter::NotRoomTypes => {
                unknown || filters.not_room_types.as_ref().is_none_or(|types| is_of(types) == Some(false))
            }
            Filter::Spaces => filters.spaces.as_ref().is_none_or(|spaces| self.is_in_one_of(spaces, entry)),
        }
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
