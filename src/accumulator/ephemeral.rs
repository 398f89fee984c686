//! What passes: receipts, which are kept; typing, of which only the latest is; presence, which is not.

use std::rc::Rc;

use ruma::{EventId, OwnedUserId, UserId};
use serde_json::value::RawValue;

use super::{
    draft::Draft,
    room::{RoomDraft, Source},
    sync::share,
};
use crate::model::{RawObject, Receipt, ReceiptsRecord, Record, RecordKey, raw};

/// Takes over `ephemeral` of a joined room.
pub(super) fn apply_room(room: &mut RoomDraft<'_, '_>, events: &[&RawValue]) {
    let mut new = Vec::new();
    for event in events {
        let Some((kind, content)) = envelope(event) else {
            let room_id = room.id();
            room.draft.skip(|| format!("{room_id}.ephemeral: not an event"));
            continue;
        };
        match kind.as_str() {
            "m.receipt" => new.extend(receipts(room, content)),
            "m.typing" => {
                let room_id = room.id();
                room.draft.ephemeral.typing.push((room_id, typing(content)));
            }
            _ => {}
        }
    }
    apply_receipts(room, new, Source::Newest);
}

/// Takes over receipts and typing of a base. The chain tells of typing only what changes: who typed when it began, the
/// base knows.
pub(super) fn apply_base(room: &mut RoomDraft<'_, '_>, events: &[&RawValue]) {
    let mut new = Vec::new();
    for event in events {
        let Some((kind, content)) = envelope(event) else { continue };
        match kind.as_str() {
            "m.receipt" => new.extend(receipts(room, content)),
            "m.typing" => {
                let room_id = room.id();
                room.draft.ephemeral.base_typing.push((room_id, typing(content)));
            }
            _ => {}
        }
    }
    apply_receipts(room, new, Source::Base { provisional: false });
}

/// Lets nobody type in the room.
pub(super) fn forget_typing(room: &mut RoomDraft<'_, '_>) {
    let room_id = room.id();
    room.draft.ephemeral.typing.push((room_id, Vec::new()));
}

/// Takes over presence.
pub(super) fn apply_presence(draft: &mut Draft<'_>, events: &[&RawValue]) {
    for (index, event) in events.iter().enumerate() {
        let sender = raw::dig(event, &["sender"]).and_then(raw::string);
        let sender = sender.and_then(|sender| UserId::parse(sender.as_ref()).ok());
        match sender {
            Some(sender) => draft.ephemeral.presence.push((sender, share(event))),
            None => draft.skip(|| format!("presence[{index}]: not an event")),
        }
    }
}

fn envelope(event: &RawValue) -> Option<(String, &RawValue)> {
    let fields = RawObject::read(event)?;
    Some((fields.text("type")?, fields.get("content")?))
}

fn typing(content: &RawValue) -> Vec<OwnedUserId> {
    let users = raw::dig(content, &["user_ids"]).and_then(raw::array).unwrap_or_default();
    users.into_iter().filter_map(|user| UserId::parse(raw::string(user)?.as_ref()).ok()).collect()
}

/// Keeps one receipt per user, type and thread: the user's own, and those on events that are held.
fn apply_receipts(room: &mut RoomDraft<'_, '_>, new: Vec<Receipt>, source: Source) {
    if new.is_empty() {
        return;
    }
    let mut record = (*room.receipts()).clone();
    let mut changed = false;
    for receipt in new {
        changed |= apply_receipt(room, &mut record, receipt, source);
    }
    if changed {
        let user = room.draft.user_id();
        let held = room.timeline().ids();
        record.receipts.retain(|receipt| receipt.user == user || held.contains(&*receipt.event));
        room.entry.changed.receipts = room.draft.position;
        room.write(RecordKey::Receipts, Some(Record::Receipts(Rc::new(record))));
    }
}

fn apply_receipt(room: &mut RoomDraft<'_, '_>, record: &mut ReceiptsRecord, receipt: Receipt, source: Source) -> bool {
    let held = record
        .receipts
        .iter()
        .position(|held| held.user == receipt.user && held.kind == receipt.kind && held.thread == receipt.thread);
    match held.and_then(|index| record.receipts.get_mut(index)) {
        Some(held) if held.event == receipt.event && held.data.get() == receipt.data.get() => false,
        Some(held) if source != Source::Newest && room.draft.is_of_chain(held.position) => false,
        // One that points at an event that is not held still moves the old one away; it is dropped afterwards.
        Some(held) => {
            *held = receipt;
            true
        }
        None if receipt.user == room.draft.user_id() || room.timeline().contains(&receipt.event) => {
            record.receipts.push(receipt);
            true
        }
        None => false,
    }
}

/// Reads `{event: {type: {user: {…}}}}`, entry by entry.
fn receipts(room: &RoomDraft<'_, '_>, content: &RawValue) -> Vec<Receipt> {
    let mut read = Vec::new();
    for (event, kinds) in fields(content) {
        let Ok(event) = EventId::parse(event.as_ref()) else { continue };
        for (kind, users) in fields(kinds) {
            for (user, data) in fields(users) {
                let Ok(user) = UserId::parse(user.as_ref()) else { continue };
                read.push(Receipt {
                    user,
                    kind: kind.clone().into_owned(),
                    thread: thread(data),
                    event: event.clone(),
                    data: share(data),
                    position: room.draft.position,
                });
            }
        }
    }
    read
}

fn fields(raw: &RawValue) -> Vec<(std::borrow::Cow<'_, str>, &RawValue)> {
    RawObject::read(raw).unwrap_or_default().0
}

fn thread(data: &RawValue) -> Option<String> {
    raw::dig(data, &["thread_id"]).and_then(raw::text)
}
