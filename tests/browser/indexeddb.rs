//! The browser's store: what every store must do, and what is particular to IndexedDB.

use std::sync::atomic::{AtomicU32, Ordering};

use indexed_db_futures::{KeyRange, database::Database, prelude::*, transaction::TransactionMode};
use js_sys::{Function, Uint8Array};
use ruma::{UserId, user_id};
use sash_sync::{
    browser::IndexedDbStorage,
    model::{RecordKey, Table},
    platform::LocalFuture,
    storage::{Batch, Durability, Storage, StorageError, Write, conformance::StoreUnderTest},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// Databases that no other test has seen.
struct Place {
    prefix: String,
}

impl Place {
    fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Place { prefix: format!("test {}", COUNT.fetch_add(1, Ordering::Relaxed)) }
    }

    fn store(&self) -> IndexedDbStorage {
        IndexedDbStorage::with_prefix(&self.prefix)
    }

    fn database_name(&self) -> String {
        format!("{}:{}", self.prefix, alice())
    }
}

impl StoreUnderTest for Place {
    type Store = IndexedDbStorage;

    fn open(&self) -> LocalFuture<'_, IndexedDbStorage> {
        Box::pin(async { self.store() })
    }
}

sash_sync::storage_conformance!(conformance, super::Place::new());

fn alice() -> &'static UserId {
    user_id!("@alice:example.org")
}

fn page(number: u8) -> Batch {
    Batch { writes: vec![Write::Put(RecordKey::RoomIndex(number), vec![number])], ..Batch::default() }
}

async fn pages(store: &IndexedDbStorage) -> Vec<u8> {
    let records = store.scan(alice(), Table::RoomIndex, None).await.unwrap();
    records.into_iter().flat_map(|(_, value)| value).collect()
}

/// Runs a script in the worker.
fn script(source: &str) {
    Function::new_no_args(source).call0(&JsValue::NULL).expect("the script runs");
}

/// Opens the database with a newer version, as a later release of Sash would.
async fn open_newer(place: &Place) -> Database {
    Database::open(place.database_name()).with_version(99_u32).await.expect("nobody keeps the newer version out")
}

#[wasm_bindgen_test]
async fn an_upgrade_in_another_tab_is_let_through_and_ends_the_store() {
    let place = Place::new();
    let store = place.store();
    store.commit(alice(), page(1)).await.unwrap();
    let newer = open_newer(&place).await;
    let write = store.commit(alice(), page(2)).await;
    assert!(matches!(write, Err(StorageError::Closed)), "{write:?}");
    let read = store.get(alice(), &[RecordKey::RoomIndex(1)]).await;
    assert!(matches!(read, Err(StorageError::Closed)), "{read:?}");
    newer.close();
}

#[wasm_bindgen_test]
async fn a_newer_database_is_refused_with_both_versions() {
    let place = Place::new();
    place.store().commit(alice(), page(1)).await.unwrap();
    open_newer(&place).await.close();
    let refused = place.store().scan(alice(), Table::RoomIndex, None).await;
    assert!(matches!(refused, Err(StorageError::NewerSchema { found: 99, known: 1 })), "{refused:?}");
}

#[wasm_bindgen_test]
async fn a_database_of_a_newer_version_can_still_be_deleted() {
    let place = Place::new();
    open_newer(&place).await.close();
    let store = place.store();
    store.delete_account(alice()).await.unwrap();
    store.commit(alice(), page(1)).await.expect("what was in the way is gone");
}

#[wasm_bindgen_test]
async fn an_account_that_another_tab_deleted_does_not_come_back_empty() {
    let place = Place::new();
    let (store, other) = (place.store(), place.store());
    let epoch = store.take_over(alice()).await.unwrap();
    other.delete_account(alice()).await.unwrap();
    let orphaned = store.commit(alice(), Batch { epoch: Some(epoch), ..page(1) }).await;
    assert!(matches!(orphaned, Err(StorageError::Closed)), "{orphaned:?}");
    assert_eq!(pages(&other).await, [] as [u8; 0]);
}

