//! Account data: by type, the last one counts.

use std::rc::Rc;

use ruma::OwnedUserId;
use serde_json::value::RawValue;

use super::{
    draft::Draft,
    room::{RoomDraft, Source},
    sync::share,
};
use crate::{
    limits,
    model::{AccountDataEntry, AccountDataRecord, Bootstrap, Position, RawObject, Record, RecordKey, raw},
};

/// Takes over global account data.
pub(super) fn apply_global(draft: &mut Draft<'_>, events: &[&RawValue]) {
    let mut record = draft.view.account_data().clone();
    let position = draft.position;
    let changed = apply(&mut record, events, position, |_| true, |note| draft.skip(|| format!("account_data{note}")));
    if changed.iter().any(|kind| kind == "m.ignored_user_list") {
        ignore(draft, &record);
    }
    if !changed.is_empty() {
        draft.write(RecordKey::AccountData, Some(Record::AccountData(Rc::new(record))));
        draft.account_data = changed;
    }
}

/// Takes over whom the user ignores. What the homeserver left out while somebody was ignored, it tells in no other way than
/// by the whole: invites, and events in the middle of what is held.
fn ignore(draft: &mut Draft<'_>, record: &AccountDataRecord) {
    let now: Vec<OwnedUserId> = record.ignored_users().collect();
    let before = std::mem::replace(&mut draft.ignored, now);
    let account = &mut draft.account;
    account.unignored.retain(|user| !draft.ignored.contains(user));
    for user in before {
        if !draft.ignored.contains(&user) && !account.unignored.contains(&user) {
            account.unignored.push(user);
        }
    }
    let surplus = account.unignored.len().saturating_sub(limits::UNIGNORED_USERS);
    account.unignored.drain(..surplus);
    if account.bootstrap == Bootstrap::Complete && !account.unignored.is_empty() {
        account.bootstrap = Bootstrap::Whole { failures: 0 };
    }
}

/// Takes over a room's account data, its tags among it.
pub(super) fn apply_room(room: &mut RoomDraft<'_, '_>, events: &[&RawValue], source: Source) {
    if events.is_empty() {
        return;
    }
    let mut record = (*room.account_data()).clone();
    let draft = &mut *room.draft;
    let position = draft.position;
    let room_id = room.entry.room_id.clone();
    let is_of_chain = draft.chain();
    let may_replace = |held: &AccountDataEntry| source == Source::Newest || !is_of_chain(held.position);
    let changed = apply(&mut record, events, position, may_replace, |note| {
        draft.skip(|| format!("{room_id}.account_data{note}"));
    });
    if changed.is_empty() {
        return;
    }
    if changed.iter().any(|kind| kind == "m.tag") {
        room.entry.tags = tags(&record);
    }
    room.entry.changed.account_data = position;
    room.write(RecordKey::RoomAccountData, Some(Record::AccountData(Rc::new(record))));
}

/// Returns the types that changed. The same content again is no change.
fn apply(
    record: &mut AccountDataRecord,
    events: &[&RawValue],
    position: Position,
    may_replace: impl Fn(&AccountDataEntry) -> bool,
    mut skip: impl FnMut(String),
) -> Vec<String> {
    let mut changed: Vec<String> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let Some(kind) = raw::dig(event, &["type"]).and_then(raw::text) else {
            skip(format!("[{index}]: not an event"));
            continue;
        };
        let held = record.entries.get(&kind);
        if held.is_some_and(|held| held.event.get() == event.get() || !may_replace(held)) {
            continue;
        }
        record.entries.insert(kind.clone(), AccountDataEntry { event: share(event), position });
        if !changed.contains(&kind) {
            changed.push(kind);
        }
    }
    changed
}

fn tags(record: &AccountDataRecord) -> Vec<String> {
    let tags = record.entries.get("m.tag").and_then(|entry| raw::dig(&entry.event, &["content", "tags"]));
    let tags = tags.and_then(RawObject::read).unwrap_or_default();
    tags.0.into_iter().take(limits::ROOM_TAGS).map(|(tag, _)| tag.into_owned()).collect()
}
