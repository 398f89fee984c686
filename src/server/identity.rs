//! Who asks: a user's device, and the access token that says so.

use std::fmt;

use axum::http::{HeaderMap, Uri, header};
use ruma::{OwnedDeviceId, OwnedUserId};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use crate::limits::ACCESS_TOKEN;

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The user.
    pub user: OwnedUserId,
    /// The device.
    pub device: OwnedDeviceId,
}

/// An access token. Never shown in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What a token is remembered by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// Takes a token as it is.
    pub fn new(token: String) -> Token {
        Token(token)
    }

    /// Reads the token of a request: from its `Authorization` header or, as the specification still allows, its query.
    pub fn of_request(headers: &HeaderMap, uri: &Uri) -> Result<Token, ApiError> {
        let token = match headers.get(header::AUTHORIZATION) {
            Some(value) => value.to_str().ok().and_then(bearer).map(str::to_owned),
            None => uri.query().and_then(from_query),
        };
        match token {
            Some(token) if token.is_empty() => Err(ApiError::missing_token()),
            Some(token) if token.len() > ACCESS_TOKEN => Err(ApiError::unknown_token(false)),
            Some(token) => Ok(Token(token)),
            None => Err(ApiError::missing_token()),
        }
    }

    /// Returns the token itself.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Returns what it is remembered by.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn from_query(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
    let value = value.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&value).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::texts};

    fn token(authorization: Option<&str>, uri: &str) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let token = Token::of_request(&headers, &uri.parse().unwrap());
        token.map(|token| token.0).map_err(|error| error.body.errcode)
    }

    #[test]
    fn a_token_comes_in_the_header_or_the_query() {
        assert_eq!(token(Some("Bearer abc"), "/"), Ok("abc".to_owned()));
        assert_eq!(token(Some("bearer  abc"), "/"), Ok("abc".to_owned()));
        assert_eq!(token(None, "/?a=b&access_token=a%2Bc"), Ok("a+c".to_owned()));
        assert_eq!(token(Some("Bearer header"), "/?access_token=query"), Ok("header".to_owned()));
    }

    #[test]
    fn without_a_token_it_is_missing_and_a_huge_one_is_unknown() {
        let missing = Err("M_MISSING_TOKEN".to_owned());
        assert_eq!(token(None, "/"), missing);
        assert_eq!(token(None, "/?access_token="), missing);
        assert_eq!(token(Some("Basic abc"), "/"), missing);
        assert_eq!(token(Some("Bearer"), "/?access_token=query"), missing);
        assert_eq!(token(Some(&format!("Bearer {}", "x".repeat(9000))), "/"), Err("M_UNKNOWN_TOKEN".to_owned()));
    }

    #[test]
    fn neither_token_nor_hash_shows_in_debug_output() {
        let token = Token::new("sesame".to_owned());
        assert_eq!(format!("{token:?} {:?}", token.hash()), "Token(…) TokenHash(…)");
    }

    #[test]
    fn any_header_and_any_query_have_a_token_or_none() {
        const REQUESTS: &[&str] =
            &["Bearer abc", "bearer \u{e9}", "Basic abc", "a=b&access_token=a%2Bc", "access_token=%ff"];
        fuzz("token", &texts(REQUESTS), |input| {
            let mut headers = HeaderMap::new();
            let query = percent_encoding::percent_encode(input, percent_encoding::CONTROLS).to_string();
            for query in [query.as_str(), ""] {
                let Ok(uri) = format!("/?{query}").parse() else { continue };
                if let Ok(token) = Token::of_request(&headers, &uri) {
                    assert!((1..=ACCESS_TOKEN).contains(&token.secret().len()));
                }
                if let Ok(value) = http::HeaderValue::from_bytes(input) {
                    headers.insert(header::AUTHORIZATION, value);
                }
            }
        });
    }
}
