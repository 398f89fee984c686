//! The browser engine.

mod indexeddb;

pub use indexeddb::IndexedDbStorage;
