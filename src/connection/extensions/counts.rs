//! Unread counts on v4, which has none (`sash.counts`, our own).

use crate::connection::state::Mark;
use crate::model::{Position, RoomEntry};

/// Returns notifications and highlights, where the homeserver told and the connection does not know.
pub fn of_room(entry: &RoomEntry, mark: Mark, frontier: Position) -> Option<(u64, u64)> {
    let news = mark.position(frontier).is_none_or(|upto| entry.changed.counts > upto);
    let told = entry.notification_count.is_some() || entry.highlight_count.is_some();
    (news && told).then(|| (entry.notification_count.unwrap_or(0), entry.highlight_count.unwrap_or(0)))
}
