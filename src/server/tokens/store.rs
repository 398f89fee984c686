//! The table of tokens, on a connection and a thread of its own to the database file that the accounts are in.
//!
//! It is no account data: it must be readable before any account is open, and for all of them at once.

use std::{path::Path, thread::JoinHandle};

use ruma::{OwnedUserId, UserId};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Cipher, Sealed};
use crate::{
    limits::TOKEN_QUEUE,
    model::Timestamp,
    platform::Random,
    server::identity::{Identity, Token},
};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS tokens (
    user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (user_id, device_id)
) STRICT, WITHOUT ROWID";
const RECENT: &str = "SELECT user_id, device_id, nonce, ciphertext, last_seen FROM tokens
    WHERE last_seen >= ? ORDER BY last_seen DESC";
const FORGET_OLD: &str = "DELETE FROM tokens WHERE last_seen < ?";
const PUT: &str = "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)";
const SEEN: &str = "UPDATE tokens SET last_seen = ? WHERE user_id = ? AND device_id = ?";
const REMOVE: &str = "DELETE FROM tokens WHERE user_id = ? AND device_id = ?";
const REMOVE_USER: &str = "DELETE FROM tokens WHERE user_id = ?";

/// Keeps the tokens. Clones share one thread, which ends when the last is gone.
#[derive(Clone)]
pub struct TokenStore {
    cipher: Cipher,
    commands: mpsc::Sender<(Command, oneshot::Sender<bool>)>,
}

/// A device that was in use, with its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// Whose it is.
    pub identity: Identity,
    /// The token.
    pub token: Token,
    /// When a client last used the device.
    pub last_seen: Timestamp,
}

/// The table cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the stored tokens cannot be opened: {0}")]
pub struct TokenStoreError(String);

enum Command {
    Put(Identity, Sealed, Timestamp),
    Seen(Identity, Timestamp),
    Remove(Identity),
    RemoveUser(OwnedUserId),
}

impl TokenStore {
    /// Opens the table in the database at `path`, which the accounts' store must have opened before, forgets what was
    /// last in use before `since`, and returns the rest, latest first. The handle is joined after the last clone has
    /// gone.
    pub fn open(
        path: &Path,
        cipher: Cipher,
        since: Timestamp,
    ) -> Result<(TokenStore, Vec<KeptToken>, JoinHandle<()>), TokenStoreError> {
        let fault = |error: rusqlite::Error| TokenStoreError(error.to_string());
        let connection = Connection::open(path).map_err(fault)?;
        connection.execute_batch(CREATE).map_err(fault)?;
        connection.execute(FORGET_OLD, [to_sql(since)]).map_err(fault)?;
        let kept = recent(&connection, &cipher, since).map_err(fault)?;
        let (commands, receiver) = mpsc::channel(TOKEN_QUEUE);
        let thread = std::thread::Builder::new()
            .name("tokens".to_owned())
            .spawn(move || serve(connection, receiver))
            .map_err(|error| TokenStoreError(error.to_string()))?;
        Ok((TokenStore { cipher, commands }, kept, thread))
    }

    /// Keeps a device's token in place of any that it had. Returns when it is on the disk, or `false` if it could not be
    /// written: whoever is told afterwards that the device is polled may rely on it, also after a kill.
    pub async fn put(&self, identity: &Identity, token: &Token, now: Timestamp, random: &dyn Random) -> bool {
        let sealed = self.cipher.seal(identity, token, random);
        self.write(Command::Put(identity.clone(), sealed, now)).await
    }

    /// Notes that a device is in use, some time soon.
    pub async fn seen(&self, identity: &Identity, now: Timestamp) {
        drop(self.send(Command::Seen(identity.clone(), now)).await);
    }

    /// Forgets a device's token. Returns when it is gone from the disk, if it could be written.
    pub async fn remove(&self, identity: &Identity) {
        self.write(Command::Remove(identity.clone())).await;
    }

    /// Forgets the tokens of all devices of a user. Returns when they are gone from the disk, if it could be written.
    pub async fn remove_user(&self, user: &UserId) {
        self.write(Command::RemoveUser(user.to_owned())).await;
    }

    async fn write(&self, command: Command) -> bool {
        self.send(command).await.await.unwrap_or(false)
    }

    /// Returns what will tell whether it was written.
    async fn send(&self, command: Command) -> oneshot::Receiver<bool> {
        let (done, is_done) = oneshot::channel();
        if self.commands.send((command, done)).await.is_err() {
            tracing::error!("the thread that keeps the tokens has ended");
        }
        is_done
    }
}

/// Returns the tokens in use since then. What cannot be read is counted and left out.
fn recent(connection: &Connection, cipher: &Cipher, since: Timestamp) -> rusqlite::Result<Vec<KeptToken>> {
    let mut statement = connection.prepare(RECENT)?;
    let mut rows = statement.query([to_sql(since)])?;
    let (mut kept, mut unreadable) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        match read(row, cipher) {
            Some(token) => kept.push(token),
            None => unreadable += 1,
        }
    }
    if unreadable > 0 {
        tracing::warn!(unreadable, "stored tokens cannot be read (was the secret changed?): they are asked for anew");
    }
    Ok(kept)
}

