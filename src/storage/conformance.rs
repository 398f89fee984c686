//! What every store must do, written once and run on each of them: [`storage_conformance!`](crate::storage_conformance).
//!
//! A case gets a store that nobody has used. It knows the trait only, so it holds in memory, in SQLite and in a
//! browser's worker alike.

#![expect(missing_docs, reason = "the names of the cases say what they check")]

use std::{future::poll_fn, task::Poll};

use ruma::{UserId, room_id, user_id};

use super::{Batch, Durability, FaultyStorage, MemoryStorage, Storage, StorageError, Write};
use crate::{
    model::{RecordKey, Table, prefix_range},
    platform::LocalFuture,
};

/// A place that holds one store, which can be opened again and again.
pub trait StoreUnderTest {
    /// What is tested.
    type Store: Storage;

    /// Opens the store with all that was written in it so far. Called only after an earlier one was closed.
    fn open(&self) -> LocalFuture<'_, Self::Store>;

    /// Closes a store, as the end of a process does.
    fn close(&self, store: Self::Store) -> LocalFuture<'_, ()> {
        drop(store);
        Box::pin(async {})
    }
}

impl StoreUnderTest for MemoryStorage {
    type Store = MemoryStorage;

    fn open(&self) -> LocalFuture<'_, MemoryStorage> {
        Box::pin(async { self.clone() })
    }
}

impl StoreUnderTest for FaultyStorage {
    type Store = FaultyStorage;

    fn open(&self) -> LocalFuture<'_, FaultyStorage> {
        Box::pin(async { self.clone() })
    }
}

/// Writes a module of tests, one per required behaviour, for the store that an expression makes.
///
/// `storage_conformance!(memory, MemoryStorage::new())`: the expression is evaluated for each test and is a
/// [`StoreUnderTest`](crate::storage::conformance::StoreUnderTest). The module sees what stands around it as `super`.
#[macro_export]
macro_rules! storage_conformance {
    ($name:ident, $store:expr) => {
        mod $name {
            $crate::storage_conformance! { @cases $store;
                get_answers_in_the_order_asked,
                a_key_names_one_table_only,
                scan_returns_a_table_in_key_order,
                scan_respects_both_ends_of_its_range,
                a_range_that_ends_before_it_starts_holds_nothing,
                a_prefix_covers_its_own_keys_only,
                separators_within_a_part_are_no_separators,
                chunks_of_history_sort_before_the_live_ones,
                keys_are_ordered_by_their_bytes,
                later_writes_of_a_batch_win,
                deleting_what_is_not_there_is_no_error,
                a_deleted_range_spares_its_neighbours,
                an_empty_batch_is_written,
                an_empty_value_is_a_value,
                a_batch_may_touch_every_table,
                bytes_come_back_unchanged,
                ten_thousand_records_fit_into_one_batch,
                accounts_do_not_see_each_other,
                a_deleted_account_is_gone_and_can_begin_anew,
                what_was_committed_is_there_after_opening_again,
                commits_under_way_together_all_arrive,
                only_the_last_owner_can_commit,
                an_epoch_is_never_given_twice,
                a_refused_batch_writes_nothing,
            }
        }
    };
    (@cases $store:expr; $($case:ident,)*) => { $(
        #[cfg_attr(browser, ::wasm_bindgen_test::wasm_bindgen_test)]
        #[cfg_attr(not(browser), ::tokio::test)]
        async fn $case() {
            $crate::storage::conformance::$case(&$store).await;
        }
    )* };
}

fn alice() -> &'static UserId {
    user_id!("@alice:example.org")
}

fn bob() -> &'static UserId {
    user_id!("@bob:example.org")
}

pub async fn get_answers_in_the_order_asked(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), "one"), (page(2), "two")]).await;
    let asked = [page(2), page(7), page(1), page(2)];
    assert_eq!(
        get(&store, alice(), &asked).await,
        [Some("two".to_owned()), None, Some("one".to_owned()), Some("two".to_owned())],
        "one answer per key, none for what is missing, twice for what is asked twice"
    );
    assert_eq!(get(&store, alice(), &[]).await, [], "nothing asked, nothing answered");
}

pub async fn a_key_names_one_table_only(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(RecordKey::Account, "account")]).await;
    assert_eq!(RecordKey::Account.encode(), RecordKey::AccountData.encode(), "else this case tests nothing");
    assert_eq!(get(&store, alice(), &[RecordKey::AccountData]).await, [None]);
    assert_eq!(keys(&store, alice(), Table::AccountData, None).await, [] as [String; 0]);
}

