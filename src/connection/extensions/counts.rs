//! Unread counts on v4, which has none (`sash.counts`, our own).

use crate::connection::{response::Unread, state::Mark};
use crate::model::{Position, RoomEntry};

/// Returns what is unread, where the homeserver told and the connection does not know.
pub fn of_room(entry: &RoomEntry, mark: Mark, frontier: Position) -> Option<Unread> {
    let news = mark.position(frontier).is_none_or(|upto| entry.changed.counts > upto);
    let told = entry.notification_count.is_some() || entry.highlight_count.is_some();
    (news && told).then(|| Unread {
        notification_count: entry.notification_count.unwrap_or(0),
        highlight_count: entry.highlight_count.unwrap_or(0),
        threads: entry.unread_threads.clone(),
    })
}
