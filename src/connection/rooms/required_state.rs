//! Which state an answer carries (MSC4186, "Changes to `required_state`"): what is wanted and new, and what is newly
//! wanted.

use std::rc::Rc;

use super::{EffectiveConfig, RoomContext, RoomTask};
use crate::connection::{
    reader::{Reader, StateView},
    request::Wire,
    response::StateItem,
    state::{RoomSent, SentConfig},
};
use crate::limits::LAPSED_CONFIGS;
use crate::model::{Position, StateEntry};

/// Returns the state to send, members that are wanted by name or wildcard among it.
pub fn compute<'a>(
    context: &RoomContext<'a>,
    reader: &mut Reader<'a>,
    task: &RoomTask<'_>,
    upto: Option<Position>,
) -> Option<Vec<StateItem>> {
    let Some((sent, upto)) = task.sent.zip(upto) else {
        let state = reader.state(task.entry);
        let members = wanted_members(reader, task);
        let chosen = |_: &str, _: &str, entry: &StateEntry| entry.event.is_some();
        return Some(pick(context, task.config, &[state?, members?], chosen));
    };
    let grew = !sent.config.wanted.covers_state(&task.config.wanted);
    let state = (grew || task.entry.changed.state > upto).then(|| reader.state(task.entry));
    let members = (grew || task.entry.changed.members > upto).then(|| wanted_members(reader, task));
    let views: Option<Vec<StateView<'_>>> = state.into_iter().chain(members).collect();
    let chosen = |event_type: &str, state_key: &str, entry: &StateEntry| match &entry.event {
        Some(_) => !was_sent(sent, upto, event_type, state_key, entry.position),
        // Wanted anew, it may be left over with the client from the last time it was wanted.
        None => {
            let newly_wanted = !sent.config.wanted.matches(event_type, state_key);
            context.wire == Wire::V4 && (entry.position > upto || newly_wanted)
        }
    };
    Some(pick(context, task.config, &views?, chosen))
}

/// Returns the item that tells of a state entry.
pub fn item(context: &RoomContext<'_>, event_type: &str, state_key: &str, entry: &StateEntry) -> StateItem {
    match &entry.event {
        Some(event) => StateItem::Event(context.audience.state_event(event)),
        None => StateItem::Removed { event_type: event_type.to_owned(), state_key: state_key.to_owned() },
    }
}

/// Returns whether the client has this entry already, because its configuration then wanted it.
pub fn was_sent(sent: &RoomSent, upto: Position, event_type: &str, state_key: &str, changed: Position) -> bool {
    changed <= upto && sent.config.wanted.matches(event_type, state_key)
        || sent.config.lapsed.iter().any(|(wanted, until)| changed <= *until && wanted.matches(event_type, state_key))
}

/// Returns the configuration to remember. What is not wanted any more stays known as sent, up to here: wanting it again
/// sends only what changed meanwhile. `flushed`: the client forgets its members.
pub fn remembered(
    sent: Option<(&RoomSent, Position)>,
    config: &EffectiveConfig,
    timeline_limit: u32,
    flushed: bool,
) -> Rc<SentConfig> {
    let Some((sent, upto)) = sent else {
        return Rc::new(SentConfig { timeline_limit, wanted: config.wanted.clone(), lapsed: Vec::new() });
    };
    let before = &sent.config;
    let still_has = |wanted: &super::Wanted| if flushed { wanted.without_members() } else { wanted.clone() };
    let keeps = before.timeline_limit == timeline_limit && before.wanted == config.wanted;
    if keeps && before.lapsed.iter().all(|(wanted, _)| still_has(wanted) == *wanted) {
        return Rc::clone(before);
    }
    let lapsed = before.lapsed.iter().map(|(wanted, until)| (wanted, *until)).chain([(&before.wanted, upto)]);
    let mut lapsed: Vec<_> = lapsed.map(|(wanted, until)| (still_has(wanted), until)).collect();
    // Lazy members are told until they lapse, whatever else is wanted: from there on they are told anew.
    let covers = |wanted: &super::Wanted| {
        config.wanted.covers_state(wanted) && (config.wanted.lazy_members || !wanted.lazy_members)
    };
    lapsed.retain(|(wanted, _)| !covers(wanted));
    let surplus = lapsed.len().saturating_sub(LAPSED_CONFIGS);
    lapsed.drain(..surplus);
    Rc::new(SentConfig { timeline_limit, wanted: config.wanted.clone(), lapsed })
}

fn wanted_members<'a>(reader: &mut Reader<'a>, task: &RoomTask<'_>) -> Option<StateView<'a>> {
    match task.config.wanted.member_keys() {
        Some(keys) => reader.members_of(task.entry, keys.into_iter()),
        None => reader.members(task.entry),
    }
}

fn pick(
    context: &RoomContext<'_>,
    config: &EffectiveConfig,
    views: &[StateView<'_>],
    chosen: impl Fn(&str, &str, &StateEntry) -> bool,
) -> Vec<StateItem> {
    views
        .iter()
        .flat_map(StateView::iter)
        .filter(|(event_type, state_key, _)| config.wanted.matches(event_type, state_key))
        .filter(|(event_type, state_key, entry)| chosen(event_type, state_key, entry))
        .map(|(event_type, state_key, entry)| item(context, event_type, state_key, entry))
        .collect()
}
