//! From a request's bytes to an answer's bytes.

use std::rc::Rc;

use ruma::{DeviceId, UserId};

use super::error;
use crate::{
    account::Account,
    connection::Wire,
    protocol::{self, ErrorResponse},
};

/// Answers one request of a wire, or for an explanation, by its name in `js/messages.ts`. Returns a status and a body: what goes wrong is an
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
        "explain" => return explain(account, device, query).await,
        other => return Err(error::unknown_wire(other)),
    };
    let request = protocol::parse_request(wire, query, body, user)?;
    let response = account.sync(device, request).await.map_err(error::from_account)?;
    Ok(protocol::render(wire, &response))
}

async fn explain(account: &Rc<Account>, device: &DeviceId, query: &str) -> Result<Vec<u8>, ErrorResponse> {
    let request = protocol::parse_explain(query)?;
    let explanation = account.explain(device, &request).await.map_err(error::from_account)?;
    Ok(protocol::render_explanation(&explanation))
}
