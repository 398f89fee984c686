//! What answers look like.

use std::{collections::BTreeMap, rc::Rc};

use expect_test::expect_file;
use serde_json::value::RawValue;

use crate::connection::{
    AccountDataResponse, AnsweredEvent, E2eeResponse, ExtensionsResponse, ListResponse, Pos, RoomResult, StateItem,
    SyncResponse, TimelineResult, ToDeviceResponse, TypingNames, Unread, Wire,
};
use crate::model::{Event, Hero, Membership, Position, Receipt, Timestamp, UnreadThread};
use crate::protocol::render;

fn raw(json: &str) -> Rc<RawValue> {
    Rc::from(RawValue::from_string(json.to_owned()).expect("JSON"))
}

fn event(json: &str, unsigned: Option<&str>) -> AnsweredEvent {
    let event = Event::parse(serde_json::from_str(json).expect("JSON"), Timestamp(0)).expect("an event");
    AnsweredEvent { event, unsigned: unsigned.map(raw) }
}

fn message() -> AnsweredEvent {
    event(r#"{"type":"m.x","event_id":"$m","sender":"@a:x","content":{"n": 1.0}}"#, Some(r#"{"age":7}"#))
}

fn joined() -> RoomResult {
    RoomResult {
        initial: true,
        membership: Some(Membership::Join),
        lists: vec!["all".to_owned()],
        bump_stamp: Some(Timestamp(99)),
        name: Some(None),
        avatar: Some(None),
        heroes: Some(vec![Hero {
            user_id: "@b:x".try_into().expect("user"),
            displayname: Some("B \"b\"".to_owned()),
            avatar_url: None,
        }]),
        is_dm: Some(true),
        required_state: vec![
            StateItem::Event(event(
                r#"{"type":"m.room.topic","state_key":"","event_id":"$t","sender":"@a:x","content":{}}"#,
                None,
            )),
            StateItem::Removed { event_type: "m.room.name".to_owned(), state_key: String::new() },
        ],
        timeline: Some(TimelineResult {
            events: vec![message()],
            limited: true,
            prev_batch: Some("t1".to_owned()),
            expanded: true,
            num_live: 1,
        }),
        joined_count: Some(2),
        invited_count: Some(0),
        notification_count: Some(3),
        highlight_count: Some(1),
        stripped_state: None,
    }
}

fn outside(membership: Membership) -> RoomResult {
    RoomResult {
        membership: Some(membership),
        stripped_state: Some(vec![raw(r#"{"type":"m.room.name","content":{"name":"N"}}"#)]),
        ..RoomResult::default()
    }
}

fn receipt(thread: Option<&str>, data: &str) -> Receipt {
    Receipt {
        user: "@b:x".try_into().expect("user"),
        kind: "m.read".to_owned(),
        thread: thread.map(ToOwned::to_owned),
        event: "$m".try_into().expect("event id"),
        data: raw(data),
        position: Position(1),
    }
}

fn response() -> SyncResponse {
    let room = |id: &str| ruma::OwnedRoomId::try_from(id).expect("room id");
    SyncResponse {
        pos: Pos { state: 9, position: Position(41), incarnation: 2, nonce: 77 },
        txn_id: Some("t1".to_owned()),
        typing_names: TypingNames { stable: true, unstable: true },
        lists: BTreeMap::from([(
            "all".to_owned(),
            ListResponse { count: 30, windows: vec![((0, 1), vec![room("!a:x"), room("!b:x")])] },
        )]),
        rooms: vec![
            (room("!a:x"), joined()),
            (room("!b:x"), outside(Membership::Invite)),
            (room("!c:x"), outside(Membership::Leave)),
        ],
        extensions: ExtensionsResponse {
            to_device: Some(ToDeviceResponse { next_batch: 5, events: vec![raw(r#"{"type":"m.k"}"#)] }),
            e2ee: Some(E2eeResponse {
                device_lists: Some((vec!["@b:x".try_into().expect("user")], Vec::new())),
                one_time_keys: BTreeMap::from([("signed_curve25519".to_owned(), 50)]),
                unused_fallback_key_types: Some(Vec::new()),
            }),
            account_data: Some(AccountDataResponse {
                global: vec![raw(r#"{"type":"m.direct","content":{}}"#)],
                rooms: BTreeMap::from([(room("!a:x"), vec![raw(r#"{"type":"m.tag","content":{"tags":{}}}"#)])]),
            }),
            receipts: Some(BTreeMap::from([(
                room("!a:x"),
                vec![receipt(None, r#"{"ts":1}"#), receipt(Some("main"), r#"{"ts":2,"thread_id":"main"}"#)],
            )])),
            typing: Some(BTreeMap::from([(room("!a:x"), vec!["@b:x".try_into().expect("user")])])),
            presence: Some(vec![raw(r#"{"type":"m.presence"}"#)]),
            counts: Some(BTreeMap::from([(
                room("!a:x"),
                Unread {
                    notification_count: 3,
                    highlight_count: 1,
                    threads: vec![UnreadThread {
                        root: "$t".try_into().expect("event"),
                        notification_count: 2,
                        highlight_count: 0,
                    }],
                },
            )])),
        },
    }
}

fn pretty(wire: Wire, response: &SyncResponse) -> String {
    let body = render(wire, response);
    let value: serde_json::Value = serde_json::from_slice(&body).expect("the answer is JSON");
    format!("{}\n", serde_json::to_string_pretty(&value).expect("JSON"))
}

#[test]
fn an_answer_on_v4() {
    expect_file!["data/answer_v4.json"].assert_eq(&pretty(Wire::V4, &response()));
}

#[test]
fn an_answer_on_the_unstable_wire() {
    expect_file!["data/answer_simplified.json"].assert_eq(&pretty(Wire::Simplified, &response()));
}

#[test]
fn an_answer_without_news_has_its_three_parts() {
    let empty = SyncResponse {
        pos: Pos { state: 0, position: Position(1), incarnation: 1, nonce: 2 },
        txn_id: None,
        typing_names: TypingNames::default(),
        lists: BTreeMap::new(),
        rooms: Vec::new(),
        extensions: ExtensionsResponse::default(),
    };
    for wire in [Wire::V4, Wire::Simplified] {
        let body = String::from_utf8(render(wire, &empty)).expect("UTF-8");
        assert_eq!(body, r#"{"pos":"0/s1_1_2","lists":{},"rooms":{},"extensions":{}}"#);
    }
}

#[test]
fn an_event_keeps_its_bytes() {
    for wire in [Wire::V4, Wire::Simplified] {
        let body = String::from_utf8(render(wire, &response())).expect("UTF-8");
        let event = r#"{"type":"m.x","event_id":"$m","sender":"@a:x","content":{"n": 1.0},"unsigned":{"age":7}}"#;
        assert!(body.contains(event), "{body}");
    }
}
