//! The stored form of every record: a snapshot that changes is a change of the format, which old databases do not have.

use std::{collections::BTreeMap, rc::Rc};

use serde_json::value::RawValue;

use super::*;

/// Snapshots the stored form, and checks that it comes back as it went.
#[track_caller]
fn check(name: &str, table: Table, record: &Record) {
    let stored = record.encode().expect("encodes");
    assert_eq!(stored.first(), Some(&FORMAT), "a stored value begins with its format");
    let again = Record::decode_in(table, &stored).expect("decodes").encode().expect("encodes");
    assert_eq!(again, stored, "what is read is not what was written");
    let json: serde_json::Value = serde_json::from_slice(stored.get(1..).unwrap_or_default()).expect("JSON");
    insta::assert_json_snapshot!(name, json);
}

fn raw(json: &str) -> Rc<RawValue> {
    RawValue::from_string(json.to_owned()).expect("test JSON").into()
}

fn event() -> Event {
    let json = r#"{"type":"m.room.name","state_key":"","event_id":"$e","sender":"@a:x","origin_server_ts":5,"content":{"name":"A"},"unsigned":{"age":3}}"#;
    Event::parse(&raw(json), Timestamp(7)).expect("an event")
}

/// A room of which everything is known that can be.
fn full_entry() -> RoomEntry {
    RoomEntry {
        known: Known::Provisional,
        based: Position(8),
        gap: Position(9),
        by_other: true,
        ever_joined: true,
        membership_position: Position(1),
        joined_at: Some(Ordinal(2)),
        activity: Timestamp(30),
        bump_stamp: Timestamp(20),
        name: Some("Name".into()),
        avatar: Some("mxc://x/a".into()),
        canonical_alias: Some("#a:x".into()),
        heroes: vec![Hero {
            user_id: "@b:x".try_into().expect("a user id"),
            displayname: Some("Bob".into()),
            avatar_url: Some("mxc://x/b".into()),
        }],
        joined_count: Some(2),
        invited_count: Some(1),
        room_type: Some("m.space".into()),
        create_known: true,
        encrypted: Some(true),
        successor: Some("!s:x".try_into().expect("a room id")),
        space_children: vec!["!c:x".try_into().expect("a room id")],
        tags: vec!["m.favourite".into()],
        notification_count: Some(3),
        highlight_count: Some(1),
        unread_threads: vec![UnreadThread {
            root: "$t".try_into().expect("an event id"),
            notification_count: 2,
            highlight_count: 0,
        }],
        own_summary: true,
        inviter: Some("@i:x".try_into().expect("a user id")),
        timeline_first: Ordinal(-4),
        timeline_end: Ordinal(9),
        timeline_complete: true,
        state_buckets: 1,
        member_buckets: 4,
        members_complete: true,
        changed: Aspects {
            timeline: Position(1),
            state: Position(2),
            members: Position(3),
            summary: Position(4),
            heroes: Position(8),
            member_counts: Position(9),
            counts: Position(5),
            receipts: Position(6),
            account_data: Position(7),
        },
        ..RoomEntry::unknown("!a:x".try_into().expect("a room id"), Membership::Join)
    }
}

#[test]
fn account() {
    let record = AccountRecord {
        position: Position(9),
        incarnation: 2,
        starts: vec![(2, Position(5))],
        last_stamp: Timestamp(8),
        author: Some("DEVICE".into()),
        bootstrap: Bootstrap::Whole { failures: 1 },
        typing: vec![(
            "!a:x".try_into().expect("a room id"),
            Typing { users: vec!["@bob:x".try_into().expect("a user id")], position: Position(7) },
        )],
        unignored: vec!["@eve:x".try_into().expect("a user id")],
        presence: true,
    };
    check("account", Table::Account, &Record::Account(Rc::new(record)));
}

#[test]
fn room_index() {
    let bare = RoomEntry::unknown("!b:x".try_into().expect("a room id"), Membership::Join);
    let page = RoomPage { rooms: vec![full_entry(), bare] };
    check("room_index", Table::RoomIndex, &Record::RoomIndex(Rc::new(page)));
}

#[test]
fn state() {
    let entry = |event, provisional| StateEntry { event, position: Position(3), provisional };
    let entries = BTreeMap::from([
        (("m.room.name".to_owned(), String::new()), entry(Some(event()), true)),
        (("m.room.topic".to_owned(), String::new()), entry(None, false)),
    ]);
    check("state", Table::State, &Record::State(Rc::new(StateRecord { entries })));
}

#[test]
fn stripped() {
    let events = vec![raw(r#"{"type":"m.room.name","state_key":"","sender":"@a:x","content":{}}"#)];
    let record = StrippedRecord { events, position: Position(3) };
    check("stripped", Table::Stripped, &Record::Stripped(Rc::new(record)));
}

#[test]
fn timeline() {
    let full = TimelineEvent {
        ordinal: Ordinal(-1),
        position: Position(3),
        event: event(),
        live: true,
        gap_before: true,
        token_before: Some("before".into()),
        token_after: Some("after".into()),
        transaction: Some(("DEVICE".into(), "txn".into())),
        not_sent_by: vec!["OTHER".into()],
    };
    let bare = TimelineEvent {
        ordinal: Ordinal(0),
        live: false,
        gap_before: false,
        token_before: None,
        token_after: None,
        transaction: None,
        not_sent_by: Vec::new(),
        ..full.clone()
    };
    let chunk = TimelineChunk { events: vec![full, bare] };
    check("timeline", Table::Timeline, &Record::Timeline(Rc::new(chunk)));
}

#[test]
fn receipts() {
    let receipt = |thread: Option<&str>| Receipt {
        user: "@b:x".try_into().expect("a user id"),
        kind: "m.read".into(),
        thread: thread.map(ToOwned::to_owned),
        event: "$e".try_into().expect("an event id"),
        data: raw(r#"{"ts":1}"#),
        position: Position(3),
    };
    let record = ReceiptsRecord { receipts: vec![receipt(Some("main")), receipt(None)] };
    check("receipts", Table::Receipts, &Record::Receipts(Rc::new(record)));
}

#[test]
fn account_data() {
    let entry = AccountDataEntry { event: raw(r#"{"type":"m.direct","content":{}}"#), position: Position(3) };
    let record = AccountDataRecord { entries: BTreeMap::from([("m.direct".to_owned(), entry)]) };
    check("account_data", Table::AccountData, &Record::AccountData(Rc::new(record)));
}

#[test]
fn device() {
    let record = DeviceRecord {
        since: Some("s2".into()),
        first_since: Some("s1".into()),
        first_position: Position(1),
        to_device_next: 7,
        to_device_acknowledged: 5,
        one_time_keys: BTreeMap::from([("signed_curve25519".to_owned(), 50)]),
        unused_fallback_key_types: Some(vec!["signed_curve25519".into()]),
        keys_position: Position(4),
        ..DeviceRecord::new("DEVICE".into(), 3)
    };
    check("device", Table::Devices, &Record::Device(Rc::new(record)));
}

#[test]
fn to_device() {
    let record = ToDeviceRecord { first: 6, position: Position(3), messages: vec![raw(r#"{"type":"m.room_key"}"#)] };
    check("to_device", Table::ToDevice, &Record::ToDevice(Rc::new(record)));
}

#[test]
fn device_lists() {
    let change = DeviceListChange { position: Position(3), left: true };
    let users = BTreeMap::from([("@b:x".try_into().expect("a user id"), change)]);
    let record = DeviceListsRecord { users, forgotten: Position(2) };
    check("device_lists", Table::DeviceLists, &Record::DeviceLists(Rc::new(record)));
}
