//! One room in a `/sync` answer: timeline, state, lazily loaded members, summary, receipts, typing, account data, counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::{
    super::world::{Event, EventNo, Membership, Room, RoomNo, UserNo, UserRoom, Viewer, World},
    Params, StateKey,
    response::{Events, JoinedRoom, LeftRoom, State, Summary, Timeline, UnreadNotifications},
};

/// Timeline events in a room when the filter does not say, as in Synapse.
const DEFAULT_LIMIT: u64 = 10;
const HEROES: usize = 5;

/// What part of the stream an answer covers.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// `None`: the room is given as a whole.
    pub since: Option<u64>,
    pub newly_joined: bool,
    /// The last position that the user sees.
    pub end: u64,
}

pub struct RoomBuilder<'a> {
    world: &'a World,
    viewer: Viewer<'a>,
    params: &'a Params,
    room: &'a Room,
    span: Span,
    pub lazy_sent: Vec<(RoomNo, UserNo, EventNo)>,
}

struct Chunk {
    /// Oldest first.
    events: Vec<EventNo>,
    limited: bool,
    /// Position just before the first event, or the end of the span when there is none.
    before: u64,
    prev_batch: String,
}

impl<'a> RoomBuilder<'a> {
    pub fn new(world: &'a World, viewer: Viewer<'a>, params: &'a Params, room: &'a Room, span: Span) -> Self {
        Self { world, viewer, params, room, span, lazy_sent: Vec::new() }
    }

    /// Builds a joined room. `since` is the request's, also where the room is given as a whole.
    pub fn joined(&mut self, own: &UserRoom, since: Option<u64>) -> JoinedRoom {
        let chunk = self.chunk();
        let state = self.state(&chunk);
        let summary = self.summary(&chunk, &state);
        let unread = self.world.unread(self.room, self.viewer.user);
        JoinedRoom {
            timeline: self.timeline(&chunk),
            state: self.name_state(&state),
            account_data: self.account_data(own, since),
            ephemeral: self.ephemeral(),
            unread_notifications: UnreadNotifications {
                notification_count: unread.notifications,
                highlight_count: unread.highlights,
            },
            summary,
        }
    }

    pub fn left(&mut self) -> LeftRoom {
        let chunk = self.chunk();
        // Who never got further than an invite sees no state.
        let own = self.room.history("m.room.member", self.world.user_id(self.viewer.user));
        let was_joined =
            own.is_some_and(|own| own.after(0).any(|event| self.world.membership_in(event) == Some(Membership::Join)));
        let state = if was_joined { self.state(&chunk) } else { Vec::new() };
        LeftRoom { timeline: self.timeline(&chunk), state: self.name_state(&state), account_data: Events::default() }
    }

    /// Picks the newest events of the span, at most as many as the filter allows.
    fn chunk(&self) -> Chunk {
        let filter = &self.params.filter.room.timeline;
        let limit = filter.limit.unwrap_or(DEFAULT_LIMIT) as usize;
        let timeline = &self.room.timeline;
        let end = timeline.partition_point(|event| self.world.event(*event).pos <= self.span.end);
        let mut events = Vec::new();
        let mut limited = self.span.newly_joined;
        for no in timeline[..end].iter().rev() {
            let event = self.world.event(*no);
            if self.span.since.is_some_and(|since| event.pos <= since) {
                break;
            }
            if !filter.admits(&event.kind, Some(self.world.user_id(event.sender))) || !self.shows(event) {
                continue;
            }
            if events.len() == limit {
                limited = true;
                break;
            }
            events.push(*no);
        }
        events.reverse();
        let first = events.first().map(|event| self.world.event(*event));
        Chunk {
            before: first.map_or(self.span.end, |first| first.pos - 1),
            prev_batch: self.world.room_token(first.and_then(|first| first.index).map_or(end, |index| index as usize)),
            limited,
            events,
        }
    }

    fn shows(&self, event: &Event) -> bool {
        let ignored = &self.world.user(self.viewer.user).ignored;
        let is_ignored =
            !ignored.is_empty() && !event.is_state() && ignored.contains(&**self.world.user_id(event.sender));
        !is_ignored && self.world.is_visible(event, self.viewer.user)
    }

