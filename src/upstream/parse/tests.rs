//! What the parser must bear.

use expect_test::{Expect, expect};

use super::*;
use crate::model::v2::{RoomState, SyncResponse};

/// Shows a response in a few words a line.
fn dump(response: &SyncResponse<'_>) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("next_batch {:?}", response.next_batch.as_deref()));
    for (section, rooms) in [("join", &response.join), ("leave", &response.leave)] {
        for (room_id, room) in rooms {
            let (when, state) = match &room.state {
                RoomState::Before(state) => ("before", state),
                RoomState::After(state) => ("after", state),
            };
            let summary = &room.summary;
            line(format!(
                "{section} {room_id}: state {when} {} timeline {}{} prev {:?} counts {:?} {:?} heroes {:?} members {:?} {:?} ephemeral {} account data {}",
                state.len(),
                room.timeline.len(),
                if room.limited { " limited" } else { "" },
                room.prev_batch.as_deref(),
                room.notification_count,
                room.highlight_count,
                summary.heroes,
                summary.joined_count,
                summary.invited_count,
                room.ephemeral.len(),
                room.account_data.len(),
            ));
        }
    }
    for (section, rooms) in [("invite", &response.invite), ("knock", &response.knock)] {
        for (room_id, state) in rooms {
            line(format!("{section} {room_id}: {}", state.len()));
        }
    }
    line(format!(
        "account data {} presence {} to-device {}",
        response.account_data.len(),
        response.presence.len(),
        response.to_device.len()
    ));
    line(format!("devices changed {:?} left {:?}", response.device_lists_changed, response.device_lists_left));
    line(format!("keys {:?} fallback {:?}", response.one_time_keys, response.unused_fallback_key_types));
    for skipped in &response.skipped {
        line(format!("skipped {skipped}"));
    }
    out
}

#[track_caller]
fn check(body: &str, expected: Expect) {
    expected.assert_eq(&dump(&sync_response(body.as_bytes()).expect("readable")));
}

#[test]
fn an_empty_answer_is_an_empty_response() {
    for body in ["", " \n", "null", "{}", r#"{"rooms":null,"to_device":null}"#] {
        let response = sync_response(body.as_bytes()).expect(body);
        assert!(response.next_batch.is_none() && response.skipped.is_empty(), "{body:?} is not empty");
    }
}

#[test]
fn what_is_no_object_is_an_error() {
    for body in [&b"<html>"[..], b"[]", b"1", b"\"x\"", b"{", b"{\"a\":}", b"\xff"] {
        assert!(sync_response(body).is_err(), "{body:?} was read");
    }
}

#[test]
fn a_full_response_is_read() {
    check(
        r#"{"next_batch":"s1","rooms":{"join":{"!a:x":{"state":{"events":[{},{}]},"timeline":{"events":[{}],"limited":true,"prev_batch":"p"},
          "unread_notifications":{"notification_count":2,"highlight_count":1},"summary":{"m.heroes":["@b:x"],"m.joined_member_count":2,"m.invited_member_count":0},
          "ephemeral":{"events":[{}]},"account_data":{"events":[{}]}}},"leave":{"!l:x":{}},"invite":{"!i:x":{"invite_state":{"events":[{}]}}},"knock":{"!k:x":{"knock_state":{"events":[{},{}]}}}},
          "account_data":{"events":[{}]},"presence":{"events":[{}]},"to_device":{"events":[{},{}]},"device_lists":{"changed":["@c:x"],"left":["@d:x"]},
          "device_one_time_keys_count":{"signed_curve25519":50},"device_unused_fallback_key_types":["signed_curve25519"]}"#,
        expect![[r#"
            next_batch Some("s1")
            join !a:x: state before 2 timeline 1 limited prev Some("p") counts Some(2) Some(1) heroes Some(["@b:x"]) members Some(2) Some(0) ephemeral 1 account data 1
            leave !l:x: state before 0 timeline 0 prev None counts None None heroes None members None None ephemeral 0 account data 0
            invite !i:x: 1
            knock !k:x: 2
            account data 1 presence 1 to-device 2
            devices changed ["@c:x"] left ["@d:x"]
            keys Some([("signed_curve25519", 50)]) fallback Some(["signed_curve25519"])
        "#]],
    );
}

#[test]
fn a_wrong_shape_spoils_its_own_field_only() {
    check(
        r#"{"next_batch":"s1","rooms":{"join":{"!a:x":{"timeline":7,"state":{"events":[{}]}},"nonsense":{},"!b:x":[],"!c:x":{"timeline":{"events":{},"limited":"yes","prev_batch":3},
          "summary":{"m.heroes":["@b:x",5,"nobody"],"m.joined_member_count":-1},"unread_notifications":{"notification_count":"1","highlight_count":2.0}}}},
          "to_device":[],"device_lists":{"changed":[1,"@c:x"]},"device_one_time_keys_count":{"a":-5,"b":3},"presence":{"events":null}}"#,
        expect![[r#"
            next_batch Some("s1")
            join !a:x: state before 1 timeline 0 prev None counts None None heroes None members None None ephemeral 0 account data 0
            join !c:x: state before 0 timeline 0 prev None counts None Some(2) heroes Some(["@b:x"]) members None None ephemeral 0 account data 0
            account data 0 presence 0 to-device 0
            devices changed ["@c:x"] left []
            keys Some([("b", 3)]) fallback None
            skipped rooms.join.!a:x.timeline: bad shape
            skipped rooms.join.nonsense: no room id
            skipped rooms.join.!b:x: bad shape
            skipped rooms.join.!c:x.timeline.events: bad shape
            skipped rooms.join.!c:x.timeline.limited: bad shape
            skipped rooms.join.!c:x.timeline.prev_batch: bad shape
            skipped rooms.join.!c:x.summary.m.heroes: bad shape
            skipped rooms.join.!c:x.summary.m.heroes: bad shape
            skipped rooms.join.!c:x.summary.m.joined_member_count: bad shape
            skipped rooms.join.!c:x.unread_notifications.notification_count: bad shape
            skipped to_device: bad shape
            skipped device_lists.changed: bad shape
            skipped device_one_time_keys_count.a: bad shape
        "#]],
    );
}

