//! Logging in and out, registering, refreshing tokens, who am I.

use serde_json::{Value, json};

use super::{
    super::{
        app::{self, App},
        error::ApiError,
        http::{Answer, Call, Reply},
        world::{Session, World},
    },
    Caller,
};

/// Access tokens that can be refreshed say that they live this long; they expire only on order.
const TOKEN_LIFETIME_MS: u64 = 3_600_000;

pub fn dispatch(app: &App, call: &Call, segments: &[&str]) -> Answer {
    match (call.method.as_str(), segments) {
        ("GET", ["login"]) => Ok(Reply::json(&json!({ "flows": [{ "type": "m.login.password" }] }))),
        ("POST", ["login"]) => log_in(app, call),
        ("POST", ["register"]) => register(app, call),
        ("GET", ["register", "available"]) => available(app, call),
        ("POST", ["refresh"]) => refresh(app, call),
        ("POST", ["logout"]) => log_out(app, call, false),
        ("POST", ["logout", "all"]) => log_out(app, call, true),
        ("GET", ["account", "whoami"]) => whoami(app, call),
        ("GET", ["account", "3pid"]) => Ok(Reply::json(&json!({ "threepids": [] }))),
        _ => Err(ApiError::unrecognized()),
    }
}

fn log_in(app: &App, call: &Call) -> Answer {
    let body = call.json()?;
    if body["type"] != "m.login.password" {
        return Err(ApiError::new(400, "M_UNKNOWN", "Unknown login type"));
    }
    let name = body["identifier"]["user"].as_str().or_else(|| body["user"].as_str()).unwrap_or_default();
    let mut world = app.world();
    let user = world.check_password(name, body["password"].as_str().unwrap_or_default())?;
    Ok(start_session(&mut world, user, &body))
}

fn register(app: &App, call: &Call) -> Answer {
    let body = call.json()?;
    if body["auth"]["type"] != "m.login.dummy" {
        let flows = json!({ "session": "demo", "flows": [{ "stages": ["m.login.dummy"] }], "params": {} });
        return Ok(Reply { status: 401, ..Reply::json(&flows) });
    }
    let mut world = app.world();
    let generated = format!("user{}", world.users.len());
    let localpart = body["username"].as_str().unwrap_or(&generated);
    let user = world.register(localpart, body["password"].as_str().unwrap_or(localpart))?;
    if body["inhibit_login"] == true {
        return Ok(Reply::json(&json!({ "user_id": world.user_id(user) })));
    }
    Ok(start_session(&mut world, user, &body))
}

fn start_session(world: &mut World, user: u32, body: &Value) -> Reply {
    let text = |key: &str| body[key].as_str().map(str::to_owned);
    let session = world.log_in(
        user,
        text("device_id"),
        text("initial_device_display_name"),
        body["refresh_token"] == true,
        app::now(),
    );
    let mut answer = tokens(&session);
    answer["user_id"] = json!(world.user_id(session.user));
    answer["device_id"] = json!(session.device);
    answer["home_server"] = json!(world.server_name);
    Reply::json(&answer)
}

fn tokens(session: &Session) -> Value {
    let mut answer = json!({ "access_token": session.access_token });
    if let Some(refresh_token) = &session.refresh_token {
        answer["refresh_token"] = json!(refresh_token);
        answer["expires_in_ms"] = json!(TOKEN_LIFETIME_MS);
    }
    answer
}

fn refresh(app: &App, call: &Call) -> Answer {
    let body = call.json()?;
    let session = app.world().refresh(body["refresh_token"].as_str().unwrap_or_default(), app::now())?;
    Ok(Reply::json(&tokens(&session)))
}

fn available(app: &App, call: &Call) -> Answer {
    let world = app.world();
    let id = world.full_user_id(call.param("username").unwrap_or_default());
    if world.find_user(&id).is_some_and(|user| world.user(user).password.is_some()) {
        return Err(ApiError::new(400, "M_USER_IN_USE", "User ID already taken"));
    }
    Ok(Reply::json(&json!({ "available": true })))
}

fn log_out(app: &App, call: &Call, everywhere: bool) -> Answer {
    let caller = Caller::of(app, call)?;
    app.world().log_out(caller.user, (!everywhere).then_some(&*caller.device));
    Ok(Reply::json(&json!({})))
}

fn whoami(app: &App, call: &Call) -> Answer {
    let caller = Caller::of(app, call)?;
    Ok(Reply::json(
        &json!({ "user_id": app.world().user_id(caller.user), "device_id": caller.device, "is_guest": false }),
    ))
}
