//! `pos` in `/messages`, `/relations` and `/keys/changes`: which v2 token it stands for.
//!
//! Invariant: what the answer needs is kept with the device, so it outlives the connection that gave the `pos` out, and
//! is there while the account is closed.

use std::rc::Rc;

use ruma::{DeviceId, UserId};

use super::{Account, open::decode};
use crate::{
    connection::Pos,
    model::{AccountRecord, DeviceRecord, Record, RecordKey, TokenSide},
    storage::{Storage, StorageError},
};

impl Account {
    /// Returns a v2 token for the place that a `pos` stands for, on that side of it; `None` for a `pos` that this account
    /// did not give out, or so long ago that nobody can tell any more.
    pub fn v2_token(&self, device: &DeviceId, pos: &str, side: TokenSide) -> Option<String> {
        let state = self.state.borrow();
        token(&state.cache.account, &state.cache.devices.get(device)?.record, pos, side)
    }

    /// As [`v2_token`](Account::v2_token), of an account that is not open.
    pub async fn stored_v2_token(
        storage: &dyn Storage,
        user: &UserId,
        device: &DeviceId,
        pos: &str,
        side: TokenSide,
    ) -> Result<Option<String>, StorageError> {
        let keys = [RecordKey::Account, RecordKey::Device(device.to_owned())];
        let values = storage.get(user, &keys).await?;
        let mut records = keys.iter().zip(values).map(|(key, value)| {
            let value = value?;
            decode(key.table(), &key.encode(), &value).ok()
        });
        match (records.next().flatten(), records.next().flatten()) {
            (Some(Record::Account(account)), Some(Record::Device(device))) => {
                Ok(token(&account, &Rc::clone(&device), pos, side))
            }
            _ => Ok(None),
        }
    }
}

fn token(account: &AccountRecord, device: &DeviceRecord, pos: &str, side: TokenSide) -> Option<String> {
    let pos = Pos::parse(pos)?;
    let known = account.knows(pos.position, pos.incarnation);
    known.then(|| device.token_at(pos.position, side).map(str::to_owned))?
}