#[test]
fn state_after_wins_under_both_its_names() {
    for name in ["state_after", "org.matrix.msc4222.state_after"] {
        let body = format!(
            r#"{{"rooms":{{"join":{{"!a:x":{{"state":{{"events":[]}},"{name}":{{"events":[{{}},{{}}]}}}}}}}}}}"#
        );
        let response = sync_response(body.as_bytes()).expect("readable");
        assert!(matches!(&response.join[0].1.state, RoomState::After(state) if state.len() == 2), "{name}");
    }
}

#[test]
fn a_broken_state_after_leaves_state_standing() {
    let body = r#"{"rooms":{"join":{"!a:x":{"state":{"events":[{}]},"state_after":3}}}}"#;
    let response = sync_response(body.as_bytes()).expect("readable");
    assert!(matches!(&response.join[0].1.state, RoomState::Before(state) if state.len() == 1));
}

#[test]
fn the_unstable_name_of_fallback_keys_is_read() {
    let body = br#"{"org.matrix.msc2732.device_unused_fallback_key_types":["a"]}"#;
    assert_eq!(sync_response(body).expect("readable").unused_fallback_key_types, Some(vec!["a".to_owned()]));
}

#[test]
fn duplicate_keys_do_not_fail() {
    let body =
        br#"{"next_batch":"a","next_batch":"b","rooms":{"join":{"!a:x":{"timeline":{"events":[],"events":[{}]}}}}}"#;
    let response = sync_response(body).expect("readable");
    assert_eq!(response.next_batch.as_deref(), Some("b"));
    assert_eq!(response.join[0].1.timeline.len(), 1);
}

#[test]
fn depth_without_end_is_passed_over() {
    let deep = format!(
        r#"{{"next_batch":"a","x":{}1{},"to_device":{{"events":[{}{}]}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000),
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_eq!(sync_response(deep.as_bytes()).expect("readable").to_device.len(), 1);
}

#[test]
fn notes_of_what_was_skipped_are_bounded() {
    let rooms: Vec<String> = (0..1000).map(|n| format!(r#""bad{n}":{{}}"#)).collect();
    let body = format!(r#"{{"rooms":{{"join":{{{}}}}}}}"#, rooms.join(","));
    assert_eq!(sync_response(body.as_bytes()).expect("readable").skipped.len(), crate::limits::SKIPPED_NOTES);
}

#[test]
fn messages_come_oldest_first() {
    let answer = messages(br#"{"chunk":[{"n":2},{"n":1}],"start":"s","end":"","state":[{}]}"#).expect("readable");
    let events: Vec<&str> = answer.events.iter().map(|event| event.get()).collect();
    assert_eq!(events, [r#"{"n":1}"#, r#"{"n":2}"#]);
    assert_eq!((answer.start.as_deref(), answer.end, answer.state.len()), (Some("s"), None, 1));
}

#[test]
fn context_is_put_in_order() {
    let answer = context(br#"{"events_before":[2,1],"event":3,"events_after":[4],"state":[{}],"start":"s","end":"e"}"#)
        .expect("readable");
    let events: Vec<&str> = answer.events.iter().map(|event| event.get()).collect();
    assert_eq!(events, ["1", "2", "3", "4"]);
    assert_eq!((answer.start.as_deref(), answer.end.as_deref(), answer.state.len()), (Some("s"), Some("e"), 1));
}

#[test]
fn rooms_of_notifications_stand_once_in_their_order() {
    let rooms = notifications(br#"{"notifications":[{"room_id":"!b:x"},7,{"room_id":"!a:x"},{"room_id":"!b:x"}]}"#);
    assert_eq!(rooms.expect("readable"), ["!b:x", "!a:x"]);
}

#[test]
fn the_small_answers_pass_over_what_they_cannot_read() {
    assert_eq!(joined_rooms(br#"{"joined_rooms":["!a:x",1,"b"]}"#).expect("readable"), ["!a:x"]);
    assert_eq!(members(br#"{"chunk":[{},{}]}"#).expect("readable").len(), 2);
    assert_eq!(state(b"[{},{}]").expect("readable").len(), 2);
    assert!(state(b"{}").is_err());
    assert_eq!(versions(br#"{"versions":["v1.1",2]}"#).expect("readable"), ["v1.1"]);
    let (changed, left) = key_changes(br#"{"changed":["@a:x"],"left":null}"#).expect("readable");
    assert_eq!((changed.len(), left.len()), (1, 0));
}

#[test]
fn an_error_body_is_read_field_by_field() {
    let body = error_body(br#"{"errcode":"M_LIMIT_EXCEEDED","error":null,"retry_after_ms":"x","soft_logout":true}"#);
    assert_eq!(
        body,
        ErrorBody { errcode: "M_LIMIT_EXCEEDED".into(), error: String::new(), retry_after_ms: None, soft_logout: true }
    );
    assert_eq!(error_body(b"<html>"), ErrorBody::default());
}
