//! Which events of a room an answer shows (MSC4186, "Changes to `timeline_limit`"; `spec/clients.md` §5.11).
//!
//! Invariants: a window never reaches across a gap, because the client could not know of it; it is the newest part of
//! what is held, so the client always has the live end; `prev_batch` stands at or after the oldest event shown.

use super::{RoomContext, RoomTask};
use crate::connection::{reader::Reader, request::Wire, response::TimelineResult};
use crate::limits::OWN_EVENT_WAIT;
use crate::model::{Ordinal, Position, RoomEntry, TimelineEvent, Timestamp};

/// The timeline of a room in one answer, and what the client has afterwards.
pub struct TimelineOutcome<'a> {
    /// What is shown; `None` where no timeline is wanted or nothing is new.
    pub result: Option<TimelineResult>,
    /// The events shown, oldest first.
    pub events: Vec<&'a TimelineEvent>,
    /// From where on the client has every event.
    pub sent_from: Option<Ordinal>,
    /// Whether fewer events than wanted are held without a hole, and the room has more.
    pub short: bool,
    /// The `timeline_limit` that the client's timeline satisfies.
    pub limit: u32,
    /// The token from which history that is wanted but not held can be fetched.
    pub fetch_from: Option<String>,
}

/// Some of the newest events that are held.
struct Window<'a> {
    /// Those to show, newest first.
    shown: Vec<&'a TimelineEvent>,
    /// All from the newest to the oldest shown, newest first.
    passed: Vec<&'a TimelineEvent>,
    /// How many of these are newer than the newest that was filled in later.
    filled: Option<(usize, usize)>,
    end: End,
}

/// Why a window begins where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The event before it was sent earlier.
    Bound,
    /// It has as many events as may be.
    Full,
    /// Events before it are missing here.
    Gap,
    /// Nothing before it is held, though the room has more.
    Held,
    /// It begins with the room.
    Start,
}

impl End {
    /// Returns whether earlier events exist that the client does not get.
    fn is_limited(self) -> bool {
        matches!(self, End::Full | End::Gap | End::Held)
    }
}

/// Returns what to show of the room's timeline. `upto`: how far it was sent, `None` for all anew.
pub fn compute<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
) -> Option<TimelineOutcome<'a>> {
    let limit = task.config.timeline_limit;
    let Some((sent, upto)) = task.sent.zip(upto) else {
        let window = walk(context, reader, task.entry, limit, None)?;
        return Some(anew(context, task, &window, false));
    };
    // What is filled in later counts as a change of the timeline.
    let history_may_have_come = sent.short && task.entry.changed.timeline > upto;
    if limit > sent.config.timeline_limit || history_may_have_come {
        let window = walk(context, reader, task.entry, limit, None)?;
        let oldest = window.shown.last().map(|item| item.ordinal);
        if oldest.is_some_and(|oldest| sent.sent_from.is_none_or(|from| oldest < from)) {
            return Some(anew(context, task, &window, true));
        }
    }
    let window = (task.entry.changed.timeline > upto)
        .then(|| walk(context, reader, task.entry, limit, Some(upto)))
        .map_or(Some(None), |window| window.map(Some))?;
    let Some(window) = window.filter(|window| !window.shown.is_empty() || window.end.is_limited()) else {
        return Some(TimelineOutcome {
            result: None,
            events: Vec::new(),
            sent_from: sent.sent_from,
            short: sent.short,
            limit: sent.config.timeline_limit.max(limit),
            fetch_from: missing_from(context, reader, task, sent.short)?,
        });
    };
    let limited = window.end.is_limited();
    let oldest = window.shown.last().map(|item| item.ordinal);
    let short = if limited { window.is_short(limit) } else { sent.short };
    Some(TimelineOutcome {
        result: result(context, task, &window, limit),
        events: window.shown.iter().rev().copied().collect(),
        sent_from: if limited { oldest } else { sent.sent_from.or(oldest) },
        short,
        limit: if limited { limit } else { sent.config.timeline_limit.max(limit) },
        fetch_from: missing_from(context, reader, task, short)?,
    })
}

