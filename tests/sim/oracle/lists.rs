//! Which rooms a list holds, in which order, and which of them a request reaches.

use std::collections::BTreeMap;

use sash_sync::connection::Wire;

use super::{Judge, Shown, wants_timeline};
use crate::{
    client::{Client, Filters, List, RoomConfig},
    homeserver::world::{Membership, RoomNo},
};

/// Whether a list holds a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Listing {
    No,
    /// Either is right.
    Maybe,
    Yes,
}

/// What is asked of a room that is surely reached.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    pub rules: Vec<RoomConfig>,
    /// The lists that surely reach it.
    pub lists: Vec<String>,
    /// Whether a subscription names it.
    pub is_subscribed: bool,
}

impl Reach {
    /// Returns whether the room's account data, receipts and typing are surely asked for. On the unstable wire `rooms`
    /// means rooms of lists as well.
    pub fn is_in_scope(&self, client: &Client, room: &str) -> bool {
        let scope = &client.config.scope;
        let by_list = match &scope.lists {
            None => !self.lists.is_empty(),
            Some(lists) => self.lists.iter().any(|list| lists.contains(list)),
        };
        let is_named = scope.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|named| named == room));
        by_list || is_named && (self.is_subscribed || client.wire == Wire::Simplified)
    }
}

impl<'a> Judge<'a> {
    /// Checks counts, windows and order, and returns what the request surely reaches.
    pub(super) fn check_lists(&self, client: &Client, complaints: &mut Vec<String>) -> Vec<(RoomNo, Reach)> {
        let mut reaches: BTreeMap<RoomNo, Reach> = BTreeMap::new();
        for (key, list) in &client.config.lists {
            let mut found = Vec::new();
            for room in self.check_list(client, key, list, &mut found) {
                let reach = reaches.entry(room).or_default();
                reach.rules.push(list.config.clone());
                reach.lists.push(key.clone());
            }
            complaints.extend(found.into_iter().map(|complaint| format!("list {key}: {complaint}")));
        }
        for (id, config) in &client.config.subscriptions {
            let Some(room) = self.world.find_room(id).filter(|room| self.is_answered(client, *room)) else { continue };
            let reach = reaches.entry(room).or_default();
            reach.rules.push(config.clone());
            reach.is_subscribed = true;
        }
        reaches.into_iter().collect()
    }

    /// Returns whether a subscription to the room must be answered: rooms that the user left before Sash was there are
    /// not known to it.
    fn is_answered(&self, client: &Client, room: RoomNo) -> bool {
        let Some(shown) = self.shown(room) else { return false };
        match shown.membership() {
            Membership::Join => true,
            Membership::Invite | Membership::Knock => !shown.is_by_ignored(),
            Membership::Leave | Membership::Ban => {
                client.has.rooms.contains_key(&*shown.room.id) && !shown.own.forgotten
            }
        }
    }

