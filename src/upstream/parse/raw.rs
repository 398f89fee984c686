//! Whole answers, and what in them was dropped.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::ParseError;
use crate::{limits, model::RawObject};

pub(super) use crate::model::raw::{array, boolean, count, is_null, string};

/// The fields of an object in their order.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Returns the fields of an object. A key that stands twice is there twice.
pub(super) fn object(raw: &RawValue) -> Option<Fields<'_>> {
    RawObject::read(raw).map(|object| object.0)
}

/// Reads a whole answer: `None` for an empty body and for `null`.
pub(super) fn body(body: &[u8]) -> Result<Option<&RawValue>, ParseError> {
    let text = std::str::from_utf8(body)?.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let raw: &RawValue = serde_json::from_str(text)?;
    Ok(Some(raw).filter(|raw| !is_null(raw)))
}

/// Reads a whole answer that is an object.
pub(super) fn body_object(bytes: &[u8]) -> Result<Fields<'_>, ParseError> {
    match body(bytes)? {
        Some(raw) => object(raw).ok_or(ParseError::Shape("an object")),
        None => Ok(Vec::new()),
    }
}

/// Returns the last value of a field, as JSON readers do where a key stands twice.
pub(super) fn field<'a>(fields: &Fields<'a>, name: &str) -> Option<&'a RawValue> {
    fields.iter().rev().find(|(key, value)| key == name && !is_null(value)).map(|(_, value)| *value)
}

/// Where in an answer something stands.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
}

impl<'p> Path<'p> {
    pub fn root(name: &'p str) -> Path<'p> {
        Path { parent: None, name }
    }

    pub fn then(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), name }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(formatter, "{parent}.")?;
        }
        formatter.write_str(self.name)
    }
}

/// What was dropped, and where.
#[derive(Default)]
pub(super) struct Skipped(pub Vec<String>);

impl Skipped {
    /// Notes a drop.
    pub fn note(&mut self, path: Path<'_>, why: &str) {
        if self.0.len() < limits::SKIPPED_NOTES {
            self.0.push(format!("{path}: {why}"));
        }
    }

    /// Passes a value on, and notes where it is missing.
    pub fn check<T>(&mut self, path: Path<'_>, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.note(path, "bad shape");
        }
        value
    }
}
