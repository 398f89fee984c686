//! Sash in a run: starting it, killing it, and what its devices' polls live through.

use std::{future::Future, rc::Rc, time::Duration};

use ruma::{OwnedDeviceId, UserId};
use sash_sync::account::{Account, Dependencies};
use tokio::task::{JoinHandle, LocalSet};

use super::Simulation;
use crate::{client::USER, operations::Happening};

/// Sash, running.
pub struct Engine {
    pub account: Rc<Account>,
    /// Its tasks live here and die with it.
    pub tasks: Rc<LocalSet>,
    runner: JoinHandle<()>,
}

impl Simulation {
    pub(super) fn account(&self) -> Option<&Rc<Account>> {
        self.engine.as_ref().map(|engine| &engine.account)
    }

    pub(super) async fn start(&mut self) {
        let dependencies = Dependencies {
            storage: Rc::new(self.storage.clone()),
            http: Rc::clone(&self.upstream) as Rc<_>,
            clock: Rc::new(self.clock),
            random: Rc::clone(&self.random) as Rc<_>,
        };
        let user = UserId::parse(USER).expect("a user id");
        let mut tries = 0;
        let account = loop {
            match Account::open(user.clone(), "https://sim", dependencies.clone()).await {
                Ok(account) => break account,
                Err(error) => self.note(|| format!("opening failed: {error}")),
            }
            tries += 1;
            assert!(tries < 20, "the account cannot be opened");
        };
        account.limit_answers(self.answer_limits);
        let tasks = Rc::new(LocalSet::new());
        let polled = Rc::clone(&account);
        let polls: Vec<(OwnedDeviceId, String)> =
            self.devices.iter().map(|device| device.as_str().into()).zip(self.tokens.clone()).collect();
        let running = Rc::clone(&tasks);
        let begin = async move {
            for (device, token) in polls {
                polled.poll(&device, &token);
            }
            std::future::pending::<()>().await;
        };
        // The outer set only keeps the inner one going: dropping that is what a killed process is.
        let runner = spawn(async move { running.run_until(begin).await });
        self.poll_ended.fill(false);
        self.engine = Some(Engine { account, tasks, runner });
    }

    /// Drops everything that Sash has in memory, whatever it is doing.
    pub(super) async fn kill(&mut self) {
        let Some(engine) = self.engine.take() else { return };
        for client in &mut self.clients {
            client.waiting = None;
            client.overtaken.clear();
            client.beside = None;
            client.lose = false;
        }
        self.crowd.clear();
        engine.runner.abort();
        let _ = engine.runner.await;
        drop(engine.account);
        drop(engine.tasks);
    }

    /// Kills Sash and starts it again; `lost` is how many commits the power takes along.
    pub(super) async fn crash(&mut self, lost: Option<usize>) {
        self.kill().await;
        if let Some(lost) = lost {
            let may_be_lost = self.storage.lossy_commits();
            self.note(|| format!("  of {may_be_lost} commits that may be lost"));
            self.storage.lose_power(lost);
            self.power_was_lost = true;
        }
        self.note_restart();
        self.start().await;
    }

    /// Lets Sash be off for some days, in which this and that happens.
    pub(super) async fn sleep(&mut self, days: u64) {
        self.kill().await;
        self.note_restart();
        tokio::time::advance(Duration::from_secs(days * 86_400)).await;
        for seed in 0..days.min(4) {
            let happening = Happening::ALL[(seed + days) as usize % Happening::ALL.len()];
            let seed = seed ^ self.clock.millis();
            self.operate(seed, |operations| {
                let done = operations.one(happening);
                operations.done.push(done);
            });
        }
        self.start().await;
    }

    fn note_restart(&mut self) {
        let world = self.world.borrow();
        let typed =
            world.rooms.iter().filter(|room| !room.typing.is_empty() || room.typing_pos > 0).map(|room| room.no);
        self.ledger.typing_unknown.extend(typed);
        drop(world);
        self.note_uses_forgotten();
        self.upstream.forget_polls();
        // Until the polls tell, nothing that happens is known to come after anything.
        self.ledger.note_restart();
    }

    /// The homeserver takes the device's token no more.
    pub(super) fn expire_token(&mut self, device: usize) {
        self.world.borrow_mut().expire_tokens(self.me, Some(&self.devices[device]), true);
        self.token_refused[device] = true;
        self.ledger.note_disorder();
        self.upstream.note_change();
    }

    /// The device logs in again and hands Sash its new token.
    pub(super) fn renew_token(&mut self, device: usize) {
        let id = self.devices[device].clone();
        self.tokens[device] =
            self.world.borrow_mut().log_in(self.me, Some(id), None, false, self.clock.millis()).access_token;
        self.poll(device);
    }

    /// The device's poll is ended, because nobody uses it.
    pub(super) fn end_poll(&mut self, device: usize) {
        let Some(engine) = &self.engine else { return };
        engine.account.end_poll(self.devices[device].as_str().into());
        self.poll_ended[device] = true;
        self.ledger.note_disorder();
    }

    /// Has the device polled for, as every request of one of its clients does.
    pub(super) fn poll(&mut self, device: usize) {
        let Some(engine) = &self.engine else { return };
        let (account, id, token) =
            (Rc::clone(&engine.account), self.devices[device].clone(), self.tokens[device].clone());
        self.poll_ended[device] = false;
        // Its tasks must live and die with Sash.
        engine.tasks.spawn_local(async move { account.poll(id.as_str().into(), &token) });
    }

    /// Undoes what was done to tokens and polls.
    pub(super) fn heal_devices(&mut self) {
        for device in 0..self.devices.len() {
            if self.token_refused[device] {
                self.renew_token(device);
            } else if self.poll_ended[device] {
                self.poll(device);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the run spawns beside Sash, to be able to kill it with all its tasks")]
fn spawn(future: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    tokio::task::spawn_local(future)
}
