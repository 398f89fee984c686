//! What one connection has to do with a room: its place in the lists, what was sent of it, what would be sent now.

use std::rc::Rc;

use ruma::{DeviceId, OwnedRoomId, RoomId};
use rustc_hash::FxHashMap;

use crate::cache::{AccountCache, Filter, RoomNumber};
use crate::connection::{
    answer::{AnswerLimits, Done, Question},
    lists::{Configs, Reach, Subscriptions, WindowedView},
    request::{ListRequest, SyncRequest, Window, Wire},
    response::{ExtensionsResponse, RoomResult},
    rooms::{EffectiveConfig, Fetch},
    state::{RoomSent, State},
};
use crate::model::{Filters, Position, RecordKey, Timestamp};

/// How a connection stands.
pub struct Standing<'a> {
    /// The last request that came, with the subscriptions that held for it; `None` where none is remembered.
    pub request: Option<(&'a SyncRequest, &'a Subscriptions)>,
    /// What became of it.
    pub stage: Stage,
    /// What the client confirmed.
    pub confirmed: &'a State,
    /// The position in the `pos` with which it did, where that is known.
    pub frontier: Option<Position>,
    /// What it has once it confirms the last answer, with the position in that one's `pos`, where that is known; `None`
    /// where there is none to confirm.
    pub unconfirmed: Option<(State, Option<Position>)>,
    /// When each room was in an answer last.
    pub told: &'a FxHashMap<RoomNumber, Timestamp>,
}

/// What became of a connection's last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is not remembered: none came since the engine started, or the connection was idle for long.
    Unknown,
    /// It waits.
    Waiting,
    /// It was answered then.
    Answered(Timestamp),
    /// The client hung up before it was answered, or the answer could not be written.
    GivenUp,
}

/// Which connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    /// Its wire.
    pub wire: Wire,
    /// Its `conn_id`.
    pub conn_id: String,
}

/// A connection, as far as one room goes.
#[derive(Debug)]
pub struct ExplainedConnection {
    /// Which.
    pub name: ConnectionName,
    /// When it was used last, or somewhat earlier.
    pub used: Timestamp,
    /// What became of its last request.
    pub stage: Stage,
    /// The lists of that request.
    pub lists: Vec<ExplainedList>,
    /// Whether a subscription names the room.
    pub subscribed: bool,
    /// What is wanted of the room, by all rules that match it; `None` where none does.
    pub config: Option<Rc<EffectiveConfig>>,
    /// What the client confirmed to have of it.
    pub confirmed: Option<Sent>,
    /// What it has once it confirms the last answer, where there is one to confirm.
    pub unconfirmed: Option<Sent>,
    /// When the room was in an answer last, as far as that is remembered.
    pub told: Option<Timestamp>,
    /// What the next answer says of it; `None` where no rule matches it or no request is known.
    pub next: Option<Box<Next>>,
}

/// One list, as far as one room goes.
#[derive(Debug)]
pub struct ExplainedList {
    /// Its key.
    pub key: String,
    /// How many rooms it holds.
    pub count: usize,
    /// The part of it that is wanted.
    pub window: Window,
    /// Its filters.
    pub filters: Filters,
    /// Those that keep the room out.
    pub refusing: Vec<Filter>,
    /// Where it holds the room; `None` where it does not.
    pub place: Option<Place>,
}

/// The place of a room in a list.
#[derive(Debug)]
pub struct Place {
    /// Its index.
    pub index: usize,
    /// Whether that is within the window.
    pub in_window: bool,
    /// The room before it.
    pub before: Option<Neighbour>,
    /// The room after it.
    pub after: Option<Neighbour>,
}

/// A room beside another one in a list.
#[derive(Debug)]
pub struct Neighbour {
    /// Which.
    pub room_id: OwnedRoomId,
    /// Its stamp, by which lists are sorted.
    pub activity: Timestamp,
}

/// What was sent of a room.
#[derive(Debug)]
pub struct Sent {
    /// What the client has.
    pub sent: RoomSent,
    /// Up to where what follows `pos` was sent, where that is known.
    pub frontier: Option<Position>,
}

/// What the next answer says of a room, if it confirms the last one.
#[derive(Debug)]
pub struct Next {
    /// How many rooms the answer comes to before this one.
    pub ahead: usize,
    /// What it says of the room; `None`: nothing.
    pub result: Option<RoomResult>,
    /// What the extensions say, of it and of what belongs to no room.
    pub extensions: ExtensionsResponse,
    /// Until when the room is held back.
    pub withheld_until: Option<Timestamp>,
    /// What is fetched from the homeserver then.
    pub fetch: Vec<Fetch>,
}

