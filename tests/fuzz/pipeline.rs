//! The whole way: what a homeserver says, in any order, and what a client asks then. Nothing panics, and every answer is
//! one that clients can read.

use proptest::{
    prelude::*,
    strategy::{BoxedStrategy, Just},
};
use sash_sync::connection::Wire;

use super::{
    account::{Account, ME},
    seeds,
    support::{
        harness::fuzz,
        inputs::{line, lines, mutated},
    },
};

#[test]
fn an_account_bears_what_homeserver_and_client_send() {
    fuzz("account", &lines(operation(), 8), |input| {
        let mut account = Account::new();
        for line in input.split(|byte| *byte == b'\n') {
            apply(&mut account, line);
        }
        // Whatever happened, a client that comes anew is answered, also by who has only the store.
        for _ in 0..2 {
            account.request(Wire::V4, "", seeds::V4[0].as_bytes());
            account.request(Wire::Simplified, "", seeds::SIMPLIFIED[0].as_bytes());
            account.restart();
        }
    });
}

/// A room that comes well beside anything else is there whole.
#[test]
fn a_good_room_does_not_suffer_from_its_neighbours() {
    let room = || super::support::inputs::documents(&[joined_room()]).prop_map(String::into_bytes).boxed();
    fuzz("neighbours", &lines(room(), 2), |input| {
        let neighbours: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
        let mut body = br#"{"next_batch":"s1","rooms":{"join":{"#.to_vec();
        for (number, neighbour) in neighbours.iter().enumerate() {
            // What is no JSON at all spoils any answer.
            if serde_json::from_slice::<&serde_json::value::RawValue>(neighbour).is_ok() {
                body.extend(format!(r#""!bad{number}:x":"#).into_bytes());
                body.extend_from_slice(neighbour);
                body.push(b',');
            }
        }
        body.extend(br#""!good:x":{"timeline":{"events":[{"type":"m.room.message","event_id":"$good","sender":"@bob:x","content":{}}]},"state":{"events":[{"type":"m.room.name","state_key":"","event_id":"$name","sender":"@bob:x","content":{"name":"Good"}}]}}}}}"#);
        let mut account = Account::new();
        account.poll(&body);
        let good = account.cache.rooms.entry("!good:x".try_into().expect("a room id")).expect("the good room is there");
        assert_eq!(good.name.as_deref(), Some("Good"));
        assert_eq!(good.timeline_end.0 - good.timeline_first.0, 1, "its event is there");
        account.request(Wire::V4, "", seeds::V4[0].as_bytes());
    });
}

/// The first room of the first seed.
fn joined_room() -> &'static str {
    let seed: &'static serde_json::value::RawValue = serde_json::from_str(seeds::SYNCS[0]).expect("JSON");
    sash_sync::model::raw::dig(seed, &["rooms", "join", "!a:x"]).expect("a room").get()
}

fn operation() -> BoxedStrategy<Vec<u8>> {
    let bare = |word: &'static str| Just(word.as_bytes().to_vec());
    let answers = seeds::answers();
    let (members, state, changes) = (answers[2], answers[3], answers[4]);
    prop_oneof![
        8 => line("poll", mutated(seeds::SYNCS)),
        2 => line("whole", mutated(seeds::SYNCS)),
        1 => line("scout", mutated(&[seeds::MESSAGES[0]])),
        1 => line("context", mutated(&[seeds::CONTEXT[0]])),
        1 => line("history", mutated(seeds::MESSAGES)),
        1 => line("members", mutated(&[members])),
        1 => line("state", mutated(&[state])),
        1 => line("changes", mutated(&[changes])),
        3 => line("v4", mutated(seeds::V4)),
        3 => line("simplified", mutated(seeds::SIMPLIFIED)),
        1 => bare("restart"),
        1 => bare("forget"),
    ]
    .boxed()
}

fn apply(account: &mut Account, line: &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (word, body) = (&line[..end], line.get(end + 1..).unwrap_or_default());
    match word {
        b"poll" => account.poll(body),
        b"whole" => account.whole(body),
        b"scout" => account.scout(body, seeds::CONTEXT[0].as_bytes()),
        b"context" => account.scout(seeds::MESSAGES[0].as_bytes(), body),
        b"history" => account.history(body),
        b"members" => account.members(body),
        b"state" => account.state(body),
        b"changes" => account.key_changes(body),
        b"v4" => account.request(Wire::V4, "", body),
        b"simplified" => account.request(Wire::Simplified, "", body),
        b"restart" => account.restart(),
        b"forget" => account.forget(),
        // Noise: also a user's own name for it.
        _ => account.poll(ME.as_bytes()),
    }
}
