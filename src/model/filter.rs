//! List filters: with the order, they are what makes one list differ from another, so they key the shared lists.

use ruma::OwnedRoomId;

use super::order::sorted_set;

/// Which rooms a list holds (MSC4186, "List filters"). An absent field lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filters {
    /// In `m.direct`, or not.
    pub is_dm: Option<bool>,
    /// Encrypted, or not. A room of which it is not known matches neither.
    pub is_encrypted: Option<bool>,
    /// Invited to, or not.
    pub is_invited: Option<bool>,
    /// Child of one of these spaces that the user is joined to. Sorted, so that equal filters are equal.
    pub spaces: Option<Vec<OwnedRoomId>>,
    /// One of these types; `None` is a room without a type.
    pub room_types: Option<Vec<Option<String>>>,
    /// None of these types: wins over `room_types`.
    pub not_room_types: Option<Vec<Option<String>>>,
    /// With one of these tags.
    pub tags: Option<Vec<String>>,
    /// With none of these tags: wins over `tags`.
    pub not_tags: Option<Vec<String>>,
    /// With unread notifications, or without: our own extension (`sash.unread`), since v2 gives the counts.
    pub is_unread: Option<bool>,
}

impl Filters {
    /// Sorts the sets, so that filters that mean the same are the same.
    pub fn normalised(mut self) -> Filters {
        self.spaces = self.spaces.map(sorted_set);
        self.room_types = self.room_types.map(sorted_set);
        self.not_room_types = self.not_room_types.map(sorted_set);
        self.tags = self.tags.map(sorted_set);
        self.not_tags = self.not_tags.map(sorted_set);
        self
    }
}
