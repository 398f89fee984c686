//! `/_demo/…`: what tests and the demo do to the homeserver from outside. No token is needed; bodies and answers are JSON.
//!
//! Users are given as ids or localparts, rooms as ids or aliases. Everything answers `{}` where nothing else is said.
//!
//! Faults
//! - `POST /_demo/fault` — a [`Fault`](super::super::faults::Fault): `{path, method?, user?, query?, times?, skip?, delay_ms?, status?, errcode?, error?,`
//!   `retry_after_ms?, body?, reply?: "null"|"empty", cut?, drop?}`. `GET` lists what is pending, `DELETE` ends all faults, scripts and holds.
//! - `POST /_demo/script` `{user, responses: [{status?, body, delay_ms?}]}` — the next `/sync` answers of a user, verbatim; a waiting poll gets the first.
//! - `POST /_demo/hold` `{hold: bool}` — no `/sync` is answered while held.
//! - `POST /_demo/expire_token` `{user, device?, soft_logout?}` → `{expired}`.
//! - `POST /_demo/features` — switches of [`Features`](super::super::features::Features) that the body names; answers all. `GET` answers all.
//!
//! Numbers
//! - `GET /_demo/stats` → `{endpoints: {"GET /sync": {requests, errors, bytes_in, bytes_out, ms, longest_ms}}, total, pos}`; `DELETE` starts over.
//! - `GET /_demo/requests` → `{requests: [{method, path, query, user, status, …}]}`, the last 2,000; `?path=/sync` picks by beginning.
//!
//! Doing things as any user, without rules
//! - `POST /_demo/account` `{user, password?, rooms?, seed?}` → `{user_id}` — registers a new user, and generates rooms.
//! - `POST /_demo/room` `{creator, members?: [user], invite?: […], …}` and whatever `/createRoom` takes → `{room_id}` — `members` are joined at once.
//! - `POST /_demo/send` `{room, sender, type?, body?|content?, state_key?, ts?, count?}` → `{event_ids}` — several get the number appended to `body`.
//! - `POST /_demo/limited` `{room, sender, count?}` — a burst of messages, 50 if not said, so that the next sync is limited.
//! - `POST /_demo/membership` `{room, user, membership, sender?, reason?}` → `{event_id}`.
//! - `POST /_demo/redact` `{event, sender, reason?}` → `{event_id}`.
//! - `POST /_demo/state_reset` `{room, type, state_key?, sender?, content?}` — changes state without a timeline event; no `content` removes the entry.
//! - `POST /_demo/send_to_device` `{user, device?, type, sender?, content?, count?}` → `{sent}` — several get `"n"` in their content.
//! - `POST /_demo/device_change` `{user}` — as if the user's devices had changed.
//! - `POST /_demo/typing` `{room, user, timeout?}`, 0 = stop; `POST /_demo/receipt` `{room, user, event, type?, thread?}`.
//! - `POST /_demo/account_data` `{user, type, content, room?}`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{
    app::{self, App},
    error::ApiError,
    faults::{Fault, Scripted},
    generate,
    http::{Answer, Call, Reply},
    stats::Stats,
    world::{CreateRoom, Membership, NewEvent, RoomNo, UserNo, World, json_of},
};

/// A single order makes at most so many events or messages.
const MAX_COUNT: usize = 10_000;
const MAX_ROOMS: usize = 20_000;

pub fn dispatch(app: &App, call: &Call) -> Answer {
    let name = call.path.strip_prefix("/_demo/").unwrap_or_default();
    match (call.method.as_str(), name) {
        ("POST", "fault") => {
            app.faults().order(call.parse::<Fault>()?);
            done()
        }
        ("GET", "fault") => Ok(Reply::json(&json!({ "faults": app.faults().orders() }))),
        ("DELETE", "fault" | "faults") => {
            app.faults().clear();
            app.hold.send_replace(false);
            done()
        }
        ("POST", "script") => script(app, call.parse()?),
        ("POST", "hold") => {
            app.hold.send_replace(call.json()?["hold"] == true);
            done()
        }
        ("POST", "expire_token") => expire_token(app, &call.json()?),
        ("POST", "features") => {
            app.features().change(call.json()?)?;
            Ok(Reply::json(&*app.features()))
        }
        ("GET", "features") => Ok(Reply::json(&*app.features())),
        ("GET", "stats") => stats(app),
        ("DELETE", "stats") => {
            *app.stats() = Stats::default();
            done()
        }
        ("GET", "requests") => requests(app, call),
        ("POST", "account") => account(app, call.parse()?),
        ("POST", action) => act(app, call, action),
        _ => Err(ApiError::unrecognized()),
    }
}

fn done() -> Answer {
    Ok(Reply::json(&json!({})))
}

