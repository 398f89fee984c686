//! What one connection has to do with a room.

use super::{Array, Object, because, length, name, number_or_null, ordinal, range, sentences, text_or_null, texts};
use crate::connection::{
    EffectiveConfig, ExplainedConnection, ExplainedList, Explanation, Mark, Neighbour, Next, Place, RoomResult, Sent,
    Stage, StatePattern, Wanted, Window,
};
use crate::model::Timestamp;

/// Writes it.
pub fn write(mut object: Object<'_>, explanation: &Explanation, connection: &ExplainedConnection) {
    name(&mut object, &connection.name);
    sentences(&mut object, &because::of_connection(explanation, connection));
    object.number("last_used", connection.used.0);
    let (stage, answered) = match connection.stage {
        Stage::Unknown => (None, None),
        Stage::Waiting => (Some("waiting"), None),
        Stage::Answered(at) => (Some("answered"), Some(at)),
        Stage::GivenUp => (Some("given_up"), None),
    };
    text_or_null(&mut object, "request", stage);
    time_or_null(&mut object, "answered_at", answered);
    let mut lists = object.object("lists");
    for list in &connection.lists {
        write_list(lists.object(&list.key), connection, list);
    }
    lists.close();
    object.flag("subscribed", connection.subscribed);
    match &connection.config {
        Some(config) => {
            let EffectiveConfig { timeline_limit, wanted } = config.as_ref();
            write_config(object.object("config"), *timeline_limit, wanted);
        }
        None => object.raw("config", "null"),
    }
    write_sent(&mut object, "confirmed", connection.confirmed.as_ref());
    write_sent(&mut object, "unconfirmed", connection.unconfirmed.as_ref());
    time_or_null(&mut object, "last_sent_at", connection.told);
    match &connection.next {
        Some(next) => write_next(object.object("next"), next),
        None => object.raw("next", "null"),
    }
    object.close();
}

fn time_or_null(object: &mut Object<'_>, key: &str, time: Option<Timestamp>) {
    number_or_null(object, key, time.map(|time| time.0));
}

fn write_list(mut object: Object<'_>, connection: &ExplainedConnection, list: &ExplainedList) {
    object.number("count", length(list.count));
    let mut refused_by = object.array("refused_by");
    for filter in &list.refusing {
        refused_by.text(because::filter_name(*filter, connection));
    }
    refused_by.close();
    match &list.window {
        Window::All => object.raw("ranges", "null"),
        Window::Ranges(ranges) => {
            let mut array = object.array("ranges");
            for pair in ranges {
                range(Array::open(array.element()), *pair);
            }
            array.close();
        }
    }
    let place = list.place.as_ref();
    number_or_null(&mut object, "index", place.map(|place| length(place.index)));
    object.flag("in_window", place.is_some_and(|place| place.in_window));
    let neighbours = place.map(|Place { before, after, .. }| (before.as_ref(), after.as_ref()));
    let (before, after) = neighbours.unwrap_or_default();
    write_neighbour(&mut object, "before", before);
    write_neighbour(&mut object, "after", after);
    object.close();
}

fn write_neighbour(object: &mut Object<'_>, key: &str, neighbour: Option<&Neighbour>) {
    let Some(Neighbour { room_id, activity }) = neighbour else { return object.raw(key, "null") };
    let mut object = object.object(key);
    object.text("room_id", room_id.as_str());
    object.number("activity", activity.0);
    object.close();
}

fn write_config(mut object: Object<'_>, timeline_limit: u32, wanted: &Wanted) {
    object.number("timeline_limit", u64::from(timeline_limit));
    let mut rules = object.array("required_state");
    for (include, exclude) in wanted.rules() {
        let mut rule = rules.object();
        write_patterns(rule.array("include"), include);
        write_patterns(rule.array("exclude"), exclude);
        rule.close();
    }
    rules.close();
    object.flag("lazy_members", wanted.lazy_members);
    object.close();
}

fn write_patterns(mut array: Array<'_>, patterns: &[StatePattern]) {
    for pattern in patterns {
        let mut object = array.object();
        for (key, text) in [("type", &pattern.event_type), ("state_key", &pattern.state_key)] {
            if let Some(text) = text {
                object.text(key, text);
            }
        }
        object.close();
    }
    array.close();
}

fn write_sent(object: &mut Object<'_>, key: &str, sent: Option<&Sent>) {
    let Some(Sent { sent, frontier }) = sent else { return object.raw(key, "null") };
    let upto = |mark: Mark| match mark {
        Mark::Live => frontier.map(|frontier| frontier.0),
        Mark::Upto(position) => Some(position.0),
        Mark::Never => None,
    };
    let mut object = object.object(key);
    number_or_null(&mut object, "up_to", upto(sent.mark));
    object.flag("follows_pos", sent.mark == Mark::Live);
    object.text("membership", sent.membership.as_str());
    object.flag("is_dm", sent.is_dm);
    write_config(object.object("config"), sent.config.timeline_limit, &sent.config.wanted);
    object.number("former_configs", length(sent.config.lapsed.len()));
    match sent.sent_from {
        Some(first) => object.raw("timeline_from", &ordinal(first)),
        None => object.raw("timeline_from", "null"),
    }
    object.flag("timeline_short", sent.short);
    object.number("lazy_members", length(sent.members.len()));
    let mut extensions = object.object("extensions");
    let marks = &sent.marks;
    for (name, mark) in [
        ("account_data", marks.account_data),
        ("receipts", marks.receipts),
        ("typing", marks.typing),
        ("sash.counts", marks.counts),
    ] {
        number_or_null(&mut extensions, name, upto(mark));
    }
    extensions.close();
    object.close();
}

fn write_next(mut object: Object<'_>, next: &Next) {
    object.flag("says_something", next.says_something());
    object.number("rooms_ahead", length(next.ahead));
    time_or_null(&mut object, "withheld_until", next.withheld_until);
    match &next.result {
        Some(result) => write_result(object.object("room"), result),
        None => object.raw("room", "null"),
    }
    texts(&mut object, "extensions", &next.extension_names());
    let mut fetches = object.array("fetches");
    for fetch in &next.fetch {
        fetches.text(fetch.name());
    }
    fetches.close();
    object.close();
}

fn write_result(mut object: Object<'_>, result: &RoomResult) {
    object.flag("initial", result.initial);
    let timeline = result.timeline.as_ref();
    object.number("timeline", length(timeline.map_or(0, |timeline| timeline.events.len())));
    object.number("num_live", timeline.map_or(0, |timeline| timeline.num_live));
    object.flag("limited", timeline.is_some_and(|timeline| timeline.limited));
    object.flag("expanded_timeline", timeline.is_some_and(|timeline| timeline.expanded));
    object.number("required_state", length(result.required_state.len()));
    let said = [
        ("membership", result.membership.is_some()),
        ("name", result.name.is_some()),
        ("avatar", result.avatar.is_some()),
        ("heroes", result.heroes.is_some()),
        ("is_dm", result.is_dm.is_some()),
        ("joined_count", result.joined_count.is_some()),
        ("invited_count", result.invited_count.is_some()),
        ("notification_count", result.notification_count.is_some()),
        ("highlight_count", result.highlight_count.is_some()),
        ("stripped_state", result.stripped_state.is_some()),
    ];
    let mut fields = object.array("fields");
    for (name, is_said) in said {
        if is_said {
            fields.text(name);
        }
    }
    fields.close();
    object.close();
}
