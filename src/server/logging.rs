//! The log: to standard error, a line per entry.

use std::{io::IsTerminal, panic};

use tracing_subscriber::EnvFilter;

/// Starts logging. The error says what is wrong with `level`.
pub fn start(level: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(directives(level)).map_err(|error| format!("the log level {level:?}: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "panic: {what}");
    }));
    Ok(())
}

/// A mere level is ours; of what we use only warnings are of interest then.
fn directives(level: &str) -> String {
    match level.to_ascii_lowercase().as_str() {
        ours @ ("trace" | "debug" | "info" | "warn" | "error") => format!("warn,sash_sync={ours}"),
        // Levels of the proxy that we have no use for.
        "fatal" | "panic" => "error".to_owned(),
        _ => level.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_ours_and_anything_else_is_for_the_filter() {
        assert_eq!(directives("Debug"), "warn,sash_sync=debug");
        assert_eq!(directives("fatal"), "error");
        assert_eq!(directives("sash_sync=trace,hyper=info"), "sash_sync=trace,hyper=info");
    }
}
