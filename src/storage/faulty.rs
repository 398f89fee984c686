//! A store that fails on purpose: for the simulator and for tests of what happens around a commit.
//!
//! Invariant: what it forgets is always the newest commits, never one from their midst, and never a strict one or
//! anything before it. That is what a journal, be it SQLite's or LevelDB's, leaves after a power loss.

use std::{cell::RefCell, collections::VecDeque, future::poll_fn, rc::Rc, task::Poll};

use ruma::UserId;

use super::{Batch, Durability, MemoryStorage, Record, Storage, StorageError, memory::Replaced};
use crate::{
    model::{RecordKey, Table},
    platform::LocalFuture,
};

/// How many relaxed commits a power loss can take at most: a real disk does not wait for ever either.
const LOSSY_COMMITS: usize = 1024;

/// What goes wrong with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and nothing is written.
    BeforeWriting,
    /// It is written, but the caller is told that it failed.
    AfterWriting,
    /// It fails and nothing is written, because there is no room.
    Quota,
}

/// A [`MemoryStorage`] whose commits can fail and whose power can go. A clone is a second handle to the same store.
///
/// Every call gives way to other tasks once before it works and, when it writes, once after, so that a simulation sees
/// what happens in between.
#[derive(Clone, Debug, Default)]
pub struct FaultyStorage {
    memory: MemoryStorage,
    state: Rc<RefCell<State>>,
}

#[derive(Debug, Default)]
struct State {
    commits: u64,
    /// The number of a commit, counted as `commits` does, and what goes wrong with it.
    faults: Vec<(u64, Fault)>,
    /// For each commit that a power loss could take, oldest first: what it replaced.
    lossy: VecDeque<Vec<Replaced>>,
}

impl FaultyStorage {
    /// Returns an empty store that does not fail yet.
    pub fn new() -> FaultyStorage {
        FaultyStorage::default()
    }

    /// Lets the `nth` commit from now, counted from 1, go wrong.
    pub fn fail_commit(&self, nth: u64, fault: Fault) {
        let mut state = self.state.borrow_mut();
        let number = state.commits + nth;
        state.faults.push((number, fault));
    }

    /// Returns how many commits there have been, failed ones included.
    pub fn commits(&self) -> u64 {
        self.state.borrow().commits
    }

    /// Returns how many commits a power loss now could take.
    pub fn lossy_commits(&self) -> usize {
        self.state.borrow().lossy.len()
    }

    /// Takes back the newest `lost` commits, at most all those since the last strict one. What is left is on the disk.
    pub fn lose_power(&self, lost: usize) {
        let mut state = self.state.borrow_mut();
        for _ in 0..lost {
            let Some(replaced) = state.lossy.pop_back() else { break };
            for (address, before) in replaced.into_iter().rev() {
                self.memory.restore(address, before);
            }
        }
        state.lossy.clear();
    }

    fn write(&self, account: &UserId, batch: Batch) -> Result<(), StorageError> {
        let fault = self.next_fault();
        match fault {
            Some(Fault::BeforeWriting) => return Err(failed("told to fail before writing")),
            Some(Fault::Quota) => return Err(StorageError::Quota),
            Some(Fault::AfterWriting) | None => (),
        }
        let durability = batch.durability;
        let replaced = self.memory.write(account, batch)?;
        self.remember(replaced, durability);
        match fault {
            Some(_) => Err(failed("told to fail after writing")),
            None => Ok(()),
        }
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut state = self.state.borrow_mut();
        state.commits += 1;
        let number = state.commits;
        let index = state.faults.iter().position(|(at, _)| *at == number)?;
        Some(state.faults.swap_remove(index).1)
    }

    fn remember(&self, replaced: Vec<Replaced>, durability: Durability) {
        let lossy = &mut self.state.borrow_mut().lossy;
        match durability {
            // A journal is written in order: what is on the disk takes all that came before it along.
            Durability::Strict => lossy.clear(),
            Durability::Relaxed => lossy.push_back(replaced),
        }
        if lossy.len() > LOSSY_COMMITS {
            lossy.pop_front();
        }
    }
}

