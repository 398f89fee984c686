//! What global account data means: direct chats and ignored users.

use std::collections::BTreeMap;

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::AccountDataRecord;

/// The rooms in `m.direct`.
#[derive(Debug, Default)]
pub struct DirectChats(FxHashSet<OwnedRoomId>);

impl DirectChats {
    /// Reads `m.direct`, entry by entry: one that is no room id is passed over.
    pub fn from_account_data(account_data: &AccountDataRecord) -> DirectChats {
        let by_user: BTreeMap<String, Vec<String>> = lenient_map(content(account_data, "m.direct"));
        DirectChats(by_user.into_values().flatten().filter_map(|room| OwnedRoomId::try_from(room).ok()).collect())
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
        #[derive(Deserialize)]
        struct Content<'a> {
            #[serde(borrow)]
            ignored_users: &'a RawValue,
        }
        let content: Option<Content<'_>> =
            content(account_data, "m.ignored_user_list").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let users: BTreeMap<String, Box<RawValue>> = lenient_map(content.map(|content| content.ignored_users));
        IgnoredUsers(users.into_keys().filter_map(|user| OwnedUserId::try_from(user).ok()).collect())
    }

    /// Returns whether the user is ignored.
    pub fn contains(&self, user: &UserId) -> bool {
        self.0.contains(user)
    }
}

/// Reads the rooms that Element shows as recently viewed.
pub(super) fn breadcrumbs(account_data: &AccountDataRecord) -> Vec<OwnedRoomId> {
    #[derive(Deserialize)]
    struct Content {
        recent_rooms: Vec<String>,
    }
    let content: Option<Content> =
        content(account_data, "im.vector.setting.breadcrumbs").and_then(|raw| serde_json::from_str(raw.get()).ok());
    content.map_or_else(Vec::new, |content| {
        content.recent_rooms.into_iter().filter_map(|room| OwnedRoomId::try_from(room).ok()).collect()
    })
}

fn content<'a>(account_data: &'a AccountDataRecord, kind: &str) -> Option<&'a RawValue> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        content: &'a RawValue,
    }
    let entry = account_data.entries.get(kind)?;
    serde_json::from_str::<Envelope<'a>>(entry.event.get()).ok().map(|envelope| envelope.content)
}

/// Reads a map whose values that are no `T` are passed over.
fn lenient_map<T: serde::de::DeserializeOwned>(raw: Option<&RawValue>) -> BTreeMap<String, T> {
    let entries: BTreeMap<String, Box<RawValue>> =
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    entries.into_iter().filter_map(|(key, value)| Some((key, serde_json::from_str(value.get()).ok()?))).collect()
}