#[wasm_bindgen_test]
async fn a_frozen_tab_keeps_no_records_from_being_deleted() {
    let place = Place::new();
    let store = place.store();
    store.commit(alice(), page(1)).await.unwrap();
    // A connection that does not give way.
    let frozen = Database::open(place.database_name()).await.unwrap();
    store.delete_account(alice()).await.expect("it does not wait for the other tab");
    let transaction = frozen.transaction("room_index").build().unwrap();
    let left = transaction.object_store("room_index").unwrap().count().primitive().unwrap().await.unwrap();
    assert_eq!(left, 0, "what the frozen tab still holds is empty");
    drop(transaction);
    frozen.close();
    assert_eq!(pages(&store).await, [] as [u8; 0], "once it is gone, the account can begin anew");
}

#[wasm_bindgen_test]
async fn a_second_tab_sees_what_the_first_has_committed() {
    let place = Place::new();
    let (first, second) = (place.store(), place.store());
    first.commit(alice(), page(1)).await.unwrap();
    second.commit(alice(), page(2)).await.unwrap();
    assert_eq!((pages(&first).await, pages(&second).await), (vec![1, 2], vec![1, 2]));
}

#[wasm_bindgen_test]
async fn a_former_leader_cannot_write() {
    let place = Place::new();
    let (former, leader) = (place.store(), place.store());
    let old = former.take_over(alice()).await.unwrap();
    let new = leader.take_over(alice()).await.unwrap();
    let refused = former.commit(alice(), Batch { epoch: Some(old), ..page(1) }).await;
    assert!(matches!(refused, Err(StorageError::EpochLost)), "{refused:?}");
    leader.commit(alice(), Batch { epoch: Some(new), ..page(2) }).await.unwrap();
    assert_eq!(pages(&former).await, [2]);
}

#[wasm_bindgen_test]
async fn a_full_disk_is_a_quota_error_and_writes_nothing() {
    let place = Place::new();
    let store = place.store();
    store.commit(alice(), page(1)).await.unwrap();
    // A browser says so at the request, or when it writes, by aborting.
    let at_request = "self.original = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (value, key) {
            if (value[0] === 3) throw new DOMException('full', 'QuotaExceededError');
            return self.original.call(this, value, key);
        };";
    let at_commit = "self.original = IDBTransaction.prototype.commit;
        IDBTransaction.prototype.commit = function () {
            Object.defineProperty(this, 'error', { value: new DOMException('full', 'QuotaExceededError') });
            this.abort();
        };";
    for (full, undo) in [
        (at_request, "IDBObjectStore.prototype.put = self.original;"),
        (at_commit, "IDBTransaction.prototype.commit = self.original;"),
    ] {
        script(full);
        let mut batch = page(2);
        batch.writes.extend(page(3).writes);
        let refused = store.commit(alice(), batch).await;
        script(undo);
        assert!(matches!(refused, Err(StorageError::Quota)), "{refused:?}");
        assert_eq!(pages(&store).await, [1], "nothing of the batch is written");
    }
}

