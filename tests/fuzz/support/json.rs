//! JSON that is edited as text and not by meaning: what a reader must bear includes what no tree of ours can hold, such as
//! a key that stands twice, a number out of every range, half a surrogate pair.

use serde_json::value::RawValue;

/// A value; scalars and keys as they are written.
#[derive(Clone, Debug)]
pub enum Json {
    Scalar(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// One edit. `place` and `other` choose among all values of a document, whatever its size.
#[derive(Clone, Debug)]
pub struct Edit {
    pub what: What,
    pub place: u32,
    pub other: u32,
}

/// What is done at the place.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Another value stands there: one of [`NASTY`].
    Replace,
    /// It is gone.
    Remove,
    /// It is there twice.
    Repeat,
    /// It is there a hundred times.
    Flood,
    /// It stands under another key.
    Rename,
    /// What stands elsewhere stands here, too.
    Copy,
    /// What stood elsewhere stands here and the reverse: the order changes.
    Swap,
    /// It stands in a list.
    Wrap,
    /// One more element or field beside it.
    Add,
}

/// Values that readers get wrong.
pub const NASTY: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1",
    "3.0",
    "0.5",
    "1e3",
    "1e999",
    "-1e-999",
    "9007199254740991",
    "9007199254740992",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    r#""""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\ud83d\ude00""#,
    r#""é""#,
    r#""\ufeff""#,
    r#"" ""#,
    r#""\\\"\n""#,
    r#""*""#,
    r#""$LAZY""#,
    r#""$ME""#,
    r#""!""#,
    r#""!a:x""#,
    r#""!nobody\u0000:x""#,
    r#""@""#,
    r#""@me:x""#,
    r#""@bob:x""#,
    r#""@:""#,
    r#""$""#,
    r#""$m1""#,
    r#""$c""#,
    r##""#""##,
    r#""-1""#,
    r#""18446744073709551615""#,
    r#""18446744073709551616""#,
    r#""1/s1_1_1""#,
    r#""m.room.create""#,
    r#""m.room.member""#,
    r#""m.room.redaction""#,
    r#""m.room.name""#,
    r#""m.space""#,
    r#""m.space.child""#,
    r#""m.room.tombstone""#,
    r#""m.room.encryption""#,
    r#""join""#,
    r#""leave""#,
    r#""ban""#,
    r#""invite""#,
    r#""knock""#,
    r#""1""#,
    r#""11""#,
    r#""__proto__""#,
    "[]",
    "{}",
    "[null]",
    "[[]]",
    r#"{"a":null}"#,
    r#"{"":{}}"#,
    r#"{"\ud800":1}"#,
    r#"{"\u0000":{"\u0000":0}}"#,
    r#"{"a":1,"a":2}"#,
    r#"[1,"a",null,{},[]]"#,
    DEEP_LIST,
    DEEP_OBJECT,
];

/// Deeper than readers that call themselves can go.
const DEEP_LIST: &str = "<deep list>";
const DEEP_OBJECT: &str = "<deep object>";
const DEPTH: usize = 400;
/// Values of a document that is edited further.
const LARGEST: usize = 5_000;

/// Keys that mean something, or nothing.
const KEYS: &[&str] = &[
    r#""""#,
    r#""\ud800""#,
    r#""\u0000""#,
    r#""type""#,
    r#""content""#,
    r#""unsigned""#,
    r#""event_id""#,
    r#""sender""#,
    r#""state_key""#,
    r#""redacts""#,
    r#""origin_server_ts""#,
    r#""room_id""#,
    r#""age""#,
    r#""transaction_id""#,
    r#""events""#,
    r#""timeline""#,
    r#""state""#,
    r#""state_after""#,
    r#""limited""#,
    r#""prev_batch""#,
    r#""next_batch""#,
    r#""rooms""#,
    r#""join""#,
    r#""leave""#,
    r#""invite""#,
    r#""!a:x""#,
    r#""!new:x""#,
    r#""@me:x""#,
    r#""\u0021a:x""#,
    r#""range""#,
    r#""ranges""#,
    r#""lists""#,
    r#""pos""#,
    r#""enabled""#,
    r#""since""#,
    r#""limit""#,
];

