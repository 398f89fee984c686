//! What rooms an account has: kinds, names, sizes, when something last happened there, what is unread.

use std::cell::OnceCell;

use rand::{
    Rng,
    rngs::SmallRng,
    seq::{IndexedRandom, SliceRandom},
};

use super::{
    super::{
        words::{CITIES, CLUB_SUFFIXES, CLUBS, SUBJECTS, TEAMS},
        world::{Membership, RoomNo, UserNo, World},
    },
    DAY, HOUR, MINUTE, People,
};

const YEAR: f64 = 365.0 * DAY as f64;
const SPACES: [&str; 4] = ["Acme", "Open source", "Neighbourhood", "Family & friends"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Direct,
    Group,
    Space,
}

#[derive(Debug)]
pub struct Plan {
    pub kind: Kind,
    pub name: Option<String>,
    pub topic: Option<String>,
    pub alias: Option<String>,
    pub avatar: bool,
    pub encrypted: bool,
    pub public: bool,
    /// Without the user; the first one created the room.
    pub members: Vec<UserNo>,
    pub own: Membership,
    /// When something last happened, milliseconds since the epoch.
    pub last: u64,
    pub messages: usize,
    /// How many of the last messages are unread, and whether one of them names the user.
    pub unread: usize,
    pub highlight: bool,
    pub tag: Option<&'static str>,
    /// The space that this room belongs to, as an index of the plans.
    pub space: Option<usize>,
    /// The room that this one was replaced by, as an index of the plans.
    pub successor: Option<usize>,
    /// Set once the room is written.
    pub room: OnceCell<RoomNo>,
}

impl Plan {
    pub fn is_space(&self) -> bool {
        self.kind == Kind::Space
    }
}

/// Plans `rooms` joined rooms, and a few invites and rooms that the user was thrown out of.
pub fn plan(rng: &mut SmallRng, rooms: usize, people: &People, user: UserNo, world: &World, now: u64) -> Vec<Plan> {
    let mut ages: Vec<u64> = (0..rooms).map(|rank| age_of(rng, rank, rooms)).collect();
    ages.shuffle(rng);
    let spaces = SPACES.len().min(rooms / 8);
    let mut direct_chats = 0;
    let mut plans: Vec<Plan> = Vec::with_capacity(rooms + 8);
    for (index, age) in ages.into_iter().enumerate() {
        let mut plan = base(rng, now.saturating_sub(age));
        if index < spaces {
            space(rng, &mut plan, SPACES[index], people);
        } else if rng.random_bool(0.26) {
            plan.kind = Kind::Direct;
            plan.members = vec![people.nth(direct_chats)];
            plan.encrypted = rng.random_bool(0.3);
            direct_chats += 1;
        } else {
            group(rng, &mut plan, index, spaces, people);
        }
        plan.members.retain(|member| *member != user);
        plans.push(plan);
    }
    if rooms >= 10 {
        mark(rng, &mut plans, world);
        extras(rng, &mut plans, people, now);
    }
    plans
}

fn base(rng: &mut SmallRng, last: u64) -> Plan {
    let is_unread = rng.random_bool(0.14);
    Plan {
        kind: Kind::Group,
        name: None,
        topic: None,
        alias: None,
        avatar: false,
        encrypted: false,
        public: false,
        members: Vec::new(),
        own: Membership::Join,
        last,
        messages: rng.random_range(10..=30),
        unread: if is_unread { rng.random_range(1..9) } else { 0 },
        highlight: is_unread && rng.random_bool(0.2),
        tag: None,
        space: None,
        successor: None,
        room: OnceCell::new(),
    }
}

/// Returns how long ago something happened in the room of a rank: few rooms are busy, most have been silent for months.
fn age_of(rng: &mut SmallRng, rank: usize, rooms: usize) -> u64 {
    let share = (rank as f64 + rng.random_range(0.0..1.0)) / rooms.max(1) as f64;
    2 * MINUTE + (share.powf(2.8) * YEAR) as u64
}

fn space(rng: &mut SmallRng, plan: &mut Plan, name: &str, people: &People) {
    plan.kind = Kind::Space;
    plan.name = Some(name.to_owned());
    plan.avatar = true;
    plan.members = people.some(rng, 30);
    plan.messages = 0;
    (plan.unread, plan.highlight) = (0, false);
}

