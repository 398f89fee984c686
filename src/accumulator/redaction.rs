//! What is left of an event that was redacted, and of the aggregations that a homeserver bundled with it.
//!
//! Written over raw JSON rather than with `ruma`'s canonical JSON, which refuses numbers that clients do send, and costs
//! a tree. Which keys stay is the specification's table ("Redactions" of each room version); what differs between room
//! versions comes from `ruma`'s rules.

use std::rc::Rc;

use ruma::{RoomVersionId, room_version_rules::RedactionRules};
use serde_json::value::RawValue;

use crate::model::{Event, RawObject};

/// Returns the rules of the room that begins with this create event. A create event without a version means the first;
/// where it is not known, the newest rules keep the least.
pub(super) fn rules(create: Option<&Event>) -> RedactionRules {
    let Some(create) = create else { return RedactionRules::V11 };
    let version = super::facts::text(create, "room_version").unwrap_or_else(|| "1".to_owned());
    RoomVersionId::try_from(version)
        .ok()
        .and_then(|version| version.rules())
        .map_or(RedactionRules::V11, |rules| rules.redaction)
}

/// Returns the event without what its redaction removes, and with the redaction in its `unsigned`.
pub(super) fn redact(event: &Event, rules: &RedactionRules, because: &Event) -> Option<Event> {
    let fields = RawObject::read(&event.body)?;
    let content = match fields.get("content") {
        Some(content) => Some(redact_content(event.kind(), content, rules)?),
        None => None,
    };
    let mut kept = RawObject(fields.0.iter().filter(|(key, _)| keeps(key, rules)).cloned().collect());
    for (key, value) in &mut kept.0 {
        if key == "content"
            && let Some(content) = &content
        {
            *value = content;
        }
    }
    let body = kept.write(|_| true).ok()?;
    let mut redacted = Event::parse(&body, event.arrived).ok()?;
    redacted.unsigned = with_redaction(event.unsigned.as_deref(), because);
    Some(redacted)
}

/// Returns the event without its bundled aggregations; `None` if it has none.
pub(super) fn without_aggregations(event: &Event) -> Option<Event> {
    let unsigned = event.unsigned.as_deref().filter(|unsigned| unsigned.get().contains("m.relations"))?;
    let fields = RawObject::read(unsigned)?;
    let unsigned = fields.write(|key| key != "m.relations").ok()?;
    Some(Event { unsigned: Some(unsigned.into()), ..event.clone() })
}

fn with_redaction(unsigned: Option<&RawValue>, because: &Event) -> Option<Rc<RawValue>> {
    let fields = unsigned.and_then(RawObject::read).unwrap_or_default();
    let mut kept: Vec<_> = fields
        .0
        .into_iter()
        .filter(|(key, _)| key != "m.relations" && key != "redacted_because" && key != "prev_content")
        .collect();
    kept.push(("redacted_because".into(), &because.body));
    RawObject(kept).write(|_| true).ok().map(Into::into)
}

fn keeps(key: &str, rules: &RedactionRules) -> bool {
    match key {
        "event_id" | "type" | "room_id" | "sender" | "state_key" | "content" | "hashes" | "signatures" | "depth"
        | "prev_events" | "auth_events" | "origin_server_ts" => true,
        "origin" | "membership" | "prev_state" => rules.keep_origin_membership_prev_state,
        _ => false,
    }
}

fn redact_content(kind: &str, content: &RawValue, rules: &RedactionRules) -> Option<Box<RawValue>> {
    // A content of another shape has nothing that could stay.
    let fields = RawObject::read(content).unwrap_or_default();
    let signed = rules.keep_room_member_third_party_invite_signed.then(|| signed_invite(kind, &fields)).flatten();
    let mut kept = RawObject(fields.0.into_iter().filter(|(key, _)| keeps_content(kind, key, rules)).collect());
    if let Some(signed) = &signed {
        kept.0.push(("third_party_invite".into(), signed));
    }
    kept.write(|_| true).ok()
}

