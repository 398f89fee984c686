//! What an explanation says of the next answer is what that answer says.

use std::collections::BTreeMap;

use ruma::{DeviceId, OwnedRoomId, RoomId};

use super::world::{DEVICE, World};
use crate::connection::{
    Connections, ExplainRequest, ExplainedConnection, ExtensionsResponse, Next, RoomResult, Stage, SyncResponse, Wire,
};
use crate::model::Step;

/// What the explanations say, by room.
pub struct Explained(BTreeMap<OwnedRoomId, ExplainedConnection>);

impl Explained {
    /// Explains every room on the connection without a `conn_id`.
    pub fn of(connections: &mut Connections, world: &mut World, wire: Wire) -> Explained {
        let rooms: Vec<OwnedRoomId> = world.cache.rooms.iter().map(|(_, entry)| entry.room_id.clone()).collect();
        let explain = |room: OwnedRoomId| {
            let request = ExplainRequest { room, conn_id: Some(String::new()) };
            let device: &DeviceId = DEVICE.into();
            let explanation = loop {
                match connections.explain(&mut world.cache, device, &request, world.now) {
                    Step::Done(explanation) => break explanation,
                    Step::Need(keys) => world.load(keys),
                }
            };
            let connection = explanation.connections.into_iter().find(|connection| connection.name.wire == wire);
            (request.room, connection.expect("the connection"))
        };
        Explained(rooms.into_iter().map(explain).collect())
    }

    /// Compares what is said of the waiting request's answer with that answer.
    pub fn check_before(&self, answer: &SyncResponse) {
        for (room, explained) in &self.0 {
            assert_eq!(explained.stage, Stage::Waiting);
            let said = answer.rooms.iter().find(|(id, _)| id == room).map(|(_, result)| result);
            let next = explained.next.as_deref();
            let predicted = next.and_then(|next| next.result.as_ref());
            assert_eq!(shown(predicted), shown(said), "{room}");
            let extensions = next.map(|next| of_room(&next.extensions, room)).unwrap_or_default();
            assert_eq!(extensions, of_room(&answer.extensions, room), "{room}");
            let in_window =
                explained.lists.iter().filter(|list| list.place.as_ref().is_some_and(|place| place.in_window));
            let reached = explained.subscribed || in_window.count() > 0;
            assert_eq!(next.is_some(), reached, "{room} is reached where a rule matches it");
        }
    }

    /// After an answer, the same request gets nothing.
    pub fn check_after(&self, answer: &SyncResponse) {
        for (room, explained) in &self.0 {
            assert!(matches!(explained.stage, Stage::Answered(_)));
            let next = explained.next.as_deref();
            assert!(!next.is_some_and(Next::says_something), "{room}: {next:?}");
            if answer.rooms.iter().any(|(id, _)| id == room) {
                assert!(explained.unconfirmed.is_some() && explained.told.is_some(), "{room} was sent");
            }
        }
    }
}

fn shown(result: Option<&RoomResult>) -> String {
    result.map(|result| format!("{result:?}")).unwrap_or_default()
}

/// What the extensions say of one room.
fn of_room(extensions: &ExtensionsResponse, room: &RoomId) -> String {
    let ExtensionsResponse { account_data, receipts, typing, counts, .. } = extensions;
    let mut text = String::new();
    let mut say = |part: Option<String>| text.extend(part);
    say(account_data.as_ref().and_then(|part| part.rooms.get(room)).map(|events| format!("{events:?}")));
    say(receipts.as_ref().and_then(|rooms| rooms.get(room)).map(|receipts| format!("{receipts:?}")));
    say(typing.as_ref().and_then(|rooms| rooms.get(room)).map(|users| format!("{users:?}")));
    say(counts.as_ref().and_then(|rooms| rooms.get(room)).map(|counts| format!("{counts:?}")));
    text
}
