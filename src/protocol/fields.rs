//! The JSON of a request, read value by value, so that every error names the field that caused it, what was expected of
//! it, and what came.

use std::{
    borrow::Cow,
    fmt::{self, Display},
};

use serde_json::value::RawValue;

use super::error::RequestError;
use crate::connection::Wire;
use crate::limits::{REQUEST_BODY, SHOWN_KEY, SHOWN_VALUE};
use crate::model::{RawObject, order::sorted_by_key, raw};

/// An object and its path in the request.
pub struct Fields<'a> {
    wire: Wire,
    path: String,
    object: RawObject<'a>,
}

/// A value that is not `null`, and its path in the request.
pub struct Field<'a> {
    wire: Wire,
    path: String,
    raw: &'a RawValue,
}

impl<'a> Fields<'a> {
    /// Reads the body.
    pub fn of_body(wire: Wire, body: &'a [u8]) -> Result<Fields<'a>, RequestError> {
        if body.len() > REQUEST_BODY {
            return Err(RequestError::TooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| RequestError::NotUtf8)?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| RequestError::NotJson(error.to_string()))?;
        let fields = Field { wire, path: "the body".to_owned(), raw }.object()?;
        Ok(Fields { path: String::new(), ..fields })
    }

    /// Returns whether the field is there, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some()
    }

