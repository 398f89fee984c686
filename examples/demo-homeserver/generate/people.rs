//! The people of a generated account.

use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};

use super::super::{
    words::{FIRST_NAMES, LAST_NAMES},
    world::{Json, Membership, UserNo, World, json_of},
};

pub struct People {
    all: Vec<UserNo>,
}

impl People {
    /// Makes people, each with a name of their own; those who are there already are taken.
    pub fn invent(world: &mut World, rng: &mut SmallRng, count: usize) -> Self {
        let mut all = Vec::with_capacity(count);
        let names = FIRST_NAMES.len() * LAST_NAMES.len();
        // A step that shares no factor with the number of names visits each once.
        let (start, step) = (rng.random_range(0..names), 1_597);
        for index in 0..count.min(names) {
            let name = (start + index * step) % names;
            let (first, last) = (FIRST_NAMES[name % FIRST_NAMES.len()], LAST_NAMES[name / FIRST_NAMES.len()]);
            all.push(Self::person(world, first, last, rng));
        }
        Self { all }
    }

    fn person(world: &mut World, first: &str, last: &str, rng: &mut SmallRng) -> UserNo {
        let localpart = format!("{}.{}", first.to_lowercase(), last.to_lowercase());
        let id = world.full_user_id(&localpart);
        let has_avatar = rng.random_bool(0.6);
        let avatar = has_avatar.then(|| format!("mxc://{}/av-{localpart}", world.server_name));
        let no = world.user_no(&id);
        let user = world.user_mut(no);
        if user.displayname.is_none() {
            user.displayname = Some(format!("{first} {last}"));
            user.avatar_url = avatar;
            user.password = Some(localpart);
        }
        no
    }

    pub fn nth(&self, index: usize) -> UserNo {
        self.all[index % self.all.len()]
    }

    /// Picks `count` different people.
    pub fn some(&self, rng: &mut SmallRng, count: usize) -> Vec<UserNo> {
        self.all.choose_multiple(rng, count.min(self.all.len())).copied().collect()
    }
}

/// Returns the content of a member event; rooms share it.
pub fn member_content(world: &World, user: UserNo, membership: Membership) -> Json {
    json_of(&world.user(user).member_content(membership))
}