impl Standing<'_> {
    /// Explains a room on this connection; tells which records are missing for it.
    pub(super) fn explain(
        self,
        (name, used): (ConnectionName, Timestamp),
        cache: &mut AccountCache,
        device: &DeviceId,
        room: &RoomId,
        now: Timestamp,
    ) -> Result<ExplainedConnection, Vec<RecordKey>> {
        let number = cache.rooms.number(room);
        let confirmed = sent(self.confirmed, room, self.frontier);
        let unconfirmed = self.unconfirmed.as_ref().and_then(|(state, frontier)| sent(state, room, *frontier));
        let mut explained = ExplainedConnection {
            name,
            used,
            stage: self.stage,
            lists: Vec::new(),
            subscribed: self.request.is_some_and(|(_, subscriptions)| subscriptions.contains_key(room)),
            config: None,
            confirmed,
            unconfirmed,
            told: number.and_then(|number| self.told.get(&number)).copied(),
            next: None,
        };
        let (Some((request, subscriptions)), Some(number)) = (self.request, number) else { return Ok(explained) };
        let (state, frontier) = match &self.unconfirmed {
            Some((state, frontier)) => (state, *frontier),
            None => (self.confirmed, self.frontier),
        };
        let reach = Reach::compute(cache, request, subscriptions, state, None);
        for (key, list) in &request.lists {
            explained.lists.push(explain_list(cache, key, list, &reach.owed, number));
        }
        let Some(reached) = reach.get(number) else { return Ok(explained) };
        explained.config = Some(Configs::default().of(reached, subscriptions.get(room), request));
        // Of a single room, an answer reaches no limit.
        let limits = AnswerLimits::default();
        let question = Question { cache, device, request, subscriptions, frontier, state, reach: &reach, limits, now };
        let ahead = question.ahead_of(number);
        let computed = Question { reach: &reach.only(number), ..question }.compute(&mut Done::default())?;
        explained.next = Some(Box::new(Next {
            ahead,
            result: computed.response.rooms.into_iter().next().map(|(_, result)| result),
            extensions: computed.response.extensions,
            withheld_until: computed.due,
            fetch: computed.fetch,
        }));
        Ok(explained)
    }
}

impl Next {
    /// Returns whether the room is in the answer.
    pub fn says_something(&self) -> bool {
        self.result.is_some() || !self.extension_names().is_empty()
    }

    /// Returns the extensions that say something of the room.
    pub fn extension_names(&self) -> Vec<&'static str> {
        let ExtensionsResponse { account_data, receipts, typing, counts, .. } = &self.extensions;
        let mut names = Vec::new();
        for (name, says_something) in [
            ("account_data", account_data.as_ref().is_some_and(|part| !part.rooms.is_empty())),
            ("receipts", receipts.as_ref().is_some_and(|rooms| !rooms.is_empty())),
            ("typing", typing.as_ref().is_some_and(|rooms| !rooms.is_empty())),
            ("sash.counts", counts.as_ref().is_some_and(|rooms| !rooms.is_empty())),
        ] {
            if says_something {
                names.push(name);
            }
        }
        names
    }
}

fn sent(state: &State, room: &RoomId, frontier: Option<Position>) -> Option<Sent> {
    state.rooms.get(room).map(|sent| Sent { sent: sent.clone(), frontier })
}

fn explain_list(
    cache: &AccountCache,
    key: &str,
    list: &ListRequest,
    owed: &[RoomNumber],
    number: RoomNumber,
) -> ExplainedList {
    let windowed = WindowedView::of(cache, list, owed);
    let neighbour = |index: usize| {
        let rooms = windowed.view.rooms(index..index.saturating_add(1));
        let entry = cache.rooms.get(*rooms.first()?)?;
        Some(Neighbour { room_id: entry.room_id.clone(), activity: entry.activity })
    };
    let place = windowed.view.index_of(number).map(|index| Place {
        index,
        in_window: windowed.holds(number),
        before: index.checked_sub(1).and_then(neighbour),
        after: neighbour(index + 1),
    });
    let entry = cache.rooms.get(number);
    ExplainedList {
        key: key.to_owned(),
        count: windowed.view.len(),
        window: list.window.clone(),
        filters: list.filters.clone(),
        refusing: entry.map(|entry| cache.refusing_filters(&list.filters, entry)).unwrap_or_default(),
        place,
    }
}
