//! What the program asks of whoever started it: what only the owner of the server's process can do. One line out on standard output, beginning
//! with `!`, and the answer `done` on standard input.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::sync::Mutex;

pub struct Driver {
    answers: Mutex<Lines<BufReader<Stdin>>>,
}

impl Driver {
    pub fn new() -> Self {
        Self { answers: Mutex::new(BufReader::new(tokio::io::stdin()).lines()) }
    }

    /// Kills the server with `kill -9`. It is gone when this returns.
    pub async fn kill(&self) -> Result<()> {
        self.ask("kill").await.map(drop)
    }

    /// Starts the server again, on the same port and the same data. It answers when this returns, with how long that took.
    pub async fn start(&self) -> Result<Duration> {
        self.ask("start").await
    }

    /// Ends the server in an orderly way.
    pub async fn stop(&self) -> Result<()> {
        self.ask("stop").await.map(drop)
    }

    /// Ends the server in an orderly way and starts it again.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.start().await.map(drop)
    }

    async fn ask(&self, what: &str) -> Result<Duration> {
        let mut answers = self.answers.lock().await;
        let began = Instant::now();
        println!("!{what}");
        let answer = answers.next_line().await?;
        ensure!(answer.as_deref() == Some("done"), "asked the driver to {what}, it said {answer:?}");
        Ok(began.elapsed())
    }
}
