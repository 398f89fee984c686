//! The wires by example.

mod errors;
mod requests;
mod responses;

use ruma::UserId;

use super::{ErrorResponse, parse_request};
use crate::connection::Wire;

/// Returns how a request is taken: what the engine gets, or what the client is told.
fn parse(wire: Wire, query: &str, body: &str) -> String {
    let user: &UserId = "@me:x".try_into().expect("user");
    match parse_request(wire, query, body.as_bytes(), user) {
        Ok(request) => format!("{request:#?}\n"),
        Err(error) => {
            let response = ErrorResponse::from(error);
            format!("{} {}\n", response.status, response.to_json())
        }
    }
}
