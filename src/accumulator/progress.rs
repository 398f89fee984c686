//! Commits that the driver makes of itself: a device's beginning, the phases of the bootstrap.

use ruma::DeviceId;

use crate::model::{AccountView, Bootstrap, Commit, DeviceRecord};

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
/// device lists that are held stay.
pub fn begin_chain_anew(view: &dyn AccountView, device: &DeviceId) -> Commit {
    let mut commit = unchanged(view);
    if let Some(record) = view.device(device) {
        commit.devices.push(DeviceRecord { since: None, first_since: None, ..record.clone() });
        if commit.account.author.as_deref() == Some(device) {
            commit.account.bootstrap = Bootstrap::Start;
        }
    }
    commit
}

/// Makes `device` the one from whose polls state, counts, account data and receipts are taken, because the one before
/// does not poll any more. What that one did not bring and this one was not asked for, the whole brings: it is laid anew,
/// and only what comes by this device from now on wins over it.
pub fn take_over_authorship(view: &dyn AccountView, device: &DeviceId) -> Commit {
    let mut commit = unchanged(view);
    if let Some(record) = view.device(device) {
        let first_since = record.since.clone();
        let first_position = commit.position.next();
        commit.devices.push(DeviceRecord { first_since, first_position, ..record.clone() });
        commit.account.author = Some(device.to_owned());
        commit.account.bootstrap = Bootstrap::Whole { failures: 0 };
    }
    commit
}

fn unchanged(view: &dyn AccountView) -> Commit {
    let account = view.account().clone();
    Commit { position: account.position, account, ..Commit::default() }
}
