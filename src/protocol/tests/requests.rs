//! What requests mean.

use expect_test::expect_file;

use super::parse;
use crate::connection::Wire;

#[test]
fn a_whole_request_on_v4() {
    let body = r#"{
        "conn_id": "main", "pos": "9/s41_2_77", "timeout": 30000, "set_presence": "offline",
        "lists": {"all": {
            "range": [0, 19], "timeline_limit": 5000,
            "required_state": {
                "include": [{"type": "m.room.name", "state_key": ""}, {}],
                "exclude": [{"type": "m.room.create"}],
                "lazy_members": true
            },
            "filters": {
                "is_invited": false, "room_types": [null, "m.space"], "spaces": ["!s:x"], "sash.unread": true,
                "unknown": 1
            }
        }},
        "room_subscriptions": {"!a:x": {"timeline_limit": 20, "required_state": {}}, "nonsense": {"timeline_limit": 1, "required_state": {}}},
        "extensions": {
            "org.matrix.msc4538.to_device": {"enabled": true, "limit": 5, "since": "-30064771075"},
            "org.matrix.msc4543.e2ee": {"enabled": true},
            "account_data": {"enabled": true, "lists": ["*"], "rooms": []},
            "org.matrix.msc4508.typing": {"enabled": true},
            "receipts": {"enabled": false},
            "to_device": {"enabled": true},
            "sash.counts": {"enabled": true}
        }
    }"#;
    expect_file!["data/request_v4.txt"].assert_eq(&parse(Wire::V4, "", body));
}

#[test]
fn a_whole_request_on_the_unstable_wire() {
    let body = r#"{
        "conn_id": "main", "txn_id": "t1",
        "lists": {"all": {
            "ranges": [[0, 19], [30, 39]], "timeline_limit": -3, "slow_get_all_rooms": true,
            "required_state": [["m.room.member", "$LAZY"], ["m.room.member", "$ME"], ["m.space.child", "*"]],
            "filters": {"is_invite": true, "not_tags": ["b", "a"], "room_name_like": "x"}
        }},
        "room_subscriptions": {"!a:x": {"timeline_limit": 20, "required_state": [["*", "*"], ["m.room.member", "$LAZY"]]}},
        "extensions": {
            "to_device": {"enabled": true, "limit": 0},
            "e2ee": {"enabled": true},
            "receipts": {"enabled": true, "rooms": ["*"]},
            "typing": {"enabled": true, "lists": null, "rooms": ["!a:x"]},
            "io.element.msc4308.thread_subscriptions": {"enabled": true}
        }
    }"#;
    expect_file!["data/request_simplified.txt"].assert_eq(&parse(
        Wire::Simplified,
        "pos=9%2Fs41_2_77&timeout=999999999&other=1",
        body,
    ));
}

#[test]
fn marks_of_a_client_that_sends_subscriptions_once() {
    let is_sticky = |body: &str| parse(Wire::Simplified, "", body).contains("sticky_subscriptions: true");
    let list =
        |more: &str| format!(r#"{{"conn_id":"c","lists":{{"a":{{"timeline_limit":1,"required_state":[]{more}}}}}}}"#);
    assert!(is_sticky("{}"), "no conn_id");
    assert!(is_sticky(r#"{"conn_id":"c","unsubscribe_rooms":[]}"#));
    assert!(is_sticky(&list(r#","sort":["by_recency"]"#)));
    assert!(is_sticky(&list(r#","include_old_rooms":{}"#)));
    assert!(!is_sticky(&list("")));
}

#[test]
fn no_bytes_can_do_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies = [
        "\u{0}".to_owned(),
        r#"{"lists":{"a":{"timeline_limit":1e400,"required_state":{}}}}"#.to_owned(),
        r#"{"timeout":99999999999999999999999}"#.to_owned(),
        r#"{"lists":null,"extensions":null,"room_subscriptions":null,"pos":null}"#.to_owned(),
        r#"{"pos":"18446744073709551615/s18446744073709551615_4294967295_18446744073709551615"}"#.to_owned(),
        r#"{"\ud800":1}"#.to_owned(),
        format!(r#"{{"lists":{deep}}}"#),
    ];
    for body in &bodies {
        for wire in [Wire::V4, Wire::Simplified] {
            parse(wire, "pos=%ff%fe&timeout=&&=&%", body);
        }
    }
}
