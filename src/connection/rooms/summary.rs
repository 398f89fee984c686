//! Name, avatar, heroes and counts of a room in one answer.

use super::{RoomContext, RoomTask};
use crate::connection::{reader::Reader, request::Wire, response::RoomResult};
use crate::model::Position;

/// Fills in what is to be said. `upto`: how far the room was sent, `None` for all anew.
pub fn fill<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
    result: &mut RoomResult,
) -> Option<()> {
    let entry = task.entry;
    let Some(upto) = upto else {
        result.name = entry.name.clone().map(Some);
        result.avatar = entry.avatar.clone().map(Some);
        result.heroes = heroes(task);
        result.joined_count = entry.joined_count;
        result.invited_count = entry.invited_count;
        return counts(context, task, true, result);
    };
    counts(context, task, entry.changed.counts > upto, result);
    if entry.changed.member_counts > upto {
        result.joined_count = entry.joined_count;
        result.invited_count = entry.invited_count;
    }
    if entry.changed.heroes > upto {
        result.heroes = heroes(task);
    }
    if entry.changed.state <= upto {
        return Some(());
    }
    let state = reader.state(entry)?;
    let changed = |event_type: &str| state.entry(event_type, "").is_some_and(|entry| entry.position > upto);
    // The unstable wire cannot say that a name was removed: its clients read the state event.
    let tells_removal = context.wire == Wire::V4;
    if changed("m.room.name") {
        result.name = Some(entry.name.clone()).filter(|name| name.is_some() || tells_removal);
        // They were not told while the room had a name.
        result.heroes = heroes(task);
    }
    if changed("m.room.avatar") {
        result.avatar = Some(entry.avatar.clone());
    }
    Some(())
}

fn heroes(task: &RoomTask<'_>) -> Option<Vec<crate::model::Hero>> {
    let unnamed = task.entry.name.is_none() && !task.entry.heroes.is_empty();
    unnamed.then(|| task.entry.heroes.clone())
}

/// Unread counts are part of a room on the unstable wire only; on v4 they are an extension.
fn counts(context: &RoomContext<'_>, task: &RoomTask<'_>, changed: bool, result: &mut RoomResult) -> Option<()> {
    if changed && context.wire == Wire::Simplified {
        // Its clients know no threads apart: they get the sum.
        (result.notification_count, result.highlight_count) = task.entry.unread();
    }
    Some(())
}
