//! Which tokens are taken for whose, and how long without asking the homeserver again.
//!
//! Invariants: whose a token is never changes, only whether it is still valid does; a token is trusted while the poll of
//! its device runs on that very token (the homeserver confirms it at every poll), else for a minute. Bounded.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::identity::{Identity, TokenHash};
use crate::{limits::TOKEN_TRUST, model::Timestamp};

/// What is known of tokens, shared by the handlers and the shards.
#[derive(Debug)]
pub struct Trust {
    cache: Mutex<Cache>,
}

impl Trust {
    /// Remembers at most `capacity` tokens, at least one.
    pub fn new(capacity: usize) -> Trust {
        Trust { cache: Mutex::new(Cache::new(capacity)) }
    }

    /// Returns whose a token is, if it may be trusted now.
    pub fn trusted(&self, token: TokenHash, now: Timestamp) -> Option<Identity> {
        self.cache().trusted(token, now)
    }

    /// Returns whose a token is or was, valid or not.
    pub fn owner(&self, token: TokenHash) -> Option<Identity> {
        self.cache().entries.get(&token).map(|entry| entry.identity.clone())
    }

    /// The homeserver has said whose a token is.
    pub fn confirmed(&self, token: TokenHash, identity: Identity, now: Timestamp) {
        self.cache().confirmed(token, identity, now);
    }

    /// The poll of a device runs on this token from now on, and on no other.
    pub fn polled(&self, token: TokenHash, identity: &Identity) {
        self.cache().polled(token, identity);
    }

    /// The poll of a device runs no more.
    pub fn not_polled(&self, identity: &Identity) {
        self.cache().not_polled(identity);
    }

    /// The token is valid no more, or may not be: the homeserver must say so before it is trusted again.
    pub fn revoked(&self, token: TokenHash) {
        self.cache().revoked(token);
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Whoever panicked did so between two whole operations: none of them can panic halfway.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Cache {
    entries: FxHashMap<TokenHash, Entry>,
    /// The token that a device's poll runs on.
    polls: FxHashMap<Identity, TokenHash>,
    capacity: usize,
}

#[derive(Debug)]
struct Entry {
    identity: Identity,
    /// `None`: not by us, only by its poll.
    confirmed: Option<Timestamp>,
}

impl Cache {
    fn new(capacity: usize) -> Cache {
        Cache { entries: FxHashMap::default(), polls: FxHashMap::default(), capacity: capacity.max(1) }
    }

    fn trusted(&self, token: TokenHash, now: Timestamp) -> Option<Identity> {
        let entry = self.entries.get(&token)?;
        let fresh = entry.confirmed.is_some_and(|at| now.0.saturating_sub(at.0) < TOKEN_TRUST.as_millis() as u64);
        (fresh || self.is_polled(token, &entry.identity)).then(|| entry.identity.clone())
    }

    fn is_polled(&self, token: TokenHash, identity: &Identity) -> bool {
        self.polls.get(identity) == Some(&token)
    }

    fn confirmed(&mut self, token: TokenHash, identity: Identity, now: Timestamp) {
        self.make_room();
        self.entries.insert(token, Entry { identity, confirmed: Some(now) });
    }

    fn polled(&mut self, token: TokenHash, identity: &Identity) {
        self.make_room();
        self.entries.entry(token).or_insert_with(|| Entry { identity: identity.clone(), confirmed: None });
        self.polls.insert(identity.clone(), token);
    }

    fn not_polled(&mut self, identity: &Identity) {
        self.polls.remove(identity);
    }

    fn revoked(&mut self, token: TokenHash) {
        if let Some(entry) = self.entries.remove(&token)
            && self.is_polled(token, &entry.identity)
        {
            self.polls.remove(&entry.identity);
        }
    }

    /// Forgets the eighth that was confirmed longest ago, where there is no room; those that polls run on last.
    fn make_room(&mut self) {
        if self.entries.len() < self.capacity {
            return;
        }
        let mut ages: Vec<_> = self
            .entries
            .iter()
            .map(|(token, entry)| (self.is_polled(*token, &entry.identity), entry.confirmed, *token))
            .collect();
        ages.sort_unstable_by_key(|(polled, confirmed, _)| (*polled, *confirmed));
        for (_, _, token) in ages.into_iter().take((self.capacity / 8).max(1)) {
            self.revoked(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::identity::Token;

    const MINUTE: u64 = 60_000;

    fn alice(device: &str) -> Identity {
        Identity { user: ruma::user_id!("@alice:example.org").to_owned(), device: device.into() }
    }

    fn hash(token: &str) -> TokenHash {
        Token::new(token.to_owned()).hash()
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp(1_000_000 + ms)
    }

    #[test]
    fn a_confirmed_token_is_trusted_for_a_minute() {
        let trust = Trust::new(8);
        trust.confirmed(hash("a"), alice("PHONE"), at(0));
        assert_eq!(trust.trusted(hash("a"), at(MINUTE - 1)), Some(alice("PHONE")));
        assert_eq!(trust.trusted(hash("a"), at(MINUTE)), None);
        assert_eq!(trust.trusted(hash("b"), at(0)), None);
        assert_eq!(trust.owner(hash("a")), Some(alice("PHONE")), "whose it is stays known");
    }

    #[test]
    fn the_token_that_the_poll_runs_on_is_trusted_as_long_as_it_runs() {
        let trust = Trust::new(8);
        trust.confirmed(hash("old"), alice("PHONE"), at(0));
        trust.polled(hash("old"), &alice("PHONE"));
        assert!(trust.trusted(hash("old"), at(9 * MINUTE)).is_some());
        trust.confirmed(hash("new"), alice("PHONE"), at(9 * MINUTE));
        trust.polled(hash("new"), &alice("PHONE"));
        assert_eq!(trust.trusted(hash("old"), at(9 * MINUTE)), None, "the poll runs on another");
        trust.not_polled(&alice("PHONE"));
        assert_eq!(trust.trusted(hash("new"), at(10 * MINUTE)), None);
    }

    #[test]
    fn a_revoked_token_is_forgotten_with_its_poll() {
        let trust = Trust::new(8);
        trust.polled(hash("a"), &alice("PHONE"));
        trust.revoked(hash("a"));
        assert_eq!((trust.trusted(hash("a"), at(0)), trust.owner(hash("a"))), (None, None));
        trust.confirmed(hash("a"), alice("PHONE"), at(0));
        assert_eq!(trust.trusted(hash("a"), at(2 * MINUTE)), None, "its poll does not come back by itself");
    }

    #[test]
    fn it_stays_within_its_capacity_and_forgets_polled_tokens_last() {
        let trust = Trust::new(16);
        trust.polled(hash("polled"), &alice("PHONE"));
        for number in 0..1000 {
            trust.confirmed(hash(&number.to_string()), alice("LAPTOP"), at(number));
        }
        let cache = trust.cache();
        assert!(cache.entries.len() <= 16 && cache.polls.len() <= 16, "{}", cache.entries.len());
        assert!(cache.trusted(hash("polled"), at(MINUTE)).is_some());
        assert!(cache.trusted(hash("999"), at(1000)).is_some(), "the newest is there");
    }
}
