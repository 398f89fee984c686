//! The user's own membership: what it becomes when a room comes in some section of a response.

use ruma::UserId;

use super::incoming;
use crate::model::{Event, Membership, RoomEntry};

/// The section of a response that a room came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Join,
    Invite,
    Knock,
    Leave,
}

/// What the own member event says, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub membership: Option<Membership>,
    /// Whether somebody else sent it.
    pub by_other: bool,
    /// Whether the user was joined just before.
    pub was_joined: bool,
}

impl Own {
    /// Returns what the latest own member event of `events` says (oldest first).
    pub fn find<'a>(user: &UserId, mut events: impl DoubleEndedIterator<Item = &'a Event>) -> Option<Own> {
        events.rfind(|event| incoming::is_member_of(event, user)).map(|event| Own {
            membership: event.header.membership,
            by_other: event.sender() != user,
            was_joined: incoming::previous_membership(event) == Some(Membership::Join),
        })
    }
}

/// The membership after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub membership: Membership,
    pub by_other: bool,
    pub ever_joined: bool,
    /// Whether the membership is another one than before, or the way to it.
    pub changed: bool,
    /// Whether the user was not in the room before, so that a stay begins.
    pub joins: bool,
}

/// Returns what becomes of the membership. The section decides; the own member event only tells a ban from a leave, and
/// who did it.
pub(super) fn transition(before: Option<&RoomEntry>, section: Section, own: Option<Own>) -> Transition {
    use Membership::{Ban, Invite, Join, Knock, Leave};
    let was = before.map(|entry| entry.membership);
    let membership = match (section, own.and_then(|own| own.membership)) {
        (Section::Join, _) => Join,
        (Section::Invite, _) => Invite,
        (Section::Knock, _) => Knock,
        (Section::Leave, Some(Ban)) => Ban,
        (Section::Leave, Some(_)) => Leave,
        // A block without the event, as of a room that is left already: what was known stays.
        (Section::Leave, None) => was.filter(|was| *was == Ban).unwrap_or(Leave),
    };
    let by_other = match (own, before) {
        (Some(own), _) => own.by_other,
        (None, Some(before)) if before.membership == membership => before.by_other,
        // Nobody invites or bans oneself, and nobody else joins or knocks for one; a silent leave is one's own.
        (None, _) => matches!(membership, Invite | Ban),
    };
    let ever_joined =
        membership == Join || before.is_some_and(|entry| entry.ever_joined) || own.is_some_and(|own| own.was_joined);
    let changed = was != Some(membership) || before.is_some_and(|entry| entry.by_other != by_other);
    Transition { membership, by_other, ever_joined, changed, joins: membership == Join && was != Some(Join) }
}

#[cfg(test)]
mod tests {
    use super::{Section::*, *};
    use Membership as M;

    fn own(membership: Membership, by_other: bool) -> Option<Own> {
        Some(Own { membership: Some(membership), by_other, was_joined: false })
    }

    #[test]
    fn every_way_in_and_out() {
        // Before, section, own event → membership, by another, ever joined, changed, joins.
        let table = [
            ("invited", None, Invite, own(M::Invite, true), (M::Invite, true, false, true, false)),
            ("invited, nobody says by whom", None, Invite, None, (M::Invite, true, false, true, false)),
            ("accepts", Some((M::Invite, true, false)), Join, own(M::Join, false), (M::Join, false, true, true, true)),
            (
                "rejects",
                Some((M::Invite, true, false)),
                Leave,
                own(M::Leave, false),
                (M::Leave, false, false, true, false),
            ),
            (
                "retracted",
                Some((M::Invite, true, false)),
                Leave,
                own(M::Leave, true),
                (M::Leave, true, false, true, false),
            ),
            ("stays", Some((M::Join, false, true)), Join, None, (M::Join, false, true, false, false)),
            ("new name", Some((M::Join, false, true)), Join, own(M::Join, false), (M::Join, false, true, false, false)),
            ("leaves", Some((M::Join, false, true)), Leave, own(M::Leave, false), (M::Leave, false, true, true, false)),
            ("leaves, no event", Some((M::Join, false, true)), Leave, None, (M::Leave, false, true, true, false)),
            ("kicked", Some((M::Join, false, true)), Leave, own(M::Leave, true), (M::Leave, true, true, true, false)),
            ("banned", Some((M::Join, false, true)), Leave, own(M::Ban, true), (M::Ban, true, true, true, false)),
            ("unbanned", Some((M::Ban, true, true)), Leave, own(M::Leave, true), (M::Leave, true, true, true, false)),
            ("left, again", Some((M::Leave, true, true)), Leave, None, (M::Leave, true, true, false, false)),
            ("banned, again", Some((M::Ban, true, true)), Leave, None, (M::Ban, true, true, false, false)),
            (
                "invited back",
                Some((M::Leave, true, true)),
                Invite,
                own(M::Invite, true),
                (M::Invite, true, true, true, false),
            ),
            ("rejoins", Some((M::Leave, true, true)), Join, own(M::Join, false), (M::Join, false, true, true, true)),
            ("knocks", None, Knock, own(M::Knock, false), (M::Knock, false, false, true, false)),
            (
                "let in",
                Some((M::Knock, false, false)),
                Invite,
                own(M::Invite, true),
                (M::Invite, true, false, true, false),
            ),
            (
                "withdraws",
                Some((M::Knock, false, false)),
                Leave,
                own(M::Leave, false),
                (M::Leave, false, false, true, false),
            ),
            (
                "knock refused",
                Some((M::Knock, false, false)),
                Leave,
                own(M::Leave, true),
                (M::Leave, true, false, true, false),
            ),
        ];
        for (what, before, section, own, expected) in table {
            let before = before.map(|(membership, by_other, ever_joined)| {
                let mut entry = RoomEntry::unknown("!r:x".try_into().expect("a room id"), membership);
                (entry.by_other, entry.ever_joined) = (by_other, ever_joined);
                entry
            });
            let after = transition(before.as_ref(), section, own);
            let found = (after.membership, after.by_other, after.ever_joined, after.changed, after.joins);
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn a_kick_from_a_room_that_was_never_seen_tells_that_one_was_joined() {
        let own = Some(Own { membership: Some(M::Leave), by_other: true, was_joined: true });
        assert!(transition(None, Leave, own).ever_joined);
    }
}
