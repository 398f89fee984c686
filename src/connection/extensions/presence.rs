//! Presence: the v2 events, as they come.

use std::rc::Rc;

use serde_json::value::RawValue;

use crate::cache::AccountCache;
use crate::connection::state::Mark;
use crate::model::{Position, order::sorted_by_key};

/// Returns the presence events that are new to the connection, in the order of the users.
pub fn compute(cache: &AccountCache, mark: Mark, frontier: Position) -> Vec<Rc<RawValue>> {
    let upto = mark.position(frontier);
    let newer: Vec<_> =
        cache.presence.iter().filter(|(_, (position, _))| upto.is_none_or(|upto| *position > upto)).collect();
    sorted_by_key(newer, |(user, _)| *user).into_iter().map(|(_, (_, event))| Rc::clone(event)).collect()
}

/// Returns the mark while the extension is off.
pub fn frozen(cache: &AccountCache, mark: Mark, frontier: Position) -> Mark {
    let missed = cache.presence.values().any(|(position, _)| *position > frontier);
    if missed { mark.frozen(frontier) } else { mark }
}
