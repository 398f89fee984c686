//! Writing JSON from raw parts, without trees.

use std::fmt::Write;

/// An object that is being written.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

/// An array that is being written.
pub struct Array<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens an object at the end of `out`.
    pub fn open(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, empty: true }
    }

    /// Closes it.
    pub fn close(self) {
        self.out.push('}');
    }

    /// Writes the key and returns where the value goes.
    pub fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.empty) {
            self.out.push(',');
        }
        write_text(self.out, key);
        self.out.push(':');
        self.out
    }

    /// Writes a field with an object.
    pub fn object(&mut self, key: &str) -> Object<'_> {
        Object::open(self.key(key))
    }

    /// Writes a field with an array.
    pub fn array(&mut self, key: &str) -> Array<'_> {
        Array::open(self.key(key))
    }

    /// Writes a field with a string.
    pub fn text(&mut self, key: &str, value: &str) {
        write_text(self.key(key), value);
    }

    /// Writes a field with JSON as it is.
    pub fn raw(&mut self, key: &str, json: &str) {
        self.key(key).push_str(json);
    }

    /// Writes a field with a number.
    pub fn number(&mut self, key: &str, value: u64) {
        write_number(self.key(key), value);
    }

    /// Writes a field with `true` or `false`.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    /// Writes a field with strings.
    pub fn texts<T: AsRef<str>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let mut array = self.array(key);
        for value in values {
            array.text(value.as_ref());
        }
        array.close();
    }
}

impl<'a> Array<'a> {
    /// Opens an array at the end of `out`.
    pub fn open(out: &'a mut String) -> Array<'a> {
        out.push('[');
        Array { out, empty: true }
    }

    /// Closes it.
    pub fn close(self) {
        self.out.push(']');
    }

    /// Returns where the next element goes.
    pub fn element(&mut self) -> &mut String {
        if !std::mem::take(&mut self.empty) {
            self.out.push(',');
        }
        self.out
    }

    /// Writes a string.
    pub fn text(&mut self, value: &str) {
        write_text(self.element(), value);
    }

    /// Writes JSON as it is.
    pub fn raw(&mut self, json: &str) {
        self.element().push_str(json);
    }

    /// Writes a number.
    pub fn number(&mut self, value: u64) {
        write_number(self.element(), value);
    }

    /// Writes an object.
    pub fn object(&mut self) -> Object<'_> {
        Object::open(self.element())
    }
}

/// Nearly every text stands in JSON as it is.
fn write_text(out: &mut String, value: &str) {
    if value.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..0x20)) {
        // A string always serialises.
        out.push_str(&serde_json::to_string(value).unwrap_or_default());
    } else {
        out.extend(["\"", value, "\""]);
    }
}

fn write_number(out: &mut String, value: u64) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}