pub async fn scan_returns_a_table_in_key_order(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(0x20), "c"), (page(0x03), "a"), (page(0x1f), "b"), (RecordKey::Account, "x")]).await;
    let records = store.scan(alice(), Table::RoomIndex, None).await.expect("scan");
    let expected = [("03", "a"), ("1f", "b"), ("20", "c")];
    assert_eq!(records, expected.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec())));
}

pub async fn scan_respects_both_ends_of_its_range(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), ""), (page(2), ""), (page(3), ""), (page(4), "")]).await;
    let range = |start: &str, end: &str| Some((start.to_owned(), end.to_owned()));
    assert_eq!(keys(&store, alice(), Table::RoomIndex, range("02", "04")).await, ["02", "03"], "start in, end out");
    assert_eq!(keys(&store, alice(), Table::RoomIndex, range("", "02")).await, ["01"], "ends need not exist");
    assert_eq!(keys(&store, alice(), Table::RoomIndex, range("033", "zz")).await, ["04"]);
}

pub async fn a_range_that_ends_before_it_starts_holds_nothing(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), ""), (page(2), "")]).await;
    for (start, end) in [("02", "01"), ("01", "01"), ("", "")] {
        let (start, end) = (start.to_owned(), end.to_owned());
        let range = Some((start.clone(), end.clone()));
        assert_eq!(keys(&store, alice(), Table::RoomIndex, range).await, [] as [String; 0], "{start:?} to {end:?}");
        commit(&store, alice(), vec![Write::DeleteRange(Table::RoomIndex, start, end)]).await;
    }
    assert_eq!(keys(&store, alice(), Table::RoomIndex, None).await, ["01", "02"], "nor does it delete anything");
}

pub async fn a_prefix_covers_its_own_keys_only(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let message = |device: &str, sequence| RecordKey::ToDevice(device.into(), sequence);
    let inside = [message("DEV", 0), message("DEV", 9), message("DEV", u64::MAX)];
    for key in &inside {
        put(&store, alice(), &[(key.clone(), "inside")]).await;
    }
    put(&store, alice(), &[(message("DE", 5), ""), (message("DEVICE", 5), ""), (message("dev", 5), "")]).await;
    let found = keys(&store, alice(), Table::ToDevice, Some(prefix_range(&["DEV"]))).await;
    assert_eq!(found, inside.map(|key| key.encode()));
}

pub async fn separators_within_a_part_are_no_separators(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let connection = |wire: &str, conn_id: &str| RecordKey::Connection("D".into(), wire.into(), conn_id.into(), 0);
    let odd = ["", "a", "a\u{0}", "a\u{0}b", "a\u{1}", "a\u{1}\u{2}", "\u{0}", "\u{1}"];
    for part in odd {
        put(&store, alice(), &[(connection("v4", part), part)]).await;
    }
    for part in odd {
        assert_eq!(get(&store, alice(), &[connection("v4", part)]).await, [Some(part.to_owned())], "of {part:?}");
        let found =
            store.scan(alice(), Table::Connections, Some(prefix_range(&["D", "v4", part]))).await.expect("scan");
        assert_eq!(found, [(connection("v4", part).encode(), part.as_bytes().to_vec())], "under {part:?}");
    }
}

pub async fn chunks_of_history_sort_before_the_live_ones(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let room = room_id!("!r:example.org");
    let chunks = [i64::MIN, -300, -2, -1, 0, 1, 255, 256, i64::MAX];
    let writes = chunks
        .iter()
        .rev()
        .map(|chunk| Write::Put(RecordKey::Timeline(room.to_owned(), *chunk), chunk.to_string().into_bytes()));
    commit(&store, alice(), writes.collect()).await;
    let records = store.scan(alice(), Table::Timeline, Some(prefix_range(&[room.as_str()]))).await.expect("scan");
    let found: Vec<_> = records.into_iter().map(|(_, value)| text(value)).collect();
    assert_eq!(found, chunks.map(|chunk| chunk.to_string()));
}

