//! What makes inputs, runs them and keeps what failed. Unit tests of parsers that are nobody else's business use it, too.

pub mod harness;
pub mod inputs;
mod json;
