//! The states that a client can stand on: the confirmed one, and the one that the last answer leads to.
//!
//! Stored as a base and the deltas that were confirmed on it, with at most one more that may be unconfirmed. Invariants:
//! what is confirmed moves only when a client names the state that the last answer leads to; a number is given to one
//! state only; after a write that failed, nothing stored is stood on. It does not know what is still being written: of two
//! answers under way at once the newer may stand on a base that the older one fails to write, and if the process ends right
//! then, its `pos` is unknown afterwards and the client begins anew.

use super::{
    pos::Pos,
    state::{Delta, FIRST_STATE, GlobalMarks, State},
    stored::{self, Place},
};
use crate::limits::CONNECTION_DELTAS;
use crate::model::{Position, Record, RecordKey};

/// The states of one connection.
#[derive(Debug)]
pub struct StateChain {
    confirmed: State,
    pending: Option<Delta>,
    /// The serial number of the request whose answer adds that.
    pending_of: u64,
    /// The number of the next state: never given out before.
    next: u64,
    /// How many confirmed deltas are stored on the base.
    parts: u32,
    /// Whether what is stored is not what `confirmed` stands on.
    rewrite: bool,
}

/// Records to put (`Some`) or delete (`None`).
pub type Writes = Vec<(RecordKey, Option<Record>)>;

impl StateChain {
    /// Returns the chain of a connection that was sent nothing.
    pub fn new() -> StateChain {
        StateChain {
            confirmed: State::default(),
            pending: None,
            pending_of: 0,
            next: FIRST_STATE,
            parts: 0,
            rewrite: true,
        }
    }

    /// Returns the chain from its stored parts. The last may be unconfirmed; whatever does not fit ends it.
    pub fn restore<'a>(parts: impl Iterator<Item = Option<&'a Record>>) -> StateChain {
        let mut chain = StateChain::new();
        let mut deltas = parts.map_while(|record| record.and_then(stored::decode_delta));
        let Some(base) = deltas.next().filter(|base| base.on == 0 && base.number >= FIRST_STATE) else {
            return chain;
        };
        chain.next = base.number + 1;
        chain.confirmed.apply(base);
        chain.rewrite = false;
        for delta in deltas {
            let stands_on = chain.pending.as_ref().map_or(chain.confirmed.number, |pending| pending.number);
            if delta.on != stands_on || delta.number < chain.next {
                break;
            }
            chain.next = delta.number + 1;
            chain.confirm_pending();
            chain.pending = Some(delta);
        }
        chain
    }

    /// Returns what the client confirmed.
    pub fn confirmed(&self) -> &State {
        &self.confirmed
    }

    /// Returns whether the last answer leads to another state, and nobody has confirmed that yet.
    pub fn is_unconfirmed(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the state that the last answer leads to.
    pub fn after_answer(&self) -> State {
        let mut after = State::default();
        after.apply(self.confirmed.to_delta());
        self.pending.clone().into_iter().for_each(|delta| after.apply(delta));
        after
    }

    /// Takes a client's word that it stands on the state of this `pos`, which confirms it. Returns `false`, and changes
    /// nothing, where that is neither of the two that it can stand on.
    pub fn confirm(&mut self, pos: &Pos) -> bool {
        let is_pending = |delta: &Delta| delta.number == pos.state && delta.position <= pos.position;
        if self.pending.as_ref().is_some_and(is_pending) {
            self.confirm_pending();
        } else if self.confirmed.number != pos.state || pos.position < self.confirmed.position {
            return false;
        }
        self.pending = None;
        true
    }

    /// Starts anew with a state in which no room was sent. What is stored stays until the next answer replaces it.
    pub fn reset(&mut self, position: Position, marks: GlobalMarks) {
        self.confirmed = State::new(self.next, position, marks);
        self.next += 1;
        self.pending = None;
        self.rewrite = true;
    }

    /// Takes what the answer to the request with this serial number adds to the confirmed state. Numbers the state that
    /// it leads to, and returns that number with what has to be written before the answer leaves.
    pub fn propose(&mut self, mut delta: Delta, serial: u64, place: Place<'_>) -> (u64, Writes) {
        let mut writes = Vec::new();
        if self.rewrite || self.parts >= CONNECTION_DELTAS {
            let base = stored::encode_delta(&self.confirmed.to_delta());
            writes.push((place.key(0), Some(base)));
            writes.extend((1..=CONNECTION_DELTAS + 1).map(|part| (place.key(part), None)));
            self.parts = 0;
            self.rewrite = false;
        }
        self.pending_of = serial;
        if self.confirmed.is_unchanged_by(&delta) {
            self.pending = None;
            return (self.confirmed.number, writes);
        }
        (delta.on, delta.number) = (self.confirmed.number, self.next);
        self.next += 1;
        let key = place.key(self.parts + 1);
        writes.retain(|(other, _)| *other != key);
        writes.push((key, Some(stored::encode_delta(&delta))));
        (self.pending.insert(delta).number, writes)
    }

    /// Notes that what `propose` returned for this request was not written, so that the next answers stand on nothing
    /// stored. A newer request may have been answered meanwhile: what its answer adds stays.
    pub fn handle_write_failed(&mut self, serial: u64) {
        if self.pending_of == serial {
            self.pending = None;
        }
        self.rewrite = true;
    }

    fn confirm_pending(&mut self) {
        if let Some(delta) = self.pending.take() {
            self.confirmed.apply(delta);
            self.parts += 1;
        }
    }
}
