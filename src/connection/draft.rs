//! An answer in the making: what it changes of what the client has, before anybody confirmed anything.
//!
//! Invariant: the confirmed state is only read; a draft that is thrown away leaves no trace.

use std::rc::Rc;

use ruma::{OwnedRoomId, RoomId};
use rustc_hash::FxHashMap;

use super::{
    request::RoomConfig,
    state::{Delta, GlobalMarks, RoomDelta, RoomMarks, RoomSent, State},
};
use crate::model::Position;

/// The changes so far.
pub struct Draft<'a> {
    /// What the client confirmed.
    pub state: &'a State,
    /// What belongs to no room, afterwards.
    pub marks: GlobalMarks,
    /// As in [`State`], afterwards.
    pub live_from: Option<Position>,
    rooms: FxHashMap<OwnedRoomId, RoomDelta>,
    gone: Vec<OwnedRoomId>,
}

impl<'a> Draft<'a> {
    /// Returns a draft that changes nothing.
    pub fn new(state: &'a State) -> Draft<'a> {
        Draft { state, marks: state.marks, live_from: None, rooms: FxHashMap::default(), gone: Vec::new() }
    }

    /// Returns what the client has of the room after this answer.
    pub fn sent(&self, room: &RoomId) -> Option<&RoomSent> {
        self.rooms.get(room).map(|delta| &delta.sent).or_else(|| self.state.rooms.get(room))
    }

    /// Notes what the client has of a room after this answer.
    pub fn put(&mut self, room: &RoomId, delta: RoomDelta) {
        self.rooms.insert(room.to_owned(), delta);
    }

    /// Changes what the client has of a room, if it has something and `change` makes a difference.
    pub fn change(&mut self, room: &RoomId, change: impl FnOnce(&mut RoomSent)) {
        if let Some(delta) = self.rooms.get_mut(room) {
            return change(&mut delta.sent);
        }
        let Some(before) = self.state.rooms.get(room) else { return };
        let mut after = before.clone();
        change(&mut after);
        if after != *before {
            self.rooms.insert(room.to_owned(), RoomDelta::of(after));
        }
    }

    /// Changes up to where a room's extensions were sent.
    pub fn mark(&mut self, room: &RoomId, change: impl FnOnce(&mut RoomMarks)) {
        self.change(room, |sent| change(&mut sent.marks));
    }

    /// Forgets a room that the account no longer has.
    pub fn forget(&mut self, room: &RoomId) {
        self.rooms.remove(room);
        self.gone.push(room.to_owned());
    }

    /// Returns what the answer adds, still without a number of its own.
    pub fn into_delta(
        self,
        position: Position,
        subscriptions: Option<Rc<Vec<(OwnedRoomId, RoomConfig)>>>,
        sticky: bool,
    ) -> Delta {
        let changed = self.rooms.into_iter().map(|(room, delta)| (room, Some(delta)));
        Delta {
            number: 0,
            on: self.state.number,
            position,
            rooms: changed.chain(self.gone.into_iter().map(|room| (room, None))).collect(),
            marks: self.marks,
            live_from: self.live_from,
            subscriptions,
            sticky,
        }
    }
}
