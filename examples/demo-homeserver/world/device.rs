//! Devices: to-device messages, end-to-end keys, and who must hear of changed devices.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use super::{EventNo, Json, Membership, RoomNo, UserNo, World};

#[derive(Debug, Default)]
pub struct Device {
    pub display_name: Option<String>,
    pub refresh_token: Option<String>,
    /// What waits for the device, by stream position.
    pub to_device: VecDeque<(u64, Json)>,
    pub keys: Option<Value>,
    /// One-time keys by key id (`signed_curve25519:AAAA`).
    pub one_time_keys: BTreeMap<String, Value>,
    /// Fallback keys by algorithm.
    pub fallback_keys: BTreeMap<String, FallbackKey>,
    /// Which member event of whom was already sent lazily, by room.
    pub lazy_sent: FxHashMap<RoomNo, FxHashMap<UserNo, EventNo>>,
    /// Answers to requests that carried a transaction id, by path.
    pub transactions: FxHashMap<String, EventNo>,
}

#[derive(Debug)]
pub struct FallbackKey {
    pub id: String,
    pub key: Value,
    pub used: bool,
}

impl Device {
    /// Returns the one-time keys left, by algorithm.
    pub fn one_time_key_counts(&self) -> BTreeMap<String, u64> {
        // Synapse names this algorithm always: an absent count means "unknown" to some clients.
        let mut counts = BTreeMap::from([("signed_curve25519".to_owned(), 0)]);
        for id in self.one_time_keys.keys() {
            let algorithm = id.split(':').next().unwrap_or_default();
            *counts.entry(algorithm.to_owned()).or_default() += 1;
        }
        counts
    }

    pub fn unused_fallback_types(&self) -> Vec<String> {
        self.fallback_keys.iter().filter(|(_, key)| !key.used).map(|(algorithm, _)| algorithm.clone()).collect()
    }

    fn claim(&mut self, algorithm: &str) -> Option<(String, Value)> {
        let prefix = format!("{algorithm}:");
        let id = self
            .one_time_keys
            .range(prefix.clone()..)
            .map(|(id, _)| id.clone())
            .next()
            .filter(|id| id.starts_with(&prefix));
        if let Some(id) = id {
            return self.one_time_keys.remove(&id).map(|key| (id, key));
        }
        let fallback = self.fallback_keys.get_mut(algorithm)?;
        fallback.used = true;
        Some((fallback.id.clone(), fallback.key.clone()))
    }
}

/// The answer to "whose devices changed".
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeviceLists {
    pub changed: BTreeSet<UserNo>,
    pub left: BTreeSet<UserNo>,
}

impl World {
    /// How many to-device messages one sync brings, as in Synapse.
    pub const TO_DEVICE_PER_SYNC: usize = 100;

    /// Notes that the devices or keys of a user changed; everyone sharing a room with them hears of it.
    pub fn note_device_change(&mut self, user: UserNo) {
        let pos = self.advance();
        self.device_log.push((pos, user));
        self.touch(user);
        let watching: Vec<UserNo> =
            self.users.iter().filter(|other| other.wake.is_some() && other.no != user).map(|other| other.no).collect();
        for other in watching {
            if self.share_a_room(user, other) {
                self.touch(other);
            }
        }
    }

    pub fn upload_keys(&mut self, user: UserNo, device: &str, body: &Value) -> BTreeMap<String, u64> {
        let Some(entry) = self.user_mut(user).devices.get_mut(device) else { return BTreeMap::new() };
        let mut changed = false;
        if let Some(keys) = body.get("device_keys").filter(|keys| keys.is_object()) {
            changed = entry.keys.as_ref() != Some(keys);
            entry.keys = Some(keys.clone());
        }
        for (id, key) in body["one_time_keys"].as_object().into_iter().flatten() {
            entry.one_time_keys.insert(id.clone(), key.clone());
        }
        let fallback = body.get("fallback_keys").or_else(|| body.get("org.matrix.msc2732.fallback_keys"));
        for (id, key) in fallback.and_then(Value::as_object).into_iter().flatten() {
            let algorithm = id.split(':').next().unwrap_or_default().to_owned();
            entry.fallback_keys.insert(algorithm, FallbackKey { id: id.clone(), key: key.clone(), used: false });
        }
        let counts = entry.one_time_key_counts();
        if changed {
            self.note_device_change(user);
        }
        counts
    }

