//! From a request's bytes to an answer's bytes.

use std::rc::Rc;

use ruma::{DeviceId, UserId};

use super::error;
use crate::{
    account::Account,
    connection::Wire,
    protocol::{self, ErrorResponse},
};

/// Answers one request of a wire by its name in `js/messages.ts`. Returns a status and a body: what goes wrong is an
/// answer too.
pub async fn answer(
    account: &Rc<Account>,
    user: &UserId,
    device: &DeviceId,
    wire: &str,
    query: &str,
    body: &[u8],
) -> (u16, Vec<u8>) {
    match respond(account, user, device, wire, query, body).await {
        Ok(body) => (200, body),
        Err(error) => error::to_answer(&error),
    }
}

/// Explains a room: `query` is what `GET /_sash/explain` has in its URL. Returns a status and a body.
pub async fn explain(account: &Rc<Account>, device: &DeviceId, query: &str) -> (u16, Vec<u8>) {
    let explanation = async {
        let request = protocol::parse_explain(query)?;
        account.explain(device, &request).await.map_err(error::from_account)
    };
    match explanation.await {
        Ok(explanation) => (200, protocol::render_explanation(&explanation)),
        Err(error) => error::to_answer(&error),
    }
}

async fn respond(
    account: &Rc<Account>,
    user: &UserId,
    device: &DeviceId,
    wire: &str,
    query: &str,
    body: &[u8],
) -> Result<Vec<u8>, ErrorResponse> {
    let wire = match wire {
        "v4" => Wire::V4,
        "simplified" => Wire::Simplified,
        other => return Err(error::unknown_wire(other)),
    };
    let request = protocol::parse_request(wire, query, body, user)?;
    let response = account.sync(device, request).await.map_err(error::from_account)?;
    Ok(protocol::render(wire, &response))
}
