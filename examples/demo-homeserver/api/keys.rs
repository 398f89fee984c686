//! Devices, end-to-end keys and to-device messages.

use serde_json::{Map, Value, json};

use super::{
    super::{
        app::App,
        error::ApiError,
        http::{Answer, Call, Reply},
        sync::Since,
        world::json_of,
    },
    Caller,
};

pub fn dispatch(app: &App, call: &Call, segments: &[&str]) -> Answer {
    let caller = Caller::of(app, call)?;
    match (call.method.as_str(), segments) {
        ("POST", ["keys", "upload"] | ["keys", "upload", _]) => upload(app, call, &caller),
        ("POST", ["keys", "query"]) => query(app, call),
        ("POST", ["keys", "claim"]) => claim(app, call),
        ("GET", ["keys", "changes"]) => changes(app, call, &caller),
        ("PUT", ["sendToDevice", kind, _]) => send_to_device(app, call, &caller, kind),
        ("GET", ["devices"]) => devices(app, &caller),
        ("GET", ["devices", device]) => one_device(app, &caller, device),
        ("GET", ["room_keys", "version", ..]) => Err(ApiError::not_found("No current backup version")),
        _ => Err(ApiError::unrecognized()),
    }
}

fn upload(app: &App, call: &Call, caller: &Caller) -> Answer {
    let body = call.json()?;
    let counts = app.world().upload_keys(caller.user, &caller.device, &body);
    Ok(Reply::json(&json!({ "one_time_key_counts": counts })))
}

fn object(body: &Value, key: &str) -> Result<Map<String, Value>, ApiError> {
    body[key].as_object().cloned().ok_or_else(|| ApiError::bad_json(format!("{key} must be an object")))
}

fn query(app: &App, call: &Call) -> Answer {
    let wanted = object(&call.json()?, "device_keys")?;
    Ok(Reply::json(&json!({ "device_keys": app.world().query_keys(&wanted), "failures": {} })))
}

fn claim(app: &App, call: &Call) -> Answer {
    let wanted = object(&call.json()?, "one_time_keys")?;
    Ok(Reply::json(&json!({ "one_time_keys": app.world().claim_keys(&wanted), "failures": {} })))
}

fn changes(app: &App, call: &Call, caller: &Caller) -> Answer {
    let from = Since::parse(call.param("from").unwrap_or_default())?.pos;
    let world = app.world();
    let to = call.param("to").map(Since::parse).transpose()?.map_or(world.pos(), |to| to.pos);
    let lists = world.device_lists(caller.user, from, to);
    let ids = |users: &std::collections::BTreeSet<u32>| {
        users.iter().map(|user| world.user_id(*user).to_string()).collect::<Vec<_>>()
    };
    Ok(Reply::json(&json!({ "changed": ids(&lists.changed), "left": ids(&lists.left) })))
}

fn send_to_device(app: &App, call: &Call, caller: &Caller, kind: &str) -> Answer {
    let messages = object(&call.json()?, "messages")?;
    let mut world = app.world();
    let sender = world.user_id(caller.user).clone();
    let is_repeated = world
        .user(caller.user)
        .device(&caller.device)
        .is_some_and(|device| device.transactions.contains_key(&call.path));
    if !is_repeated {
        for (id, devices) in messages {
            let Some(user) = world.find_user(&id) else { continue };
            for (device, content) in devices.as_object().into_iter().flatten() {
                let message = json_of(&json!({ "type": kind, "sender": sender, "content": content }));
                world.send_to_device(user, device, &message);
            }
        }
        if let Some(device) = world.user_mut(caller.user).devices.get_mut(&caller.device) {
            device.transactions.insert(call.path.clone(), 0);
        }
    }
    Ok(Reply::json(&json!({})))
}

fn devices(app: &App, caller: &Caller) -> Answer {
    let world = app.world();
    let all = world.user(caller.user).devices.iter();
    let devices: Vec<_> =
        all.map(|(id, device)| json!({ "device_id": id, "display_name": device.display_name })).collect();
    Ok(Reply::json(&json!({ "devices": devices })))
}

fn one_device(app: &App, caller: &Caller, id: &str) -> Answer {
    let world = app.world();
    let device = world.user(caller.user).device(id).ok_or_else(|| ApiError::not_found("No device found"))?;
    Ok(Reply::json(&json!({ "device_id": id, "display_name": device.display_name })))
}
