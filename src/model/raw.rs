//! Lenient access to raw JSON: a value of another shape is `None`.
//!
//! What is needed of foreign JSON is read from here, field by field, rather than into a type of its own with a derived
//! reader: each of those is a kilobyte or two of wasm.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// The fields of a JSON object in their order, each value raw. A key that stands twice is kept twice; one that is no text
/// (half a surrogate pair) is passed over with its value, because an object must not be lost by one field.
#[derive(Default)]
pub struct RawObject<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> RawObject<'a> {
    /// Reads an object.
    pub fn read(raw: &'a RawValue) -> Option<RawObject<'a>> {
        // A cheap look first: most wrong shapes are `null`, and this is the common way to find out.
        raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())?
    }

    /// Returns a field: the last one where a key stands twice, as JSON readers do.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Returns a field that is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// Writes the object with the fields that `keep` lets through.
    pub fn write(&self, keep: impl Fn(&str) -> bool) -> Result<Box<RawValue>, serde_json::Error> {
        let mut json = String::from("{");
        for (key, value) in self.0.iter().filter(|(key, _)| keep(key)) {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&serde_json::to_string(key)?);
            json.push(':');
            json.push_str(value.get());
        }
        json.push('}');
        RawValue::from_string(json)
    }
}

/// Returns what stands at a path through objects.
pub fn dig<'a>(raw: &'a RawValue, path: &[&str]) -> Option<&'a RawValue> {
    path.iter().try_fold(raw, |raw, name| RawObject::read(raw)?.get(name))
}

/// Returns the elements of an array.
pub fn array(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// Returns a string, borrowed where it has no escapes.
pub fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

/// Returns a string.
pub fn text(raw: &RawValue) -> Option<String> {
    string(raw).map(Cow::into_owned)
}

/// Returns a count: a number that is not negative, and that every JSON reader takes for the same. Some homeservers write
/// `3.0`.
pub fn count(raw: &RawValue) -> Option<u64> {
    let text = raw.get();
    let count = text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok());
    count.filter(|count| *count <= LARGEST_INTEGER)
}

/// The largest integer of canonical JSON: strict clients refuse a whole answer for one that is larger.
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// Returns a truth value.
pub fn boolean(raw: &RawValue) -> Option<bool> {
    raw.get().parse().ok()
}

/// Returns whether the value is `null`, which everywhere means the same as absence.
pub fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::with_capacity(12);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    let value = map.next_value()?;
                    fields.extend(key.0.map(|key| (key, value)));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Visitor).map(RawObject)
    }
}

/// A key; `None` where its bytes are no text. Read as bytes, because as text it would fail the object.
struct Key<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Option<Cow<'de, str>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_bytes<E>(self, text: &'de [u8]) -> Result<Self::Value, E> {
                Ok(std::str::from_utf8(text).ok().map(Cow::Borrowed))
            }

            fn visit_bytes<E>(self, text: &[u8]) -> Result<Self::Value, E> {
                Ok(std::str::from_utf8(text).ok().map(|text| Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_bytes(Visitor).map(Key)
    }
}

/// `Cow<str>` owns its text unless told to borrow.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Visitor).map(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).expect("test JSON")
    }

    #[test]
    fn what_stands_at_a_path_is_found() {
        let json = raw(r#"{"a":{"b":1,"b":"two\n"},"c":null}"#);
        assert_eq!(dig(json, &["a", "b"]).and_then(text).as_deref(), Some("two\n"), "the last of two counts");
        assert!(dig(json, &["a", "x"]).is_none());
        assert!(dig(json, &["c", "b"]).is_none());
        assert!(dig(json, &["a", "b", "c"]).is_none());
    }

    #[test]
    fn a_key_that_is_no_text_takes_nothing_with_it() {
        let object = RawObject::read(raw(r#"{"\ud800":1,"b\n":2,"\ud83d\ude00":3}"#)).expect("an object");
        let keys: Vec<&str> = object.0.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["b\n", "😀"]);
    }

    #[test]
    fn a_count_is_one_that_every_client_can_read() {
        assert_eq!(count(raw("9007199254740991")), Some(9_007_199_254_740_991));
        for json in ["9007199254740992", "18446744073709551615", "1e3"] {
            assert_eq!(count(raw(json)), None, "{json}");
        }
    }

    #[test]
    fn another_shape_is_none() {
        for json in [r#""x""#, "1", "null", "[]", "true", "-1", "1.5"] {
            assert!(RawObject::read(raw(json)).is_none(), "{json} is no object");
        }
        assert_eq!((text(raw("1")), count(raw("-1")), boolean(raw("1"))), (None, None, None));
        assert_eq!((count(raw("3.0")), boolean(raw("false"))), (Some(3), Some(false)));
        assert!(array(raw("{}")).is_none());
    }
}
