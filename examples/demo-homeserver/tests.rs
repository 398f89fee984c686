//! What only the wire shows: answers cut in the middle, preflights, a gateway that gives up.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    app::{App, Options, serve},
    world::World,
};

/// Starts a homeserver with one user and returns where, and her token.
async fn start(options: Options) -> (Arc<App>, String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let app = App::new(World::new("test", 1), options);
    let token = {
        let mut world = app.world();
        let alice = world.register("alice", "alice").expect("a free name");
        world.log_in(alice, None, None, false, 0).access_token
    };
    tokio::spawn(serve(Arc::clone(&app), listener));
    (app, address, token)
}

/// Sends a request and returns all that comes until the connection ends.
async fn raw(address: &str, request: &str, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = format!(
        "{request} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    // A broken connection ends the answer, too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const SYNC: &str = "GET /_matrix/client/v3/sync";

#[tokio::test]
async fn a_cut_answer_claims_more_than_it_brings_and_a_dropped_one_brings_nothing() {
    let (_, address, token) = start(Options::default()).await;
    let whole = raw(&address, SYNC, &token, "").await;
    let (_, body) = whole.split_once("\r\n\r\n").expect("head and body");
    raw(&address, "POST /_demo/fault", "", r#"{"path":"/sync","cut":true}"#).await;
    raw(&address, "POST /_demo/fault", "", r#"{"path":"/sync","drop":true}"#).await;
    let cut = raw(&address, SYNC, &token, "").await;
    let (head, half) = cut.split_once("\r\n\r\n").expect("head and half a body");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert_eq!(half.len(), body.len() / 2);
    assert_eq!(raw(&address, SYNC, &token, "").await, "");
    assert!(raw(&address, SYNC, &token, "").await.starts_with("HTTP/1.1 200"), "both faults are used up");
}

#[tokio::test]
async fn a_preflight_is_allowed_everything_and_errors_carry_the_same_headers() {
    let (_, address, _) = start(Options::default()).await;
    let preflight = raw(&address, "OPTIONS /_matrix/client/v3/sync", "", "").await;
    assert!(preflight.starts_with("HTTP/1.1 204") && preflight.contains("access-control-max-age"), "{preflight}");
    let unknown = raw(&address, "GET /_matrix/client/v3/nonsense", "", "").await;
    assert!(unknown.starts_with("HTTP/1.1 404") && unknown.contains("access-control-allow-origin: *"), "{unknown}");
    assert!(unknown.contains("M_UNRECOGNIZED"), "{unknown}");
}

#[tokio::test]
async fn a_gateway_gives_up_while_the_homeserver_finishes_its_work() {
    let options = Options { slow: true, gateway_timeout: Some(Duration::from_millis(300)) };
    let (app, address, token) = start(options).await;
    for _ in 0..12 {
        let mut world = app.world();
        let alice = world.find_user("@alice:test").expect("registered");
        world.create_room(alice, super::world::CreateRoom::default(), 0).expect("a room");
    }
    // Some 550 ms of work: the first request sees the gateway's page, a later one the cached answer.
    assert!(raw(&address, SYNC, &token, "").await.starts_with("HTTP/1.1 504"));
    let mut tries = 0;
    while !raw(&address, SYNC, &token, "").await.starts_with("HTTP/1.1 200") {
        tries += 1;
        assert!(tries < 10, "the work never ended");
    }
}
