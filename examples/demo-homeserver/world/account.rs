//! Users: passwords and tokens, filters, account data, presence.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{super::error::ApiError, Device, EventNo, Json, Membership, NewEvent, RoomNo, UserNo, World, json_of};

/// A value with the stream position at which it was set.
#[derive(Debug, Clone)]
pub struct Stamped<T> {
    pub value: T,
    pub pos: u64,
}

#[derive(Debug)]
pub struct User {
    pub no: UserNo,
    pub id: Arc<str>,
    /// `None`: nobody can log in.
    pub password: Option<String>,
    pub displayname: Option<String>,
    pub avatar_url: Option<String>,
    pub account_data: BTreeMap<String, Stamped<Json>>,
    pub rooms: BTreeMap<RoomNo, UserRoom>,
    pub devices: BTreeMap<String, Device>,
    pub filters: Vec<Value>,
    pub ignored: FxHashSet<String>,
    pub presence: Presence,
    /// Position of the newest change that this user can see.
    pub changed: u64,
    pub wake: Option<watch::Sender<u64>>,
}

/// What a user has in a room.
#[derive(Debug)]
pub struct UserRoom {
    pub membership: Membership,
    /// The member event.
    pub event: EventNo,
    /// Position of the membership.
    pub pos: u64,
    pub forgotten: bool,
    pub account_data: BTreeMap<String, Stamped<Json>>,
    pub account_data_pos: u64,
}

#[derive(Debug, Clone)]
pub struct Presence {
    pub state: String,
    pub status: Option<String>,
    pub last_active: u64,
    pub pos: u64,
}

/// Whom an access token belongs to.
#[derive(Debug, Clone)]
pub struct Token {
    pub user: UserNo,
    pub device: String,
    /// Set when the token has expired; the value is `soft_logout`.
    pub expired: Option<bool>,
}

/// What a login hands out.
#[derive(Debug)]
pub struct Session {
    pub user: UserNo,
    pub device: String,
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl User {
    pub fn new(no: UserNo, id: Arc<str>) -> Self {
        Self {
            no,
            id,
            password: None,
            displayname: None,
            avatar_url: None,
            account_data: BTreeMap::new(),
            rooms: BTreeMap::new(),
            devices: BTreeMap::new(),
            filters: Vec::new(),
            ignored: FxHashSet::default(),
            presence: Presence { state: "offline".to_owned(), status: None, last_active: 0, pos: 0 },
            changed: 0,
            wake: None,
        }
    }

    /// Returns `ada` of `@ada:example.org`.
    pub fn localpart(&self) -> &str {
        self.id.trim_start_matches('@').split(':').next().unwrap_or_default()
    }

    pub fn member_content(&self, membership: Membership) -> Value {
        let mut content = json!({ "membership": membership });
        if let Some(name) = &self.displayname {
            content["displayname"] = json!(name);
        }
        if let Some(avatar) = &self.avatar_url {
            content["avatar_url"] = json!(avatar);
        }
        content
    }

    pub fn joined_rooms(&self) -> impl Iterator<Item = RoomNo> {
        self.rooms.iter().filter(|(_, room)| room.membership == Membership::Join).map(|(no, _)| *no)
    }

    pub fn device(&self, device: &str) -> Option<&Device> {
        self.devices.get(device)
    }
}

impl World {
    pub fn register(&mut self, localpart: &str, password: &str) -> Result<UserNo, ApiError> {
        let id = self.full_user_id(localpart);
        if !localpart
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._=-/+".contains(&byte))
            || localpart.is_empty()
        {
            return Err(ApiError::new(
                400,
                "M_INVALID_USERNAME",
                "User ID can only contain characters a-z, 0-9, or '=_-./+'",
            ));
        }
        let no = self.user_no(&id);
        if self.user(no).password.is_some() {
            return Err(ApiError::new(400, "M_USER_IN_USE", "User ID already taken"));
        }
        let pos = self.advance();
        let user = self.user_mut(no);
        user.password = Some(password.to_owned());
        user.displayname.get_or_insert_with(|| localpart.to_owned());
        let rules = super::super::push_rules::default_rules(localpart);
        user.account_data.insert("m.push_rules".to_owned(), Stamped { value: json_of(&rules), pos });
        self.touch(no);
        Ok(no)
    }