    /// Returns the field, `None` where it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<Field<'a>> {
        let raw = self.object.get(name).filter(|raw| !raw::is_null(raw))?;
        Some(self.field(name, raw))
    }

    /// Returns the field, which must be there.
    pub fn required(&self, name: &str, expected: &'static str) -> Result<Field<'a>, RequestError> {
        self.get(name).ok_or_else(|| RequestError::Missing { field: self.path(name), expected })
    }

    /// Returns the field if it is there, read by `read`.
    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T, RequestError>,
    ) -> Result<Option<T>, RequestError> {
        self.get(name).as_ref().map(read).transpose()
    }

    /// Returns the field as an object.
    pub fn object(&self, name: &str) -> Result<Option<Fields<'a>>, RequestError> {
        self.optional(name, Field::object)
    }

    /// Returns all fields, at most `max`, sorted by name. A name that stands twice counts with its last value, and once.
    pub fn entries(&self, max: usize) -> Result<Vec<(String, Field<'a>)>, RequestError> {
        let mut last = sorted_by_key(self.object.0.iter().rev().collect(), |&(name, _)| name);
        last.dedup_by_key(|&mut (name, _)| name);
        if last.len() > max {
            let message = format!("must have at most {max} entries, not {}", last.len());
            return Err(beyond(self.wire, self.path.clone(), message));
        }
        Ok(last.into_iter().map(|(name, raw)| (name.clone().into_owned(), self.field(name, raw))).collect())
    }

    /// Returns the error for a value of the right type that cannot be taken.
    pub fn invalid(&self, message: String) -> RequestError {
        beyond(self.wire, self.path.clone(), message)
    }

    fn field(&self, name: &str, raw: &'a RawValue) -> Field<'a> {
        Field { wire: self.wire, path: self.path(name), raw }
    }

    fn path(&self, name: &str) -> String {
        let name = cut(name, SHOWN_KEY);
        if self.path.is_empty() { name.into_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'a> Field<'a> {
    /// Returns `true` or `false`.
    pub fn flag(&self) -> Result<bool, RequestError> {
        raw::boolean(self.raw).ok_or_else(|| self.bad("true or false"))
    }

    /// Returns a string.
    pub fn text(&self) -> Result<String, RequestError> {
        raw::text(self.raw).ok_or_else(|| self.bad("a string"))
    }

    /// Returns an integer. One too large for us is beyond any limit, and becomes the largest.
    pub fn integer(&self) -> Result<i64, RequestError> {
        let text = self.raw.get();
        saturating(text).ok_or_else(|| self.bad("an integer"))
    }

    /// Returns an integer that is not negative.
    pub fn natural(&self) -> Result<u64, RequestError> {
        u64::try_from(self.integer()?).map_err(|_| self.beyond("at least 0"))
    }

    /// Returns an object.
    pub fn object(&self) -> Result<Fields<'a>, RequestError> {
        let object = RawObject::read(self.raw).ok_or_else(|| self.bad("an object"))?;
        Ok(Fields { wire: self.wire, path: self.path.clone(), object })
    }

    /// Returns the elements of a list, at most `max`.
    pub fn list(&self, max: usize) -> Result<Vec<Field<'a>>, RequestError> {
        let elements = self.elements().ok_or_else(|| self.bad("a list"))?;
        if elements.len() > max {
            let message = format!("must have at most {max} elements, not {}", elements.len());
            return Err(beyond(self.wire, self.path.clone(), message));
        }
        Ok(elements)
    }

    /// Returns the two elements of a list of two.
    pub fn pair(&self, expected: &str) -> Result<[Field<'a>; 2], RequestError> {
        let elements = self.elements().ok_or_else(|| self.bad(expected))?;
        elements.try_into().map_err(|elements: Vec<_>| {
            RequestError::bad_json(self.path.clone(), format!("must be {expected}, not a list of {}", elements.len()))
        })
    }

    /// Returns the strings of a list, at most `max`.
    pub fn texts(&self, max: usize) -> Result<Vec<String>, RequestError> {
        self.list(max)?.iter().map(Field::text).collect()
    }

    /// Returns the strings of a list, `None` for `null` among them.
    pub fn texts_or_null(&self, max: usize) -> Result<Vec<Option<String>>, RequestError> {
        let text = |field: &Field<'_>| match raw::is_null(field.raw) {
            true => Ok(None),
            false => raw::text(field.raw).map(Some).ok_or_else(|| field.bad("a string or null")),
        };
        self.list(max)?.iter().map(text).collect()
    }

    /// Returns the error for a value of the wrong type.
    pub fn bad(&self, expected: &str) -> RequestError {
        RequestError::bad_json(self.path.clone(), self.message(expected))
    }

    /// Returns the error for a value of the right type that is out of range.
    pub fn beyond(&self, expected: &str) -> RequestError {
        beyond(self.wire, self.path.clone(), self.message(expected))
    }

    /// Returns the error for a value that cannot be taken, on whatever wire.
    pub fn invalid(&self, expected: &str) -> RequestError {
        RequestError::InvalidParam { field: self.path.clone(), message: self.message(expected) }
    }

    fn message(&self, expected: &str) -> String {
        format!("must be {expected}, not {}", Came(self.raw.get()))
    }

    fn elements(&self) -> Option<Vec<Field<'a>>> {
        let elements = raw::array(self.raw)?.into_iter().enumerate();
        let field = |(index, raw)| Field { wire: self.wire, path: format!("{}[{index}]", self.path), raw };
        Some(elements.map(field).collect())
    }
}

/// Synapse counts what is out of range as of the wrong type, and its clients know that (`spec/synapse.md` §1).
fn beyond(wire: Wire, field: String, message: String) -> RequestError {
    match wire {
        Wire::V4 => RequestError::InvalidParam { field, message },
        Wire::Simplified => RequestError::bad_json(field, message),
    }
}

/// Reads digits, perhaps after a minus; what does not fit becomes the largest or the smallest.
pub fn saturating(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let furthest = if digits.len() < text.len() { i64::MIN } else { i64::MAX };
    is_integer.then(|| text.parse().unwrap_or(furthest))
}

/// What came, in words: the value itself where it is short.
struct Came<'a>(&'a str);

impl Display for Came<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.0;
        formatter.write_str(match json.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            _ if json.len() <= SHOWN_VALUE => json,
            Some(b'"') => "a longer string",
            _ => "a longer number",
        })
    }
}

/// Returns a name at a length that a sentence can hold.
fn cut(name: &str, length: usize) -> Cow<'_, str> {
    match name.char_indices().nth(length) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
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
