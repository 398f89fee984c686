//! Every refusal, with its status, code and sentence.

use expect_test::{Expect, expect};

use super::parse;
use crate::connection::{SyncError, Wire};
use crate::limits;
use crate::protocol::ErrorResponse;

#[track_caller]
fn check(wire: Wire, requests: &[(&str, String)], expected: Expect) {
    let answers: String = requests
        .iter()
        .map(|(query, body)| {
            let answer = parse(wire, query, body);
            assert!(answer.starts_with("400 "), "{query} {body} was taken");
            answer
        })
        .collect();
    expected.assert_eq(&answers);
}

fn bodies(bodies: &[&str]) -> Vec<(&'static str, String)> {
    bodies.iter().map(|body| ("", (*body).to_owned())).collect()
}

fn many(count: usize, entry: impl Fn(usize) -> String) -> String {
    (0..count).map(entry).collect::<Vec<_>>().join(",")
}

const V4_RULE: &str = r#""timeline_limit":1,"required_state":{}"#;
const RULE: &str = r#""timeline_limit":1,"required_state":[]"#;

#[test]
fn v4_refuses_what_it_cannot_take() {
    let mut requests = bodies(&[
        "",
        "[]",
        "{",
        r#"{"pos":1}"#,
        r#"{"pos":"bogus"}"#,
        r#"{"timeout":-1}"#,
        r#"{"timeout":"1"}"#,
        r#"{"set_presence":"busy"}"#,
        r#"{"conn_id":1}"#,
        r#"{"lists":[]}"#,
        r#"{"lists":{"a":1}}"#,
        r#"{"lists":{"a":{"required_state":{}}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":[]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":-1,"required_state":{}}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":{"include":[["m.room.name",""]]}}}}"#,
        r#"{"lists":{"a b":{"timeline_limit":1,"required_state":{}}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[0]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":{},"range":[-1,5]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"is_dm":1}}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":{},"filters":{"tags":"x"}}}}"#,
        r#"{"room_subscriptions":{"!a:x":{"timeline_limit":1}}}"#,
        r#"{"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"limit":0}}}"#,
        r#"{"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"x"}}}"#,
        r#"{"extensions":{"typing":{"enabled":"yes"}}}"#,
    ]);
    let lists = many(limits::LISTS + 1, |index| format!(r#""l{index}":{{{V4_RULE}}}"#));
    requests.push(("", format!(r#"{{"lists":{{{lists}}}}}"#)));
    let subscriptions = many(limits::SUBSCRIPTIONS + 1, |index| format!(r#""!{index}:x":{{{V4_RULE}}}"#));
    requests.push(("", format!(r#"{{"room_subscriptions":{{{subscriptions}}}}}"#)));
    requests.push(("", format!(r#"{{"conn_id":"{}"}}"#, "c".repeat(limits::OPAQUE_IDENTIFIER + 1))));
    check(
        Wire::V4,
        &requests,
        expect![[r#"
            400 {"errcode":"M_NOT_JSON","error":"the body: must be JSON: EOF while parsing a value at line 1 column 0"}
            400 {"errcode":"M_BAD_JSON","error":"the body: must be an object, not a list"}
            400 {"errcode":"M_NOT_JSON","error":"the body: must be JSON: EOF while parsing an object at line 1 column 1"}
            400 {"errcode":"M_BAD_JSON","error":"pos: must be a string, not 1"}
            400 {"errcode":"M_UNKNOWN_POS","error":"unknown pos: start the connection anew"}
            400 {"errcode":"M_INVALID_PARAM","error":"timeout: must be at least 0, not -1"}
            400 {"errcode":"M_BAD_JSON","error":"timeout: must be an integer, not \"1\""}
            400 {"errcode":"M_INVALID_PARAM","error":"set_presence: must be online, offline or unavailable, not \"busy\""}
            400 {"errcode":"M_BAD_JSON","error":"conn_id: must be a string, not 1"}
            400 {"errcode":"M_BAD_JSON","error":"lists: must be an object, not a list"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a: must be an object, not 1"}
            400 {"errcode":"M_MISSING_PARAM","error":"lists.a.timeline_limit: must be an integer, and is missing"}
            400 {"errcode":"M_MISSING_PARAM","error":"lists.a.required_state: must be an object, and is missing"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state: must be an object, not a list"}
            400 {"errcode":"M_INVALID_PARAM","error":"lists.a.timeline_limit: must be at least 0, not -1"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state.include[0]: must be an object, not a list"}
            400 {"errcode":"M_INVALID_PARAM","error":"lists.a b: must stand under an opaque identifier: 1 to 255 of A-Z a-z 0-9 - . _ ~"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.range: must be a pair of integers, not a list of 1"}
            400 {"errcode":"M_INVALID_PARAM","error":"lists.a.range[0]: must be at least 0, not -1"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.filters.is_dm: must be true or false, not 1"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.filters.tags: must be a list, not \"x\""}
            400 {"errcode":"M_MISSING_PARAM","error":"room_subscriptions.!a:x.required_state: must be an object, and is missing"}
            400 {"errcode":"M_INVALID_PARAM","error":"extensions.org.matrix.msc4538.to_device.limit: must be at least 1, not 0"}
            400 {"errcode":"M_INVALID_PARAM","error":"extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not \"x\""}
            400 {"errcode":"M_BAD_JSON","error":"extensions.typing.enabled: must be true or false, not \"yes\""}
            400 {"errcode":"M_INVALID_PARAM","error":"lists: must have at most 100 entries, not 101"}
            400 {"errcode":"M_INVALID_PARAM","error":"room_subscriptions: must have at most 100 entries, not 101"}
            400 {"errcode":"M_INVALID_PARAM","error":"conn_id: must be at most 255 bytes long, not a longer string"}
        "#]],
    );
}

#[test]
fn the_unstable_wire_refuses_as_synapse_does() {
    let mut requests = bodies(&[
        "",
        r#"{"lists":{"a":{"required_state":[]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1}}}"#,
        r#"{"lists":{"a":{"timeline_limit":"1","required_state":[]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1001,"required_state":[]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":[],"ranges":[[-1,5]]}}}"#,
        r#"{"lists":{"a":{"timeline_limit":1,"required_state":[["m.room.name"]]}}}"#,
        r#"{"room_subscriptions":{"!a:x":{"timeline_limit":1}}}"#,
        r#"{"extensions":{"to_device":{"enabled":true,"since":"s72594_4483_1934"}}}"#,
    ]);
    requests.push(("pos=bogus", "{}".to_owned()));
    requests.push(("timeout=soon", "{}".to_owned()));
    requests.push(("set_presence=busy", "{}".to_owned()));
    let lists = many(limits::LISTS + 1, |index| format!(r#""l{index}":{{{RULE}}}"#));
    requests.push(("", format!(r#"{{"lists":{{{lists}}}}}"#)));
    requests.push(("", format!(r#"{{"lists":{{"{}":{{{RULE}}}}}}}"#, "l".repeat(limits::SIMPLIFIED_LIST_KEY + 1))));
    check(
        Wire::Simplified,
        &requests,
        expect![[r#"
            400 {"errcode":"M_NOT_JSON","error":"the body: must be JSON: EOF while parsing a value at line 1 column 0"}
            400 {"errcode":"M_MISSING_PARAM","error":"lists.a.timeline_limit: must be an integer, and is missing"}
            400 {"errcode":"M_MISSING_PARAM","error":"lists.a.required_state: must be a list of pairs of strings, and is missing"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.timeline_limit: must be an integer, not \"1\""}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.timeline_limit: must be at most 1000, not 1001"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.ranges[0][0]: must be at least 0, not -1"}
            400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state[0]: must be a pair of strings, not a list of 1"}
            400 {"errcode":"M_MISSING_PARAM","error":"room_subscriptions.!a:x.required_state: must be a list of pairs of strings, and is missing"}
            400 {"errcode":"M_INVALID_PARAM","error":"extensions.to_device.since: must be an integer in a string, not \"s72594_4483_1934\""}
            400 {"errcode":"M_UNKNOWN_POS","error":"unknown pos: start the connection anew"}
            400 {"errcode":"M_INVALID_PARAM","error":"timeout: must be a number of milliseconds, at least 0, not soon"}
            400 {"errcode":"M_INVALID_PARAM","error":"set_presence: must be online, offline or unavailable, not busy"}
            400 {"errcode":"M_BAD_JSON","error":"lists: must have at most 100 entries, not 101"}
            400 {"errcode":"M_BAD_JSON","error":"lists.llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll…: must stand under a key of at most 64 bytes"}
        "#]],
    );
}

#[test]
fn what_the_engine_refuses_has_its_code_as_well() {
    let errors = [
        SyncError::UnknownPos,
        SyncError::Superseded,
        SyncError::InvalidParam { field: "field", message: "must be \"so\"".to_owned() },
    ];
    let answers: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let response = ErrorResponse::from(error);
            format!("{} {}", response.status, response.to_json())
        })
        .collect();
    expect![[r#"
        400 {"errcode":"M_UNKNOWN_POS","error":"unknown pos: start the connection anew"}
        429 {"errcode":"M_LIMIT_EXCEEDED","error":"a newer request on this connection has taken this one's place","retry_after_ms":1000}
        400 {"errcode":"M_INVALID_PARAM","error":"field: must be \"so\""}"#]].assert_eq(&answers.join("\n"));
}
