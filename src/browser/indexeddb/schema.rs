//! The database's shape, as steps that are only ever appended: step n brings version n - 1 to version n.
//!
//! Invariant: a step that was released is never edited, and names its object stores itself.

#[path = "steps/v1.rs"]
mod v1;

use indexed_db_futures::{database::Database, error::Error};

use super::error::is_newer_version;
use crate::storage::StorageError;

type Step = fn(&Database) -> Result<(), Error>;

const STEPS: [Step; 1] = [v1::apply];

/// The object store that holds the lease epoch, beside those of the tables.
pub(super) const LEASE: &str = "lease";

/// Opens a database, making it or bringing it up to date where necessary.
pub(super) async fn open(name: &str) -> Result<Database, StorageError> {
    let known = STEPS.len() as u32;
    let opening = Database::open(name)
        .with_version(known)
        .with_on_blocked(|_| {
            tracing::warn!("waiting for another tab to let go of the database");
            Ok(())
        })
        .with_on_upgrade_needed(|event, database| {
            // Versions are small whole numbers; IndexedDB hands them over as a double.
            STEPS.iter().skip(event.old_version() as usize).try_for_each(|step| step(&database))
        });
    match opening.await {
        Ok(database) => Ok(database),
        Err(error) if is_newer_version(&error) => Err(StorageError::NewerSchema { found: version(name).await?, known }),
        Err(error) => Err(error.into()),
    }
}

/// Returns the version of a database that exists.
async fn version(name: &str) -> Result<u32, StorageError> {
    let database = Database::open(name).await?;
    let version = database.version();
    database.close();
    Ok(version as u32)
}
