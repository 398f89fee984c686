//! The homeserver as the handlers see it: what passes through, and the few questions of our own.
//!
//! Invariant: answers pass as they come: no redirect is followed, nothing is decompressed. The shards have clients of
//! their own (`http_client.rs`).

use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, StatusCode, header};
use ruma::{OwnedDeviceId, OwnedUserId};
use serde::Deserialize;

use super::{
    error::ApiError,
    identity::{Identity, Token},
};
use crate::limits::{CONNECT_TIMEOUT, QUESTION_TIMEOUT, REWRITTEN_RESPONSE, SILENCE};

/// The homeserver.
#[derive(Debug)]
pub struct Homeserver {
    /// Without a slash at the end.
    base_url: String,
    client: reqwest::Client,
    /// It knows the paths before `v3` only.
    is_old: AtomicBool,
}

/// An answer of the homeserver, read as a whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct Whoami {
    user_id: OwnedUserId,
    device_id: Option<OwnedDeviceId>,
}

impl Homeserver {
    /// Prepares to reach the homeserver at `base_url`, which has no slash at its end.
    pub fn new(base_url: String) -> Result<Homeserver, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .build()?;
        Ok(Homeserver { base_url, client, is_old: AtomicBool::new(false) })
    }

    /// Returns the base URL, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends a request whose URL was made from [`Homeserver::base_url`], and returns when the head of the answer is
    /// there.
    pub async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, ApiError> {
        self.client.execute(request).await.map_err(|error| gateway_error(&error))
    }

    /// Asks a path, and reads the answer.
    pub async fn get(&self, path: &str, token: Option<&Token>) -> Result<Answer, ApiError> {
        let mut request = self.client.get(format!("{}{path}", self.base_url)).timeout(QUESTION_TIMEOUT);
        if let Some(token) = token {
            request = request.bearer_auth(token.secret());
        }
        read(request.send().await.map_err(|error| gateway_error(&error))?).await
    }

    /// Asks whose a token is.
    pub async fn whoami(&self, token: &Token) -> Result<Identity, ApiError> {
        let version = if self.is_old.load(Ordering::Relaxed) { "r0" } else { "v3" };
        let mut answer = self.get(&whoami_path(version), Some(token)).await?;
        if answer.status == StatusCode::NOT_FOUND && version == "v3" {
            answer = self.get(&whoami_path("r0"), Some(token)).await?;
            if answer.status == StatusCode::OK {
                self.is_old.store(true, Ordering::Relaxed);
            }
        }
        identity(&answer)
    }
}

