//! The default push rules of a new account.

use serde_json::{Value, json};

pub fn default_rules(localpart: &str) -> Value {
    let matches = |key: &str, pattern: &str| json!({ "kind": "event_match", "key": key, "pattern": pattern });
    let sound = |name: &str| json!({ "set_tweak": "sound", "value": name });
    let rule = |id: &str, conditions: Vec<Value>, actions: Vec<Value>| json!({ "rule_id": id, "default": true, "enabled": id != ".m.rule.master", "conditions": conditions, "actions": actions });
    let highlight = json!({ "set_tweak": "highlight" });
    let two_members = json!({ "kind": "room_member_count", "is": "2" });
    json!({ "global": {
        "override": [
            rule(".m.rule.master", vec![], vec![]),
            rule(".m.rule.suppress_notices", vec![matches("content.msgtype", "m.notice")], vec![]),
            rule(".m.rule.invite_for_me", vec![matches("type", "m.room.member"), matches("content.membership", "invite"), matches("state_key", localpart)],
                vec![json!("notify"), sound("default")]),
            rule(".m.rule.member_event", vec![matches("type", "m.room.member")], vec![]),
            rule(".m.rule.contains_display_name", vec![json!({ "kind": "contains_display_name" })], vec![json!("notify"), sound("default"), highlight.clone()]),
            rule(".m.rule.roomnotif", vec![matches("content.body", "@room"), json!({ "kind": "sender_notification_permission", "key": "room" })],
                vec![json!("notify"), highlight.clone()]),
            rule(".m.rule.tombstone", vec![matches("type", "m.room.tombstone"), matches("state_key", "")], vec![json!("notify"), highlight.clone()]),
            rule(".m.rule.reaction", vec![matches("type", "m.reaction")], vec![]),
            rule(".m.rule.suppress_edits", vec![json!({ "kind": "event_property_is", "key": "content.m\\.relates_to.rel_type", "value": "m.replace" })], vec![]),
        ],
        "content": [{ "rule_id": ".m.rule.contains_user_name", "default": true, "enabled": true, "pattern": localpart,
            "actions": ["notify", sound("default"), highlight] }],
        "room": [], "sender": [],
        "underride": [
            rule(".m.rule.call", vec![matches("type", "m.call.invite")], vec![json!("notify"), sound("ring")]),
            rule(".m.rule.encrypted_room_one_to_one", vec![two_members.clone(), matches("type", "m.room.encrypted")], vec![json!("notify"), sound("default")]),
            rule(".m.rule.room_one_to_one", vec![two_members, matches("type", "m.room.message")], vec![json!("notify"), sound("default")]),
            rule(".m.rule.message", vec![matches("type", "m.room.message")], vec![json!("notify")]),
            rule(".m.rule.encrypted", vec![matches("type", "m.room.encrypted")], vec![json!("notify")]),
        ],
    } })
}
