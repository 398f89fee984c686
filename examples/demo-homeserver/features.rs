//! What this homeserver pretends not to have, so that tests can meet older and other servers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{error::ApiError, sync::StateKey};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Features {
    /// Off: `room.rooms` and `room.not_rooms` of filters are ignored.
    pub filter_rooms: bool,
    /// Off: `GET /joined_rooms` is unrecognized.
    pub joined_rooms: bool,
    /// Off: `GET /notifications` is unrecognized.
    pub notifications: bool,
    pub use_state_after: StateAfter,
    /// Off: lazy loading is ignored, so all members come and no summary.
    pub lazy_members: bool,
    /// When only `r0` versions are listed, only `/r0` paths answer.
    pub versions: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StateAfter {
    /// Both names of MSC4222 work; the answer bears the name that was asked for, the stable one when both were.
    On,
    /// Only the unstable name works, as in Synapse.
    Unstable,
    Off,
}

impl Default for Features {
    fn default() -> Self {
        let stable = (1..=11).map(|minor| format!("v1.{minor}"));
        Self {
            filter_rooms: true,
            joined_rooms: true,
            notifications: true,
            use_state_after: StateAfter::On,
            lazy_members: true,
            versions: std::iter::once("r0.6.1".to_owned()).chain(stable).collect(),
        }
    }
}

impl Features {
    pub fn r0_only(&self) -> bool {
        self.versions.iter().all(|version| version.starts_with("r0"))
    }

    /// Applies the switches that `changes` names.
    pub fn change(&mut self, mut changes: Value) -> Result<(), ApiError> {
        if let Some(on) = changes["use_state_after"].as_bool() {
            changes["use_state_after"] = if on { "on".into() } else { "off".into() };
        }
        let mut all = serde_json::to_value(&*self).unwrap_or_default();
        let (Some(all_fields), Value::Object(changes)) = (all.as_object_mut(), changes) else {
            return Err(ApiError::bad_json("an object of features is expected"));
        };
        for (name, value) in changes {
            if !all_fields.contains_key(&name) {
                return Err(ApiError::invalid(format!("there is no feature {name}")));
            }
            all_fields.insert(name, value);
        }
        *self = serde_json::from_value(all).map_err(|error| ApiError::bad_json(error.to_string()))?;
        Ok(())
    }

    pub fn state_key(&self, stable_asked: bool, unstable_asked: bool) -> StateKey {
        match self.use_state_after {
            StateAfter::On if stable_asked => StateKey::StateAfter,
            StateAfter::On | StateAfter::Unstable if unstable_asked => StateKey::UnstableStateAfter,
            _ => StateKey::State,
        }
    }
}
