//! Whose a token is, and what a client hears whose token is none.

use serde_json::{Value, json};

use crate::{homeserver::Homeserver, sash::Place};

#[tokio::test]
async fn without_a_valid_token_there_is_no_sync() {
    let homeserver = Homeserver::start().await;
    homeserver.whoami("old-server", 200, json!({ "user_id": "@a:b" }));
    homeserver.whoami("locked", 401, json!({ "errcode": "M_USER_LOCKED", "error": "", "soft_logout": true }));
    homeserver.whoami("consent", 403, json!({ "errcode": "M_CONSENT_NOT_GIVEN", "error": "", "consent_uri": "u" }));
    homeserver.whoami("broken", 500, json!({}));
    let sash = Place::new().start(&homeserver.url).await;

    let bare = sash.post("/_matrix/client/v4/sync").body("{}").send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.json::<Value>().await.unwrap()["errcode"], "M_MISSING_TOKEN");

    let expected = [
        ("nobody", 401, "M_UNKNOWN_TOKEN"),
        ("old-server", 403, "M_FORBIDDEN"),
        ("locked", 401, "M_USER_LOCKED"),
        ("consent", 403, "M_CONSENT_NOT_GIVEN"),
        ("broken", 502, "M_UNKNOWN"),
    ];
    for (token, status, errcode) in expected {
        let answer = sash.sync(token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errcode"], errcode, "{token}: {body}");
        if status == 401 {
            assert_eq!(body["soft_logout"], true, "{token}: passed on");
        }
    }
}

#[tokio::test]
async fn a_token_never_stands_in_the_log() {
    let homeserver = Homeserver::start().await;
    homeserver.log_in("sesame", "@alice:example.org", "PHONE");
    let sash = Place::new().start_with(&homeserver.url, &["--log-level", "trace"]).await;
    sash.sync("sesame").send().await.unwrap();
    sash.get("/_matrix/echo/whatever?access_token=sesame").send().await.unwrap();
    let (_, log) = sash.end("-TERM").await;
    assert!(log.contains("/_matrix/echo/whatever"), "requests are logged: {log}");
    assert!(!log.contains("sesame"), "{log}");
}