fn read(row: &rusqlite::Row<'_>, cipher: &Cipher) -> Option<KeptToken> {
    let user: String = row.get(0).ok()?;
    let device: String = row.get(1).ok()?;
    let identity = Identity { user: user.try_into().ok()?, device: device.into() };
    let nonce: Vec<u8> = row.get(2).ok()?;
    let sealed = Sealed { nonce: nonce.try_into().ok()?, ciphertext: row.get(3).ok()? };
    let last_seen: i64 = row.get(4).ok()?;
    let token = cipher.open(&identity, &sealed)?;
    Some(KeptToken { identity, token, last_seen: Timestamp(u64::try_from(last_seen).unwrap_or(0)) })
}

fn serve(connection: Connection, mut commands: mpsc::Receiver<(Command, oneshot::Sender<bool>)>) {
    while let Some((command, done)) = commands.blocking_recv() {
        let result = write(&connection, command);
        if let Err(error) = &result {
            // The device goes on; after a restart its next request brings the token again.
            tracing::error!(%error, "a token could not be stored");
        }
        // Not everybody waits for it.
        let _ = done.send(result.is_ok());
    }
}

fn write(connection: &Connection, command: Command) -> rusqlite::Result<usize> {
    let execute = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| connection.prepare_cached(sql)?.execute(parameters);
    match command {
        Command::Put(Identity { user, device }, sealed, now) => execute(
            PUT,
            &[&user.as_str(), &device.as_str(), &sealed.nonce.as_slice(), &sealed.ciphertext, &to_sql(now)],
        ),
        Command::Seen(Identity { user, device }, now) => {
            execute(SEEN, &[&to_sql(now), &user.as_str(), &device.as_str()])
        }
        Command::Remove(Identity { user, device }) => execute(REMOVE, &[&user.as_str(), &device.as_str()]),
        Command::RemoveUser(user) => execute(REMOVE_USER, &[&user.as_str()]),
    }
}

fn to_sql(time: Timestamp) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{platform::SystemRandom, server::config::Secret};

    struct Place {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("sash.sqlite");
            Place { _folder: folder, path }
        }

        /// Opens the store, has it written to, and closes it; returns what it held at the beginning.
        async fn session(&self, secret: &str, since: u64, work: impl AsyncFnOnce(&TokenStore)) -> Vec<(String, u64)> {
            let cipher = Cipher::new(&Secret(secret.to_owned()));
            let (store, kept, thread) = TokenStore::open(&self.path, cipher, Timestamp(since)).unwrap();
            work(&store).await;
            drop(store);
            thread.join().unwrap();
            kept.into_iter()
                .map(|kept| (format!("{} {}", kept.identity.device, kept.token.secret()), kept.last_seen.0))
                .collect()
        }
    }

    fn alice(device: &str) -> Identity {
        Identity { user: ruma::user_id!("@alice:example.org").to_owned(), device: device.into() }
    }

    async fn put(store: &TokenStore, device: &str, token: &str, now: u64) {
        let token = Token::new(token.to_owned());
        assert!(store.put(&alice(device), &token, Timestamp(now), &SystemRandom).await, "it is written");
    }

    #[tokio::test]
    async fn tokens_survive_a_restart_latest_first() {
        let place = Place::new();
        let write = async |store: &TokenStore| {
            put(store, "PHONE", "old", 10).await;
            put(store, "PHONE", "new", 11).await;
            put(store, "LAPTOP", "other", 12).await;
            store.seen(&alice("PHONE"), Timestamp(13)).await;
        };
        assert!(place.session("s", 0, write).await.is_empty());
        let kept = place.session("s", 0, async |_| ()).await;
        assert_eq!(kept, [("PHONE new".to_owned(), 13), ("LAPTOP other".to_owned(), 12)]);
    }

    #[tokio::test]
    async fn what_was_put_or_removed_outlives_a_kill() {
        let place = Place::new();
        let open = || TokenStore::open(&place.path, Cipher::new(&Secret("s".to_owned())), Timestamp(0)).unwrap();
        let (store, ..) = open();
        put(&store, "PHONE", "token", 10).await;
        // The first is not closed, as where its process is killed now.
        let (_, kept, _) = open();
        assert_eq!(kept.len(), 1, "what was put is there for whoever comes after");
        store.remove(&alice("PHONE")).await;
        let (_, kept, _) = open();
        assert!(kept.is_empty(), "what was removed is gone: {kept:?}");
    }

    #[tokio::test]
    async fn with_another_secret_there_are_no_tokens_but_the_server_starts() {
        let place = Place::new();
        place.session("s", 0, async |store| put(store, "PHONE", "token", 10).await).await;
        let kept = place.session("other", 0, async |store| put(store, "LAPTOP", "token", 11).await).await;
        assert!(kept.is_empty(), "{kept:?}");
        let kept = place.session("other", 0, async |_| ()).await;
        assert_eq!(kept, [("LAPTOP token".to_owned(), 11)]);
    }

    #[tokio::test]
    async fn what_is_out_of_use_or_logged_out_is_forgotten() {
        let place = Place::new();
        let write = async |store: &TokenStore| {
            for (device, now) in [("OLD", 10), ("PHONE", 20), ("LAPTOP", 20)] {
                put(store, device, "token", now).await;
            }
            store.remove(&alice("LAPTOP")).await;
        };
        place.session("s", 0, write).await;
        let kept = place.session("s", 20, async |_| ()).await;
        assert_eq!(kept, [("PHONE token".to_owned(), 20)]);
        place.session("s", 0, async |store| store.remove_user(&alice("PHONE").user).await).await;
        assert!(place.session("s", 0, async |_| ()).await.is_empty(), "the old one is gone for good");
    }
}
