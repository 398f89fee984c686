//! Starting and ending.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{homeserver::Homeserver, sash::Place};

#[tokio::test]
async fn it_is_ready_when_it_says_so() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    let health: Value = sash.get("/health").send().await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "ok");
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    for signal in ["-TERM", "-INT"] {
        let homeserver = Homeserver::start().await;
        let place = Place::new();
        let sash = place.start(&homeserver.url).await;
        sash.get("/health").send().await.unwrap();
        let (status, log) = sash.end(signal).await;
        assert_eq!(status.code(), Some(0), "{signal}: {log}");
        assert!(!log.contains("WARN"), "nothing had to be forced: {log}");
        assert!(!place.path().join("sash.sqlite-wal").exists(), "the database is closed: its log is gone");
        assert!(place.database().exists());
    }
}

#[tokio::test]
async fn a_long_poll_that_passes_through_is_answered_when_it_ends() {
    let homeserver = Homeserver::start().await;
    homeserver.log_in("token", "@alice:example.org", "PHONE");
    let sash = Place::new().start(&homeserver.url).await;
    let poll = sash.get("/_matrix/client/v3/sync?since=s1&timeout=30000").bearer_auth("token");
    let poll = tokio::spawn(poll.send());
    homeserver.wait_for("/v3/sync").await;
    let begin = Instant::now();
    let (status, log) = sash.end("-TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
    assert_eq!(poll.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn one_database_has_one_server() {
    let homeserver = Homeserver::start().await;
    let place = Place::new();
    let first = place.start(&homeserver.url).await;
    let (status, said) = place.run(&homeserver.url, &[]).await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("sash.sqlite"), "it says which database: {said}");
    assert_eq!(first.get("/health").send().await.unwrap().status(), 200, "the first goes on");
    first.end("-TERM").await;
    place.start(&homeserver.url).await.end("-TERM").await;
}

#[tokio::test]
async fn what_it_makes_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.start("http://127.0.0.1:1").await.end("-TERM").await;
    for file in ["sash.sqlite", "sash.sqlite.secret"] {
        let mode = std::fs::metadata(place.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn what_it_cannot_do_it_says_and_ends() {
    let place = Place::new();
    let (status, said) = place.run("https://hs.example", &["--db", "postgres://localhost/sync"]).await;
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("PostgreSQL is not in this version"), "{said}");
    let (status, said) = place.run("https://hs.example", &["--bind", "256.0.0.1:1"]).await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("cannot listen on"), "{said}");
    let (status, said) = place.run("nonsense", &[]).await;
    assert_eq!(status.code(), Some(2), "{said}");
    let (status, _) = place.run("https://hs.example", &["--help"]).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn it_listens_on_a_unix_socket_too() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let homeserver = Homeserver::start().await;
    let place = Place::new();
    let socket = place.path().join("sash.sock");
    // What an earlier server left behind is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let sash = place.start_with(&homeserver.url, &["--bind", socket.to_str().unwrap()]).await;
    let mut stream = tokio::net::UnixStream::connect(&socket).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: sash\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"ok\""), "{answer}");
    sash.end("-TERM").await;
}
