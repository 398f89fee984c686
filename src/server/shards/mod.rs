//! The threads on which accounts live, and how handlers talk to them.
//!
//! Invariants: an account lives on the shard that its user id hashes to, and nowhere else; a shard's queue is bounded;
//! a handler that goes away takes its request with it.

mod accounts;
mod shard;

use std::{hash::Hasher, io, sync::Arc, thread};

use ruma::{OwnedRoomId, OwnedUserId, UserId};
use rustc_hash::FxHasher;
use tokio::sync::{mpsc, oneshot, watch};

use self::shard::Shard;
use super::{
    config::Config,
    error::ApiError,
    http_client::ShardHttpClient,
    identity::{Identity, Token},
    sqlite::SqliteStorage,
    tokens::{KeptToken, TokenStore},
    trust::Trust,
};
use crate::{
    connection::{ExplainRequest, SyncRequest, Wire},
    limits::SHARD_QUEUE,
    model::TokenSide,
};

/// What every shard is given.
#[derive(Clone)]
pub struct World {
    /// What the server was told.
    pub config: Arc<Config>,
    /// Where accounts are kept.
    pub storage: SqliteStorage,
    /// Where the tokens of polled devices are kept.
    pub tokens: TokenStore,
    /// Which tokens are trusted.
    pub trust: Arc<Trust>,
}

/// The way to the shards.
#[derive(Clone)]
pub struct Shards {
    commands: Arc<[mpsc::Sender<Command>]>,
    stopping: watch::Receiver<bool>,
}

/// The shards' threads.
pub struct Running {
    stop: watch::Sender<bool>,
    /// A shard's number comes when its thread has ended, however it did.
    ended: mpsc::Receiver<usize>,
    count: usize,
}

/// What a shard is asked.
enum Command {
    Sync {
        identity: Identity,
        token: Token,
        wire: Wire,
        request: Box<SyncRequest>,
        reply: Reply<Vec<u8>>,
    },
    Status {
        user: OwnedUserId,
        reply: Reply<Vec<u8>>,
    },
    Explain {
        identity: Identity,
        request: ExplainRequest,
        reply: Reply<Vec<u8>>,
    },
    V2Token {
        identity: Identity,
        pos: String,
        side: TokenSide,
        reply: Reply<Option<String>>,
    },
    /// Answers whether there was a poll.
    EndPoll {
        identity: Identity,
        reply: Reply<bool>,
    },
    EndPolls {
        user: OwnedUserId,
        reply: Reply<bool>,
    },
    ForgetRoom {
        user: OwnedUserId,
        room: OwnedRoomId,
        reply: Reply<()>,
    },
    Resume(Vec<KeptToken>),
}

type Reply<T> = oneshot::Sender<Result<T, ApiError>>;

impl Shards {
    /// Starts the threads.
    pub fn start(world: &World) -> io::Result<(Shards, Running)> {
        let count = world.config.shards;
        let (stop, stopping) = watch::channel(false);
        let (ended, ended_receiver) = mpsc::channel(count);
        let mut commands = Vec::with_capacity(count);
        for number in 0..count {
            let (sender, receiver) = mpsc::channel(SHARD_QUEUE);
            let http = ShardHttpClient::new().map_err(io::Error::other)?;
            let (world, stopping) = (world.clone(), stopping.clone());
            let end = End { number, ended: ended.clone() };
            let body = move || {
                let _end = end;
                run(world, http, receiver, stopping);
            };
            thread::Builder::new().name(format!("shard-{number}")).spawn(body)?;
            commands.push(sender);
        }
        let shards = Shards { commands: commands.into(), stopping };
        Ok((shards, Running { stop, ended: ended_receiver, count }))
    }

    /// Answers a sliding sync request. Dropping the future cancels it.
    pub async fn sync(
        &self,
        identity: Identity,
        token: Token,
        wire: Wire,
        request: SyncRequest,
    ) -> Result<Vec<u8>, ApiError> {
        let user = identity.user.clone();
        self.ask(&user, |reply| Command::Sync { identity, token, wire, request: Box::new(request), reply }).await
    }

