//! What belongs to one device: its place in the homeserver's stream, and the end-to-end encryption data that cannot
//! be fetched twice.

use std::{collections::BTreeMap, rc::Rc};

use ruma::{DeviceId, OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Position, RecordKey, order::sorted};
use crate::limits;

/// One device that is polled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Which.
    pub device_id: OwnedDeviceId,
    /// The `since` of its next poll; `None` before the first answer.
    pub since: Option<String>,
    /// The first `since` of its chain, which bases are laid under (`S0` of the bootstrap).
    pub first_since: Option<String>,
    /// The commit that brought `first_since`: what changed later, the chain of `since` brought, and it is newer than any
    /// base.
    #[serde(default)]
    pub first_position: Position,
    /// Makes to-device tokens of this database unlike those of any other: the high bits of every token.
    pub to_device_epoch: u32,
    /// The sequence number of the next to-device message to come in, counted from 1.
    pub to_device_next: u64,
    /// Messages up to this sequence number are acknowledged and gone.
    pub to_device_acknowledged: u64,
    /// `device_one_time_keys_count`: the newest counts known.
    pub one_time_keys: BTreeMap<String, u64>,
    /// `device_unused_fallback_key_types`; `None` where the homeserver never said.
    pub unused_fallback_key_types: Option<Vec<String>>,
    /// When either of the two last changed.
    pub keys_position: Position,
    /// Some tokens of the chain with the position that each stands for, oldest first: for `pos` in `/messages`,
    /// `/relations` and `/keys/changes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<(Position, String)>,
}

/// On which side of a position a token of the homeserver may lie, where none is known for the very place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSide {
    /// What has changed since it includes all that has changed since the position.
    AtOrBefore,
    /// Paging back from it passes everything that is older than the position.
    AtOrAfter,
}

impl DeviceRecord {
    /// Notes that the account is at `token` when a commit makes it reach `position`. Many are thinned out, least where
    /// they are new; the first one stays, so that there is always one before.
    pub fn note_token(&mut self, position: Position, token: &str) {
        if self.tokens.last().is_some_and(|(last, _)| *last >= position) {
            return;
        }
        self.tokens.push((position, token.to_owned()));
        if self.tokens.len() <= limits::DEVICE_TOKENS {
            return;
        }
        let spread = |window: &[(Position, String)]| match window {
            [(before, _), _, (after, _)] => after.0.saturating_sub(before.0),
            _ => u64::MAX,
        };
        let old = self.tokens.len().saturating_sub(limits::DEVICE_TOKENS / 3);
        let crowded = self.tokens.windows(3).take(old).enumerate().min_by_key(|(_, window)| spread(window));
        if let Some((index, _)) = crowded {
            self.tokens.remove(index + 1);
        }
    }

    /// Returns a token of the chain for `position`, on that side of it; `None` if the chain began later.
    pub fn token_at(&self, position: Position, side: TokenSide) -> Option<&str> {
        let after = self.tokens.partition_point(|(noted, _)| *noted <= position);
        match side {
            TokenSide::AtOrBefore => self.tokens.get(after.checked_sub(1)?).map(|(_, token)| token.as_str()),
            // A token may have been noted for a commit that changed nothing after all: the next one is after it surely.
            TokenSide::AtOrAfter => self.tokens.get(after).map(|(_, token)| token.as_str()).or(self.since.as_deref()),
        }
    }

    /// Returns a device that has not been polled yet.
    pub fn new(device_id: OwnedDeviceId, to_device_epoch: u32) -> DeviceRecord {
        DeviceRecord {
            device_id,
            since: None,
            first_since: None,
            first_position: Position(0),
            to_device_epoch,
            to_device_next: 1,
            to_device_acknowledged: 0,
            one_time_keys: BTreeMap::new(),
            unused_fallback_key_types: None,
            keys_position: Position(0),
            tokens: Vec::new(),
        }
    }
}

/// The to-device messages that one response brought.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ToDeviceRecord {
    /// The sequence number of the first message; the others follow without holes.
    pub first: u64,
    /// The commit that brought them.
    pub position: Position,
    /// The messages as they came, in their order.
    pub messages: Vec<Rc<RawValue>>,
}

/// Whose device lists changed, as one device was told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeviceListsRecord {
    /// The last change of each user.
    pub users: BTreeMap<OwnedUserId, DeviceListChange>,
    /// Changes up to this position may be missing: there were too many, or the homeserver could not tell. Whoever has
    /// confirmed less has to begin anew.
    #[serde(default)]
    pub forgotten: Position,
}

impl DeviceListsRecord {
    /// Drops the oldest changes if there are too many, and then a tenth at once.
    pub fn thin_out(&mut self) {
        if self.users.len() <= limits::DEVICE_LIST_CHANGES {
            return;
        }
        let by_age = self.users.iter().map(|(user, change)| (change.position, user.clone())).collect();
        let surplus = self.users.len() - limits::DEVICE_LIST_CHANGES * 9 / 10;
        for (position, user) in sorted::<(Position, OwnedUserId)>(by_age).into_iter().take(surplus) {
            self.users.remove(&user);
            self.forgotten = self.forgotten.max(position);
        }
    }
}

/// The last change of one user's device list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceListChange {
    /// When.
    pub position: Position,
    /// `true`: the user shares no encrypted room with us any more (`left`); `false`: the list changed (`changed`).
    pub left: bool,
}

impl ToDeviceRecord {
    /// Returns whether this is what is stored for `device` under the encoded key `key`.
    pub fn is_stored_at(&self, device: &DeviceId, key: &str) -> bool {
        RecordKey::ToDevice(device.to_owned(), self.first).encode() == key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_changes_of_device_lists_are_forgotten_and_that_is_known() {
        let mut lists = DeviceListsRecord::default();
        for number in 0..=limits::DEVICE_LIST_CHANGES as u64 {
            let user = OwnedUserId::try_from(format!("@{number}:x")).expect("a user id");
            lists.users.insert(user, DeviceListChange { position: Position(number + 1), left: false });
            lists.thin_out();
        }
        assert!(lists.users.len() < limits::DEVICE_LIST_CHANGES, "{} are kept", lists.users.len());
        let oldest = lists.users.values().map(|change| change.position).min();
        assert_eq!(oldest, Some(lists.forgotten.next()), "what is kept begins where the forgotten ends");
    }

    #[test]
    fn a_token_lies_on_the_side_that_was_asked_for() {
        let mut device = DeviceRecord::new("D".into(), 1);
        for position in 1..=500 {
            device.note_token(Position(position), &format!("s{position}"));
        }
        device.since = Some("s501".into());
        assert!(device.tokens.len() <= limits::DEVICE_TOKENS, "{} are kept", device.tokens.len());
        let number = |token: Option<&str>| token.and_then(|token| token[1..].parse::<u64>().ok());
        for position in 1..=500 {
            let before = number(device.token_at(Position(position), TokenSide::AtOrBefore));
            let after = number(device.token_at(Position(position), TokenSide::AtOrAfter));
            assert!(before.is_some_and(|token| token <= position), "{before:?} for {position}");
            assert!(after.is_some_and(|token| token >= position), "{after:?} for {position}");
        }
        assert_eq!(number(device.token_at(Position(500), TokenSide::AtOrBefore)), Some(500), "the newest are exact");
        assert_eq!(device.token_at(Position(0), TokenSide::AtOrBefore), None, "the chain began later");
    }
}
