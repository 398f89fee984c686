//! `pos`: which answer of which connection a client has received.
//!
//! Its shape is Synapse's, `<n>/s<position>_<incarnation>_<nonce>`, so that a client can be moved between a Synapse and
//! Sash: each takes the other's for an unknown one (`spec/clients.md` §2), never for a malformed one.

use std::{fmt, str::FromStr};

use crate::model::Position;

/// A parsed `pos`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pos {
    /// The number of the connection's stored state that this stands on.
    pub state: u64,
    /// The account's position up to which rooms that are merely up to date were sent.
    pub position: Position,
    /// The account's incarnation when the answer was made.
    pub incarnation: u32,
    /// Unguessable, and the connection's own: tells it from all others.
    pub nonce: u64,
}

impl Pos {
    /// Returns whether a text has the shape of a `pos`, which no token of a homeserver's own has.
    pub fn is_shaped(text: &str) -> bool {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts = text.split_once('/').and_then(|(state, rest)| Some((state, rest.strip_prefix('s')?)));
        parts.is_some_and(|(state, rest)| digits(state) && rest.split('_').count() == 3 && rest.split('_').all(digits))
    }

    /// Reads a `pos`; `None` for one that is not ours, which no connection knows.
    pub fn parse(text: &str) -> Option<Pos> {
        let (state, rest) = text.split_once('/')?;
        let mut parts = rest.strip_prefix('s')?.split('_');
        let pos = Pos {
            state: number(state)?,
            position: Position(number(parts.next()?)?),
            incarnation: number(parts.next()?)?,
            nonce: number(parts.next()?)?,
        };
        parts.next().is_none().then_some(pos)
    }
}

/// Reads digits: Rust itself would also read a plus.
fn number<T: FromStr>(digits: &str) -> Option<T> {
    if digits.starts_with('+') { None } else { digits.parse().ok() }
}

impl fmt::Display for Pos {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/s{}_{}_{}", self.state, self.position.0, self.incarnation, self.nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pos_survives_the_way_to_the_client_and_back() {
        let pos = Pos { state: 3, position: Position(41), incarnation: 2, nonce: 99 };
        assert_eq!(pos.to_string(), "3/s41_2_99");
        assert_eq!(Pos::parse("3/s41_2_99"), Some(pos));
    }

    #[test]
    fn a_number_that_is_too_large_is_unknown_and_of_our_shape() {
        let pos = "1/s99999999999999999999_2_3";
        assert_eq!((Pos::parse(pos), Pos::is_shaped(pos)), (None, true));
    }

    #[test]
    fn a_foreign_pos_is_unknown() {
        for foreign in
            ["", "5", "bogus", "0/s1_2", "7/s1_2_3_4_5_6_7_8_9", "1/s_1_2", "1/x1_2_3", "-1/s1_2_3", "1/s+1_2_3"]
        {
            assert_eq!(Pos::parse(foreign), None, "{foreign}");
            assert!(!Pos::is_shaped(foreign), "{foreign}");
        }
    }
}
