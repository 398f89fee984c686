//! One room in the making: its entry, and those of its records that the step touches.

use std::{collections::BTreeSet, rc::Rc};

use ruma::{DeviceId, EventId, OwnedRoomId, RoomId};

use super::{
    activity::News,
    buckets::{Buckets, Kind},
    draft::Draft,
    facts, heroes,
    incoming::Incoming,
    redaction,
    timeline::Timeline,
};
use crate::model::{
    AccountDataRecord, Event, Known, Membership, Position, ReceiptsRecord, Record, RecordKey, RoomEntry, StateEntry,
    StrippedRecord, v2::Summary,
};

pub(super) struct RoomDraft<'d, 'v> {
    pub draft: &'d mut Draft<'v>,
    pub entry: RoomEntry,
    /// The entry before the step.
    pub before: Option<RoomEntry>,
    /// What moves the room up.
    pub news: Option<News>,
    /// Whether `before` is of an earlier section of the same response.
    reopened: bool,
    /// Nothing is stored of the room but its entry.
    fresh: bool,
    state: Buckets,
    members: Buckets,
    timeline: Option<Timeline>,
    /// Members whose event changed: heroes among them get another name.
    changed_members: BTreeSet<String>,
}

/// Where state comes from, which decides what it may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The chain of `since`, or what is known to be newer than it: replaces everything.
    Newest,
    /// A base, which goes under what the chain brought. `provisional`: of a scouted room.
    Base { provisional: bool },
}

impl<'d, 'v> RoomDraft<'d, 'v> {
    /// Returns a room as it is held, or a new one.
    pub fn open(draft: &'d mut Draft<'v>, room: &RoomId, membership: Membership) -> RoomDraft<'d, 'v> {
        let before = draft.view.entry(room).cloned();
        RoomDraft::begin(draft, room, membership, before)
    }

    /// Returns a room as an earlier section of the same response left it, if one had it. Records of it that the section
    /// wrote are not seen: they must not be needed.
    pub fn reopen(draft: &'d mut Draft<'v>, room: &RoomId, membership: Membership) -> RoomDraft<'d, 'v> {
        match draft.take_room(room) {
            Some((entry, news)) => {
                RoomDraft { news, reopened: true, ..RoomDraft::begin(draft, room, membership, Some(entry)) }
            }
            None => RoomDraft::open(draft, room, membership),
        }
    }

    fn begin(
        draft: &'d mut Draft<'v>,
        room: &RoomId,
        membership: Membership,
        before: Option<RoomEntry>,
    ) -> RoomDraft<'d, 'v> {
        let entry = before
            .clone()
            .unwrap_or_else(|| RoomEntry { ever_joined: false, ..RoomEntry::unknown(room.to_owned(), membership) });
        // A room of which only the id is known has no records: thousands of such need not be looked up.
        let fresh = before.as_ref().is_none_or(|entry| {
            entry.known == Known::Unknown && entry.changed.latest().0 == 0 && entry.timeline_first == entry.timeline_end
        });
        RoomDraft {
            state: Buckets::open(Kind::State, &entry, fresh),
            members: Buckets::open(Kind::Members, &entry, fresh),
            timeline: None,
            changed_members: BTreeSet::new(),
            news: None,
            reopened: false,
            fresh,
            before,
            entry,
            draft,
        }
    }

    pub fn id(&self) -> OwnedRoomId {
        self.entry.room_id.clone()
    }

    /// Returns whether nothing is stored of the room but its entry.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Notes that what is held goes on from what the chain began with: by a base, or because it came whole.
    pub fn note_base(&mut self) {
        if !self.draft.is_of_chain(self.entry.based) {
            self.entry.based = self.draft.position;
        }
    }

    /// Notes that something was left out: with lazy members nobody tells who came and went meanwhile, and nobody ever tells
    /// which state vanished.
    pub fn note_gap(&mut self) {
        self.entry.members_complete = false;
        self.entry.gap = self.draft.position;
    }

    pub fn timeline(&mut self) -> &mut Timeline {
        let RoomDraft { timeline, entry, draft, fresh, .. } = self;
        timeline.get_or_insert_with(|| Timeline::open(entry, &mut draft.records, *fresh))
    }

    /// Returns the event that stands in the state.
    pub fn state_event(&mut self, kind: &str, state_key: &str) -> Option<Event> {
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        buckets.get(&mut self.draft.records, kind, state_key)?.event.clone()
    }

    /// Returns whether what stands there may be older than an answer that was asked for at a position: what is
    /// provisional came later at times, but tells of an earlier time.
    pub fn may_be_older(&mut self, kind: &str, state_key: &str, at: Position) -> bool {
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        let held = buckets.get(&mut self.draft.records, kind, state_key);
        held.is_none_or(|entry| entry.position <= at || entry.provisional)
    }

