//! Events as they come in: read, and freed of what belongs to one device.

use ruma::{DeviceId, OwnedDeviceId, RoomId, UserId};
use serde_json::value::RawValue;

use super::draft::Draft;
use crate::model::{Event, Membership, RawObject, Timestamp, raw};

/// An event, and the transaction id that the polling device sent it with.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub event: Event,
    pub transaction: Option<(OwnedDeviceId, String)>,
}

/// Reads a list of events. What is no event is passed over and noted.
pub(super) fn events(
    draft: &mut Draft<'_>,
    room: &RoomId,
    place: &str,
    raw: &[&RawValue],
    device: Option<&DeviceId>,
) -> Vec<Incoming> {
    let mut read = Vec::with_capacity(raw.len());
    for (index, raw) in raw.iter().enumerate() {
        match event(raw, draft.now, device) {
            Some(incoming) => read.push(incoming),
            None => draft.skip(|| format!("{room}.{place}[{index}]: not an event")),
        }
    }
    read
}

/// Reads a list of state events.
pub(super) fn state(draft: &mut Draft<'_>, room: &RoomId, raw: &[&RawValue]) -> Vec<Event> {
    let mut read: Vec<Event> =
        events(draft, room, "state", raw, None).into_iter().map(|incoming| incoming.event).collect();
    let all = read.len();
    read.retain(Event::is_state);
    if read.len() < all {
        draft.skip(|| format!("{room}.state: {} without a state key", all - read.len()));
    }
    read
}

fn event(raw: &RawValue, now: Timestamp, device: Option<&DeviceId>) -> Option<Incoming> {
    let mut event = Event::parse(raw, now).ok()?;
    let transaction = take_transaction(&mut event);
    Some(Incoming { event, transaction: device.map(ToOwned::to_owned).zip(transaction) })
}

/// Takes the transaction id out of `unsigned`: other devices must not see it.
fn take_transaction(event: &mut Event) -> Option<String> {
    const NAMES: [&str; 2] = ["transaction_id", "txn_id"];
    let unsigned = event.unsigned.clone()?;
    // Nearly no event has one, and looking for the name is cheaper than reading the object.
    if !NAMES.iter().any(|name| unsigned.get().contains(name)) {
        return None;
    }
    let fields = RawObject::read(&unsigned)?;
    let transaction = fields.text("transaction_id");
    event.unsigned = fields.write(|key| !NAMES.contains(&key)).ok().map(Into::into);
    transaction
}

/// Returns whether `events` hold the room's create event.
pub(super) fn has_create<'a>(mut events: impl Iterator<Item = &'a Event>) -> bool {
    events.any(|event| event.kind() == "m.room.create" && event.header.state_key.as_deref() == Some(""))
}

/// Returns whether this is the member event of `user`.
pub(super) fn is_member_of(event: &Event, user: &UserId) -> bool {
    event.kind() == "m.room.member" && event.header.state_key.as_deref() == Some(user.as_str())
}

/// Returns whether `user` enters the room by this event.
pub(super) fn begins_stay(event: &Event, user: &UserId) -> bool {
    is_member_of(event, user)
        && event.header.membership == Some(Membership::Join)
        && previous_membership(event) != Some(Membership::Join)
}

/// Returns whether a state event took the place of another, where the homeserver says (`unsigned.prev_content`).
pub(super) fn replaces_state(event: &Event) -> bool {
    event.unsigned.as_ref().is_some_and(|unsigned| raw::dig(unsigned, &["prev_content"]).is_some())
}

/// Returns the membership before this member event, where the homeserver says (`unsigned.prev_content`).
pub(super) fn previous_membership(event: &Event) -> Option<Membership> {
    let membership = raw::dig(event.unsigned.as_ref()?, &["prev_content", "membership"])?;
    Membership::parse(&raw::string(membership)?)
}
