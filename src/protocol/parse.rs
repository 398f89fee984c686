//! What the wires have in common in requests.

use ruma::OwnedRoomId;

use super::{error::RequestError, fields::Fields};
use crate::connection::{Pos, Presence, Scope, Selection, ToDeviceRequest, Wire};
use crate::limits::{FILTER_VALUES, TO_DEVICE, TO_DEVICE_DEFAULT};
use crate::model::Filters;

/// Reads a `pos`, of which none of another server's shape is an error in itself: it is unknown.
pub fn pos(text: Option<&str>) -> Result<Option<Pos>, RequestError> {
    text.map(|text| Pos::parse(text).ok_or(RequestError::UnknownPos)).transpose()
}

/// Reads `set_presence`.
pub fn presence(text: Option<&str>) -> Result<Option<Presence>, RequestError> {
    Ok(match text {
        None => None,
        Some("online") => Some(Presence::Online),
        Some("unavailable") => Some(Presence::Unavailable),
        Some("offline") => Some(Presence::Offline),
        Some(_) => {
            return Err(RequestError::InvalidParam {
                field: "set_presence".to_owned(),
                message: "must be online, offline or unavailable".to_owned(),
            });
        }
    })
}

/// Reads `filters`; what the wire calls the invite filter differs.
pub fn filters(list: &Fields<'_>, invited: &str) -> Result<Filters, RequestError> {
    let Some(fields) = list.object("filters")? else { return Ok(Filters::default()) };
    let flag = |name: &str| fields.optional::<bool>(name, "true or false");
    let filters = Filters {
        is_dm: flag("is_dm")?,
        is_encrypted: flag("is_encrypted")?,
        is_invited: flag(invited)?,
        spaces: texts(&fields, "spaces")?
            .map(|spaces| spaces.into_iter().filter_map(|room| OwnedRoomId::try_from(room).ok()).collect()),
        room_types: types(&fields, "room_types")?,
        not_room_types: types(&fields, "not_room_types")?,
        tags: texts(&fields, "tags")?,
        not_tags: texts(&fields, "not_tags")?,
        is_unread: flag("sash.unread")?,
    };
    Ok(filters.normalised())
}

/// Reads the scope of a per-room extension, if the extension is enabled. A room that is no room id matches nothing, and
/// so does `*` on v4.
pub fn scope(extension: Option<Fields<'_>>, wire: Wire) -> Result<Option<Scope>, RequestError> {
    let Some(extension) = enabled(extension)? else { return Ok(None) };
    let star = |names: &[String]| wire == Wire::Simplified && names.iter().any(|name| name == "*");
    let lists = match texts(&extension, "lists")? {
        Some(names) if !star(&names) => Selection::Some(names),
        _ => Selection::All,
    };
    let rooms = match texts(&extension, "rooms")? {
        Some(names) if !star(&names) => {
            Selection::Some(names.into_iter().filter_map(|room| OwnedRoomId::try_from(room).ok()).collect())
        }
        _ => Selection::All,
    };
    Ok(Some(Scope { lists, rooms }))
}

/// Reads the `to_device` extension.
pub fn to_device(extension: Option<Fields<'_>>, wire: Wire) -> Result<Option<ToDeviceRequest>, RequestError> {
    let Some(extension) = enabled(extension)? else { return Ok(None) };
    let limit = extension.optional::<i64>("limit", "an integer")?;
    if wire == Wire::V4 && limit.is_some_and(|limit| limit < 1) {
        return Err(extension.invalid("limit", "must be at least 1"));
    }
    let limit = limit.map_or(TO_DEVICE_DEFAULT, |limit| usize::try_from(limit).unwrap_or(0).clamp(1, TO_DEVICE));
    let since = extension.optional::<String>("since", "a string")?;
    let since = since
        .map(|since| since.parse::<u64>().map_err(|_| extension.invalid("since", "must be an integer in a string")))
        .transpose()?;
    Ok(Some(ToDeviceRequest { limit, since }))
}

/// Returns whether an extension without parameters is enabled.
pub fn is_enabled(extension: Option<Fields<'_>>) -> Result<bool, RequestError> {
    Ok(enabled(extension)?.is_some())
}

/// Returns the extension if it is enabled.
fn enabled(extension: Option<Fields<'_>>) -> Result<Option<Fields<'_>>, RequestError> {
    let Some(extension) = extension else { return Ok(None) };
    let enabled = extension.optional::<bool>("enabled", "true or false")?.unwrap_or(false);
    Ok(enabled.then_some(extension))
}

/// Reads strings; too many of them are an error.
pub fn texts(fields: &Fields<'_>, name: &str) -> Result<Option<Vec<String>>, RequestError> {
    bounded(fields, name, fields.optional::<Vec<String>>(name, "a list of strings")?)
}

fn types(fields: &Fields<'_>, name: &str) -> Result<Option<Vec<Option<String>>>, RequestError> {
    bounded(fields, name, fields.optional::<Vec<Option<String>>>(name, "a list of strings and null")?)
}

fn bounded<T>(fields: &Fields<'_>, name: &str, values: Option<Vec<T>>) -> Result<Option<Vec<T>>, RequestError> {
    match values {
        Some(values) if values.len() > FILTER_VALUES => {
            Err(fields.invalid(name, format!("must have at most {FILTER_VALUES} elements")))
        }
        values => Ok(values),
    }
}