    /// Returns whether anything is known of that place in the state.
    pub fn has_state(&mut self, kind: &str, state_key: &str) -> bool {
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        buckets.get(&mut self.draft.records, kind, state_key).is_some()
    }

    /// Puts a state event where it belongs.
    pub fn put_state(&mut self, event: &Event, source: Source) {
        let Some(state_key) = event.header.state_key.clone() else { return };
        let kind = event.kind().to_owned();
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        let provisional = source == Source::Base { provisional: true };
        let held = buckets.get(&mut self.draft.records, &kind, &state_key);
        // A redaction is never taken back, so whoever has one is right.
        let redacts = |held: &Event| held.id() == event.id() && event.is_redacted() && !held.is_redacted();
        if let Some(held) = held.filter(|held| !held.event.as_ref().is_some_and(redacts)) {
            if matches!(source, Source::Base { .. }) && !held.provisional && self.draft.is_of_chain(held.position) {
                return;
            }
            if held.event.as_ref().is_some_and(|held| held.id() == event.id()) {
                if held.provisional && !provisional {
                    // Other endpoints than `/sync` leave some of `unsigned` out.
                    let event = Some(event.clone());
                    let confirmed = StateEntry { provisional: false, event, ..held.clone() };
                    buckets.put(&mut self.draft.records, &kind, &state_key, confirmed);
                }
                return;
            }
        }
        let entry = StateEntry { event: Some(event.clone()), position: self.draft.position, provisional };
        buckets.put(&mut self.draft.records, &kind, &state_key, entry);
        self.state_changed(&kind, &state_key, Some(event));
    }

    /// Notes that an entry of the state is gone: its place stays, so that whoever was told of it can be told so.
    pub fn remove_state(&mut self, kind: &str, state_key: &str) {
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        let entry = StateEntry { event: None, position: self.draft.position, provisional: false };
        buckets.put(&mut self.draft.records, kind, state_key, entry);
        self.state_changed(kind, state_key, None);
    }

    /// Returns every entry of the non-member state.
    pub fn all_state(&mut self) -> Vec<(String, String, StateEntry)> {
        owned(self.state.all(&mut self.draft.records))
    }

    /// Returns every known member.
    pub fn all_members(&mut self) -> Vec<(String, String, StateEntry)> {
        owned(self.members.all(&mut self.draft.records))
    }

    /// Puts an entry as it is, without a change that anybody has to be told.
    pub fn confirm(&mut self, kind: &str, state_key: &str, entry: StateEntry) {
        let buckets = if kind == "m.room.member" { &mut self.members } else { &mut self.state };
        buckets.put(&mut self.draft.records, kind, state_key, entry);
    }

    /// Forgets all state: a stay begins, and the full state is at hand.
    pub fn clear_state(&mut self) {
        self.state.clear();
        self.members.clear();
        self.entry.members_complete = false;
        self.entry.gap = Position(0);
        facts::clear(&mut self.entry);
        self.entry.changed.state = self.draft.position;
        self.entry.changed.members = self.draft.position;
        self.entry.changed.summary = self.draft.position;
    }

    /// Takes what the index knows by the state that is held again: an invite showed something else, and is over.
    pub fn restore_facts(&mut self) {
        facts::clear(&mut self.entry);
        for (kind, state_key, entry) in self.all_state() {
            facts::apply(&mut self.entry, &kind, &state_key, entry.event.as_ref());
        }
        self.entry.changed.summary = self.draft.position;
    }

    /// Edits what redactions among older events redact, of the timeline that is held and the state that shows it. What is
    /// not held the homeserver gives redacted.
    pub fn apply_older_redactions(&mut self, events: &[Event]) {
        for event in events.iter().filter(|event| event.kind() == "m.room.redaction") {
            if let Some(target) = event.header.redacts.clone()
                && self.timeline().get(&target).is_some_and(|held| !held.is_redacted())
            {
                self.redact(&target, event);
            }
        }
    }

    /// Edits what new redactions redact, and drops the aggregations that new relations make stale.
    pub fn apply_relations(&mut self, new: &[Event]) {
        for event in new {
            if let Some(parent) = event.header.relates_to.as_deref() {
                self.timeline().touch(parent, redaction::without_aggregations);
            }
            if event.kind() == "m.room.redaction"
                && let Some(target) = event.header.redacts.clone()
            {
                self.redact(&target, event);
            }
        }
    }

