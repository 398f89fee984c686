//! What is refused, with which status and `errcode`, and which field the sentence names (`spec/v4.md`, "Connection";
//! `spec/synapse.md` §1).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_body_must_be_a_json_object() {
    check(expect![[r#"
        v2: !a timeline m1
        post
            400 M_NOT_JSON: the body is not a JSON object
        post {
            400 M_NOT_JSON: the body is not a JSON object
        post []
            400 M_NOT_JSON: the body is not a JSON object
        post "x"
            400 M_NOT_JSON: the body is not a JSON object
        post 7
            400 M_NOT_JSON: the body is not a JSON object
        post null
            400 M_NOT_JSON: the body is not a JSON object
        post {}
            200
    "#]]);
}

#[test]
fn fields_have_their_types_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        post {"lists":[]}
            400 M_BAD_JSON: lists: must be an object
        post {"lists":{"a":7}}
            400 M_BAD_JSON: lists.a: must be an object
        post {"lists":{"a":{}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit is missing
        post {"lists":{"a":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: lists.a.required_state is missing
        post {"lists":{"a":{"timeline_limit":"1","required_state":{}}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer
        post {"lists":{"a":{"timeline_limit":-1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.a.timeline_limit: must not be negative
        post {"lists":{"a":{"timeline_limit":1,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.required_state: must be an object
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[["a","b"]]}}}}
            400 M_BAD_JSON: lists.a.required_state.include: must be a list of objects
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"lazy_members":1}}}}
            400 M_BAD_JSON: lists.a.required_state.lazy_members: must be true or false
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0]}}}
            400 M_BAD_JSON: lists.a.range: must be a pair of integers
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[-1,3]}}}
            400 M_INVALID_PARAM: lists.a.range: must not be negative
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_dm":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false
        post {"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"room_types":"m.space"}}}}
            400 M_BAD_JSON: lists.a.filters.room_types: must be a list of strings and null
        post {"lists":{"a b":{"timeline_limit":1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.a b: a list's key must be an opaque identifier
        post {"lists":{"":{"timeline_limit":1,"required_state":{}}}}
            400 M_INVALID_PARAM: lists.: a list's key must be an opaque identifier
        post {"room_subscriptions":{"!a:x":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.required_state is missing
        post {"room_subscriptions":{"nonsense":{"timeline_limit":1,"required_state":{}}}}
            200
        post {"extensions":[]}
            400 M_BAD_JSON: extensions: must be an object
        post {"extensions":{"typing":{"enabled":1}}}
            400 M_BAD_JSON: extensions.typing.enabled: must be true or false
        post {"extensions":{"typing":{"enabled":true,"lists":"a"}}}
            400 M_BAD_JSON: extensions.typing.lists: must be a list of strings
        post {"pos":7}
            400 M_BAD_JSON: pos: must be a string
        post {"conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string
        post {"timeout":"5"}
            400 M_BAD_JSON: timeout: must be an integer
        post {"timeout":-5}
            400 M_INVALID_PARAM: timeout: must not be negative
        post {"set_presence":"busy"}
            400 M_INVALID_PARAM: set_presence: must be online, offline or unavailable
    "#]]);
}

#[test]
fn fields_have_their_types_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":[]}
            400 M_BAD_JSON: lists: must be an object
        post {"lists":{"a":7}}
            400 M_BAD_JSON: lists.a: must be an object
        post {"lists":{"a":{}}}
            400 M_MISSING_PARAM: lists.a.timeline_limit is missing
        post {"lists":{"a":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: lists.a.required_state is missing
        post {"lists":{"a":{"timeline_limit":"1","required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be an integer
        post {"lists":{"a":{"timeline_limit":1001,"required_state":[]}}}
            400 M_BAD_JSON: lists.a.timeline_limit: must be at most 1000
        post {"lists":{"a":{"timeline_limit":1,"required_state":{}}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list of pairs of strings
        post {"lists":{"a":{"timeline_limit":1,"required_state":[["a"]]}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list of pairs of strings
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[0,1]}}}
            400 M_BAD_JSON: lists.a.ranges: must be a list of pairs of integers that are not negative
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[-1,3]]}}}
            400 M_BAD_JSON: lists.a.ranges: must be a list of pairs of integers that are not negative
        post {"lists":{"a":{"timeline_limit":1,"required_state":[],"filters":{"is_dm":"yes"}}}}
            400 M_BAD_JSON: lists.a.filters.is_dm: must be true or false
        post {"room_subscriptions":{"!a:x":{"timeline_limit":1}}}
            400 M_MISSING_PARAM: room_subscriptions.!a:x.required_state is missing
        post {"extensions":{"typing":{"enabled":1}}}
            400 M_BAD_JSON: extensions.typing.enabled: must be true or false
        post {"extensions":{"to_device":{"enabled":true,"limit":"many"}}}
            400 M_BAD_JSON: extensions.to_device.limit: must be an integer
        post {"conn_id":7}
            400 M_BAD_JSON: conn_id: must be a string
        post ?timeout=soon {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds
        post ?timeout=-5 {}
            400 M_INVALID_PARAM: timeout: must be a number of milliseconds
        post ?set_presence=busy {}
            400 M_INVALID_PARAM: set_presence: must be online, offline or unavailable
        post ?pos=bogus {}
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
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
            400 M_INVALID_PARAM: lists: must be at most 100
        post {"room_subscriptions":{"*100": {"timeline_limit":1,"required_state":{}}>}}
            200
        post {"room_subscriptions":{"*101": {"timeline_limit":1,"required_state":{}}>}}
            400 M_INVALID_PARAM: room_subscriptions: must be at most 100
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"*100": {"timeline_limit":1,"required_state":[]}>}}
            200
        post {"lists":{"*101": {"timeline_limit":1,"required_state":[]}>}}
            400 M_BAD_JSON: lists: must be at most 100
        post {"room_subscriptions":{"*1000": {"timeline_limit":1,"required_state":[]}>}}
            200
        post {"room_subscriptions":{"*1001": {"timeline_limit":1,"required_state":[]}>}}
            400 M_BAD_JSON: room_subscriptions: must be at most 1000
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
            400 M_BAD_JSON: lists: must be an object
        sync list all [0,9] timeline 1 ext to_device since=bogus
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string
            simplified: 400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string
        sync pos=bogus
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string
            simplified: 400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string
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
            400 M_BAD_JSON: lists.a.required_state: must be an object
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        post {"lists":{"a":{"timeline_limit":1,"required_state":{"include":[]},"range":[0,9]}}}
            400 M_BAD_JSON: lists.a.required_state: must be a list of pairs of strings
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
