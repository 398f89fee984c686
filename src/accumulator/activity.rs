//! When a room was last active, and which events count as activity for `bump_stamp` (MSC4186).

use crate::model::{Event, RoomEntry, Timestamp};

/// That something happened in a room, so that it moves up. When, is as the senders' servers say: only good to order the
/// news of one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// When its newest event was sent.
    pub sent: Timestamp,
    /// When the newest of a bump type among it was, which is not later.
    pub bumped: Option<Timestamp>,
}

impl News {
    /// Returns the news that some events are, oldest first; `None` if there are none.
    pub fn of<'a>(events: impl DoubleEndedIterator<Item = &'a Event> + Clone) -> Option<News> {
        let sent = events.clone().next_back()?.header.origin_server_ts;
        Some(News { sent, bumped: last_bump(events).map(|bumped| bumped.min(sent)) })
    }
}

/// Returns whether an event of this type moves `bump_stamp`: the seven types of MSC4186, polls and beacons also under
/// the names that clients send before those are stable.
pub(super) fn bumps(event: &Event) -> bool {
    let state = event.is_state();
    match event.kind() {
        "m.room.create" => state,
        "m.beacon_info" | "org.matrix.msc3672.beacon_info" => state,
        "m.room.message"
        | "m.room.encrypted"
        | "m.sticker"
        | "m.call.invite"
        | "m.poll.start"
        | "org.matrix.msc3381.poll.start" => !state,
        _ => false,
    }
}

/// Returns when the newest event of a bump type was sent, as its sender's server says.
pub(super) fn last_bump<'a>(events: impl DoubleEndedIterator<Item = &'a Event>) -> Option<Timestamp> {
    events.rev().find(|event| bumps(event)).map(|event| event.header.origin_server_ts)
}

/// Takes over what some events, oldest first, say of `bump_stamp` of which nobody knows when they reached us: their own
/// time, which cannot be later than now.
pub(super) fn lay_bump(entry: &mut RoomEntry, events: &[Event], now: Timestamp) {
    let sent = |event: &Event| event.header.origin_server_ts.min(now);
    let Some((oldest, newest)) = events.first().map(sent).zip(events.last().map(sent)) else { return };
    match last_bump(events.iter()) {
        Some(bump) => entry.bump_stamp = entry.bump_stamp.max(bump.min(newest)),
        // The last bump lies before the events at hand, so it is not after the oldest of them. That is a guess, and what
        // is known already is none.
        None if entry.bump_stamp == Timestamp(0) => entry.bump_stamp = oldest,
        None => {}
    }
}
