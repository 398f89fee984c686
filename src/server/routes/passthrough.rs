//! Everything that is the homeserver's to answer.
//!
//! Invariants: bodies stream both ways at any length; nothing of one connection (its hop-by-hop headers) reaches the
//! other; what is read and changed on the way is bounded.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use percent_encoding::percent_decode_str;
use ruma::OwnedRoomId;

use super::{App, Shared, endpoint::Endpoint, paging, versions, well_known};
use crate::server::{
    error::ApiError,
    homeserver::{Answer, read},
    identity::Token,
    listen::Peer,
};

/// Headers that belong to a connection and not to the message.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What the homeserver says about other origins; we say it ourselves.
const CORS: [HeaderName; 5] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_MAX_AGE,
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Passes a request through.
pub(super) async fn handle(State(app): Shared, request: Request) -> Result<Response, ApiError> {
    let endpoint = Endpoint::of(request.method(), request.uri().path());
    let token = Token::of_request(request.headers(), request.uri()).ok();
    match endpoint {
        Endpoint::NotMatrix => Err(ApiError::unrecognized()),
        Endpoint::Versions => rewritten(&app, request, versions::rewrite).await,
        Endpoint::Login => {
            let url = well_known::own_url(&app, request.headers());
            rewritten(&app, request, |body| well_known::rewrite_login(body, &url)).await
        }
        Endpoint::Forget => forget(app, request, token).await,
        Endpoint::Logout | Endpoint::LogoutAll => logout(app, request, token, endpoint).await,
        Endpoint::V2Sync => {
            if let Some(token) = token {
                yield_to(&app, &token).await;
            }
            Ok(streamed(forward(&app, request, None).await?))
        }
        Endpoint::Paging => {
            let translated = paging::translate(&app, request.uri(), token.as_ref()).await?;
            Ok(streamed(forward(&app, request, translated.as_deref()).await?))
        }
        Endpoint::Other => Ok(streamed(forward(&app, request, None).await?)),
    }
}

/// Ends the poll of a device that is about to sync by itself: two consumers of one to-device queue lose keys.
async fn yield_to(app: &App, token: &Token) {
    let Some(identity) = app.auth.owner(token).await else {
        return;
    };
    match app.shards.end_poll(identity.clone()).await {
        Ok(true) => {
            app.counters.polls_yielded.fetch_add(1, Ordering::Relaxed);
            let (user, device) = (&identity.user, &identity.device);
            tracing::warn!(%user, %device, "the device syncs by /v3/sync itself: our poll yields until it asks again");
        }
        Ok(false) => {}
        Err(error) => tracing::error!(error = error.body.error, "a poll could not yield to its device"),
    }
}

async fn logout(
    app: Arc<App>,
    request: Request,
    token: Option<Token>,
    endpoint: Endpoint,
) -> Result<Response, ApiError> {
    // Afterwards nobody could say any more whose the token was.
    let owner = match &token {
        Some(token) => app.auth.owner(token).await,
        None => None,
    };
    let response = forward(&app, request, None).await?;
    if let (true, Some(token), Some(identity)) = (response.status().is_success(), token, owner) {
        app.auth.revoked(&token);
        let ended = if endpoint == Endpoint::LogoutAll {
            app.tokens.remove_user(&identity.user).await;
            app.shards.end_polls(identity.user.clone()).await
        } else {
            app.tokens.remove(&identity).await;
            app.shards.end_poll(identity.clone()).await
        };
        if let Err(error) = ended {
            tracing::error!(user = %identity.user, error = error.body.error, "a poll could not be ended at logout");
        }
    }
    Ok(streamed(response))
}

async fn forget(app: Arc<App>, request: Request, token: Option<Token>) -> Result<Response, ApiError> {
    let room = room_of(request.uri().path());
    let response = forward(&app, request, None).await?;
    if let (true, Some(token), Some(room)) = (response.status().is_success(), token, room)
        && let Some(identity) = app.auth.owner(&token).await
        && let Err(error) = app.shards.forget_room(identity.user.clone(), room).await
    {
        tracing::error!(user = %identity.user, error = error.body.error, "a room could not be forgotten");
    }
    Ok(streamed(response))
}

/// Returns the room in `…/rooms/{room}/…`.
fn room_of(path: &str) -> Option<OwnedRoomId> {
    let room = path.split('/').skip_while(|segment| *segment != "rooms").nth(1)?;
    OwnedRoomId::try_from(percent_decode_str(room).decode_utf8().ok()?.as_ref()).ok()
}

/// Sends a request on, to another path and query if given, and returns when the head of the answer is there.
async fn forward(app: &App, request: Request, target: Option<&str>) -> Result<reqwest::Response, ApiError> {
    let request = outgoing(app.homeserver.base_url(), request, target)?;
    tokio::select! {
        biased;
        response = app.homeserver.send(request) => response,
        // A v2 long poll may last longer than we do.
        () = app.shards.stopping() => Err(ApiError::stopping()),
    }
}

/// Sends a request on and lets `rewrite` change the body of a success. What it returns `None` for stays as it is.
async fn rewritten(
    app: &App,
    mut request: Request,
    rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<Response, ApiError> {
    // We would have to decompress it.
    request.headers_mut().remove(header::ACCEPT_ENCODING);
    let Answer { status, mut headers, body } = read(forward(app, request, None).await?).await?;
    let changed = if status == StatusCode::OK { rewrite(&body) } else { None };
    remove_connection_headers(&mut headers);
    if changed.is_some() {
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::ETAG);
    }
    let mut response = changed.unwrap_or(body).into_response();
    *response.status_mut() = status;
    *response.headers_mut() = answered(headers);
    Ok(response)
}

