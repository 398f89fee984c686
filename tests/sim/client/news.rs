//! Of what an answer tells news: for planted bugs that keep one kind of it from those who wait.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Events of a timeline, and what comes of them in the same room.
    Event,
    /// Anything else of a room.
    Room,
    /// Unread counts alone.
    UnreadCounts,
    AccountData,
    Receipt,
    Typing,
    Presence,
    ToDevice,
    DeviceList,
}

/// What a client does not hear of while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// Whatever it is.
    ToAll,
    /// Of this, where there is nothing else.
    To(News),
}

impl Deaf {
    /// Returns whether the answer is one that the client does not hear of.
    pub fn is_to(self, answer: &Value) -> bool {
        match self {
            Deaf::ToAll => true,
            Deaf::To(news) => news_of(answer).into_iter().eq([news]),
        }
    }
}

fn news_of(answer: &Value) -> BTreeSet<News> {
    let rooms = answer["rooms"].as_object().into_iter().flat_map(Map::values).map(news_of_room);
    let extensions = answer["extensions"].as_object().into_iter().flatten();
    rooms.chain(extensions.filter_map(|(name, section)| news_of_extension(name, section))).collect()
}

fn news_of_room(room: &Value) -> News {
    let is_count = |key: &String| ["notification_count", "highlight_count", "lists", "bump_stamp"].contains(&&**key);
    if room["timeline"].as_array().is_some_and(|events| !events.is_empty()) {
        News::Event
    } else if room.as_object().is_some_and(|room| room.keys().all(is_count)) {
        News::UnreadCounts
    } else {
        News::Room
    }
}

fn news_of_extension(name: &str, section: &Value) -> Option<News> {
    let is_there = |section: &Value| match section {
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        _ => false,
    };
    let (news, parts) = match name.rsplit('.').next()? {
        "account_data" => (News::AccountData, vec![&section["global"], &section["rooms"]]),
        "receipts" => (News::Receipt, vec![&section["rooms"]]),
        "typing" => (News::Typing, vec![&section["rooms"]]),
        "counts" => (News::UnreadCounts, vec![&section["rooms"]]),
        "presence" => (News::Presence, vec![&section["events"]]),
        "to_device" => (News::ToDevice, vec![&section["events"]]),
        "e2ee" => (News::DeviceList, vec![&section["device_lists"]["changed"], &section["device_lists"]["left"]]),
        _ => return None,
    };
    parts.into_iter().any(is_there).then_some(news)
}
