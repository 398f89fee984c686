//! Typing (MSC3961, MSC4508): the full list each time, replacing what was there.

use ruma::{OwnedUserId, RoomId};

use crate::cache::AccountCache;
use crate::connection::state::Mark;
use crate::model::{Position, RoomEntry};

/// Returns who types in the room, if that is news to the connection. At first, nobody typing is none.
pub fn of_room(cache: &AccountCache, entry: &RoomEntry, mark: Mark, frontier: Position) -> Option<Vec<OwnedUserId>> {
    let typing = cache.typing.get(&entry.room_id)?;
    let news = match mark.position(frontier) {
        None => !typing.users.is_empty(),
        Some(upto) => typing.position > upto,
    };
    news.then(|| typing.users.clone())
}

/// Returns when the list of those who type in the room last changed.
pub fn changed(cache: &AccountCache, room: &RoomId) -> Position {
    cache.typing.get(room).map(|typing| typing.position).unwrap_or_default()
}
