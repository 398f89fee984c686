//! What the index says of a room, taken from its state.

use ruma::{OwnedMxcUri, RoomId};

use crate::{
    limits,
    model::{Event, RawObject, RoomEntry, raw},
};

/// Takes over what an entry of the (non-member) state means for the index. `event` is `None` where it was removed.
/// Returns whether what a room is called or shown with changed.
pub(super) fn apply(entry: &mut RoomEntry, kind: &str, state_key: &str, event: Option<&Event>) -> bool {
    let content = event.and_then(Event::content);
    apply_content(entry, kind, state_key, content.as_ref(), event.is_some())
}

/// The same for stripped state, which has content only.
pub(super) fn apply_stripped(entry: &mut RoomEntry, kind: &str, state_key: &str, content: &RawObject<'_>) {
    apply_content(entry, kind, state_key, Some(content), true);
}

/// Forgets what state said of the room.
pub(super) fn clear(entry: &mut RoomEntry) {
    entry.name = None;
    entry.avatar = None;
    entry.canonical_alias = None;
    entry.heroes.clear();
    entry.joined_count = None;
    entry.invited_count = None;
    entry.own_summary = false;
    entry.room_type = None;
    entry.create_known = false;
    entry.encrypted = None;
    entry.successor = None;
    entry.space_children.clear();
}

fn apply_content(
    entry: &mut RoomEntry,
    kind: &str,
    state_key: &str,
    content: Option<&RawObject<'_>>,
    there: bool,
) -> bool {
    let text = |name: &str| content.and_then(|content| content.text(name)).filter(|text| !text.is_empty());
    match (kind, state_key) {
        ("m.room.name", "") => replace(&mut entry.name, text("name")),
        ("m.room.avatar", "") => replace(&mut entry.avatar, text("url").map(OwnedMxcUri::from)),
        ("m.room.canonical_alias", "") => replace(&mut entry.canonical_alias, text("alias")),
        ("m.room.create", "") => {
            entry.create_known = there;
            entry.room_type = text("type");
            false
        }
        // Encryption is for good: an emptied or redacted event does not take it back.
        ("m.room.encryption", "") => {
            if there {
                entry.encrypted = Some(true);
            }
            false
        }
        ("m.room.tombstone", "") => {
            entry.successor = text("replacement_room").and_then(|room| RoomId::parse(room).ok());
            false
        }
        ("m.space.child", child) => {
            apply_child(entry, child, content.is_some_and(is_child));
            false
        }
        _ => false,
    }
}

/// Returns a text of an event's content.
pub(super) fn text(event: &Event, name: &str) -> Option<String> {
    event.content()?.text(name)
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}

/// A child is one while its event names servers to join by: `via`, a list that is not empty.
fn is_child(content: &RawObject<'_>) -> bool {
    let via = content.get("via").and_then(raw::array);
    via.is_some_and(|via| !via.is_empty() && via.into_iter().all(|server| raw::string(server).is_some()))
}

fn apply_child(entry: &mut RoomEntry, child: &str, there: bool) {
    let Ok(child) = RoomId::parse(child) else { return };
    let known = entry.space_children.iter().position(|known| *known == child);
    match (known, there) {
        (None, true) if entry.space_children.len() < limits::SPACE_CHILDREN => entry.space_children.push(child),
        (Some(index), false) => {
            entry.space_children.remove(index);
        }
        _ => {}
    }
}
