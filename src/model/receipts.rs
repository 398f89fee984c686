//! Receipts and account data: what has no identity but its key, each with the position at which it changed.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{OwnedEventId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Position, RawObject, raw};

/// Receipts of one room: the user's own, and those on events that are held.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReceiptsRecord {
    /// One per user, type and thread.
    pub receipts: Vec<Receipt>,
}

/// One receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose.
    pub user: OwnedUserId,
    /// `m.read`, `m.read.private` or another type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `thread_id`: `None` for an unthreaded receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The event that it points at.
    pub event: OwnedEventId,
    /// The receipt's object as it came: `ts`, `thread_id` and whatever else.
    pub data: Rc<RawValue>,
    /// When it last changed.
    pub position: Position,
}

/// Account data, global or of one room, by type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AccountDataRecord {
    /// By event type.
    pub entries: BTreeMap<String, AccountDataEntry>,
}

impl AccountDataRecord {
    /// Returns the users in `m.ignored_user_list`.
    pub fn ignored_users(&self) -> impl Iterator<Item = OwnedUserId> {
        let list = self.entries.get("m.ignored_user_list");
        let users = list.and_then(|entry| raw::dig(&entry.event, &["content", "ignored_users"]));
        let users = users.and_then(RawObject::read).unwrap_or_default().0.into_iter();
        users.filter_map(|(user, _)| OwnedUserId::try_from(user.as_ref()).ok())
    }
}

/// One account-data event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountDataEntry {
    /// The whole event, `{"type": …, "content": …}`.
    pub event: Rc<RawValue>,
    /// When it last changed.
    pub position: Position,
}
