//! Receipts (MSC3960): those on the events of the timeline with the room, then what changes.

use ruma::{OwnedEventId, UserId};
use rustc_hash::FxHashSet;

use crate::connection::{reader::Reader, state::Mark};
use crate::model::{Position, Receipt, RoomEntry};

/// Returns the receipts of a room that are new to the connection. `shown`: the events of a timeline that the client gets
/// anew, whose receipts all belong to it, with the user's own wherever they point.
pub fn of_room(
    reader: &mut Reader<'_>,
    user: &UserId,
    entry: &RoomEntry,
    mark: Mark,
    frontier: Position,
    shown: Option<&FxHashSet<OwnedEventId>>,
) -> Option<Vec<Receipt>> {
    let upto = mark.position(frontier);
    if entry.changed.receipts <= upto.unwrap_or_default() && shown.is_none() {
        return Some(Vec::new());
    }
    let Some(record) = reader.receipts(&entry.room_id)? else { return Some(Vec::new()) };
    let wanted = |receipt: &&Receipt| {
        let changed = upto.is_some_and(|upto| receipt.position > upto);
        changed || shown.is_some_and(|shown| receipt.user == user || shown.contains(&receipt.event))
    };
    Some(record.receipts.iter().filter(wanted).cloned().collect())
}
