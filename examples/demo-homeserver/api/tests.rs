//! The endpoints without a socket, in virtual time.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{
    super::{
        app::{App, Options},
        http::{Call, Reply},
        world::World,
    },
    admin, dispatch,
};

struct Client {
    app: Arc<App>,
    token: Option<String>,
}

impl Client {
    fn new(options: Options) -> Self {
        Self { app: App::new(World::new("test", 1), options), token: None }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Call {
        let (path, raw_query) = path.split_once('?').unwrap_or((path, ""));
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let query = raw_query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), decode(value)));
        Call {
            method: method.to_owned(),
            path: path.to_owned(),
            segments: path.split('/').skip(1).map(decode).collect(),
            query: query.collect(),
            raw_query: raw_query.to_owned(),
            token: self.token.clone(),
            host: "test".to_owned(),
            body: Bytes::from(body.to_string()),
        }
    }

    async fn ask_under(&self, version: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let call = self.call(method, path, &body);
        let reply: Reply = dispatch(&self.app, &call, &format!("/_matrix/client/{version}{}", call.path)).await.into();
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask_under("v3", method, path, body).await
    }

    #[track_caller]
    fn order(&self, method: &str, path: &str, body: Value) -> Value {
        let reply: Reply = admin::dispatch(&self.app, &self.call(method, path, &body)).into();
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        assert_eq!(reply.status, 200, "{path}: {answer}");
        answer
    }

    async fn log_in(&mut self, name: &str) {
        let (_, answer) =
            self.ask("POST", "/register", json!({ "username": name, "auth": { "type": "m.login.dummy" } })).await;
        self.token = answer["access_token"].as_str().map(str::to_owned);
        assert!(self.token.is_some(), "{answer}");
    }

    async fn since(&self) -> String {
        let (_, answer) = self.ask("GET", "/sync", json!({})).await;
        answer["next_batch"].as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_the_news_or_with_its_time() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    let since = client.since().await;
    let started = tokio::time::Instant::now();
    let (_, empty) = client.ask("GET", &format!("/sync?since={since}&timeout=30000"), json!({})).await;
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    assert!(empty.get("rooms").is_none());

    let app = Arc::clone(&client.app);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut world = app.world();
        let alice = world.find_user("@alice:test").expect("registered");
        world.set_account_data(alice, "m.test", super::super::world::empty_object());
    });
    let started = tokio::time::Instant::now();
    let (_, news) = client.ask("GET", &format!("/sync?since={since}&timeout=30000"), json!({})).await;
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!(news["account_data"]["events"][0]["type"], "m.test");
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_sync_goes_on_when_nobody_waits_and_is_shared_by_the_same_request() {
    let mut client = Client::new(Options { slow: true, ..Options::default() });
    client.log_in("alice").await;
    let alice = json!({ "creator": "alice" });
    for _ in 0..100 {
        client.order("POST", "/_demo/room", alice.clone());
    }
    let started = tokio::time::Instant::now();
    let given_up = tokio::time::timeout(Duration::from_secs(2), client.ask("GET", "/sync?timeout=0", json!({}))).await;
    assert!(given_up.is_err(), "100 rooms take longer than 2 s");
    let (status, whole) = client.ask("GET", "/sync?timeout=0", json!({})).await;
    let took = started.elapsed();
    assert_eq!((status, whole["rooms"]["join"].as_object().map(serde_json::Map::len)), (200, Some(100)));
    assert!((Duration::from_secs(4)..Duration::from_secs(5)).contains(&took), "{took:?} for 100 rooms at 42 ms");
    client.ask("GET", "/sync?timeout=0", json!({})).await;
    assert_eq!(started.elapsed(), took, "the same request is answered from the cache");
    client.ask("GET", "/sync?timeout=1", json!({})).await;
    assert!(started.elapsed() > took * 3 / 2, "another request is work again");
}

#[tokio::test]
async fn an_old_server_answers_r0_only() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    client.order("POST", "/_demo/features", json!({ "versions": ["r0.6.1"] }));
    assert_eq!(client.ask_under("v3", "GET", "/account/whoami", json!({})).await.0, 404);
    assert_eq!(client.ask_under("r0", "GET", "/account/whoami", json!({})).await.0, 200);
}

#[tokio::test]
async fn an_expired_token_is_refused_with_its_soft_logout() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    client.order("POST", "/_demo/expire_token", json!({ "user": "alice", "soft_logout": true }));
    let (status, answer) = client.ask("GET", "/sync", json!({})).await;
    assert_eq!((status, &answer["errcode"], &answer["soft_logout"]), (401, &json!("M_UNKNOWN_TOKEN"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_scripted_response_reaches_a_waiting_poll_verbatim() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    let since = client.since().await;
    let app = Arc::clone(&client.app);
    tokio::spawn(async move {
        let client = Client { app, token: None };
        client.order(
            "POST",
            "/_demo/script",
            json!({ "user": "alice", "responses": [{ "body": { "next_batch": "x", "rooms": null } }] }),
        );
    });
    let (_, answer) = client.ask("GET", &format!("/sync?since={since}&timeout=30000"), json!({})).await;
    assert_eq!(answer, json!({ "next_batch": "x", "rooms": null }));
}

#[tokio::test]
async fn the_same_transaction_id_sends_once() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    let room = client.order("POST", "/_demo/room", json!({ "creator": "alice" }));
    let room = room["room_id"].as_str().unwrap_or_default();
    let path = format!("/rooms/{room}/send/m.room.message/t1");
    let first = client.ask("PUT", &path, json!({ "body": "once" })).await;
    assert_eq!(first, client.ask("PUT", &path, json!({ "body": "once" })).await);
    let (_, page) = client.ask("GET", &format!("/rooms/{room}/messages?dir=b&limit=2"), json!({})).await;
    assert_ne!(page["chunk"][1]["type"], "m.room.message", "one message only: {page}");
}

#[tokio::test]
async fn paging_back_ends_without_an_end_token() {
    let mut client = Client::new(Options::default());
    client.log_in("alice").await;
    let room = client.order("POST", "/_demo/room", json!({ "creator": "alice" }));
    let room = room["room_id"].as_str().unwrap_or_default();
    client.order("POST", "/_demo/limited", json!({ "room": room, "sender": "alice", "count": 25 }));
    let (mut events, mut from) = (0, String::new());
    loop {
        let (_, page) = client.ask("GET", &format!("/rooms/{room}/messages?dir=b&limit=10{from}"), json!({})).await;
        events += page["chunk"].as_array().map_or(0, Vec::len);
        let Some(end) = page["end"].as_str() else { break };
        from = format!("&from={end}");
    }
    let app = client.app.world();
    assert_eq!(events, app.room(app.expect_room(room).expect("made above")).timeline.len());
}
