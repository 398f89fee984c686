//! A request as a scenario writes it, whatever the wire.

use std::time::Duration;

use crate::support::scripted::{room_id, words};

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub device: String,
    pub token: Option<String>,
    pub conn: Option<String>,
    pub timeout: Option<Duration>,
    pub presence: Option<String>,
    pub transaction: Option<String>,
    /// Instead of the last one.
    pub pos: Option<String>,
    pub shown: Vec<String>,
    /// What of it goes on with the next request.
    pub wanted: Wanted,
}

/// Lists, rooms and extensions.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub lists: Vec<(String, List)>,
    pub rooms: Vec<(String, Config)>,
    pub unsubscribed: Vec<String>,
    pub extensions: Vec<(String, Extension)>,
}

#[derive(Clone, Debug, Default)]
pub struct List {
    /// None at all: every room.
    pub ranges: Vec<(i64, i64)>,
    pub filters: Vec<(String, String)>,
    pub config: Config,
}

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub timeline: i64,
    pub state: Vec<String>,
    pub exclude: Vec<String>,
    pub lazy: bool,
}

/// An extension's own words: `since=none`, `limit=1`, `lists=a,b`, `rooms=`.
pub type Extension = Vec<(String, String)>;

/// What a word belongs to.
enum Target {
    Request,
    List,
    Room,
    Extension,
}

impl Request {
    /// Reads the words; `before` is what the connection's last request wanted.
    pub fn read(line: &str, before: impl Fn(&Request) -> Wanted) -> Request {
        let mut request = Request { device: "PHONE".to_owned(), ..Request::default() };
        let mut words = words(line).into_iter().peekable();
        let (mut target, mut adds, mut wants) = (Target::Request, false, false);
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap_or_else(|| panic!("{word:?} wants another word in {line:?}"));
            match word.as_str() {
                "and" => adds = true,
                "list" => {
                    (target, wants) = (Target::List, true);
                    let name = next();
                    request.wanted.lists.push((name, List::default()));
                }
                "room" => {
                    (target, wants) = (Target::Room, true);
                    let room = room_id(&next());
                    request.wanted.rooms.push((room, Config::default()));
                }
                "unsubscribe" => {
                    let room = room_id(&next());
                    request.wanted.unsubscribed.push(room);
                }
                "ext" => {
                    (target, wants) = (Target::Extension, true);
                    let name = next();
                    request.wanted.extensions.push((name, Vec::new()));
                }
                "nothing" => wants = true,
                "show" => request.shown.push(next()),
                "timeline" => request.config(&target).timeline = next().parse().expect("a number"),
                "state" => request.config(&target).state = split(&next()),
                "exclude" => request.config(&target).exclude = split(&next()),
                "lazy" => request.config(&target).lazy = true,
                _ => request.word(&target, &word),
            }
        }
        if adds || !wants {
            let before = before(&request);
            let Wanted { lists, rooms, unsubscribed, extensions } = std::mem::replace(&mut request.wanted, before);
            let wanted = &mut request.wanted;
            wanted.unsubscribed = unsubscribed;
            lists.into_iter().for_each(|(name, list)| put(&mut wanted.lists, name, list));
            rooms.into_iter().for_each(|(room, config)| put(&mut wanted.rooms, room, config));
            extensions.into_iter().for_each(|(name, words)| put(&mut wanted.extensions, name, words));
        }
        request
    }

    /// Which to-device token it carries: `since=ago:1` the one before the last.
    pub fn ago(&self) -> usize {
        let words = self.wanted.extensions.iter().flat_map(|(_, words)| words);
        words
            .filter(|(name, _)| name == "since")
            .find_map(|(_, value)| value.strip_prefix("ago:")?.parse().ok())
            .unwrap_or(0)
    }

    fn config(&mut self, target: &Target) -> &mut Config {
        match target {
            Target::List => self.wanted.lists.last_mut().map(|(_, list)| &mut list.config),
            Target::Room => self.wanted.rooms.last_mut().map(|(_, config)| config),
            _ => None,
        }
        .expect("a list or a room before it")
    }

    fn word(&mut self, target: &Target, word: &str) {
        if let Some(seconds) = word.strip_prefix('+').and_then(|word| word.strip_suffix('s')) {
            self.timeout = Some(Duration::from_secs_f64(seconds.parse().expect("seconds")));
            return;
        }
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.to_owned();
        match (target, name) {
            (Target::Extension, _) if ["lists", "rooms", "since", "limit", "enabled"].contains(&name) => {
                let (_, words) = self.wanted.extensions.last_mut().expect("an extension before it");
                words.push((name.to_owned(), value));
            }
            (_, "conn") => self.conn = Some(value),
            (_, "device") => self.device = value,
            (_, "token") => self.token = Some(value),
            (_, "pos") => self.pos = Some(value),
            (_, "presence") => self.presence = Some(value),
            (_, "txn") => self.transaction = Some(value),
            (Target::List, _) => {
                let (_, list) = self.wanted.lists.last_mut().expect("a list before it");
                match word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
                    Some(range) => {
                        let (first, last) = range.split_once(',').expect("a range");
                        list.ranges.push((first.parse().expect("a number"), last.parse().expect("a number")));
                    }
                    None => list.filters.push((name.to_owned(), value)),
                }
            }
            _ => panic!("{word:?} is no word of a request"),
        }
    }
}

fn put<T>(all: &mut Vec<(String, T)>, name: String, value: T) {
    match all.iter_mut().find(|(held, _)| *held == name) {
        Some((_, held)) => *held = value,
        None => all.push((name, value)),
    }
}

fn split(words: &str) -> Vec<String> {
    words.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
