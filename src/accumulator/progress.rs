//! Commits that the driver makes of itself: a device's beginning, the phases of the bootstrap.

use std::rc::Rc;

use ruma::{DeviceId, OwnedUserId};

use super::{account_data, draft::Draft, ephemeral};
use crate::model::{
    AccountView, Bootstrap, Commit, DeviceRecord, Record, RecordKey, Step, Timestamp, v2::SyncResponse,
};

/// Enters a device, before its first poll. `to_device_epoch` is random: it makes its to-device tokens unlike those of
/// any other database.
pub fn begin_device(view: &dyn AccountView, device: &DeviceId, to_device_epoch: u32) -> Commit {
    let mut commit = unchanged(view);
    if view.device(device).is_none() {
        commit.devices.push(DeviceRecord::new(device.to_owned(), to_device_epoch));
    }
    commit
}

/// Moves the bootstrap on to `phase`.
pub fn advance_bootstrap(view: &dyn AccountView, phase: Bootstrap) -> Commit {
    let mut commit = unchanged(view);
    commit.account.bootstrap = phase;
    commit
}

/// Lets a device's chain begin anew, because the homeserver does not know its `since` any more. To-device messages and
/// device lists that are held stay; whose lists changed until the new chain begins, nobody tells, so that connections
/// which have been told of any have to begin anew as well.
pub fn begin_chain_anew(view: &dyn AccountView, device: &DeviceId) -> Commit {
    let mut commit = unchanged(view);
    if let Some(record) = view.device(device) {
        commit.position = commit.position.next();
        commit.account.position = commit.position;
        let mut lists = view.device_lists(device).cloned().unwrap_or_default();
        lists.forgotten = commit.position;
        let key = RecordKey::DeviceLists(device.to_owned());
        commit.records.push((key, Some(Record::DeviceLists(Rc::new(lists)))));
        commit.devices.push(DeviceRecord { since: None, first_since: None, ..record.clone() });
        if commit.account.author.as_deref() == Some(device) {
            commit.account.bootstrap = Bootstrap::Start;
        }
    }
    commit
}

/// Notes whether the chain is polled with presence.
pub fn poll_with_presence(view: &dyn AccountView, presence: bool) -> Commit {
    let mut commit = unchanged(view);
    commit.account.presence = presence;
    commit
}

/// Takes over the presence of everybody, as a first `/sync` gives it: of all who are not offline. `told`: who was
/// told of as not being offline.
pub fn accumulate_presence(
    view: &dyn AccountView,
    response: &SyncResponse<'_>,
    told: &[OwnedUserId],
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    ephemeral::apply_presence(&mut draft, &response.presence);
    for user in told {
        ephemeral::go_offline(&mut draft, user);
    }
    draft.finish()
}

/// Makes `device` the one from whose polls state, counts, account data and receipts are taken, because the one before
/// does not poll any more. What that one did not bring and this one was not asked for, the whole brings: it is laid anew,
/// and only what comes by this device from now on wins over it. Global account data is not in the whole: `response`, that
/// of a first `/sync` without rooms, has all of it.
pub fn take_over_authorship(
    view: &dyn AccountView,
    device: &DeviceId,
    response: &SyncResponse<'_>,
    now: Timestamp,
) -> Step<Commit> {
    let mut draft = Draft::new(view, now);
    if let Some(record) = view.device(device) {
        let first_since = record.since.clone();
        let first_position = draft.position;
        draft.devices.push(DeviceRecord { first_since, first_position, ..record.clone() });
        draft.account.author = Some(device.to_owned());
        draft.account.bootstrap = Bootstrap::Whole { failures: 0 };
        account_data::apply_global(&mut draft, &response.account_data);
    }
    draft.finish()
}

fn unchanged(view: &dyn AccountView) -> Commit {
    let account = view.account().clone();
    Commit { position: account.position, account, ..Commit::default() }
}
