//! The command line of the demo homeserver.

#[path = "mod.rs"]
mod homeserver;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use homeserver::{
    app::{self, App, Options},
    bot::Bot,
    generate,
    world::World,
};
use tokio::net::TcpListener;

/// What `/_demo/` can do; the documentation of `api/admin.rs` has all fields.
const ORDERS: &str = "\
Orders (JSON over HTTP, no token; users as ids or localparts, rooms as ids or aliases):
  POST /_demo/fault           {path, times?, skip?, user?, method?, query?, delay_ms?, status?, errcode?, retry_after_ms?, body?, reply?, cut?, drop?}
                              what happens to the next request whose path behind /v3 begins so; reply is \"null\" or \"empty\";
                              GET lists what is pending, DELETE ends it
  POST /_demo/script          {user, responses: [{status?, body, delay_ms?}]}   the user's next /sync answers, verbatim
  POST /_demo/hold            {hold}   no /sync is answered while it is true
  POST /_demo/expire_token    {user, device?, soft_logout?}
  POST /_demo/features        {filter_rooms?, joined_rooms?, notifications?, use_state_after?: on|unstable|off, lazy_members?, versions?}
  GET  /_demo/stats           requests, bytes and milliseconds by endpoint; DELETE starts over
  GET  /_demo/requests        the last requests one by one; ?path=/sync picks
  POST /_demo/account         {user, password?, rooms?, seed?}   a user with a generated account
  POST /_demo/room            {creator, members?, name?, invite?, …}
  POST /_demo/send            {room, sender, type?, body?, content?, state_key?, ts?, count?}
  POST /_demo/limited         {room, sender, count?}   a burst, so that the next sync is limited
  POST /_demo/membership      {room, user, membership, sender?, reason?}
  POST /_demo/redact          {event, sender, reason?}
  POST /_demo/state_reset     {room, type, state_key?, content?}   state without an event; without content it is removed
  POST /_demo/send_to_device  {user, device?, type, content?, count?}
  POST /_demo/device_change   {user}
  POST /_demo/typing          {room, user, timeout?}
  POST /_demo/receipt         {room, user, event, type?, thread?}
  POST /_demo/account_data    {user, type, content, room?}";

/// A Matrix homeserver in memory, with the v2 client-server API: for demonstrations, tests and load.
///
/// Accounts: @demo (password "demo"), @alice, @bob, @carol, @dave and all made-up people (password = the name before the colon). Anyone can register.
#[derive(Debug, Parser)]
#[command(name = "demo-homeserver", after_long_help = ORDERS)]
struct Arguments {
    /// Where to listen; port 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:8448")]
    bind: SocketAddr,
    /// How many rooms the demo account has; 0 leaves all accounts empty.
    #[arg(long, default_value_t = 200)]
    rooms: usize,
    /// The same seed makes the same account.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Be as slow as a real homeserver: 42 ms a room of a first sync, one request at a time.
    #[arg(long)]
    slow: bool,
    /// Nobody talks by themselves, and the bot does not answer.
    #[arg(long)]
    quiet: bool,
    /// Something happens this often, on average.
    #[arg(long, default_value_t = 4_000, value_name = "MS")]
    bot_interval_ms: u64,
    #[arg(long, default_value = "demo.localhost", value_name = "NAME")]
    server_name: String,
    /// Answer 504 to requests that take longer, as a gateway would, while the work goes on.
    #[arg(long, value_name = "MS")]
    gateway_timeout_ms: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let listener = match TcpListener::bind(arguments.bind).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("demo homeserver: cannot listen on {}: {error}", arguments.bind);
            return ExitCode::FAILURE;
        }
    };
    match serve(arguments, listener).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo homeserver: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments, listener: TcpListener) -> std::io::Result<()> {
    let now = app::now();
    let mut world = World::new(&arguments.server_name, arguments.seed);
    let user = generate::accounts(&mut world, "demo", "demo");
    if arguments.rooms > 0 {
        generate::account(&mut world, user, arguments.rooms, arguments.seed, now);
    }
    generate::lobby(&mut world, user, now);
    let bot = (!arguments.quiet).then(|| Bot::new(&mut world, user, arguments.bot_interval_ms, arguments.seed, now));
    let gateway_timeout = arguments.gateway_timeout_ms.map(Duration::from_millis);
    let app = App::new(world, Options { slow: arguments.slow, gateway_timeout });
    if let Some(bot) = bot {
        app::start_bot(Arc::clone(&app), bot);
    }
    println!("demo homeserver listening on http://{}", listener.local_addr()?);
    tokio::select! {
        served = app::serve(app, listener) => served,
        () = ended() => Ok(()),
    }
}

/// Waits for ctrl-c or SIGTERM.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for.
    let _ = tokio::signal::ctrl_c().await;
}
