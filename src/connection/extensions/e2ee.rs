//! Device lists and key counts (MSC3884, MSC4543).
//!
//! Invariant: a change of a device list reaches every connection that has not confirmed a later position; nothing is
//! consumed, so a lost answer repeats.

use ruma::OwnedUserId;

use crate::cache::DeviceCache;
use crate::connection::{request::Wire, response::E2eeResponse, state::Mark};
use crate::model::Position;

/// Returns the section, if there is something to say, and the mark afterwards.
pub fn compute(
    device: Option<&DeviceCache>,
    mark: Mark,
    frontier: Option<Position>,
    wire: Wire,
) -> (Option<E2eeResponse>, Mark) {
    // Before the device's first poll nothing is known of its keys, and to say "none left" would have it upload new ones.
    let Some(device) = device.filter(|device| device.record.since.is_some()) else { return (None, mark) };
    let upto = mark.position(frontier.unwrap_or_default());
    let lists = match (upto, wire) {
        (Some(upto), _) => Some(changes(device, upto)),
        (None, Wire::Simplified) => Some(changes(device, Position::default())).filter(|lists| !is_empty(lists)),
        (None, Wire::V4) => None,
    };
    let record = &device.record;
    let news = upto.is_none_or(|upto| record.keys_position > upto) || lists.as_ref().is_some_and(|l| !is_empty(l));
    let mut one_time_keys = record.one_time_keys.clone();
    // matrix-rust-sdk reads an algorithm that is not listed as unchanged.
    one_time_keys.entry("signed_curve25519".to_owned()).or_insert(0);
    let section = news.then(|| E2eeResponse {
        device_lists: lists,
        one_time_keys,
        unused_fallback_key_types: record.unused_fallback_key_types.clone(),
    });
    (section, Mark::Live)
}

/// Returns the mark while the extension is off: it stays behind as soon as something is missed.
pub fn frozen(device: Option<&DeviceCache>, mark: Mark, frontier: Position) -> Mark {
    let missed = device.is_some_and(|device| {
        device.record.keys_position > frontier || device.lists.users.values().any(|change| change.position > frontier)
    });
    if missed { mark.frozen(frontier) } else { mark }
}

/// Returns whether changes may be missing after what the connection has confirmed: it cannot go on from there.
pub fn is_forgotten(device: Option<&DeviceCache>, mark: Mark, frontier: Option<Position>) -> bool {
    let upto = frontier.and_then(|frontier| mark.position(frontier));
    upto.is_some_and(|upto| device.is_some_and(|device| upto < device.lists.forgotten))
}

fn changes(device: &DeviceCache, upto: Position) -> (Vec<OwnedUserId>, Vec<OwnedUserId>) {
    let newer = device.lists.users.iter().filter(|(_, change)| change.position > upto);
    let (left, changed): (Vec<_>, Vec<_>) = newer.partition(|(_, change)| change.left);
    let users = |part: Vec<(&OwnedUserId, _)>| part.into_iter().map(|(user, _)| user.clone()).collect();
    (users(changed), users(left))
}

fn is_empty((changed, left): &(Vec<OwnedUserId>, Vec<OwnedUserId>)) -> bool {
    changed.is_empty() && left.is_empty()
}
