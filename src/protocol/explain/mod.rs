//! `GET /_sash/explain`: the request, and the explanation as JSON. README.md documents it.
//!
//! Invariant: every field is always there; what does not apply or is not known is `null`.

mod because;
mod connection;
mod room;

use ruma::OwnedRoomId;

use super::{
    error::RequestError,
    fields::query_parameters,
    json::{Array, Object},
};
use crate::connection::{ConnectionName, EngineState, ExplainRequest, Explanation};
use crate::limits::OPAQUE_IDENTIFIER;
use crate::model::Position;

/// Reads a request: `query` is the part of the URL after `?`, without it.
pub fn parse(query: &str) -> Result<ExplainRequest, RequestError> {
    let (mut room, mut conn_id) = (None, None);
    for (name, value) in query_parameters(query) {
        match name.as_ref() {
            "room" => room = Some(value),
            "conn_id" => conn_id = Some(value),
            _ => {}
        }
    }
    let invalid = |field: &str, message: String| RequestError::InvalidParam { field: field.to_owned(), message };
    if conn_id.as_ref().is_some_and(|conn_id| conn_id.len() > OPAQUE_IDENTIFIER) {
        return Err(invalid("conn_id", format!("must have at most {OPAQUE_IDENTIFIER} bytes")));
    }
    let room = room.ok_or_else(|| RequestError::Missing { field: "room".to_owned(), expected: "a room id" })?;
    let room = OwnedRoomId::try_from(room).map_err(|_| invalid("room", "must be a room id".to_owned()))?;
    Ok(ExplainRequest { room, conn_id })
}

/// Returns the body of the answer.
pub fn render(explanation: &Explanation) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    object.text("room_id", explanation.room_id.as_str());
    object.flag("known", explanation.room.is_some());
    sentences(&mut object, &because::of_room(explanation));
    account(object.object("account"), explanation);
    match &explanation.room {
        Some(held) => room::write(object.object("room"), held, &explanation.engine),
        None => object.raw("room", "null"),
    }
    let mut connections = object.array("connections");
    for connection in &explanation.connections {
        connection::write(connections.object(), explanation, connection);
    }
    connections.close();
    let mut others = object.array("other_connections");
    for other in &explanation.others {
        let mut object = others.object();
        name(&mut object, other);
        object.close();
    }
    others.close();
    object.close();
    out
}

fn account(mut object: Object<'_>, explanation: &Explanation) {
    let EngineState { state, message, .. } = &explanation.engine;
    object.text("user_id", explanation.user_id.as_str());
    object.text("device_id", explanation.device_id.as_str());
    object.text("state", state);
    text_or_null(&mut object, "message", message.as_deref());
    object.text("phase", explanation.bootstrap.name());
    object.number("position", explanation.position.0);
    position_or_null(&mut object, "chain_began", explanation.chain_began);
    object.close();
}

fn name(object: &mut Object<'_>, name: &ConnectionName) {
    object.text("api", name.wire.name());
    object.text("conn_id", &name.conn_id);
}

fn text_or_null(object: &mut Object<'_>, key: &str, text: Option<&str>) {
    match text {
        Some(text) => object.text(key, text),
        None => object.raw(key, "null"),
    }
}

fn number_or_null(object: &mut Object<'_>, key: &str, number: Option<u64>) {
    match number {
        Some(number) => object.number(key, number),
        None => object.raw(key, "null"),
    }
}

/// Zero stands for never.
fn position_or_null(object: &mut Object<'_>, key: &str, position: Position) {
    number_or_null(object, key, (position > Position(0)).then_some(position.0));
}

fn flag_or_null(object: &mut Object<'_>, key: &str, flag: Option<bool>) {
    match flag {
        Some(flag) => object.flag(key, flag),
        None => object.raw(key, "null"),
    }
}

/// Writes a field with strings. One function for all of them: what is generic is made once for every kind of list.
fn texts(object: &mut Object<'_>, key: &str, texts: &[&str]) {
    let mut array = object.array(key);
    for text in texts {
        array.text(text);
    }
    array.close();
}

fn sentences(object: &mut Object<'_>, sentences: &[String]) {
    let mut array = object.array("because");
    for sentence in sentences {
        array.text(sentence);
    }
    array.close();
}

/// Ordinals of history are negative.
fn ordinal(ordinal: crate::model::Ordinal) -> String {
    ordinal.0.to_string()
}

fn length(list: usize) -> u64 {
    list as u64
}

fn range(mut array: Array<'_>, (first, last): (u64, u64)) {
    array.number(first);
    array.number(last);
    array.close();
}
