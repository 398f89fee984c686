//! Waiting for what must become true.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long things may take on a busy machine. Nothing waits that long when it works.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(25);

/// Calls `check` until it succeeds; after `PATIENCE` fails with `what` and the last reason.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match check().await {
            Ok(value) => return Ok(value),
            Err(reason) if Instant::now() > deadline => {
                return Err(reason).with_context(|| format!("not within {PATIENCE:?}: {what}"));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
