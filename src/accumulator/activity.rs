//! When a room was last active, and which events count as activity for `bump_stamp` (MSC4186).

use crate::model::{Event, Timestamp};

/// That something happened in a room, so that it moves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// When its newest event was sent, as its sender's server says: only good to order rooms of one response.
    pub sent: Timestamp,
    /// Whether an event of a bump type is among it.
    pub bumps: bool,
}

impl News {
    /// Returns the news that some events are, oldest first; `None` if there are none.
    pub fn of<'a>(events: impl Iterator<Item = &'a Event>) -> Option<News> {
        events.fold(None, |news, event| {
            let bumps = bumps(event) || news.is_some_and(|news: News| news.bumps);
            Some(News { sent: event.header.origin_server_ts, bumps })
        })
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

/// Returns `activity` and `bump_stamp` of a room whose latest events came with a base: there nothing is known of when
/// they reached us, so their own time is taken, which cannot be later than now.
pub(super) fn of_base<'a>(
    events: impl DoubleEndedIterator<Item = &'a Event> + Clone,
    now: Timestamp,
) -> Option<(Timestamp, Timestamp)> {
    let sent = |event: &Event| event.header.origin_server_ts.min(now);
    let newest = events.clone().next_back().map(sent)?;
    // The last bump may lie before the events at hand, then it is not after the oldest of these.
    let bump = events.clone().rev().find(|event| bumps(event)).or_else(|| events.clone().next()).map(sent)?;
    Some((newest, bump.min(newest)))
}
