//! What one connection was sent: the confirmed state, and the delta that an answer adds to it.
//!
//! Invariants: a state changes only by a delta that the client confirmed; what merely follows the frontier (the
//! position in `pos`) is not written down, so an answer with only such rooms has an empty delta.

use std::rc::Rc;

use ruma::{OwnedRoomId, OwnedUserId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::{extensions::typing, request::RoomConfig, rooms::Wanted};
use crate::cache::AccountCache;
use crate::limits::{LAZY_MEMBERS, SHARED_CONFIGS};
use crate::model::{Membership, Ordinal, Position, RoomEntry};

/// Up to where something was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Not at all.
    #[default]
    #[serde(rename = "n")]
    Never,
    /// Up to the frontier, wherever that is.
    #[serde(rename = "l")]
    Live,
    /// Up to this position; it has fallen behind the frontier since.
    #[serde(rename = "u")]
    Upto(Position),
}

impl Mark {
    /// Returns the position up to which it was sent, `None` if never.
    pub fn position(self, frontier: Position) -> Option<Position> {
        match self {
            Mark::Never => None,
            Mark::Live => Some(frontier),
            Mark::Upto(position) => Some(position),
        }
    }

    /// Returns the mark of something that is not sent now although it changed: what followed the frontier stays behind.
    pub fn frozen(self, frontier: Position) -> Mark {
        if self == Mark::Live { Mark::Upto(frontier) } else { self }
    }

    /// Returns whether nothing was sent.
    pub fn is_never(&self) -> bool {
        *self == Mark::Never
    }
}

/// What a room was sent with: remembered so that growth is told from what was there before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SentConfig {
    /// The largest `timeline_limit` that the client's timeline still satisfies.
    #[serde(rename = "t")]
    pub timeline_limit: u32,
    /// The state that was wanted last, and sent.
    #[serde(rename = "w")]
    pub wanted: Wanted,
    /// What was wanted earlier, and sent up to the position: wanting it again sends only what changed since.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<(Wanted, Position)>,
}

/// Up to where each per-room extension was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMarks {
    /// Room account data.
    #[serde(rename = "a", default, skip_serializing_if = "Mark::is_never")]
    pub account_data: Mark,
    /// Receipts.
    #[serde(rename = "r", default, skip_serializing_if = "Mark::is_never")]
    pub receipts: Mark,
    /// Typing.
    #[serde(rename = "t", default, skip_serializing_if = "Mark::is_never")]
    pub typing: Mark,
    /// `sash.counts`.
    #[serde(rename = "c", default, skip_serializing_if = "Mark::is_never")]
    pub counts: Mark,
}

/// What the client has of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSent {
    /// Up to where the room itself was sent; never [`Mark::Never`].
    pub mark: Mark,
    /// The membership that it was sent with.
    pub membership: Membership,
    /// The `is_dm` that it was sent with.
    pub is_dm: bool,
    /// The configuration that it was sent with.
    pub config: Rc<SentConfig>,
    /// The client has every event from here on, up to the mark; `None` if it has none.
    pub sent_from: Option<Ordinal>,
    /// Whether fewer events than wanted were held then without a hole, so that older ones are sent when they come.
    pub short: bool,
    /// Members sent by lazy loading since the client last flushed them.
    pub members: Rc<FxHashSet<OwnedUserId>>,
    /// The extensions.
    pub marks: RoomMarks,
}

/// What an answer adds to what the client has of one room.
#[derive(Clone, Debug)]
pub struct RoomDelta {
    /// The room afterwards, but for its `members`, which come from the state and the two fields below.
    pub sent: RoomSent,
    /// Whether the client flushes its members.
    pub flush: bool,
    /// Members that are sent.
    pub members: Vec<OwnedUserId>,
}

impl RoomDelta {
    /// Returns the delta that leaves the members as they are.
    pub fn of(sent: RoomSent) -> RoomDelta {
        RoomDelta { sent, flush: false, members: Vec::new() }
    }

    fn applied_to(self, before: Option<RoomSent>) -> RoomSent {
        let RoomDelta { mut sent, flush, members } = self;
        sent.members = before.filter(|_| !flush).map(|before| before.members).unwrap_or_default();
        if !members.is_empty() {
            let set = Rc::make_mut(&mut sent.members);
            if set.len() + members.len() > LAZY_MEMBERS {
                set.clear();
            }
            set.extend(members);
        }
        sent
    }
}

/// Up to where what belongs to no room was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalMarks {
    /// Device lists and key counts.
    #[serde(rename = "e", default, skip_serializing_if = "Mark::is_never")]
    pub e2ee: Mark,
    /// Global account data.
    #[serde(rename = "a", default, skip_serializing_if = "Mark::is_never")]
    pub account_data: Mark,
    /// Presence.
    #[serde(rename = "p", default, skip_serializing_if = "Mark::is_never")]
    pub presence: Mark,
}

/// The numbers below this one stand for connections that keep no state: their bits tell which extensions were on.
pub const FIRST_STATE: u64 = 8;

impl GlobalMarks {
    /// Returns the marks that a stateless `pos` stands for.
    pub fn from_bits(bits: u64) -> GlobalMarks {
        let mark = |bit: u64| if bits & bit == 0 { Mark::Never } else { Mark::Live };
        GlobalMarks { e2ee: mark(1), account_data: mark(2), presence: mark(4) }
    }