#[wasm_bindgen_test]
async fn the_durability_asked_for_reaches_the_browser() {
    let place = Place::new();
    let store = place.store();
    script(
        "self.original = IDBDatabase.prototype.transaction; self.asked = [];
        IDBDatabase.prototype.transaction = function (stores, mode, options) {
            if (mode === 'readwrite') self.asked.push(options.durability);
            return self.original.call(this, stores, mode, options);
        };",
    );
    for durability in [Durability::Strict, Durability::Relaxed] {
        store.commit(alice(), Batch { durability, ..page(1) }).await.unwrap();
    }
    script("IDBDatabase.prototype.transaction = self.original;");
    let asked = js_sys::Reflect::get(&js_sys::global(), &"asked".into()).unwrap();
    assert_eq!(js_sys::JSON::stringify(&asked).unwrap(), r#"["strict","relaxed"]"#);
}

#[wasm_bindgen_test]
async fn a_value_that_is_no_bytes_is_a_corrupt_record_with_its_place() {
    let place = Place::new();
    let store = place.store();
    store.commit(alice(), page(1)).await.unwrap();
    let database = Database::open(place.database_name()).await.unwrap();
    let transaction = database.transaction("room_index").with_mode(TransactionMode::Readwrite).build().unwrap();
    let key = JsValue::from(Uint8Array::from(b"01".as_slice()));
    let put = transaction.object_store("room_index").unwrap().put("text").with_key(key).without_key_type().primitive();
    put.unwrap().await.unwrap();
    transaction.commit().await.unwrap();
    let read = store.get(alice(), &[RecordKey::RoomIndex(1)]).await;
    assert!(
        matches!(&read, Err(StorageError::Corrupt { table: Table::RoomIndex, key, .. }) if key == "01"),
        "{read:?}"
    );
    database.close();
}

/// Makes a database as version 1 of Sash leaves it, without any of today's code.
async fn make_version_1(name: &str) {
    let stores = [
        "account",
        "room_index",
        "state",
        "members",
        "stripped",
        "timeline",
        "receipts",
        "room_account_data",
        "account_data",
        "devices",
        "to_device",
        "device_lists",
        "connections",
        "lease",
    ];
    let database = Database::open(name)
        .with_version(1_u32)
        .with_on_upgrade_needed(move |_, database| {
            stores.into_iter().try_for_each(|name| database.create_object_store(name).build().map(drop))
        })
        .await
        .unwrap();
    let transaction = database.transaction(["room_index", "lease"]).with_mode(TransactionMode::Readwrite).build();
    let transaction = transaction.unwrap();
    {
        let index = transaction.object_store("room_index").unwrap();
        for (key, value) in [("3f", [9, 8]), ("00", [1, 2])] {
            let key = JsValue::from(Uint8Array::from(key.as_bytes()));
            let value = JsValue::from(Uint8Array::from(value.as_slice()));
            index.put(value).with_key(key).without_key_type().primitive().unwrap();
        }
        let lease = transaction.object_store("lease").unwrap();
        lease.put(7_f64).with_key("epoch").without_key_type().primitive().unwrap();
    }
    transaction.commit().await.unwrap();
    database.close();
}

#[wasm_bindgen_test]
async fn a_database_of_each_old_version_opens_with_what_it_holds() {
    let place = Place::new();
    make_version_1(&place.database_name()).await;
    let store = place.store();
    let records = store.scan(alice(), Table::RoomIndex, None).await.unwrap();
    assert_eq!(records, [("00".to_owned(), vec![1, 2]), ("3f".to_owned(), vec![9, 8])]);
    store.commit(alice(), Batch { epoch: Some(7), ..page(5) }).await.expect("the lease is the old one");
}

#[wasm_bindgen_test]
async fn a_new_database_is_what_version_1_was() {
    let place = Place::new();
    place.store().commit(alice(), page(1)).await.unwrap();
    let old = Place::new();
    make_version_1(&old.database_name()).await;
    let mut names = Vec::new();
    for name in [place.database_name(), old.database_name()] {
        let database = Database::open(name).await.unwrap();
        names.push((database.version(), database.object_store_names().collect::<Vec<_>>()));
        database.close();
    }
    assert_eq!(names[0], names[1], "a released step is never edited: append one");
}

#[wasm_bindgen_test]
async fn what_is_stored_is_no_view_of_our_memory() {
    let place = Place::new();
    place.store().commit(alice(), page(1)).await.unwrap();
    let database = Database::open(place.database_name()).await.unwrap();
    let transaction = database.transaction("room_index").build().unwrap();
    let store = transaction.object_store("room_index").unwrap();
    let key = JsValue::from(Uint8Array::from(b"01".as_slice()));
    let value: Option<JsValue> = store.get::<_, JsValue, _>(KeyRange::Only(key)).primitive().unwrap().await.unwrap();
    let buffer = Uint8Array::from(value.unwrap()).buffer();
    assert_eq!(buffer.byte_length(), 1, "a stored view would have brought the whole memory along");
}
