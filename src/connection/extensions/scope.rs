//! Which rooms a per-room extension covers (`spec/extensions.md`, "Common rules").

use ruma::RoomId;

use crate::connection::{
    lists::{ListSet, Reach, ReachedRoom},
    request::{Scope, Selection, Wire},
};

/// A scope, made ready for asking about many rooms.
pub struct ScopeTest<'a> {
    scope: &'a Scope,
    lists: Option<ListSet>,
    wire: Wire,
}

impl<'a> ScopeTest<'a> {
    /// Returns the test of a scope.
    pub fn new(scope: &'a Scope, reach: &Reach, wire: Wire) -> ScopeTest<'a> {
        let lists = match &scope.lists {
            Selection::All => None,
            Selection::Some(keys) => Some(reach.named(keys)),
        };
        ScopeTest { scope, lists, wire }
    }

    /// Returns whether the extension covers the room. On the unstable wire `rooms` means rooms within list ranges as
    /// well as subscriptions; on v4 subscriptions only.
    pub fn covers(&self, room: ReachedRoom, room_id: &RoomId) -> bool {
        let by_list = match self.lists {
            None => !room.lists.is_empty(),
            Some(lists) => !lists.and(room.lists).is_empty(),
        };
        let eligible = room.subscribed || self.wire == Wire::Simplified;
        let named = match &self.scope.rooms {
            Selection::All => true,
            Selection::Some(rooms) => rooms.iter().any(|room| room == room_id),
        };
        by_list || eligible && named
    }
}