/// Returns the token from which to fetch what a subscription wants and is not held; `None` inside where nothing is
/// missing. It is asked for with every answer until it comes: a fetch may die with the process that began it.
fn missing_from<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    short: bool,
) -> Option<Option<String>> {
    if !(short && task.subscribed) {
        return Some(None);
    }
    let limit = task.config.timeline_limit;
    let window = walk(context, reader, task.entry, limit, None)?;
    Some(window.is_short(limit).then(|| prev_batch(context, &window)).flatten())
}

/// Returns the newest events that are held, newest first: those that the room would be shown with if it were new.
pub fn newest<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    entry: &RoomEntry,
    limit: u32,
) -> Option<Vec<&'a TimelineEvent>> {
    Some(walk(context, reader, entry, limit, None)?.shown)
}

/// Returns until when the room waits for the device's own poll to tell whether it sent the user's latest event: shown
/// without its transaction id, a client takes the event for another one than the one that it is sending. `None` inside
/// where there is nothing to wait for.
pub fn withheld_until<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    entry: &RoomEntry,
) -> Option<Option<Timestamp>> {
    let news = context.frontier.filter(|frontier| context.shares_account && entry.changed.timeline > *frontier);
    let Some(frontier) = news else { return Some(None) };
    let newest = Ordinal(entry.timeline_end.0.saturating_sub(1));
    let Some(chunk) = reader.timeline(&entry.room_id, newest.chunk())? else { return Some(None) };
    let fresh = chunk.events.iter().rev().take_while(|item| item.live && item.position > frontier);
    let is_told = |item: &TimelineEvent| {
        item.transaction.is_some() || item.not_sent_by.iter().any(|device| device == context.audience.device)
    };
    let unclaimed = fresh.filter(|item| !is_told(item) && item.event.sender() == context.cache.user_id);
    // The oldest of them, so that somebody who goes on writing elsewhere does not hold the room back for good.
    let until = unclaimed.map(|item| item.event.arrived.after(OWN_EVENT_WAIT)).min();
    Some(until.filter(|until| *until > context.audience.now))
}

fn anew<'a>(
    context: &RoomContext<'a>,
    task: &RoomTask<'_>,
    window: &Window<'a>,
    expanded: bool,
) -> TimelineOutcome<'a> {
    let limit = task.config.timeline_limit;
    let short = window.is_short(limit);
    let mut result = result(context, task, window, limit);
    if let Some(result) = &mut result
        && expanded
    {
        result.expanded = true;
        // matrix-js-sdk puts older events in their place only if `limited` says so (`spec/clients.md` §6.5). On v4 the
        // flag keeps its meaning, because clients flush their members on it.
        result.limited |= context.wire == Wire::Simplified;
    }
    let fetch_from = result.as_ref().filter(|_| short && task.subscribed).and_then(|result| result.prev_batch.clone());
    TimelineOutcome {
        result,
        events: window.shown.iter().rev().copied().collect(),
        sent_from: window.shown.last().map(|item| item.ordinal),
        short,
        limit,
        fetch_from,
    }
}

/// Returns the newest events that are held, back to the bound, the limit, a gap or the end of what is held.
fn walk<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    entry: &RoomEntry,
    limit: u32,
    bound: Option<Position>,
) -> Option<Window<'a>> {
    let mut window = Window { shown: Vec::new(), passed: Vec::new(), filled: None, end: End::Held };
    if limit == 0 && bound.is_none() {
        return Some(window);
    }
    let newest = Ordinal(entry.timeline_end.0.saturating_sub(1));
    let mut chunk = newest.chunk();
    let mut end = None;
    while entry.timeline_first < entry.timeline_end && chunk >= entry.timeline_first.chunk() {
        let events = reader.timeline(&entry.room_id, chunk)?.map_or(&[][..], |chunk| &chunk.events);
        for item in events.iter().rev().filter(|item| item.ordinal >= entry.timeline_first && item.ordinal <= newest) {
            if end.is_none() {
                end = window.take(context, item, limit, bound);
            }
            let is_known = bound.is_some_and(|bound| item.position <= bound);
            if let Some(end) = end.filter(|_| is_known || window.filled.is_none()) {
                window.end = end;
                window.trim();
                return Some(window);
            }
        }
        chunk -= 1;
    }
    window.end = end.unwrap_or(if entry.timeline_complete { End::Start } else { End::Held });
    window.drop_history();
    window.trim();
    Some(window)
}