    fn timeline(&self, chunk: &Chunk) -> Timeline {
        Timeline { events: self.render(&chunk.events), prev_batch: chunk.prev_batch.clone(), limited: chunk.limited }
    }

    fn render(&self, events: &[EventNo]) -> Vec<Box<RawValue>> {
        events.iter().map(|event| self.world.render(*event, self.viewer)).collect()
    }

    fn is_lazy(&self) -> bool {
        self.params.filter.room.state.lazy_load_members || self.params.filter.room.timeline.lazy_load_members
    }

    /// Returns the state that goes with the timeline.
    ///
    /// Given as a whole it is the state at the timeline's start, or with MSC4222 at its end; members only of those who sent something, and the user, when
    /// they load lazily. Otherwise it is what changed between `since` and the timeline, or with MSC4222 all that changed, members not left out.
    fn state(&mut self, chunk: &Chunk) -> Vec<EventNo> {
        let after = self.params.state_key != StateKey::State;
        let at = if after { self.span.end } else { chunk.before };
        let lazy = self.is_lazy();
        let mut lazy_members: BTreeSet<EventNo> = BTreeSet::new();
        if lazy {
            lazy_members.extend(self.world.senders_members(self.room.no, &chunk.events, at));
        }
        let since = self.span.since.filter(|_| !self.params.full_state);
        let mut state: Vec<EventNo> = match since {
            None => {
                if lazy {
                    lazy_members.extend(
                        self.room
                            .history("m.room.member", self.world.user_id(self.viewer.user))
                            .and_then(|own| own.at(at)),
                    );
                }
                let all = self.room.histories().filter(|(kind, ..)| !lazy || &***kind != "m.room.member");
                all.filter_map(|(_, _, history)| history.at(at)).collect()
            }
            Some(since) if after || chunk.limited => {
                // What is in the timeline needs no place in `state`, and a removal cannot be told.
                let changed = self.room.histories().filter_map(|(_, _, history)| history.last_change(at));
                changed.filter(|(pos, _)| *pos > since).filter_map(|(_, event)| event).collect()
            }
            Some(_) => Vec::new(),
        };
        if !self.params.filter.room.state.include_redundant_members && since.is_some() {
            lazy_members.retain(|event| !self.was_sent(*event));
        }
        let known: BTreeSet<EventNo> = state.iter().copied().collect();
        state.extend(lazy_members.into_iter().filter(|event| !known.contains(event)));
        let filter = &self.params.filter.room.state;
        state.retain(|event| {
            let event = self.world.event(*event);
            filter.admits(&event.kind, Some(self.world.user_id(event.sender)))
        });
        if lazy {
            self.remember_members(&state);
            self.remember_members(&chunk.events);
        }
        state
    }

    fn was_sent(&self, event: EventNo) -> bool {
        let Some(member) = self.member_of(event) else { return false };
        let device = self.world.user(self.viewer.user).device(self.viewer.device);
        device.and_then(|device| device.lazy_sent.get(&self.room.no)?.get(&member)) == Some(&event)
    }

    fn remember_members(&mut self, events: &[EventNo]) {
        for event in events {
            if let Some(member) = self.member_of(*event) {
                self.lazy_sent.push((self.room.no, member, *event));
            }
        }
    }

    fn member_of(&self, event: EventNo) -> Option<UserNo> {
        let event = self.world.event(event);
        event.state_key.as_ref().filter(|_| &*event.kind == "m.room.member").and_then(|key| self.world.find_user(key))
    }

    fn name_state(&self, state: &[EventNo]) -> State {
        let events = Events { events: self.render(state) };
        match self.params.state_key {
            StateKey::State => State::Before(events),
            StateKey::StateAfter => State::After(events),
            StateKey::UnstableStateAfter => State::UnstableAfter(events),
        }
    }