pub async fn keys_are_ordered_by_their_bytes(place: &impl StoreUnderTest) {
    let store = place.open().await;
    // UTF-16 would put the emoji before the private use character, a collation "ä" beside "a".
    let devices = ["Z", "a", "z", "ä", "日本", "\u{e000}", "\u{ffee}", "😀", "😀b"];
    for device in devices.iter().rev() {
        put(&store, alice(), &[(RecordKey::Device((*device).into()), device)]).await;
    }
    assert_eq!(keys(&store, alice(), Table::Devices, None).await, devices);
    let range = |start: &str, end: &str| Some((start.to_owned(), end.to_owned()));
    assert_eq!(keys(&store, alice(), Table::Devices, range("\u{e000}", "😀b")).await, ["\u{e000}", "\u{ffee}", "😀"]);
    assert_eq!(get(&store, alice(), &[RecordKey::Device("😀".into())]).await, [Some("😀".to_owned())]);
    commit(&store, alice(), vec![Write::DeleteRange(Table::Devices, "ä".to_owned(), "😀".to_owned())]).await;
    assert_eq!(keys(&store, alice(), Table::Devices, None).await, ["Z", "a", "z", "😀", "😀b"]);
}

pub async fn later_writes_of_a_batch_win(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), "old"), (page(2), "old"), (page(3), "old"), (page(4), "old")]).await;
    let all = || Write::DeleteRange(Table::RoomIndex, String::new(), "zz".to_owned());
    let writes = vec![
        Write::Put(page(1), b"first".to_vec()),
        Write::Put(page(1), b"second".to_vec()),
        Write::Put(page(5), b"doomed by the range".to_vec()),
        Write::Delete(page(2)),
        all(),
        Write::Put(page(2), b"after the range".to_vec()),
        Write::Put(page(6), b"doomed by the deletion".to_vec()),
        Write::Delete(page(6)),
        Write::Delete(page(7)),
        Write::Put(page(7), b"after the deletion".to_vec()),
    ];
    commit(&store, alice(), writes).await;
    let found = get(&store, alice(), &(1..=7).map(page).collect::<Vec<_>>()).await;
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(found, [None, some("after the range"), None, None, None, None, some("after the deletion")]);
}

pub async fn deleting_what_is_not_there_is_no_error(place: &impl StoreUnderTest) {
    let store = place.open().await;
    commit(
        &store,
        alice(),
        vec![Write::Delete(page(1)), Write::DeleteRange(Table::Timeline, String::new(), "z".to_owned())],
    )
    .await;
    store.delete_account(bob()).await.expect("an account that never was can be deleted");
}

pub async fn a_deleted_range_spares_its_neighbours(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let message = |sequence| RecordKey::ToDevice("DEV".into(), sequence);
    put(&store, alice(), &[(message(1), ""), (message(2), ""), (message(3), "")]).await;
    put(&store, alice(), &[(RecordKey::ToDevice("DEV2".into(), 1), ""), (RecordKey::Device("DEV".into()), "")]).await;
    let (start, _) = prefix_range(&["DEV"]);
    commit(&store, alice(), vec![Write::DeleteRange(Table::ToDevice, start, message(3).encode())]).await;
    let left = keys(&store, alice(), Table::ToDevice, None).await;
    assert_eq!(left, [message(3).encode(), RecordKey::ToDevice("DEV2".into(), 1).encode()]);
    assert_eq!(keys(&store, alice(), Table::Devices, None).await, ["DEV"], "another table is untouched");
}

pub async fn an_empty_batch_is_written(place: &impl StoreUnderTest) {
    let store = place.open().await;
    for durability in [Durability::Relaxed, Durability::Strict] {
        let batch = Batch { durability, ..Batch::default() };
        store.commit(alice(), batch).await.expect("nothing to write is no error");
    }
}

pub async fn an_empty_value_is_a_value(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), "")]).await;
    assert_eq!(get(&store, alice(), &[page(1), page(2)]).await, [Some(String::new()), None]);
}

pub async fn a_batch_may_touch_every_table(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let room = || room_id!("!r:example.org").to_owned();
    let all = [
        RecordKey::Account,
        RecordKey::RoomIndex(63),
        RecordKey::State(room(), 0),
        RecordKey::Members(room(), u16::MAX),
        RecordKey::Stripped(room()),
        RecordKey::Timeline(room(), -1),
        RecordKey::Receipts(room()),
        RecordKey::RoomAccountData(room()),
        RecordKey::AccountData,
        RecordKey::Device("D".into()),
        RecordKey::ToDevice("D".into(), 1),
        RecordKey::DeviceLists("D".into()),
        RecordKey::Connection("D".into(), "v4".into(), "main".into(), 0),
    ];
    assert_eq!(all.each_ref().map(RecordKey::table), Table::ALL, "else a table is missing here");
    commit(&store, alice(), all.iter().map(|key| Write::Put(key.clone(), key.table().name().into())).collect()).await;
    let found = get(&store, alice(), &all).await;
    assert_eq!(found, Table::ALL.map(|table| Some(table.name().to_owned())), "one read, all tables");
}

