//! What every room needs to be listed, sorted and filtered: its entry in the room index.
//!
//! Invariant: an entry says everything that a list needs, so a list never loads a room.

use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use super::{Membership, Ordinal, Position, Timestamp};

/// How many pages the room index has.
pub const INDEX_PAGES: u8 = 64;

/// One room of the account, in a couple of hundred bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEntry {
    /// Which room.
    pub room_id: OwnedRoomId,
    /// How much of it is known.
    pub known: Known,
    /// The position at which it became known whole, of the chain that is polled or of an earlier one: what happened between
    /// the two nobody has told where it is earlier than the chain.
    #[serde(default, skip_serializing_if = "is_default")]
    pub based: Position,
    /// The position of the last gap in what the chain brought, as long as nobody has said what vanished in it; zero after that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gap: Position,
    /// The user's own membership.
    pub membership: Membership,
    /// Whether the last own membership event was sent by somebody else: a leave is a kick then (or a retracted invite).
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_other: bool,
    /// Who sent the invite, while the user is invited: an invite of an ignored user is not shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inviter: Option<OwnedUserId>,
    /// Whether the user was ever joined. Only then is a ban listed, and state of the room ours to show after a leave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ever_joined: bool,
    /// The position of the user's last change of membership.
    pub membership_position: Position,
    /// The ordinal of the join event that began the present stay, where it was seen live: `num_live` counts from here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub joined_at: Option<Ordinal>,

    /// When the last event came in (design.md §3, activity stamps): the order of lists.
    pub activity: Timestamp,
    /// The same unit, of the last event of a bump type.
    pub bump_stamp: Timestamp,

    /// `m.room.name`, where it is set and not empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// `m.room.avatar`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar: Option<OwnedMxcUri>,
    /// `m.room.canonical_alias`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub canonical_alias: Option<String>,
    /// The heroes, at most five, never the user. Their profile is as of the member event that we hold, if any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub heroes: Vec<Hero>,
    /// Joined members, where the homeserver said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub joined_count: Option<u64>,
    /// Invited members, where the homeserver said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub invited_count: Option<u64>,
    /// Whether heroes and counts are our own, reckoned from the members that are known, because the homeserver did not say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub own_summary: bool,
    /// `type` of `m.room.create`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub room_type: Option<String>,
    /// Whether the create event is known, so that `room_type` says something (stripped state may lack it).
    #[serde(default, skip_serializing_if = "is_default")]
    pub create_known: bool,
    /// Whether the room is encrypted; `None` where nobody told (an invite without stripped state).
    #[serde(default, skip_serializing_if = "is_default")]
    pub encrypted: Option<bool>,
    /// `replacement_room` of `m.room.tombstone`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub successor: Option<OwnedRoomId>,
    /// State keys of non-empty `m.space.child` events, of spaces.
    #[serde(default, skip_serializing_if = "is_default")]
    pub space_children: Vec<OwnedRoomId>,
    /// The room's tags (`m.tag`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    /// `unread_notifications.notification_count`, threads not among it; `None` where nobody told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notification_count: Option<u64>,
    /// `unread_notifications.highlight_count`, threads not among it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub highlight_count: Option<u64>,
    /// `unread_thread_notifications`: the threads that have any, at most [`UNREAD_THREADS`](crate::limits::UNREAD_THREADS).
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread_threads: Vec<UnreadThread>,

    /// The timeline's tail: the ordinals that are held, `first..end`. Empty when they are equal.
    pub timeline_first: Ordinal,
    /// One past the newest event.
    pub timeline_end: Ordinal,
    /// Whether the oldest event that is held is the room's first (`m.room.create`): nothing is before it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeline_complete: bool,
    /// How many buckets the non-member state is spread over.
    pub state_buckets: u16,
    /// How many buckets the known members are spread over.
    pub member_buckets: u16,
    /// Whether all members are known (`/members` was fetched and no gap came since).
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_complete: bool,

    /// When each aspect last changed.
    pub changed: Aspects,
}

/// The position at which each aspect of a room last changed; zero if never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aspects {
    /// A live event, or an edit by redaction.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub timeline: Position,
    /// State other than members.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub state: Position,
    /// Any member.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub members: Position,
    /// Heroes, counts of members, name, avatar: any of them.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub summary: Position,
    /// Of these, the heroes.
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    pub heroes: Position,
    /// Of these, the counts of members.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub member_counts: Position,
    /// Unread counts.
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub counts: Position,
    /// Receipts.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub receipts: Position,
    /// Room account data, tags among it.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub account_data: Position,
}

