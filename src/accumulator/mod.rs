//! The accumulator: what the homeserver answered, and what is held, become one commit.
//!
//! Every function here is pure: what is held comes in through [`AccountView`](crate::model::AccountView), the time as an
//! argument, and the result is a [`Commit`](crate::model::Commit) — or the keys of records that have to be loaded first
//! ([`Step::Need`](crate::model::Step)); load them and call again.
//!
//! Invariants: names `model` only; a malformed room or event is passed over and noted, and never stops `since`; the same
//! response again changes nothing; everything that changes carries the commit's position.

mod account_data;
mod activity;
mod base;
mod buckets;
mod device;
mod draft;
mod ephemeral;
mod facts;
mod heroes;
mod incoming;
mod membership;
mod progress;
mod records;
mod redaction;
mod room;
mod stripped;
mod sync;
#[cfg(test)]
mod tests;
mod timeline;

pub use self::{
    base::{
        Base, BaseKind, History, accumulate_base, accumulate_full_state, accumulate_history, accumulate_joined_rooms,
        accumulate_members, complete_bootstrap,
    },
    device::{accumulate_key_changes, acknowledge_to_device},
    progress::{
        accumulate_presence, advance_bootstrap, begin_chain_anew, begin_device, poll_with_presence,
        take_over_authorship,
    },
    sync::{accumulate_invites, accumulate_sync, forget_room},
};
