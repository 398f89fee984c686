//! Inputs: real bodies with some edits, sometimes with broken bytes, rarely nothing but noise.

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Strategy},
};

use super::json::{Edit, Json, What};

/// Returns inputs made of these documents.
pub fn mutated(seeds: &[&str]) -> BoxedStrategy<Vec<u8>> {
    let whole = documents(seeds).prop_map(String::into_bytes);
    let broken =
        (documents(seeds), vec((any::<u32>(), any::<u8>()), 1..4)).prop_map(|(text, bytes)| damaged(text, &bytes));
    prop_oneof![12 => whole, 2 => broken, 1 => vec(any::<u8>(), 0..64)].boxed()
}

/// Returns edited documents: most are good JSON, of whatever shape.
pub fn documents(seeds: &[&str]) -> BoxedStrategy<String> {
    let seeds: Vec<Json> = seeds.iter().map(|seed| Json::read(seed)).collect();
    let edited = (select(seeds), vec(edit(), 0..6)).prop_map(|(mut document, edits)| {
        for edit in &edits {
            document.edit(edit);
        }
        document.write()
    });
    edited.boxed()
}

/// Returns some of these inputs, one a line: `\n` is white space in JSON, so a line break in one of them only makes two.
pub fn lines(line: BoxedStrategy<Vec<u8>>, most: usize) -> BoxedStrategy<Vec<u8>> {
    vec(line, 1..=most).prop_map(|lines| lines.join(&b'\n')).boxed()
}

/// Returns a line that begins with a word.
pub fn line(word: &'static str, rest: BoxedStrategy<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    rest.prop_map(move |rest| [word.as_bytes(), b" ", &rest].concat()).boxed()
}

/// Returns texts: some of these, edited letter by letter, and anything else.
pub fn texts(seeds: &'static [&'static str]) -> BoxedStrategy<Vec<u8>> {
    let near = (select(seeds), vec((any::<u32>(), any::<u8>()), 0..3))
        .prop_map(|(text, bytes)| damaged(text.to_owned(), &bytes));
    prop_oneof![3 => near, 1 => any::<String>().prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..32)].boxed()
}

fn edit() -> impl Strategy<Value = Edit> {
    let what = prop_oneof![
        6 => Just(What::Replace),
        3 => Just(What::Remove),
        2 => Just(What::Repeat),
        1 => Just(What::Flood),
        2 => Just(What::Rename),
        4 => Just(What::Copy),
        2 => Just(What::Swap),
        1 => Just(What::Wrap),
        2 => Just(What::Add),
    ];
    (what, any::<u32>(), any::<u32>()).prop_map(|(what, place, other)| Edit { what, place, other })
}

/// Changes, takes away or puts in single bytes.
fn damaged(text: String, bytes: &[(u32, u8)]) -> Vec<u8> {
    let mut text = text.into_bytes();
    for &(place, byte) in bytes {
        let index = ((u64::from(place) * (text.len() as u64 + 1)) >> 32) as usize;
        match byte % 4 {
            0 => text.truncate(index),
            1 if index < text.len() => drop(text.remove(index)),
            2 => text.insert(index, byte),
            _ if index < text.len() => text[index] = byte,
            _ => {}
        }
    }
    text
}
