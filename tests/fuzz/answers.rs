//! What a homeserver answers: every reader takes any bytes, and what it takes borrows from them.

use sash_sync::upstream::parse;

use super::{
    seeds,
    support::{harness::fuzz, inputs::mutated},
};

#[test]
fn v2_sync() {
    fuzz("sync", &mutated(seeds::SYNCS), |body| {
        let Ok(response) = parse::sync_response(body) else { return };
        assert!(response.skipped.len() <= sash_sync::limits::SKIPPED_NOTES);
        for (room, value) in &response.join {
            for event in value.timeline.iter().chain(&value.ephemeral).chain(&value.account_data) {
                parse::event_id(event);
                parse::origin_server_ts(event);
            }
            assert!(room.as_str().starts_with('!'));
        }
        for count in response.one_time_keys.iter().flatten().map(|(_, count)| *count) {
            assert!(count <= MOST, "{count} is no number that JSON readers agree on");
        }
    });
}

/// The largest number that every JSON reader takes for the same.
const MOST: u64 = (1 << 53) - 1;

#[test]
fn messages() {
    fuzz("messages", &mutated(seeds::MESSAGES), |body| {
        if let Ok(messages) = parse::messages(body) {
            assert_ne!(messages.end.as_deref(), Some(""), "no token is not a token");
        }
    });
}

#[test]
fn context() {
    fuzz("context", &mutated(seeds::CONTEXT), |body| drop(parse::context(body)));
}

#[test]
fn all_the_smaller_answers() {
    fuzz("answers", &mutated(&seeds::answers()), |body| {
        drop(parse::notifications(body));
        drop(parse::joined_rooms(body));
        drop(parse::members(body));
        drop(parse::state(body));
        drop(parse::key_changes(body));
        drop(parse::versions(body));
        parse::error_body(body);
    });
}
