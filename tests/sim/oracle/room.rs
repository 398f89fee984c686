//! What a client must have of one room.

use std::collections::BTreeSet;

use sash_sync::connection::Wire;

use super::{Judge, Reach, Shown, timeline, wants_timeline};
use crate::{
    client::{Client, Room},
    homeserver::world::{Membership, RoomNo, UserNo},
};

const MEMBER: &str = "m.room.member";

impl Judge<'_> {
    /// Checks a room that the client's request surely reaches.
    pub(super) fn check_reached(&self, client: &Client, room: RoomNo, reach: &Reach, complaints: &mut Vec<String>) {
        let Some(shown) = self.shown(room) else { return };
        let id = &shown.room.id;
        let mut found = Vec::new();
        match client.has.rooms.get(&**id) {
            None => found.push(format!("is missing, as {}", shown.membership_name())),
            Some(has) => {
                if has.membership.as_deref() != Some(shown.membership_name()) {
                    found.push(format!("membership is {:?}, not {}", has.membership, shown.membership_name()));
                }
                match shown.membership() {
                    Membership::Join => self.check_joined(client, &shown, has, reach, &mut found),
                    Membership::Invite | Membership::Knock => check_stripped(&shown, has, &mut found),
                    Membership::Leave | Membership::Ban if shown.stay_was_seen() && !self.crawled => {
                        check_left(&shown, has, reach, &mut found);
                    }
                    Membership::Leave | Membership::Ban => {}
                }
            }
        }
        complaints.extend(found.into_iter().map(|complaint| format!("{id}: {complaint}")));
    }

    /// Checks what must hold of every room, reached or not.
    pub(super) fn check_everywhere(&self, id: &str, has: &Room, complaints: &mut Vec<String>) {
        let shown = self.world.find_room(id).and_then(|room| self.shown(room));
        let Some(shown) = shown else {
            return complaints.push(format!("{id}: the user was never in this room"));
        };
        let found = timeline::complaints(&shown, &has.timeline, false);
        complaints.extend(found.into_iter().map(|complaint| format!("{id}: timeline: {complaint}")));
        for ((kind, key), event) in &has.state {
            let known = self.world.find_event(event).map(|no| self.world.event(no));
            if !known.is_some_and(|event| {
                event.room == shown.room.no && *event.kind == **kind && event.state_key.as_deref() == Some(key)
            }) {
                complaints.push(format!("{id}: {event} is no {kind} {key:?} of this room"));
            }
        }
    }

    fn check_joined(&self, client: &Client, shown: &Shown<'_>, has: &Room, reach: &Reach, found: &mut Vec<String>) {
        if wants_timeline(&reach.rules) {
            found.extend(
                timeline::complaints(shown, &has.timeline, true)
                    .into_iter()
                    .map(|complaint| format!("timeline: {complaint}")),
            );
        }
        self.check_state(client, shown, has, reach, found);
        self.check_summary(client.wire, shown, has, found);
        self.check_room_extensions(client, shown, has, reach, found);
    }

    fn check_state(&self, client: &Client, shown: &Shown<'_>, has: &Room, reach: &Reach, found: &mut Vec<String>) {
        let wanted = |kind: &str, key: &str| reach.rules.iter().any(|rule| rule.state.matches(kind, key));
        for (kind, key, history) in shown.room.histories() {
            let entry = (kind.to_string(), key.to_string());
            if !wanted(kind, key) {
                continue;
            }
            if let Some(vanished) = self.ledger.vanished.get(&(shown.room.no, entry.0.clone(), entry.1.clone())) {
                // Not everybody can be told that state is gone.
                let is_told = self.state_told.get(&shown.room.no).is_some_and(|told| told >= vanished);
                if is_told
                    && client.wire == Wire::V4
                    && let Some(held) = has.state.get(&entry)
                {
                    found.push(format!("state {kind} {key:?} is {}, and vanished", self.name(Some(held))));
                }
                continue;
            }
            let Some(event) = history.current().filter(|event| self.is_told(*event)) else { continue };
            // Members are fetched in the background, where at all; those that are told must be told as they are.
            let is_needed = &**kind != MEMBER || **key == **self.world.user_id(self.me);
            let expected = self.world.event_id(event);
            match has.state.get(&entry) {
                Some(held) if *held == expected => {}
                None if !is_needed => {}
                held => found.push(format!("state {kind} {key:?} is {}, not #{event}", self.name(held))),
            }
        }
        if reach.rules.iter().any(|rule| rule.state.lazy_members) {
            self.check_lazy_members(client, shown, has, found);
        }
    }

    /// Whom the client needs it must know, and whom it knows it must know as they are.
    fn check_lazy_members(&self, client: &Client, shown: &Shown<'_>, has: &Room, found: &mut Vec<String>) {
        // Members that the request names are no lazy ones, which flushing is about. Any list may hold the room as well.
        let lists = || {
            client
                .config
                .lists
                .values()
                .map(|list| &list.config)
                .chain(client.config.subscriptions.get(&*shown.room.id))
        };
        let is_named = |user: &str| lists().any(|rule| rule.state.matches(MEMBER, user));
        for ((_, key), held) in has.state.iter().filter(|((kind, _), _)| kind == MEMBER) {
            let current = shown.room.state_event(MEMBER, key);
            let is_old = current.is_some_and(|current| self.is_told(current) && self.world.event_id(current) != *held);
            if is_old && !has.flushed.contains(key) && !has.doubtful.contains(key) {
                found.push(format!("member {key} is {}, not #{current:?}", self.name(Some(held))));
            }
        }
        for sender in &has.needed {
            let known = has.state.contains_key(&(MEMBER.to_owned(), sender.clone()))
                && (!has.flushed.contains(sender) || is_named(sender));
            // Of a member who came in history that is hidden, `state` does not tell: it is that before the timeline.
            let is_told = shown.room.state_event(MEMBER, sender).is_some_and(|member| self.is_told(member));
            if !known && is_told {
                found.push(format!("member {sender}, who sent an event of the timeline, is not known"));
            }
        }
    }

    fn name(&self, event: Option<&String>) -> String {
        let known = event.and_then(|id| self.world.find_event(id));
        known.map_or_else(|| format!("{event:?}"), |no| format!("#{no}"))
    }

    fn check_summary(&self, wire: Wire, shown: &Shown<'_>, has: &Room, found: &mut Vec<String>) {
        let name = shown.state_text("m.room.name", "name");
        let avatar = shown.state_text("m.room.avatar", "url");
        // The unstable wire does not tell that a name went.
        let is_told = |kind: &str| shown.state(kind, "").is_none_or(|event| self.is_told(event));
        for (what, kind, held, expected) in
            [("name", "m.room.name", &has.name, &name), ("avatar", "m.room.avatar", &has.avatar, &avatar)]
        {
            if is_told(kind) && held != expected && (wire == Wire::V4 || expected.is_some()) {
                found.push(format!("{what} is {held:?}, not {expected:?}"));
            }
        }
        let is_dm = self.is_dm(&shown.room.id);
        if has.is_dm != is_dm {
            found.push(format!("is_dm is {}, not {is_dm}", has.is_dm));
        }
        if self.crawled || self.ledger.vague_summaries.contains(&shown.room.no) {
            return;
        }
        let count = |membership| Some(shown.room.with_membership(membership).count() as u64);
        for (what, held, expected) in [
            ("joined_count", has.joined_count, count(Membership::Join)),
            ("invited_count", has.invited_count, count(Membership::Invite)),
        ] {
            if held != expected {
                found.push(format!("{what} is {held:?}, not {expected:?}"));
            }
        }
        self.check_heroes(shown, has, name.is_some(), found);
    }

    /// v2 tells heroes only when members change, and only of rooms without name or alias.
    fn check_heroes(&self, shown: &Shown<'_>, has: &Room, named: bool, found: &mut Vec<String>) {
        let changed = |kind: &str| match shown.room.history(kind, "") {
            Some(history) => history.changed(),
            None => 0,
        };
        let renamed = changed("m.room.name").max(changed("m.room.canonical_alias"));
        let members =
            shown.room.timeline.iter().rev().map(|event| self.world.event(*event)).find(|event| &*event.kind == MEMBER);
        if named || members.is_none_or(|event| event.pos < renamed) {
            return;
        }
        let others = |wanted: [Membership; 2]| -> BTreeSet<String> {
            let members =
                shown.room.members.iter().filter(|(user, membership)| **user != self.me && wanted.contains(membership));
            members.map(|(user, _): (&UserNo, _)| self.world.user_id(*user).to_string()).collect()
        };
        let mut expected = others([Membership::Join, Membership::Invite]);
        if expected.is_empty() {
            expected = others([Membership::Leave, Membership::Ban]);
        }
        let held = has.heroes.clone().unwrap_or_default();
        // Where there is nobody at all, those stand in whom one knew last.
        if !expected.is_empty() && expected.len() <= 5 && held != expected {
            found.push(format!("heroes are {held:?}, not {expected:?}"));
        }
    }
}

