//! What is the homeserver's to answer, and what of it we change.

use serde_json::Value;

use crate::{homeserver::Homeserver, sash::Place};

#[tokio::test]
async fn requests_and_answers_pass_as_they_are() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    let target = "/_matrix/echo/!a%3Ab/state/m.x/%2F?q=%20a&r=b+c";
    let answer = sash.request("PUT", target).bearer_auth("t").body("{\"a\":1}").send().await.unwrap();
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers()["x-theirs"], "1");
    assert_eq!(answer.headers().get("keep-alive"), None, "it belongs to another connection");
    assert_eq!(answer.headers().get_all("access-control-allow-origin").iter().collect::<Vec<_>>(), ["*"]);
    assert_eq!(answer.text().await.unwrap(), format!("PUT {target} {{\"a\":1}}"));
    let asked = &homeserver.asked("/state/m.x")[0];
    assert_eq!(asked.headers["authorization"], "Bearer t");
    assert_eq!(asked.headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(format!("http://{}", asked.headers["host"]), homeserver.url);
    assert_eq!(asked.headers["content-length"], "7");
}

#[tokio::test]
async fn a_large_body_passes() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    // Larger than what we read ourselves, and smaller than axum's own bound in the fake.
    let answer = sash.post("/_matrix/media/v3/upload").body(vec![7; 1_900_000]).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "1900000 bytes");
}

#[tokio::test]
async fn only_matrix_passes() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    for target in ["/_synapse/admin/v1/users", "/else", "/_matrix/%2e%2e/_synapse/admin/v1/users"] {
        let answer = sash.get(target).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{target}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errcode"], "M_UNRECOGNIZED");
    }
    let answer = sash.get("/_matrix/client/v4/sync").send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.json::<Value>().await.unwrap()["errcode"], "M_UNRECOGNIZED");
    assert!(homeserver.asked("admin").is_empty());
}

#[tokio::test]
async fn versions_say_what_we_can_do() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    let answer: Value = sash.get("/_matrix/client/versions").send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["versions"][0], "v1.11");
    let features = &answer["unstable_features"];
    assert_eq!(features["org.matrix.simplified_msc3575"], true);
    assert_eq!(features["theirs"], true);
    assert_eq!(features.get("org.matrix.msc4306"), None);
}

#[tokio::test]
async fn clients_are_told_to_stay_with_us() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    let login: Value = sash.post("/_matrix/client/v3/login").body("{}").send().await.unwrap().json().await.unwrap();
    assert_eq!(login["well_known"]["m.homeserver"]["base_url"], sash.url);
    assert_eq!(login["user_id"], "@a:b");
    let behind_tls = sash.get("/.well-known/matrix/client").header("x-forwarded-proto", "https");
    let document: Value =
        behind_tls.header("x-forwarded-host", "sync.example").send().await.unwrap().json().await.unwrap();
    assert_eq!(document["m.homeserver"]["base_url"], "https://sync.example");
    assert_eq!(document["theirs"], true);
}

#[tokio::test]
async fn any_page_may_ask_and_need_not_ask_twice() {
    let homeserver = Homeserver::start().await;
    let sash = Place::new().start(&homeserver.url).await;
    for target in ["/_matrix/client/v4/sync", "/_matrix/echo/whatever", "/health"] {
        let preflight = sash.request("OPTIONS", target).header("origin", "https://app.example");
        let preflight = preflight.header("access-control-request-method", "POST");
        let preflight = preflight.header("access-control-request-headers", "authorization,content-type");
        let answer = preflight.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{target}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["access-control-allow-headers"], "authorization,content-type");
        assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
        assert_eq!(headers["access-control-max-age"], "86400");
    }
    assert!(homeserver.asked("whatever").is_empty(), "preflights are ours to answer");
    let refused = sash.post("/_matrix/client/v4/sync").header("origin", "https://app.example").send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "*", "errors can be read, too");
}

#[tokio::test]
async fn a_homeserver_that_is_away_is_a_bad_gateway() {
    let sash = Place::new().start("http://127.0.0.1:1").await;
    for request in [sash.get("/_matrix/client/versions"), sash.sync("token")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 502);
        assert_eq!(answer.json::<Value>().await.unwrap()["errcode"], "M_UNKNOWN");
    }
}

#[tokio::test]
async fn the_demo_page_is_served_with_settings_that_lead_back_to_us() {
    let place = Place::new();
    let page = place.path().join("page");
    std::fs::create_dir(&page).unwrap();
    std::fs::write(page.join("index.html"), "<p>hello").unwrap();
    std::fs::write(page.join("engine.wasm"), "wasm").unwrap();
    let sash = place.start_with("http://127.0.0.1:1", &["--client-dir", page.to_str().unwrap()]).await;
    assert_eq!(sash.get("/client/").send().await.unwrap().text().await.unwrap(), "<p>hello");
    let wasm = sash.get("/client/engine.wasm").send().await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert_eq!(sash.get("/client").send().await.unwrap().headers()["location"], "/client/");
    assert_eq!(sash.get("/client/nothing").send().await.unwrap().status(), 404);
    assert_eq!(sash.get("/client/..%2fsash.sqlite").send().await.unwrap().status(), 404);
    let config = async || sash.get("/client/config.json").send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(config().await, serde_json::json!({ "homeserver": "/", "server": "/" }));
    std::fs::write(page.join("config.json"), r#"{"homeserver":"https://other"}"#).unwrap();
    assert_eq!(config().await["homeserver"], "https://other");
}
