//! The homeserver as Sash meets it: the model behind the requests that Sash makes, in process, with faults.
//!
//! Invariant: a fault changes what Sash hears, never what the model holds, but for what asking itself does there.

mod call;
mod order;
mod routes;
mod sync;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
    time::Duration,
};

use http::{Request, Response};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use sash_sync::{
    limits,
    platform::{self, LocalFuture},
    upstream::{HttpClient, TransportError},
};
use tokio::sync::Notify;

use self::{
    call::{bearer, decode, is_poll, is_sync, pairs, response},
    order::Order,
};
use crate::{
    clock::VirtualClock,
    homeserver::{
        sync::{Since, StateKey, may_have_news},
        world::{RoomNo, UserNo, Viewer, World},
    },
    junk::with_junk,
    plan::UpstreamFault,
};

/// Failures of the whole in a row after which Sash may fetch rooms one by one, which does not tell everything.
const CRAWL_AFTER: u32 = 4;

/// The homeserver.
pub struct Upstream {
    pub world: Rc<RefCell<World>>,
    clock: VirtualClock,
    rng: RefCell<SmallRng>,
    requests: Cell<u64>,
    /// How many requests are not answered yet.
    asked: Cell<usize>,
    /// How many polls in a row were told that their `since` is unknown.
    refusals: Cell<u32>,
    chain_broken: Cell<bool>,
    /// Under which name state comes: homeservers differ (MSC4222).
    pub state_key: StateKey,
    faults: RefCell<VecDeque<UpstreamFault>>,
    /// The `since` of the poll that waits, by device, moved to where there was nothing to tell it.
    parked: RefCell<BTreeMap<String, Since>>,
    /// The newest `since` that a device has polled with: everything up to it is stored.
    polled: RefCell<BTreeMap<String, u64>>,
    /// The oldest `since` that came first after a start.
    first: Cell<Option<u64>>,
    failed_wholes: Cell<u32>,
    crawled: Cell<bool>,
    /// Of whose presence Sash was told since it was started.
    presence_told: RefCell<BTreeSet<UserNo>>,
    /// Rooms whose history was paged back.
    paged: RefCell<BTreeSet<RoomNo>>,
    /// Rooms whose full state was told, and of which position.
    state_told: RefCell<BTreeMap<RoomNo, u64>>,
    changed: Notify,
    /// How many of a hundred answers are late.
    late: Cell<u32>,
    order: Order,
    /// How many polls get the answer to the one before instead of their own: a planted bug.
    swapped_polls: Cell<u32>,
    /// Their answers, by token.
    earlier_polls: RefCell<BTreeMap<String, String>>,
    /// What was asked and answered since it was told last, where anybody wants to know.
    log: Option<RefCell<Vec<String>>>,
}

impl Upstream {
    /// Returns the homeserver over a model.
    pub fn new(
        world: Rc<RefCell<World>>,
        clock: VirtualClock,
        state_key: StateKey,
        seed: u64,
        traced: bool,
    ) -> Upstream {
        Upstream {
            world,
            clock,
            rng: RefCell::new(SmallRng::seed_from_u64(seed)),
            requests: Cell::default(),
            asked: Cell::default(),
            refusals: Cell::default(),
            chain_broken: Cell::default(),
            state_key,
            faults: RefCell::default(),
            parked: RefCell::default(),
            polled: RefCell::default(),
            first: Cell::default(),
            failed_wholes: Cell::default(),
            crawled: Cell::default(),
            presence_told: RefCell::default(),
            paged: RefCell::default(),
            state_told: RefCell::default(),
            changed: Notify::new(),
            late: Cell::default(),
            order: Order::default(),
            swapped_polls: Cell::default(),
            earlier_polls: RefCell::default(),
            log: traced.then(RefCell::default),
        }
    }

    /// Returns whether a chain of `since` may have begun anew since this was asked last: whose devices changed meanwhile,
    /// nobody tells, so clients that want to know begin anew, too.
    pub fn take_chain_broken(&self) -> bool {
        self.chain_broken.replace(false)
    }

    /// Returns what was asked and answered since this was asked last.
    pub fn take_log(&self) -> Vec<String> {
        self.log.as_ref().map(RefCell::take).unwrap_or_default()
    }

