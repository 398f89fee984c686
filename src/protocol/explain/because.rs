//! The explanation in plain words.

use super::Explanation;
use crate::connection::{
    ExplainedConnection, ExplainedList, Filter, HeldRoom, Mark, Next, RoomResult, Sent, Stage, Window, Wire,
};
use crate::limits::ANSWER_ROOMS;
use crate::model::{Bootstrap, Filters, Known, Membership, Position};

/// Returns what there is to say of the room itself.
pub fn of_room(explanation: &Explanation) -> Vec<String> {
    let mut words = Vec::new();
    let complete = explanation.bootstrap == Bootstrap::Complete;
    match &explanation.room {
        None => {
            words.push("this account does not know the room: the homeserver has not told of it".to_owned());
            if !complete {
                let phase = explanation.bootstrap.name();
                words.push(format!("not every room of the account is known yet (phase {phase}), so it may still come"));
            }
        }
        Some(held) => {
            words.push(membership(held).to_owned());
            match held.entry.known {
                Known::Unknown => words
                    .push("only its id is known yet: lists count it and sort it last, and it is not sent".to_owned()),
                Known::Provisional => words.push(
                    "it was scouted: what is held of it is provisional until the whole account is there".to_owned(),
                ),
                // Of other rooms nobody will say more.
                Known::Whole if held.entry.membership != Membership::Join => {}
                Known::Whole if held.entry.based < explanation.chain_began && !complete => words.push(
                    "what is held of it is from before these polls began: what happened in between is being asked for"
                        .to_owned(),
                ),
                Known::Whole if held.entry.gap > Position(0) => words.push(
                    "the homeserver passed over some of its events, and which state vanished meanwhile it has not told"
                        .to_owned(),
                ),
                Known::Whole => {}
            }
        }
    }
    match (explanation.connections.is_empty(), explanation.others.is_empty()) {
        (false, _) => {}
        (true, true) => words.push("this device has no connection".to_owned()),
        (true, false) => {
            let mut others = String::new();
            for other in &explanation.others {
                add(&mut others, ", ", &format!("`{}` ({})", other.conn_id, other.wire.name()));
            }
            words.push(format!("this device has no connection of that name; it has {others}"));
        }
    }
    words
}

fn membership(held: &HeldRoom) -> &'static str {
    let entry = &held.entry;
    match entry.membership {
        Membership::Join => "the user is in the room",
        Membership::Invite => "the user is invited, and is shown stripped state only",
        Membership::Knock => "the user has knocked, and is shown stripped state only",
        Membership::Ban if entry.ever_joined => "the user is banned, and lists go on holding the room",
        Membership::Ban => "the user is banned and never was in the room, so no list holds it",
        Membership::Leave if held.is_listed => "the user was kicked, and lists go on holding the room",
        Membership::Leave if entry.ever_joined => {
            "the user has left the room, so only connections that were sent it before hold it"
        }
        Membership::Leave => "the user never was in the room, so only connections that were sent its invite hold it",
    }
}

/// Returns what there is to say of a connection.
pub fn of_connection(explanation: &Explanation, connection: &ExplainedConnection) -> Vec<String> {
    let mut words = Vec::new();
    match connection.stage {
        Stage::Unknown => words.push(
            "none of its requests is remembered, so its lists are not known: it was idle for long, or the engine has started anew"
                .to_owned(),
        ),
        Stage::Waiting => words.push("a request waits for news".to_owned()),
        Stage::Answered(_) => {}
        Stage::GivenUp => words.push("the last request was given up before it was answered".to_owned()),
    }
    if let Some(held) = &explanation.room {
        words.extend(connection.lists.iter().map(|list| of_list(held, connection, list)));
    }
    if connection.subscribed {
        words.push("a subscription names it".to_owned());
    }
    let reached = connection.subscribed || connection.lists.iter().any(ExplainedList::is_in_window);
    if connection.stage != Stage::Unknown && !reached {
        words.push("no window holds it and no subscription names it, so nothing of it is sent".to_owned());
    }
    words.push(past(connection));
    if let Some(next) = &connection.next {
        words.push(future(explanation, connection, next));
    }
    words
}

