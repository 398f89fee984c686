//! The store as a whole, on a file; what is particular to SQLite.

use std::rc::Rc;

use ruma::user_id;
use tempfile::TempDir;

use super::*;
use crate::storage::{Durability, Write, conformance::StoreUnderTest};

/// A database in a folder of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("sash.sqlite")
    }

    fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

impl StoreUnderTest for Place {
    type Store = SqliteStorage;

    fn open(&self) -> LocalFuture<'_, SqliteStorage> {
        Box::pin(async { SqliteStorage::open(&self.path()).unwrap() })
    }

    fn close(&self, store: SqliteStorage) -> LocalFuture<'_, ()> {
        Box::pin(store.close())
    }
}

crate::storage_conformance!(conformance, super::Place::new());

fn alice() -> &'static UserId {
    user_id!("@alice:example.org")
}

fn page(number: u8, durability: Durability) -> Batch {
    Batch { writes: vec![Write::Put(RecordKey::RoomIndex(number), vec![number])], durability, epoch: None }
}

async fn pages(store: &SqliteStorage) -> Vec<u8> {
    let records = store.scan(alice(), Table::RoomIndex, None).await.unwrap();
    records.into_iter().flat_map(|(_, value)| value).collect()
}

/// Has a group of changes written by a worker without a thread, and returns what each was answered.
fn change(worker: &mut Worker, changes: Vec<Change>) -> Vec<Result<u64, StorageError>> {
    let (requests, answers): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .map(|what| {
            let (reply, answer) = oneshot::channel();
            (Request { account: alice().to_owned(), what, reply }, answer)
        })
        .unzip();
    worker.change(requests);
    answers.into_iter().map(|mut answer| answer.try_recv().expect("every change is answered")).collect()
}

fn worker(place: &Place, prepare: &str) -> Worker {
    let mut connection = place.connect();
    configure(&connection).unwrap();
    schema::upgrade(&mut connection).unwrap();
    connection.execute_batch(prepare).unwrap();
    Worker::new(connection)
}

fn written(place: &Place) -> Vec<u8> {
    let rows = records::scan(&place.connect(), alice(), Table::RoomIndex, None).unwrap();
    rows.into_iter().flat_map(|(_, value)| value).collect()
}