    fn redact(&mut self, target: &EventId, because: &Event) {
        if self.timeline().get(target).is_some_and(Event::is_redacted) {
            return;
        }
        let rules = redaction::rules(self.state_event("m.room.create", "").as_ref());
        let position = self.draft.position;
        let edit = |event: &Event| redaction::redact(event, &rules, because);
        let edited = self.timeline().edit(target, edit);
        if edited.is_some() {
            self.entry.changed.timeline = position;
        }
        let place = match &edited {
            // A redacted message is no state; and the state's place says where a redacted state event may stand.
            Some(event) => event.header.state_key.clone().map(|state_key| (event.kind().to_owned(), state_key)),
            None => self.find_state(target),
        };
        let Some((kind, state_key)) = place else { return };
        let Some(held) = self.state_event(&kind, &state_key).filter(|held| held.id() == target) else { return };
        let Some(redacted) = edit(&held) else { return };
        let entry = StateEntry { event: Some(redacted.clone()), position, provisional: false };
        self.confirm(&kind, &state_key, entry);
        self.state_changed(&kind, &state_key, Some(&redacted));
    }

    /// Returns where an event stands in the state. Looks through all of it: for redactions of what is older than the
    /// timeline that is held.
    fn find_state(&mut self, id: &EventId) -> Option<(String, String)> {
        let is_it = |entry: &StateEntry| entry.event.as_ref().is_some_and(|event| event.id() == id);
        for buckets in [&mut self.state, &mut self.members] {
            let found = buckets.all(&mut self.draft.records).find(|(_, _, entry)| is_it(entry));
            if let Some((kind, state_key, _)) = found {
                return Some((kind.to_owned(), state_key.to_owned()));
            }
        }
        None
    }

    fn state_changed(&mut self, kind: &str, state_key: &str, event: Option<&Event>) {
        let position = self.draft.position;
        if kind == "m.room.member" {
            self.entry.changed.members = position;
            self.changed_members.insert(state_key.to_owned());
        } else {
            self.entry.changed.state = position;
            if facts::apply(&mut self.entry, kind, state_key, event) {
                self.entry.changed.summary = position;
            }
        }
    }

    /// Takes over a summary, and chooses heroes where nobody named any.
    pub fn apply_summary(&mut self, summary: &Summary) {
        self.entry.joined_count = summary.joined_count.or(self.entry.joined_count);
        self.entry.invited_count = summary.invited_count.or(self.entry.invited_count);
        if summary.joined_count.is_some() || summary.invited_count.is_some() {
            self.entry.own_summary = false;
        } else if self.counts_members() {
            self.count_members();
        }
        if let Some(named) = &summary.heroes {
            let user = self.draft.user_id();
            let named = named.iter().filter(|hero| *hero != user).take(crate::limits::HEROES).cloned();
            let named: Vec<_> = named.collect();
            self.entry.heroes = named
                .into_iter()
                .map(|user_id| {
                    let member = self.state_event("m.room.member", user_id.as_str());
                    heroes::hero(user_id, member.as_ref())
                })
                .collect();
        } else if self.chooses_heroes() {
            let user = self.draft.user_id();
            let members = self.members.all(&mut self.draft.records);
            self.entry.heroes = heroes::choose(user, members.map(|(_, state_key, entry)| (state_key, entry)));
        } else {
            self.update_hero_profiles();
        }
    }

    /// Where the homeserver told no counts, and all members are known, they are ours to count: after a crawl, and with a
    /// homeserver that sends no summaries.
    fn counts_members(&self) -> bool {
        let entry = &self.entry;
        (entry.joined_count.is_none() || entry.own_summary)
            && entry.members_complete
            && entry.membership == Membership::Join
            && entry.changed.members == self.draft.position
    }

    fn count_members(&mut self) {
        let members = self.members.all(&mut self.draft.records);
        let memberships = members.filter_map(|(_, _, entry)| entry.event.as_ref()?.header.membership);
        let (mut joined, mut invited) = (0, 0);
        for membership in memberships {
            joined += u64::from(membership == Membership::Join);
            invited += u64::from(membership == Membership::Invite);
        }
        self.entry.joined_count = Some(joined);
        self.entry.invited_count = Some(invited);
        self.entry.own_summary = true;
    }

    /// Counts the user out: of a room that is left the homeserver sends no summary any more.
    pub fn count_out(&mut self) {
        self.entry.joined_count = self.entry.joined_count.map(|count| count.saturating_sub(1));
    }

