//! The native server.

mod sqlite;

pub use sqlite::SqliteStorage;
