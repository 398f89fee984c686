//! Whether a client's timeline has every event once, in order, without holes but where it knows of them.

use std::ops::Range;

use super::Shown;
use crate::{
    client::{Place, Timeline},
    homeserver::world::{EventNo, Position},
};

/// Returns what is wrong with the timeline. `to_the_end`: whether it must have the newest event.
pub fn complaints(shown: &Shown<'_>, timeline: &Timeline, to_the_end: bool) -> Vec<String> {
    let mut walk = Walk { shown, visible: shown.visible(), next: None, gap: None, complaints: Vec::new() };
    for place in &timeline.places {
        walk.step(place);
    }
    if to_the_end {
        walk.end();
    }
    walk.complaints
}

struct Walk<'a> {
    shown: &'a Shown<'a>,
    visible: Vec<EventNo>,
    /// Which visible event must come next; `None` where any may.
    next: Option<usize>,
    gap: Option<Option<String>>,
    complaints: Vec<String>,
}

impl Walk<'_> {
    fn step(&mut self, place: &Place) {
        match place {
            Place::Start => self.next = Some(0),
            Place::Gap(token) => self.gap = Some(token.clone()),
            Place::Event(id, _) => self.event(id),
        }
    }

    fn event(&mut self, id: &str) {
        let world = self.shown.judge.world;
        let Some(no) = world.find_event(id).filter(|no| world.event(*no).room == self.shown.room.no) else {
            return self.complaints.push(format!("{id} is no event of this room"));
        };
        if self.shown.is_withheld(no) {
            // It is none of those that must be there, but it stands where it stands.
            let pos = world.event(no).pos;
            if self.gap.take().is_some() {
                self.next = Some(self.visible.partition_point(|visible| world.event(*visible).pos < pos));
            }
            return;
        }
        let Some(index) = self.visible.iter().position(|visible| *visible == no) else {
            let event = world.event(no);
            return self
                .complaints
                .push(format!("#{no} ({} at {}) is nothing that the user may see", event.kind, event.pos));
        };
        if let Some(token) = self.gap.take() {
            self.after_gap(index, token.as_deref());
        } else if let Some(next) = self.next.filter(|next| *next != index && !self.was_outside(*next..index)) {
            let name = |index: usize| self.visible.get(index).map(|no| format!("#{no}"));
            self.complaints.push(format!("#{no} stands where {:?} belongs", name(next)));
        }
        self.next = Some(index + 1);
    }

    /// Returns whether the events became visible only by a later stay. v2 does not tell that they are missing between
    /// two membership events that the user saw from outside.
    fn was_outside(&self, skipped: Range<usize>) -> bool {
        let events = self.visible.get(skipped).unwrap_or_default();
        !events.is_empty() && events.iter().all(|event| !self.shown.was_joined(*event))
    }

    /// A gap's token must page back from at or after the event that follows, and nothing before the gap may follow it.
    fn after_gap(&mut self, index: usize, token: Option<&str>) {
        let no = self.visible[index];
        if self.next.is_some_and(|next| index < next) {
            self.complaints.push(format!("#{no} comes again, or too late, after a gap"));
        }
        let world = self.shown.judge.world;
        let Some(token) = token else {
            if index > 0 {
                self.complaints.push(format!("the gap before #{no} has no prev_batch"));
            }
            return;
        };
        let Ok(position) = Position::parse(token) else {
            return self.complaints.push(format!("prev_batch {token:?} is no token of the homeserver"));
        };
        let from = world.index_of(self.shown.room.no, position);
        let skipped = self.visible[..index]
            .iter()
            .rev()
            .find(|event| world.event(**event).index.is_some_and(|at| at as usize >= from));
        if let Some(skipped) = skipped {
            self.complaints.push(format!("paging back from {token} before #{no} never shows #{skipped}"));
        }
    }

    fn end(&mut self) {
        let held = self.next.unwrap_or(0);
        if held < self.visible.len() {
            let missing: Vec<String> = self.visible[held..]
                .iter()
                .map(|no| format!("#{no} {}", self.shown.judge.world.event(*no).kind))
                .take(5)
                .collect();
            self.complaints.push(format!("{} newest events are missing: {missing:?} …", self.visible.len() - held));
        }
    }
}