    /// A homeserver that sends summaries names no heroes while the room has a name; when that goes, it may not name them
    /// at once.
    fn chooses_heroes(&self) -> bool {
        let entry = &self.entry;
        let nobody_names = entry.joined_count.is_none() || entry.own_summary || entry.heroes.is_empty();
        let needed = self.entry.name.is_none() && self.entry.canonical_alias.is_none();
        let position = self.draft.position;
        let changed = self.entry.changed.members == position || self.entry.changed.summary == position;
        nobody_names && needed && changed
    }

    fn update_hero_profiles(&mut self) {
        for index in 0..self.entry.heroes.len() {
            let Some(user_id) = self.entry.heroes.get(index).map(|hero| hero.user_id.clone()) else { continue };
            if self.changed_members.contains(user_id.as_str()) {
                let member = self.state_event("m.room.member", user_id.as_str());
                if let Some(hero) = self.entry.heroes.get_mut(index) {
                    *hero = heroes::hero(user_id, member.as_ref());
                }
            }
        }
    }

    /// Returns the room's stripped state.
    pub fn stripped(&mut self) -> Rc<StrippedRecord> {
        match self.fresh {
            true => Rc::default(),
            false => self.draft.records.stripped(&RecordKey::Stripped(self.entry.room_id.clone())),
        }
    }

    /// Returns the room's receipts.
    pub fn receipts(&mut self) -> Rc<ReceiptsRecord> {
        match self.fresh {
            true => Rc::default(),
            false => self.draft.records.receipts(&RecordKey::Receipts(self.entry.room_id.clone())),
        }
    }

    /// Returns the room's account data.
    pub fn account_data(&mut self) -> Rc<AccountDataRecord> {
        match self.fresh {
            true => Rc::default(),
            false => self.draft.records.account_data(&RecordKey::RoomAccountData(self.entry.room_id.clone())),
        }
    }

    pub fn write(&mut self, key: impl FnOnce(OwnedRoomId) -> RecordKey, record: Option<Record>) {
        self.draft.write(key(self.entry.room_id.clone()), record);
    }

    /// Appends events at the live end; returns those that are new.
    pub fn append(&mut self, events: Vec<Incoming>, live: &super::timeline::Live<'_>) -> Vec<Event> {
        let noted = self.note_transactions(&events, live.device);
        let new = self.timeline().append(events, live);
        if !new.is_empty() {
            self.entry.changed.timeline = self.draft.position;
            self.news = News::of(self.heard(&new));
        } else if noted {
            // Whoever waits for the transaction id of its own event has to look again.
            self.entry.changed.timeline = self.draft.position;
        }
        new
    }

    /// Returns the events that may move the room: what somebody ignored writes does not.
    pub fn heard<'a>(&'a self, events: &'a [Event]) -> impl DoubleEndedIterator<Item = &'a Event> + Clone {
        events.iter().filter(|event| event.is_state() || !self.draft.ignored.contains(&event.header.sender))
    }

    /// Notes what a device's poll tells of who sent the user's own events that are held; returns whether that is new.
    pub fn note_transactions(&mut self, events: &[Incoming], device: &DeviceId) -> bool {
        let user = self.draft.user_id();
        self.timeline().note_transactions(events, device, user)
    }

    /// Puts what changed into the commit.
    pub fn close(mut self) {
        // Where the state is known and names no encryption, there is none.
        if self.entry.known != Known::Unknown && self.entry.create_known && self.entry.encrypted.is_none() {
            self.entry.encrypted = Some(false);
        }
        self.note_summary();
        if let Some(timeline) = self.timeline.take() {
            timeline.close(&mut self.entry, self.draft);
        }
        self.entry.state_buckets = self.state.close(self.draft);
        self.entry.member_buckets = self.members.close(self.draft);
        if self.reopened || self.before.as_ref() != Some(&self.entry) || self.news.is_some() {
            self.draft.put_room(self.entry, self.news);
        }
    }
}

impl RoomDraft<'_, '_> {
    /// Notes which part of the summary is not what it was, so that only that is told.
    fn note_summary(&mut self) {
        let none = RoomEntry::unknown(self.entry.room_id.clone(), self.entry.membership);
        let before = self.before.as_ref().unwrap_or(&none);
        let (entry, position) = (&mut self.entry, self.draft.position);
        if entry.heroes != before.heroes {
            (entry.changed.heroes, entry.changed.summary) = (position, position);
        }
        if (entry.joined_count, entry.invited_count) != (before.joined_count, before.invited_count) {
            (entry.changed.member_counts, entry.changed.summary) = (position, position);
        }
    }
}

fn owned<'a>(entries: impl Iterator<Item = (&'a str, &'a str, &'a StateEntry)>) -> Vec<(String, String, StateEntry)> {
    entries.map(|(kind, state_key, entry)| (kind.to_owned(), state_key.to_owned(), entry.clone())).collect()
}
