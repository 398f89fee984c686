//! Where the browser keeps an account.

use std::rc::Rc;

use crate::storage::{MemoryStorage, Storage, StorageError};

/// Opens the store.
pub async fn open() -> Result<Rc<dyn Storage>, StorageError> {
    Ok(Rc::new(MemoryStorage::new()))
}