pub async fn bytes_come_back_unchanged(place: &impl StoreUnderTest) {
    let store = place.open().await;
    // No UTF-8, every byte, a megabyte: nothing may be taken for text or cut.
    let value: Vec<u8> = (0..1_048_576_u32).map(|index| (index ^ (index >> 8)) as u8).collect();
    let key = RecordKey::State(room_id!("!r:example.org").to_owned(), 0);
    commit(&store, alice(), vec![Write::Put(key.clone(), value.clone())]).await;
    let found = store.get(alice(), std::slice::from_ref(&key)).await.expect("get");
    assert!(found == [Some(value.clone())], "a megabyte comes back as it was");
    let scanned = store.scan(alice(), Table::State, None).await.expect("scan");
    assert!(scanned == [(key.encode(), value)], "and through a scan");
}

pub async fn ten_thousand_records_fit_into_one_batch(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let key = |number| RecordKey::ToDevice("DEV".into(), number);
    commit(&store, alice(), (0..10_000).map(|number| Write::Put(key(number), number.to_string().into())).collect())
        .await;
    let all: Vec<_> = (0..10_000).map(key).collect();
    let found = get(&store, alice(), &all).await;
    assert!(found.into_iter().enumerate().all(|(number, value)| value == Some(number.to_string())), "all are there");
    assert_eq!(keys(&store, alice(), Table::ToDevice, Some(prefix_range(&["DEV"]))).await.len(), 10_000);
}

pub async fn accounts_do_not_see_each_other(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), "Alice's"), (page(2), "Alice's")]).await;
    put(&store, bob(), &[(page(1), "Bob's")]).await;
    assert_eq!(get(&store, bob(), &[page(1), page(2)]).await, [Some("Bob's".to_owned()), None]);
    assert_eq!(keys(&store, bob(), Table::RoomIndex, None).await, ["01"]);
    commit(
        &store,
        bob(),
        vec![Write::Delete(page(2)), Write::DeleteRange(Table::RoomIndex, String::new(), "zz".to_owned())],
    )
    .await;
    assert_eq!(keys(&store, alice(), Table::RoomIndex, None).await, ["01", "02"], "Bob deletes his own only");
}

pub async fn a_deleted_account_is_gone_and_can_begin_anew(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let records = [(RecordKey::Account, "a"), (page(1), "b"), (RecordKey::ToDevice("D".into(), 1), "c")];
    put(&store, alice(), &records).await;
    put(&store, bob(), &records).await;
    store.delete_account(alice()).await.expect("delete");
    for table in Table::ALL {
        assert_eq!(keys(&store, alice(), table, None).await, [] as [String; 0], "{table:?} is empty");
    }
    assert_eq!(keys(&store, bob(), Table::RoomIndex, None).await, ["01"], "other accounts are untouched");
    put(&store, alice(), &[(page(2), "new")]).await;
    assert_eq!(keys(&store, alice(), Table::RoomIndex, None).await, ["02"]);
}

pub async fn what_was_committed_is_there_after_opening_again(place: &impl StoreUnderTest) {
    let store = place.open().await;
    for (number, durability) in [(1, Durability::Relaxed), (2, Durability::Strict), (3, Durability::Relaxed)] {
        let writes = vec![Write::Put(page(number), vec![number])];
        store.commit(alice(), Batch { writes, durability, epoch: None }).await.expect("commit");
    }
    let epoch = store.take_over(alice()).await.expect("take over");
    place.close(store).await;
    let store = place.open().await;
    let found = store.get(alice(), &[page(1), page(2), page(3)]).await.expect("get");
    assert_eq!(found, [Some(vec![1]), Some(vec![2]), Some(vec![3])]);
    let batch = Batch { epoch: Some(epoch), ..Batch::default() };
    store.commit(alice(), batch).await.expect("the lease lives on in the store");
}

