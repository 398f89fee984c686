//! Power levels: the few rules of event authorisation that a client meets.

use serde_json::Value;

use super::{super::error::ApiError, RoomNo, UserNo, World};

impl World {
    pub fn join_rule(&self, room: RoomNo) -> String {
        let rules = self.room(room).state_event("m.room.join_rules", "");
        rules.and_then(|event| self.event(event).content_str("join_rule")).unwrap_or_else(|| "invite".to_owned())
    }

    fn power_levels(&self, room: RoomNo) -> Value {
        self.room(room)
            .state_event("m.room.power_levels", "")
            .map_or(Value::Null, |event| self.event(event).content_value())
    }

    pub fn power_level(&self, room: RoomNo, user: UserNo) -> i64 {
        let levels = self.power_levels(room);
        levels["users"][&**self.user_id(user)].as_i64().or_else(|| levels["users_default"].as_i64()).unwrap_or(0)
    }

    /// Refuses unless `user` is joined and reaches the level named `action`.
    pub fn require_level(&self, room: RoomNo, user: UserNo, action: &str, default: i64) -> Result<(), ApiError> {
        self.require_joined(room, user)?;
        let needed = self.power_levels(room)[action].as_i64().unwrap_or(default);
        self.require(room, user, needed)
    }

    /// The same, and the user must stand above `target`.
    pub fn require_level_over(&self, room: RoomNo, user: UserNo, target: UserNo, action: &str) -> Result<(), ApiError> {
        self.require_level(room, user, action, 50)?;
        self.require(room, user, self.power_level(room, target) + 1)
    }

    /// Refuses unless `user` may send events of this type.
    pub fn require_send(&self, room: RoomNo, user: UserNo, kind: &str, is_state: bool) -> Result<(), ApiError> {
        self.require_joined(room, user)?;
        let levels = self.power_levels(room);
        let default = if is_state {
            levels["state_default"].as_i64().unwrap_or(50)
        } else {
            levels["events_default"].as_i64().unwrap_or(0)
        };
        self.require(room, user, levels["events"][kind].as_i64().unwrap_or(default))
    }

    pub fn require_joined(&self, room: RoomNo, user: UserNo) -> Result<(), ApiError> {
        if self.room(room).is_joined(user) {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("User {} not in room {}", self.user_id(user), self.room(room).id)))
    }

    fn require(&self, room: RoomNo, user: UserNo, needed: i64) -> Result<(), ApiError> {
        if self.power_level(room, user) >= needed {
            Ok(())
        } else {
            Err(ApiError::forbidden("Your power level is too low"))
        }
    }
}