impl Json {
    /// Reads a document that is good JSON.
    pub fn read(text: &str) -> Json {
        let text = text.trim();
        if text.starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(text).expect("a list");
            return Json::List(elements.into_iter().map(|element| Json::read(element.get())).collect());
        }
        if text.starts_with('{') {
            let fields: sash_sync::model::RawObject<'_> = serde_json::from_str(text).expect("an object");
            let field = |(key, value): (std::borrow::Cow<'_, str>, &RawValue)| {
                (serde_json::to_string(&key).expect("a key"), Json::read(value.get()))
            };
            return Json::Object(fields.0.into_iter().map(field).collect());
        }
        Json::Scalar(text.to_owned())
    }

    /// Writes the document, good JSON or not.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Json::Scalar(text) => match text.as_str() {
                DEEP_LIST => out.push_str(&format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))),
                DEEP_OBJECT => out.push_str(&format!("{}1{}", r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH))),
                text => out.push_str(text),
            },
            Json::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    element.write_to(out);
                }
                out.push(']');
            }
            Json::Object(fields) => {
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(key);
                    out.push(':');
                    value.write_to(out);
                }
                out.push('}');
            }
        }
    }

    /// Does an edit. At the document itself only those that leave one value are possible.
    pub fn edit(&mut self, edit: &Edit) {
        let count = self.count();
        if count > LARGEST {
            return;
        }
        let place = scaled(edit.place, count);
        let other = scaled(edit.other, count);
        let nasty = || Json::Scalar(NASTY[scaled(edit.other, NASTY.len())].to_owned());
        let key = || KEYS[scaled(edit.other, KEYS.len())].to_owned();
        match edit.what {
            What::Replace => *self.at(place) = nasty(),
            What::Copy => *self.at(place) = self.at(other).clone(),
            What::Wrap => {
                let value = self.at(place);
                *value = Json::List(vec![std::mem::replace(value, Json::Scalar(String::new()))]);
            }
            What::Swap => {
                let (one, two) = (self.at(place).clone(), self.at(other).clone());
                // One that holds the other would hold itself.
                if one.count() == 1 && two.count() == 1 {
                    *self.at(place) = two;
                    *self.at(other) = one;
                }
            }
            What::Add => match self.at(place) {
                Json::List(elements) => elements.push(nasty()),
                Json::Object(fields) => fields.push((key(), nasty())),
                Json::Scalar(_) => {}
            },
            What::Remove | What::Repeat | What::Flood | What::Rename => {
                if let Some((parent, index)) = self.parent(place) {
                    beside(parent, index, edit.what, key());
                }
            }
        }
    }

    fn count(&self) -> usize {
        1 + self.children().map(Json::count).sum::<usize>()
    }

    fn children(&self) -> Box<dyn Iterator<Item = &Json> + '_> {
        match self {
            Json::Scalar(_) => Box::new(std::iter::empty()),
            Json::List(elements) => Box::new(elements.iter()),
            Json::Object(fields) => Box::new(fields.iter().map(|(_, value)| value)),
        }
    }

    fn child(&mut self, index: usize) -> &mut Json {
        match self {
            Json::List(elements) => &mut elements[index],
            Json::Object(fields) => &mut fields[index].1,
            Json::Scalar(_) => unreachable!("a scalar has no children"),
        }
    }

    /// The value at a place, counted from the root on, parents before children.
    fn at(&mut self, place: usize) -> &mut Json {
        if place == 0 {
            return self;
        }
        let (index, rest) = self.towards(place);
        self.child(index).at(rest)
    }

    /// The value that holds the one at a place, and the index there.
    fn parent(&mut self, place: usize) -> Option<(&mut Json, usize)> {
        if place == 0 {
            return None;
        }
        let (index, rest) = self.towards(place);
        if rest == 0 { Some((self, index)) } else { self.child(index).parent(rest) }
    }

    fn towards(&self, place: usize) -> (usize, usize) {
        let mut rest = place - 1;
        for (index, child) in self.children().enumerate() {
            let count = child.count();
            if rest < count {
                return (index, rest);
            }
            rest -= count;
        }
        unreachable!("no such place")
    }
}

fn beside(parent: &mut Json, index: usize, what: What, key: String) {
    let small = parent.count() < LARGEST / 100;
    let times = if matches!(what, What::Flood) && small { 100 } else { 1 };
    match (parent, what) {
        (Json::List(elements), What::Remove) => drop(elements.remove(index)),
        (Json::Object(fields), What::Remove) => drop(fields.remove(index)),
        (Json::List(elements), What::Repeat | What::Flood) => {
            for _ in 0..times {
                elements.insert(index, elements[index].clone());
            }
        }
        (Json::Object(fields), What::Repeat | What::Flood) => {
            for _ in 0..times {
                fields.insert(index, fields[index].clone());
            }
        }
        (Json::Object(fields), What::Rename) => fields[index].0 = key,
        _ => {}
    }
}

/// An index below `count` in the same proportion.
fn scaled(number: u32, count: usize) -> usize {
    ((u64::from(number) * count as u64) >> 32) as usize
}