fn act(app: &App, call: &Call, action: &str) -> Answer {
    let mut world = app.world();
    let world = &mut *world;
    match action {
        "room" => create_room(world, &call.json()?),
        "send" => send(world, call.parse()?),
        "limited" => limited(world, call.parse()?),
        "membership" => membership(world, call.parse()?),
        "redact" => redact(world, call.parse()?),
        "state_reset" => state_reset(world, call.parse()?),
        "send_to_device" => send_to_device(world, call.parse()?),
        "device_change" => {
            let user = known_user(world, &call.json()?, "user")?;
            world.note_device_change(user);
            done()
        }
        "typing" => typing(world, &call.json()?),
        "receipt" => receipt(world, call.parse()?),
        "account_data" => account_data(world, call.parse()?),
        _ => Err(ApiError::unrecognized()),
    }
}

fn user_no(world: &mut World, name: &str) -> UserNo {
    let id = world.full_user_id(name);
    world.user_no(&id)
}

fn known_user(world: &World, body: &Value, key: &str) -> Result<UserNo, ApiError> {
    let id = world.full_user_id(body[key].as_str().unwrap_or_default());
    world.find_user(&id).ok_or_else(|| ApiError::not_found(format!("no user {id}")))
}

#[derive(Deserialize)]
struct Script {
    user: String,
    responses: Vec<Scripted>,
}

fn script(app: &App, script: Script) -> Answer {
    let mut world = app.world();
    let user = user_no(&mut world, &script.user);
    let id = world.user_id(user).clone();
    app.faults().script(&id, script.responses);
    world.touch(user);
    done()
}

fn expire_token(app: &App, body: &Value) -> Answer {
    let mut world = app.world();
    let user = known_user(&world, body, "user")?;
    let expired = world.expire_tokens(user, body["device"].as_str(), body["soft_logout"] == true);
    Ok(Reply::json(&json!({ "expired": expired })))
}

fn stats(app: &App) -> Answer {
    let mut answer = serde_json::to_value(&*app.stats()).unwrap_or_default();
    answer["pos"] = json!(app.world().pos());
    Ok(Reply::json(&answer))
}

fn requests(app: &App, call: &Call) -> Answer {
    let start = call.param("path").unwrap_or_default();
    let stats = app.stats();
    let chosen: Vec<_> = stats.requests.iter().filter(|line| line.path.starts_with(start)).collect();
    Ok(Reply::json(&json!({ "requests": chosen })))
}

#[derive(Deserialize)]
struct Account {
    user: String,
    password: Option<String>,
    #[serde(default)]
    rooms: usize,
    #[serde(default = "one")]
    seed: u64,
}

fn one() -> u64 {
    1
}

fn account(app: &App, order: Account) -> Answer {
    let mut world = app.world();
    let user = match known_user(&world, &json!({ "user": order.user }), "user") {
        Ok(known) if world.user(known).password.is_some() => known,
        _ => world.register(&order.user, order.password.as_deref().unwrap_or(&order.user))?,
    };
    if order.rooms > 0 {
        generate::account(&mut world, user, order.rooms.min(MAX_ROOMS), order.seed, app::now());
    }
    Ok(Reply::json(&json!({ "user_id": world.user_id(user) })))
}

fn create_room(world: &mut World, body: &Value) -> Answer {
    let now = app::now();
    let mut request: CreateRoom =
        serde_json::from_value(body.clone()).map_err(|error| ApiError::bad_json(error.to_string()))?;
    request.invite = request.invite.iter().map(|name| world.full_user_id(name)).collect();
    let creator = user_no(world, body["creator"].as_str().ok_or_else(|| ApiError::invalid("creator is missing"))?);
    let room = world.create_room(creator, request, now)?;
    for name in body["members"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let member = user_no(world, name);
        world.set_membership(room, member, member, Membership::Join, None, now);
    }
    Ok(Reply::json(&json!({ "room_id": world.room(room).id })))
}

#[derive(Deserialize)]
struct Send {
    room: String,
    sender: String,
    #[serde(rename = "type", default = "message")]
    kind: String,
    body: Option<String>,
    content: Option<Value>,
    state_key: Option<String>,
    ts: Option<u64>,
    #[serde(default = "once")]
    count: usize,
}

fn message() -> String {
    "m.room.message".to_owned()
}

fn once() -> usize {
    1
}

fn send(world: &mut World, order: Send) -> Answer {
    let room = world.expect_room(&order.room)?;
    let sender = user_no(world, &order.sender);
    let ts = order.ts.unwrap_or_else(app::now);
    let mut event_ids = Vec::new();
    for number in 1..=order.count.min(MAX_COUNT) {
        let text = order.body.as_deref().unwrap_or("hello");
        let text = if order.count > 1 { format!("{text} {number}") } else { text.to_owned() };
        let content = order.content.clone().unwrap_or_else(|| json!({ "msgtype": "m.text", "body": text }));
        let event = NewEvent {
            state_key: order.state_key.as_deref(),
            ..NewEvent::new(room, sender, &order.kind, json_of(&content), ts)
        };
        let event = world.append(event);
        event_ids.push(world.event_id(event));
    }
    Ok(Reply::json(&json!({ "event_ids": event_ids })))
}