fn streamed(mut response: reqwest::Response) -> Response {
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let mut answer = Response::new(Body::from_stream(response.bytes_stream()));
    *answer.status_mut() = status;
    *answer.headers_mut() = answered(headers);
    answer
}

fn outgoing(homeserver: &str, request: Request, target: Option<&str>) -> Result<reqwest::Request, ApiError> {
    let (parts, body) = request.into_parts();
    let target = target.unwrap_or_else(|| parts.uri.path_and_query().map_or("/", |target| target.as_str()));
    let url = reqwest::Url::parse(&format!("{homeserver}{target}")).map_err(|_| ApiError::unrecognized())?;
    let mut request = reqwest::Request::new(parts.method.clone(), url);
    *request.headers_mut() = asked(parts);
    if !body.is_end_stream() {
        *request.body_mut() = Some(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    Ok(request)
}

/// The headers of a request as the homeserver gets them. `Host` is set by the client.
fn asked(parts: Parts) -> HeaderMap {
    let Parts { mut headers, extensions, .. } = parts;
    remove_connection_headers(&mut headers);
    headers.remove(header::EXPECT);
    if let Some(host) = headers.remove(header::HOST) {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    let peer = extensions.get::<ConnectInfo<Peer>>().and_then(|ConnectInfo(peer)| peer.address());
    if let Some(peer) = peer {
        let way = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let way: Vec<String> = way.map(str::to_owned).chain([peer.to_string()]).collect();
        // Addresses, and what was a header before, make a header.
        if let Ok(value) = HeaderValue::try_from(way.join(", ")) {
            headers.insert(FORWARDED_FOR, value);
        }
    }
    headers
}

/// The headers of an answer as the client gets them.
fn answered(mut headers: HeaderMap) -> HeaderMap {
    remove_connection_headers(&mut headers);
    for name in CORS {
        headers.remove(name);
    }
    headers
}

fn remove_connection_headers(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()))
        .collect();
    for name in named {
        headers.remove(name.as_str());
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::texts};

    fn outgoing_headers(pairs: &[(&'static str, &str)], peer: &str) -> HeaderMap {
        let mut request = Request::builder().uri("/_matrix/x");
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(Peer::new(Some(peer.parse().unwrap()))));
        outgoing("https://hs.example", request, None).unwrap().headers().clone()
    }

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let headers = outgoing_headers(
            &[("connection", "close, X-Hop"), ("x-hop", "1"), ("te", "trailers"), ("authorization", "Bearer a")],
            "10.0.0.1",
        );
        assert_eq!(headers.get("x-hop"), None);
        assert_eq!(headers.get("te"), None);
        assert_eq!(headers.get("connection"), None);
        assert_eq!(headers["authorization"], "Bearer a");
    }

    #[test]
    fn the_homeserver_learns_who_asks_and_where() {
        let headers = outgoing_headers(&[("host", "sync.example"), ("x-forwarded-for", "1.2.3.4")], "10.0.0.1");
        assert_eq!(headers["x-forwarded-for"], "1.2.3.4, 10.0.0.1");
        assert_eq!(headers["x-forwarded-host"], "sync.example");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers.get("host"), None, "the client sets the homeserver's own");
        let headers = outgoing_headers(&[("x-forwarded-proto", "https"), ("x-forwarded-host", "out.example")], "::1");
        assert_eq!(
            (&headers["x-forwarded-proto"], &headers["x-forwarded-host"]),
            (&"https".parse().unwrap(), &"out.example".parse().unwrap())
        );
    }

    #[test]
    fn path_and_query_reach_the_homeserver_as_they_are() {
        let target = "/_matrix/client/v3/rooms/!a%3Ab/state/m.x/%2F?a=%20b&c=d+e";
        let request = Request::builder().uri(target).body(Body::empty()).unwrap();
        let request = outgoing("https://hs.example/prefix", request, None).unwrap();
        assert_eq!(request.url().as_str(), format!("https://hs.example/prefix{target}"));
        assert!(request.body().is_none(), "no body, no chunked encoding");
    }

    #[test]
    fn the_homeservers_word_on_other_origins_gives_way_to_ours() {
        let headers: HeaderMap = [("access-control-allow-origin", "x"), ("access-control-expose-headers", "y")]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let headers = answered(headers);
        assert_eq!(headers.get("access-control-allow-origin"), None);
        assert_eq!(headers["access-control-expose-headers"], "y");
    }

    /// URLs are brought to a normal form on their way; whatever the path, it stays among those that are for everybody.
    #[test]
    fn no_path_leads_out_of_what_passes_through() {
        const PATHS: &[&str] = &[
            "/_matrix/client/v3/rooms/!a%3Ab/messages?from=1%2Fs1_1_1&dir=b",
            "/_matrix/%2e%2e/_synapse/admin/v1/users",
            "/_matrix/.%2E\\..\\_synapse/admin",
            "/_matrix/client/../../_synapse/admin?a=/../b",
            "/.well-known/matrix/client",
            "/_synapse/client/./oidc/callback",
            "/_matrix/client/v3/\t../x",
        ];
        fuzz("path", &texts(PATHS), |input| {
            let Ok(uri) = http::Uri::try_from(input) else { return };
            let Ok(request) = Request::builder().uri(uri).body(Body::empty()) else { return };
            if Endpoint::of(request.method(), request.uri().path()) == Endpoint::NotMatrix {
                return;
            }
            let Ok(sent) = outgoing("https://hs.example/prefix", request, None) else { return };
            let path = sent.url().path().strip_prefix("/prefix").expect("below the homeserver's own path");
            let passes = ["/_matrix/", "/.well-known/matrix/", "/_synapse/client/"];
            assert!(passes.iter().any(|start| path.starts_with(start)), "it leads to {}", sent.url());
            assert_eq!(sent.url().host_str(), Some("hs.example"));
        });
    }
}
