//! The smaller endpoints: versions, filters, account data, profiles, presence, notifications and the like.

use serde_json::{Value, json};

use super::{
    super::{
        app::App,
        error::ApiError,
        http::{Answer, Call, Reply},
        world::{UserNo, World, json_of},
    },
    Caller, rooms,
};

/// Where the endpoints that need a token begin.
const WITH_CALLER: [&str; 10] = [
    "capabilities",
    "notifications",
    "presence",
    "profile",
    "pushers",
    "pushrules",
    "thirdparty",
    "user",
    "user_directory",
    "voip",
];

pub fn dispatch(app: &App, call: &Call, segments: &[&str]) -> Answer {
    match (call.method.as_str(), segments) {
        ("GET", ["versions"]) => {
            Ok(Reply::json(&json!({ "versions": app.features().versions, "unstable_features": {} })))
        }
        ("GET", [".well-known", "matrix", "client"]) => {
            Ok(Reply::json(&json!({ "m.homeserver": { "base_url": format!("http://{}", call.host) } })))
        }
        ("GET", ["profile", user]) => profile(app, user),
        ("GET", ["profile", user, key]) => profile_key(app, user, key),
        // What is unknown is so without a token, too.
        _ if !segments.first().is_some_and(|first| WITH_CALLER.contains(first)) => Err(ApiError::unrecognized()),
        _ => with_caller(app, call, segments, &Caller::of(app, call)?),
    }
}

fn with_caller(app: &App, call: &Call, segments: &[&str], caller: &Caller) -> Answer {
    let own = |user: &str| match app.world().find_user(user) {
        Some(user) if user == caller.user => Ok(()),
        _ => Err(ApiError::forbidden("Not your account")),
    };
    if let ["user", user, ..] = segments {
        own(user)?;
    }
    match (call.method.as_str(), segments) {
        ("GET", ["capabilities"]) => Ok(Reply::json(&capabilities())),
        ("GET", ["pushrules"] | ["pushrules", ""]) => account_data(app, caller, "m.push_rules"),
        ("GET", ["pushrules", "global"] | ["pushrules", "global", ""]) => push_rules(app, caller),
        ("POST", ["user", _, "filter"]) => add_filter(app, call, caller),
        ("GET", ["user", _, "filter", id]) => filter(app, caller, id),
        ("GET", ["user", _, "account_data", kind]) => account_data(app, caller, kind),
        ("PUT", ["user", _, "account_data", kind]) => put_account_data(app, call, caller, kind),
        ("GET", ["user", _, "rooms", room, "account_data", kind]) => room_account_data(app, caller, room, kind),
        ("PUT", ["user", _, "rooms", room, "account_data", kind]) => {
            put_room_account_data(app, call, caller, room, kind)
        }
        ("GET", ["user", _, "rooms", room, "tags"]) => tags(app, caller, room),
        ("PUT" | "DELETE", ["user", _, "rooms", room, "tags", tag]) => change_tag(app, call, caller, room, tag),
        ("PUT", ["profile", user, key @ ("displayname" | "avatar_url")]) => {
            own(user)?;
            app.world().set_profile(caller.user, key, call.json()?[*key].as_str().map(str::to_owned), caller.now);
            Ok(Reply::json(&json!({})))
        }
        ("GET", ["presence", user, "status"]) => presence(app, caller, user),
        ("PUT", ["presence", user, "status"]) => {
            own(user)?;
            put_presence(app, call, caller)
        }
        ("GET", ["notifications"]) => notifications(app, call, caller),
        ("GET", ["voip", "turnServer"] | ["thirdparty", "protocols"]) => Ok(Reply::json(&json!({}))),
        ("GET", ["pushers"]) => Ok(Reply::json(&json!({ "pushers": [] }))),
        ("POST", ["user_directory", "search"]) => user_directory(app, call),
        _ => Err(ApiError::unrecognized()),
    }
}

fn capabilities() -> Value {
    json!({ "capabilities": {
        "m.change_password": { "enabled": false },
        "m.room_versions": { "default": "11", "available": { "11": "stable" } },
        "m.set_displayname": { "enabled": true },
        "m.set_avatar_url": { "enabled": true },
        "m.3pid_changes": { "enabled": false },
    } })
}

fn push_rules(app: &App, caller: &Caller) -> Answer {
    let world = app.world();
    let rules = world.user(caller.user).account_data.get("m.push_rules");
    let rules: Value = rules.and_then(|rules| serde_json::from_str(rules.value.get()).ok()).unwrap_or_default();
    Ok(Reply::json(&rules["global"]))
}

fn add_filter(app: &App, call: &Call, caller: &Caller) -> Answer {
    let filter = call.json()?;
    let mut world = app.world();
    let filters = &mut world.user_mut(caller.user).filters;
    let id = filters.iter().position(|known| *known == filter).unwrap_or_else(|| {
        filters.push(filter);
        filters.len() - 1
    });
    Ok(Reply::json(&json!({ "filter_id": id.to_string() })))
}

fn filter(app: &App, caller: &Caller, id: &str) -> Answer {
    let world = app.world();
    let found = id.parse::<usize>().ok().and_then(|id| world.user(caller.user).filters.get(id));
    Ok(Reply::json(found.ok_or_else(|| ApiError::not_found("No such filter"))?))
}

fn account_data(app: &App, caller: &Caller, kind: &str) -> Answer {
    let world = app.world();
    let data =
        world.user(caller.user).account_data.get(kind).ok_or_else(|| ApiError::not_found("Account data not found"))?;
    Ok(Reply::json(&data.value))
}

