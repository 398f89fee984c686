//! When the server polls for a device, and when it no longer does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    homeserver::Homeserver,
    sash::{Place, Sash},
};

const ALICE: &str = "@alice:example.org";

/// Starts a homeserver on which Alice's phone has a token.
async fn with_alice() -> Homeserver {
    let homeserver = Homeserver::start().await;
    homeserver.log_in("token", ALICE, "PHONE");
    homeserver
}

/// Sends a first sliding sync request and returns its `pos`.
async fn first_sync(sash: &Sash, token: &str) -> String {
    let answer = sash.sync(token).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}\n{}", sash.log());
    body["pos"].as_str().expect("every answer has a pos").to_owned()
}

/// Polls of the server's own that were sent with a token. A client's own `/sync` has no filter here.
fn polls(homeserver: &Homeserver, token: &str) -> usize {
    let asked = homeserver.asked("/v3/sync?");
    asked
        .iter()
        .filter(|asked| asked.target.contains("filter=") && asked.headers["authorization"].ends_with(token))
        .count()
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not come about that {what}");
}

#[tokio::test]
async fn the_homeserver_is_asked_once_whose_a_token_is() {
    let homeserver = with_alice().await;
    let sash = Place::new().start(&homeserver.url).await;
    for _ in 0..3 {
        first_sync(&sash, "token").await;
    }
    assert_eq!(homeserver.asked("whoami").len(), 1);
}

#[tokio::test]
async fn the_account_says_how_it_is() {
    let homeserver = with_alice().await;
    let sash = Place::new().start(&homeserver.url).await;
    let status = async || sash.get("/_sash/status").bearer_auth("token").send().await.unwrap();
    assert_eq!(status().await.status(), 404, "nobody has used it yet");
    first_sync(&sash, "token").await;
    let body: Value = status().await.json().await.unwrap();
    assert!(body["state"].is_string() && body["progress"]["phase"].is_string(), "{body}");
}

#[tokio::test]
async fn after_a_restart_the_poll_goes_on_without_being_asked() {
    let homeserver = with_alice().await;
    let place = Place::new();
    let sash = place.start(&homeserver.url).await;
    let pos = first_sync(&sash, "token").await;
    sash.end("-TERM").await;
    // What else it asks for, such as the whole, it may ask for first.
    let polled_on = || homeserver.asked("since=s1").len();
    let before = polled_on();
    let sash = place.start(&homeserver.url).await;
    eventually("it polls on from where it was", || polled_on() > before).await;
    let target = format!("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?pos={pos}");
    let answer = sash.post(&target).bearer_auth("token").body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 200, "the connection goes on: {}", answer.text().await.unwrap());
    assert_eq!(homeserver.asked("whoami").len(), 1, "the stored token is trusted");
}

#[tokio::test]
async fn with_another_secret_it_starts_and_waits_to_be_asked() {
    let homeserver = with_alice().await;
    let place = Place::new();
    let sash = place.start_with(&homeserver.url, &["--secret", "one"]).await;
    first_sync(&sash, "token").await;
    sash.end("-TERM").await;
    let before = polls(&homeserver, "token");
    let sash = place.start_with(&homeserver.url, &["--secret", "two"]).await;
    assert!(sash.log().contains("stored tokens cannot be read"), "{}", sash.log());
    assert_eq!(polls(&homeserver, "token"), before);
    // Whoever only looks is shown what is stored, and has nothing polled for.
    let get =
        async |target: &str| sash.get(target).bearer_auth("token").send().await.unwrap().json::<Value>().await.unwrap();
    let status = get("/_sash/status").await;
    assert!(status["state"] == "starting" && status["progress"]["phase"].is_string(), "{status}");
    assert!(status["message"].as_str().is_some_and(|message| message.contains("not asked")), "{status}");
    let explained = get("/_sash/explain?room=%21none%3Ax").await;
    assert_eq!(explained["known"], false, "{explained}");
    assert_eq!(polls(&homeserver, "token"), before);
    first_sync(&sash, "token").await;
}

#[tokio::test]
async fn a_parked_request_is_answered_when_the_server_ends() {
    let homeserver = with_alice().await;
    let place = Place::new();
    let sash = place.start(&homeserver.url).await;
    let pos = first_sync(&sash, "token").await;
    let target = format!("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=30000&pos={pos}");
    let parked = tokio::spawn(sash.post(&target).bearer_auth("token").body("{}").send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!parked.is_finished(), "nothing happens, so it waits");
    let (status, log) = sash.end("-TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("in time"), "nothing had to be forced: {log}");
    let answer = parked.await.unwrap().expect("it is answered, not cut off");
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn a_logout_that_passes_through_ends_the_poll_for_good() {
    let homeserver = with_alice().await;
    let place = Place::new();
    let sash = place.start(&homeserver.url).await;
    first_sync(&sash, "token").await;
    let answer = sash.post("/_matrix/client/v3/logout").bearer_auth("token").body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    homeserver.log_out("token");
    let refused = sash.sync("token").send().await.unwrap();
    assert_eq!(refused.status(), 401, "the token is not trusted any more");
    sash.end("-TERM").await;
    let before = polls(&homeserver, "token");
    let sash = place.start(&homeserver.url).await;
    sash.get("/health").send().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(polls(&homeserver, "token"), before, "nothing is resumed");
}

#[tokio::test]
async fn a_poll_yields_to_a_device_that_syncs_itself_and_resumes_when_asked() {
    let homeserver = with_alice().await;
    let sash = Place::new().start(&homeserver.url).await;
    first_sync(&sash, "token").await;
    let health = async || sash.get("/health").send().await.unwrap().json::<Value>().await.unwrap();
    for _ in 0..2 {
        let own = sash.get("/_matrix/client/v3/sync?timeout=0").bearer_auth("token").send().await.unwrap();
        assert_eq!(own.status(), 200);
    }
    assert_eq!(health().await["polls_yielded"], 1, "once: then there was no poll");
    let before = polls(&homeserver, "token");
    first_sync(&sash, "token").await;
    eventually("it polls again", || polls(&homeserver, "token") > before).await;
}

#[tokio::test]
async fn a_device_that_nobody_uses_is_no_longer_polled() {
    let homeserver = with_alice().await;
    let sash = Place::new().start_with(&homeserver.url, &["--idle-after", "1s"]).await;
    first_sync(&sash, "token").await;
    eventually("it gives up", || sash.log().contains("nobody uses the device")).await;
    let status = sash.get("/_sash/status").bearer_auth("token").send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    assert_eq!(status["state"], "starting", "the account is closed, and looking at it begins no poll: {status}");
    first_sync(&sash, "token").await;
}

#[tokio::test]
async fn a_token_that_the_poll_finds_refused_is_not_trusted_any_longer() {
    let homeserver = with_alice().await;
    let sash = Place::new().start(&homeserver.url).await;
    first_sync(&sash, "token").await;
    homeserver.whoami("token", 401, json!({ "errcode": "M_UNKNOWN_TOKEN", "error": "", "soft_logout": true }));
    homeserver.end_polls();
    let mut answer = Value::Null;
    for _ in 0..100 {
        answer = sash.sync("token").send().await.unwrap().json().await.unwrap();
        if answer["errcode"] == "M_UNKNOWN_TOKEN" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((&answer["errcode"], &answer["soft_logout"]), (&json!("M_UNKNOWN_TOKEN"), &json!(true)));
    homeserver.log_in("renewed", ALICE, "PHONE");
    first_sync(&sash, "renewed").await;
    eventually("it polls with the new token", || polls(&homeserver, "renewed") > 0).await;
}