impl Storage for FaultyStorage {
    fn get<'a>(
        &'a self,
        account: &'a UserId,
        keys: &'a [RecordKey],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>, StorageError>> {
        Box::pin(async move {
            give_way().await;
            self.memory.get(account, keys).await
        })
    }

    fn scan<'a>(
        &'a self,
        account: &'a UserId,
        table: Table,
        range: Option<(String, String)>,
    ) -> LocalFuture<'a, Result<Vec<Record>, StorageError>> {
        Box::pin(async move {
            give_way().await;
            self.memory.scan(account, table, range).await
        })
    }

    fn commit<'a>(&'a self, account: &'a UserId, batch: Batch) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            give_way().await;
            let result = self.write(account, batch);
            give_way().await;
            result
        })
    }

    fn take_over<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<u64, StorageError>> {
        Box::pin(async move {
            give_way().await;
            self.memory.take_over(account).await
        })
    }

    fn delete_account<'a>(&'a self, account: &'a UserId) -> LocalFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            give_way().await;
            self.remember(self.memory.delete(account), Durability::Strict);
            give_way().await;
            Ok(())
        })
    }
}

fn failed(message: &str) -> StorageError {
    StorageError::Backend { backend: "faulty", message: message.to_owned() }
}

/// Is pending once, so that other tasks run.
async fn give_way() {
    let mut gave_way = false;
    poll_fn(|context| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
crate::storage_conformance!(conformance, super::FaultyStorage::new());

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;
    use crate::storage::Write;

    async fn commit(store: &FaultyStorage, page: u8, durability: Durability) -> Result<(), StorageError> {
        let writes = vec![Write::Put(RecordKey::RoomIndex(page), vec![page])];
        store.commit(user_id!("@a:x"), Batch { writes, durability, epoch: None }).await
    }

    async fn pages(store: &FaultyStorage) -> Vec<u8> {
        let records = store.scan(user_id!("@a:x"), Table::RoomIndex, None).await.unwrap();
        records.into_iter().flat_map(|(_, value)| value).collect()
    }

    #[tokio::test]
    async fn a_power_loss_takes_the_newest_relaxed_commits_and_no_strict_one() {
        let store = FaultyStorage::new();
        commit(&store, 0, Durability::Relaxed).await.unwrap();
        commit(&store, 1, Durability::Strict).await.unwrap();
        commit(&store, 2, Durability::Relaxed).await.unwrap();
        commit(&store, 3, Durability::Relaxed).await.unwrap();
        assert_eq!(store.lossy_commits(), 2);
        store.lose_power(1);
        assert_eq!(pages(&store).await, [0, 1, 2], "one commit is lost");
        commit(&store, 3, Durability::Relaxed).await.unwrap();
        store.lose_power(usize::MAX);
        assert_eq!(pages(&store).await, [0, 1, 2], "what a power loss left is on the disk");
    }

    #[tokio::test]
    async fn a_power_loss_brings_back_what_was_overwritten_and_deleted() {
        let store = FaultyStorage::new();
        commit(&store, 1, Durability::Strict).await.unwrap();
        commit(&store, 2, Durability::Strict).await.unwrap();
        let writes = vec![
            Write::Put(RecordKey::RoomIndex(1), vec![9]),
            Write::DeleteRange(Table::RoomIndex, "00".to_owned(), "ff".to_owned()),
            Write::Put(RecordKey::RoomIndex(1), vec![8]),
        ];
        store.commit(user_id!("@a:x"), Batch { writes, ..Batch::default() }).await.unwrap();
        assert_eq!(pages(&store).await, [8]);
        store.lose_power(1);
        assert_eq!(pages(&store).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_commit_fails_where_it_is_told_to() {
        let store = FaultyStorage::new();
        store.fail_commit(2, Fault::BeforeWriting);
        store.fail_commit(3, Fault::AfterWriting);
        store.fail_commit(4, Fault::Quota);
        let mut failed = Vec::new();
        for page in 1..=5 {
            if commit(&store, page, Durability::Relaxed).await.is_err() {
                failed.push(page);
            }
        }
        assert_eq!(failed, [2, 3, 4]);
        assert_eq!(pages(&store).await, [1, 3, 5], "the third was written all the same");
    }
}
