//! From the socket to the endpoints: CORS, faults, the gateway's time-out, statistics.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, Response, header},
    serve::ListenerExt,
};
use tokio::{net::TcpListener, sync::watch};

use super::{
    api,
    bot::Bot,
    faults::{Emptiness, Fault, Faults},
    features::Features,
    http::{Call, Reply},
    slow::{self, Slow},
    stats::{Line, Stats},
    world::World,
};

/// A larger body is refused.
const MAX_BODY: usize = 64 << 20;
/// How often typing is looked at.
const TICK: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Default)]
pub struct Options {
    pub slow: bool,
    pub gateway_timeout: Option<Duration>,
}

pub struct App {
    pub options: Options,
    pub slow: Slow,
    pub first_syncs: api::sync::FirstSyncs,
    /// While it holds true no `/sync` is answered.
    pub hold: watch::Sender<bool>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    features: Mutex<Features>,
    stats: Mutex<Stats>,
}

impl App {
    pub fn new(world: World, options: Options) -> Arc<Self> {
        Arc::new(Self {
            slow: Slow::new(options.slow),
            options,
            first_syncs: api::sync::FirstSyncs::default(),
            hold: watch::Sender::new(false),
            world: Mutex::new(world),
            faults: Mutex::default(),
            features: Mutex::default(),
            stats: Mutex::default(),
        })
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub fn features(&self) -> MutexGuard<'_, Features> {
        lock(&self.features)
    }

    pub fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }
}

/// A handler that panicked leaves the demo's data usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns milliseconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Serves until the future is dropped.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> std::io::Result<()> {
    let ticker = tokio::spawn(tick(Arc::clone(&app)));
    let router = Router::new().fallback(handle).with_state(app);
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for the acknowledgement of earlier ones.
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).await;
    ticker.abort();
    served
}

async fn tick(app: Arc<App>) {
    loop {
        tokio::time::sleep(TICK).await;
        app.world().expire_typing(now());
    }
}

/// Lets the bot act when it is due, from now on.
pub fn start_bot(app: Arc<App>, mut bot: Bot) {
    tokio::spawn(async move {
        loop {
            let wait = bot.act(&mut app.world(), now());
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    });
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let mut response = if request.method() == "OPTIONS" {
        Response::builder().status(204).body(Body::empty()).unwrap_or_default()
    } else {
        answer(app, request).await
    };
    allow_origins(response.headers_mut());
    response
}

fn allow_origins(headers: &mut HeaderMap) {
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        ("access-control-allow-headers", "X-Requested-With, Content-Type, Authorization, Date"),
        ("access-control-max-age", "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

async fn answer(app: Arc<App>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return respond(Reply::raw(413, r#"{"errcode":"M_TOO_LARGE","error":"Request too large"}"#), None);
    };
    let path = parts.uri.path().to_owned();
    let call = read_call(&parts, &path, body);
    if path.starts_with("/_demo/") {
        return respond(api::admin::dispatch(&app, &call).into(), None);
    }
    let user = call.token.as_deref().and_then(|token| {
        let world = app.world();
        world.authenticate(token).ok().map(|(user, _)| world.user_id(user).to_string())
    });
    let fault = app.faults().take(&call.method, &call.path, &call.raw_query, user.as_deref());
    let reply = with_fault(&app, &call, &path, fault.as_ref()).await;
    let line = Line {
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.raw_query.clone(),
        user,
        status: reply.status,
        bytes_in: call.body.len() as u64,
        bytes_out: reply.body.len() as u64,
        ms: started.elapsed().as_millis() as u64,
        at: now(),
    };
    app.stats().add(call.endpoint(), line);
    respond(reply, fault.as_ref())
}

async fn with_fault(app: &Arc<App>, call: &Call, path: &str, fault: Option<&Fault>) -> Reply {
    if let Some(fault) = fault {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        if let Some(reply) = fault.instead() {
            return reply;
        }
    }
    let reply = behind_gateway(app, call, path).await;
    match fault.and_then(|fault| fault.reply) {
        Some(Emptiness::Null) => Reply::raw(200, "null"),
        Some(Emptiness::Empty) => Reply::raw(200, ""),
        None => reply,
    }
}

/// Handles the request; a gateway gives up waiting for it, while the homeserver goes on.
async fn behind_gateway(app: &Arc<App>, call: &Call, path: &str) -> Reply {
    let Some(limit) = app.options.gateway_timeout else { return work(app, call, path).await };
    let (app, call, path) = (Arc::clone(app), call.clone(), path.to_owned());
    let working = tokio::spawn(async move { work(&app, &call, &path).await });
    match tokio::time::timeout(limit, working).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) => Reply::raw(500, r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#),
        Err(_) => Reply { content_type: "text/html", ..Reply::raw(504, "<html><h1>504 Gateway Time-out</h1></html>") },
    }
}

async fn work(app: &Arc<App>, call: &Call, path: &str) -> Reply {
    app.slow.charge(slow::request(call)).await;
    api::dispatch(app, call, path).await.into()
}

fn read_call(parts: &http::request::Parts, path: &str, body: Bytes) -> Call {
    let inner = inner_path(path);
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments = inner.split('/').skip(1).map(decode).collect();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let token =
        bearer.or_else(|| query.iter().find(|(name, _)| name == "access_token").map(|(_, token)| token.clone()));
    Call {
        method: parts.method.to_string(),
        path: inner.to_owned(),
        segments,
        query,
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        token,
        host: header(header::HOST).unwrap_or("localhost").to_owned(),
        body,
    }
}

/// Returns the path behind the prefix that all endpoints share.
fn inner_path(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/_matrix/client/").or_else(|| path.strip_prefix("/_matrix/media/")) else {
        return path;
    };
    match rest.find('/') {
        Some(version) => &rest[version..],
        None => &path[path.len() - rest.len() - 1..],
    }
}

fn respond(reply: Reply, fault: Option<&Fault>) -> Response<Body> {
    let length = reply.body.len();
    let body = match fault {
        Some(fault) if fault.drop => broken(Bytes::new()),
        Some(fault) if fault.cut => broken(reply.body.slice(..length / 2)),
        _ => Body::from(reply.body),
    };
    let response = Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, reply.content_type)
        .header(header::CONTENT_LENGTH, length);
    response.body(body).unwrap_or_default()
}

/// How long the first half of a cut answer has to get onto the wire: an error at once would take it back.
const FLUSHED: Duration = Duration::from_millis(30);

/// Returns a body that ends in an error, so that the connection is closed in the middle of it.
fn broken(start: Bytes) -> Body {
    Body::new(BrokenBody { start: Some(start).filter(|start| !start.is_empty()), flushing: None })
}

struct BrokenBody {
    start: Option<Bytes>,
    flushing: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl http_body::Body for BrokenBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        if let Some(start) = self.start.take() {
            self.flushing = Some(Box::pin(tokio::time::sleep(FLUSHED)));
            return Poll::Ready(Some(Ok(http_body::Frame::data(start))));
        }
        if let Some(flushing) = &mut self.flushing {
            std::task::ready!(flushing.as_mut().poll(context));
        }
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())))
    }
}