/// How much of a room is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// Its id, and what the chain of `since` brought without a base: counted, listed last, not sent.
    Unknown,
    /// Scouted: good to show, replaced by the base when that comes.
    Provisional,
    /// Its base is laid, or it came whole through the chain: exact.
    Whole,
}

/// A member whose name stands for a room without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hero {
    /// Who.
    pub user_id: OwnedUserId,
    /// Display name, where known and set.
    #[serde(default, skip_serializing_if = "is_default")]
    pub displayname: Option<String>,
    /// Avatar, where known and set.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar_url: Option<OwnedMxcUri>,
}

/// A thread with unread notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadThread {
    /// The event that the thread hangs on.
    pub root: OwnedEventId,
    /// `notification_count`.
    pub notification_count: u64,
    /// `highlight_count`.
    pub highlight_count: u64,
}

/// One page of the room index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RoomPage {
    /// The rooms whose id hashes to this page, in no order.
    pub rooms: Vec<RoomEntry>,
}

impl RoomEntry {
    /// Returns a room of which only its id and membership are known.
    pub fn unknown(room_id: OwnedRoomId, membership: Membership) -> RoomEntry {
        RoomEntry {
            room_id,
            known: Known::Unknown,
            based: Position(0),
            gap: Position(0),
            membership,
            by_other: false,
            inviter: None,
            ever_joined: membership == Membership::Join,
            membership_position: Position(0),
            joined_at: None,
            activity: Timestamp(0),
            bump_stamp: Timestamp(0),
            name: None,
            avatar: None,
            canonical_alias: None,
            heroes: Vec::new(),
            joined_count: None,
            invited_count: None,
            own_summary: false,
            room_type: None,
            create_known: false,
            encrypted: None,
            successor: None,
            space_children: Vec::new(),
            tags: Vec::new(),
            notification_count: None,
            highlight_count: None,
            unread_threads: Vec::new(),
            timeline_first: Ordinal(0),
            timeline_end: Ordinal(0),
            timeline_complete: false,
            state_buckets: 1,
            member_buckets: 1,
            members_complete: false,
            changed: Aspects::default(),
        }
    }

    /// Returns the position of the room's last change of any kind.
    pub fn last_change(&self) -> Position {
        self.changed.latest().max(self.membership_position)
    }

    /// Returns what `bump_stamp` says: of a room not joined, when the membership came about (MSC4186, `bump_stamp`).
    pub fn recency(&self) -> Timestamp {
        if self.membership == Membership::Join { self.bump_stamp } else { self.activity }
    }

    /// Returns notifications and highlights of the room with its threads, where anybody told: what `/sync` gives to those
    /// who do not ask for threads apart.
    pub fn unread(&self) -> (Option<u64>, Option<u64>) {
        let sum = |of: fn(&UnreadThread) -> u64| self.unread_threads.iter().map(of).fold(0, u64::saturating_add);
        let with_threads = |count: Option<u64>, threads: u64| count.map(|count| count.saturating_add(threads));
        (
            with_threads(self.notification_count, sum(|thread| thread.notification_count)),
            with_threads(self.highlight_count, sum(|thread| thread.highlight_count)),
        )
    }

    /// Returns the page of the index that holds this room.
    pub fn page(&self) -> u8 {
        page_of(self.room_id.as_str())
    }
}

/// Returns the page of the index that holds a room: part of the stored format, so it never changes.
pub fn page_of(room_id: &str) -> u8 {
    (stable_hash(room_id) % u32::from(INDEX_PAGES)) as u8
}

/// Returns the bucket of `count` that holds a state key: part of the stored format, so it never changes.
pub fn bucket_of(state_key: &str, count: u16) -> u16 {
    (stable_hash(state_key) % u32::from(count.max(1))) as u16
}

/// FNV-1a, which is short and the same on every target.
fn stable_hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Aspects {
    /// Returns the position of the last change of any aspect.
    pub fn latest(&self) -> Position {
        [self.timeline, self.state, self.members, self.summary, self.counts, self.receipts, self.account_data]
            .into_iter()
            .max()
            .unwrap_or_default()
    }
}
