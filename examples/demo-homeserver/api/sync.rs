//! `GET /sync`: parameters, the long poll, and first syncs that outlive the request for them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::sync::watch;

use super::{
    super::{
        app::App,
        error::ApiError,
        faults::Scripted,
        http::{Answer, Call, Reply},
        slow,
        sync::{self, Filter, Params, Since},
        world::{RoomNo, UserNo, Viewer},
    },
    Caller,
};

/// A longer wait is cut to this.
const MAX_TIMEOUT_MS: u64 = 600_000;
/// How long the answer to a first sync is given again to a request that is the same to the byte, as Synapse does by default.
const REUSED: Duration = Duration::from_secs(120);

/// Answers to first syncs, under way or done, by device and query.
#[derive(Default)]
pub struct FirstSyncs {
    running: Mutex<FxHashMap<(UserNo, String, String), Pending>>,
}

/// An answer and when it was ready; nothing before.
type Pending = watch::Receiver<Option<(Reply, Instant)>>;

pub async fn get(app: &Arc<App>, call: &Call) -> Answer {
    let caller = Caller::of(app, call)?;
    let params = params(app, call, caller.user)?;
    let timeout = call.number("timeout", 0, MAX_TIMEOUT_MS)?;
    wait_while_held(app).await;
    if let Some(scripted) = next_script(app, caller.user) {
        tokio::time::sleep(Duration::from_millis(scripted.delay_ms)).await;
        return Ok(scripted.reply());
    }
    note_presence(app, call, &caller);
    match params.since {
        Some(since) => incremental(app, call, &caller, &params, since, Duration::from_millis(timeout)).await,
        None if app.options.slow || app.options.gateway_timeout.is_some() => {
            shared_first(app, call, caller, params).await
        }
        None => Ok(first(app, &caller, &params)),
    }
}

fn params(app: &App, call: &Call, user: UserNo) -> Result<Params, ApiError> {
    let features = app.features().clone();
    let world = app.world();
    let since = call.param("since").map(Since::parse).transpose()?;
    if since.is_some_and(|since| since.pos > world.pos()) {
        return Err(ApiError::new(
            400,
            "M_UNKNOWN",
            "Invalid stream token: it is from another life of this homeserver",
        ));
    }
    let mut filter: Filter = match call.param("filter") {
        Some(json) if json.trim_start().starts_with('{') => {
            serde_json::from_str(json).map_err(|error| ApiError::new(400, "M_NOT_JSON", error.to_string()))?
        }
        Some(id) => {
            let known: Option<&Value> = id.parse::<usize>().ok().and_then(|id| world.user(user).filters.get(id));
            let known = known.cloned().ok_or_else(|| ApiError::invalid("No such filter"))?;
            serde_json::from_value(known).map_err(|error| ApiError::bad_json(error.to_string()))?
        }
        None => Filter::default(),
    };
    if !features.filter_rooms {
        filter.room.rooms = None;
        filter.room.not_rooms.clear();
    }
    filter.room.state.lazy_load_members &= features.lazy_members;
    filter.room.timeline.lazy_load_members &= features.lazy_members;
    let state_key = features.state_key(call.flag("use_state_after"), call.flag("org.matrix.msc4222.use_state_after"));
    Ok(Params { since, filter, full_state: call.flag("full_state"), state_key })
}

async fn wait_while_held(app: &App) {
    let mut hold = app.hold.subscribe();
    // Fails only when the sender is gone, and the app owns it.
    let _ = hold.wait_for(|held| !held).await;
}

fn next_script(app: &App, user: UserNo) -> Option<Scripted> {
    let id = app.world().user_id(user).clone();
    app.faults().next_script(&id)
}

/// Polling makes the user online, unless the request says otherwise.
fn note_presence(app: &App, call: &Call, caller: &Caller) {
    let state = call.param("set_presence").unwrap_or("online");
    if ["online", "unavailable"].contains(&state) {
        let mut world = app.world();
        let status = world.user(caller.user).presence.status.clone();
        world.set_presence(caller.user, state, status, caller.now);
    }
}

/// Waits for news, at most until the time-out.
async fn incremental(
    app: &App,
    call: &Call,
    caller: &Caller,
    params: &Params,
    since: Since,
    timeout: Duration,
) -> Answer {
    let deadline = tokio::time::Instant::now() + timeout;
    let mut changed = app.world().subscribe(caller.user);
    loop {
        // A token can expire and a hold begin while the request waits.
        let caller = Caller::of(app, call)?;
        wait_while_held(app).await;
        changed.mark_unchanged();
        if let Some(scripted) = next_script(app, caller.user) {
            return Ok(scripted.reply());
        }
        let is_over = tokio::time::Instant::now() >= deadline;
        let response = {
            let mut world = app.world();
            let asked = is_over || params.full_state || sync::may_have_news(&world, caller.viewer(), since);
            asked.then(|| sync::sync(&mut world, caller.viewer(), params))
        };
        if let Some(response) = response.filter(|response| is_over || params.full_state || !response.is_empty()) {
            app.slow.charge(slow::incremental_sync(response.rooms.join.len())).await;
            return Ok(Reply::json(&response));
        }
        tokio::select! {
            _ = changed.changed() => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}

fn first(app: &App, caller: &Caller, params: &Params) -> Reply {
    let response = sync::sync(&mut app.world(), caller.viewer(), params);
    Reply::json(&response)
}

/// Works on a first sync in a task of its own, which goes on when the client or a gateway gives up; who asks the same again shares it.
async fn shared_first(app: &Arc<App>, call: &Call, caller: Caller, params: Params) -> Answer {
    let mut answer = join_or_start(app, call, caller, params);
    let answer =
        answer.wait_for(Option::is_some).await.map_err(|_| ApiError::new(500, "M_UNKNOWN", "Internal server error"))?;
    Ok(answer.as_ref().map_or_else(|| Reply::raw(500, "{}"), |(reply, _)| reply.clone()))
}

fn join_or_start(app: &Arc<App>, call: &Call, caller: Caller, params: Params) -> Pending {
    let key = (caller.user, caller.device.clone(), call.raw_query.clone());
    let mut running = app.first_syncs.running.lock().unwrap_or_else(PoisonError::into_inner);
    running.retain(|_, known| known.borrow().as_ref().is_none_or(|(_, ready)| ready.elapsed() < REUSED));
    if let Some(known) = running.get(&key) {
        return known.clone();
    }
    let (sender, receiver) = watch::channel(None);
    running.insert(key, receiver.clone());
    let app = Arc::clone(app);
    tokio::spawn(async move {
        app.slow.charge(first_cost(&app, caller.viewer(), &params)).await;
        sender.send_replace(Some((first(&app, &caller, &params), Instant::now())));
    });
    receiver
}

fn first_cost(app: &App, viewer: Viewer<'_>, params: &Params) -> f64 {
    let world = app.world();
    let rooms: Vec<RoomNo> = world.user(viewer.user).joined_rooms().collect();
    let answered = rooms.iter().filter(|room| params.filter.room.admits(&world.room(**room).id)).count();
    slow::first_sync(rooms.len(), answered, params.filter.room.timeline.limit.unwrap_or(10))
}
