//! The server binary.

use std::process::ExitCode;

use sash_sync::server::{Config, run, start_logging};

fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os()) {
        Ok(config) => config,
        Err(error) => error.exit(),
    };
    if let Err(error) = start_logging(&config.log_level) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
