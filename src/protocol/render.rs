//! What the wires have in common in answers.

use std::rc::Rc;

use serde_json::value::RawValue;

use super::{
    json::{Array, Object},
    to_device_token,
};
use crate::connection::{
    AccountDataResponse, AnsweredEvent, E2eeResponse, ExtensionsResponse, RoomResult, ToDeviceResponse,
};
use crate::model::{Hero, Receipt, order::sorted_by_key};

/// Writes an event: its body as it came, with `unsigned` put in.
pub fn event(out: &mut String, item: &AnsweredEvent) {
    let body = item.event.body.get();
    match (&item.unsigned, body.strip_suffix('}')) {
        (Some(unsigned), Some(open)) => {
            out.push_str(open);
            // A body has at least an event id, so there is always a field before.
            out.push_str(",\"unsigned\":");
            out.push_str(unsigned.get());
            out.push('}');
        }
        _ => out.push_str(body),
    }
}

/// Writes a field with events.
pub fn events<'a>(object: &mut Object<'_>, key: &str, items: impl Iterator<Item = &'a AnsweredEvent>) {
    let mut array = object.array(key);
    for item in items {
        event(array.element(), item);
    }
    array.close();
}

/// Writes a field with raw elements.
pub fn raws(object: &mut Object<'_>, key: &str, items: &[Rc<RawValue>]) {
    let mut array = object.array(key);
    for item in items {
        array.raw(item.get());
    }
    array.close();
}

/// Writes what a room says of itself in the same way on all wires.
pub fn summary(object: &mut Object<'_>, room: &RoomResult) {
    if room.initial {
        object.flag("initial", true);
    }
    if let Some(membership) = room.membership {
        object.text("membership", membership.as_str());
    }
    if !room.lists.is_empty() {
        object.texts("lists", &room.lists);
    }
    if let Some(bump_stamp) = room.bump_stamp {
        object.number("bump_stamp", bump_stamp.0);
    }
    if let Some(avatar) = &room.avatar {
        match avatar {
            Some(avatar) => object.text("avatar", avatar.as_str()),
            None => object.raw("avatar", "null"),
        }
    }
    if let Some(list) = &room.heroes {
        heroes(object.array("heroes"), list);
    }
    if let Some(is_dm) = room.is_dm {
        object.flag("is_dm", is_dm);
    }
    let counts = [("joined_count", room.joined_count), ("invited_count", room.invited_count)];
    for (key, count) in counts {
        if let Some(count) = count {
            object.number(key, count);
        }
    }
    if let Some(stripped_state) = &room.stripped_state {
        raws(object, "stripped_state", stripped_state);
    }
}

fn heroes(mut array: Array<'_>, heroes: &[Hero]) {
    for hero in heroes {
        let mut object = array.object();
        object.text("user_id", hero.user_id.as_str());
        if let Some(displayname) = &hero.displayname {
            object.text("displayname", displayname);
        }
        if let Some(avatar_url) = &hero.avatar_url {
            object.text("avatar_url", avatar_url.as_str());
        }
        object.close();
    }
    array.close();
}

/// Writes the to-device section.
pub fn to_device(extensions: &mut Object<'_>, key: &str, section: Option<&ToDeviceResponse>) {
    let Some(section) = section else { return };
    let mut object = extensions.object(key);
    object.text("next_batch", &to_device_token::write(section.next_batch));
    raws(&mut object, "events", &section.events);
    object.close();
}

/// Writes the e2ee section.
pub fn e2ee(extensions: &mut Object<'_>, key: &str, section: Option<&E2eeResponse>) {
    let Some(section) = section else { return };
    let mut object = extensions.object(key);
    if let Some((changed, left)) = &section.device_lists {
        let mut lists = object.object("device_lists");
        lists.texts("changed", changed);
        lists.texts("left", left);
        lists.close();
    }
    let mut counts = object.object("device_one_time_keys_count");
    for (algorithm, count) in &section.one_time_keys {
        counts.number(algorithm, *count);
    }
    counts.close();
    if let Some(types) = &section.unused_fallback_key_types {
        object.texts("device_unused_fallback_key_types", types);
    }
    object.close();
}

/// Writes account data, receipts and presence, which go by the same names everywhere.
pub fn common(extensions: &mut Object<'_>, response: &ExtensionsResponse) {
    let said = |part: &&AccountDataResponse| !part.global.is_empty() || !part.rooms.is_empty();
    if let Some(part) = response.account_data.as_ref().filter(said) {
        let mut object = extensions.object("account_data");
        raws(&mut object, "global", &part.global);
        let mut rooms = object.object("rooms");
        for (room, events) in &part.rooms {
            raws(&mut rooms, room.as_str(), events);
        }
        rooms.close();
        object.close();
    }
    if let Some(part) = response.receipts.as_ref().filter(|part| !part.is_empty()) {
        let mut object = extensions.object("receipts");
        let mut rooms = object.object("rooms");
        for (room, list) in part {
            receipts(rooms.object(room.as_str()), list);
        }
        rooms.close();
        object.close();
    }
    if let Some(events) = response.presence.as_ref().filter(|events| !events.is_empty()) {
        let mut object = extensions.object("presence");
        raws(&mut object, "events", events);
        object.close();
    }
}

/// Writes an `m.receipt` event. It has one place per event, type and user: an unthreaded receipt wins over a threaded
/// one there, because it says more.
fn receipts(mut event: Object<'_>, list: &[Receipt]) {
    fn place(receipt: &Receipt) -> (&str, &str, &str) {
        (receipt.event.as_str(), &receipt.kind, receipt.user.as_str())
    }
    let mut receipts = sorted_by_key(list.iter().collect(), |receipt| (place(receipt), receipt.thread.is_some()));
    receipts.dedup_by(|one, before| place(one) == place(before));
    event.text("type", "m.receipt");
    let mut object = event.object("content");
    // A chunk is never empty.
    for of_event in receipts.chunk_by(|one, other| one.event == other.event) {
        let mut kinds = object.object(of_event[0].event.as_str());
        for of_kind in of_event.chunk_by(|one, other| one.kind == other.kind) {
            let mut users = kinds.object(&of_kind[0].kind);
            for receipt in of_kind {
                users.raw(receipt.user.as_str(), receipt.data.get());
            }
            users.close();
        }
        kinds.close();
    }
    object.close();
    event.close();
}
