//! From a configuration to a server that answers, and to its end.
//!
//! Invariant: it ends in order: no new requests, answers to those that wait, accounts after the commit under way, the
//! tokens, the database.

use std::{future::pending, io, path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use super::{
    auth::Auth,
    config::Config,
    counters::Counters,
    homeserver::Homeserver,
    listen::Listener,
    routes::{self, App},
    secret,
    shards::{Running, Shards, World},
    sqlite::SqliteStorage,
    tokens::{Cipher, KeptToken, TokenStore, TokenStoreError},
    trust::Trust,
};
use crate::{
    limits::{LAST_GRACE, SHUTDOWN_GRACE, TOKEN_KEPT, TRUSTED_TOKENS},
    model::Timestamp,
    platform::{Clock, SystemClock, SystemRandom, sleep},
    storage::StorageError,
};

/// Why the server could not start, or ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The system does not give what every program needs.
    #[error("the server cannot start: {0}")]
    Start(#[source] io::Error),
    /// The database cannot be opened.
    #[error("the database {path} cannot be opened: {error}", path = .0.display(), error = .1)]
    Database(PathBuf, #[source] StorageError),
    /// The generated secret cannot be read or made.
    #[error("the secret {path}: {error}", path = .0.display(), error = .1)]
    Secret(PathBuf, #[source] io::Error),
    /// The tokens cannot be opened.
    #[error(transparent)]
    Tokens(#[from] TokenStoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, #[source] io::Error),
    /// A shard ended, by a panic: its accounts are without anybody to serve them.
    #[error("shard {0} ended unexpectedly")]
    ShardEnded(usize),
}

/// Runs the server until it is told to stop by SIGTERM or SIGINT.
pub fn run(config: Config) -> Result<(), ServerError> {
    start(config, Stop::OnSignal, |_| {})
}

/// Runs the server until `stop` is told or dropped: within another process, such as a test, whose signals are not for us.
/// `ready` is told where the server listens.
pub fn run_until(config: Config, stop: oneshot::Receiver<()>, ready: impl FnOnce(String)) -> Result<(), ServerError> {
    start(config, Stop::WhenTold(stop), ready)
}

fn start(config: Config, stop: Stop, ready: impl FnOnce(String)) -> Result<(), ServerError> {
    // It fails if somebody else was first: then there is one, too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    for name in &config.disregarded {
        tracing::warn!("{name} is set, but not in this version");
    }
    let config = Arc::new(config);
    let storage =
        SqliteStorage::open(&config.database).map_err(|error| ServerError::Database(config.database.clone(), error))?;
    let now = SystemClock.now();
    let (tokens, kept, token_thread) = TokenStore::open(&config.database, cipher(&config)?, before(now, TOKEN_KEPT))?;
    let world = World { config, storage, tokens, trust: Arc::new(Trust::new(TRUSTED_TOKENS)) };

    let runtime = Builder::new_multi_thread().enable_all().thread_name("http").build().map_err(ServerError::Start)?;
    let result = runtime.block_on(serve(&world, kept, now, stop, ready));
    // Connections that outlived their grace hold on to what is closed next.
    runtime.shutdown_timeout(LAST_GRACE);

    let World { storage, tokens, .. } = world;
    drop(tokens);
    close(token_thread, storage);
    result?;
    tracing::info!("ended");
    Ok(())
}

async fn serve(
    world: &World,
    kept: Vec<KeptToken>,
    now: Timestamp,
    stop: Stop,
    ready: impl FnOnce(String),
) -> Result<(), ServerError> {
    let config = &world.config;
    let listener =
        Listener::open(&config.bind).await.map_err(|error| ServerError::Listen(format!("{:?}", config.bind), error))?;
    let mut signals = Signals::new(stop).map_err(ServerError::Start)?;
    let (shards, mut running) = Shards::start(world).map_err(ServerError::Start)?;
    let app = app(world, shards.clone())?;
    tracing::info!(homeserver = config.homeserver, database = %config.database.display(), "listening on {}", listener.describe());
    ready(listener.describe());

    let stopping = shards.clone();
    let mut requests = Box::pin(listener.serve(routes::router(app.clone()), async move { stopping.stopping().await }));
    let beside = async {
        shards.resume(in_use(kept, before(now, config.idle_after))).await;
        look_at(&app.homeserver).await;
        pending::<()>().await;
    };
    let mut are_answered = false;
    let result = tokio::select! {
        // It ends when it is told to, which is done below.
        () = &mut requests => {
            are_answered = true;
            Ok(())
        }
        number = running.ended() => Err(ServerError::ShardEnded(number.unwrap_or_default())),
        name = signals.next() => {
            tracing::info!("{name}: ending");
            Ok(())
        }
        () = beside => Ok(()),
    };
    let requests = async move {
        if !are_answered {
            requests.await;
        }
    };
    end(running, requests, signals).await;
    result
}

/// Answers what waits and ends the shards.
async fn end(running: Running, requests: impl Future<Output = ()>, mut signals: Signals) {
    running.stop();
    let ended = async {
        // Connections that somebody keeps busy must not keep the accounts from closing.
        tokio::select! {
            () = requests => {}
            () = sleep(SHUTDOWN_GRACE) => tracing::warn!("some connections did not end in time"),
        }
    };
    tokio::select! {
        _ = async { tokio::join!(ended, running.all_ended()) } => {}
        () = sleep(SHUTDOWN_GRACE * 2) => tracing::warn!("some accounts did not end in time"),
        name = signals.next() => tracing::warn!("{name} again: ending without waiting"),
    }
}

fn app(world: &World, shards: Shards) -> Result<Arc<App>, ServerError> {
    let homeserver = Homeserver::new(world.config.homeserver.clone())
        .map_err(|error| ServerError::Start(io::Error::other(error)))?;
    let homeserver = Arc::new(homeserver);
    Ok(Arc::new(App {
        config: world.config.clone(),
        auth: Auth::new(homeserver.clone(), world.trust.clone()),
        homeserver,
        shards,
        tokens: world.tokens.clone(),
        counters: Counters::default(),
        client_dir: client_dir(&world.config),
    }))
}

fn cipher(config: &Config) -> Result<Cipher, ServerError> {
    if let Some(secret) = &config.secret {
        return Ok(Cipher::new(secret));
    }
    let path = secret::path(&config.database);
    let secret = secret::load_or_generate(&path, &SystemRandom).map_err(|error| ServerError::Secret(path, error))?;
    Ok(Cipher::new(&secret))
}

/// Where the page was asked to be, or is found: in the working folder, or beside the program.
fn client_dir(config: &Config) -> Option<PathBuf> {
    if let Some(folder) = &config.client_dir {
        if !folder.is_dir() {
            tracing::warn!(folder = %folder.display(), "the folder of the page is not there");
        }
        return Some(folder.clone());
    }
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(|program| program.parent()).map(|folder| folder.join("dist/www"));
    [Some(PathBuf::from("dist/www")), beside].into_iter().flatten().find(|folder| folder.is_dir())
}

fn in_use(kept: Vec<KeptToken>, since: Timestamp) -> Vec<KeptToken> {
    kept.into_iter().filter(|kept| kept.last_seen >= since).collect()
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
}

/// Says in the log what an administrator should know about the homeserver.
async fn look_at(homeserver: &Homeserver) {
    match homeserver.get("/_matrix/client/versions", None).await {
        Ok(answer) if routes::has_native_sliding_sync(&answer.body) => {
            tracing::info!("the homeserver has sliding sync itself; clients of this server use ours");
        }
        Ok(answer) if answer.status.is_success() => {}
        Ok(answer) => tracing::warn!(status = answer.status.as_u16(), "the homeserver does not answer /versions"),
        // It stands in the log already.
        Err(_) => {}
    }
}

/// Waits until the database is closed, but not for ever: a shard that is stuck has it open.
fn close(tokens: JoinHandle<()>, storage: SqliteStorage) {
    let close = async {
        while !tokens.is_finished() {
            sleep(Duration::from_millis(5)).await;
        }
        storage.close().await;
    };
    let close = async {
        tokio::select! {
            () = close => {}
            () = sleep(SHUTDOWN_GRACE) => tracing::warn!("the database was not closed in time"),
        }
    };
    match Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(close),
        Err(error) => tracing::warn!(%error, "the database was not closed"),
    }
}

/// Who tells us to stop.
enum Stop {
    OnSignal,
    WhenTold(oneshot::Receiver<()>),
}

/// What tells us to stop, once or more often.
enum Signals {
    OfProcess {
        terminate: Signal,
        interrupt: Signal,
    },
    Told(oneshot::Receiver<()>),
    /// It has come, and comes only once.
    Spent,
}

impl Signals {
    fn new(stop: Stop) -> io::Result<Signals> {
        Ok(match stop {
            Stop::OnSignal => Signals::OfProcess {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
            Stop::WhenTold(stop) => Signals::Told(stop),
        })
    }

    async fn next(&mut self) -> &'static str {
        match self {
            Signals::OfProcess { terminate, interrupt } => tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            },
            Signals::Told(stop) => {
                // Dropped is told, too.
                let _ = stop.await;
                *self = Signals::Spent;
                "told to stop"
            }
            Signals::Spent => pending().await,
        }
    }
}
