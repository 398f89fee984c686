//! One room of the model as the tested user may see it.

use crate::homeserver::world::{Event, EventNo, Membership, Room, RoomNo, UserRoom};

use super::Judge;

/// A room that the user is, or was, in some relation to.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pub judge: Judge<'a>,
    pub room: &'a Room,
    pub own: &'a UserRoom,
}

impl<'a> Shown<'a> {
    pub fn new(judge: Judge<'a>, room: RoomNo) -> Option<Shown<'a>> {
        let own = judge.world.user(judge.me).rooms.get(&room)?;
        Some(Shown { judge, room: judge.world.room(room), own })
    }

    pub fn membership(&self) -> Membership {
        self.own.membership
    }

    pub fn membership_name(&self) -> &'static str {
        match self.own.membership {
            Membership::Join => "join",
            Membership::Invite => "invite",
            Membership::Knock => "knock",
            Membership::Leave => "leave",
            Membership::Ban => "ban",
        }
    }

    /// Returns whether somebody else made the membership what it is.
    pub fn by_other(&self) -> bool {
        self.judge.world.event(self.own.event).sender != self.judge.me
    }

    /// Returns whether somebody made it so who was ignored at any time.
    pub fn is_by_ignored(&self) -> bool {
        let world = self.judge.world;
        self.judge.ledger.is_withheld(world.user_id(world.event(self.own.event).sender))
    }

    pub fn is_joined(&self) -> bool {
        self.own.membership == Membership::Join
    }

    /// Returns the position up to which the user sees the room.
    pub fn until(&self) -> u64 {
        if self.is_joined() { self.judge.world.pos() } else { self.own.pos }
    }

    /// Returns the position of the user's newest join, if there was one.
    pub fn last_join(&self) -> Option<u64> {
        let id = self.judge.world.user_id(self.judge.me);
        let history = self.room.history("m.room.member", id)?;
        let world = self.judge.world;
        history
            .after(0)
            .filter(|event| world.membership_in(*event) == Some(Membership::Join))
            .map(|event| world.event(event).pos)
            .next_back()
    }

    /// Returns whether Sash learned of the user's last stay while it lasted: afterwards nobody tells of it.
    pub fn stay_was_seen(&self) -> bool {
        self.last_join().zip(self.end_of_stay()).is_some_and(|(join, end)| self.judge.ledger.is_before(join, end))
    }

    /// Returns the position at which the user's last stay ended, if there was one and it did.
    pub fn end_of_stay(&self) -> Option<u64> {
        let history = self.room.history("m.room.member", self.judge.world.user_id(self.judge.me))?;
        history.after(self.last_join()?).map(|event| self.judge.world.event(event).pos).next()
    }

    /// Returns the state entry as the user sees it.
    pub fn state(&self, kind: &str, key: &str) -> Option<EventNo> {
        self.room.history(kind, key)?.at(self.until())
    }

    /// Returns a string in the content of a state entry, if it is not empty.
    pub fn state_text(&self, kind: &str, key: &str) -> Option<String> {
        let event = self.state(kind, "")?;
        self.judge.world.event(event).content_str(key).filter(|text| !text.is_empty())
    }

    /// Returns the events that the user sees, oldest first, but for those that may have been withheld.
    pub fn visible(&self) -> Vec<EventNo> {
        let until = self.until();
        let world = self.judge.world;
        let events = self.room.timeline.iter().copied().filter(|event| world.event(*event).pos <= until);
        events
            .filter(|event| world.is_visible(world.event(*event), self.judge.me) && !self.is_withheld(*event))
            .collect()
    }

    /// Returns whether the user was in the room when the event happened.
    pub fn was_joined(&self, event: EventNo) -> bool {
        let world = self.judge.world;
        let own = self.room.history("m.room.member", world.user_id(self.judge.me));
        let member = own.and_then(|own| own.at(world.event(event).pos));
        member.and_then(|member| world.membership_in(member)) == Some(Membership::Join)
    }

    /// Returns whether the event may have been withheld because of who sent it.
    pub fn is_withheld(&self, event: EventNo) -> bool {
        let event = self.judge.world.event(event);
        !event.is_state() && self.judge.ledger.is_withheld(self.judge.world.user_id(event.sender))
    }

    /// Returns whether any event of the room may have been withheld.
    pub fn has_withheld(&self) -> bool {
        !self.judge.ledger.ever_ignored.is_empty() && self.room.timeline.iter().any(|event| self.is_withheld(*event))
    }

    /// Returns between which positions the last event lies that moves the room in lists.
    pub fn activity(&self) -> (u64, u64) {
        *self.judge.activity.any[self.room.no as usize].get_or_init(|| self.find_activity())
    }

    fn find_activity(&self) -> (u64, u64) {
        if !matches!(self.own.membership, Membership::Join | Membership::Leave | Membership::Ban) {
            // Of an invite by somebody ignored nobody need tell: the room stands where it stood before, then.
            return (if self.is_by_ignored() { 0 } else { self.own.pos }, self.own.pos);
        }
        let until = self.until();
        if self.own.forgotten {
            // A room that was forgotten before anybody asked is told of no more, its last events neither.
            return (0, until);
        }
        self.newest(until, |_| true)
    }

    /// Returns between which positions the last event lies that counts as activity in the room (`bump_stamp`). What
    /// happened before the user's own join stands by its own time, with which its sender's server may lie: then it is
    /// only known not to be newer than the join, nor older than what the user saw happen.
    pub fn bump(&self) -> (u64, u64) {
        *self.judge.activity.bumps[self.room.no as usize].get_or_init(|| self.find_bump())
    }

    fn find_bump(&self) -> (u64, u64) {
        let bumps = |event: &Event| matches!(&*event.kind, "m.room.message" | "m.room.encrypted" | "m.room.create");
        let (sure, newest) = self.newest(self.until(), bumps);
        match self.last_join().filter(|join| *join > sure) {
            Some(join) => (self.newest_in_a_stay(bumps), newest.max(join)),
            None => (sure, newest),
        }
    }

    fn newest_in_a_stay(&self, counts: impl Fn(&Event) -> bool) -> u64 {
        let world = self.judge.world;
        let heard =
            |event: &&EventNo| counts(world.event(**event)) && self.was_joined(**event) && !self.is_withheld(**event);
        self.room.timeline.iter().rev().find(heard).map_or(0, |event| world.event(*event).pos)
    }

    /// Returns between which positions the newest of the events lies that the user sees.
    fn newest(&self, until: u64, counts: impl Fn(&Event) -> bool) -> (u64, u64) {
        let world = self.judge.world;
        let seen = |event: &&EventNo| {
            let event = world.event(**event);
            event.pos <= until && counts(event) && world.is_visible(event, self.judge.me)
        };
        let newest = self.room.timeline.iter().rev().find(seen);
        let sure = self.room.timeline.iter().rev().filter(seen).find(|event| !self.is_withheld(**event));
        let pos = |event: Option<&EventNo>| event.map_or(0, |event| world.event(*event).pos);
        (pos(sure), pos(newest))
    }
}
