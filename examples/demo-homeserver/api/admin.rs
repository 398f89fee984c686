//! `/_demo/…`
use super::super::{app::App, error::ApiError, http::{Answer, Call}};
pub fn dispatch(_app: &App, _call: &Call) -> Answer { Err(ApiError::unrecognized()) }
