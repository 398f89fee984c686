//! Stripped state: what somebody outside a room is shown of it.

use ruma::{OwnedUserId, UserId};
use serde_json::value::RawValue;

use super::{facts, incoming, membership::Own, room::RoomDraft};
use crate::model::{Event, Membership, RawObject, Record, RecordKey, StrippedRecord, Timestamp};

/// Stripped state events, read.
pub(super) struct Stripped<'a> {
    events: Vec<StrippedEvent<'a>>,
}

struct StrippedEvent<'a> {
    kind: String,
    state_key: String,
    sender: String,
    content: RawObject<'a>,
    sent: Option<Timestamp>,
    /// The four fields that stripped state has, whatever else came.
    json: Box<RawValue>,
}

/// Reads stripped state. What is none is passed over and noted.
pub(super) fn read<'a>(room: &mut RoomDraft<'_, '_>, raw: &[&'a RawValue]) -> Stripped<'a> {
    let mut events = Vec::with_capacity(raw.len());
    for (index, raw) in raw.iter().enumerate() {
        match event(raw) {
            Some(event) => events.push(event),
            None => {
                let room_id = room.id();
                room.draft.skip(|| format!("{room_id}.stripped[{index}]: not a state event"));
            }
        }
    }
    Stripped { events }
}

impl Stripped<'_> {
    /// Returns what the user's own member event says.
    pub fn own(&self, user: &UserId) -> Option<Own> {
        let own = self.own_event(user)?;
        let membership = own.content.text("membership");
        Some(Own {
            membership: membership.as_deref().and_then(Membership::parse),
            by_other: own.sender != user.as_str(),
            was_joined: false,
        })
    }

    /// Returns who sent the user's own member event.
    pub fn sender(&self, user: &UserId) -> Option<OwnedUserId> {
        UserId::parse(self.own_event(user)?.sender.as_str()).ok()
    }

    /// Returns when the user's own member event was sent, where the homeserver says.
    pub fn sent(&self, user: &UserId) -> Option<Timestamp> {
        self.own_event(user)?.sent
    }

    fn own_event(&self, user: &UserId) -> Option<&StrippedEvent<'_>> {
        self.events.iter().rfind(|event| event.kind == "m.room.member" && event.state_key == user.as_str())
    }
}

/// Replaces the room's stripped state and what the index knows by it; returns whether it differs.
pub(super) fn replace(room: &mut RoomDraft<'_, '_>, stripped: &Stripped<'_>) -> bool {
    let held = room.stripped();
    let same = held.events.len() == stripped.events.len()
        && held.events.iter().zip(&stripped.events).all(|(held, new)| held.get() == new.json.get());
    let was_outside = room.before.as_ref().is_some_and(|before| before.membership == room.entry.membership);
    if same && was_outside {
        return false;
    }
    apply_facts(room, &stripped.events);
    room.entry.changed.state = room.draft.position;
    put(room, stripped.events.iter().map(|event| (*event.json).to_owned().into()).collect());
    true
}

/// Lets the index say of the room again what its stripped state says.
pub(super) fn restore_facts(room: &mut RoomDraft<'_, '_>) {
    let held = room.stripped();
    let events: Vec<_> = held.events.iter().filter_map(|raw| event(raw)).collect();
    apply_facts(room, &events);
}

fn apply_facts(room: &mut RoomDraft<'_, '_>, events: &[StrippedEvent<'_>]) {
    facts::clear(&mut room.entry);
    for event in events {
        facts::apply_stripped(&mut room.entry, &event.kind, &event.state_key, &event.content);
    }
    // The create event comes with the whole stripped state, so that no word of encryption means none. Without it nobody
    // can tell (`spec/synapse.md` §4).
    if room.entry.create_known && room.entry.encrypted.is_none() {
        room.entry.encrypted = Some(false);
    }
}

/// Puts the own member event that ended an invite or a knock in the place of the one that began it: rejected invites are
/// shown by their stripped state (MSC4186).
pub(super) fn replace_own<'a>(room: &mut RoomDraft<'_, '_>, mut events: impl DoubleEndedIterator<Item = &'a Event>) {
    let user = room.draft.user_id();
    let own = events.rfind(|event| incoming::is_member_of(event, user));
    let Some(own) = own.and_then(|own| event(&own.body)) else { return };
    let held = room.stripped();
    let is_own = |raw: &RawValue| {
        event(raw).is_some_and(|event| event.kind == "m.room.member" && event.state_key == user.as_str())
    };
    let mut events: Vec<_> = held.events.iter().filter(|raw| !is_own(raw)).cloned().collect();
    events.push(own.json.into());
    put(room, events);
}

fn put(room: &mut RoomDraft<'_, '_>, events: Vec<std::rc::Rc<RawValue>>) {
    let record = StrippedRecord { events, position: room.draft.position };
    room.write(RecordKey::Stripped, Some(Record::Stripped(record.into())));
}

fn event(raw: &RawValue) -> Option<StrippedEvent<'_>> {
    let fields = RawObject::read(raw)?;
    Some(StrippedEvent {
        kind: fields.text("type")?,
        state_key: fields.text("state_key")?,
        sender: fields.text("sender")?,
        content: RawObject::read(fields.get("content")?)?,
        sent: fields.get("origin_server_ts").and_then(|sent| sent.get().parse().ok()).map(Timestamp),
        json: fields.write(|key| matches!(key, "type" | "state_key" | "sender" | "content")).ok()?,
    })
}