/// Reads an answer as a whole.
pub async fn read(mut response: reqwest::Response) -> Result<Answer, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| gateway_error(&error))? {
        if body.len() + chunk.len() > REWRITTEN_RESPONSE {
            return Err(ApiError::bad_gateway("The homeserver's answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
}

fn whoami_path(version: &str) -> String {
    format!("/_matrix/client/{version}/account/whoami")
}

fn identity(answer: &Answer) -> Result<Identity, ApiError> {
    match answer.status {
        StatusCode::OK => {
            let whoami: Whoami = serde_json::from_slice(&answer.body)
                .map_err(|_| ApiError::bad_gateway("The homeserver's answer to /account/whoami cannot be read"))?;
            let device = whoami.device_id.ok_or_else(no_device)?;
            Ok(Identity { user: whoami.user_id, device })
        }
        StatusCode::UNAUTHORIZED => {
            let mut error = ApiError::from_homeserver(answer.status, &answer.body);
            if error.status != answer.status {
                return Err(ApiError::unknown_token(false));
            }
            error.body.soft_logout.get_or_insert(false);
            Err(error)
        }
        status if status.is_client_error() && status != StatusCode::NOT_FOUND => {
            let mut error = ApiError::from_homeserver(status, &answer.body);
            if error.body.retry_after_ms.is_none() && status == StatusCode::TOO_MANY_REQUESTS {
                error.body.retry_after_ms = retry_after(&answer.headers);
            }
            Err(error)
        }
        status => Err(ApiError::bad_gateway(format!("The homeserver answered {} to /account/whoami", status.as_u16()))),
    }
}

fn no_device() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "M_FORBIDDEN",
        "The homeserver does not say which device this access token belongs to: sliding sync needs a token of a device",
    )
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    seconds.checked_mul(1000)
}

fn gateway_error(error: &reqwest::Error) -> ApiError {
    tracing::warn!(error = %cause(error), "the homeserver cannot be reached");
    if error.is_timeout() {
        ApiError::gateway_timeout()
    } else {
        ApiError::bad_gateway("The homeserver cannot be reached")
    }
}

/// Returns the innermost reason of an error. The outer ones may hold the URL, and with it a token in its query.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "timed out".to_owned(),
        Some(_) => "the request failed".to_owned(),
        None => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::mutated};

    fn asked(status: u16, body: &str) -> Result<Identity, ApiError> {
        let status = StatusCode::from_u16(status).unwrap();
        identity(&Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() })
    }

    fn refused(status: u16, body: &str) -> (u16, String, Option<bool>) {
        let error = asked(status, body).unwrap_err();
        (error.status.as_u16(), error.body.errcode, error.body.soft_logout)
    }

    #[test]
    fn whoami_says_user_and_device() {
        let identity = asked(200, r#"{"user_id":"@a:b.c","device_id":"PHONE","is_guest":false}"#).unwrap();
        assert_eq!((identity.user.as_str(), identity.device.as_str()), ("@a:b.c", "PHONE"));
    }

    #[test]
    fn a_token_without_a_device_is_refused_with_the_reason() {
        let error = asked(200, r#"{"user_id":"@a:b.c"}"#).unwrap_err();
        assert_eq!(error.status, StatusCode::FORBIDDEN);
        assert!(error.body.error.contains("which device"), "{}", error.body.error);
    }

    #[test]
    fn an_unknown_token_says_whether_the_device_stays() {
        let soft = r#"{"errcode":"M_UNKNOWN_TOKEN","error":"","soft_logout":true}"#;
        assert_eq!(refused(401, soft), (401, "M_UNKNOWN_TOKEN".into(), Some(true)));
        assert_eq!(refused(401, "<html>"), (401, "M_UNKNOWN_TOKEN".into(), Some(false)));
        assert_eq!(refused(401, r#"{"errcode":"M_USER_LOCKED"}"#), (401, "M_USER_LOCKED".into(), Some(false)));
    }

    #[test]
    fn what_the_homeserver_refuses_is_passed_on_and_what_it_fails_at_is_a_bad_gateway() {
        let deactivated = r#"{"errcode":"M_USER_DEACTIVATED","error":"Gone"}"#;
        assert_eq!(refused(403, deactivated), (403, "M_USER_DEACTIVATED".into(), None));
        assert_eq!(refused(500, "{}"), (502, "M_UNKNOWN".into(), None));
        assert_eq!(refused(404, "not found"), (502, "M_UNKNOWN".into(), None));
        assert_eq!(refused(200, "[]"), (502, "M_UNKNOWN".into(), None));
    }

    #[test]
    fn whatever_it_answers_about_a_token_is_an_owner_or_an_error() {
        const ANSWERS: &[&str] = &[
            r#"{"user_id":"@me:x","device_id":"D","is_guest":false}"#,
            r#"{"errcode":"M_UNKNOWN_TOKEN","error":"gone","soft_logout":true,"retry_after_ms":5}"#,
        ];
        fuzz("whoami", &mutated(ANSWERS), |body| {
            for status in [200, 400, 401, 403, 404, 429, 500] {
                let status = StatusCode::from_u16(status).unwrap();
                let headers: HeaderMap =
                    [(header::RETRY_AFTER, "18446744073709551615".parse().unwrap())].into_iter().collect();
                match identity(&Answer { status, headers, body: body.to_vec() }) {
                    Ok(_) => assert_eq!(status, StatusCode::OK),
                    Err(error) => {
                        assert!(error.status.as_u16() >= 400);
                        assert!(!error.body.errcode.is_empty(), "{status}: {:?}", error.body.error);
                    }
                }
            }
        });
    }
}
