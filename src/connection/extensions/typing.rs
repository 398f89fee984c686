//! Typing (MSC3961, MSC4508): the full list each time, replacing what was there.

use ruma::OwnedUserId;

use crate::cache::AccountCache;
use crate::connection::state::Mark;
use crate::model::{Position, RoomEntry};

/// Returns who types in the room, if that is news to the connection. At first, nobody typing is none.
pub fn of_room(cache: &AccountCache, entry: &RoomEntry, mark: Mark, frontier: Position) -> Option<Vec<OwnedUserId>> {
    let (users, position) = current(cache, entry)?;
    let news = match mark.position(frontier) {
        None => !users.is_empty(),
        Some(upto) => position > upto,
    };
    news.then(|| users.to_vec())
}

/// Returns when the list of those who type in the room last changed.
pub fn changed(cache: &AccountCache, entry: &RoomEntry) -> Position {
    current(cache, entry).map(|(_, position)| position).unwrap_or_default()
}

/// Who types, and since when that is so. What was said before the user left or came tells nothing: nobody says who
/// stops in a room that one is not in.
fn current<'a>(cache: &'a AccountCache, entry: &RoomEntry) -> Option<(&'a [OwnedUserId], Position)> {
    let typing = cache.typing.get(&entry.room_id)?;
    if typing.position < entry.membership_position {
        return Some((&[], entry.membership_position));
    }
    Some((&typing.users, typing.position))
}
