//! `/versions`: what the homeserver can do, and what it can do through us.

use serde_json::{Map, Value};

/// What clients find us by, and the extensions of `spec` proposals that we serve.
const ADDED: [&str; 6] = [
    "org.matrix.simplified_msc3575",
    "org.matrix.msc4186",
    "org.matrix.msc4508",
    "org.matrix.msc4508.stable",
    "org.matrix.msc4538",
    "org.matrix.msc4543",
];

/// Thread subscriptions come by an extension of sliding sync that we don't serve: clients must not count on them.
const REMOVED: [&str; 1] = ["org.matrix.msc4306"];

/// Adds our flags to an answer. `None` if it is not of the kind.
pub(super) fn rewrite(body: &[u8]) -> Option<Vec<u8>> {
    let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let features = answer.entry("unstable_features").or_insert_with(|| Value::Object(Map::new()));
    if !features.is_object() {
        *features = Value::Object(Map::new());
    }
    let features = features.as_object_mut()?;
    for flag in REMOVED {
        features.remove(flag);
    }
    for flag in ADDED {
        features.insert(flag.to_owned(), Value::Bool(true));
    }
    serde_json::to_vec(&answer).ok()
}

/// Returns whether an answer of the homeserver says that it has sliding sync itself.
pub fn has_native_sliding_sync(body: &[u8]) -> bool {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let flag = answer.as_ref().and_then(|answer| answer.get("unstable_features")?.get("org.matrix.simplified_msc3575"));
    flag == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::mutated};

    fn rewritten(body: &str) -> Value {
        serde_json::from_slice(&rewrite(body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn our_flags_are_added_and_the_homeservers_stay() {
        let answer = rewritten(
            r#"{"versions":["v1.11"],"unstable_features":{"a":false,"org.matrix.simplified_msc3575":false},"server":{}}"#,
        );
        assert_eq!(answer["versions"][0], "v1.11");
        assert_eq!(answer["server"], serde_json::json!({}));
        assert_eq!(answer["unstable_features"]["a"], false);
        for flag in ADDED {
            assert_eq!(answer["unstable_features"][flag], true, "{flag}");
        }
    }

    #[test]
    fn thread_subscriptions_are_taken_out() {
        let answer = rewritten(r#"{"versions":[],"unstable_features":{"org.matrix.msc4306":true}}"#);
        assert!(answer["unstable_features"].get("org.matrix.msc4306").is_none());
    }

    #[test]
    fn a_homeserver_without_features_gets_some_and_nonsense_is_left_alone() {
        for body in [r#"{"versions":["r0.6.1"]}"#, r#"{"versions":[],"unstable_features":null}"#] {
            assert_eq!(rewritten(body)["unstable_features"]["org.matrix.msc4186"], true);
        }
        assert_eq!(rewrite(b"<html>"), None);
        assert_eq!(rewrite(b"[]"), None);
    }

    #[test]
    fn native_sliding_sync_is_noticed() {
        assert!(has_native_sliding_sync(br#"{"unstable_features":{"org.matrix.simplified_msc3575":true}}"#));
        assert!(!has_native_sliding_sync(br#"{"unstable_features":{"org.matrix.simplified_msc3575":false}}"#));
        assert!(!has_native_sliding_sync(b"x"));
    }

    #[test]
    fn any_answer_is_left_alone_or_still_an_answer() {
        const ANSWERS: &[&str] = &[
            r#"{"versions":["r0.6.1","v1.11"],"unstable_features":{"org.matrix.msc4306":true,"a":null},"server":{"name":"x"}}"#,
            r#"{"versions":[]}"#,
        ];
        fuzz("versions", &mutated(ANSWERS), |body| {
            has_native_sliding_sync(body);
            let Some(answer) = rewrite(body) else { return };
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["unstable_features"]["org.matrix.msc4186"], true);
            assert!(has_native_sliding_sync(answer.to_string().as_bytes()));
        });
    }
}