impl ExplainedList {
    fn is_in_window(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.in_window)
    }
}

fn of_list(held: &HeldRoom, connection: &ExplainedConnection, list: &ExplainedList) -> String {
    let key = &list.key;
    if let Some(place) = &list.place {
        let (index, of) = (place.index, list.count);
        return match &list.window {
            Window::All => format!("in list `{key}` at index {index} of {of}, and all of it is asked for"),
            Window::Ranges(ranges) if ranges.is_empty() => {
                format!("in list `{key}` at index {index} of {of}, of which nothing but the count is asked for")
            }
            Window::Ranges(ranges) => {
                let side = if place.in_window { "inside" } else { "outside" };
                let mut windows = String::new();
                for (first, last) in ranges {
                    add(&mut windows, ", ", &format!("[{first}, {last}]"));
                }
                format!("in list `{key}` at index {index} of {of}, {side} of the window {windows}")
            }
        };
    }
    let mut reasons = String::new();
    for filter in &list.refusing {
        add(&mut reasons, "; ", &refusal(*filter, held, connection, &list.filters));
    }
    if !held.is_listed {
        add(&mut reasons, "; ", "the user is not in the room");
    }
    format!("not in list `{key}`: {reasons}")
}

/// Puts another part behind those that are there.
fn add(list: &mut String, separator: &str, part: &str) {
    if !list.is_empty() {
        list.push_str(separator);
    }
    list.push_str(part);
}

/// Returns what the wire calls a filter.
pub fn filter_name(filter: Filter, connection: &ExplainedConnection) -> &'static str {
    match filter {
        Filter::IsDm => "is_dm",
        Filter::IsInvited if connection.name.wire == Wire::Simplified => "is_invite",
        Filter::IsInvited => "is_invited",
        Filter::IsEncrypted => "is_encrypted",
        Filter::IsUnread => "sash.unread",
        Filter::Tags => "tags",
        Filter::NotTags => "not_tags",
        Filter::RoomTypes => "room_types",
        Filter::NotRoomTypes => "not_room_types",
        Filter::Spaces => "spaces",
    }
}

/// Returns what a filter has against the room.
fn refusal(filter: Filter, held: &HeldRoom, connection: &ExplainedConnection, filters: &Filters) -> String {
    let entry = &held.entry;
    let flag = |wanted: Option<bool>, yes: &str, no: &str| {
        let is = if wanted == Some(true) { no } else { yes };
        format!("is {}, but {is}", wanted.unwrap_or_default())
    };
    let kind = || match (entry.create_known, &entry.room_type) {
        (false, _) => "its type is not known".to_owned(),
        (true, None) => "it has no type".to_owned(),
        (true, Some(kind)) => format!("its type is {kind}"),
    };
    let said = match filter {
        Filter::IsDm => flag(filters.is_dm, "m.direct names the room", "m.direct does not name the room"),
        Filter::IsInvited => flag(filters.is_invited, "the user is invited", "the user is not invited"),
        Filter::IsEncrypted if entry.encrypted.is_none() => {
            flag(filters.is_encrypted, "nobody told whether it is", "nobody told whether it is")
        }
        Filter::IsEncrypted => flag(filters.is_encrypted, "the room is encrypted", "the room is not encrypted"),
        Filter::IsUnread => flag(filters.is_unread, "the room is unread", "the room is not unread"),
        Filter::Tags | Filter::NotTags if entry.tags.is_empty() => "refuses it, because it has no tags".to_owned(),
        Filter::Tags | Filter::NotTags => {
            let mut tags = String::new();
            for tag in &entry.tags {
                add(&mut tags, ", ", tag);
            }
            format!("refuses it, because its tags are {tags}")
        }
        Filter::RoomTypes | Filter::NotRoomTypes => format!("refuses it, because {}", kind()),
        Filter::Spaces if held.spaces.is_empty() => "refuses it, because it is in no joined space".to_owned(),
        Filter::Spaces => {
            let mut spaces = String::new();
            for space in &held.spaces {
                add(&mut spaces, ", ", space.as_str());
            }
            format!("refuses it, because the joined spaces that hold it are {spaces}")
        }
    };
    format!("the filter {} {said}", filter_name(filter, connection))
}