    fn check_list(&self, client: &Client, key: &str, list: &List, complaints: &mut Vec<String>) -> Vec<RoomNo> {
        let rooms: Vec<(Shown<'a>, Listing)> = (0..self.world.rooms.len() as RoomNo)
            .filter_map(|room| self.shown(room))
            .map(|shown| (shown, self.listing(client, &shown, &list.filters)))
            .collect();
        let name =
            |(shown, listing): &(Shown<'a>, Listing)| format!("{} {:?} {listing:?}", shown.room.id, shown.membership());
        let names: Vec<String> = rooms.iter().map(name).collect();
        let rooms: Vec<_> = rooms.into_iter().filter(|(_, listing)| *listing != Listing::No).collect();
        let sure = rooms.iter().filter(|(_, listing)| *listing == Listing::Yes).count() as u64;
        match client.has.counts.get(key) {
            Some(count) if (sure..=rooms.len() as u64).contains(count) => {}
            // That a room is one more, or another, without anything of it being shown, wakes nobody: as on Synapse.
            _ if self.is_asleep => {}
            count => complaints.push(format!("count is {count:?}, but there are {names:?} for {:?}", list.filters)),
        }
        let within: Vec<RoomNo> = rooms
            .iter()
            .filter(|(shown, listing)| *listing == Listing::Yes && is_surely_within(shown, &rooms, list, client.wire))
            .map(|(shown, _)| shown.room.no)
            .collect();
        if client.wire == Wire::Simplified && !self.is_asleep {
            self.check_window(client, key, list, &rooms, &within, complaints);
        }
        within
    }

    fn check_window(
        &self,
        client: &Client,
        key: &str,
        list: &List,
        rooms: &[(Shown<'a>, Listing)],
        within: &[RoomNo],
        complaints: &mut Vec<String>,
    ) {
        let Some((first, last)) = list.range else { return };
        let empty = Vec::new();
        let window = client.has.windows.get(key).unwrap_or(&empty);
        let count = client.has.counts.get(key).copied().unwrap_or(0);
        let expected = count.min(last + 1).saturating_sub(first);
        if window.len() as u64 != expected {
            complaints.push(format!("the window {first}..={last} of {count} holds {window:?}"));
        }
        for room in within {
            let id = &self.world.room(*room).id;
            if !window.iter().any(|held| **held == **id) {
                complaints.push(format!("{id} is missing in the window {window:?}"));
            }
        }
        let held: Vec<Option<&Shown<'a>>> = window
            .iter()
            .map(|id| rooms.iter().find(|(shown, _)| *shown.room.id == **id).map(|(shown, _)| shown))
            .collect();
        for (index, one) in held.iter().enumerate() {
            let Some(one) = one else {
                complaints.push(format!("{} does not belong into the window", window[index]));
                continue;
            };
            if let Some(newer) = held[index + 1..].iter().flatten().find(|later| is_surely_before(later, one)) {
                let (one_at, newer_at) = (one.activity(), newer.activity());
                complaints
                    .push(format!("{} at {one_at:?} stands before {} at {newer_at:?}", one.room.id, newer.room.id));
            }
        }
    }

    /// Of two rooms, the one with the later activity has the higher `bump_stamp`.
    pub(super) fn check_bump_stamps(&self, client: &Client, reaches: &[(RoomNo, Reach)], complaints: &mut Vec<String>) {
        let rooms: Vec<(Shown<'a>, u64)> = reaches
            .iter()
            .filter(|(_, reach)| wants_timeline(&reach.rules))
            .filter_map(|(room, _)| self.shown(*room).filter(Shown::is_joined))
            .filter_map(|shown| Some((shown, client.has.rooms.get(&*shown.room.id)?.bump_stamp?)))
            .collect();
        for (one, stamp) in &rooms {
            let wrong =
                rooms.iter().find(|(other, held)| held >= stamp && self.ledger.is_before(other.bump().1, one.bump().0));
            if let Some((other, held)) = wrong {
                complaints.push(format!(
                    "{} with its last message at {:?} has bump_stamp {stamp}, and {} at {:?} has {held}",
                    one.room.id,
                    one.bump(),
                    other.room.id,
                    other.bump()
                ));
            }
        }
    }

    fn listing(&self, client: &Client, shown: &Shown<'_>, filters: &Filters) -> Listing {
        let received = client.has.rooms.contains_key(&*shown.room.id);
        // Of an invite by somebody ignored nobody tells: the room is listed as it was, or not at all.
        if shown.membership() == Membership::Invite && shown.is_by_ignored() {
            return Listing::Maybe;
        }
        let listed = match shown.membership() {
            Membership::Join | Membership::Knock => Listing::Yes,
            Membership::Invite => Listing::Yes,
            // Nobody tells of a room that it was forgotten.
            _ if shown.own.forgotten || self.crawled => Listing::Maybe,
            Membership::Leave if !shown.by_other() => {
                if received {
                    Listing::Maybe
                } else {
                    Listing::No
                }
            }
            // Some homeservers show the state of a room that one was uninvited from, others do not.
            Membership::Leave | Membership::Ban if shown.last_join().is_none() && shown.by_other() => Listing::Maybe,
            Membership::Leave | Membership::Ban if shown.last_join().is_none() => {
                if received {
                    Listing::Maybe
                } else {
                    Listing::No
                }
            }
            Membership::Leave | Membership::Ban if shown.stay_was_seen() => Listing::Yes,
            Membership::Leave | Membership::Ban => Listing::Maybe,
        };
        listed.min(self.matches(shown, filters))
    }

    fn matches(&self, shown: &Shown<'_>, filters: &Filters) -> Listing {
        let yes = |matches: bool| if matches { Listing::Yes } else { Listing::No };
        let mut listing = Listing::Yes;
        if let Some(wanted) = filters.is_dm {
            listing = listing.min(yes(self.is_dm(&shown.room.id) == wanted));
        }
        if let Some(wanted) = filters.is_invited {
            listing = listing.min(yes((shown.membership() == Membership::Invite) == wanted));
        }
        if let Some(wanted) = filters.is_encrypted {
            let encryption = shown.state("m.room.encryption", "");
            let encrypted = encryption.is_some();
            // Outside, one knows what one was told at some moment: a later leave (an unban) tells of no other state.
            let of_stay =
                shown.end_of_stay().and_then(|end| shown.room.history("m.room.encryption", "")?.at(end)).is_some();
            let now = shown.room.state_event("m.room.encryption", "").is_some();
            let is_told = encryption.is_none_or(|event| self.is_told(event));
            let sure = is_told
                && (shown.is_joined() || (encrypted == now && (shown.last_join().is_none() || encrypted == of_stay)));
            listing = listing.min(if sure { yes(encrypted == wanted) } else { Listing::Maybe });
        }
        if let Some(types) = &filters.room_types {
            let kind = shown
                .room
                .state_event("m.room.create", "")
                .and_then(|event| self.world.event(event).content_str("type"));
            listing = listing.min(yes(types.contains(&kind)));
        }
        if let Some(spaces) = &filters.spaces {
            listing =
                listing.min(spaces.iter().map(|space| self.holds(space, &shown.room.id)).max().unwrap_or(Listing::No));
        }
        let tags = self.world.tags(self.me, shown.room.no);
        let has_one = |wanted: &Vec<String>| wanted.iter().any(|tag| tags.get(tag).is_some());
        let by_tags = [filters.tags.as_ref().map(has_one), filters.not_tags.as_ref().map(|barred| !has_one(barred))];
        for matches in by_tags.into_iter().flatten() {
            let sure = shown.is_joined() && !self.crawled;
            listing = listing.min(if sure { yes(matches) } else { Listing::Maybe });
        }
        listing
    }

    pub(super) fn is_dm(&self, room: &str) -> bool {
        let content = self.world.user(self.me).account_data.get("m.direct");
        let content: Option<BTreeMap<String, Vec<String>>> =
            content.and_then(|data| serde_json::from_str(data.value.get()).ok());
        content.is_some_and(|content| content.values().flatten().any(|direct| direct == room))
    }

    fn holds(&self, space: &str, room: &str) -> Listing {
        let Some(space) = self.world.find_room(space).and_then(|space| self.shown(space)).filter(Shown::is_joined)
        else {
            return Listing::No;
        };
        let child = space.state("m.space.child", room);
        if child.is_some_and(|event| !self.is_told(event)) {
            // What stood there before may stand there still, as far as anybody was told.
            return Listing::Maybe;
        }
        let child = child.is_some_and(|event| self.world.event(event).content_value()["via"].is_array());
        let is_space = space.state_text("m.room.create", "type").is_some_and(|kind| kind == "m.space");
        match (child, is_space) {
            (false, _) => Listing::No,
            (true, true) => Listing::Yes,
            (true, false) => Listing::Maybe,
        }
    }
}

/// Returns whether `one` surely stands before `other`: it was active later.
fn is_surely_before(one: &Shown<'_>, other: &Shown<'_>) -> bool {
    one.judge.ledger.is_before(other.activity().1, one.activity().0)
}

fn is_surely_within(shown: &Shown<'_>, rooms: &[(Shown<'_>, Listing)], list: &List, wire: Wire) -> bool {
    let Some((first, last)) = list.range else { return wire == Wire::V4 };
    let others = || rooms.iter().filter(|(other, _)| other.room.no != shown.room.no);
    let maybe_before = others().filter(|(other, _)| !is_surely_before(shown, other)).count() as u64;
    let surely_before =
        others().filter(|(other, listing)| *listing == Listing::Yes && is_surely_before(other, shown)).count() as u64;
    maybe_before <= last && surely_before >= first
}
