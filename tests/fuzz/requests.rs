//! What a client sends.

use std::time::Duration;

use proptest::{prelude::*, strategy::Strategy};
use sash_sync::{
    connection::{Pos, RequiredState, RoomConfig, SyncRequest, Window, Wire},
    limits, protocol,
};

use super::{
    account::{Account, check_error, me},
    seeds,
    support::{
        harness::fuzz,
        inputs::{lines, mutated, texts},
    },
};

/// What parses is within every limit.
fn check_limits(request: &SyncRequest) {
    let subscriptions = if request.wire == Wire::V4 { limits::SUBSCRIPTIONS } else { limits::SIMPLIFIED_SUBSCRIPTIONS };
    assert!(request.lists.len() <= limits::LISTS && request.room_subscriptions.len() <= subscriptions);
    assert!(request.conn_id.len() <= limits::OPAQUE_IDENTIFIER && request.timeout <= limits::TIMEOUT);
    let configs = request.lists.values().map(|list| &list.config).chain(request.room_subscriptions.values());
    for config in configs {
        let state = &config.required_state;
        assert!(config.timeline_limit <= limits::TIMELINE_LIMIT);
        assert!(state.include.len() + state.exclude.len() <= limits::REQUIRED_STATE);
        check_round_trip(config);
    }
    for list in request.lists.values() {
        assert!(
            matches!(&list.window, Window::All)
                || matches!(&list.window, Window::Ranges(ranges) if ranges.len() <= limits::RANGES)
        );
        assert_eq!(list.filters.clone().normalised(), list.filters, "filters that mean the same are the same");
    }
    if let Some(to_device) = &request.extensions.to_device {
        assert!((1..=limits::TO_DEVICE).contains(&to_device.limit));
    }
}

/// A configuration is stored with the connection, and must come back as it was.
fn check_round_trip(config: &RoomConfig) {
    let written = serde_json::to_string(config).expect("a configuration is written");
    let read: RoomConfig = serde_json::from_str(&written).expect("and read");
    assert_eq!(read, *config);
    let written = serde_json::to_string(&config.required_state).expect("required state is written");
    let read: RequiredState = serde_json::from_str(&written).expect("and read");
    assert_eq!(read, config.required_state);
}

fn check(wire: Wire, query: &str, body: &[u8]) {
    match protocol::parse_request(wire, query, body, &me()) {
        Ok(request) => check_limits(&request),
        Err(error) => check_error(&error.into()),
    }
}

#[test]
fn a_request_on_v4() {
    fuzz("request_v4", &mutated(seeds::V4), |body| check(Wire::V4, "", body));
}

#[test]
fn a_request_on_the_unstable_wire() {
    fuzz("request_simplified", &mutated(seeds::SIMPLIFIED), |body| check(Wire::Simplified, "", body));
}

#[test]
fn a_query() {
    const QUERIES: &[&str] = &[
        "pos=9%2Fs41_2_77&timeout=30000&set_presence=offline",
        "timeout=18446744073709551616&pos=",
        "timeout=%30&&=&pos=%ff%fe&pos=1/s1_1_1+",
        "access_token=a&timeout=-1&user_id=%40x%3Ay",
    ];
    fuzz("query", &texts(QUERIES), |query| check(Wire::Simplified, &String::from_utf8_lossy(query), b"{}"));
}

#[test]
fn a_pos_is_read_as_it_was_written() {
    const POSITIONS: &[&str] = &[
        "9/s41_2_77",
        "18446744073709551615/s18446744073709551615_4294967295_18446744073709551615",
        "5/s72595_4483_1934_1_1_1",
        "00/s+1_0_0",
    ];
    fuzz("pos", &texts(POSITIONS), |text| {
        if let Some(pos) = std::str::from_utf8(text).ok().and_then(Pos::parse) {
            assert_eq!(Pos::parse(&pos.to_string()), Some(pos));
        }
    });
}

/// Any `pos` and any `since` on an account that gave out others: unknown, foreign, or taken for what it is.
#[test]
fn any_place_to_go_on_from() {
    const PLACES: &[&str] = &["1/s1_1_1", "0/s3_1_1", "2/s99_1_1", "1/s1_4294967295_2", "17592186044416/s0_0_1"];
    const SINCE: &[&str] =
        &["-30064771072", "-30064771075", "30064771075", "-9007199254740993", "18446744073709551615", "-1"];
    let inputs = lines(prop_oneof![texts(PLACES), texts(SINCE)].boxed(), 4);
    fuzz("places", &inputs, |input| {
        let mut account = Account::new();
        account.poll(seeds::SYNCS[0].as_bytes());
        account.request(Wire::V4, "", seeds::V4[0].as_bytes());
        for place in String::from_utf8_lossy(input).split('\n') {
            let text = serde_json::to_string(place).expect("a string");
            let body = format!(
                r#"{{"pos":{text},"conn_id":"","lists":{{"a":{{"range":[0,9],"timeline_limit":1,"required_state":{{}}}}}},"extensions":{{"to_device":{{"enabled":true,"since":{text}}},"org.matrix.msc4538.to_device":{{"enabled":true,"since":{text}}}}}}}"#
            );
            account.go_on(Wire::V4, "", body.as_bytes());
            account.go_on(
                Wire::Simplified,
                &format!("pos={place}"),
                br#"{"extensions":{"to_device":{"enabled":true}}}"#,
            );
        }
    });
}

/// A timeout that cannot be waited for is capped, whatever its size.
#[test]
fn timeouts() {
    fuzz("timeout", &any::<u64>().prop_map(|number| number.to_string().into_bytes()).boxed(), |number| {
        let number = std::str::from_utf8(number).expect("digits");
        let query = format!("timeout={number}");
        let request = protocol::parse_request(Wire::Simplified, &query, b"{}", &me()).expect("a request");
        let asked = Duration::from_millis(number.parse().expect("a number"));
        assert_eq!(request.timeout, asked.min(limits::TIMEOUT));
    });
}
