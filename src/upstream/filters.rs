//! The filters that our requests carry (design.md §3, Poller).

use ruma::{
    api::client::filter::{Filter, FilterDefinition, LazyLoadOptions, RoomEventFilter, RoomFilter},
    uint,
};

use crate::limits;

/// The filter of the chain of `since`: everything, members lazily.
pub(super) fn chain(with_presence: bool) -> FilterDefinition {
    definition(rooms_with(limits::POLL_TIMELINE), with_presence)
}

/// The filter of the first request: no rooms, so that the homeserver answers at once whatever the account's size. Synapse
/// answers without invites, too, because neither rooms nor presence are wanted; any other way to say that there are to be
/// no rooms has it look at each of them.
pub(super) fn start(with_presence: bool) -> FilterDefinition {
    let mut rooms = rooms_with(limits::POLL_TIMELINE);
    rooms.rooms = Some(Vec::new());
    definition(rooms, with_presence)
}

/// The filter of the whole: every room, and nothing that the chain brings already.
pub(super) fn whole() -> FilterDefinition {
    let mut filter = definition(rooms_with(limits::WHOLE_TIMELINE), false);
    filter.account_data = Filter::ignore_all();
    filter
}

/// The filter of a request for the open invites alone. Synapse gives them where presence is wanted, even if none is of the
/// type that is.
pub(super) fn invites() -> FilterDefinition {
    let mut filter = start(true);
    filter.account_data = Filter::ignore_all();
    filter.presence.types = Some(vec!["sash.none".to_owned()]);
    filter
}

/// Lazy members for what is asked room by room.
pub(super) fn lazy_members() -> RoomEventFilter {
    let mut filter = RoomEventFilter::default();
    // An answer that is lost takes the members with it that the homeserver believes sent.
    filter.lazy_load_options = LazyLoadOptions::Enabled { include_redundant_members: true };
    filter
}

fn rooms_with(timeline_limit: u32) -> RoomFilter {
    let mut rooms = RoomFilter::default();
    rooms.state = lazy_members();
    rooms.timeline.limit = Some(timeline_limit.into());
    // Counts of threads apart from those of the room, which have them all otherwise.
    rooms.timeline.unread_thread_notifications = true;
    rooms
}

fn definition(rooms: RoomFilter, with_presence: bool) -> FilterDefinition {
    let mut filter = FilterDefinition::default();
    filter.room = rooms;
    if !with_presence {
        filter.presence = Filter::ignore_all();
        // Dendrite and Conduit look at the limit, not at the types.
        filter.presence.limit = Some(uint!(0));
    }
    filter
}