    fn note(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log.borrow_mut().push(format!("{} {}", self.clock.millis() % 1_000_000_000, line()));
        }
    }

    /// Returns how many requests there were.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// Lets the next requests go wrong.
    pub fn fail(&self, fault: UpstreamFault, times: u32) {
        self.faults.borrow_mut().extend(std::iter::repeat_n(fault, times as usize));
    }

    /// Lets so many of a hundred answers come late from now on.
    pub fn be_late(&self, late: u32) {
        self.late.set(late);
    }

    /// Lets the next polls have the answers to the ones before: a planted bug, because a poll waits for the one before.
    pub fn swap_polls(&self, times: u32) {
        self.swapped_polls.set(times);
    }

    /// Returns whether nothing is asked but polls that wait.
    pub fn is_at_rest(&self) -> bool {
        self.asked.get() <= self.parked.borrow().len()
    }

    /// Returns how many answers to polls, and how many others, came after one of the other sort that was made later.
    pub fn overtaken(&self) -> (u64, u64) {
        self.order.overtaken()
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults.borrow_mut().clear();
    }

    /// Returns the rooms whose history was paged back.
    pub fn paged(&self) -> BTreeSet<RoomNo> {
        self.paged.borrow().clone()
    }

    /// Returns of whose presence Sash was told since it was started.
    pub fn presence_told(&self) -> BTreeSet<UserNo> {
        self.presence_told.borrow().clone()
    }

    /// Returns the rooms whose full state was told, and of which position.
    pub fn state_told(&self) -> BTreeMap<RoomNo, u64> {
        self.state_told.borrow().clone()
    }

    /// Wakes the polls that wait, after the model changed.
    pub fn note_change(&self) {
        self.changed.notify_waiters();
    }

    /// Returns the `since` up to which everything is stored by all of `devices`.
    pub fn stored_up_to(&self, devices: &[String]) -> u64 {
        let polled = self.polled.borrow();
        devices.iter().map(|device| polled.get(device).copied().unwrap_or(0)).min().unwrap_or(0)
    }

    /// Forgets what was stored, which the next polls tell, and what was only in memory.
    pub fn forget_polls(&self) {
        self.presence_told.borrow_mut().clear();
        self.polled.borrow_mut().clear();
        self.first.set(None);
    }

    /// Returns from where the devices went on after the last [`Upstream::forget_polls`], the one that was furthest behind.
    pub fn first_polls(&self) -> u64 {
        self.first.get().unwrap_or(0)
    }

    /// Returns whether the device's poll waits and nothing is there for it.
    pub fn is_caught_up(&self, user: UserNo, device: &str) -> bool {
        let Some(since) = self.parked.borrow().get(device).copied() else { return false };
        let world = self.world.borrow();
        !may_have_news(&world, Viewer { user, device, now: self.clock.millis() }, since)
    }

    /// Returns whether rooms may have been fetched one by one, which leaves receipts and the like unknown.
    pub fn has_crawled(&self) -> bool {
        self.crawled.get()
    }

    async fn answer(&self, request: Request<Vec<u8>>, timeout: Duration) -> Result<Response<Vec<u8>>, TransportError> {
        let number = self.requests.get() + 1;
        self.note(|| format!("Sash asks ({number}) {}", decode(&request.uri().to_string())));
        self.requests.set(number);
        let _asked = Asked::new(&self.asked);
        let latency = self.rng.borrow_mut().random_range(1..40);
        platform::sleep(Duration::from_millis(latency)).await;
        let fault = self.faults.borrow_mut().pop_front();
        if fault.is_some() {
            self.note(|| format!("request {number} meets {fault:?}"));
        }
        self.note_whole(&request, fault);
        match fault {
            Some(UpstreamFault::Failed) => return Ok(response(500, r#"{"errcode":"M_UNKNOWN","error":"oops"}"#)),
            Some(UpstreamFault::Gateway) => return Ok(response(502, "<html>Bad Gateway</html>")),
            Some(UpstreamFault::RateLimited) => {
                return Ok(response(429, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#));
            }
            Some(UpstreamFault::Nonsense) => return Ok(response(200, self.nonsense())),
            Some(UpstreamFault::Null) => return Ok(response(200, "null")),
            Some(UpstreamFault::Empty) => return Ok(response(200, "")),
            Some(UpstreamFault::SinceRefused) if is_sync(&request) && self.forget_since(&request) => {
                return Ok(response(400, r#"{"errcode":"M_UNKNOWN","error":"Invalid stream token"}"#));
            }
            Some(UpstreamFault::Timeout) => {
                // Half an hour, which the whole account may take, would make runs long for nothing.
                platform::sleep(timeout.min(Duration::from_secs(120))).await;
                return Err(TransportError::Timeout);
            }
            _ => {}
        }
        if fault == Some(UpstreamFault::Slow) {
            platform::sleep(Duration::from_secs(5)).await;
        }
        let (is_sync, is_poll, token) = (is_sync(&request), is_poll(&request), bearer(&request).to_owned());
        let (status, mut body) = match self.route(request).await {
            Ok(body) => (200, body),
            Err(error) => (error.status, error.body().to_string()),
        };
        let under_way = self.order.make(is_poll);
        self.note(|| format!("request {number} is answered {status} {body}"));
        if let Some(travels) = self.travels() {
            platform::sleep(travels).await;
            self.note(|| format!("the answer to request {number} comes"));
        }
        under_way.comes();
        match fault {
            Some(UpstreamFault::Junk) if is_sync => {
                self.note_presence(&body);
                body = with_junk(&body);
            }
            Some(UpstreamFault::Lost) => return Err(TransportError::Unreachable("the connection broke".to_owned())),
            Some(UpstreamFault::HalfBody) => body.truncate(body.len() / 2),
            _ if body.contains("m.presence") => self.note_presence(&body),
            _ => {}
        }
        if is_poll && status == 200 {
            body = self.swapped(token, body);
        }
        Ok(response(status, body))
    }

    /// Returns how long an answer is on its way, if it is late.
    fn travels(&self) -> Option<Duration> {
        let mut rng = self.rng.borrow_mut();
        if self.late.get() == 0 || !rng.random_ratio(self.late.get(), 100) {
            return None;
        }
        let longest = [50, 300, 1_000, 4_000][rng.random_range(0..4)];
        Some(Duration::from_millis(rng.random_range(1..longest)))
    }

    /// Returns the body, or the one before where polls are swapped.
    fn swapped(&self, token: String, body: String) -> String {
        if self.swapped_polls.get() == 0 {
            return body;
        }
        let mut earlier = self.earlier_polls.borrow_mut();
        match earlier.remove(&token) {
            Some(before) => {
                self.swapped_polls.set(self.swapped_polls.get() - 1);
                before
            }
            None => {
                earlier.insert(token, body.clone());
                body
            }
        }
    }

    fn nonsense(&self) -> &'static str {
        ["<html>Please log in to the network</html>", "[]", "{\"next_batch\":5}", "\"s1\"", "{\"rooms\":", "\u{0}"]
            [self.rng.borrow_mut().random_range(0..6)]
    }

    /// Forgets the place in the stream that a poll asks from. Messages up to there are gone: a homeserver does not send
    /// again what it took for received.
    fn forget_since(&self, request: &Request<Vec<u8>>) -> bool {
        let query = pairs(request.uri().query().unwrap_or_default());
        let since = query.iter().find(|(name, _)| name == "since").and_then(|(_, since)| Since::parse(since).ok());
        let token = bearer(request).to_owned();
        let mut world = self.world.borrow_mut();
        let (Some(since), Ok((user, device))) = (since, world.authenticate(&token)) else { return false };
        world.acknowledge_to_device(user, &device, since.to_device);
        self.refusals.set(self.refusals.get() + 1);
        self.chain_broken.set(self.chain_broken.get() || self.refusals.get() >= limits::SINCE_REFUSALS);
        true
    }

    /// Counts how often the whole account failed in a row.
    fn note_whole(&self, request: &Request<Vec<u8>>, fault: Option<UpstreamFault>) {
        let query = request.uri().query().unwrap_or_default();
        let is_whole = is_sync(request) && !query.contains("since=") && !query.contains("rooms%22%3A%5B%5D");
        if !is_whole {
            return;
        }
        let harmless = matches!(fault, None | Some(UpstreamFault::Slow | UpstreamFault::Junk));
        self.failed_wholes.set(if harmless { 0 } else { self.failed_wholes.get() + 1 });
        if self.failed_wholes.get() >= CRAWL_AFTER {
            self.crawled.set(true);
        }
    }
}

impl HttpClient for Upstream {
    fn send<'a>(
        &'a self,
        request: Request<Vec<u8>>,
        timeout: Duration,
    ) -> LocalFuture<'a, Result<Response<Vec<u8>>, TransportError>> {
        Box::pin(self.answer(request, timeout))
    }
}

/// Says that something is asked, until it is answered or nobody waits for it any more.
struct Asked<'a>(&'a Cell<usize>);

impl<'a> Asked<'a> {
    fn new(count: &'a Cell<usize>) -> Asked<'a> {
        count.set(count.get() + 1);
        Asked(count)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
