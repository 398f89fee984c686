//! `from` and `to` of `/messages`, `/relations` and `/keys/changes`: MSC4186 lets a client give its `pos` there, which
//! means nothing to the homeserver until it is translated.

use axum::http::Uri;

use super::App;
use crate::{
    connection::Pos,
    model::TokenSide,
    server::{error::ApiError, identity::Token},
};

/// Returns the path and query with each `pos` of ours replaced by the v2 token it stands for.
pub(super) async fn translate(app: &App, uri: &Uri, token: Option<&Token>) -> Result<Option<String>, ApiError> {
    let (Some(query), Some(token)) = (uri.query(), token) else {
        return Ok(None);
    };
    if !query.split('&').any(|pair| position(pair).is_some()) {
        return Ok(None);
    }
    let identity = app.auth.identify(token).await?;
    let mut pairs = Vec::new();
    for pair in query.split('&') {
        let translated = match position(pair) {
            Some((name, pos)) => {
                let token = app.shards.v2_token(identity.clone(), pos, side(uri, name)).await?;
                token.map(|token| (name, token))
            }
            None => None,
        };
        pairs.push(match translated {
            Some((name, token)) => format!("{name}={}", encode(&token)),
            // A Synapse's own tokens of other kinds may look alike: it knows best.
            None => pair.to_owned(),
        });
    }
    Ok(Some(format!("{}?{}", uri.path(), pairs.join("&"))))
}

/// A device list that is told twice costs a request, one that is not told costs messages.
fn side(uri: &Uri, name: &str) -> TokenSide {
    if name == "from" && uri.path().ends_with("/keys/changes") { TokenSide::AtOrBefore } else { TokenSide::AtOrAfter }
}

/// Returns the name and value of a parameter that looks like a `pos`.
fn position(pair: &str) -> Option<(&str, String)> {
    let (name, value) = pair.split_once('=')?;
    if !matches!(name, "from" | "to") {
        return None;
    }
    let value = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
    Pos::parse(&value)?;
    Some((name, value.into_owned()))
}

fn encode(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::texts};

    #[test]
    fn only_a_pos_is_taken_for_one_whatever_the_query() {
        const PAIRS: &[&str] = &["from=9%2Fs41_2_77", "to=1/s1_1_1", "from=s72595_4483", "from=%ff%fe", "dir=b", "="];
        fuzz("paging", &texts(PAIRS), |input| {
            let query = String::from_utf8_lossy(input);
            for pair in query.split('&') {
                let Some((name, pos)) = position(pair) else { continue };
                assert!(matches!(name, "from" | "to"));
                let again = format!("{name}={}", encode(&pos));
                assert_eq!(
                    position(&again),
                    Some((name, pos.clone())),
                    "what is written for the homeserver is read back"
                );
            }
        });
    }
}
