//! Events, account data and records: what is read is written, and reads as the same again.

use std::rc::Rc;

use sash_sync::{
    cache::{DirectChats, IgnoredUsers},
    model::{AccountDataEntry, AccountDataRecord, Event, Position, Record, Table, Timestamp},
};
use serde_json::value::RawValue;

use super::{
    seeds,
    support::{
        harness::fuzz,
        inputs::{documents, mutated},
    },
};
use proptest::{
    prelude::*,
    strategy::{Strategy, Union},
};

#[test]
fn an_event_is_stored_as_it_was_read() {
    fuzz("event", &mutated(seeds::EVENT), |body| {
        let raw: Option<&RawValue> = std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str(text).ok());
        let Some(event) = raw.and_then(|raw| Event::parse(raw, Timestamp(5)).ok()) else { return };
        let again = Event::parse(&event.body, Timestamp(5)).expect("a body is an event");
        assert_eq!(again.header, event.header, "a header is the one of its body");
        assert!(again.unsigned.is_none(), "a body has no unsigned");
        let stored = serde_json::to_string(&event).expect("an event is stored");
        let read: Event = serde_json::from_str(&stored).expect("and read");
        assert_eq!(read.header, event.header);
        assert_eq!(read.body.get(), event.body.get());
        assert_eq!(read.unsigned.as_deref().map(RawValue::get), event.unsigned.as_deref().map(RawValue::get));
    });
}

/// Whatever stands in a table: it is read or refused, and what is read is stable.
#[test]
fn records() {
    let tables: Vec<_> = seeds::records()
        .into_iter()
        .map(|(table, value)| {
            let values = prop_oneof![9 => Just(vec![1]), 1 => proptest::collection::vec(any::<u8>(), 0..2)];
            let bodies = mutated(&[value]);
            (values, bodies).prop_map(move |(format, body)| [table.as_bytes(), b" ", &format, &body].concat()).boxed()
        })
        .collect();
    fuzz("records", &Union::new(tables).boxed(), |input| {
        let end = input.iter().position(|byte| *byte == b' ').unwrap_or(input.len());
        let name = std::str::from_utf8(&input[..end]).unwrap_or_default();
        let value = input.get(end + 1..).unwrap_or_default();
        let Some(table) = Table::ALL.into_iter().find(|table| table.name() == name) else { return };
        let Ok(record) = Record::decode_in(table, value) else { return };
        record.size();
        let written = record.encode().expect("what was read is written");
        let again = Record::decode_in(table, &written).expect("and read again");
        assert_eq!(again.encode().expect("and written again"), written);
    });
}

/// Contents of account data: whatever they are, and no good entry is lost by a bad one.
#[test]
fn account_data() {
    let contents = documents(&seeds::account_data()).prop_map(String::into_bytes).boxed();
    fuzz("account_data", &contents, |content| {
        for kind in ["m.direct", "m.ignored_user_list", "im.vector.setting.breadcrumbs"] {
            let Some(record) = record(kind, content) else { return };
            DirectChats::from_account_data(&record).iter().count();
            IgnoredUsers::from_account_data(&record);
        }
        let beside = [br#"{"@bad:x":"#, content, br#","@good:x":["!good:x"]}"#].concat();
        let Some(record) = record("m.direct", &beside) else { return };
        let direct = DirectChats::from_account_data(&record);
        assert!(direct.contains("!good:x".try_into().expect("a room id")), "a direct chat is lost");
        let beside = [br#"{"ignored_users":{"@good:x":{},"@bad:x":"#, content, b"}}"].concat();
        let Some(record) = self::record("m.ignored_user_list", &beside) else { return };
        let ignored = IgnoredUsers::from_account_data(&record);
        assert!(ignored.contains("@good:x".try_into().expect("a user id")), "an ignored user is lost");
    });
}

/// Account data with one event of this content, if it is JSON.
fn record(kind: &str, content: &[u8]) -> Option<AccountDataRecord> {
    let content = std::str::from_utf8(content).ok()?;
    let event = RawValue::from_string(format!(r#"{{"type":"{kind}","content":{content}}}"#)).ok()?;
    let entry = AccountDataEntry { event: Rc::from(event), position: Position(1) };
    Some(AccountDataRecord { entries: [(kind.to_owned(), entry)].into() })
}