impl<'a> Window<'a> {
    /// Takes the next older event, or tells why the window ends before or with it.
    fn take(
        &mut self,
        context: &RoomContext<'_>,
        item: &'a TimelineEvent,
        limit: u32,
        bound: Option<Position>,
    ) -> Option<End> {
        if bound.is_some_and(|bound| item.position <= bound) {
            return Some(End::Bound);
        }
        if bound.is_some() && !item.live && self.filled.is_none() {
            self.filled = Some((self.shown.len(), self.passed.len()));
        }
        let sender = item.event.sender();
        let hidden = !item.event.is_state() && sender != context.cache.user_id && context.cache.is_ignored(sender);
        if !hidden {
            if self.shown.len() >= limit as usize {
                return Some(End::Full);
            }
            self.shown.push(item);
        }
        self.passed.push(item);
        item.gap_before.then_some(End::Gap)
    }

    /// Drops what was filled in before everything that was sent: nobody missed it. What was filled in behind that stays,
    /// or the client would have a hole there and not know of it.
    fn drop_history(&mut self) {
        let Some((shown, passed)) = self.filled.take() else { return };
        self.shown.truncate(shown);
        self.passed.truncate(passed);
        self.end = End::Bound;
    }

    /// Returns whether it has fewer events than wanted although the room has more.
    fn is_short(&self, limit: u32) -> bool {
        self.shown.len() < limit as usize && matches!(self.end, End::Held | End::Gap)
    }

    /// Forgets hidden events before the oldest shown: a token among them would stand before it.
    fn trim(&mut self) {
        let Some(oldest) = self.shown.last().map(|item| item.ordinal) else { return };
        self.passed.retain(|item| item.ordinal >= oldest);
    }
}

fn result(context: &RoomContext<'_>, task: &RoomTask<'_>, window: &Window<'_>, limit: u32) -> Option<TimelineResult> {
    if limit == 0 {
        return None;
    }
    Some(TimelineResult {
        events: window.shown.iter().rev().map(|item| context.audience.timeline_event(item)).collect(),
        limited: window.end.is_limited(),
        prev_batch: prev_batch(context, window),
        expanded: false,
        num_live: num_live(context, task, window),
    })
}

/// Returns a token at or after the oldest event shown: everything before it must be reachable, and what is shown twice
/// is recognised, while what stands before the token would be lost.
fn prev_batch(context: &RoomContext<'_>, window: &Window<'_>) -> Option<String> {
    let mut oldest_first = window.passed.iter().rev();
    let oldest = oldest_first.next();
    let first = oldest.and_then(|item| item.token_before.as_ref().or(item.token_after.as_ref()));
    let next = || oldest_first.find_map(|item| item.token_before.as_ref().or(item.token_after.as_ref()));
    // The device's own `since` stands after everything that its polls brought.
    first.or_else(next).map(String::as_str).or(context.since).map(str::to_owned)
}

fn num_live(context: &RoomContext<'_>, task: &RoomTask<'_>, window: &Window<'_>) -> u64 {
    let Some(from) = task.live_from(context) else { return 0 };
    // What happened before one's own join is history, however new it is here.
    let joined_at = task.entry.joined_at.filter(|_| task.entry.membership_position > from);
    let live = |item: &&&TimelineEvent| {
        item.live && item.position > from && joined_at.is_none_or(|joined_at| item.ordinal >= joined_at)
    };
    window.shown.iter().take_while(live).count() as u64
}