    /// Returns the `device_keys` part of `/keys/query`.
    pub fn query_keys(&self, wanted: &Map<String, Value>) -> Value {
        let mut answer = Map::new();
        for (id, devices) in wanted {
            let mut keys = Map::new();
            if let Some(user) = self.find_user(id) {
                let only: Vec<&str> = devices.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                for (device_id, device) in &self.user(user).devices {
                    if let Some(device_keys) = &device.keys
                        && (only.is_empty() || only.contains(&device_id.as_str()))
                    {
                        let mut device_keys = device_keys.clone();
                        if let Some(name) = &device.display_name {
                            device_keys["unsigned"] = json!({ "device_display_name": name });
                        }
                        keys.insert(device_id.clone(), device_keys);
                    }
                }
            }
            answer.insert(id.clone(), Value::Object(keys));
        }
        Value::Object(answer)
    }

    /// Returns the `one_time_keys` part of `/keys/claim`.
    pub fn claim_keys(&mut self, wanted: &Map<String, Value>) -> Value {
        let mut answer = Map::new();
        for (id, devices) in wanted {
            let Some(user) = self.find_user(id) else { continue };
            let mut claimed = Map::new();
            for (device_id, algorithm) in devices.as_object().into_iter().flatten() {
                let device = self.user_mut(user).devices.get_mut(device_id);
                if let Some((key_id, key)) =
                    device.and_then(|device| device.claim(algorithm.as_str().unwrap_or_default()))
                {
                    claimed.insert(device_id.clone(), json!({ key_id: key }));
                }
            }
            if !claimed.is_empty() {
                answer.insert(id.clone(), Value::Object(claimed));
            }
        }
        Value::Object(answer)
    }

    /// Queues a message for one device or, with `*`, for all of a user. Returns for how many.
    pub fn send_to_device(&mut self, user: UserNo, device: &str, message: &Json) -> usize {
        let pos = self.advance();
        let mut sent = 0;
        for (id, target) in &mut self.user_mut(user).devices {
            if device == "*" || device == id {
                target.to_device.push_back((pos, Json::clone(message)));
                sent += 1;
            }
        }
        self.touch(user);
        sent
    }

    /// Deletes what a `since` has passed.
    pub fn acknowledge_to_device(&mut self, user: UserNo, device: &str, until: u64) {
        if let Some(device) = self.user_mut(user).devices.get_mut(device) {
            device.to_device.retain(|(pos, _)| *pos > until);
        }
    }

    /// Returns whose devices a user must look at again after `since`, up to `until`.
    pub fn device_lists(&self, user: UserNo, since: u64, until: u64) -> DeviceLists {
        let mut lists = DeviceLists::default();
        let first = self.device_log.partition_point(|(pos, _)| *pos <= since);
        for (pos, changed) in &self.device_log[first..] {
            if *pos <= until && (*changed == user || self.share_a_room(user, *changed)) {
                lists.changed.insert(*changed);
            }
        }
        let mut gone = BTreeSet::new();
        for (no, own) in &self.user(user).rooms {
            let room = self.room(*no);
            if room.state_pos <= since && own.pos <= since {
                continue;
            }
            let own_change = own.pos > since && own.pos <= until;
            if own_change && own.membership != Membership::Join {
                gone.extend(room.joined());
            }
            for (other, membership) in &room.members {
                let moved = own_change || self.member_changed(*no, *other, since);
                match (own.membership, membership) {
                    (Membership::Join, Membership::Join) if moved => _ = lists.changed.insert(*other),
                    (Membership::Join, Membership::Leave | Membership::Ban) if moved => _ = gone.insert(*other),
                    _ => {}
                }
            }
        }
        lists.changed.remove(&user);
        if self.device_log[first..].iter().any(|(pos, changed)| *changed == user && *pos <= until) {
            lists.changed.insert(user);
        }
        gone.retain(|other| *other != user && !self.share_a_room(user, *other));
        lists.left = gone;
        lists
    }

    /// Tells whether somebody's membership, not just their name, changed after `since`.
    fn member_changed(&self, room: RoomNo, user: UserNo, since: u64) -> bool {
        let Some(history) = self.room(room).history("m.room.member", self.user_id(user)) else { return false };
        if history.changed() <= since {
            return false;
        }
        let before = history.at(since).and_then(|event| self.membership_in(event));
        before != self.room(room).membership(user)
    }
}
