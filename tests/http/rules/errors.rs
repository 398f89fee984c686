//! What is refused, with which status and `errcode`, and which field the sentence names (`spec/v4.md`, "Connection";
//! `spec/synapse.md` §1).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_body_must_be_a_json_object() {
    check(expect![[r#"
        v2: !a timeline m1
        post
            400 M_NOT_JSON: the body: must be JSON: EOF while parsing a value at line 1 column 0
        post {
            400 M_NOT_JSON: the body: must be JSON: EOF while parsing an object at line 1 column 1
        post []
            400 M_BAD_JSON: the body: must be an object, not a list
        post "x"
            400 M_BAD_JSON: the body: must be an object, not "x"
        post 7
            400 M_BAD_JSON: the body: must be an object, not 7
        post null
            400 M_BAD_JSON: the body: must be an object, not null
        post {}
            200
    "#]]);
}

#[test]
fn what_old_clients_send_is_accepted() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[0,9]],"sort":["by_recency"],"include_old_rooms":{"timeline_limit":0,"required_state":[]},"slow_get_all_rooms":true,"bump_event_types":["m.room.message"],"filters":{"room_name_like":"x","unknown":7}}},"unsubscribe_rooms":["!b:x"],"unknown":7,"txn_id":"t"}
            200
    "#]]);
}

#[test]
fn there_is_a_limit_to_lists_and_subscriptions() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"*100": {"timeline_limit":1,"required_state":{}}>}}
            200
        post {"lists":{"*101": {"timeline_limit":1,"required_state":{}}>}}
            400 M_INVALID_PARAM: lists: must have at most 100 entries, not 101
        post {"room_subscriptions":{"*100": {"timeline_limit":1,"required_state":{}}>}}
            200
        post {"room_subscriptions":{"*101": {"timeline_limit":1,"required_state":{}}>}}
            400 M_INVALID_PARAM: room_subscriptions: must have at most 100 entries, not 101
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"*100": {"timeline_limit":1,"required_state":[]}>}}
            200
        post {"lists":{"*101": {"timeline_limit":1,"required_state":[]}>}}
            400 M_BAD_JSON: lists: must have at most 100 entries, not 101
        post {"room_subscriptions":{"*1000": {"timeline_limit":1,"required_state":[]}>}}
            200
        post {"room_subscriptions":{"*1001": {"timeline_limit":1,"required_state":[]}>}}
            400 M_BAD_JSON: room_subscriptions: must have at most 1000 entries, not 1001
    "#]]);
}

#[test]
fn a_refused_request_changes_nothing_of_the_connection() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        post {"lists":7}
            400 M_BAD_JSON: lists: must be an object, not 7
        sync list all [0,9] timeline 1 ext to_device since=bogus
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not "bogus"
            simplified: 400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "bogus"
        sync pos=bogus
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not "bogus"
            simplified: 400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "bogus"
        sync list all [0,9] timeline 1
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_body_of_another_wire_is_told_what_is_wrong() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["m.room.name",""]],"ranges":[[0,9]]}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object, not a list
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[]},"range":[0,9]}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list, not an object
    "#]]);
}

