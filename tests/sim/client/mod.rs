//! A client that follows the protocol: what it asks, what it has put together from the answers, what it has stored.
//!
//! Invariant: it knows nothing of the model. What it has comes from answers alone.

mod assembled;
mod config;
mod news;
mod timeline;

use std::{cell::RefCell, rc::Rc};

use sash_sync::connection::Wire;
use serde_json::{Map, Value};
use tokio::task::JoinHandle;

pub use self::{
    assembled::{Assembled, Room},
    config::{Config, Filters, List, RoomConfig, Scope, USER},
    news::{Deaf, News},
    timeline::{Place, Timeline},
};

/// One client.
pub struct Client {
    /// Which of the clients.
    pub number: usize,
    /// Its device's id.
    pub device: String,
    pub wire: Wire,
    pub conn_id: String,
    /// Whether it is of the old kind: no `conn_id`, and each subscription is sent once (`spec/clients.md` §6.2).
    pub is_sticky: bool,
    /// Whether it is the one of its device that takes to-device messages.
    pub takes_to_device: bool,
    pub config: Config,
    /// What it has.
    pub has: Assembled,
    /// What it would have after a restart.
    pub stored: Assembled,
    pub waiting: Option<Waiting>,
    /// Requests in whose place it sent another: it wants no answer to them any more.
    pub overtaken: Vec<Waiting>,
    /// Whether it takes an answer to an older request that comes late: a planted bug.
    pub takes_overtaken: bool,
    /// What fetches a notification meanwhile.
    pub beside: Option<Beside>,
    /// Whether the answer that it waits for will be lost.
    pub lose: bool,
    /// What never reaches it while it waits: a planted bug.
    pub deaf: Option<Deaf>,
    /// Whether the last answer brought nothing new.
    pub quiet: bool,
    /// Whether its connection may have made room for others.
    pub crowded_out: bool,
    /// Whether it may have to begin anew, because whose devices changed is not known.
    pub chain_broken: bool,
    /// When it had its last answer, in milliseconds.
    pub last_answer: u64,
}

/// A request on its way.
pub struct Waiting {
    pub task: JoinHandle<()>,
    pub reply: Rc<RefCell<Option<Reply>>>,
    /// What it asked.
    pub config: Config,
    /// Up to which to-device message it had stored what came.
    pub since: Option<String>,
    /// Whether other clients of its device made connections meanwhile, for which its own may have to make room.
    pub is_crowded: bool,
}

/// What fetches a notification while the application runs (`spec/clients.md` §6.11): some requests as the client's own
/// loop makes them, on the same connection and with the same store, but beginning without `pos`.
#[derive(Default)]
pub struct Beside {
    /// How many answers it has had.
    pub answers: usize,
    pub waiting: Option<Waiting>,
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Reply {
    Answer(Value),
    /// Status, `errcode` and sentence.
    Error(u16, String, String),
}

impl Client {
    /// Returns the URL's query and the body of its next request.
    pub fn request(&self, pos: Option<&str>, timeout: u64) -> (String, Value) {
        self.config.request(self, pos, timeout)
    }

    /// Takes an answer.
    pub fn take(&mut self, answer: &Value, asked: &Waiting, now: u64) -> Result<(), String> {
        self.quiet = is_quiet(answer);
        self.has.take(answer, self.wire, asked, now)
    }

    /// Takes an answer that what fetches a notification got. It has messages alone from it, and stores them at once.
    pub fn take_beside(&mut self, answer: &Value, asked: &Waiting) -> Result<String, String> {
        self.has.take_to_device(&answer["extensions"]["to_device"], asked)?;
        self.stored.to_device.clone_from(&self.has.to_device);
        self.stored.to_device_since.clone_from(&self.has.to_device_since);
        answer["pos"].as_str().map(str::to_owned).ok_or_else(|| "an answer without pos".to_owned())
    }

    /// Ends what asks beside it.
    pub fn end_beside(&mut self) {
        let waiting = self.beside.take().and_then(|beside| beside.waiting);
        waiting.iter().for_each(|waiting| waiting.task.abort());
    }

    /// Returns whether it is a loop beside which another may wait on the same connection: one that has never asked for
    /// rooms, nor given up anything else, so that there is nothing to remember of it.
    pub fn may_be_joined(&self) -> bool {
        let is_plain = self.has.pos.is_none() || self.has.loop_for == Some(self.config.globals());
        self.wire == Wire::Simplified && !self.is_sticky && !self.config.asks_for_rooms() && is_plain
    }

    /// Begins anew from what was stored, which is how it was when it asked last.
    pub fn restart(&mut self) {
        self.has = self.stored.clone();
    }

    /// Forgets the connection, and what came over it.
    pub fn reconnect(&mut self) {
        let Assembled { to_device, to_device_since, .. } = std::mem::take(&mut self.has);
        self.has = Assembled { to_device, to_device_since, ..Assembled::default() };
        self.stored = self.has.clone();
    }
}

fn is_quiet(answer: &Value) -> bool {
    let no_rooms = answer["rooms"].as_object().is_none_or(Map::is_empty);
    let is_empty = |section: &Value| match section["events"].as_array() {
        Some(events) => events.is_empty(),
        None => section.as_object().is_none_or(Map::is_empty),
    };
    no_rooms && answer["extensions"].as_object().is_none_or(|extensions| extensions.values().all(is_empty))
}
