//! The client-server API as a scenario needs it to set its scene: plain requests, by people who do not sync. The SDK is not involved.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

static TRANSACTION: AtomicU64 = AtomicU64::new(0);

/// Somebody with an account, who speaks to the homeserver itself.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    url: String,
    pub user_id: String,
    pub name: String,
    pub password: String,
    token: String,
}

impl Person {
    /// Makes an account on a homeserver with open registration. `name` is also what others see.
    pub async fn register(url: &str, name: &str) -> Result<Self> {
        let password = format!("password of {name}");
        let mut person = Self {
            http: reqwest::Client::new(),
            url: url.trim_end_matches('/').to_owned(),
            user_id: String::new(),
            name: name.to_owned(),
            password,
            token: String::new(),
        };
        let body = json!({ "username": name, "password": person.password, "auth": { "type": "m.login.dummy" } });
        let answer = person.request(Method::POST, "v3/register", Some(body)).await?;
        person.user_id = text(&answer, "user_id")?;
        person.token = text(&answer, "access_token")?;
        Ok(person)
    }

    /// Makes a room and returns its id. `options` is the body of `/createRoom`.
    pub async fn create_room(&self, options: Value) -> Result<String> {
        text(&self.request(Method::POST, "v3/createRoom", Some(options)).await?, "room_id")
    }

    pub async fn join(&self, room: &str) -> Result<()> {
        self.request(Method::POST, &format!("v3/join/{}", escape(room)), Some(json!({}))).await?;
        Ok(())
    }

    pub async fn kick(&self, room: &str, user: &str) -> Result<()> {
        let path = format!("v3/rooms/{}/kick", escape(room));
        self.request(Method::POST, &path, Some(json!({ "user_id": user }))).await?;
        Ok(())
    }

    /// Invites `user` and returns the id of the event that does.
    pub async fn invite(&self, room: &str, user: &str) -> Result<String> {
        self.set_state(room, "m.room.member", user, json!({ "membership": "invite" })).await
    }

    /// Sends a text message and returns its event's id.
    pub async fn say(&self, room: &str, body: &str) -> Result<String> {
        let path = format!("v3/rooms/{}/send/m.room.message/{}", escape(room), transaction());
        text(&self.request(Method::PUT, &path, Some(json!({ "msgtype": "m.text", "body": body }))).await?, "event_id")
    }

    pub async fn set_state(&self, room: &str, kind: &str, key: &str, content: Value) -> Result<String> {
        let path = format!("v3/rooms/{}/state/{}/{}", escape(room), escape(kind), escape(key));
        text(&self.request(Method::PUT, &path, Some(content)).await?, "event_id")
    }

    pub async fn set_account_data(&self, kind: &str, content: Value) -> Result<()> {
        let path = format!("v3/user/{}/account_data/{}", escape(&self.user_id), escape(kind));
        self.request(Method::PUT, &path, Some(content)).await?;
        Ok(())
    }

    /// Sends an unencrypted to-device message to one device.
    pub async fn send_to_device(&self, user: &str, device: &str, kind: &str, content: Value) -> Result<()> {
        let path = format!("v3/sendToDevice/{}/{}", escape(kind), transaction());
        self.request(Method::PUT, &path, Some(json!({ "messages": { user: { device: content } } }))).await?;
        Ok(())
    }

    /// The devices of `user` that have published their keys.
    pub async fn devices_with_keys(&self, user: &str) -> Result<Vec<String>> {
        let body = json!({ "device_keys": { user: [] } });
        let answer = self.request(Method::POST, "v3/keys/query", Some(body)).await?;
        Ok(answer["device_keys"][user].as_object().map(|devices| devices.keys().cloned().collect()).unwrap_or_default())
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}/_matrix/client/{path}", self.url);
        let mut request = self.http.request(method, &url);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| url.clone())?;
        let status = response.status();
        let answer: Value = response.json().await.with_context(|| url.clone())?;
        if !status.is_success() {
            bail!("{url}: {status} {answer}");
        }
        Ok(answer)
    }
}

fn text(answer: &Value, key: &str) -> Result<String> {
    answer[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in {answer}"))
}

fn transaction() -> u64 {
    TRANSACTION.fetch_add(1, Ordering::Relaxed)
}

/// Percent-encodes what a path segment of a Matrix identifier cannot hold.
fn escape(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
