//! Joining, inviting, knocking, leaving, kicking, banning, forgetting, by the rules that clients can run into.

use serde_json::json;

use super::{super::error::ApiError, EventNo, Membership, NewEvent, RoomNo, UserNo, World, json_of};

impl World {
    /// Appends a member event for `target`, without asking whether `sender` may.
    pub fn set_membership(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        membership: Membership,
        reason: Option<&str>,
        now: u64,
    ) -> EventNo {
        self.put_member(room, sender, target, membership, reason, false, now)
    }

    #[expect(clippy::too_many_arguments, reason = "one member event is just this many things")]
    fn put_member(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        membership: Membership,
        reason: Option<&str>,
        is_direct: bool,
        now: u64,
    ) -> EventNo {
        let mut content = match membership {
            Membership::Join | Membership::Invite | Membership::Knock => self.user(target).member_content(membership),
            Membership::Leave | Membership::Ban => json!({ "membership": membership }),
        };
        if let Some(reason) = reason {
            content["reason"] = json!(reason);
        }
        if is_direct {
            content["is_direct"] = json!(true);
        }
        let target = self.user_id(target).clone();
        let event = NewEvent {
            state_key: Some(&target),
            ..NewEvent::new(room, sender, "m.room.member", json_of(&content), now)
        };
        self.append(event)
    }

    pub fn join(&mut self, room: RoomNo, user: UserNo, reason: Option<&str>, now: u64) -> Result<(), ApiError> {
        match self.room(room).membership(user) {
            Some(Membership::Join) => return Ok(()),
            Some(Membership::Ban) => return Err(ApiError::forbidden("You are banned from this room")),
            Some(Membership::Invite) => {}
            _ if self.join_rule(room) == "public" => {}
            _ => return Err(ApiError::forbidden("You are not invited to this room.")),
        }
        self.set_membership(room, user, user, Membership::Join, reason, now);
        Ok(())
    }

    pub fn knock(&mut self, room: RoomNo, user: UserNo, reason: Option<&str>, now: u64) -> Result<(), ApiError> {
        let may = matches!(self.join_rule(room).as_str(), "knock" | "knock_restricted");
        match self.room(room).membership(user) {
            None | Some(Membership::Leave | Membership::Knock) if may => {
                self.set_membership(room, user, user, Membership::Knock, reason, now);
                Ok(())
            }
            _ => Err(ApiError::forbidden("You can't knock on this room")),
        }
    }

    pub fn leave(&mut self, room: RoomNo, user: UserNo, reason: Option<&str>, now: u64) -> Result<(), ApiError> {
        match self.room(room).membership(user) {
            Some(Membership::Join | Membership::Invite | Membership::Knock) => {
                self.set_membership(room, user, user, Membership::Leave, reason, now);
                self.set_typing(room, user, None);
                Ok(())
            }
            _ => Err(ApiError::forbidden("You are not in the room")),
        }
    }

    pub fn invite(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        reason: Option<&str>,
        is_direct: bool,
        now: u64,
    ) -> Result<(), ApiError> {
        self.require_level(room, sender, "invite", 0)?;
        match self.room(room).membership(target) {
            Some(Membership::Join) => Err(ApiError::forbidden("The user is already in the room")),
            Some(Membership::Ban) => Err(ApiError::forbidden("The user is banned from the room")),
            _ => {
                self.put_member(room, sender, target, Membership::Invite, reason, is_direct, now);
                Ok(())
            }
        }
    }

    pub fn kick(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        reason: Option<&str>,
        now: u64,
    ) -> Result<(), ApiError> {
        self.require_level_over(room, sender, target, "kick")?;
        match self.room(room).membership(target) {
            Some(Membership::Join | Membership::Invite | Membership::Knock) => {
                self.set_membership(room, sender, target, Membership::Leave, reason, now);
                Ok(())
            }
            _ => Err(ApiError::forbidden("The user is not in the room")),
        }
    }

    pub fn ban(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        reason: Option<&str>,
        now: u64,
    ) -> Result<(), ApiError> {
        self.require_level_over(room, sender, target, "ban")?;
        self.set_membership(room, sender, target, Membership::Ban, reason, now);
        Ok(())
    }

    pub fn unban(
        &mut self,
        room: RoomNo,
        sender: UserNo,
        target: UserNo,
        reason: Option<&str>,
        now: u64,
    ) -> Result<(), ApiError> {
        self.require_level(room, sender, "ban", 50)?;
        if self.room(room).membership(target) != Some(Membership::Ban) {
            return Err(ApiError::forbidden("The user is not banned"));
        }
        self.set_membership(room, sender, target, Membership::Leave, reason, now);
        Ok(())
    }

    pub fn forget(&mut self, room: RoomNo, user: UserNo) -> Result<(), ApiError> {
        match self.user_mut(user).rooms.get_mut(&room) {
            Some(entry) if matches!(entry.membership, Membership::Leave | Membership::Ban) => {
                entry.forgotten = true;
                Ok(())
            }
            Some(_) => Err(ApiError::new(400, "M_UNKNOWN", "You have to leave the room before you forget it")),
            None => Err(ApiError::not_found("Unknown room")),
        }
    }
}
