//! A homeserver of a few lines: knows some tokens, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

/// A running homeserver. It ends with the test's runtime.
pub struct Homeserver {
    pub url: String,
    state: Arc<Fake>,
}

/// What it was asked: method, path with query, headers and body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct Fake {
    /// Answers of `/account/whoami` by token.
    tokens: Mutex<BTreeMap<String, (u16, Value)>>,
    asked: Mutex<Vec<Asked>>,
    url: Mutex<String>,
    /// Told to answer the polls that wait.
    end_polls: Notify,
}

impl Homeserver {
    pub async fn start() -> Homeserver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Fake { url: Mutex::new(url.clone()), ..Fake::default() });
        let router = Router::new()
            .route("/_matrix/client/versions", get(versions))
            .route("/_matrix/client/v3/account/whoami", get(whoami))
            .route("/_matrix/client/v3/login", post(login))
            .route("/_matrix/client/v3/logout", post(async || Json(json!({}))))
            .route("/_matrix/client/v3/sync", get(sync))
            .route("/_matrix/echo/{*rest}", any(echo))
            .route("/_matrix/media/v3/upload", post(upload))
            .route("/.well-known/matrix/client", get(well_known))
            .fallback(nothing)
            .with_state(state.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Homeserver { url, state }
    }

    /// Makes a token valid.
    pub fn log_in(&self, token: &str, user: &str, device: &str) {
        self.whoami(token, 200, json!({ "user_id": user, "device_id": device }));
    }

    /// Sets what `/account/whoami` answers to a token.
    pub fn whoami(&self, token: &str, status: u16, body: Value) {
        self.state.tokens.lock().unwrap().insert(token.to_owned(), (status, body));
    }

    /// Makes a token invalid.
    pub fn log_out(&self, token: &str) {
        self.state.tokens.lock().unwrap().remove(token);
    }

    /// Answers the polls that wait, with nothing new.
    pub fn end_polls(&self) {
        self.state.end_polls.notify_waiters();
    }

    /// Returns what was asked of paths that contain `part`.
    pub fn asked(&self, part: &str) -> Vec<Asked> {
        self.state.asked.lock().unwrap().iter().filter(|asked| asked.target.contains(part)).cloned().collect()
    }

    /// Waits until something was asked of a path that contains `part`.
    pub async fn wait_for(&self, part: &str) -> Asked {
        for _ in 0..500 {
            if let Some(asked) = self.asked(part).pop() {
                return asked;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody asked for {part}; asked was {:?}", self.asked(""));
    }
}

impl Fake {
    fn note(&self, method: &str, target: &str, headers: &HeaderMap, body: &[u8]) -> Asked {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let body = String::from_utf8_lossy(body).into_owned();
        let asked = Asked { method: method.to_owned(), target: target.to_owned(), headers: headers.collect(), body };
        self.asked.lock().unwrap().push(asked.clone());
        asked
    }
}

type Shared = State<Arc<Fake>>;

async fn versions() -> Json<Value> {
    Json(json!({ "versions": ["v1.11"], "unstable_features": { "org.matrix.msc4306": true, "theirs": true } }))
}

async fn whoami(State(fake): Shared, headers: HeaderMap) -> Response {
    fake.note("GET", "/_matrix/client/v3/account/whoami", &headers, b"");
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = token.trim_start_matches("Bearer ");
    match fake.tokens.lock().unwrap().get(token).cloned() {
        Some((status, body)) => (StatusCode::from_u16(status).unwrap(), Json(body)).into_response(),
        None => unknown_token().into_response(),
    }
}

async fn login(State(fake): Shared) -> Json<Value> {
    let url = fake.url.lock().unwrap().clone();
    Json(json!({ "user_id": "@a:b", "well_known": { "m.homeserver": { "base_url": url } } }))
}

async fn well_known(State(fake): Shared) -> Json<Value> {
    let url = fake.url.lock().unwrap().clone();
    Json(json!({ "m.homeserver": { "base_url": url }, "theirs": true }))
}

/// An account without rooms: the first answer comes at once, and then nothing ever happens.
async fn sync(State(fake): Shared, request: Request) -> Response {
    fake.note("GET", &request.uri().to_string(), request.headers(), b"");
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known =
        fake.tokens.lock().unwrap().get(bearer.trim_start_matches("Bearer ")).is_some_and(|(status, _)| *status == 200);
    if !known {
        return unknown_token().into_response();
    }
    let query = request.uri().query().unwrap_or_default();
    if query.contains("since=") && !query.contains("timeout=0") {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
            () = fake.end_polls.notified() => {}
        }
    }
    Json(json!({ "next_batch": "s1" })).into_response()
}

fn unknown_token() -> (StatusCode, Json<Value>) {
    let body = json!({ "errcode": "M_UNKNOWN_TOKEN", "error": "Who?", "soft_logout": true });
    (StatusCode::UNAUTHORIZED, Json(body))
}

async fn nothing() -> (StatusCode, Json<Value>) {
    (StatusCode::NOT_FOUND, Json(json!({ "errcode": "M_UNRECOGNIZED", "error": "" })))
}

async fn upload(body: Bytes) -> String {
    format!("{} bytes", body.len())
}

/// Says what it was asked.
async fn echo(State(fake): Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = fake.note(parts.method.as_str(), &parts.uri.to_string(), &parts.headers, &body);
    let headers =
        [("access-control-allow-origin", "https://only.example"), ("x-theirs", "1"), ("keep-alive", "timeout=5")];
    (StatusCode::IM_A_TEAPOT, headers, format!("{} {} {}", asked.method, asked.target, asked.body)).into_response()
}
