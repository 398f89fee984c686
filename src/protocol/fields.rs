//! A JSON object of a request, read field by field, so that every error names the field that caused it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::RequestError;
use crate::model::RawObject;

/// An object and its path in the request.
pub struct Fields<'a> {
    path: String,
    object: RawObject<'a>,
}

impl<'a> Fields<'a> {
    /// Reads the body.
    pub fn of_body(body: &'a [u8]) -> Result<Fields<'a>, RequestError> {
        let text = std::str::from_utf8(body).map_err(|_| RequestError::NotJson)?;
        let object = serde_json::from_str(text).map_err(|_| RequestError::NotJson)?;
        Ok(Fields { path: String::new(), object })
    }

    /// Returns the path of a field.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Returns whether the field is there, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Returns the field, `None` where it is absent or `null`.
    pub fn optional<T: Deserialize<'a>>(&self, name: &str, expected: &str) -> Result<Option<T>, RequestError> {
        let Some(raw) = self.raw(name).filter(|raw| raw.get() != "null") else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| self.bad(name, expected))
    }

    /// Returns the field, which must be there.
    pub fn required<T: Deserialize<'a>>(&self, name: &str, expected: &str) -> Result<T, RequestError> {
        self.optional(name, expected)?.ok_or_else(|| RequestError::Missing(self.path(name)))
    }

    /// Returns the field as an object.
    pub fn object(&self, name: &str) -> Result<Option<Fields<'a>>, RequestError> {
        let object = self.optional::<RawObject<'a>>(name, "an object")?;
        Ok(object.map(|object| Fields { path: self.path(name), object }))
    }

    /// Returns the field as a list of objects, empty where it is absent or `null`.
    pub fn list(&self, name: &str) -> Result<Vec<Fields<'a>>, RequestError> {
        let objects = self.optional::<Vec<RawObject<'a>>>(name, "a list of objects")?.unwrap_or_default();
        let fields = |(index, object)| Fields { path: format!("{}[{index}]", self.path(name)), object };
        Ok(objects.into_iter().enumerate().map(fields).collect())
    }

    /// Returns the fields as named objects. A name that stands twice counts with its last value.
    pub fn objects(&self) -> Result<Vec<(String, Fields<'a>)>, RequestError> {
        let mut objects: Vec<(String, Fields<'a>)> = Vec::with_capacity(self.object.0.len());
        for (name, raw) in &self.object.0 {
            let object = serde_json::from_str(raw.get()).map_err(|_| self.bad(name, "an object"))?;
            objects.retain(|(other, _)| other != name);
            objects.push((name.clone().into_owned(), Fields { path: self.path(name), object }));
        }
        Ok(objects)
    }

    /// Returns how many fields there are.
    pub fn len(&self) -> usize {
        self.object.0.len()
    }

    /// Returns the error for a field of the wrong type.
    pub fn bad(&self, name: &str, expected: &str) -> RequestError {
        RequestError::BadJson { field: self.path(name), message: format!("must be {expected}") }
    }

    /// Returns the error for a field with a value that cannot be taken.
    pub fn invalid(&self, name: &str, message: impl Into<String>) -> RequestError {
        RequestError::InvalidParam { field: self.path(name), message: message.into() }
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.object.get(name)
    }
}

/// Returns the parameters of a query string, decoded.
pub fn query_parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, String)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (percent_encoding::percent_decode_str(name).decode_utf8_lossy(), decode(value))
    })
}

fn decode(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}
