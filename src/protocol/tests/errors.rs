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
        400 {"errcode":"M_NOT_JSON","error":"the body is not a JSON object"}
        400 {"errcode":"M_NOT_JSON","error":"the body is not a JSON object"}
        400 {"errcode":"M_NOT_JSON","error":"the body is not a JSON object"}
        400 {"errcode":"M_BAD_JSON","error":"pos: must be a string"}
        400 {"errcode":"M_UNKNOWN_POS","error":"unknown pos: start the connection anew"}
        400 {"errcode":"M_INVALID_PARAM","error":"timeout: must not be negative"}
        400 {"errcode":"M_BAD_JSON","error":"timeout: must be an integer"}
        400 {"errcode":"M_INVALID_PARAM","error":"set_presence: must be online, offline or unavailable"}
        400 {"errcode":"M_BAD_JSON","error":"conn_id: must be a string"}
        400 {"errcode":"M_BAD_JSON","error":"lists: must be an object"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a: must be an object"}
        400 {"errcode":"M_MISSING_PARAM","error":"lists.a.timeline_limit is missing"}
        400 {"errcode":"M_MISSING_PARAM","error":"lists.a.required_state is missing"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state: must be an object"}
        400 {"errcode":"M_INVALID_PARAM","error":"lists.a.timeline_limit: must not be negative"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state.include: must be a list of objects"}
        400 {"errcode":"M_INVALID_PARAM","error":"lists.a b: a list's key must be an opaque identifier"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.range: must be a pair of integers"}
        400 {"errcode":"M_INVALID_PARAM","error":"lists.a.range: must not be negative"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.filters.is_dm: must be true or false"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.filters.tags: must be a list of strings"}
        400 {"errcode":"M_MISSING_PARAM","error":"room_subscriptions.!a:x.required_state is missing"}
        400 {"errcode":"M_INVALID_PARAM","error":"extensions.org.matrix.msc4538.to_device.limit: must be at least 1"}
        400 {"errcode":"M_INVALID_PARAM","error":"extensions.org.matrix.msc4538.to_device.since: must be an integer in a string"}
        400 {"errcode":"M_BAD_JSON","error":"extensions.typing.enabled: must be true or false"}
        400 {"errcode":"M_INVALID_PARAM","error":"lists: must be at most 100"}
        400 {"errcode":"M_INVALID_PARAM","error":"room_subscriptions: must be at most 100"}
        400 {"errcode":"M_INVALID_PARAM","error":"conn_id: must have at most 255 bytes"}
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
        400 {"errcode":"M_NOT_JSON","error":"the body is not a JSON object"}
        400 {"errcode":"M_MISSING_PARAM","error":"lists.a.timeline_limit is missing"}
        400 {"errcode":"M_MISSING_PARAM","error":"lists.a.required_state is missing"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.timeline_limit: must be an integer"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.timeline_limit: must be at most 1000"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.ranges: must be a list of pairs of integers that are not negative"}
        400 {"errcode":"M_BAD_JSON","error":"lists.a.required_state: must be a list of pairs of strings"}
        400 {"errcode":"M_MISSING_PARAM","error":"room_subscriptions.!a:x.required_state is missing"}
        400 {"errcode":"M_INVALID_PARAM","error":"extensions.to_device.since: must be an integer in a string"}
        400 {"errcode":"M_UNKNOWN_POS","error":"unknown pos: start the connection anew"}
        400 {"errcode":"M_INVALID_PARAM","error":"timeout: must be a number of milliseconds"}
        400 {"errcode":"M_INVALID_PARAM","error":"set_presence: must be online, offline or unavailable"}
        400 {"errcode":"M_BAD_JSON","error":"lists: must be at most 100"}
        400 {"errcode":"M_BAD_JSON","error":"lists.lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll: must be under a key of at most 64 bytes"}
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
