//! What an answer says of one room.
//!
//! Invariants: a result is computed from what the client confirmed and what the room is now, never from what changed in
//! between; only what is newer than what the client has is said, unless the room is sent anew (`initial`).

mod config;
mod lazy_members;
mod required_state;
mod stripped;
mod summary;
mod timeline;

use std::rc::Rc;

use ruma::{OwnedRoomId, RoomId};

pub use config::{EffectiveConfig, Wanted};
pub use stripped::is_outside;
pub use timeline::{newest, withheld_until};

use super::{
    reader::Reader,
    request::Wire,
    response::{RoomResult, StateItem},
    state::{Mark, RoomDelta, RoomSent},
    unsigned::Audience,
};
use crate::cache::AccountCache;
use crate::model::{Membership, Position, RoomEntry};

/// What holds for all rooms of an answer.
pub struct RoomContext<'a> {
    /// The account.
    pub cache: &'a AccountCache,
    /// The wire of the request.
    pub wire: Wire,
    /// Who asked, and when.
    pub audience: Audience<'a>,
    /// The device's place in the homeserver's stream: a token after everything that is held.
    pub since: Option<&'a str>,
    /// The position in the request's `pos`; `None` without `pos`.
    pub frontier: Option<Position>,
    /// The frontier of the first of the answers right before this one that had no place for all there was.
    pub live_from: Option<Position>,
    /// Whether another device's poll may bring an event before this device's own poll tells that it sent it.
    pub shares_account: bool,
}

/// One room that a rule matches.
pub struct RoomTask<'a> {
    /// The room.
    pub entry: &'a RoomEntry,
    /// What the client has of it.
    pub sent: Option<&'a RoomSent>,
    /// What is wanted of it.
    pub config: &'a EffectiveConfig,
    /// Whether that is nothing but what it was sent with.
    pub config_kept: bool,
    /// Whether a subscription names it.
    pub subscribed: bool,
}

/// What comes of it.
#[derive(Clone, Debug, Default)]
pub struct RoomOutcome {
    /// What is said; `None` where nothing is new.
    pub result: Option<RoomResult>,
    /// What the client has afterwards; `None` where that stays as it was.
    pub delta: Option<RoomDelta>,
    /// What would be good to have for next time.
    pub fetch: Vec<Fetch>,
}

/// Something to fetch from the homeserver in the background.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fetch {
    /// Older events of a room.
    Timeline {
        /// Which room.
        room: OwnedRoomId,
        /// The v2 token to page back from.
        from: String,
        /// How many events are wanted in all.
        limit: u32,
    },
    /// All members of a room.
    Members {
        /// Which room.
        room: OwnedRoomId,
    },
}

impl Fetch {
    /// Returns of which room.
    pub fn room(&self) -> &RoomId {
        let (Fetch::Timeline { room, .. } | Fetch::Members { room }) = self;
        room
    }

    /// Returns what is fetched.
    pub fn name(&self) -> &'static str {
        match self {
            Fetch::Timeline { .. } => "timeline",
            Fetch::Members { .. } => "members",
        }
    }
}

/// Returns whether the room needs no look: nothing about it has changed for this connection.
pub fn is_unchanged(context: &RoomContext<'_>, task: &RoomTask<'_>) -> bool {
    let Some((sent, upto)) = task.sent.zip(task.upto(context)) else { return false };
    last_change(context.wire, task.entry) <= upto
        && sent.mark == Mark::Live
        && sent.is_dm == context.cache.is_dm(task.entry)
        && sent.membership == task.entry.membership
        && task.config_kept
        && !task.may_lack_something(context)
}

/// Returns when the room last changed as far as its result goes.
pub fn last_change(wire: Wire, entry: &RoomEntry) -> Position {
    let changed = &entry.changed;
    let counts = if wire == Wire::Simplified { changed.counts } else { Position::default() };
    [changed.timeline, changed.state, changed.members, changed.summary, entry.membership_position, counts]
        .into_iter()
        .max()
        .unwrap_or_default()
}

