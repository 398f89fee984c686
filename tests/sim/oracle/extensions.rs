//! What a client must have from the extensions.

use std::collections::{BTreeMap, BTreeSet};

use sash_sync::connection::Wire;
use serde_json::{Value, json};

use super::{Judge, Reach, Shown};
use crate::{
    client::{Client, Room},
    homeserver::world::{Receipt, User},
};

impl Judge<'_> {
    /// Checks what belongs to no room.
    pub(super) fn check_global_extensions(&self, client: &Client, complaints: &mut Vec<String>) {
        if client.has.pos.is_none() {
            return complaints.push("has no connection".to_owned());
        }
        if client.config.account_data {
            let data = &self.world.user(self.me).account_data;
            let expected: BTreeMap<String, Value> =
                data.iter().map(|(kind, data)| (kind.clone(), parse(data.value.get()))).collect();
            compare("account data", &client.has.account_data, &expected, complaints);
        }
        if client.takes_to_device {
            let sent = self.ledger.to_device.get(&client.device).copied().unwrap_or(0);
            check_to_device(&client.has.to_device, sent, complaints);
        }
        if client.config.e2ee && client.has.always_e2ee {
            self.check_e2ee(client, complaints);
        }
        if client.config.presence {
            self.check_presence(client, complaints);
        }
    }

    /// Of whom nothing was told, they are offline. Sash keeps presence in memory: who is offline, and of whom the
    /// homeserver has told nothing since Sash was started, may have gone before, and a client need not have heard of it.
    fn check_presence(&self, client: &Client, complaints: &mut Vec<String>) {
        let offline = || ("offline".to_owned(), None);
        let is_seen = |user: &&User| user.no == self.me || self.world.share_a_room(self.me, user.no);
        for user in self.world.users.iter().filter(is_seen) {
            let held = client.has.presence.get(&*user.id).cloned().unwrap_or_else(offline);
            let expected = (user.presence.state.clone(), user.presence.status.clone());
            let is_right = match &*expected.0 {
                "offline" => held.0 == expected.0 || !self.ledger.presence_told.contains(&user.no),
                _ => held == expected,
            };
            if !is_right {
                complaints.push(format!("presence of {} is {held:?}, not {expected:?}", user.id));
            }
        }
    }

    fn check_e2ee(&self, client: &Client, complaints: &mut Vec<String>) {
        let Some(began) = client.has.e2ee_began else { return complaints.push("was told nothing of keys".to_owned()) };
        for (pos, user) in &self.ledger.device_changes {
            let id = &**self.world.user_id(*user);
            let told = client.has.devices_changed.get(id).copied().unwrap_or(0);
            if *pos > began && told < *pos && self.world.share_a_room(self.me, *user) {
                complaints.push(format!(
                    "devices of {id} changed at {pos}, which was not told (last told at {told}, began at {began})"
                ));
            }
        }
        let Some(device) = self.world.user(self.me).device(&client.device) else { return };
        let expected = device.one_time_key_counts();
        if !self.is_asleep && client.has.key_counts != expected {
            complaints.push(format!("key counts are {:?}, not {expected:?}", client.has.key_counts));
        }
    }

    /// Checks account data, receipts, typing and counts of a joined room that the request reaches.
    pub(super) fn check_room_extensions(
        &self,
        client: &Client,
        shown: &Shown<'_>,
        has: &Room,
        reach: &Reach,
        found: &mut Vec<String>,
    ) {
        self.check_unread(client, shown, has, found);
        if !reach.is_in_scope(client, &shown.room.id) {
            return;
        }
        if client.config.account_data && !self.crawled {
            let expected: BTreeMap<String, Value> = shown
                .own
                .account_data
                .iter()
                .map(|(kind, data)| (kind.clone(), parse(data.value.get())))
                .filter(|(_, content)| !is_no_tag(content))
                .collect();
            let held: BTreeMap<String, Value> =
                has.account_data.clone().into_iter().filter(|(_, content)| !is_no_tag(content)).collect();
            compare("room account data", &held, &expected, found);
        }
        if client.config.receipts && !self.crawled {
            self.check_receipts(shown, has, reach, found);
        }
        if client.config.typing && !self.ledger.typing_unknown.contains(&shown.room.no) {
            let expected: BTreeSet<String> =
                shown.room.typing.keys().map(|user| self.world.user_id(*user).to_string()).collect();
            if has.typing != expected {
                found.push(format!("typing are {:?}, not {expected:?}", has.typing));
            }
        }
    }

    fn check_unread(&self, client: &Client, shown: &Shown<'_>, has: &Room, found: &mut Vec<String>) {
        let asked = client.wire == Wire::Simplified || client.config.counts;
        // v2 does not come back to a room because of somebody ignored, whom the model counts.
        if !asked || self.crawled || shown.has_withheld() {
            return;
        }
        let expected = self.world.unread(shown.room, self.me);
        let held = (has.notification_count.unwrap_or(0), has.highlight_count.unwrap_or(0));
        if held != (expected.notifications, expected.highlights) {
            found.push(format!("unread counts are {held:?}, not {expected:?}"));
        }
    }

    /// The user's own must be held, and those at the events with which the room would be shown if it were new. Of others,
    /// an answer in the middle of a connection need not tell, and Sash does not keep what points at events that it lacks.
    fn check_receipts(&self, shown: &Shown<'_>, has: &Room, reach: &Reach, found: &mut Vec<String>) {
        let limit = reach.rules.iter().map(|rule| rule.timeline_limit).max().unwrap_or(0) as usize;
        let seen: BTreeSet<&str> = has.timeline.latest_events().take(limit).map(|(id, _)| id).collect();
        for receipt in &shown.room.receipts {
            let is_own = receipt.user == self.me;
            // On the wire an event has one place per type and user, so threads of one hide each other.
            if (receipt.is_private() && !is_own) || self.shared_its_place(receipt) {
                continue;
            }
            let user = self.world.user_id(receipt.user).to_string();
            let event = self.world.event_id(receipt.event);
            let held = has.receipts.get(&(receipt.kind.to_string(), user.clone(), receipt.thread.clone()));
            // A receipt that came before its event was paged back may have had nothing to be kept with.
            let is_due = is_own || (seen.contains(event.as_str()) && !self.ledger.paged.contains(&shown.room.no));
            if is_due && held != Some(&event) {
                let held = held.map(|id| self.world.find_event(id));
                found.push(format!(
                    "{} {:?} of {user} is at {held:?}, not at #{}",
                    receipt.kind, receipt.thread, receipt.event
                ));
            }
        }
    }

    fn shared_its_place(&self, receipt: &Receipt) -> bool {
        let threads = self.ledger.receipts.get(&(receipt.user, receipt.kind.to_string(), receipt.event));
        threads.is_some_and(|threads| threads.len() > 1)
    }
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The first answer need not say that a room has no tags.
fn is_no_tag(content: &Value) -> bool {
    *content == json!({ "tags": {} })
}

fn compare(
    what: &str,
    held: &BTreeMap<String, Value>,
    expected: &BTreeMap<String, Value>,
    complaints: &mut Vec<String>,
) {
    let kinds: BTreeSet<&String> = held.keys().chain(expected.keys()).collect();
    for kind in kinds {
        if held.get(kind) != expected.get(kind) {
            let short =
                |value: Option<&Value>| value.map(|value| value.to_string().chars().take(120).collect::<String>());
            complaints.push(format!(
                "{what} {kind} is {:?}, not {:?}",
                short(held.get(kind)),
                short(expected.get(kind))
            ));
        }
    }
}

/// Each message once, in order: they carry their number.
fn check_to_device(processed: &[u64], sent: u64, complaints: &mut Vec<String>) {
    let count = processed.len() as u64;
    let wrong = processed.iter().zip(0..).find(|(held, expected)| **held != *expected);
    let at = wrong.map_or(count.min(sent), |(_, expected)| expected);
    if wrong.is_some() || count != sent {
        let held = wrong.map(|(held, _)| *held);
        complaints.push(format!("to-device message {at} of {sent} is {held:?}; {count} were processed"));
    }
}
