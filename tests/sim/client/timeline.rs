//! A timeline as a client puts it together: events, and the places where it knows that some are missing.

use serde_json::Value;

/// One place of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing is before: the answer was not `limited`.
    Start,
    /// Something may be missing here, to be paged back from this token.
    Gap(Option<String>),
    /// An event's id and sender.
    Event(String, String),
}

/// A timeline, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub places: Vec<Place>,
}

impl Timeline {
    /// Takes the timeline of an answer.
    pub fn take(&mut self, room: &Value, initial: bool) -> Result<(), String> {
        let events = events_of(room)?;
        let limited = room["limited"].as_bool().unwrap_or(false);
        let expanded = room["expanded_timeline"].as_bool() == Some(true)
            || room["unstable_expanded_timeline"].as_bool() == Some(true);
        let live = room["num_live"].as_u64().unwrap_or(0);
        if live > events.len() as u64 {
            return Err(format!("num_live is {live} of {} events", events.len()));
        }
        if let Some((id, _)) = events.iter().rev().take(live as usize).find(|(id, _)| self.has(id)) {
            return Err(format!("{id} is said to be live, and came before"));
        }
        let is_absent = room.get("timeline").is_none() && room.get("limited").is_none();
        if is_absent {
            if initial {
                self.places.clear();
            }
            return Ok(());
        }
        let gap = || Place::Gap(room["prev_batch"].as_str().map(str::to_owned));
        // An expanded timeline is the room's newest part, whole: it takes the place of what was there.
        if initial || expanded {
            self.places.clear();
        }
        if initial || expanded {
            self.places.push(if limited { gap() } else { Place::Start });
        } else if limited {
            self.places.push(gap());
        }
        for (id, sender) in events {
            if self.has(&id) {
                return Err(format!("{id} came twice, not in an expanded timeline"));
            }
            self.places.push(Place::Event(id, sender));
        }
        Ok(())
    }

    /// Returns the events' ids and senders, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.places.iter().filter_map(|place| match place {
            Place::Event(id, sender) => Some((id.as_str(), sender.as_str())),
            _ => None,
        })
    }

    /// Returns the events since the last gap, newest first.
    pub fn latest_events(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places.iter().rev().map_while(|place| match place {
            Place::Event(id, sender) => Some((id.as_str(), sender.as_str())),
            _ => None,
        })
    }

    fn has(&self, id: &str) -> bool {
        self.events().any(|(known, _)| known == id)
    }
}

fn events_of(room: &Value) -> Result<Vec<(String, String)>, String> {
    let events = room["timeline"].as_array().into_iter().flatten();
    let read = |event: &Value| {
        let text = |key: &str| event[key].as_str().map(str::to_owned);
        text("event_id").zip(text("sender")).ok_or_else(|| format!("a timeline event without id or sender: {event}"))
    };
    events.map(read).collect()
}
