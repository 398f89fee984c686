//! Filters of `/sync`, `/messages` and `/context`: the parts that change what these answer here.

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    pub room: RoomFilter,
    pub presence: EventFilter,
    pub account_data: EventFilter,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoomFilter {
    pub rooms: Option<Vec<String>>,
    pub not_rooms: Vec<String>,
    pub include_leave: bool,
    pub timeline: EventFilter,
    pub state: EventFilter,
    pub ephemeral: EventFilter,
    pub account_data: EventFilter,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EventFilter {
    pub limit: Option<u64>,
    pub types: Option<Vec<String>>,
    pub not_types: Vec<String>,
    pub senders: Option<Vec<String>>,
    pub not_senders: Vec<String>,
    pub lazy_load_members: bool,
    pub include_redundant_members: bool,
}

impl RoomFilter {
    pub fn admits(&self, room: &str) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|admitted| admitted == room))
            && !self.not_rooms.iter().any(|barred| barred == room)
    }
}

impl EventFilter {
    pub fn admits(&self, kind: &str, sender: Option<&str>) -> bool {
        let is_type = |pattern: &String| match pattern.split_once('*') {
            Some((start, end)) => {
                kind.len() >= start.len() + end.len() && kind.starts_with(start) && kind.ends_with(end)
            }
            None => pattern == kind,
        };
        let is_sender = |wanted: &String| Some(wanted.as_str()) == sender;
        self.types.as_ref().is_none_or(|types| types.iter().any(is_type))
            && !self.not_types.iter().any(is_type)
            && (sender.is_none() || self.senders.as_ref().is_none_or(|senders| senders.iter().any(is_sender)))
            && !self.not_senders.iter().any(is_sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_types_match_prefix_and_suffix() {
        let filter = EventFilter {
            types: Some(vec!["m.room.*".to_owned()]),
            not_types: vec!["*.name".to_owned()],
            ..EventFilter::default()
        };
        assert!(filter.admits("m.room.message", None));
        assert!(!filter.admits("m.room.name", None), "not_types wins over types");
        assert!(!filter.admits("m.reaction", None));
    }

    #[test]
    fn an_empty_list_of_rooms_admits_no_room_and_an_absent_one_all() {
        let none: RoomFilter = serde_json::from_str(r#"{"rooms":[]}"#).expect("a filter");
        let all: RoomFilter = serde_json::from_str("{}").expect("a filter");
        assert!(!none.admits("!a:b"));
        assert!(all.admits("!a:b"));
    }
}
