//! What passes: receipts, which are kept; typing, of which only the latest is; presence, which is not.

use std::{cmp::Reverse, rc::Rc};

use ruma::{EventId, OwnedUserId, UserId};
use rustc_hash::FxHashSet;
use serde_json::value::RawValue;

use super::{
    draft::Draft,
    room::{RoomDraft, Source},
    sync::share,
};
use crate::{
    limits,
    model::{RawObject, Receipt, ReceiptsRecord, Record, RecordKey, order::sorted_by_key, raw},
};

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
/// base knows. What was known from before that is old then.
pub(super) fn apply_base(room: &mut RoomDraft<'_, '_>, events: &[&RawValue]) {
    let mut new = Vec::new();
    let mut typists = None;
    for event in events {
        let Some((kind, content)) = envelope(event) else { continue };
        match kind.as_str() {
            "m.receipt" => new.extend(receipts(room, content)),
            "m.typing" => typists = Some(typing(content)),
            _ => {}
        }
    }
    let room_id = room.id();
    let start = room.draft.chain_start;
    let is_old = room.draft.account.typing.iter().any(|(held, typing)| *held == room_id && typing.position < start);
    let ephemeral = &mut room.draft.ephemeral;
    match typists {
        _ if is_old => ephemeral.typing.push((room_id, typists.unwrap_or_default())),
        Some(typists) => ephemeral.base_typing.push((room_id, typists)),
        None => {}
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

/// Lets a user be offline who is not among those whose presence came.
pub(super) fn go_offline(draft: &mut Draft<'_>, user: &UserId) {
    if draft.ephemeral.presence.iter().any(|(known, _)| known == user) {
        return;
    }
    let sender = serde_json::to_string(user).unwrap_or_default();
    let event = format!(r#"{{"type":"m.presence","sender":{sender},"content":{{"presence":"offline"}}}}"#);
    // A user id is always written as a string, so this is always JSON.
    if let Ok(event) = RawValue::from_string(event) {
        draft.ephemeral.presence.push((user.to_owned(), event.into()));
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

/// Keeps one receipt per user, type and thread: the user's own, those on events that are held, and the latest of those on
/// events that are not: another homeserver's receipt may be here before the event that it is for.
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
        thin_out(room, &mut record);
        room.entry.changed.receipts = room.draft.position;
        room.write(RecordKey::Receipts, Some(Record::Receipts(Rc::new(record))));
    }
}

/// Keeps what a room may keep: the user's own first, and of each kind the newest.
fn thin_out(room: &mut RoomDraft<'_, '_>, record: &mut ReceiptsRecord) {
    let user = room.draft.user_id();
    let held = room.timeline().ids();
    let rank = |receipt: &Receipt| match (receipt.user == user, held.contains(&*receipt.event)) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    let unsure = record.receipts.iter().filter(|receipt| rank(receipt) == 2).count();
    if unsure <= limits::RECEIPTS_AHEAD && record.receipts.len() <= limits::RECEIPTS {
        return;
    }
    let numbered: Vec<_> = record.receipts.iter().enumerate().collect();
    let best_first = sorted_by_key(numbered, |(_, receipt)| (rank(receipt), Reverse(receipt.position)));
    let mut ahead = 0;
    let kept: FxHashSet<usize> = best_first
        .into_iter()
        .take(limits::RECEIPTS)
        .filter(|(_, receipt)| {
            ahead += usize::from(rank(receipt) == 2);
            ahead <= limits::RECEIPTS_AHEAD
        })
        .map(|(number, _)| number)
        .collect();
    let mut number = 0;
    record.receipts.retain(|_| {
        number += 1;
        kept.contains(&(number - 1))
    });
}

fn apply_receipt(room: &mut RoomDraft<'_, '_>, record: &mut ReceiptsRecord, receipt: Receipt, source: Source) -> bool {
    let held = record
        .receipts
        .iter()
        .position(|held| held.user == receipt.user && held.kind == receipt.kind && held.thread == receipt.thread);
    match held.and_then(|index| record.receipts.get_mut(index)) {
        Some(held) if held.event == receipt.event && held.data.get() == receipt.data.get() => false,
        Some(held) if source != Source::Newest && room.draft.is_of_chain(held.position) => false,
        Some(held) => {
            *held = receipt;
            true
        }
        // A base brings receipts from all of a room's history.
        None if source == Source::Newest
            || receipt.user == room.draft.user_id()
            || room.timeline().contains(&receipt.event) =>
        {
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
                if kind == "m.read.private" && user != room.draft.user_id() {
                    // Nobody is to see how far somebody else has read who does not want that.
                    continue;
                }
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
