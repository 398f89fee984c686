//! What must hold once everybody has caught up, and that whoever waits hears of what it can see.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use rand::Rng;
use serde_json::json;

use super::{Outcome, Simulation};
use crate::{
    failure::Failure,
    homeserver::sync::StateKey,
    homeserver::world::{World, json_of},
    operations::{self, Happening},
    oracle::{Activity, Judge},
};

/// How long everything may take to come to rest, in virtual time.
const SETTLE: Duration = Duration::from_secs(15 * 60);
/// How much longer what is asked for after gaps may take: where asking failed often, the pauses have grown.
const GAPS: Duration = Duration::from_secs(3 * 60);
/// How often one looks whether it has.
const GLANCE: Duration = Duration::from_millis(100);
/// How soon a waiting client must hear of something. What another device sent is held back for a second.
const PROMPT: Duration = Duration::from_secs(3);
/// What happens alone, each as often: kinds of news that have each their own way to wake somebody.
const ALONE: [Happening; 11] = [
    Happening::Message,
    Happening::State,
    Happening::Member,
    Happening::OwnMember,
    Happening::Receipt,
    Happening::Typing,
    Happening::AccountData,
    Happening::ToDevice,
    Happening::Devices,
    Happening::Profile,
    Happening::Presence,
];
/// How often what comes in the background may make clients ask for more.
const BACKGROUND_ROUNDS: usize = 6;
/// How often a client may be told of news in a row while nothing happens.
const ROUNDS: usize = 300;

impl Simulation {
    pub(super) async fn check(&mut self, seed: u64, spoil: &impl Fn(&mut Simulation)) -> Outcome {
        self.counted.checks += 1;
        self.upstream.heal();
        // What is fetched in the background comes soon then.
        self.upstream.be_late(0);
        self.heal_devices();
        // Counts of keys come with the next answer, and only with one.
        self.tick(seed);
        for number in 0..self.clients.len() {
            self.cancel(number);
        }
        self.settle().await?;
        self.settle_gaps().await;
        // What is fetched in the background because of an answer, be it one without news, comes a little later.
        for round in 0..BACKGROUND_ROUNDS {
            // How everybody is is asked for when the first client wants to know.
            let comes_later = round == 0 && self.clients.iter().any(|client| client.config.presence);
            if !self.catch_up().await? && !comes_later && self.upstream.is_at_rest() {
                break;
            }
            self.pass(Duration::from_secs(2)).await;
        }
        self.check_overtaken().await?;
        spoil(self);
        self.compare()?;
        self.check_wake_up(seed).await?;
        self.power_was_lost = false;
        self.clients.iter_mut().for_each(|client| client.chain_broken = false);
        self.token_refused.fill(false);
        self.upstream.be_late(self.late);
        Ok(())
    }

    /// Gives every client something to hear of.
    fn tick(&mut self, seed: u64) {
        let me = self.me;
        self.operate(seed, |operations| {
            operations.world.set_account_data(me, "org.sim.tick", json_of(&json!({ "seed": seed })));
        });
    }

    /// Waits until Sash has everything.
    async fn settle(&mut self) -> Outcome {
        let deadline = self.clock.millis() + SETTLE.as_millis() as u64;
        loop {
            let progress = self.account().map(|account| account.status().borrow().clone());
            let complete = progress.as_ref().is_some_and(|status| status.progress.phase == "complete");
            if complete && self.is_caught_up() && self.upstream.is_at_rest() {
                self.ledger.note_first_poll(self.upstream.first_polls());
                self.ledger.note_rest();
                return Ok(());
            }
            if self.clock.millis() > deadline {
                let complaint = format!("Sash does not come to rest: caught up: {}, {progress:?}", self.is_caught_up());
                return Err(self.fail("settle", vec![complaint]));
            }
            self.pass(GLANCE).await;
        }
    }

    /// Waits until Sash knows what vanished in gaps. Where it has given up, nothing is expected.
    async fn settle_gaps(&mut self) {
        let deadline = self.clock.millis() + GAPS.as_millis() as u64;
        let has_open_gaps =
            |simulation: &Simulation| simulation.account().is_some_and(|account| account.has_open_gaps());
        while has_open_gaps(self) && self.clock.millis() < deadline {
            self.pass(GLANCE).await;
        }
        self.state_told = if has_open_gaps(self) { BTreeMap::new() } else { self.upstream.state_told() };
    }

    fn is_caught_up(&self) -> bool {
        self.devices.iter().all(|device| self.upstream.is_caught_up(self.me, device))
    }

    /// Lets each client ask until there is nothing new. Returns whether there was.
    async fn catch_up(&mut self) -> Result<bool, Failure> {
        let mut had_news = false;
        for number in 0..self.clients.len() {
            let mut rounds = 0;
            loop {
                self.clients[number].quiet = false;
                self.send(number, 0);
                self.wait_for(number).await?;
                if self.clients[number].quiet {
                    break;
                }
                had_news = true;
                rounds += 1;
                if rounds > ROUNDS {
                    return Err(self.fail("restless", vec![format!("client {number} hears something new for ever")]));
                }
            }
        }
        Ok(had_news)
    }

