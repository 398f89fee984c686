//! Rooms that the user is outside of: invites, knocks, and those that were rejected (MSC4186,
//! "Invite/knock/rejections"). They carry stripped state and nothing of the room itself.

use super::{RoomContext, RoomTask};
use crate::connection::{
    reader::Reader,
    request::Wire,
    response::{RoomResult, StateItem},
};
use crate::model::{Membership, Position, RoomEntry};

/// Returns whether the user is shown only stripped state.
pub fn is_outside(entry: &RoomEntry) -> bool {
    match entry.membership {
        Membership::Invite | Membership::Knock => true,
        Membership::Leave | Membership::Ban => !entry.ever_joined,
        Membership::Join => false,
    }
}

/// Returns what is said of such a room; `None` inside where nothing is new.
pub fn compute<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
) -> Option<Option<RoomResult>> {
    let entry = task.entry;
    let stripped = reader.stripped(&entry.room_id)?;
    let membership_changed = task.sent.is_none_or(|sent| sent.membership != entry.membership)
        || upto.is_none_or(|upto| entry.membership_position > upto);
    let changed =
        membership_changed || upto.is_none_or(|upto| stripped.is_some_and(|stripped| stripped.position > upto));
    // On the unstable wire nothing but `invite_state` says that the user is not in the room: a result without it would
    // make the client believe that the invite was accepted (`spec/clients.md` §1).
    let is_repeated =
        context.wire == Wire::Simplified && task.sent.is_some_and(|sent| sent.is_dm != context.cache.is_dm(entry));
    if !(changed || is_repeated) {
        return Some(None);
    }
    let mut result = RoomResult {
        stripped_state: Some(stripped.map(|stripped| stripped.events.clone()).unwrap_or_default()),
        ..RoomResult::default()
    };
    if rejected(entry) && context.wire == Wire::Simplified {
        result.required_state.extend(own_membership(context, reader, task)?);
    }
    Some(Some(result))
}

/// Returns the event that took the user out, if it is wanted: on the unstable wire a client believes itself joined to
/// every room without `invite_state` until its own membership says otherwise (`spec/clients.md` §1).
fn own_membership<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
) -> Option<Option<StateItem>> {
    let user = &context.cache.user_id;
    let wanted = task.config.wanted.matches("m.room.member", user.as_str()) || task.config.wanted.lazy_members;
    if !wanted {
        return Some(None);
    }
    let members = reader.members_of(task.entry, std::iter::once(user.as_str()))?;
    let event = members.member(user).and_then(|entry| entry.event.as_ref());
    Some(event.map(|event| StateItem::Event(context.audience.state_event(event))))
}

fn rejected(entry: &RoomEntry) -> bool {
    matches!(entry.membership, Membership::Leave | Membership::Ban)
}
