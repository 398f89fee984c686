//! One commit at a time: load → accumulate → write → apply → wake.
//!
//! Invariant: what is computed is computed from what is on the disk. A write that failed may have been done all the same,
//! so it is done again before anything else is; memory follows it then.

use std::{rc::Rc, sync::Arc};

use rustc_hash::FxHashSet;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{
    Account, InMemory, Progress,
    open::{decode, encode},
};
use crate::{
    cache::AccountCache,
    limits,
    model::{Commit, Record, RecordKey, RoomEntry, RoomPage, Step, Timestamp, page_of},
    platform,
    storage::{Batch, Durability, StorageError, Write},
};

impl Account {
    /// Computes a commit from what is in memory, writes it, applies it and wakes who waits. `step` is called again
    /// after each load that it needs; it must not assume that it is called once.
    pub(crate) async fn commit(
        self: &Rc<Self>,
        mut step: impl FnMut(&AccountCache, Timestamp) -> Step<Commit>,
    ) -> Result<(), StorageError> {
        self.commit_if_any(&mut |cache, now| match step(cache, now) {
            Step::Done(commit) => Step::Done(Some(commit)),
            Step::Need(keys) => Step::Need(keys),
        })
        .await
    }

    /// As [`commit`](Account::commit), of a step that may find nothing to do.
    pub(crate) async fn commit_if_any(
        self: &Rc<Self>,
        step: &mut dyn FnMut(&AccountCache, Timestamp) -> Step<Option<Commit>>,
    ) -> Result<(), StorageError> {
        let one_at_a_time = self.settle(Arc::clone(&self.committing).lock_owned().await).await?;
        let mut rounds = 0;
        let commit = loop {
            let now = self.now();
            let result = step(&self.state.borrow().cache, now);
            match result {
                Step::Done(None) => return Ok(()),
                Step::Done(Some(commit)) => break commit,
                Step::Need(keys) => self.load(&keys, &mut rounds).await?,
            }
        };
        let batch = self.batch(&commit)?;
        self.write(commit, batch, one_at_a_time).await.map(drop)
    }

    /// Writes what is in doubt once more.
    async fn settle(self: &Rc<Self>, one_at_a_time: OwnedMutexGuard<()>) -> Result<OwnedMutexGuard<()>, StorageError> {
        let Some(commit) = self.in_doubt.borrow().clone() else { return Ok(one_at_a_time) };
        // Nothing was applied since, so this is the batch that it was.
        let batch = self.batch(&commit)?;
        self.write(commit, batch, one_at_a_time).await
    }

    /// Writes and applies in a task of its own: whoever waits may hang up in the middle, and memory must not stay behind
    /// the disk then.
    async fn write(
        self: &Rc<Self>,
        commit: Commit,
        batch: Batch,
        one_at_a_time: OwnedMutexGuard<()>,
    ) -> Result<OwnedMutexGuard<()>, StorageError> {
        let account = Rc::clone(self);
        let (sender, written) = oneshot::channel();
        platform::spawn(async move {
            let result = account.dependencies.storage.commit(&account.user_id, batch).await;
            match &result {
                Ok(()) => {
                    account.apply(&commit);
                    account.in_doubt.replace(None);
                }
                Err(StorageError::Backend { .. } | StorageError::Closed) => {
                    account.in_doubt.replace(Some(commit));
                }
                // These say that nothing was written.
                Err(_) => {}
            }
            // Nobody may be waiting any more; the lock is free then.
            let _ = sender.send(result.map(|()| one_at_a_time));
        })
        .detach();
        written.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Brings records into memory. `rounds` counts the loads of one step: one that never has enough is a bug, and must
    /// not become an endless loop.
    pub(super) async fn load(&self, keys: &[RecordKey], rounds: &mut usize) -> Result<(), StorageError> {
        *rounds += 1;
        if *rounds > limits::LOAD_ROUNDS {
            return Err(StorageError::Backend {
                backend: "account",
                message: "a step asked for records without end".into(),
            });
        }
        let values = self.dependencies.storage.get(&self.user_id, keys).await?;
        let mut state = self.state.borrow_mut();
        for (key, value) in keys.iter().zip(values) {
            let record = value.and_then(|value| match decode(key.table(), &key.encode(), &value) {
                Ok(record) => Some(record),
                // What the homeserver can be asked again must not stop the account: it is taken for absent.
                Err(error) => {
                    tracing::error!(%error, "dropping a record that cannot be read");
                    None
                }
            });
            state.cache.records.put(key.clone(), record);
        }
        Ok(())
    }

    fn apply(&self, commit: &Commit) {
        for skipped in &commit.skipped {
            tracing::warn!(user = %self.user_id, "skipped {skipped}");
        }
        let (progress, woken) = {
            let mut state = self.state.borrow_mut();
            let InMemory { cache, connections } = &mut *state;
            let changes = cache.apply(commit);
            cache.records.trim();
            (Progress::of(cache), connections.handle_change(cache, &changes))
        };
        self.update_progress(progress);
        for ticket in &woken {
            self.wake(ticket);
        }
        self.changed.notify_waiters();
    }

    fn batch(&self, commit: &Commit) -> Result<Batch, StorageError> {
        let mut writes = Vec::with_capacity(commit.records.len() + 8);
        for (key, record) in &commit.records {
            writes.push(match record {
                Some(record) => Write::Put(key.clone(), encode(key, record)?),
                None => Write::Delete(key.clone()),
            });
        }
        for device in &commit.devices {
            let key = RecordKey::Device(device.device_id.clone());
            let value = encode(&key, &Record::Device(Rc::new(device.clone())))?;
            writes.push(Write::Put(key, value));
        }
        for (page, record) in self.pages(commit) {
            let key = RecordKey::RoomIndex(page);
            let value = encode(&key, &Record::RoomIndex(Rc::new(record)))?;
            writes.push(Write::Put(key, value));
        }
        let account = encode(&RecordKey::Account, &Record::Account(Rc::new(commit.account.clone())))?;
        writes.push(Write::Put(RecordKey::Account, account));
        let durability = if commit.strict { Durability::Strict } else { Durability::Relaxed };
        Ok(Batch { writes, durability, epoch: None })
    }

    /// The pages of the index that the commit changes, as they are after it.
    fn pages(&self, commit: &Commit) -> Vec<(u8, RoomPage)> {
        let state = self.state.borrow();
        let touched: FxHashSet<u8> = commit
            .rooms
            .iter()
            .map(RoomEntry::page)
            .chain(commit.forgotten.iter().map(|room| page_of(room.as_str())))
            .collect();
        let changed: FxHashSet<_> = commit.rooms.iter().map(|entry| &entry.room_id).chain(&commit.forgotten).collect();
        touched
            .into_iter()
            .map(|page| {
                let kept = state.cache.rooms.page(page).filter(|entry| !changed.contains(&entry.room_id));
                let new = commit.rooms.iter().filter(|entry| entry.page() == page);
                (page, RoomPage { rooms: kept.chain(new).cloned().collect() })
            })
            .collect()
    }
}