#[derive(Deserialize)]
struct Limited {
    room: String,
    sender: String,
    #[serde(default = "burst")]
    count: usize,
}

fn burst() -> usize {
    50
}

fn limited(world: &mut World, order: Limited) -> Answer {
    let Limited { room, sender, count } = order;
    send(
        world,
        Send {
            room,
            sender,
            kind: message(),
            body: Some("burst".to_owned()),
            content: None,
            state_key: None,
            ts: None,
            count,
        },
    )
}

#[derive(Deserialize)]
struct SetMembership {
    room: String,
    user: String,
    membership: Membership,
    sender: Option<String>,
    reason: Option<String>,
}

fn membership(world: &mut World, order: SetMembership) -> Answer {
    let room = world.expect_room(&order.room)?;
    let user = user_no(world, &order.user);
    let sender = order.sender.map_or(user, |sender| user_no(world, &sender));
    let event = world.set_membership(room, sender, user, order.membership, order.reason.as_deref(), app::now());
    Ok(Reply::json(&json!({ "event_id": world.event_id(event) })))
}

#[derive(Deserialize)]
struct Redact {
    event: String,
    sender: String,
    reason: Option<String>,
}

fn redact(world: &mut World, order: Redact) -> Answer {
    let target = world.find_event(&order.event).ok_or_else(|| ApiError::not_found("no such event"))?;
    let sender = user_no(world, &order.sender);
    let event = world.redact(target, sender, order.reason.as_deref(), None, app::now());
    Ok(Reply::json(&json!({ "event_id": world.event_id(event) })))
}

#[derive(Deserialize)]
struct StateReset {
    room: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    state_key: String,
    sender: Option<String>,
    content: Option<Value>,
}

fn state_reset(world: &mut World, order: StateReset) -> Answer {
    let room: RoomNo = world.expect_room(&order.room)?;
    let anyone = world.room(room).joined().next().unwrap_or_default();
    let sender = order.sender.map_or(anyone, |sender| user_no(world, &sender));
    let content = order.content.as_ref().map(json_of);
    let event = world.reset_state(room, sender, &order.kind, &order.state_key, content, app::now());
    Ok(Reply::json(&json!({ "event_id": event.map(|event| world.event_id(event)) })))
}

#[derive(Deserialize)]
struct ToDevice {
    user: String,
    #[serde(default = "any")]
    device: String,
    #[serde(rename = "type")]
    kind: String,
    sender: Option<String>,
    #[serde(default)]
    content: serde_json::Map<String, Value>,
    #[serde(default = "once")]
    count: usize,
}

fn any() -> String {
    "*".to_owned()
}

fn send_to_device(world: &mut World, mut order: ToDevice) -> Answer {
    let user = user_no(world, &order.user);
    let sender = world.full_user_id(order.sender.as_deref().unwrap_or("alice"));
    let mut sent = 0;
    for number in 1..=order.count.min(MAX_COUNT) {
        if order.count > 1 {
            order.content.insert("n".to_owned(), json!(number));
        }
        let message = json_of(&json!({ "type": order.kind, "sender": sender, "content": order.content }));
        sent += world.send_to_device(user, &order.device, &message);
    }
    Ok(Reply::json(&json!({ "sent": sent })))
}

fn typing(world: &mut World, body: &Value) -> Answer {
    let room = world.expect_room(body["room"].as_str().unwrap_or_default())?;
    let user = known_user(world, body, "user")?;
    let timeout = body["timeout"].as_u64().unwrap_or(30_000);
    world.set_typing(room, user, (timeout > 0).then(|| app::now() + timeout));
    done()
}

#[derive(Deserialize)]
struct SetReceipt {
    room: String,
    user: String,
    event: String,
    #[serde(rename = "type", default = "read")]
    kind: String,
    thread: Option<String>,
}

fn read() -> String {
    "m.read".to_owned()
}

fn receipt(world: &mut World, order: SetReceipt) -> Answer {
    let room = world.expect_room(&order.room)?;
    let user = user_no(world, &order.user);
    let event = world.find_event(&order.event).ok_or_else(|| ApiError::not_found("no such event"))?;
    world.set_receipt(room, user, &order.kind, event, order.thread, app::now());
    done()
}

#[derive(Deserialize)]
struct SetAccountData {
    user: String,
    #[serde(rename = "type")]
    kind: String,
    content: Value,
    room: Option<String>,
}

fn account_data(world: &mut World, order: SetAccountData) -> Answer {
    let user = user_no(world, &order.user);
    let content = json_of(&order.content);
    match order.room {
        Some(room) => {
            let room = world.expect_room(&room)?;
            world.set_room_account_data(user, room, &order.kind, content)?;
        }
        None => world.set_account_data(user, &order.kind, content),
    }
    done()
}