    /// Returns the status of a user's account as JSON.
    pub async fn status(&self, user: OwnedUserId) -> Result<Vec<u8>, ApiError> {
        self.ask(&user.clone(), |reply| Command::Status { user, reply }).await
    }

    /// Explains a room of a user's account as JSON.
    pub async fn explain(&self, identity: Identity, request: ExplainRequest) -> Result<Vec<u8>, ApiError> {
        let user = identity.user.clone();
        self.ask(&user, |reply| Command::Explain { identity, request, reply }).await
    }

    /// Returns the v2 token that a `pos` stands for.
    pub async fn v2_token(&self, identity: Identity, pos: String, side: TokenSide) -> Result<Option<String>, ApiError> {
        let user = identity.user.clone();
        self.ask(&user, |reply| Command::V2Token { identity, pos, side, reply }).await
    }

    /// Ends the poll of a device until its next sliding sync request. Returns whether it was polled.
    pub async fn end_poll(&self, identity: Identity) -> Result<bool, ApiError> {
        let user = identity.user.clone();
        self.ask(&user, |reply| Command::EndPoll { identity, reply }).await
    }

    /// Ends the polls of all devices of a user. Returns whether there was any.
    pub async fn end_polls(&self, user: OwnedUserId) -> Result<bool, ApiError> {
        self.ask(&user.clone(), |reply| Command::EndPolls { user, reply }).await
    }

    /// Forgets a room that the user has forgotten on the homeserver.
    pub async fn forget_room(&self, user: OwnedUserId, room: OwnedRoomId) -> Result<(), ApiError> {
        self.ask(&user.clone(), |reply| Command::ForgetRoom { user, room, reply }).await
    }

    /// Polls on for devices that were in use before the server started.
    pub async fn resume(&self, tokens: Vec<KeptToken>) {
        let mut shares: Vec<Vec<KeptToken>> = self.commands.iter().map(|_| Vec::new()).collect();
        for token in tokens {
            let number = self.number_of(&token.identity.user);
            if let Some(share) = shares.get_mut(number) {
                share.push(token);
            }
        }
        for (commands, share) in self.commands.iter().zip(shares) {
            // One that has ended is noticed elsewhere.
            let _ = commands.send(Command::Resume(share)).await;
        }
    }

    /// Waits until the shards are told to stop.
    pub async fn stopping(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that nobody is left to tell us: the same.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }

    fn number_of(&self, user: &UserId) -> usize {
        let mut hasher = FxHasher::default();
        hasher.write(user.as_bytes());
        (hasher.finish() % self.commands.len().max(1) as u64) as usize
    }

    async fn ask<T>(&self, user: &UserId, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, ApiError> {
        let (reply, answer) = oneshot::channel();
        let Some(commands) = self.commands.get(self.number_of(user)) else {
            return Err(ApiError::internal());
        };
        commands.send(command(reply)).await.map_err(|_| self.no_answer())?;
        answer.await.map_err(|_| self.no_answer())?
    }

    /// The shard dropped the request: because it stops, or because answering it panicked.
    fn no_answer(&self) -> ApiError {
        if *self.stopping.borrow() { ApiError::stopping() } else { ApiError::internal() }
    }
}

impl Running {
    /// Returns the number of the first shard whose thread ends.
    pub async fn ended(&mut self) -> Option<usize> {
        let number = self.ended.recv().await?;
        self.count = self.count.saturating_sub(1);
        Some(number)
    }

    /// Tells the shards to stop their accounts, answer what waits, and end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until every thread has ended.
    pub async fn all_ended(mut self) {
        while self.count > 0 && self.ended().await.is_some() {}
    }
}

/// Says, when a thread ends in whatever way, that it did.
struct End {
    number: usize,
    ended: mpsc::Sender<usize>,
}

impl Drop for End {
    fn drop(&mut self) {
        // There is room for each shard once.
        let _ = self.ended.try_send(self.number);
    }
}

fn run(world: World, http: ShardHttpClient, commands: mpsc::Receiver<Command>, stopping: watch::Receiver<bool>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "a shard cannot start");
            return;
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, Shard::new(world, http).serve(commands, stopping));
}