/// Of `third_party_invite`, `signed` alone stays.
fn signed_invite(kind: &str, content: &RawObject<'_>) -> Option<Box<RawValue>> {
    let invite = content.get("third_party_invite").filter(|_| kind == "m.room.member")?;
    RawObject::read(invite)?.write(|key| key == "signed").ok()
}

fn keeps_content(kind: &str, key: &str, rules: &RedactionRules) -> bool {
    match (kind, key) {
        ("m.room.create", "creator") => true,
        ("m.room.create", _) => rules.keep_room_create_content,
        ("m.room.member", "membership") => true,
        ("m.room.member", "join_authorised_via_users_server") => {
            rules.keep_room_member_join_authorised_via_users_server
        }
        ("m.room.join_rules", "join_rule") => true,
        ("m.room.join_rules", "allow") => rules.keep_room_join_rules_allow,
        ("m.room.power_levels", "invite") => rules.keep_room_power_levels_invite,
        ("m.room.power_levels", key) => matches!(
            key,
            "ban" | "events" | "events_default" | "kick" | "redact" | "state_default" | "users" | "users_default"
        ),
        ("m.room.history_visibility", "history_visibility") => true,
        ("m.room.redaction", "redacts") => rules.keep_room_redaction_redacts,
        ("m.room.aliases", "aliases") => rules.keep_room_aliases_aliases,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn event(json: &str) -> Event {
        Event::parse(serde_json::from_str(json).expect("test JSON"), Timestamp(1)).expect("an event")
    }

    /// Our table must say what ruma's does, for every event type it knows, in every room version.
    #[test]
    fn the_same_keys_stay_as_with_ruma() {
        let content = r#"{"creator":"c","membership":"join","join_authorised_via_users_server":"u","third_party_invite":{"signed":{},"display_name":"d"},"displayname":"d","join_rule":"public","allow":[],"ban":1,"events":{},"events_default":1,"invite":1,"kick":1,"redact":1,"state_default":1,"users":{},"users_default":1,"notifications":{},"history_visibility":"shared","redacts":"$x","aliases":[],"body":"b","predecessor":{},"room_version":"1"}"#;
        let because = event(r#"{"type":"m.room.redaction","event_id":"$r","sender":"@a:x","content":{}}"#);
        let kinds =
            ["create", "member", "join_rules", "power_levels", "history_visibility", "redaction", "aliases", "message"];
        for version in 1..=12 {
            let rules =
                RoomVersionId::try_from(version.to_string()).expect("a version").rules().expect("rules").redaction;
            for kind in kinds {
                let json = format!(
                    r#"{{"type":"m.room.{kind}","event_id":"$e","sender":"@a:x","state_key":"","content":{content},"origin":"o","membership":"join","prev_state":[],"depth":3,"redacts":"$y","other":1,"origin_server_ts":5}}"#
                );
                let ours = redact(&event(&json), &rules, &because).expect("redacted");
                let ours: serde_json::Value = serde_json::from_str(ours.body.get()).expect("JSON");
                let whole = serde_json::from_str(&json).expect("canonical JSON");
                let theirs = ruma::canonical_json::redact(whole, &rules, None).expect("redacted");
                assert_eq!(ours, serde_json::to_value(theirs).expect("JSON"), "{kind} in version {version}");
            }
        }
    }

    #[test]
    fn a_redacted_event_says_why_and_keeps_its_age() {
        let because =
            event(r#"{"type":"m.room.redaction","event_id":"$r","sender":"@a:x","content":{"reason":"spam"}}"#);
        let before = event(
            r#"{"type":"m.room.message","event_id":"$e","sender":"@a:x","content":{"body":1.5},"unsigned":{"age":7,"m.relations":{}}}"#,
        );
        let after = redact(&before, &RedactionRules::V11, &because).expect("redacted");
        assert_eq!(after.body.get(), r#"{"type":"m.room.message","event_id":"$e","sender":"@a:x","content":{}}"#);
        assert_eq!(
            after.unsigned.expect("unsigned").get(),
            r#"{"age":7,"redacted_because":{"type":"m.room.redaction","event_id":"$r","sender":"@a:x","content":{"reason":"spam"}}}"#
        );
    }
}
