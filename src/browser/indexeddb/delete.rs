//! Deleting a database for good.

use indexed_db_futures::{database::Database, internals::SystemRepr};
use tokio::sync::oneshot;
use wasm_bindgen::{JsCast, closure::Closure};

use crate::storage::StorageError;

/// Deletes the database `name`, of which `emptied` says whether its records are gone already.
///
/// A tab that is frozen cannot close its connection, and the browser waits for it. The records are not to be waited
/// for: where they are gone, the empty database may follow whenever that tab ends.
pub(super) async fn database(name: &str, emptied: Result<(), StorageError>) -> Result<(), StorageError> {
    let deletion = Database::delete_by_name(name)?;
    let (_listener, blocked) = BlockedListener::new(deletion.as_sys().unchecked_ref());
    tokio::select! {
        biased;
        deleted = deletion => deleted.map_err(StorageError::from),
        _ = blocked => emptied,
    }
}

/// Hears that somebody keeps the database open, until it is dropped.
struct BlockedListener {
    request: web_sys::IdbOpenDbRequest,
    _callback: Closure<dyn FnMut()>,
}

impl BlockedListener {
    fn new(request: &web_sys::IdbOpenDbRequest) -> (BlockedListener, oneshot::Receiver<()>) {
        let (sender, blocked) = oneshot::channel();
        let callback = Closure::once(move || {
            let _ = sender.send(());
        });
        request.set_onblocked(Some(callback.as_ref().unchecked_ref()));
        (BlockedListener { request: request.clone(), _callback: callback }, blocked)
    }
}

impl Drop for BlockedListener {
    fn drop(&mut self) {
        // The event may still come, and the browser must not call what is gone.
        self.request.set_onblocked(None);
    }
}
