//! The text of a to-device token: its number behind a minus.
//!
//! A homeserver with sliding sync of its own numbers its to-device messages from 1 on, and takes a `since` for all that
//! the device has. A client may come there with a token of ours (the server is taken away): below all of its numbers it
//! acknowledges nothing, and everything that waits is delivered. Above them nothing would ever be again.

use super::fields::saturating;

/// Returns the text of a token.
pub fn write(token: u64) -> String {
    format!("-{token}")
}

/// Returns the token, or `None` if this is no integer. A number that none of ours can be is a foreign one.
pub fn read(text: &str) -> Option<u64> {
    saturating(text)?;
    Some(text.strip_prefix('-').and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_below_every_number_of_a_homeserver() {
        for token in [0, 1, 30_064_771_075, (1 << 53) - 1] {
            let text = write(token);
            assert!(text.parse::<i64>().expect("an integer") <= 0, "{text}");
            assert_eq!(read(&text), Some(token), "{text}");
        }
    }

    #[test]
    fn a_number_of_a_homeserver_is_none_of_ours() {
        for text in ["0", "1", "30064771075", "99999999999999999999", "-99999999999999999999"] {
            assert_eq!(read(text), Some(u64::MAX), "{text}");
        }
        for text in ["", "-", "s72594_4483", "1.5", "+1", "--1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
