//! Account data (MSC3959): global events, and those of rooms in scope.

use std::rc::Rc;

use serde_json::value::RawValue;

use crate::connection::{reader::Reader, state::Mark};
use crate::model::{AccountDataRecord, Position, RoomEntry};

/// Returns the events that changed after `upto`; all of them if nothing was sent.
pub fn newer(record: &AccountDataRecord, upto: Option<Position>) -> Vec<Rc<RawValue>> {
    let newer = record.entries.values().filter(|entry| upto.is_none_or(|upto| entry.position > upto));
    newer.map(|entry| Rc::clone(&entry.event)).collect()
}

/// Returns the events of a room that are new to the connection.
pub fn of_room(
    reader: &mut Reader<'_>,
    entry: &RoomEntry,
    mark: Mark,
    frontier: Position,
) -> Option<Vec<Rc<RawValue>>> {
    let upto = mark.position(frontier);
    if entry.changed.account_data <= upto.unwrap_or_default() {
        return Some(Vec::new());
    }
    let record = reader.account_data(&entry.room_id)?;
    Some(record.map(|record| newer(record, upto)).unwrap_or_default())
}