fn put_account_data(app: &App, call: &Call, caller: &Caller, kind: &str) -> Answer {
    let content = call.json()?;
    app.world().set_account_data(caller.user, kind, json_of(&content));
    Ok(Reply::json(&json!({})))
}

fn room_account_data(app: &App, caller: &Caller, room: &str, kind: &str) -> Answer {
    let world = app.world();
    let room = world.expect_room(room)?;
    let data = world.user(caller.user).rooms.get(&room).and_then(|entry| entry.account_data.get(kind));
    Ok(Reply::json(&data.ok_or_else(|| ApiError::not_found("Room account data not found"))?.value))
}

fn put_room_account_data(app: &App, call: &Call, caller: &Caller, room: &str, kind: &str) -> Answer {
    let content = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    world.set_room_account_data(caller.user, room, kind, json_of(&content))?;
    Ok(Reply::json(&json!({})))
}

fn tags(app: &App, caller: &Caller, room: &str) -> Answer {
    let world = app.world();
    let room = world.expect_room(room)?;
    Ok(Reply::json(&json!({ "tags": world.tags(caller.user, room) })))
}

fn change_tag(app: &App, call: &Call, caller: &Caller, room: &str, tag: &str) -> Answer {
    let content = call.json()?;
    let mut world = app.world();
    let room = world.expect_room(room)?;
    let mut tags = world.tags(caller.user, room);
    if let Some(tags) = tags.as_object_mut() {
        if call.method == "PUT" {
            tags.insert(tag.to_owned(), content);
        } else {
            tags.remove(tag);
        }
    }
    world.set_room_account_data(caller.user, room, "m.tag", json_of(&json!({ "tags": tags })))?;
    Ok(Reply::json(&json!({})))
}

fn known_user(world: &World, id: &str) -> Result<UserNo, ApiError> {
    world.find_user(id).ok_or_else(|| ApiError::not_found("User not found"))
}

fn profile(app: &App, user: &str) -> Answer {
    let world = app.world();
    let user = world.user(known_user(&world, user)?);
    let mut answer = json!({});
    for (key, value) in [("displayname", &user.displayname), ("avatar_url", &user.avatar_url)] {
        if let Some(value) = value {
            answer[key] = json!(value);
        }
    }
    Ok(Reply::json(&answer))
}

fn profile_key(app: &App, user: &str, key: &str) -> Answer {
    let world = app.world();
    let user = world.user(known_user(&world, user)?);
    match key {
        "displayname" => Ok(Reply::json(&json!({ key: user.displayname }))),
        "avatar_url" => Ok(Reply::json(&json!({ key: user.avatar_url }))),
        _ => Err(ApiError::not_found("No such profile field")),
    }
}

fn presence(app: &App, caller: &Caller, user: &str) -> Answer {
    let world = app.world();
    let user = known_user(&world, user)?;
    Ok(Reply::json(&world.presence_event(user, caller.now)["content"]))
}

fn put_presence(app: &App, call: &Call, caller: &Caller) -> Answer {
    let body = call.json()?;
    let state = body["presence"].as_str().filter(|state| ["online", "offline", "unavailable"].contains(state));
    let state = state.ok_or_else(|| ApiError::invalid("Invalid presence state"))?;
    app.world().set_presence(caller.user, state, body["status_msg"].as_str().map(str::to_owned), caller.now);
    Ok(Reply::json(&json!({})))
}

fn notifications(app: &App, call: &Call, caller: &Caller) -> Answer {
    if !app.features().notifications {
        return Err(ApiError::unrecognized());
    }
    let limit = call.number("limit", 50, 500)? as usize;
    let before = call
        .param("from")
        .map(|from| from.parse::<u32>().map_err(|_| ApiError::invalid("Invalid from")))
        .transpose()?;
    let only_highlights = call.param("only") == Some("highlight");
    let world = app.world();
    let found = world.notifications(caller.user, before, limit, only_highlights);
    let entry = |(event, read): &(u32, bool)| {
        let is_highlight = world.highlights(world.event(*event), caller.user);
        let actions = if is_highlight { json!(["notify", { "set_tweak": "highlight" }]) } else { json!(["notify"]) };
        let room = world.event(*event).room;
        json!({
            "room_id": world.room(room).id,
            "event": world.render(*event, caller.viewer()),
            "ts": world.event(*event).ts,
            "read": read,
            "profile_tag": null,
            "actions": actions,
        })
    };
    let mut answer = json!({ "notifications": found.iter().map(entry).collect::<Vec<_>>() });
    if let Some((last, _)) = found.last().filter(|_| found.len() == limit) {
        answer["next_token"] = json!(last.to_string());
    }
    Ok(Reply::json(&answer))
}

fn user_directory(app: &App, call: &Call) -> Answer {
    let body = call.json()?;
    let limit = body["limit"].as_u64().unwrap_or(10).min(100) as usize;
    let world = app.world();
    let found = rooms::search_users(&world, body["search_term"].as_str().unwrap_or_default(), limit + 1);
    let entry = |user: &UserNo| {
        let user = world.user(*user);
        json!({ "user_id": user.id, "display_name": user.displayname, "avatar_url": user.avatar_url })
    };
    Ok(Reply::json(
        &json!({ "results": found.iter().take(limit).map(entry).collect::<Vec<_>>(), "limited": found.len() > limit }),
    ))
}