/// Returns what is said of the room, or `None` if records are missing.
pub fn compute<'a>(context: &RoomContext<'a>, reader: &mut Reader<'a>, task: &RoomTask<'_>) -> Option<RoomOutcome> {
    let upto = task.upto(context).filter(|upto| !task.is_anew(*upto));
    let outcome = if is_outside(task.entry) {
        outside(context, reader, task, upto)?
    } else {
        inside(context, reader, task, upto)?
    };
    Some(task.finished(context, upto.is_none(), outcome))
}

fn outside<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
) -> Option<RoomOutcome> {
    let result = stripped::compute(context, reader, task, upto)?;
    let config = required_state::remembered(task.known(upto), task.config, 0, true);
    let sent = RoomSent { sent_from: None, short: false, ..task.now_sent(context, config) };
    let delta = RoomDelta { sent, flush: true, members: Vec::new() };
    Some(RoomOutcome { result, delta: Some(delta), fetch: Vec::new() })
}

fn inside<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
) -> Option<RoomOutcome> {
    let mut result = RoomResult::default();
    // Each of these notes what it lacks, so that one round of loading serves them all.
    let timeline = timeline::compute(context, reader, task, upto);
    let state = required_state::compute(context, reader, task, upto);
    let summary = summary::fill(context, reader, task, upto, &mut result);
    let timeline = timeline?;
    let limited = timeline.result.as_ref().is_some_and(|timeline| timeline.limited);
    let flush = upto.is_none() || limited;
    let here = state.as_deref().unwrap_or_default();
    let lazy = lazy_members::compute(context, reader, task, upto, &timeline, here, flush)?;
    result.required_state = state?;
    summary?;
    result.required_state.extend(lazy.items);
    let config = required_state::remembered(task.known(upto), task.config, timeline.limit, flush);
    let sent = RoomSent { sent_from: timeline.sent_from, short: timeline.short, ..task.now_sent(context, config) };
    let fetch = task.wishes(context, reader, timeline.fetch_from)?;
    result.timeline = timeline.result;
    let said = upto.is_none() || says_something(&result);
    Some(RoomOutcome {
        result: said.then_some(result),
        delta: Some(RoomDelta { sent, flush, members: lazy.users }),
        fetch,
    })
}

