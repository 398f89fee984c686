//! What the SDK logs: kept in a file for whoever looks into a failure, and searched for what no API of the SDK tells, such as a session that
//! the server did not know any more.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

const LEVELS: &str = "warn,matrix_sdk=debug,matrix_sdk_base=info,matrix_sdk_crypto=debug,matrix_sdk_ui=debug";

/// What is counted: a name, and what a line that counts has in it.
const MARKS: [(&str, &str); 2] = [
    // The answer to a `pos` was M_UNKNOWN_POS.
    ("expired sessions", "Session expired"),
    // The Olm ratchet has moved on since it saw this to-device message for the first time.
    ("repeated Olm messages", "An Olm message got replayed"),
];

#[derive(Clone)]
pub struct Journal {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    file: File,
    counts: [usize; MARKS.len()],
}

impl Journal {
    /// From now on everything that is logged goes to `path`.
    pub fn start(path: &Path) -> Result<Self> {
        let inner = Inner { file: File::create(path)?, counts: [0; MARKS.len()] };
        let journal = Self { inner: Arc::new(Mutex::new(inner)) };
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(std::env::var("RUST_LOG").unwrap_or_else(|_| LEVELS.to_owned())))
            .with_ansi(false)
            .with_writer(journal.clone())
            .try_init()
            .map_err(|error| anyhow!("{error}"))?;
        Ok(journal)
    }

    /// How often the server did not know a `pos` that the SDK had.
    pub fn expired_sessions(&self) -> usize {
        self.inner.lock().expect("nothing panics while it holds this").counts[0]
    }

    /// How often an encrypted to-device message was taken in that had been taken in before.
    pub fn repeated_messages(&self) -> usize {
        self.inner.lock().expect("nothing panics while it holds this").counts[1]
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One call is one line.
impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.inner.lock().expect("nothing panics while it holds this");
        let line = String::from_utf8_lossy(bytes);
        for (i, (_, mark)) in MARKS.iter().enumerate() {
            inner.counts[i] += usize::from(line.contains(mark));
        }
        inner.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.lock().expect("nothing panics while it holds this").file.flush()
    }
}
