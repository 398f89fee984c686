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
    let (sender, blocked) = oneshot::channel();
    let listener = Closure::once(move || {
        let _ = sender.send(());
    });
    let request: &web_sys::IdbOpenDbRequest = deletion.as_sys().unchecked_ref();
    request.set_onblocked(Some(listener.as_ref().unchecked_ref()));
    let request = request.clone();
    let result = tokio::select! {
        biased;
        deleted = deletion => deleted.map_err(StorageError::from),
        _ = blocked => emptied,
    };
    request.set_onblocked(None);
    result
}
