//! The database's shape, as steps that are only ever appended: step n brings version n - 1 to version n.
//!
//! Invariant: a step that was released is never edited. `fixtures/` holds a database of each version, and the tests
//! open them all.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::failed;
use crate::storage::StorageError;

const STEPS: [&str; 1] = [include_str!("steps/v1.sql")];

/// "Sash", in the file's header: what is no database of ours is left alone.
const APPLICATION_ID: i32 = 0x5361_7368;

/// Brings the database to the newest version, all steps in one transaction.
pub(super) fn upgrade(connection: &mut Connection) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = STEPS.len() as u32;
    refuse_foreign(&transaction)?;
    if found > known {
        return Err(StorageError::NewerSchema { found, known });
    }
    if found == known {
        return Ok(());
    }
    for step in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

fn refuse_foreign(transaction: &Transaction<'_>) -> Result<(), StorageError> {
    let id: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let is_empty: bool = transaction.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && is_empty) {
        return Ok(());
    }
    Err(failed("the file is a database of another program"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::server::sqlite::records;

    fn version(connection: &Connection) -> u32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_database_of_each_old_version_opens_with_what_it_holds() {
        let fixtures = [include_str!("fixtures/v1.sql")];
        assert_eq!(fixtures.len(), STEPS.len(), "every version has its fixture");
        for (index, fixture) in fixtures.into_iter().enumerate() {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(fixture).unwrap();
            assert_eq!(version(&connection) as usize, index + 1, "the fixture says its version");
            upgrade(&mut connection).unwrap();
            assert_eq!(version(&connection) as usize, STEPS.len());
            let user = ruma::user_id!("@alice:example.org");
            let rooms = records::scan(&connection, user, crate::model::Table::RoomIndex, None).unwrap();
            assert_eq!(rooms, [("00".to_owned(), b"zero".to_vec()), ("3f".to_owned(), b"last".to_vec())]);
            assert_eq!(records::take_over(&connection, user).unwrap(), 8, "epochs go on from the seventh");
        }
    }

    #[test]
    fn the_schema_changes_by_a_new_step_only() {
        let mut connection = Connection::open_in_memory().unwrap();
        upgrade(&mut connection).unwrap();
        let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
        let tables: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        expect![[r#"
            CREATE TABLE store (last_epoch INTEGER NOT NULL) STRICT
            CREATE TABLE accounts (
                id INTEGER PRIMARY KEY,
                user_id TEXT NOT NULL UNIQUE,
                -- The lease epoch of the owner, if there is one.
                epoch INTEGER
            ) STRICT
            CREATE TABLE records (
                account INTEGER NOT NULL,
                tbl TEXT NOT NULL,
                key BLOB NOT NULL,
                value BLOB NOT NULL,
                PRIMARY KEY (account, tbl, key)
            ) STRICT"#]]
        .assert_eq(&tables.join("\n"));
    }

    #[test]
    fn opening_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        upgrade(&mut connection).unwrap();
        upgrade(&mut connection).unwrap();
        assert_eq!(version(&connection) as usize, STEPS.len());
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let mut connection = Connection::open_in_memory().unwrap();
        upgrade(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = upgrade(&mut connection);
        assert!(matches!(refused, Err(StorageError::NewerSchema { found: 99, known: 1 })), "{refused:?}");
        assert_eq!(version(&connection), 99);
    }

    #[test]
    fn the_database_of_another_program_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(upgrade(&mut connection).is_err());
    }
}
