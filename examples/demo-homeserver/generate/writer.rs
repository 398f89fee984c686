//! Writes planned rooms as drafts of events.

use std::{rc::Rc, sync::Arc};

use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};
use rustc_hash::FxHashMap;
use serde_json::{json, value::RawValue};

use super::{
    super::{
        words::{ENDINGS, MIDDLES, OPENINGS, SHORT_MESSAGES},
        world::{Json, Membership, RoomNo, UserNo, World, empty_object, json_of},
    },
    DAY, HOUR, Kind, MINUTE, Plan,
    people::member_content,
};

/// An event to be, with no place in the stream yet.
pub struct Draft {
    pub room: RoomNo,
    pub sender: UserNo,
    pub kind: &'static str,
    pub state_key: Option<Arc<str>>,
    pub content: Json,
    pub ts: u64,
    pub membership: Option<Membership>,
}

pub struct Writer {
    pub drafts: Vec<Draft>,
    user: UserNo,
    now: u64,
    no_key: Arc<str>,
    /// Contents that thousands of events share.
    joins: FxHashMap<UserNo, Json>,
    shared: FxHashMap<&'static str, Json>,
}

/// The room that is being written.
struct Page<'a> {
    room: RoomNo,
    plan: &'a Plan,
    creator: UserNo,
    ts: u64,
}

impl Writer {
    pub fn new(user: UserNo, now: u64) -> Self {
        Self {
            drafts: Vec::new(),
            user,
            now,
            no_key: Arc::from(""),
            joins: FxHashMap::default(),
            shared: FxHashMap::default(),
        }
    }

    /// Drafts the whole of a room. `plans` resolves spaces and successors.
    pub fn write(&mut self, world: &World, rng: &mut SmallRng, room: RoomNo, plan: &Plan, plans: &[Plan]) {
        let times = message_times(rng, plan);
        let first = times.first().copied().unwrap_or(plan.last);
        let creator = plan.members.first().copied().unwrap_or(self.user);
        let created = first.saturating_sub(DAY * rng.random_range(1..200));
        let mut page = Page { room, plan, creator, ts: created };
        self.beginning(world, rng, &mut page);
        self.members(world, rng, &mut page, first);
        self.messages(world, rng, &page, &times);
        if let Some(space) = plan.space.and_then(|space| plans.get(space)) {
            self.link_to_space(world, &page, space);
        }
        self.own_end(world, &page);
        if let Some(new_room) = plan.successor.and_then(|successor| plans.get(successor)?.room.get()) {
            let content =
                json!({ "body": "This room has been replaced", "replacement_room": world.room(*new_room).id });
            self.state(&Page { ts: plan.last, ..page }, "m.room.tombstone", json_of(&content));
        }
    }

    fn push(&mut self, page: &Page<'_>, sender: UserNo, kind: &'static str, content: Json) {
        self.drafts.push(Draft {
            room: page.room,
            sender,
            kind,
            state_key: None,
            content,
            ts: page.ts.min(self.now),
            membership: None,
        });
    }

    fn state(&mut self, page: &Page<'_>, kind: &'static str, content: Json) {
        let key = Some(Arc::clone(&self.no_key));
        self.push(page, page.creator, kind, content);
        if let Some(draft) = self.drafts.last_mut() {
            draft.state_key = key;
        }
    }

    fn member(&mut self, world: &World, page: &Page<'_>, sender: UserNo, user: UserNo, membership: Membership) {
        let content = match membership {
            Membership::Join => {
                Json::clone(self.joins.entry(user).or_insert_with(|| member_content(world, user, membership)))
            }
            Membership::Invite if page.plan.kind == Kind::Direct => {
                let mut content = world.user(user).member_content(membership);
                content["is_direct"] = json!(true);
                json_of(&content)
            }
            Membership::Leave | Membership::Ban => json_of(&json!({ "membership": membership })),
            _ => member_content(world, user, membership),
        };
        self.push(page, sender, "m.room.member", content);
        if let Some(draft) = self.drafts.last_mut() {
            draft.state_key = Some(Arc::clone(world.user_id(user)));
            draft.membership = Some(membership);
        }
    }

