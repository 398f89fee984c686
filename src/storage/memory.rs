//! The store for tests and for browsers without IndexedDB: everything in one sorted map.

/// A store that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStorage {}
