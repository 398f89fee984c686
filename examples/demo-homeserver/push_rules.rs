//! The default push rules of a new account.

use serde_json::{Value, json};

/// Returns the content of `m.push_rules` for a user of this name.
pub fn default_rules(localpart: &str) -> Value {
    let highlight = json!({ "set_tweak": "highlight" });
    let by_name = json!({
        "rule_id": ".m.rule.contains_user_name", "default": true, "enabled": true, "pattern": localpart,
        "actions": ["notify", sound("default"), highlight],
    });
    json!({ "global": {
        "override": overrides(localpart, &highlight), "content": [by_name], "room": [], "sender": [], "underride": underrides(),
    } })
}

fn overrides(localpart: &str, highlight: &Value) -> Vec<Value> {
    let loudly = json!(["notify", sound("default")]);
    let invited = [is("type", "m.room.member"), is("content.membership", "invite"), is("state_key", localpart)];
    let may_call_room = json!({ "kind": "sender_notification_permission", "key": "room" });
    let edit = json!({ "kind": "event_property_is", "key": "content.m\\.relates_to.rel_type", "value": "m.replace" });
    let replaced = [is("type", "m.room.tombstone"), is("state_key", "")];
    vec![
        rule(".m.rule.master", &[], &json!([])),
        rule(".m.rule.suppress_notices", &[is("content.msgtype", "m.notice")], &json!([])),
        rule(".m.rule.invite_for_me", &invited, &loudly),
        rule(".m.rule.member_event", &[is("type", "m.room.member")], &json!([])),
        rule(
            ".m.rule.contains_display_name",
            &[json!({ "kind": "contains_display_name" })],
            &json!(["notify", sound("default"), highlight]),
        ),
        rule(".m.rule.roomnotif", &[is("content.body", "@room"), may_call_room], &json!(["notify", highlight])),
        rule(".m.rule.tombstone", &replaced, &json!(["notify", highlight])),
        rule(".m.rule.reaction", &[is("type", "m.reaction")], &json!([])),
        rule(".m.rule.suppress_edits", &[edit], &json!([])),
    ]
}

fn underrides() -> Vec<Value> {
    let loudly = json!(["notify", sound("default")]);
    let two_members = json!({ "kind": "room_member_count", "is": "2" });
    let between_two = |kind| [two_members.clone(), is("type", kind)];
    vec![
        rule(".m.rule.call", &[is("type", "m.call.invite")], &json!(["notify", sound("ring")])),
        rule(".m.rule.encrypted_room_one_to_one", &between_two("m.room.encrypted"), &loudly),
        rule(".m.rule.room_one_to_one", &between_two("m.room.message"), &loudly),
        rule(".m.rule.message", &[is("type", "m.room.message")], &json!(["notify"])),
        rule(".m.rule.encrypted", &[is("type", "m.room.encrypted")], &json!(["notify"])),
    ]
}

fn rule(id: &str, conditions: &[Value], actions: &Value) -> Value {
    let enabled = id != ".m.rule.master";
    json!({ "rule_id": id, "default": true, "enabled": enabled, "conditions": conditions, "actions": actions })
}

fn is(key: &str, pattern: &str) -> Value {
    json!({ "kind": "event_match", "key": key, "pattern": pattern })
}

fn sound(name: &str) -> Value {
    json!({ "set_tweak": "sound", "value": name })
}