fn check_stripped(shown: &Shown<'_>, has: &Room, found: &mut Vec<String>) {
    let me = &**shown.judge.world.user_id(shown.judge.me);
    let is_own = |event: &&serde_json::Value| {
        event["type"] == MEMBER && event["state_key"] == me && event["content"]["membership"] == shown.membership_name()
    };
    if !has.stripped.iter().flatten().any(|event| is_own(&event)) {
        found.push(format!("stripped state lacks the user's own {}: {:?}", shown.membership_name(), has.stripped));
    }
}

/// A room that the user was thrown out of: up to that, and nothing after.
fn check_left(shown: &Shown<'_>, has: &Room, reach: &Reach, found: &mut Vec<String>) {
    if wants_timeline(&reach.rules) {
        found.extend(
            timeline::complaints(shown, &has.timeline, true)
                .into_iter()
                .map(|complaint| format!("timeline: {complaint}")),
        );
    }
    let world = shown.judge.world;
    let me = world.user_id(shown.judge.me).to_string();
    let own = world.event_id(shown.own.event);
    let held = has.state.get(&(MEMBER.to_owned(), me.clone()));
    if reach.rules.iter().any(|rule| rule.state.matches(MEMBER, &me)) && held != Some(&own) {
        found.push(format!("own member event is {held:?}, not that of the {}", shown.membership_name()));
    }
}
