//! What a client must have once everybody has caught up: what the model says its user may see.
//!
//! Invariants: it asks only for what the protocol promises; where v2 does not tell something, or where two answers are
//! right, it asks for neither. Every complaint names the client, the room and both sides.

mod extensions;
mod lists;
mod room;
mod shown;
mod timeline;

use std::{cell::OnceCell, collections::BTreeMap};

use crate::{
    client::{Client, RoomConfig},
    homeserver::world::{EventNo, RoomNo, UserNo, World},
    ledger::Ledger,
};

pub use self::{lists::Reach, shown::Shown};

/// What the oracle judges by.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    pub world: &'a World,
    pub ledger: &'a Ledger,
    pub activity: &'a Activity,
    pub me: UserNo,
    /// Whether rooms may have been fetched one by one, which leaves receipts and the like unknown.
    pub crawled: bool,
    /// Rooms whose full state the homeserver has told, and of which position: what vanished before that is to be gone.
    pub state_told: &'a BTreeMap<RoomNo, u64>,
    /// Whether the homeserver tells the state after the timeline (MSC4222). Without that, nobody learns of state events
    /// that the user may not see.
    pub state_after: bool,
    /// Whether the client waits for an answer: key counts and the counts and order of lists come with one, and wake nobody.
    pub is_asleep: bool,
}

/// When each room was last active, found once for all clients: every room is compared with every other.
#[derive(Debug)]
pub struct Activity {
    any: Vec<OnceCell<(u64, u64)>>,
    bumps: Vec<OnceCell<(u64, u64)>>,
}

impl Activity {
    /// Returns the activity of the model as it is, none of it found yet.
    pub fn of(world: &World) -> Activity {
        let none = vec![OnceCell::new(); world.rooms.len()];
        Activity { any: none.clone(), bumps: none }
    }
}

impl<'a> Judge<'a> {
    /// Returns everything that is wrong with what the client has.
    pub fn complaints(&self, client: &Client) -> Vec<String> {
        let mut complaints = Vec::new();
        let reaches = self.check_lists(client, &mut complaints);
        for (room, reach) in &reaches {
            self.check_reached(client, *room, reach, &mut complaints);
        }
        self.check_bump_stamps(client, &reaches, &mut complaints);
        for (id, room) in &client.has.rooms {
            self.check_everywhere(id, room, &mut complaints);
        }
        self.check_global_extensions(client, &mut complaints);
        let who = format!("client {} ({:?}, {})", client.number, client.wire, client.device);
        complaints.iter_mut().for_each(|complaint| *complaint = format!("{who}: {complaint}"));
        complaints
    }

    /// Returns whether the homeserver tells of this state event.
    fn is_told(&self, event: EventNo) -> bool {
        self.state_after || self.world.is_visible(self.world.event(event), self.me)
    }

    fn shown(&self, room: RoomNo) -> Option<Shown<'a>> {
        Shown::new(*self, room)
    }
}

/// Returns whether any of the rules asks for timeline events.
pub fn wants_timeline(rules: &[RoomConfig]) -> bool {
    rules.iter().any(|rule| rule.timeline_limit > 0)
}