/// Says what was sent.
fn past(connection: &ExplainedConnection) -> String {
    let upto = |sent: &Sent| match (sent.sent.mark, sent.frontier) {
        (Mark::Live, Some(frontier)) => format!("up to position {}", frontier.0),
        (Mark::Live, None) => "up to the client's pos".to_owned(),
        (Mark::Upto(position), _) => format!("up to position {} only", position.0),
        (Mark::Never, _) => "not at all".to_owned(),
    };
    let in_last = connection.was_in_last_answer();
    match (&connection.confirmed, &connection.unconfirmed) {
        (None, None) => "it was not sent on this connection".to_owned(),
        (None, Some(_)) if connection.stage == Stage::Unknown => {
            "it was sent with the last answer that is stored; the next request shows whether the client has that one"
                .to_owned()
        }
        (None, Some(_)) => "it was sent with the last answer, which the client has not confirmed yet".to_owned(),
        (Some(sent), Some(_)) if in_last => {
            format!(
                "it was sent {}, and again with the last answer, which the client has not confirmed yet",
                upto(sent)
            )
        }
        (Some(sent), Some(after)) if sent.sent.mark != after.sent.mark => {
            format!("it was sent {}; it has changed since, and the last answer left that out", upto(sent))
        }
        (Some(sent), _) => format!("it was sent {}, as the client has confirmed", upto(sent)),
    }
}

impl ExplainedConnection {
    fn was_in_last_answer(&self) -> bool {
        matches!(self.stage, Stage::Answered(at) if self.told == Some(at))
    }
}

/// Says what would be sent.
fn future(explanation: &Explanation, connection: &ExplainedConnection, next: &Next) -> String {
    let who = match connection.stage {
        Stage::Waiting => "the waiting request",
        _ => "the next request",
    };
    if next.withheld_until.is_some() {
        return format!("{who} holds it back until the device's own poll has brought the user's latest event");
    }
    let unknown = explanation.room.as_ref().is_some_and(|held| held.entry.known == Known::Unknown);
    if unknown {
        return format!("{who} gets nothing of it: only its id is known");
    }
    let mut parts = String::new();
    if let Some(result) = &next.result {
        say_result(&mut parts, result);
    }
    for name in next.extension_names() {
        add(&mut parts, ", ", &format!("the extension {name}"));
    }
    if parts.is_empty() {
        return format!("{who} gets nothing of it: nothing about it is new");
    }
    let anew = if next.result.as_ref().is_some_and(|result| result.initial) { "it anew" } else { "what is new of it" };
    let mut said = format!("{who} gets {anew}: {parts}");
    if next.ahead >= ANSWER_ROOMS {
        said.push_str(&format!(
            "; but not at once: {} rooms come before it, and an answer has at most {ANSWER_ROOMS}",
            next.ahead
        ));
    }
    said
}

fn say_result(parts: &mut String, result: &RoomResult) {
    let timeline = result.timeline.as_ref().map_or(0, |timeline| timeline.events.len());
    let stripped = result.stripped_state.as_ref().map_or(0, Vec::len);
    let counts =
        [(timeline, "timeline event"), (result.required_state.len(), "state event"), (stripped, "stripped event")];
    for (count, what) in counts {
        let plural = if count == 1 { "" } else { "s" };
        if count > 0 {
            add(parts, ", ", &format!("{count} {what}{plural}"));
        }
    }
    if parts.is_empty() {
        parts.push_str("its summary");
    }
}