#[test]
fn an_unknown_token_is_refused() {
    check(expect![[r#"
        v2: !a timeline m1
        sync token=nobody list all [0,9]
            401 M_UNKNOWN_TOKEN soft_logout=false: scripted
    "#]]);
}

#[test]
fn a_body_may_be_only_so_long() {
    check(expect![[r#"
        v2: !a timeline m1
        post {}< *1048574>
            200
        post {}< *1048575>
            413 M_TOO_LARGE: the body: must have at most 1048576 bytes
        post < *9000000>
            413 M_TOO_LARGE: the body: must have at most 1048576 bytes
    "#]]);
}

#[test]
fn a_body_that_is_no_text_is_refused() {
    check(expect![[r#"
        v2: !a timeline m1
        post {"conn_id":"\xff"}
            400 M_NOT_JSON: the body: must be UTF-8
        post \x00
            400 M_NOT_JSON: the body: must be JSON: expected value at line 1 column 1
        post {"conn_id":"\xed\xa0\x80"}
            400 M_NOT_JSON: the body: must be UTF-8
        post {"conn_id":"\ud800"}
            400 M_BAD_JSON: conn_id: must be a string, not "\ud800"
    "#]]);
}

#[test]
fn deep_nesting_is_read_without_going_deep() {
    check(expect![[r#"
        v2: !a timeline m1
        post {"unknown":<[*100000><]*100000>}
            200
        post {"unknown":<{"a":*100000>1<}*100000>}
            200
        post {"unknown":<[*100000>}
            400 M_NOT_JSON: the body: must be JSON: expected value at line 1 column 100012
        post <[*100000><]*100000>
            400 M_BAD_JSON: the body: must be an object, not a list
        post {"lists":<[*100000><]*100000>}
            400 M_BAD_JSON: lists: must be an object, not a list
        post {"lists":<{"a":*100000>1<}*100000>}
            400 M_MISSING_PARAM: lists.a.timeline_limit: must be an integer, and is missing
        post {"conn_id":<[*100000><]*100000>}
            400 M_BAD_JSON: conn_id: must be a string, not a list
    "#]]);
}

#[test]
fn huge_numbers_are_beyond_every_limit_and_nothing_else() {
    check(expect![[r#"
        v2: !a timeline m1
        post {"unknown":<9*100000>}
            200
        post {"unknown":1e999999}
            200
        post {"conn_id":<9*100000>}
            400 M_BAD_JSON: conn_id: must be a string, not a longer number
        post {"conn_id":-1e400}
            400 M_BAD_JSON: conn_id: must be a string, not -1e400
    "#]]);
}

#[test]
fn a_field_that_stands_twice_counts_with_its_last_value() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"conn_id":7,"conn_id":"a"}
            200
        post {"conn_id":"a","conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string, not 7
        post {"lists":{"a":7,"a":{"timeline_limit":1,"required_state":{}}}}
            200
        post {"lists":{<"a":7,*100>"a":{"timeline_limit":1,"required_state":{}}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":{}},"a":7}}
            400 M_BAD_JSON: lists.a: must be an object, not 7
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"conn_id":7,"conn_id":"a"}
            200
        post {"conn_id":"a","conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string, not 7
        post {"lists":{"a":7,"a":{"timeline_limit":1,"required_state":[]}}}
            200
        post {"lists":{<"a":7,*100>"a":{"timeline_limit":1,"required_state":[]}}}
            200
        post {"lists":{"a":{"timeline_limit":1,"required_state":[]},"a":7}}
            400 M_BAD_JSON: lists.a: must be an object, not 7
    "#]]);
}

#[test]
fn many_names_are_counted_before_they_are_looked_at() {
    check(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"*60000": {}>}}
            v4: 400 M_INVALID_PARAM: lists: must have at most 100 entries, not 60000
            simplified: 400 M_BAD_JSON: lists: must have at most 100 entries, not 60000
        post {"room_subscriptions":{"*60000": {}>}}
            v4: 400 M_INVALID_PARAM: room_subscriptions: must have at most 100 entries, not 60000
            simplified: 400 M_BAD_JSON: room_subscriptions: must have at most 1000 entries, not 60000
        post {"extensions":{"typing":{"enabled":true,"rooms":[<"!a:x",*1000>"!a:x"]}}}
            v4: 400 M_INVALID_PARAM: extensions.typing.rooms: must have at most 1000 elements, not 1001
            simplified: 400 M_BAD_JSON: extensions.typing.rooms: must have at most 1000 elements, not 1001
        post {"extensions":{"typing":{"enabled":true,"lists":[<"a",*100000>"a"]}}}
            v4: 400 M_INVALID_PARAM: extensions.typing.lists: must have at most 1000 elements, not 100001
            simplified: 400 M_BAD_JSON: extensions.typing.lists: must have at most 1000 elements, not 100001
    "#]]);
}

#[test]
fn no_refused_request_takes_the_place_of_one_that_waits() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1
        sync list all [0,9] timeline 1 ext to_device
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            to_device [k1] next=1
        park
        post {
            400 M_NOT_JSON: the body: must be JSON: EOF while parsing an object at line 1 column 1
        post {"lists":7}
            400 M_BAD_JSON: lists: must be an object, not 7
        post {"conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string, not 7
        post {"room_subscriptions":{"!a:x":{}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.timeline_limit: must be an integer, and is missing
        v4: post {"pos":"5/s1_1_1"}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        v4: post {"timeout":-1}
            400 M_INVALID_PARAM: timeout: must be at least 0, not -1
        v4: post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"7"}}}
            400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
        simplified: post ?pos=5/s1_1_1 {}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        simplified: post ?timeout=x {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds, at least 0, not x
        simplified: post {"extensions":{"to_device":{"enabled":true,"since":"x"}}}
            400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "x"
        sync pos=9/s9_9_9
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        asleep
        v2: !a m2 | to_device k2
        woken
            all: 1
            !a in=all [m2] prev=<m2 live=1
            to_device [k2] next=2
    "#]]);
}

#[test]
fn a_refused_request_acknowledges_nothing() {
    check(expect![[r#"
        v2: to_device k1 k2
        sync ext to_device limit=1
            to_device [k1] next=1
        sync pos=9/s9_9_9 ext to_device
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync ext to_device since=none
            to_device [k1 k2] next=2
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=2
    "#]]);
}