    /// Checks a password for a localpart or a full user id.
    pub fn check_password(&self, name: &str, password: &str) -> Result<UserNo, ApiError> {
        self.find_user(&self.full_user_id(name))
            .filter(|no| self.user(*no).password.as_deref() == Some(password))
            .ok_or_else(|| ApiError::forbidden("Invalid username or password"))
    }

    /// Logs a device in; a device id in use gets a new token and keeps its data.
    pub fn log_in(
        &mut self,
        user: UserNo,
        device: Option<String>,
        display_name: Option<String>,
        refreshable: bool,
        now: u64,
    ) -> Session {
        self.issued += 1;
        let device = device.unwrap_or_else(|| format!("DEMO{:06}", self.issued));
        self.tokens.retain(|_, token| token.user != user || token.device != device);
        let is_new = !self.user(user).devices.contains_key(&device);
        let entry = self.user_mut(user).devices.entry(device.clone()).or_default();
        if display_name.is_some() || entry.display_name.is_none() {
            entry.display_name = display_name;
        }
        let (access_token, refresh_token) = self.issue_tokens(user, &device, refreshable, now);
        if is_new {
            self.note_device_change(user);
        }
        Session { user, device, access_token, refresh_token }
    }

    fn issue_tokens(&mut self, user: UserNo, device: &str, refreshable: bool, now: u64) -> (String, Option<String>) {
        self.issued += 1;
        // The time makes tokens of a former run invalid, as the devices they belonged to are gone.
        let stem = format!("{}_{now:x}_{}", self.user(user).localpart(), self.issued);
        let access_token = format!("demo_{stem}");
        self.tokens.insert(access_token.clone(), Token { user, device: device.to_owned(), expired: None });
        let refresh_token = refreshable.then(|| format!("refresh_{stem}"));
        if let Some(device) = self.user_mut(user).devices.get_mut(device) {
            device.refresh_token.clone_from(&refresh_token);
        }
        (access_token, refresh_token)
    }

    /// Exchanges a refresh token for new tokens; the old access token ends.
    pub fn refresh(&mut self, refresh_token: &str, now: u64) -> Result<Session, ApiError> {
        let found = self.users.iter().find_map(|user| {
            let device =
                user.devices.iter().find(|(_, device)| device.refresh_token.as_deref() == Some(refresh_token))?;
            Some((user.no, device.0.clone()))
        });
        let (user, device) = found.ok_or_else(|| ApiError::unknown_token(false))?;
        self.tokens.retain(|_, token| token.user != user || token.device != device);
        let (access_token, refresh_token) = self.issue_tokens(user, &device, true, now);
        Ok(Session { user, device, access_token, refresh_token })
    }

    pub fn authenticate(&self, token: &str) -> Result<(UserNo, String), ApiError> {
        match self.tokens.get(token) {
            Some(Token { expired: Some(soft_logout), .. }) => Err(ApiError::unknown_token(*soft_logout)),
            Some(token) => Ok((token.user, token.device.clone())),
            None => Err(ApiError::unknown_token(false)),
        }
    }

    /// Expires tokens of a user, of one device or of all; returns how many.
    pub fn expire_tokens(&mut self, user: UserNo, device: Option<&str>, soft_logout: bool) -> usize {
        let mut expired = 0;
        for token in self
            .tokens
            .values_mut()
            .filter(|token| token.user == user && device.is_none_or(|device| token.device == device))
        {
            token.expired = Some(soft_logout);
            expired += 1;
        }
        self.touch(user);
        expired
    }

    pub fn log_out(&mut self, user: UserNo, device: Option<&str>) {
        self.tokens.retain(|_, token| token.user != user || device.is_some_and(|device| token.device != device));
        self.user_mut(user).devices.retain(|id, _| device.is_some_and(|device| id != device));
        self.note_device_change(user);
        self.touch(user);
    }

