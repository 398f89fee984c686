//! Why a room is, or is not, in what a connection sends: for those who write clients.
//!
//! Invariants: nothing is decided here: filters, windows, configurations and the next answer are asked of the code that
//! decides in earnest; explaining consumes nothing, and says of the past only what is remembered.

mod held;
mod standing;

use ruma::{DeviceId, OwnedDeviceId, OwnedRoomId, OwnedUserId};

pub use self::{
    held::HeldRoom,
    standing::{ConnectionName, ExplainedConnection, ExplainedList, Neighbour, Next, Place, Sent, Stage, Standing},
};
use super::reader::Reader;
use crate::cache::AccountCache;
use crate::model::{Bootstrap, Position, Step, Timestamp, order::sorted_set};

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainRequest {
    /// Which room.
    pub room: OwnedRoomId,
    /// On which connection, on whatever wire; `None`: on all of the device.
    pub conn_id: Option<String>,
}

/// The explanation.
#[derive(Debug)]
pub struct Explanation {
    /// Which room.
    pub room_id: OwnedRoomId,
    /// Whose account.
    pub user_id: OwnedUserId,
    /// Whose connections.
    pub device_id: OwnedDeviceId,
    /// The account's position.
    pub position: Position,
    /// The position at which the chain of polls began that rooms stand on; zero before that.
    pub chain_began: Position,
    /// How far the account's bootstrap is.
    pub bootstrap: Bootstrap,
    /// What the account does meanwhile: for its driver to fill in.
    pub engine: EngineState,
    /// What is held of the room; `None` where the account does not know it.
    pub room: Option<Box<HeldRoom>>,
    /// The connections, last used first.
    pub connections: Vec<ExplainedConnection>,
    /// The device's other connections.
    pub others: Vec<ConnectionName>,
}

/// What an account does beside answering.
#[derive(Debug, Default)]
pub struct EngineState {
    /// The state of its polling.
    pub state: &'static str,
    /// Why, where there is something to say.
    pub message: Option<String>,
    /// What is being fetched of the room.
    pub fetching: Vec<&'static str>,
}

/// Explains a room on some connections; tells which records are missing for it.
pub(super) fn explain(
    cache: &mut AccountCache,
    device: &DeviceId,
    request: &ExplainRequest,
    connections: Vec<(ConnectionName, Timestamp, Standing<'_>)>,
    others: Vec<ConnectionName>,
    now: Timestamp,
) -> Step<Explanation> {
    let room_id = &request.room;
    let mut missing = Vec::new();
    let mut explained = Vec::new();
    for (name, used, standing) in connections {
        match standing.explain((name, used), cache, device, room_id, now) {
            Ok(connection) => explained.push(connection),
            Err(keys) => missing.extend(keys),
        }
    }
    let author = cache.account.author.as_ref().and_then(|author| cache.devices.get(author));
    let mut reader = Reader::new(&cache.records);
    let held = cache.rooms.entry(room_id).map(|entry| HeldRoom::of(cache, &mut reader, entry));
    missing.extend(reader.into_missing());
    if !missing.is_empty() {
        return Step::Need(sorted_set(missing));
    }
    Step::Done(Explanation {
        room_id: room_id.clone(),
        user_id: cache.user_id.clone(),
        device_id: device.to_owned(),
        position: cache.position(),
        chain_began: author.map(|author| author.record.first_position).unwrap_or_default(),
        bootstrap: cache.account.bootstrap.clone(),
        engine: EngineState::default(),
        room: held.flatten().map(Box::new),
        connections: explained,
        others,
    })
}