impl RoomTask<'_> {
    /// Returns up to where the room was sent.
    fn upto(&self, context: &RoomContext<'_>) -> Option<Position> {
        self.sent.and_then(|sent| sent.mark.position(context.frontier.unwrap_or_default()))
    }

    /// Returns since when the room's events are news: since the request before; in a room that was not in the last answer
    /// because that was full, since the request whose answer would have had it (MSC4186, `num_live`).
    fn live_from(&self, context: &RoomContext<'_>) -> Option<Position> {
        let frontier = context.frontier?;
        let live_from = context.live_from.unwrap_or(frontier);
        Some(match self.sent.map(|sent| sent.mark) {
            Some(Mark::Live) => frontier,
            Some(Mark::Upto(upto)) => live_from.max(upto),
            Some(Mark::Never) | None => live_from,
        })
    }

    /// Returns whether the client has to replace what it has: after a new join, and when a room that showed itself from
    /// outside is now seen from inside, or the reverse.
    fn is_anew(&self, upto: Position) -> bool {
        let Some(sent) = self.sent else { return true };
        let joined = self.entry.membership == Membership::Join && self.entry.membership_position > upto;
        let was_outside = sent.membership.is_pending();
        let is_outside = is_outside(self.entry);
        let turned = match (was_outside, is_outside) {
            (true, false) => true,
            (false, true) => self.entry.membership.is_pending(),
            _ => false,
        };
        joined || turned
    }

    fn known(&self, upto: Option<Position>) -> Option<(&RoomSent, Position)> {
        self.sent.zip(upto)
    }

    fn now_sent(&self, context: &RoomContext<'_>, config: Rc<super::state::SentConfig>) -> RoomSent {
        RoomSent {
            mark: Mark::Live,
            membership: self.entry.membership,
            is_dm: context.cache.is_dm(self.entry),
            config,
            sent_from: None,
            short: false,
            members: self.sent.map(|sent| Rc::clone(&sent.members)).unwrap_or_default(),
            marks: self.sent.map(|sent| sent.marks).unwrap_or_default(),
        }
    }

    /// Returns whether a subscription may want something of the room that is not held. Then the room is looked at even
    /// if it has not changed: what was asked for before may have been lost with the process that asked.
    fn may_lack_something(&self, context: &RoomContext<'_>) -> bool {
        self.subscribed && (self.sent.is_some_and(|sent| sent.short) || self.may_lack_members(context))
    }

    fn may_lack_members(&self, context: &RoomContext<'_>) -> bool {
        let wanted = &self.config.wanted;
        let joined = self.entry.membership == Membership::Join;
        let incomplete = joined && !self.entry.members_complete;
        incomplete && (wanted.wants_all_members() || !wanted.named_members(&context.cache.user_id).is_empty())
    }

    fn wishes<'a>(
        &self,
        context: &RoomContext<'a>,
        reader: &mut Reader<'a>,
        fetch_from: Option<String>,
    ) -> Option<Vec<Fetch>> {
        let mut wishes = Vec::new();
        if !self.subscribed {
            return Some(wishes);
        }
        let room = &self.entry.room_id;
        if let Some(from) = fetch_from {
            wishes.push(Fetch::Timeline { room: room.clone(), from, limit: self.config.timeline_limit });
        }
        if self.may_lack_members(context) && self.lacks_members(context, reader)? {
            wishes.push(Fetch::Members { room: room.clone() });
        }
        Some(wishes)
    }

    /// Returns whether members are wanted, all or by name, that are not held.
    fn lacks_members<'a>(&self, context: &RoomContext<'a>, reader: &mut Reader<'a>) -> Option<bool> {
        let wanted = &self.config.wanted;
        if wanted.wants_all_members() {
            return Some(true);
        }
        let named = wanted.named_members(&context.cache.user_id);
        let members = reader.members_of(self.entry, named.iter().map(|user| user.as_str()))?;
        Some(named.into_iter().any(|user| members.member(user).is_none()))
    }

    /// Adds what every result has in common, and leaves out a delta that changes nothing.
    fn finished(&self, context: &RoomContext<'_>, anew: bool, mut outcome: RoomOutcome) -> RoomOutcome {
        let entry = self.entry;
        let is_dm = context.cache.is_dm(entry);
        let membership_changed = self.sent.is_none_or(|sent| sent.membership != entry.membership);
        let dm_changed = self.sent.is_some_and(|sent| sent.is_dm != is_dm);
        if membership_changed || dm_changed {
            outcome.result.get_or_insert_default();
        }
        if let Some(result) = &mut outcome.result {
            result.initial = anew;
            let tells = anew || membership_changed || result.stripped_state.is_some();
            result.membership = tells.then_some(entry.membership);
            result.is_dm = if anew && !dm_changed { is_dm.then_some(true) } else { dm_changed.then_some(is_dm) };
            result.bump_stamp = Some(entry.recency());
        }
        let same = |delta: &RoomDelta| {
            delta.members.is_empty()
                && self.sent.is_some_and(|sent| *sent == delta.sent && (!delta.flush || sent.members.is_empty()))
        };
        outcome.delta = outcome.delta.filter(|delta| !same(delta));
        outcome
    }
}

fn says_something(result: &RoomResult) -> bool {
    let timeline = result.timeline.as_ref();
    timeline.is_some_and(|timeline| !timeline.events.is_empty() || timeline.limited)
        || !result.required_state.is_empty()
        || result.name.is_some()
        || result.avatar.is_some()
        || result.heroes.is_some()
        || result.joined_count.is_some()
        || result.invited_count.is_some()
        || result.notification_count.is_some()
        || result.highlight_count.is_some()
}

impl RoomResult {
    /// Returns about how many bytes the result takes on the wire.
    pub fn size(&self) -> usize {
        let state = self.required_state.iter().map(|item| match item {
            StateItem::Event(event) => event.event.size(),
            StateItem::Removed { event_type, state_key } => event_type.len() + state_key.len() + 30,
        });
        let timeline = self.timeline.iter().flat_map(|timeline| &timeline.events).map(|event| event.event.size());
        let stripped = self.stripped_state.iter().flatten().map(|event| event.get().len());
        200 + state.chain(timeline).chain(stripped).sum::<usize>()
    }
}