#[test]
fn one_failing_batch_of_a_group_fails_alone() {
    let place = Place::new();
    // The second page of the batch fails, so that there is something to take back.
    let mut worker = worker(
        &place,
        "CREATE TRIGGER refuse BEFORE INSERT ON records WHEN NEW.value = x'03'
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    let mut failing = page(2, Durability::Relaxed);
    failing.writes.extend(page(3, Durability::Relaxed).writes);
    let lost = Batch { epoch: Some(99), ..page(5, Durability::Relaxed) };
    let results = change(
        &mut worker,
        vec![
            Change::Commit(page(1, Durability::Relaxed)),
            Change::Commit(failing),
            Change::Commit(page(4, Durability::Relaxed)),
            Change::Commit(lost),
        ],
    );
    assert!(
        matches!(results.as_slice(), [Ok(_), Err(StorageError::Backend { .. }), Ok(_), Err(StorageError::EpochLost)]),
        "{results:?}"
    );
    assert_eq!(written(&place), [1, 4]);
}

#[test]
fn an_error_that_ends_the_transaction_fails_its_own_batch_only() {
    let place = Place::new();
    let mut worker = worker(
        &place,
        "CREATE TRIGGER refuse BEFORE INSERT ON records WHEN NEW.value = x'02'
         BEGIN SELECT RAISE(ROLLBACK, 'everything is off'); END",
    );
    let results =
        change(&mut worker, (1..=3).map(|number| Change::Commit(page(number, Durability::Relaxed))).collect());
    assert!(matches!(results.as_slice(), [Ok(_), Err(_), Ok(_)]), "{results:?}");
    assert_eq!(written(&place), [1, 3]);
}

#[test]
fn a_batch_without_room_is_a_quota_error_and_others_still_fit() {
    let place = Place::new();
    let mut worker = worker(&place, "PRAGMA max_page_count = 40");
    let large = Batch { writes: vec![Write::Put(RecordKey::RoomIndex(2), vec![0; 1 << 20])], ..Batch::default() };
    let results = change(
        &mut worker,
        vec![
            Change::Commit(page(1, Durability::Relaxed)),
            Change::Commit(large),
            Change::Commit(page(3, Durability::Relaxed)),
        ],
    );
    assert!(matches!(results.as_slice(), [Ok(_), Err(StorageError::Quota), Ok(_)]), "{results:?}");
    assert_eq!(written(&place), [1, 3]);
}

#[test]
fn commits_that_wait_together_share_one_transaction() {
    let place = Place::new();
    let worker = worker(&place, "");
    // Keeps the log from being removed when the worker closes the database.
    let onlooker = place.connect();
    let frames = || -> i64 { onlooker.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap() };
    let before = frames();
    let (commands, receiver) = mpsc::channel(SQLITE_QUEUE);
    let mut answers = Vec::new();
    for number in 0..30 {
        let (reply, answer) = oneshot::channel();
        let what = Change::Commit(page(number, Durability::Relaxed));
        commands.try_send(Command::Change(Request { account: alice().to_owned(), what, reply })).ok().unwrap();
        answers.push(answer);
        // A read in between must not part them.
        let (reply, _read) = oneshot::channel();
        let what = (Table::Account, None);
        commands
            .try_send(Command::Read(Read::Scan(Request { account: alice().to_owned(), what, reply })))
            .ok()
            .unwrap();
    }
    drop(commands);
    worker.run(receiver);
    assert!(answers.into_iter().all(|mut answer| matches!(answer.try_recv(), Ok(Ok(_)))), "all are answered");
    assert_eq!(written(&place).len(), 30);
    let pages = frames() - before;
    assert!(pages < 30, "a transaction each would have written a page each at least: {pages}");
}

#[test]
fn a_strict_batch_makes_its_group_wait_for_the_disk_and_no_later_one() {
    let place = Place::new();
    let mut worker = worker(&place, "");
    let synchronous = |worker: &mut Worker, durabilities: &[Durability]| -> i64 {
        let changes = durabilities.iter().map(|durability| Change::Commit(page(1, *durability))).collect();
        change(worker, changes).into_iter().for_each(|result| assert!(result.is_ok(), "{result:?}"));
        worker.query("PRAGMA synchronous")
    };
    let (normal, full) = (1, 2);
    assert_eq!(synchronous(&mut worker, &[Durability::Relaxed]), normal);
    assert_eq!(synchronous(&mut worker, &[Durability::Relaxed, Durability::Strict, Durability::Relaxed]), full);
    assert_eq!(synchronous(&mut worker, &[Durability::Relaxed]), normal);
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_has_gone() {
    let place = Place::new();
    let store = place.open().await;
    let refused = SqliteStorage::open(&place.path());
    assert!(matches!(refused, Err(StorageError::InUse { .. })), "{refused:?}");
    store.close().await;
    SqliteStorage::open(&place.path()).expect("closed means free").close().await;
}

#[tokio::test]
async fn what_was_asked_before_the_last_handle_went_is_done() {
    let place = Place::new();
    let store = Rc::new(place.open().await);
    for number in 0..100 {
        // Polled once, so that it is on its way, and then forgotten.
        let (reply, _) = oneshot::channel();
        let request =
            Request { account: alice().to_owned(), what: Change::Commit(page(number, Durability::Relaxed)), reply };
        store.commands.send(Command::Change(request)).await.unwrap();
    }
    Rc::into_inner(store).unwrap().close().await;
    let store = place.open().await;
    assert_eq!(pages(&store).await, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_answered_survives_a_killed_process() {
    let (place, grave) = (Place::new(), Place::new());
    let store = place.open().await;
    for number in 0..20 {
        store.commit(alice(), page(number, Durability::Relaxed)).await.unwrap();
    }
    // What the operating system has when a process is killed at this moment: the files, and nobody who closed them.
    for file in ["sash.sqlite", "sash.sqlite-wal"] {
        std::fs::copy(place.folder.path().join(file), grave.folder.path().join(file)).unwrap();
    }
    assert_eq!(pages(&grave.open().await).await, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn close_waits_for_the_other_handles() {
    let place = Place::new();
    let store = place.open().await;
    let other = store.clone();
    let mut closing = std::pin::pin!(store.close());
    tokio::select! {
        biased;
        () = &mut closing => panic!("another handle is still there"),
        result = other.commit(alice(), page(1, Durability::Strict)) => result.expect("the other handle goes on"),
    }
    drop(other);
    closing.await;
    SqliteStorage::open(&place.path()).expect("closed means free").close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let store = place.open().await;
    store.commit(alice(), page(1, Durability::Relaxed)).await.unwrap();
    let mut files = 0;
    for entry in place.folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        files += 1;
    }
    assert!(files >= 3, "the database, its log and the lock, at least: {files}");
}

#[test]
fn a_handle_may_go_to_another_thread() {
    fn check<T: Clone + Send + Sync>() {}
    check::<SqliteStorage>();
}
