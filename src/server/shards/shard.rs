//! One shard: takes commands, and runs each as a task of its own, so that none waits for another and a panic in one is
//! that one's alone.

use std::{cell::RefCell, collections::VecDeque, future::Future, rc::Rc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
};

use super::{Command, Reply, World, accounts::Accounts};
use crate::{
    account::State,
    limits::{RESUME_TURN, RESUMING, SHUTDOWN_GRACE, SWEEP_INTERVAL},
    platform::{Clock, SystemClock, sleep, spawn},
    server::{error::ApiError, http_client::ShardHttpClient, tokens::KeptToken, wire},
};

pub(super) struct Shard {
    accounts: Rc<Accounts>,
    idle_after: Duration,
}

impl Shard {
    pub(super) fn new(world: World, http: ShardHttpClient) -> Shard {
        let idle_after = world.config.idle_after;
        Shard { accounts: Rc::new(Accounts::new(world, http)), idle_after }
    }

    /// Serves until told to stop. Must run within a local task set.
    pub(super) async fn serve(self, mut commands: mpsc::Receiver<Command>, mut stopping: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        let sweep = spawn(sweep(self.accounts.clone(), self.idle_after));
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => break,
                Some(end) = tasks.join_next(), if !tasks.is_empty() => report(end),
                command = commands.recv() => match command {
                    Some(command) => drop(tasks.spawn_local(handle(self.accounts.clone(), command))),
                    None => break,
                },
            }
        }
        drop(sweep);
        let stop = async {
            self.accounts.stop().await;
            while let Some(end) = tasks.join_next().await {
                report(end);
            }
        };
        tokio::select! {
            () = stop => {}
            () = sleep(SHUTDOWN_GRACE) => tracing::warn!("some accounts took too long to stop"),
        }
    }
}

fn report(end: Result<(), JoinError>) {
    if let Err(error) = end
        && error.is_panic()
    {
        tracing::error!("a request failed by a panic; it was answered with an internal error");
    }
}

async fn handle(accounts: Rc<Accounts>, command: Command) {
    match command {
        Command::Sync { identity, token, wire, request, reply } => {
            let work = async {
                let response = accounts.sync(&identity, token, *request).await?;
                Ok(wire::encode(wire, &response))
            };
            answer(reply, work).await;
        }
        Command::Status { user, reply } => {
            let work = async {
                let status = accounts.status(&user).await?;
                serde_json::to_vec(&status).map_err(|_| ApiError::internal())
            };
            answer(reply, work).await;
        }
        Command::Explain { identity, request, reply } => {
            let work = async {
                let explanation = accounts.explain(&identity, &request).await?;
                Ok(wire::encode_explanation(&explanation))
            };
            answer(reply, work).await;
        }
        Command::V2Token { identity, pos, side, reply } => {
            answer(reply, accounts.v2_token(&identity, &pos, side)).await;
        }
        // These go on even if nobody waits for them any more: half of it would be worse than all.
        Command::EndPoll { identity, reply } => {
            let _ = reply.send(Ok(accounts.end_polls(&identity.user, Some(&identity.device)).await));
        }
        Command::EndPolls { user, reply } => {
            let _ = reply.send(Ok(accounts.end_polls(&user, None).await));
        }
        Command::ForgetRoom { user, room, reply } => {
            let _ = reply.send(accounts.forget_room(&user, &room).await);
        }
        Command::Resume(tokens) => resume(accounts, tokens).await,
    }
}

/// Does what was asked and sends the answer, unless whoever asked goes away meanwhile.
async fn answer<T>(mut reply: Reply<T>, work: impl Future<Output = Result<T, ApiError>>) {
    let result = tokio::select! {
        biased;
        () = reply.closed() => return,
        result = work => result,
    };
    let _ = reply.send(result);
}

/// Resumes the polls of devices, a few at a time: each begins by reading its account from the disk.
async fn resume(accounts: Rc<Accounts>, tokens: Vec<KeptToken>) {
    let queue = Rc::new(RefCell::new(VecDeque::from(tokens)));
    let mut workers = JoinSet::new();
    for _ in 0..RESUMING {
        let (accounts, queue) = (accounts.clone(), queue.clone());
        workers.spawn_local(async move {
            loop {
                let next = queue.borrow_mut().pop_front();
                match next {
                    Some(kept) if !accounts.is_stopping() => resume_one(&accounts, kept).await,
                    _ => return,
                }
            }
        });
    }
    while let Some(end) = workers.join_next().await {
        report(end);
    }
}

async fn resume_one(accounts: &Accounts, kept: KeptToken) {
    let user = kept.identity.user.clone();
    let mut status = match accounts.resume(kept).await {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%user, error = error.body.error, "an account could not be opened");
            return;
        }
    };
    let settled = status.wait_for(|status| !matches!(status.state, State::Starting | State::CatchingUp));
    tokio::select! {
        _ = settled => {}
        () = sleep(RESUME_TURN) => {}
    }
}

/// Ends the polls of devices that nobody uses, as long as it is not dropped.
async fn sweep(accounts: Rc<Accounts>, idle_after: Duration) {
    let interval = (idle_after / 4).clamp(Duration::from_millis(100), SWEEP_INTERVAL);
    loop {
        sleep(interval).await;
        accounts.end_idle(idle_after, SystemClock.now()).await;
    }
}
