//! `from` and `to` of `/messages`, `/relations` and `/keys/changes`: MSC4186 lets a client give its `pos` there, which
//! means nothing to the homeserver until it is translated.

use std::borrow::Cow;

use axum::http::{StatusCode, Uri};

use super::App;
use crate::{
    connection::Pos,
    model::TokenSide,
    server::{error::ApiError, identity::Token},
};

/// Returns the path and query with each `pos` of ours replaced by the v2 token it stands for; `None` if there is none.
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
        let Some((name, pos)) = position(pair) else {
            pairs.push(Cow::Borrowed(pair));
            continue;
        };
        let token = app.shards.v2_token(identity.clone(), pos, side(uri.path(), query, &name)).await?;
        let token = token.ok_or_else(|| unknown(&name))?;
        pairs.push(Cow::Owned(format!("{name}={}", encode(&token))));
    }
    Ok(Some(format!("{}?{}", uri.path(), pairs.join("&"))))
}

/// Returns on which side of the `pos` a token may lie where none is known for the very place: on that from which more is
/// shown rather than less. An event or a device list that is told twice costs little, one that is not told costs messages.
fn side(path: &str, query: &str, name: &str) -> TokenSide {
    let is = |pair: &str| pair == "dir=f";
    let is_forwards = path.ends_with("/keys/changes") || query.split('&').any(is);
    if is_forwards == (name == "from") { TokenSide::AtOrBefore } else { TokenSide::AtOrAfter }
}

/// Returns the name and value of a parameter that has the shape of our `pos`, which nothing of a homeserver's own has.
fn position(pair: &str) -> Option<(Cow<'_, str>, String)> {
    let (name, value) = pair.split_once('=')?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    if !matches!(&*name, "from" | "to") {
        return None;
    }
    let value = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
    Pos::is_shaped(&value).then(|| (name, value.into_owned()))
}

fn unknown(name: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "M_UNKNOWN_POS", format!("{name}: this pos stands for no place any more"))
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
                assert!(matches!(&*name, "from" | "to"));
                let again = format!("{name}={}", encode(&pos));
                assert_eq!(
                    position(&again),
                    Some((name.clone(), pos.clone())),
                    "what is written for the homeserver is read back"
                );
            }
        });
    }

    #[test]
    fn only_what_has_the_shape_of_a_pos_is_one() {
        for pair in ["from=3/s41_2_99", "to=3%2Fs41_2_99", "fr%6Fm=3%2fs41%5F2_99"] {
            assert!(position(pair).is_some(), "{pair}");
        }
        for pair in
            ["from=t47409-4357353_219380", "from=s72594_4483_1934", "from=5/s1_2_3_4_5_6", "at=3/s41_2_99", "from"]
        {
            assert!(position(pair).is_none(), "{pair}");
        }
    }

    #[test]
    fn more_is_shown_rather_than_less() {
        let (messages, changes) = ("/_matrix/client/v3/rooms/!a/messages", "/_matrix/client/v3/keys/changes");
        let table = [
            (messages, "dir=b&from=x", "from", TokenSide::AtOrAfter),
            (messages, "dir=b&to=x", "to", TokenSide::AtOrBefore),
            (messages, "dir=f&from=x", "from", TokenSide::AtOrBefore),
            (messages, "dir=f&to=x", "to", TokenSide::AtOrAfter),
            (changes, "from=x&to=y", "from", TokenSide::AtOrBefore),
            (changes, "from=x&to=y", "to", TokenSide::AtOrAfter),
        ];
        for (path, query, name, expected) in table {
            assert_eq!(side(path, query, name), expected, "{name} of {path}?{query}");
        }
    }
}
