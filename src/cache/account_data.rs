//! What global account data means: direct chats and ignored users.

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use rustc_hash::FxHashSet;
use serde_json::value::RawValue;

use crate::model::{AccountDataRecord, Membership, RawObject, RoomEntry, raw};

/// The rooms in `m.direct`.
#[derive(Debug, Default)]
pub struct DirectChats(FxHashSet<OwnedRoomId>);

impl DirectChats {
    /// Reads `m.direct`, entry by entry: one that is no room id is passed over.
    pub fn from_account_data(account_data: &AccountDataRecord) -> DirectChats {
        let by_user = content(account_data, "m.direct", &[]).and_then(RawObject::read).unwrap_or_default();
        DirectChats(by_user.0.into_iter().flat_map(|(_, rooms)| room_ids(rooms)).collect())
    }

    /// Returns whether the room is a direct chat.
    pub fn contains(&self, room: &RoomId) -> bool {
        self.0.contains(room)
    }

    /// Returns the rooms that only one of the two has.
    pub(super) fn difference<'a>(&'a self, other: &'a DirectChats) -> impl Iterator<Item = &'a OwnedRoomId> {
        self.0.symmetric_difference(&other.0)
    }

    /// Returns all direct chats.
    pub fn iter(&self) -> impl Iterator<Item = &OwnedRoomId> {
        self.0.iter()
    }
}

/// The users in `m.ignored_user_list`.
#[derive(Debug, Default)]
pub struct IgnoredUsers(FxHashSet<OwnedUserId>);

impl IgnoredUsers {
    /// Reads `m.ignored_user_list`.
    pub fn from_account_data(account_data: &AccountDataRecord) -> IgnoredUsers {
        IgnoredUsers(account_data.ignored_users().collect())
    }

    /// Returns whether the user is ignored.
    pub fn contains(&self, user: &UserId) -> bool {
        self.0.contains(user)
    }

    /// Returns whether the room is an invite by one of them, which is not shown at all.
    pub fn hide(&self, entry: &RoomEntry) -> bool {
        entry.membership == Membership::Invite && entry.inviter.as_ref().is_some_and(|inviter| self.contains(inviter))
    }
}

/// Reads the rooms that Element shows as recently viewed.
pub(super) fn breadcrumbs(account_data: &AccountDataRecord) -> Vec<OwnedRoomId> {
    content(account_data, "im.vector.setting.breadcrumbs", &["recent_rooms"]).map(room_ids).unwrap_or_default()
}

/// Returns what stands at a path in the content of an account-data event.
fn content<'a>(account_data: &'a AccountDataRecord, kind: &str, path: &[&str]) -> Option<&'a RawValue> {
    raw::dig(raw::dig(&account_data.entries.get(kind)?.event, &["content"])?, path)
}

fn room_ids(list: &RawValue) -> Vec<OwnedRoomId> {
    let rooms = raw::array(list).unwrap_or_default().into_iter().filter_map(raw::string);
    rooms.filter_map(|room| OwnedRoomId::try_from(room.as_ref()).ok()).collect()
}
