//! Which members come along because the timeline needs them (MSC4186, "Lazy loaded memberships").

use ruma::{OwnedUserId, UserId};
use rustc_hash::FxHashSet;

use super::{
    RoomContext, RoomTask, required_state,
    timeline::{self, TimelineOutcome},
};
use crate::connection::{reader::Reader, request::Wire, response::StateItem, state::RoomSent};
use crate::model::{Position, TimelineEvent};

/// The members that come along.
#[derive(Default)]
pub struct LazyMembers {
    /// Their events.
    pub items: Vec<StateItem>,
    /// Whom the client has now.
    pub users: Vec<OwnedUserId>,
}

const MEMBER: &str = "m.room.member";

/// Returns the members that the timeline needs and the client lacks; without `flushed`, all that changed as well.
/// `state` is what the answer has already: members wanted by name or wildcard come that way, but for those that the
/// client got earlier and flushes now.
pub fn compute<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
    timeline: &TimelineOutcome<'a>,
    state: &[StateItem],
    flushed: bool,
) -> Option<LazyMembers> {
    let mut lazy = LazyMembers::default();
    let known = task.sent.zip(upto);
    let is_lazy = task.config.wanted.lazy_members;
    // Who asked for members by name or wildcard may flush them as well where the timeline is limited.
    let may_add = is_lazy || flushed && known.is_some();
    if !may_add {
        return Some(lazy);
    }
    let mut changed = FxHashSet::default();
    let told = known.map(|(sent, upto)| (sent, upto, told_until(sent, upto)));
    if let Some((sent, upto, told)) = told.filter(|(_, _, told)| !flushed && task.entry.changed.members > *told) {
        let members = reader.members(task.entry)?;
        let updates = members
            .iter()
            .filter(|(_, user, entry)| entry.position > upto || entry.position > told && has_member(sent, user))
            // What came along with older events is no change: it is sent with the events that need it.
            .filter(|(_, user, entry)| !entry.provisional || has_member(sent, user))
            .filter(|(_, user, _)| !task.config.wanted.matches(MEMBER, user));
        for (_, user, entry) in updates {
            changed.insert(user);
            if entry.event.is_some() || context.wire == Wire::V4 {
                lazy.items.push(required_state::item(context, MEMBER, user, entry));
                lazy.users.extend(<&UserId>::try_from(user).ok().map(ToOwned::to_owned));
            }
        }
    }
    let here: FxHashSet<&str> = state.iter().filter_map(member_of).collect();
    let lacks = |user: &&str| match known {
        Some((sent, _)) if !flushed => !task.config.wanted.matches(MEMBER, user) && !has_member(sent, user),
        _ => is_lazy || task.config.wanted.matches(MEMBER, user),
    };
    let needed: Vec<&str> = needed(shown(context, reader, task, timeline)?)
        .into_iter()
        .filter(|user| !changed.contains(user) && !here.contains(user))
        .filter(lacks)
        .collect();
    let members = reader.members_of(task.entry, needed.iter().copied())?;
    for user in needed {
        let Some(entry) = members.entry(MEMBER, user).filter(|entry| entry.event.is_some()) else { continue };
        let had = known
            .is_some_and(|(sent, upto)| !flushed && required_state::was_sent(sent, upto, MEMBER, user, entry.position));
        if !had {
            lazy.items.push(required_state::item(context, MEMBER, user, entry));
        }
        lazy.users.extend(<&UserId>::try_from(user).ok().map(ToOwned::to_owned));
    }
    Some(lazy)
}

/// Returns up to where the client was told of the members that it has: while lazy loading was not wanted, of none.
fn told_until(sent: &RoomSent, upto: Position) -> Position {
    let lapsed = || sent.config.lapsed.iter().filter(|(wanted, _)| wanted.lazy_members).map(|(_, until)| *until).max();
    if sent.config.wanted.lazy_members { upto } else { lapsed().unwrap_or(upto) }
}

fn member_of(item: &StateItem) -> Option<&str> {
    match item {
        StateItem::Event(event) if event.event.kind() == MEMBER => event.event.header.state_key.as_deref(),
        _ => None,
    }
}

fn has_member(sent: &RoomSent, user: &str) -> bool {
    <&UserId>::try_from(user).is_ok_and(|user| sent.members.contains(user))
}

/// Returns the events whose members are needed: those of this answer, and where lazy loading is wanted anew, those that
/// the client has already.
fn shown<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    timeline: &TimelineOutcome<'a>,
) -> Option<Vec<&'a TimelineEvent>> {
    let newly_lazy = |sent: &&RoomSent| task.config.wanted.lazy_members && !sent.config.wanted.lazy_members;
    let Some(from) = task.sent.filter(newly_lazy).and_then(|sent| sent.sent_from) else {
        return Some(timeline.events.clone());
    };
    let mut held = timeline::newest(context, reader, task.entry, u32::MAX)?;
    held.retain(|item| item.ordinal >= from);
    held.extend(&timeline.events);
    Some(held)
}

/// Returns the senders of these events, and the targets of membership events among them, each once.
fn needed(events: Vec<&TimelineEvent>) -> Vec<&str> {
    let mut seen = FxHashSet::default();
    let mut users = Vec::new();
    for item in events {
        let header = &item.event.header;
        let target = header.state_key.as_deref().filter(|_| header.event_type == MEMBER);
        for user in std::iter::once(header.sender.as_str()).chain(target) {
            if seen.insert(user) {
                users.push(user);
            }
        }
    }
    users
}
