//! What the wires have in common in requests.

use ruma::OwnedRoomId;

use super::{
    error::RequestError,
    fields::{Field, Fields},
    to_device_token,
};
use crate::connection::{Pos, Presence, Scope, Selection, StatePattern, ToDeviceRequest, Wire};
use crate::limits::{EVENT_FIELD, FILTER_VALUES, OPAQUE_IDENTIFIER, SCOPE_ENTRIES, TO_DEVICE, TO_DEVICE_DEFAULT};
use crate::model::Filters;

/// Reads a `pos`, of which none of another server's shape is an error in itself: it is unknown.
pub fn pos(text: Option<&str>) -> Result<Option<Pos>, RequestError> {
    text.map(|text| Pos::parse(text).ok_or(RequestError::UnknownPos)).transpose()
}

/// Reads `set_presence`; `refuse` makes the error.
pub fn presence(text: &str, refuse: impl FnOnce(&str) -> RequestError) -> Result<Presence, RequestError> {
    match text {
        "online" => Ok(Presence::Online),
        "unavailable" => Ok(Presence::Unavailable),
        "offline" => Ok(Presence::Offline),
        _ => Err(refuse("online, offline or unavailable")),
    }
}

/// Reads `conn_id` or `txn_id`.
pub fn identifier(field: &Field<'_>) -> Result<String, RequestError> {
    let text = field.text()?;
    if text.len() > OPAQUE_IDENTIFIER {
        return Err(field.beyond(&format!("at most {OPAQUE_IDENTIFIER} bytes long")));
    }
    Ok(text)
}

/// Reads a range.
pub fn range(field: &Field<'_>) -> Result<(u64, u64), RequestError> {
    let [first, last] = field.pair("a pair of integers")?;
    Ok((first.natural()?, last.natural()?))
}

/// Reads `filters`; what the wire calls the invite filter differs.
pub fn filters(list: &Fields<'_>, invited: &str) -> Result<Filters, RequestError> {
    let Some(fields) = list.object("filters")? else { return Ok(Filters::default()) };
    let flag = |name: &str| fields.optional(name, Field::flag);
    let texts = |name: &str| fields.optional(name, |field| field.texts(FILTER_VALUES));
    let types = |name: &str| fields.optional(name, |field| field.texts_or_null(FILTER_VALUES));
    let filters = Filters {
        is_dm: flag("is_dm")?,
        is_encrypted: flag("is_encrypted")?,
        is_invited: flag(invited)?,
        spaces: texts("spaces")?.map(rooms),
        room_types: types("room_types")?,
        not_room_types: types("not_room_types")?,
        tags: texts("tags")?,
        not_tags: texts("not_tags")?,
        is_unread: flag("sash.unread")?,
    };
    Ok(filters.normalised())
}

/// Reads the scope of a per-room extension, if the extension is enabled. A room that is no room id matches nothing, and
/// so does `*` on v4.
pub fn scope(extension: Option<Fields<'_>>, wire: Wire) -> Result<Option<Scope>, RequestError> {
    let Some(extension) = enabled(extension)? else { return Ok(None) };
    let names = |name: &str| -> Result<Option<Vec<String>>, RequestError> {
        match extension.optional(name, |field| field.texts(SCOPE_ENTRIES))? {
            // On Synapse `null` is none at all, which is not what absence is (`spec/synapse.md` §10).
            None if wire == Wire::Simplified && extension.has(name) => Ok(Some(Vec::new())),
            Some(names) if wire == Wire::Simplified && names.iter().any(|name| name == "*") => Ok(None),
            names => Ok(names),
        }
    };
    Ok(Some(Scope {
        lists: names("lists")?.map_or(Selection::All, Selection::Some),
        rooms: names("rooms")?.map_or(Selection::All, |names| Selection::Some(rooms(names))),
    }))
}

/// Reads the `to_device` extension.
pub fn to_device(extension: Option<Fields<'_>>, wire: Wire) -> Result<Option<ToDeviceRequest>, RequestError> {
    let Some(extension) = enabled(extension)? else { return Ok(None) };
    let limit = extension.optional("limit", |field| match field.integer()? {
        limit if limit < 1 && wire == Wire::V4 => Err(field.beyond("at least 1")),
        limit => Ok(usize::try_from(limit).unwrap_or(0).clamp(1, TO_DEVICE)),
    });
    Ok(Some(ToDeviceRequest {
        limit: limit?.unwrap_or(TO_DEVICE_DEFAULT),
        since: extension.optional("since", to_device_token)?,
    }))
}

fn to_device_token(field: &Field<'_>) -> Result<u64, RequestError> {
    to_device_token::read(&field.text()?).ok_or_else(|| field.invalid("an integer in a string"))
}

/// Returns whether an extension without parameters is enabled.
pub fn is_enabled(extension: Option<Fields<'_>>) -> Result<bool, RequestError> {
    Ok(enabled(extension)?.is_some())
}

/// Returns the extension if it is enabled.
fn enabled(extension: Option<Fields<'_>>) -> Result<Option<Fields<'_>>, RequestError> {
    let Some(extension) = extension else { return Ok(None) };
    let enabled = extension.optional("enabled", Field::flag)?.unwrap_or(false);
    Ok(enabled.then_some(extension))
}

/// Returns those that are room ids: what is none is a room that does not exist.
pub fn rooms(names: Vec<String>) -> Vec<OwnedRoomId> {
    names.into_iter().filter_map(|room| OwnedRoomId::try_from(room).ok()).collect()
}

/// Returns whether a pattern of `required_state` can match anything: event types and state keys have a length.
pub fn can_match(pattern: &StatePattern) -> bool {
    [&pattern.event_type, &pattern.state_key].into_iter().flatten().all(|text| text.len() <= EVENT_FIELD)
}