fn group(rng: &mut SmallRng, plan: &mut Plan, index: usize, spaces: usize, people: &People) {
    // Most rooms are small: the size falls as a power of chance.
    let size = 2.0 + 198.0 * rng.random_range(0.0f64..1.0).powi(6) + rng.random_range(0.0..8.0);
    plan.members = people.some(rng, size as usize);
    plan.encrypted = rng.random_bool(0.11);
    plan.avatar = rng.random_bool(0.35);
    if spaces > 0 && rng.random_bool(0.35) {
        plan.space = Some(rng.random_range(0..spaces));
    }
    let pick = |rng: &mut SmallRng, words: &[&'static str]| words.choose(rng).copied().unwrap_or_default();
    let (name, topic) = match rng.random_range(0..10) {
        0..=3 => {
            let (team, subject) = (pick(rng, &TEAMS), pick(rng, &SUBJECTS));
            (format!("{team} {subject}"), format!("Everything about {subject} in {team}"))
        }
        4..=6 => {
            let club = format!("{}{}", pick(rng, &CLUBS), pick(rng, &CLUB_SUFFIXES));
            plan.public = true;
            (club.clone(), format!("{club}: be kind, stay on topic"))
        }
        7 => {
            let (city, subject) = (pick(rng, &CITIES), pick(rng, &SUBJECTS));
            (format!("{city} {subject}"), format!("People in and around {city}"))
        }
        8 => (format!("#{}-{}", pick(rng, &SUBJECTS), index), "Work in progress".to_owned()),
        // Without a name clients make one of the members.
        _ => return,
    };
    if plan.public {
        plan.alias = Some(format!("{}-{index}", name.to_lowercase().replace(' ', "-")));
    }
    plan.topic = rng.random_bool(0.7).then_some(topic);
    plan.name = Some(name);
}

/// Chooses favourites and low priority, and replaces one room by another.
fn mark(rng: &mut SmallRng, plans: &mut [Plan], world: &World) {
    let mut by_time: Vec<usize> = (0..plans.len()).filter(|index| !plans[*index].is_space()).collect();
    by_time.sort_by_key(|index| std::cmp::Reverse(plans[*index].last));
    let recent = by_time.len().min(40);
    for index in by_time[..recent].choose_multiple(rng, 6.min(recent)) {
        plans[*index].tag = Some("m.favourite");
    }
    let low = plans.len() / 20;
    for index in by_time[recent..].choose_multiple(rng, low) {
        plans[*index].tag = Some("m.lowpriority");
        plans[*index].unread = 0;
    }
    let groups: Vec<usize> =
        by_time.into_iter().filter(|index| plans[*index].kind == Kind::Group && plans[*index].name.is_some()).collect();
    if let [newer, .., older] = groups[..] {
        plans[newer].name = plans[older].name.clone();
        plans[newer].members = plans[older].members.clone();
        plans[older].successor = Some(newer);
    }
    // The first direct chats are with the friends who have a login.
    let friends = super::FRIENDS.iter().filter_map(|name| world.find_user(&world.full_user_id(name)));
    for (plan, friend) in plans.iter_mut().filter(|plan| plan.kind == Kind::Direct).zip(friends) {
        plan.members = vec![friend];
    }
}

/// Adds invites and rooms left behind.
fn extras(rng: &mut SmallRng, plans: &mut Vec<Plan>, people: &People, now: u64) {
    let invites = rng.random_range(3..=5);
    for index in 0..invites {
        let age = rng.random_range(5 * MINUTE..40 * HOUR);
        let mut plan = base(rng, now.saturating_sub(age));
        plan.own = Membership::Invite;
        if index == 0 {
            plan.kind = Kind::Direct;
            plan.members = people.some(rng, 1);
        } else {
            group(rng, &mut plan, 90_000 + index, 0, people);
        }
        plans.push(plan);
    }
    for own in [Membership::Leave, Membership::Ban] {
        let age = rng.random_range(2 * DAY..60 * DAY);
        let mut plan = base(rng, now.saturating_sub(age));
        group(rng, &mut plan, 91_000, 0, people);
        plan.own = own;
        plans.push(plan);
    }
}