    fn shared(&mut self, name: &'static str, json: &'static str) -> Json {
        let parse = || RawValue::from_string(json.to_owned()).map_or_else(|_| empty_object(), Arc::from);
        Json::clone(self.shared.entry(name).or_insert_with(parse))
    }

    fn beginning(&mut self, world: &World, rng: &mut SmallRng, page: &mut Page<'_>) {
        let plan = page.plan;
        let create = if plan.is_space() {
            self.shared("space", r#"{"room_version":"11","type":"m.space"}"#)
        } else {
            self.shared("create", r#"{"room_version":"11"}"#)
        };
        self.state(page, "m.room.create", create);
        self.member(world, page, page.creator, page.creator, Membership::Join);
        let own_level = if plan.kind == Kind::Direct { 100 } else { *[0, 0, 0, 50, 100].choose(rng).unwrap_or(&0) };
        let levels = json!({
            "users": { &**world.user_id(page.creator): 100, &**world.user_id(self.user): own_level },
            "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50, "kick": 50, "redact": 50, "invite": 0,
        });
        self.state(page, "m.room.power_levels", json_of(&levels));
        let rules = if plan.public {
            self.shared("public", r#"{"join_rule":"public"}"#)
        } else {
            self.shared("invite", r#"{"join_rule":"invite"}"#)
        };
        self.state(page, "m.room.join_rules", rules);
        let visibility = self.shared("visibility", r#"{"history_visibility":"shared"}"#);
        self.state(page, "m.room.history_visibility", visibility);
        if plan.encrypted {
            let encryption = self.shared("encryption", r#"{"algorithm":"m.megolm.v1.aes-sha2"}"#);
            self.state(page, "m.room.encryption", encryption);
        }
        if let Some(name) = &plan.name {
            self.state(page, "m.room.name", json_of(&json!({ "name": name })));
        }
        if let Some(topic) = &plan.topic {
            self.state(page, "m.room.topic", json_of(&json!({ "topic": topic })));
        }
        if let Some(alias) = &plan.alias {
            let alias = format!("#{alias}:{}", world.server_name);
            self.state(page, "m.room.canonical_alias", json_of(&json!({ "alias": alias })));
        }
        if plan.avatar {
            let name = plan
                .name
                .as_deref()
                .unwrap_or("room")
                .to_lowercase()
                .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
            self.state(
                page,
                "m.room.avatar",
                json_of(&json!({ "url": format!("mxc://{}/av-{name}", world.server_name) })),
            );
        }
    }

    /// Lets everyone in, spread over the time before the first message that is kept.
    fn members(&mut self, world: &World, rng: &mut SmallRng, page: &mut Page<'_>, first: u64) {
        let step = first.saturating_sub(page.ts) / (page.plan.members.len() as u64 + 2);
        let own_turn = rng.random_range(0..page.plan.members.len().max(1));
        for (turn, member) in page.plan.members.iter().enumerate() {
            page.ts += step;
            if *member != page.creator {
                self.member(world, page, *member, *member, Membership::Join);
            }
            if turn == own_turn && page.plan.own != Membership::Invite && page.creator != self.user {
                if !page.plan.public {
                    self.member(world, page, page.creator, self.user, Membership::Invite);
                }
                self.member(world, page, self.user, self.user, Membership::Join);
            }
        }
    }

    fn messages(&mut self, world: &World, rng: &mut SmallRng, page: &Page<'_>, times: &[u64]) {
        let plan = page.plan;
        // A handful of people do the talking.
        let talkers: Vec<UserNo> = plan.members.iter().copied().take(6).collect();
        let mut speaker = page.creator;
        for (index, ts) in times.iter().enumerate() {
            let unread = index + plan.unread >= times.len();
            if rng.random_bool(0.6) {
                let own_turn = !unread && plan.own == Membership::Join && rng.random_bool(0.25);
                speaker = if own_turn { self.user } else { talkers.choose(rng).copied().unwrap_or(page.creator) };
            }
            if unread && speaker == self.user {
                speaker = page.creator;
            }
            let is_last = index + 1 == times.len();
            let content = if plan.encrypted {
                ciphertext(rng)
            } else if plan.highlight && is_last {
                text(&format!("{}: {}", world.user(self.user).localpart(), sentence(rng)))
            } else {
                text(&message(rng))
            };
            let kind = if plan.encrypted { "m.room.encrypted" } else { "m.room.message" };
            self.push(&Page { ts: *ts, ..*page }, speaker, kind, content);
        }
    }

    fn link_to_space(&mut self, world: &World, page: &Page<'_>, space: &Plan) {
        let Some(space_room) = space.room.get().copied() else { return };
        let via = json!({ "via": [world.server_name] });
        let creator = space.members.first().copied().unwrap_or(self.user);
        let in_space = Page { room: space_room, plan: space, creator, ts: space.last };
        self.state(&in_space, "m.space.child", json_of(&via));
        if let Some(draft) = self.drafts.last_mut() {
            draft.state_key = Some(Arc::clone(&world.room(page.room).id));
        }
        let mut parent = via;
        parent["canonical"] = json!(true);
        self.state(page, "m.space.parent", json_of(&parent));
        if let Some(draft) = self.drafts.last_mut() {
            draft.state_key = Some(Arc::clone(&world.room(space_room).id));
        }
    }

    /// Ends with an invite, a kick or a ban where the user is not in the room.
    fn own_end(&mut self, world: &World, page: &Page<'_>) {
        let end = Page { ts: page.plan.last, ..*page };
        match page.plan.own {
            Membership::Join => {}
            other => self.member(world, &end, page.creator, self.user, other),
        }
    }
}

/// Returns when the messages of a room were sent, the last at its last activity.
fn message_times(rng: &mut SmallRng, plan: &Plan) -> Rc<[u64]> {
    let mut times = Vec::with_capacity(plan.messages);
    let mut ts = plan.last;
    for _ in 0..plan.messages {
        times.push(ts);
        let gap =
            if rng.random_bool(0.7) { rng.random_range(5_000..6 * MINUTE) } else { rng.random_range(HOUR..3 * DAY) };
        ts = ts.saturating_sub(gap);
    }
    times.reverse();
    times.into()
}

pub fn sentence(rng: &mut SmallRng) -> String {
    let mut pick = |words: &[&'static str]| words.choose(rng).copied().unwrap_or_default();
    format!("{} {}{}", pick(&OPENINGS), pick(&MIDDLES), pick(&ENDINGS))
}

/// Returns what somebody might write.
pub fn message(rng: &mut SmallRng) -> String {
    match rng.random_range(0..10) {
        0..=2 => SHORT_MESSAGES.choose(rng).copied().unwrap_or("ok").to_owned(),
        3..=8 => sentence(rng),
        _ => format!("{} {}", sentence(rng), sentence(rng)),
    }
}

/// Returns a text message. The words hold nothing that JSON escapes.
fn text(body: &str) -> Json {
    let json = format!("{{\"msgtype\":\"m.text\",\"body\":\"{body}\"}}");
    RawValue::from_string(json).map_or_else(|_| empty_object(), Arc::from)
}

/// Returns what nobody can read, of the usual shape and size.
pub fn ciphertext(rng: &mut SmallRng) -> Json {
    let mut junk = String::with_capacity(220);
    for _ in 0..28 {
        junk.push_str(&format!("{:08x}", rng.random::<u32>()));
    }
    let session = &junk[..43];
    let json = format!(
        "{{\"algorithm\":\"m.megolm.v1.aes-sha2\",\"ciphertext\":\"AwgA{junk}\",\"sender_key\":\"{session}\",\"device_id\":\"JUNK\",\"session_id\":\"{session}\"}}"
    );
    RawValue::from_string(json).map_or_else(|_| empty_object(), Arc::from)
}
