//! The server of one scenario: within the test's process, or a process of its own where it has to die.

use std::{ffi::OsString, path::Path, sync::Once, thread::JoinHandle, time::Duration};

use reqwest::{Client, RequestBuilder};
use sash_sync::{
    server::{Config, ServerError, run_until},
    storage::StorageError,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{
    sash::{self, Place, Sash},
    support::scripted::Homeserver,
};

/// A running server.
pub enum Server {
    Within { place: TempDir, server: Within },
    Process { place: Place, sash: Option<Sash> },
}

/// A server on threads of the test's process.
pub struct Within {
    url: String,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
}

impl Within {
    async fn start(place: &Path, homeserver: &str) -> Within {
        // A process that another test starts at the same moment has our files open for an instant, and with them the
        // lock of a server that has just ended.
        for _ in 0..100 {
            match Within::try_start(place, homeserver).await {
                Ok(server) => return server,
                Err(ServerError::Database(_, StorageError::InUse { .. })) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("the server does not start: {error}"),
            }
        }
        panic!("the database stays in use");
    }

    async fn try_start(place: &Path, homeserver: &str) -> Result<Within, ServerError> {
        let database = place.join("sash.sqlite");
        let mut arguments: Vec<OsString> = vec!["sash-sync".into(), "--db".into(), database.into()];
        let rest = ["--homeserver", homeserver, "--bind", "127.0.0.1:0", "--secret", "s", "--shards", "1"];
        arguments.extend(rest.into_iter().map(OsString::from));
        let config = Config::read(arguments).expect("a configuration");
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let tell = move |url| ready.send(url).expect("the test waits");
            run_until(config, stopped, tell)
        });
        match is_ready.await {
            Ok(url) => Ok(Within { url, client: sash::client(), stop: Some(stop), thread: Some(thread) }),
            Err(_) => Err(thread.join().expect("no panic").expect_err("it ended before it was ready")),
        }
    }

    async fn end(&mut self) {
        self.stop.take();
        let thread = self.thread.take().expect("it runs");
        let ended = tokio::task::spawn_blocking(|| thread.join()).await.expect("it is waited for");
        ended.expect("no panic").expect("the server ends in order");
    }
}

impl Server {
    pub async fn within(homeserver: &str) -> Server {
        log();
        let place = TempDir::new().expect("a folder");
        let server = Within::start(place.path(), homeserver).await;
        Server::Within { place, server }
    }

    pub async fn process(homeserver: &str) -> Server {
        let place = Place::new();
        let sash = Some(place.start(homeserver).await);
        Server::Process { place, sash }
    }

    pub fn post(&self, target: &str) -> RequestBuilder {
        match self {
            Server::Within { server, .. } => server.client.post(format!("{}{target}", server.url)),
            Server::Process { sash, .. } => sash.as_ref().expect("it runs").post(target),
        }
    }

    pub fn get(&self, target: &str) -> RequestBuilder {
        match self {
            Server::Within { server, .. } => server.client.get(format!("{}{target}", server.url)),
            Server::Process { sash, .. } => sash.as_ref().expect("it runs").get(target),
        }
    }

    /// Ends it with a signal, or in order within the test's process, and starts it again.
    pub async fn restart(&mut self, signal: &str, homeserver: &Homeserver) {
        match self {
            Server::Within { place, server } => {
                server.end().await;
                homeserver.break_off().await;
                *server = Within::start(place.path(), &homeserver.url).await;
            }
            Server::Process { place, sash } => {
                sash.take().expect("it runs").end(signal).await;
                homeserver.break_off().await;
                *sash = Some(place.start(&homeserver.url).await);
            }
        }
    }

    pub async fn end(self) {
        if let Server::Within { mut server, .. } = self {
            server.end().await;
        }
    }
}

/// `SCENARIO_LOG=debug` shows what the servers say.
fn log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(level) = std::env::var("SCENARIO_LOG") {
            sash_sync::server::start_logging(&level).expect("a level");
        }
    });
}
