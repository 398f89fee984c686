//! A client on the crates that Element X is built on, used as an application uses them, against the server of this repository before a real
//! homeserver. Each scenario is one run of the program; it says what it has seen, and ends with an error at the first thing that is not so.
//!
//! It knows nothing of sliding sync and nothing of the server: what is asked and what is answered is the SDK's affair.

// The SDK's futures are deep.
#![recursion_limit = "256"]

mod device;
mod driver;
mod homeserver;
mod journal;
mod room_list;
mod scenarios;
mod wait;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::homeserver::Person;
use crate::journal::Journal;

/// What a scenario has to work with.
pub struct Scene {
    /// The server under test, as clients know it.
    pub server: String,
    /// The homeserver behind it.
    pub homeserver: String,
    pub driver: Driver,
    /// What the SDK has logged.
    pub journal: Journal,
    /// Holds the stores of all devices.
    pub folder: TempDir,
    /// Keeps the accounts of one scenario apart from those of another.
    name: String,
}

impl Scene {
    /// Registers an account for this scenario.
    pub async fn person(&self, name: &str) -> Result<Person> {
        Person::register(&self.homeserver, &format!("{name}-{}", self.name)).await
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args.next().context("which scenario?")?;
    let (mut server, mut homeserver, mut log) = (None, None, None);
    while let Some(flag) = args.next() {
        let value = args.next();
        match flag.as_str() {
            "--server" => server = value,
            "--homeserver" => homeserver = value,
            "--log" => log = value.map(PathBuf::from),
            _ => bail!("no such option: {flag}"),
        }
    }
    let scene = Scene {
        server: server.context("--server is missing")?,
        homeserver: homeserver.context("--homeserver is missing")?,
        driver: Driver::new(),
        journal: Journal::start(&log.context("--log is missing")?)?,
        folder: tempfile::tempdir()?,
        name: name.clone(),
    };
    scenarios::run(&name, &scene).await
}

/// Says what was seen to be so.
#[macro_export]
macro_rules! seen {
    ($($text:tt)*) => { println!("✓ {}", format_args!($($text)*)) };
}