pub async fn commits_under_way_together_all_arrive(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let one = |account, number: u8| {
        let durability = if number.is_multiple_of(3) { Durability::Strict } else { Durability::Relaxed };
        store.commit(account, Batch { writes: vec![Write::Put(page(number), vec![number])], durability, epoch: None })
    };
    let commits = (0..16_u8).map(|number| one(if number.is_multiple_of(2) { alice() } else { bob() }, number / 2));
    for result in all_at_once(commits.collect()).await {
        result.expect("commit");
    }
    for account in [alice(), bob()] {
        assert_eq!(keys(&store, account, Table::RoomIndex, None).await.len(), 8);
    }
}

pub async fn only_the_last_owner_can_commit(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let first = store.take_over(alice()).await.expect("take over");
    owned_put(&store, first, "first").await.expect("the owner commits");
    let second = store.take_over(alice()).await.expect("take over");
    assert!(second > first, "epochs grow: {first}, then {second}");
    owned_put(&store, second, "second").await.expect("the new owner commits");
    for stale in [first, second + 1, 0] {
        let refused = owned_put(&store, stale, "stale").await;
        assert!(matches!(refused, Err(StorageError::EpochLost)), "epoch {stale} is not the owner's: {refused:?}");
    }
    assert_eq!(get(&store, alice(), &[page(1)]).await, [Some("second".to_owned())]);
    put(&store, alice(), &[(page(1), "anybody")]).await;
    assert_eq!(get(&store, alice(), &[page(1)]).await, [Some("anybody".to_owned())], "no epoch named, none checked");
}

pub async fn an_epoch_is_never_given_twice(place: &impl StoreUnderTest) {
    let store = place.open().await;
    let before = store.take_over(alice()).await.expect("take over");
    store.delete_account(alice()).await.expect("delete");
    let orphaned = owned_put(&store, before, "orphan").await;
    assert!(matches!(orphaned, Err(StorageError::EpochLost)), "the lease went with the account: {orphaned:?}");
    let after = store.take_over(alice()).await.expect("take over");
    assert!(after > before, "an owner from before the deletion must not pass for the new one: {before}, {after}");
}

pub async fn a_refused_batch_writes_nothing(place: &impl StoreUnderTest) {
    let store = place.open().await;
    put(&store, alice(), &[(page(1), "kept")]).await;
    let epoch = store.take_over(alice()).await.expect("take over");
    let writes = vec![
        Write::Put(page(2), b"no".to_vec()),
        Write::Delete(page(1)),
        Write::DeleteRange(Table::RoomIndex, String::new(), "zz".to_owned()),
    ];
    let batch = Batch { writes, epoch: Some(epoch + 1), ..Batch::default() };
    assert!(matches!(store.commit(alice(), batch).await, Err(StorageError::EpochLost)));
    assert_eq!(keys(&store, alice(), Table::RoomIndex, None).await, ["01"]);
}

fn page(number: u8) -> RecordKey {
    RecordKey::RoomIndex(number)
}

fn text(value: Vec<u8>) -> String {
    String::from_utf8(value).expect("the cases' values are text")
}

async fn commit(store: &impl Storage, account: &UserId, writes: Vec<Write>) {
    store.commit(account, Batch { writes, ..Batch::default() }).await.expect("commit");
}

async fn put(store: &impl Storage, account: &UserId, records: &[(RecordKey, &str)]) {
    let writes = records.iter().map(|(key, value)| Write::Put(key.clone(), value.as_bytes().to_vec()));
    commit(store, account, writes.collect()).await;
}

async fn owned_put(store: &impl Storage, epoch: u64, value: &str) -> Result<(), StorageError> {
    let writes = vec![Write::Put(page(1), value.into())];
    store.commit(alice(), Batch { writes, epoch: Some(epoch), ..Batch::default() }).await
}

async fn get(store: &impl Storage, account: &UserId, keys: &[RecordKey]) -> Vec<Option<String>> {
    store.get(account, keys).await.expect("get").into_iter().map(|value| value.map(text)).collect()
}

async fn keys(store: &impl Storage, account: &UserId, table: Table, range: Option<(String, String)>) -> Vec<String> {
    store.scan(account, table, range).await.expect("scan").into_iter().map(|(key, _)| key).collect()
}

/// Polls all futures side by side until each is done: no runtime is the same on every target.
async fn all_at_once<T>(mut futures: Vec<LocalFuture<'_, T>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}