    /// Returns the number of a stateless `pos`, or `None` where the marks need state: one stays behind the frontier.
    pub fn to_bits(self) -> Option<u64> {
        let bit = |mark: Mark, bit: u64| match mark {
            Mark::Never => Some(0),
            Mark::Live => Some(bit),
            Mark::Upto(_) => None,
        };
        Some(bit(self.e2ee, 1)? | bit(self.account_data, 2)? | bit(self.presence, 4)?)
    }
}

/// What a client confirmed.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Its number, which `pos` carries; zero if there is none.
    pub number: u64,
    /// The account's position at the answer that made it: no `pos` on it can be older.
    pub position: Position,
    /// Every room that was sent.
    pub rooms: FxHashMap<OwnedRoomId, RoomSent>,
    /// What belongs to no room.
    pub marks: GlobalMarks,
    /// The frontier of the first of some answers in a row that had no place for all there was: what came after it is news in
    /// rooms that were held back.
    pub live_from: Option<Position>,
    /// Subscriptions of a client that sends each once, oldest first (`spec/clients.md` §6.2).
    pub subscriptions: Rc<Vec<(OwnedRoomId, RoomConfig)>>,
    /// Whether the client has shown that it is of that kind.
    pub sticky: bool,
    /// The configurations that rooms were sent with, each once: thousands of rooms share a handful.
    configs: FxHashSet<Rc<SentConfig>>,
}

/// What an answer adds to the state.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// The number of the state that it makes.
    pub number: u64,
    /// The number of the state that it stands on.
    pub on: u64,
    /// The account's position at the answer.
    pub position: Position,
    /// Rooms that were sent or fell behind; `None` for one that is forgotten.
    pub rooms: Vec<(OwnedRoomId, Option<RoomDelta>)>,
    /// The marks afterwards.
    pub marks: GlobalMarks,
    /// As in [`State`], afterwards.
    pub live_from: Option<Position>,
    /// The sticky subscriptions afterwards, if they change.
    pub subscriptions: Option<Rc<Vec<(OwnedRoomId, RoomConfig)>>>,
    /// Whether the client has shown that it sends each subscription once.
    pub sticky: bool,
}

impl State {
    /// Returns a state in which no room was sent.
    pub fn new(number: u64, position: Position, marks: GlobalMarks) -> State {
        State { number, position, marks, ..State::default() }
    }

    /// Returns the state of a connection that keeps none.
    pub fn stateless(marks: GlobalMarks) -> State {
        State::new(marks.to_bits().unwrap_or(0), Position::default(), marks)
    }

    /// Returns whether the client lacks something of a room that has not changed since the frontier.
    pub fn lacks(&self, cache: &AccountCache, entry: &RoomEntry) -> bool {
        let Some(sent) = self.rooms.get(&entry.room_id) else { return true };
        let changed = &entry.changed;
        let behind = |mark: Mark, changed: Position| matches!(mark, Mark::Upto(upto) if changed > upto);
        sent.mark != Mark::Live
            || sent.is_dm != cache.is_dm(entry)
            || behind(sent.marks.account_data, changed.account_data)
            || behind(sent.marks.receipts, changed.receipts)
            || behind(sent.marks.counts, changed.counts)
            || behind(sent.marks.typing, typing::changed(cache, entry))
    }

    /// Takes over what the client confirmed.
    pub fn apply(&mut self, delta: Delta) {
        self.number = delta.number;
        self.position = delta.position;
        self.marks = delta.marks;
        self.live_from = delta.live_from;
        self.sticky = delta.sticky;
        if let Some(subscriptions) = delta.subscriptions {
            self.subscriptions = subscriptions;
        }
        self.rooms.reserve(delta.rooms.len());
        for (room, sent) in delta.rooms {
            let before = self.rooms.remove(&room);
            if let Some(sent) = sent {
                let mut sent = sent.applied_to(before);
                sent.config = self.shared(sent.config);
                self.rooms.insert(room, sent);
            }
        }
        if self.configs.len() > SHARED_CONFIGS {
            self.configs.retain(|config| Rc::strong_count(config) > 1);
        }
    }

    fn shared(&mut self, config: Rc<SentConfig>) -> Rc<SentConfig> {
        match self.configs.get(&config) {
            Some(shared) => Rc::clone(shared),
            None => {
                self.configs.insert(Rc::clone(&config));
                config
            }
        }
    }

    /// Returns whether the delta changes nothing but number and position.
    pub fn is_unchanged_by(&self, delta: &Delta) -> bool {
        delta.rooms.is_empty()
            && delta.marks == self.marks
            && delta.live_from == self.live_from
            && delta.subscriptions.is_none()
            && delta.sticky == self.sticky
    }

    /// Returns the state as a delta on nothing: the form in which it is stored.
    pub fn to_delta(&self) -> Delta {
        let delta = |sent: &RoomSent| RoomDelta {
            members: sent.members.iter().cloned().collect(),
            flush: true,
            sent: sent.clone(),
        };
        Delta {
            number: self.number,
            on: 0,
            position: self.position,
            rooms: self.rooms.iter().map(|(room, sent)| (room.clone(), Some(delta(sent)))).collect(),
            marks: self.marks,
            live_from: self.live_from,
            subscriptions: Some(Rc::clone(&self.subscriptions)),
            sticky: self.sticky,
        }
    }
}
