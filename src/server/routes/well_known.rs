//! Which URL clients are told: ours, so that they go on talking to us.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    response::Response,
};
use serde_json::{Map, Value};

use super::{App, Shared, json};

/// `/.well-known/matrix/client`: the homeserver's own, where it serves one, with our URL.
pub(super) async fn client(State(app): Shared, request: Request) -> Response {
    let url = own_url(&app, request.headers());
    let theirs = app.homeserver.get("/.well-known/matrix/client", None).await.ok();
    let theirs = theirs.filter(|answer| answer.status == StatusCode::OK);
    let document = document(theirs.as_ref().map_or(b"", |answer| &answer.body), &url);
    json::response(StatusCode::OK, document)
}

/// Returns our base URL as the client of a request sees it, without a slash at the end.
pub(super) fn own_url(app: &App, headers: &HeaderMap) -> String {
    app.config.public_url.clone().unwrap_or_else(|| url_of(headers))
}

/// Puts our URL in the place of the homeserver's in the answer to a login or registration. `None` if it names none.
pub(super) fn rewrite_login(body: &[u8], url: &str) -> Option<Vec<u8>> {
    let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    set_base_url(answer.get_mut("well_known")?.as_object_mut()?, url);
    serde_json::to_vec(&answer).ok()
}

fn document(theirs: &[u8], url: &str) -> Vec<u8> {
    let mut document: Map<String, Value> = serde_json::from_slice(theirs).unwrap_or_default();
    set_base_url(&mut document, url);
    // Clients of the proxy that came before us would go on looking for it there.
    document.remove("org.matrix.msc3575.proxy");
    serde_json::to_vec(&document).unwrap_or_default()
}

fn set_base_url(well_known: &mut Map<String, Value>, url: &str) {
    let homeserver = well_known.entry("m.homeserver").or_insert_with(|| Value::Object(Map::new()));
    if !homeserver.is_object() {
        *homeserver = Value::Object(Map::new());
    }
    if let Some(homeserver) = homeserver.as_object_mut() {
        homeserver.insert("base_url".to_owned(), Value::String(url.to_owned()));
    }
}

fn url_of(headers: &HeaderMap) -> String {
    let first = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').next().map(str::trim)
    };
    let scheme = first("x-forwarded-proto").filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http");
    let host = [first("x-forwarded-host"), first(header::HOST.as_str())];
    let host = host.into_iter().flatten().find(|host| host.parse::<Authority>().is_ok() && !host.contains('@'));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{
        harness::fuzz,
        inputs::{mutated, texts},
    };

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn our_url_is_what_the_client_asked_for() {
        assert_eq!(url_of(&headers(&[("host", "localhost:8008")])), "http://localhost:8008");
        let behind_proxy =
            [("host", "10.0.0.1:8008"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "sync.example, inner")];
        assert_eq!(url_of(&headers(&behind_proxy)), "https://sync.example");
        assert_eq!(url_of(&headers(&[("host", "a"), ("x-forwarded-proto", "https")])), "https://a");
    }

    #[test]
    fn nonsense_in_headers_does_not_reach_the_url() {
        let nonsense = [("host", "good"), ("x-forwarded-proto", "javascript"), ("x-forwarded-host", "evil@a b")];
        assert_eq!(url_of(&headers(&nonsense)), "http://good");
        assert_eq!(url_of(&headers(&[("host", "a/b?c")])), "http://localhost");
    }

    #[test]
    fn a_login_names_us_as_homeserver_and_nothing_else_changes() {
        let body =
            br#"{"user_id":"@a:b","well_known":{"m.homeserver":{"base_url":"https://hs/"},"m.identity_server":{}}}"#;
        let answer: Value = serde_json::from_slice(&rewrite_login(body, "https://us").unwrap()).unwrap();
        assert_eq!(answer["well_known"]["m.homeserver"]["base_url"], "https://us");
        assert!(answer["well_known"]["m.identity_server"].is_object());
        assert_eq!(answer["user_id"], "@a:b");
    }

    #[test]
    fn a_login_without_well_known_is_left_alone() {
        assert_eq!(rewrite_login(br#"{"user_id":"@a:b"}"#, "https://us"), None);
        assert_eq!(rewrite_login(br#"{"well_known":null}"#, "https://us"), None);
        assert_eq!(rewrite_login(b"", "https://us"), None);
    }

    #[test]
    fn the_document_keeps_what_else_the_homeserver_says() {
        let theirs = br#"{"m.homeserver":{"base_url":"https://hs"},"org.matrix.msc4143.rtc_foci":[1],"org.matrix.msc3575.proxy":{"url":"x"}}"#;
        let ours: Value = serde_json::from_slice(&document(theirs, "https://us")).unwrap();
        assert_eq!(ours["m.homeserver"]["base_url"], "https://us");
        assert_eq!(ours["org.matrix.msc4143.rtc_foci"][0], 1);
        assert!(ours.get("org.matrix.msc3575.proxy").is_none());
        let alone: Value = serde_json::from_slice(&document(b"<html>", "https://us")).unwrap();
        assert_eq!(alone, serde_json::json!({"m.homeserver": {"base_url": "https://us"}}));
    }

    #[test]
    fn any_answer_names_us_or_is_left_alone() {
        const ANSWERS: &[&str] = &[
            r#"{"user_id":"@a:b","well_known":{"m.homeserver":{"base_url":"https://hs/"},"m.identity_server":{}}}"#,
            r#"{"m.homeserver":{"base_url":"https://hs"},"org.matrix.msc3575.proxy":{"url":"x"},"well_known":null}"#,
        ];
        fuzz("well_known", &mutated(ANSWERS), |body| {
            let ours = "https://us";
            if let Some(answer) = rewrite_login(body, ours) {
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                assert_eq!(answer["well_known"]["m.homeserver"]["base_url"], ours);
            }
            let document: Value = serde_json::from_slice(&document(body, ours)).unwrap();
            assert_eq!(document["m.homeserver"]["base_url"], ours);
        });
    }

    #[test]
    fn any_headers_make_a_url_that_is_one() {
        const HEADERS: &[&str] = &["sync.example, inner", "[::1]:8008", "https", "evil@a", "a/b?c#d", "\u{e9}.example"];
        fuzz("own_url", &texts(HEADERS), |input| {
            let Ok(value) = http::HeaderValue::from_bytes(input) else { return };
            for name in ["host", "x-forwarded-host", "x-forwarded-proto"] {
                let headers: HeaderMap = [(name.parse().unwrap(), value.clone())].into_iter().collect();
                let url = url_of(&headers);
                let parsed = url.parse::<http::Uri>().unwrap_or_else(|error| panic!("{url}: {error}"));
                assert!(matches!(parsed.scheme_str(), Some("http" | "https")) && parsed.query().is_none(), "{url}");
            }
        });
    }
}