    /// Returns heroes and counts: only with lazy loading, at first and when members changed; heroes only where name and alias are missing.
    fn summary(&self, chunk: &Chunk, state: &[EventNo]) -> Option<Summary> {
        let is_member = |event: &EventNo| &*self.world.event(*event).kind == "m.room.member";
        let members_changed = chunk.events.iter().any(is_member) || (chunk.limited && state.iter().any(is_member));
        if !self.is_lazy() || !(members_changed || self.span.since.is_none()) {
            return None;
        }
        let is_set = |kind: &str, key: &str| {
            let event = self.room.state_event(kind, "");
            event.and_then(|event| self.world.event(event).content_str(key)).is_some_and(|value| !value.is_empty())
        };
        let named = is_set("m.room.name", "name") || is_set("m.room.canonical_alias", "alias");
        Some(Summary {
            heroes: (!named).then(|| self.heroes()),
            joined: self.room.joined().count(),
            invited: self.room.with_membership(Membership::Invite).count(),
        })
    }

    /// Returns up to five other members, those longest in the room first; former ones where nobody else is left.
    fn heroes(&self) -> Vec<String> {
        let pick = |wanted: [Membership; 2]| {
            let others = self
                .room
                .members
                .iter()
                .filter(|(user, membership)| **user != self.viewer.user && wanted.contains(membership));
            let mut by_time: Vec<(u64, UserNo)> = others
                .filter_map(|(user, _)| {
                    Some((self.room.history("m.room.member", self.world.user_id(*user))?.changed(), *user))
                })
                .collect();
            by_time.sort_unstable();
            by_time.into_iter().take(HEROES).map(|(_, user)| self.world.user_id(user).to_string()).collect::<Vec<_>>()
        };
        let present = pick([Membership::Join, Membership::Invite]);
        if present.is_empty() { pick([Membership::Leave, Membership::Ban]) } else { present }
    }

    fn account_data(&self, own: &UserRoom, since: Option<u64>) -> Events {
        let filter = &self.params.filter.room.account_data;
        let since = since.filter(|_| !self.span.newly_joined);
        let changed = own
            .account_data
            .iter()
            .filter(|(kind, data)| since.is_none_or(|since| data.pos > since) && filter.admits(kind, None));
        Events {
            events: changed
                .filter_map(|(kind, data)| to_raw_value(&json!({ "type": kind, "content": data.value })).ok())
                .collect(),
        }
    }

    fn ephemeral(&self) -> Events {
        let filter = &self.params.filter.room.ephemeral;
        let mut events = Vec::new();
        if filter.admits("m.typing", None) {
            events.extend(self.typing());
        }
        if filter.admits("m.receipt", None) {
            events.extend(self.receipts());
        }
        Events { events: events.iter().filter_map(|event| to_raw_value(event).ok()).collect() }
    }

    fn typing(&self) -> Option<Value> {
        let changed = self.span.since.is_some_and(|since| self.room.typing_pos > since);
        if !changed && (self.span.since.is_some() || self.room.typing.is_empty()) {
            return None;
        }
        let users: Vec<&str> = self.room.typing.keys().map(|user| &**self.world.user_id(*user)).collect();
        Some(json!({ "type": "m.typing", "content": { "user_ids": users } }))
    }

    /// Returns the receipts since the last sync, at first all of the room; private ones only of the user.
    fn receipts(&self) -> Option<Value> {
        let since = self.span.since.unwrap_or(0);
        if self.room.receipts_pos <= since {
            return None;
        }
        let mut content: BTreeMap<String, BTreeMap<&str, BTreeMap<&str, Value>>> = BTreeMap::new();
        for receipt in &self.room.receipts {
            if receipt.pos <= since || (receipt.is_private() && receipt.user != self.viewer.user) {
                continue;
            }
            let mut data = json!({ "ts": receipt.ts });
            if let Some(thread) = &receipt.thread {
                data["thread_id"] = json!(thread);
            }
            let of_event = content.entry(self.world.event_id(receipt.event)).or_default();
            of_event.entry(&receipt.kind).or_default().insert(self.world.user_id(receipt.user), data);
        }
        (!content.is_empty()).then(|| json!({ "type": "m.receipt", "content": content }))
    }
}
