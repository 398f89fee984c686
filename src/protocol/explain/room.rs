//! What is held of a room.

use super::{
    EngineState, Object, flag_or_null, length, number_or_null, ordinal, position_or_null, text_or_null, texts,
};
use crate::connection::HeldRoom;
use crate::model::{Known, RoomEntry};

/// Writes it.
pub fn write(mut object: Object<'_>, held: &HeldRoom, engine: &EngineState) {
    let entry = &held.entry;
    let known = match entry.known {
        Known::Unknown => "unknown",
        Known::Provisional => "provisional",
        Known::Whole => "whole",
    };
    object.text("known", known);
    position_or_null(&mut object, "based", entry.based);
    position_or_null(&mut object, "gap", entry.gap);
    membership(&mut object, held);
    summary(&mut object, held);
    changed(object.object("changed"), held);
    timeline(object.object("timeline"), held);
    let mut state = object.object("state");
    for (kind, count) in &held.state {
        state.number(kind, *count);
    }
    state.close();
    object.number("removed_state", held.removed_state);
    let mut members = object.object("members");
    members.flag("complete", entry.members_complete);
    let mut known = members.object("known");
    for (membership, count) in &held.members {
        known.number(membership.as_str(), *count);
    }
    known.close();
    members.close();
    number_or_null(&mut object, "stripped_state", held.stripped.map(length));
    receipts(object.object("receipts"), held);
    let mut account_data = object.object("account_data");
    for (kind, position) in &held.account_data {
        account_data.number(kind, position.0);
    }
    account_data.close();
    let mut typing = object.array("typing");
    for user in held.typing_users() {
        typing.text(user.as_str());
    }
    typing.close();
    texts(&mut object, "fetching", &engine.fetching);
    object.close();
}

fn membership(object: &mut Object<'_>, held: &HeldRoom) {
    let entry = &held.entry;
    object.text("membership", entry.membership.as_str());
    object.flag("by_other", entry.by_other);
    object.flag("ever_joined", entry.ever_joined);
    object.flag("is_listed", held.is_listed);
    object.flag("is_outside", held.is_outside);
}

fn summary(object: &mut Object<'_>, held: &HeldRoom) {
    let entry = &held.entry;
    text_or_null(object, "name", entry.name.as_deref());
    object.text("name_from", name_from(entry));
    let mut heroes = object.array("heroes");
    for hero in &entry.heroes {
        heroes.text(hero.user_id.as_str());
    }
    heroes.close();
    text_or_null(object, "canonical_alias", entry.canonical_alias.as_deref());
    text_or_null(object, "avatar", entry.avatar.as_ref().map(|avatar| avatar.as_str()));
    flag_or_null(object, "is_encrypted", entry.encrypted);
    object.flag("is_dm", held.is_dm);
    object.flag("is_type_known", entry.create_known);
    text_or_null(object, "room_type", entry.room_type.as_deref());
    text_or_null(object, "successor", entry.successor.as_ref().map(|room| room.as_str()));
    let mut tags = object.array("tags");
    for tag in &entry.tags {
        tags.text(tag);
    }
    tags.close();
    let mut spaces = object.array("spaces");
    for space in &held.spaces {
        spaces.text(space.as_str());
    }
    spaces.close();
    object.number("space_children", length(entry.space_children.len()));
    number_or_null(object, "joined_count", entry.joined_count);
    number_or_null(object, "invited_count", entry.invited_count);
    number_or_null(object, "notification_count", entry.notification_count);
    number_or_null(object, "highlight_count", entry.highlight_count);
    object.number("activity", entry.activity.0);
    object.number("bump_stamp", entry.recency().0);
}

/// What a client has to call the room by.
fn name_from(entry: &RoomEntry) -> &'static str {
    match (&entry.name, entry.heroes.is_empty()) {
        (Some(_), _) => "m.room.name",
        (None, false) => "heroes",
        (None, true) => "nothing",
    }
}

fn changed(mut object: Object<'_>, held: &HeldRoom) {
    let changed = &held.entry.changed;
    let aspects = [
        ("membership", held.entry.membership_position),
        ("timeline", changed.timeline),
        ("state", changed.state),
        ("members", changed.members),
        ("summary", changed.summary),
        ("counts", changed.counts),
        ("receipts", changed.receipts),
        ("account_data", changed.account_data),
        ("typing", held.typing.as_ref().map(|typing| typing.position).unwrap_or_default()),
    ];
    for (aspect, position) in aspects {
        object.number(aspect, position.0);
    }
    object.close();
}

fn timeline(mut object: Object<'_>, held: &HeldRoom) {
    let entry = &held.entry;
    object.number("events", length(held.events));
    object.number("live_events", length(held.live_events));
    object.raw("first", &ordinal(entry.timeline_first));
    object.raw("end", &ordinal(entry.timeline_end));
    object.flag("begins_with_room", entry.timeline_complete);
    let mut gaps = object.array("gaps_before");
    for gap in &held.gaps {
        gaps.raw(&ordinal(*gap));
    }
    gaps.close();
    let mut tokens = object.array("tokens");
    for (at, after, token) in &held.tokens {
        let mut object = tokens.object();
        object.raw(if *after { "after" } else { "before" }, &ordinal(*at));
        object.text("token", token);
        object.close();
    }
    tokens.close();
    object.close();
}

fn receipts(mut object: Object<'_>, held: &HeldRoom) {
    object.number("held", length(held.receipts));
    let mut own = object.array("own");
    for receipt in &held.own_receipts {
        let mut object = own.object();
        object.text("type", &receipt.kind);
        text_or_null(&mut object, "thread_id", receipt.thread.as_deref());
        object.text("event_id", receipt.event.as_str());
        object.close();
    }
    own.close();
    object.close();
}
