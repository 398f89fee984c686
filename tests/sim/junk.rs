//! Junk among the entries of an answer to `/sync`.

use serde_json::{Value, json};

/// Puts junk among the entries of a sync answer: each is to be skipped alone.
pub fn with_junk(body: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    spoil(&mut body);
    body.to_string()
}

fn spoil(body: &mut Value) {
    let rooms = &mut body["rooms"];
    if rooms.is_null() {
        *rooms = json!({});
    }
    for kind in ["join", "invite", "leave"] {
        let rooms = &mut rooms[kind];
        if rooms.is_null() {
            *rooms = json!({});
        }
        rooms["no room id"] = json!({});
        rooms["!junk:sim"] = json!(7);
        for (id, room) in rooms.as_object_mut().into_iter().flatten() {
            if id.starts_with('!') && room["timeline"]["events"].is_array() {
                let events = room["timeline"]["events"].as_array_mut().expect("just looked");
                events.insert(0, json!({ "type": 5 }));
                events.push(json!("junk"));
            }
        }
    }
    for section in ["account_data", "presence"] {
        if body[section]["events"].is_array() {
            body[section]["events"].as_array_mut().expect("just looked").push(json!({ "content": 3 }));
        }
    }
}