    async fn check_overtaken(&mut self) -> Outcome {
        if self.clients.iter().all(|client| client.overtaken.is_empty()) {
            return Ok(());
        }
        self.pass(Duration::from_secs(1)).await;
        let overtaken = self.clients.iter_mut().flat_map(|client| std::mem::take(&mut client.overtaken));
        let waiting = overtaken.filter(|overtaken| !overtaken.task.is_finished()).count();
        if waiting > 0 {
            return Err(self.fail("superseded", vec![format!("{waiting} superseded requests still wait")]));
        }
        Ok(())
    }

    fn compare(&mut self) -> Outcome {
        self.note_told();
        let world = self.world.borrow();
        let activity = Activity::of(&world);
        let judge = self.judge(&world, &activity, false);
        let complaints: Vec<String> = self.clients.iter().flat_map(|client| judge.complaints(client)).collect();
        if complaints.is_empty() { Ok(()) } else { Err(self.fail("oracle", complaints)) }
    }

    fn note_told(&mut self) {
        self.ledger.paged = self.upstream.paged();
        self.ledger.presence_told = self.upstream.presence_told();
    }

    fn judge<'a>(&'a self, world: &'a World, activity: &'a Activity, is_asleep: bool) -> Judge<'a> {
        Judge {
            world,
            activity,
            ledger: &self.ledger,
            me: self.me,
            crawled: self.upstream.has_crawled(),
            state_told: &self.state_told,
            state_after: self.upstream.state_key != StateKey::State,
            is_asleep,
        }
    }

    /// Everybody waits, something happens: whoever sleeps on must have everything all the same.
    async fn check_wake_up(&mut self, seed: u64) -> Outcome {
        let mut rng = operations::rng(seed ^ 0xa1a4);
        for number in 0..self.clients.len() {
            self.send(number, 30_000);
            if self.clients[number].may_be_joined() {
                self.fetch_beside(number, 0);
            }
        }
        self.pass(Duration::from_millis(500)).await;
        self.collect()?;
        if let Some(busy) = self.clients.iter().find(|client| client.waiting.is_none()) {
            let complaint = format!("client {} asked to wait, and was answered with nothing new", busy.number);
            return Err(self.fail("busy", vec![complaint]));
        }
        let count = rng.random_range(1..4);
        let happenings: Vec<_> = (0..count).map(|_| (rng.random(), Happening::random(&mut rng))).collect();
        self.check_who_sleeps(&happenings).await?;
        // Once more with one thing alone: of several, one may wake whom another should have woken.
        for number in 0..self.clients.len() {
            if self.clients[number].waiting.is_none() {
                self.send(number, 30_000);
            }
        }
        self.pass(Duration::from_millis(500)).await;
        self.collect()?;
        let happening = ALONE[rng.random_range(0..ALONE.len())];
        self.check_who_sleeps(&[(rng.random(), happening)]).await
    }

    async fn check_who_sleeps(&mut self, happenings: &[(u64, Happening)]) -> Outcome {
        for (seed, happening) in happenings.iter().copied() {
            self.operate(seed, |operations| {
                let done = operations.one(happening);
                operations.done.push(done);
            });
        }
        self.pass(PROMPT).await;
        if !self.is_caught_up() {
            // A poll that was ended in between; the next check sees to it.
            return Ok(());
        }
        self.check_sleepers()?;
        self.collect()
    }

    fn check_sleepers(&mut self) -> Outcome {
        self.note_told();
        let world = Rc::clone(&self.world);
        let world = world.borrow();
        let activity = Activity::of(&world);
        let judge = self.judge(&world, &activity, true);
        let is_asleep = |waiting: &crate::client::Waiting| waiting.reply.borrow().is_none();
        let sleepers = self.clients.iter().filter(|client| client.waiting.as_ref().is_some_and(is_asleep));
        let complaints: Vec<String> = sleepers.flat_map(|client| judge.complaints(client)).collect();
        let complaints: Vec<String> = complaints.into_iter().chain(self.sleepers_beside()).collect();
        if complaints.is_empty() { Ok(()) } else { Err(self.fail("asleep", complaints)) }
    }

    /// Whatever waits beside a client must hear of messages as well as the client itself.
    fn sleepers_beside(&self) -> impl Iterator<Item = String> {
        self.clients.iter().filter_map(|client| {
            let waiting = client.beside.as_ref()?.waiting.as_ref().filter(|_| client.takes_to_device)?;
            let sent = self.ledger.to_device.get(&client.device).copied().unwrap_or(0);
            let missed = waiting.reply.borrow().is_none() && (client.has.to_device.len() as u64) < sent;
            missed.then(|| format!("what waits beside client {} hears of no message", client.number))
        })
    }
}
