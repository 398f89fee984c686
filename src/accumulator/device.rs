//! What belongs to one device: `since`, to-device messages, device lists, key counts.

use std::rc::Rc;

use ruma::{DeviceId, OwnedUserId};
use serde_json::value::RawValue;

use super::{draft::Draft, sync::share};
use crate::model::{
    AccountView, Commit, DeviceListChange, DeviceListsRecord, DeviceRecord, Record, RecordKey, Step, Timestamp,
    ToDeviceRecord, order::in_order, v2::SyncResponse,
};

/// Moves a device's chain on to `next_batch`, with what the response brought for the device. Returns whether the chain
/// begins with it.
pub(super) fn advance(
    draft: &mut Draft<'_>,
    device_id: &DeviceId,
    response: &SyncResponse<'_>,
    next_batch: &str,
    is_author: bool,
) -> bool {
    let held = draft.view.device(device_id).cloned();
    let mut device = held.unwrap_or_else(|| DeviceRecord::new(device_id.to_owned(), 0));
    let is_first = device.since.is_none();
    device.since = Some(next_batch.to_owned());
    device.note_token(draft.position, next_batch);
    if is_first {
        device.first_since.clone_from(&device.since);
        device.first_position = draft.position;
        if is_author {
            draft.chain_start = draft.position;
        }
    }
    queue_to_device(draft, &mut device, &response.to_device);
    let lists = (&response.device_lists_changed, &response.device_lists_left);
    change_device_lists(draft, device_id, lists.0, lists.1);
    count_keys(draft, &mut device, response);
    draft.devices.push(device);
    is_first
}

fn queue_to_device(draft: &mut Draft<'_>, device: &mut DeviceRecord, events: &[&RawValue]) {
    let messages: Vec<Rc<RawValue>> =
        events.iter().filter(|event| event.get().starts_with('{')).map(|event| share(event)).collect();
    if messages.len() < events.len() {
        draft.skip(|| format!("to_device: {} no objects", events.len() - messages.len()));
    }
    if messages.is_empty() {
        return;
    }
    let first = device.to_device_next;
    device.to_device_next = first.saturating_add(u64::try_from(messages.len()).unwrap_or(0));
    let record = ToDeviceRecord { first, position: draft.position, messages };
    draft.write(RecordKey::ToDevice(device.device_id.clone(), first), Some(Record::ToDevice(Rc::new(record))));
    draft.strict = true;
    draft.device_changed(&device.device_id);
}

fn change_device_lists(draft: &mut Draft<'_>, device: &DeviceId, changed: &[OwnedUserId], left: &[OwnedUserId]) {
    if changed.is_empty() && left.is_empty() {
        return;
    }
    let mut record: DeviceListsRecord = draft.view.device_lists(device).cloned().unwrap_or_default();
    let position = draft.position;
    for user in changed {
        record.users.insert(user.clone(), DeviceListChange { position, left: false });
    }
    // Somebody in both has left: asking for keys that nobody gives costs less than trusting a list that nobody keeps.
    for user in left {
        record.users.insert(user.clone(), DeviceListChange { position, left: true });
    }
    record.thin_out();
    draft.write(RecordKey::DeviceLists(device.to_owned()), Some(Record::DeviceLists(Rc::new(record))));
    draft.device_changed(device);
}

fn count_keys(draft: &mut Draft<'_>, device: &mut DeviceRecord, response: &SyncResponse<'_>) {
    let counts = response.one_time_keys.as_ref().map(|counts| in_order(counts.iter().cloned()));
    let counts = counts.filter(|counts| *counts != device.one_time_keys);
    let types = response.unused_fallback_key_types.as_ref();
    let types = types.filter(|types| device.unused_fallback_key_types.as_ref() != Some(types));
    if counts.is_none() && types.is_none() {
        return;
    }
    if let Some(counts) = counts {
        device.one_time_keys = counts;
    }
    if let Some(types) = types {
        device.unused_fallback_key_types = Some(types.clone());
    }
    device.keys_position = draft.position;
    let device_id = device.device_id.clone();
    draft.device_changed(&device_id);
}

/// Takes over whose device lists changed, as `/keys/changes` said: after a crawl nobody else tells of the time before.
pub fn accumulate_key_changes(
    view: &dyn AccountView,
    device: &DeviceId,
    changed: &[OwnedUserId],
    left: &[OwnedUserId],
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    // What the chain has told since is newer.
    let known = view.device_lists(device);
    let unknown = |users: &[OwnedUserId]| -> Vec<OwnedUserId> {
        users.iter().filter(|user| known.is_none_or(|known| !known.users.contains_key(*user))).cloned().collect()
    };
    change_device_lists(&mut draft, device, &unknown(changed), &unknown(left));
    draft.finish()
}

/// Deletes the to-device messages up to `sequence`, which the client has acknowledged; `None` where nothing is left to
/// delete. A record of which only some are acknowledged is written again with the rest. No position changes: nobody has
/// anything to be told.
pub fn acknowledge_to_device(view: &dyn AccountView, device: &DeviceId, sequence: u64) -> Step<Option<Commit>> {
    let Some(held) = view.device(device) else { return Step::Done(None) };
    let sequence = sequence.min(held.to_device_next.saturating_sub(1));
    if sequence <= held.to_device_acknowledged {
        return Step::Done(None);
    }
    let mut draft = Draft::new(view, Timestamp(0));
    for (first, count) in view.to_device_queue(device).into_iter().flatten() {
        let next = first.saturating_add(u64::try_from(*count).unwrap_or(u64::MAX));
        if *first > sequence {
            break;
        }
        let key = RecordKey::ToDevice(device.to_owned(), *first);
        if next > sequence.saturating_add(1) {
            let record = draft.records.queued(&key);
            let gone = usize::try_from(sequence + 1 - first).unwrap_or(usize::MAX);
            let messages = record.messages.get(gone..).unwrap_or_default().to_vec();
            let rest = ToDeviceRecord { first: sequence + 1, position: record.position, messages };
            let rest_key = RecordKey::ToDevice(device.to_owned(), rest.first);
            draft.write(rest_key, Some(Record::ToDevice(Rc::new(rest))));
        }
        draft.write(key, None);
    }
    draft.devices.push(DeviceRecord { to_device_acknowledged: sequence, ..held.clone() });
    let position = draft.account.position;
    match draft.finish() {
        Step::Need(keys) => Step::Need(keys),
        Step::Done(mut commit) => {
            commit.position = position;
            commit.account.position = position;
            Step::Done(Some(commit))
        }
    }
}
