//! What the server answers to which path. Everything that is not named here passes through to the homeserver.

mod client;
mod endpoint;
mod explain;
mod health;
mod json;
mod log;
mod paging;
mod passthrough;
mod sync;
mod versions;
mod well_known;

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware,
    routing::{get, post},
};
use tower_http::{
    CompressionLevel,
    compression::CompressionLayer,
    cors::{AllowHeaders, Any, CorsLayer},
    timeout::RequestBodyTimeoutLayer,
};

pub use self::versions::has_native_sliding_sync;
use super::{
    auth::Auth, config::Config, counters::Counters, error::ApiError, homeserver::Homeserver, shards::Shards,
    tokens::TokenStore,
};
use crate::limits::{BODY_SILENCE, PREFLIGHT_AGE};

/// What the handlers share.
pub struct App {
    /// What the server was told.
    pub config: Arc<Config>,
    /// Where everything else passes through to.
    pub homeserver: Arc<Homeserver>,
    /// Who asks.
    pub auth: Auth,
    /// Where accounts live.
    pub shards: Shards,
    /// The tokens of polled devices.
    pub tokens: TokenStore,
    /// What is counted.
    pub counters: Counters,
    /// Where the demo page lies, if it is there.
    pub client_dir: Option<PathBuf>,
}

type Shared = axum::extract::State<Arc<App>>;

/// Makes the router.
pub fn router(app: Arc<App>) -> Router {
    let ours = Router::new()
        .route("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", post(sync::simplified))
        .route("/_matrix/client/v4/sync", post(sync::v4))
        .route("/_sash/status", get(health::status))
        .route("/_sash/explain", get(explain::explain))
        .route("/client/config.json", get(client::config))
        .route("/client/", get(client::file))
        .route("/client/{*path}", get(client::file))
        // Sync answers are JSON on the way to a phone; what passes through is the homeserver's affair.
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest));
    Router::new()
        .route("/", get(client::home))
        .route("/client", get(client::home))
        .route("/health", get(health::health))
        .route("/.well-known/matrix/client", get(well_known::client))
        .merge(ours)
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .fallback(passthrough::handle)
        .with_state(app)
        // Bodies pass through at any length; those that are read have limits of their own.
        .layer(DefaultBodyLimit::disable())
        // A body that passes through may take its time, but not stand still.
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
        .layer(cors())
        .layer(middleware::from_fn(log::requests))
}

/// Any page may ask us, as it may any homeserver: what counts is the token that it sends. Answers all preflights.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH])
        // A literal `*` would leave Authorization out.
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(PREFLIGHT_AGE)
}