    /// Returns a receiver that changes whenever something changes for `user`.
    pub fn subscribe(&mut self, user: UserNo) -> watch::Receiver<u64> {
        let user = self.user_mut(user);
        let changed = user.changed;
        user.wake.get_or_insert_with(|| watch::Sender::new(changed)).subscribe()
    }

    pub fn set_account_data(&mut self, user: UserNo, kind: &str, value: Json) {
        let pos = self.advance();
        if kind == "m.ignored_user_list" {
            let content: Value = serde_json::from_str(value.get()).unwrap_or_default();
            let ignored =
                content["ignored_users"].as_object().map(|users| users.keys().cloned().collect()).unwrap_or_default();
            self.user_mut(user).ignored = ignored;
        }
        self.user_mut(user).account_data.insert(kind.to_owned(), Stamped { value, pos });
        self.touch(user);
    }

    /// Sets account data of a room; a room in which the user has never been is refused.
    pub fn set_room_account_data(
        &mut self,
        user: UserNo,
        room: RoomNo,
        kind: &str,
        value: Json,
    ) -> Result<(), ApiError> {
        let pos = self.advance();
        let entry =
            self.user_mut(user).rooms.get_mut(&room).ok_or_else(|| ApiError::forbidden("You are not in the room"))?;
        entry.account_data.insert(kind.to_owned(), Stamped { value, pos });
        entry.account_data_pos = pos;
        self.touch(user);
        Ok(())
    }

    /// Returns the tags of a room, `{}` when there are none.
    pub fn tags(&self, user: UserNo, room: RoomNo) -> Value {
        let content = self.user(user).rooms.get(&room).and_then(|entry| entry.account_data.get("m.tag"));
        let mut content: Value =
            content.and_then(|content| serde_json::from_str(content.value.get()).ok()).unwrap_or_default();
        match content["tags"].take() {
            tags @ Value::Object(_) => tags,
            _ => json!({}),
        }
    }

    /// Sets the presence of a user; everyone with a device who shares a room learns of it.
    pub fn set_presence(&mut self, user: UserNo, state: &str, status: Option<String>, now: u64) {
        let presence = &self.user(user).presence;
        if presence.state == state && presence.status == status {
            self.user_mut(user).presence.last_active = now;
            return;
        }
        let pos = self.advance();
        self.user_mut(user).presence = Presence { state: state.to_owned(), status, last_active: now, pos };
        let watching: Vec<UserNo> =
            self.users.iter().filter(|other| other.wake.is_some()).map(|other| other.no).collect();
        for other in watching {
            if other == user || self.share_a_room(user, other) {
                self.touch(other);
            }
        }
    }

    pub fn presence_event(&self, user: UserNo, now: u64) -> Value {
        let user = self.user(user);
        let mut content = json!({
            "presence": user.presence.state,
            "last_active_ago": now.saturating_sub(user.presence.last_active),
            "currently_active": user.presence.state == "online",
        });
        if let Some(status) = &user.presence.status {
            content["status_msg"] = json!(status);
        }
        json!({ "type": "m.presence", "sender": user.id, "content": content })
    }

    /// Tells whether two users are joined to a common room.
    pub fn share_a_room(&self, one: UserNo, other: UserNo) -> bool {
        let (few, many) =
            if self.user(one).rooms.len() <= self.user(other).rooms.len() { (one, other) } else { (other, one) };
        self.user(few).joined_rooms().any(|room| self.room(room).is_joined(many))
    }

    /// Changes the profile and, as homeservers do, the member event in every joined room.
    pub fn set_profile(&mut self, user: UserNo, key: &str, value: Option<String>, now: u64) {
        match key {
            "displayname" => self.user_mut(user).displayname = value,
            _ => self.user_mut(user).avatar_url = value,
        }
        let content = json_of(&self.user(user).member_content(Membership::Join));
        let id = Arc::clone(self.user_id(user));
        let rooms: Vec<RoomNo> = self.user(user).joined_rooms().collect();
        for room in rooms {
            self.append(NewEvent {
                state_key: Some(&id),
                ..NewEvent::new(room, user, "m.room.member", Arc::clone(&content), now)
            });
        }
    }
}
