//! The server as a process.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long starting or ending may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a database, where servers run one after the other.
pub struct Place {
    folder: TempDir,
}

/// A running server. It is killed when this is dropped.
pub struct Sash {
    pub url: String,
    child: Child,
    log: Arc<Mutex<String>>,
    client: Client,
}

impl Place {
    pub fn new() -> Place {
        Place { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("sash.sqlite")
    }

    /// Starts a server that is expected to run.
    pub async fn start(&self, homeserver: &str) -> Sash {
        self.start_with(homeserver, &[]).await
    }

    pub async fn start_with(&self, homeserver: &str, flags: &[&str]) -> Sash {
        let mut command = self.command(homeserver);
        let mut child = command.args(flags).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let mut url = None;
        while url.is_none() {
            let line = timeout(PATIENCE, lines.next_line()).await;
            let Ok(Ok(Some(line))) = line else { panic!("the server did not start:\n{}", log.lock().unwrap()) };
            url = line.split_once("listening on ").map(|(_, rest)| rest.split(' ').next().unwrap().to_owned());
            log.lock().unwrap().push_str(&format!("{line}\n"));
        }
        let rest = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                rest.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Sash { url: url.unwrap(), child, log, client: client() }
    }

    /// Runs a server that is expected to end by itself; returns how, and what it said.
    pub async fn run(&self, homeserver: &str, flags: &[&str]) -> (ExitStatus, String) {
        let output = self.command(homeserver).args(flags).kill_on_drop(true).output();
        let output = timeout(PATIENCE, output).await.expect("the server ends by itself").unwrap();
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn command(&self, homeserver: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sash-sync"));
        command.current_dir(self.path()).env_clear().env("SYNCV3_SERVER", homeserver);
        command.env("SYNCV3_BINDADDR", "127.0.0.1:0").env("SYNCV3_LOG_LEVEL", "debug").env("SASH_SHARDS", "2");
        command
    }
}

impl Sash {
    pub fn get(&self, target: &str) -> RequestBuilder {
        self.client.get(format!("{}{target}", self.url))
    }

    pub fn post(&self, target: &str) -> RequestBuilder {
        self.client.post(format!("{}{target}", self.url))
    }

    pub fn request(&self, method: &str, target: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{target}", self.url))
    }

    /// A sliding sync request without lists, on the wire of today's clients.
    pub fn sync(&self, token: &str) -> RequestBuilder {
        self.post("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync").bearer_auth(token).body("{}")
    }

    /// Sends a signal and waits for the end.
    pub async fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the server ends").unwrap();
        (status, self.log())
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

/// A client that goes straight to where it is told.
pub fn client() -> Client {
    // There can be one for the whole process; whoever is first sets it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}
