//! Heroes: the members whose names stand for a room that has none.

use ruma::{OwnedMxcUri, OwnedUserId, UserId};

use super::facts;
use crate::{
    limits,
    model::{Event, Hero, Membership, StateEntry, order::sorted_by_key},
};

/// Returns a hero with the profile of its member event, where that is known.
pub(super) fn hero(user_id: OwnedUserId, member: Option<&Event>) -> Hero {
    let text = |name| member.and_then(|member| facts::text(member, name)).filter(|text| !text.is_empty());
    Hero { displayname: text("displayname"), avatar_url: text("avatar_url").map(OwnedMxcUri::from), user_id }
}

/// Chooses heroes among the known members, by the specification's rules for a homeserver that sends no summary: joined
/// and invited members, left and banned ones where there are none of those; never the user. In the order in which they
/// came, as far as their events tell.
pub(super) fn choose<'a>(user: &UserId, members: impl Iterator<Item = (&'a str, &'a StateEntry)>) -> Vec<Hero> {
    let mut present = Vec::new();
    let mut gone = Vec::new();
    for (state_key, entry) in members {
        let Some(event) = entry.event.as_ref() else { continue };
        let Ok(user_id) = UserId::parse(state_key) else { continue };
        if user_id == user {
            continue;
        }
        let candidate = (event.header.origin_server_ts, user_id, event);
        match event.header.membership {
            Some(Membership::Join | Membership::Invite) => present.push(candidate),
            Some(Membership::Leave | Membership::Ban) => gone.push(candidate),
            _ => {}
        }
    }
    let candidates = if present.is_empty() { gone } else { present };
    let chosen = sorted_by_key(candidates, |(sent, user_id, _)| (*sent, user_id.clone()));
    chosen.into_iter().take(limits::HEROES).map(|(_, user_id, event)| hero(user_id, Some(event))).collect()
}
