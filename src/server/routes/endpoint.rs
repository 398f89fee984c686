//! Which of the homeserver's endpoints a request is for, where that matters to us.

use axum::http::Method;

/// What has to be done about a request that passes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// It is not for the homeserver at all.
    NotMatrix,
    /// The answer lists what the server can do: ours is added.
    Versions,
    /// The answer may name the homeserver's URL: it becomes ours.
    Login,
    /// The device is gone afterwards.
    Logout,
    /// All devices of the user are gone afterwards.
    LogoutAll,
    /// A client takes the device's to-device messages itself.
    V2Sync,
    /// A room is gone afterwards, which no poll tells.
    Forget,
    /// `from` and `to` may be a `pos` of ours.
    Paging,
    /// Nothing.
    Other,
}

impl Endpoint {
    /// Tells by method and raw path.
    pub(super) fn of(method: &Method, path: &str) -> Endpoint {
        let is_matrix = path.starts_with("/_matrix/") || path.starts_with("/.well-known/matrix/");
        let passes = is_matrix || path.starts_with("/_synapse/client/");
        if !passes || has_dot_segment(path) {
            return Endpoint::NotMatrix;
        }
        let Some(path) = path.strip_prefix("/_matrix/client/") else {
            return Endpoint::Other;
        };
        let segments: Vec<&str> = path.split('/').collect();
        match (method, segments.as_slice()) {
            (&Method::GET, ["versions"]) => Endpoint::Versions,
            (&Method::POST, [_, "login" | "register"]) => Endpoint::Login,
            (&Method::POST, [_, "logout"]) => Endpoint::Logout,
            (&Method::POST, [_, "logout", "all"]) => Endpoint::LogoutAll,
            (&Method::POST, [_, "rooms", _, "forget"]) => Endpoint::Forget,
            (&Method::GET, [_, "sync"]) => Endpoint::V2Sync,
            (&Method::GET, [_, "keys", "changes"] | [_, "rooms", _, "messages"]) => Endpoint::Paging,
            (&Method::GET, [_, "rooms", _, "relations", ..]) => Endpoint::Paging,
            _ => Endpoint::Other,
        }
    }
}

/// Whether a segment leads up: URLs are brought to a normal form on the way, and `/_matrix/..` would lead to paths of
/// the homeserver that are not for everybody.
fn has_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, path: &str, expected: Endpoint) {
        assert_eq!(Endpoint::of(&method, path), expected, "{method} {path}");
    }

    #[test]
    fn endpoints_are_known_in_every_version() {
        check(Method::GET, "/_matrix/client/versions", Endpoint::Versions);
        for version in ["r0", "v3", "unstable"] {
            check(Method::POST, &format!("/_matrix/client/{version}/login"), Endpoint::Login);
            check(Method::POST, &format!("/_matrix/client/{version}/register"), Endpoint::Login);
            check(Method::GET, &format!("/_matrix/client/{version}/login"), Endpoint::Other);
            check(Method::POST, &format!("/_matrix/client/{version}/logout"), Endpoint::Logout);
            check(Method::POST, &format!("/_matrix/client/{version}/logout/all"), Endpoint::LogoutAll);
            check(Method::GET, &format!("/_matrix/client/{version}/sync"), Endpoint::V2Sync);
        }
        check(Method::GET, "/_matrix/client/v3/rooms/!a%3Ab/messages", Endpoint::Paging);
        check(Method::GET, "/_matrix/client/v1/rooms/!a/relations/$e/m.thread", Endpoint::Paging);
        check(Method::GET, "/_matrix/client/v3/keys/changes", Endpoint::Paging);
        check(Method::POST, "/_matrix/client/v3/rooms/!a%3Ab/forget", Endpoint::Forget);
        check(Method::PUT, "/_matrix/client/v3/rooms/!a/send/m.room.message/1", Endpoint::Other);
        check(Method::GET, "/_matrix/media/v3/download/a/b", Endpoint::Other);
        check(Method::GET, "/_synapse/client/oidc/callback", Endpoint::Other);
    }

    #[test]
    fn nothing_but_matrix_passes() {
        for path in ["/_synapse/admin/v1/users", "/", "/admin", "/_matrixx", "/.well-known/acme-challenge/x"] {
            check(Method::GET, path, Endpoint::NotMatrix);
        }
        for up in ["..", "%2e%2e", ".%2E", "."] {
            check(Method::GET, &format!("/_matrix/{up}/_synapse/admin"), Endpoint::NotMatrix);
        }
        check(Method::GET, "/_matrix/..\\_synapse/admin", Endpoint::NotMatrix);
        check(Method::GET, "/_matrix/client/v3/rooms/!a/state/m.x/..a", Endpoint::Other);
    }
}
