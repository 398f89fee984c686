//! Every answer of every scenario must be readable: on the unstable wire for ruma, on v4 as JSON of the right shape.

use ruma::api::{IncomingResponseExt, client::sync::sync_events::v5};

use crate::connection::{SyncResponse, Wire};
use crate::protocol;

#[track_caller]
pub fn check(response: &SyncResponse) {
    let body = protocol::render(Wire::Simplified, response);
    let http = http::Response::builder().status(200).body(body.as_slice()).expect("a response");
    let parsed = v5::Response::try_from_http_response(http)
        .unwrap_or_else(|error| panic!("ruma refuses the answer: {error}\n{}", String::from_utf8_lossy(&body)));
    assert_eq!(parsed.pos, response.pos.to_string());
    assert_eq!(parsed.rooms.len(), response.rooms.len());
    for (id, room) in &response.rooms {
        let timeline = room.timeline.as_ref().map_or(0, |timeline| timeline.events.len());
        assert_eq!(parsed.rooms[id].timeline.len(), timeline, "timeline of {id}");
        for event in &parsed.rooms[id].timeline {
            event.deserialize().unwrap_or_else(|error| panic!("ruma refuses {}: {error}", event.json()));
        }
        for event in &parsed.rooms[id].required_state {
            let kind: Option<String> = event.get_field("type").expect("type");
            assert!(kind.is_some(), "a stub on the unstable wire");
        }
    }
    let body = protocol::render(Wire::V4, response);
    let parsed: serde_json::Value = serde_json::from_slice(&body).expect("v4 is JSON");
    assert_eq!(parsed["rooms"].as_object().map(serde_json::Map::len), Some(response.rooms.len()));
}
