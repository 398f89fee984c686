//! Whatever the homeserver sends, `since` advances and nothing breaks.

use super::{World, after};

const RESPONSE: &str = r#"{"next_batch":"NEXT","rooms":{"join":{"!a:x":{"state":{"events":[
 {"type":"m.room.create","state_key":"","event_id":"$c","sender":"@b:x","origin_server_ts":1,"content":{"room_version":"10"}},
 {"type":"m.room.member","state_key":"@me:x","event_id":"$me","sender":"@me:x","origin_server_ts":2,"content":{"membership":"join","displayname":"Me"}},
 {"type":"m.space.child","state_key":"!c:x","event_id":"$ch","sender":"@b:x","content":{"via":["x"]}}]},
 "timeline":{"events":[{"type":"m.room.message","event_id":"$m1","sender":"@b:x","origin_server_ts":3,"content":{"body":"b"},"unsigned":{"age":1,"transaction_id":"t","m.relations":{}}},
 {"type":"m.room.redaction","event_id":"$r","sender":"@b:x","content":{"redacts":"$m1"},"redacts":"$m1"},
 {"type":"m.room.message","event_id":"$m2","sender":"@b:x","content":{"m.relates_to":{"event_id":"$m1","rel_type":"m.thread"}}}],"limited":true,"prev_batch":"p"},
 "summary":{"m.heroes":["@b:x"],"m.joined_member_count":2},"unread_notifications":{"notification_count":1,"highlight_count":0},
 "ephemeral":{"events":[{"type":"m.receipt","content":{"$m1":{"m.read":{"@b:x":{"ts":1,"thread_id":"main"}}}}},{"type":"m.typing","content":{"user_ids":["@b:x"]}}]},
 "account_data":{"events":[{"type":"m.tag","content":{"tags":{"u.x":{}}}}]}}},
 "invite":{"!i:x":{"invite_state":{"events":[{"type":"m.room.member","state_key":"@me:x","sender":"@b:x","content":{"membership":"invite"}}]}}},
 "leave":{"!l:x":{"timeline":{"events":[{"type":"m.room.member","state_key":"@me:x","event_id":"$l","sender":"@b:x","content":{"membership":"leave"},"unsigned":{"prev_content":{"membership":"join"}}}]}}}},
 "account_data":{"events":[{"type":"m.direct","content":{"@b:x":["!a:x"]}}]},"presence":{"events":[{"type":"m.presence","sender":"@b:x","content":{}}]},
 "to_device":{"events":[{"type":"m.x","sender":"@b:x","content":{}}]},"device_lists":{"changed":["@b:x"],"left":["@c:x"]},
 "device_one_time_keys_count":{"signed_curve25519":50},"device_unused_fallback_key_types":["signed_curve25519"]}"#;

/// Every value of the response, one after the other, becomes everything that it should not be.
#[test]
fn any_value_of_any_shape_is_borne() {
    let whole: serde_json::Value = serde_json::from_str(&RESPONSE.replace("NEXT", "s1")).expect("JSON");
    let mut paths = Vec::new();
    collect(&whole, &mut String::new(), &mut paths);
    assert!(paths.len() > 100);
    for path in paths.iter().filter(|path| *path != "/next_batch") {
        for junk in [r#"null"#, "true", "-1", "1e400", r#""\u0000""#, r#""""#, "[]", "{}", "[[]]", r#"{"a":{"b":[]}}"#]
        {
            // What is no number here stays text: `1e400` is valid JSON, which trees cannot hold.
            let mut broken = whole.clone();
            *broken.pointer_mut(path).expect("the path is there") = serde_json::Value::String("JUNK".to_owned());
            let body = broken.to_string().replace(r#""JUNK""#, junk);
            let mut world = after("v2 s0");
            world.json(&body);
            assert_eq!(since(&world), "s1", "{path} = {junk}");
            world.json(&RESPONSE.replace("NEXT", "s2"));
            assert_eq!(since(&world), "s2", "after {path} = {junk}");
        }
    }
}

#[test]
fn one_bad_room_does_not_spoil_the_others() {
    let mut world = after("v2 s0");
    world.json(
        r#"{"next_batch":"s1","rooms":{"join":{"!bad:x":7,"!a:x":{"state":{"events":[{"type":"m.room.create","state_key":"","event_id":"$c","sender":"@b:x","content":{}}]}}}}}"#,
    );
    assert!(world.cache.rooms.entry(&super::script::room("!a")).is_some());
    assert_eq!(world.last.skipped, ["rooms.join.!bad:x: bad shape"]);
}

fn since(world: &World) -> String {
    let device = &world.cache.devices[<&ruma::DeviceId>::from("DEVICE")];
    device.record.since.clone().unwrap_or_default()
}

fn collect(value: &serde_json::Value, path: &mut String, paths: &mut Vec<String>) {
    if !path.is_empty() {
        paths.push(path.clone());
    }
    let children: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (key, child) in children {
        let length = path.len();
        path.push('/');
        path.push_str(&key);
        collect(child, path, paths);
        path.truncate(length);
    }
}
