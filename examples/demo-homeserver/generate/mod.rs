//! Fills a world from a seed: people, and an account as somebody might have it after some years.
//!
//! Everything is drafted first, then appended in the order of time, so that the global stream runs as on a homeserver that has lived through it: the newest
//! positions belong to the newest events, whatever their room. The same seed and the same `now` give the same world.

mod people;
mod plan;
#[cfg(test)]
mod tests;
mod writer;

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::json;

pub use self::{
    people::People,
    writer::{ciphertext as unreadable, message as sentence_or_word},
};
use self::{
    plan::{Kind, Plan},
    writer::{Draft, Writer},
};
use super::world::{CreateRoom, Membership, NewEvent, RoomNo, UserNo, World, json_of};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The room in which the bot answers.
pub const LOBBY: &str = "Sash lobby";
/// Who answers there.
pub const BOT: &str = "sash-bot";
/// People with a login of their own beside the demo account, the password being the name.
pub const FRIENDS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Makes the accounts that are always there: the bot, the friends, and the account to look at.
pub fn accounts(world: &mut World, localpart: &str, password: &str) -> UserNo {
    for name in FRIENDS.iter().chain([&BOT]) {
        if let Ok(user) = world.register(name, name) {
            let mut displayed = (*name).to_owned();
            displayed[..1].make_ascii_uppercase();
            let displayed = if *name == BOT { "Sash bot".to_owned() } else { displayed };
            world.user_mut(user).avatar_url = Some(format!("mxc://{}/av-{name}", world.server_name));
            world.user_mut(user).displayname = Some(displayed);
        }
    }
    let id = world.full_user_id(localpart);
    let user = world.register(localpart, password).unwrap_or_else(|_| world.user_no(&id));
    let mut displayed = localpart.to_owned();
    displayed[..1].make_ascii_uppercase();
    world.user_mut(user).displayname = Some(displayed);
    user
}

/// Gives `user` an account of `rooms` joined rooms and what else belongs to one.
pub fn account(world: &mut World, user: UserNo, rooms: usize, seed: u64, now: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let people = People::invent(world, &mut rng, (rooms * 3 / 10).clamp(40, 2_000));
    let plans = plan::plan(&mut rng, rooms, &people, user, world, now);
    let mut writer = Writer::new(user, now);
    // Rooms name each other, so all have ids before the first is written.
    let numbered: Vec<RoomNo> = plans.iter().map(|plan| *plan.room.get_or_init(|| world.new_room())).collect();
    for (room, plan) in numbered.into_iter().zip(&plans) {
        writer.write(world, &mut rng, room, plan, &plans);
    }
    world.start_bulk();
    append(world, writer.drafts);
    finish(world, &mut rng, user, &plans, now);
    world.finish_bulk();
}

fn append(world: &mut World, mut drafts: Vec<Draft>) {
    // A stable sort: what a room drafted at the same moment keeps its order.
    drafts.sort_by_key(|draft| draft.ts);
    for draft in drafts {
        world.append(NewEvent {
            state_key: draft.state_key.as_deref(),
            membership: draft.membership,
            ..NewEvent::new(draft.room, draft.sender, draft.kind, draft.content, draft.ts)
        });
    }
}

/// Makes the lobby, in which the demo account, the friends and the bot sit.
pub fn lobby(world: &mut World, user: UserNo, now: u64) -> RoomNo {
    let id = world.full_user_id(BOT);
    let bot = world.user_no(&id);
    let request = CreateRoom {
        name: Some(LOBBY.to_owned()),
        topic: Some("Write something: the bot answers.".to_owned()),
        room_alias_name: Some("lobby".to_owned()),
        preset: Some("public_chat".to_owned()),
        ..CreateRoom::default()
    };
    // Nothing refuses the first room of that alias.
    let room = world.create_room(bot, request, now.saturating_sub(DAY)).unwrap_or_default();
    let mut guests = vec![user];
    guests.extend(FRIENDS.iter().map(|name| world.full_user_id(name)).filter_map(|id| world.find_user(&id)));
    for guest in guests {
        world.set_membership(room, guest, guest, Membership::Join, None, now.saturating_sub(DAY));
    }
    let welcome = json!({ "msgtype": "m.text", "body": "Welcome! Everything here is made up, and live. Write something and I will answer." });
    world.append(NewEvent::new(room, bot, "m.room.message", json_of(&welcome), now.saturating_sub(MINUTE)));
    room
}

/// Adds what lies beside the timelines: direct chats, tags, receipts, and what the user has done with rooms outside of the list.
fn finish(world: &mut World, rng: &mut SmallRng, user: UserNo, plans: &[Plan], now: u64) {
    let mut direct = serde_json::Map::new();
    for plan in plans {
        let Some(room) = plan.room.get().copied() else { continue };
        if let (Kind::Direct, Some(other)) = (plan.kind, plan.members.first()) {
            let rooms = direct.entry(world.user_id(*other).to_string()).or_insert_with(|| json!([]));
            if let Some(rooms) = rooms.as_array_mut() {
                rooms.push(json!(world.room(room).id));
            }
        }
        if let Some(tag) = plan.tag {
            let order = rng.random_range(0..100);
            let tags = json_of(&json!({ "tags": { tag: { "order": f64::from(order) / 100.0 } } }));
            // The user is in every planned room.
            let _ = world.set_room_account_data(user, room, "m.tag", tags);
        }
        if plan.own == Membership::Join {
            receipts(world, rng, user, room, plan);
        }
    }
    world.set_account_data(user, "m.direct", json_of(&direct.into()));
    let recent: Vec<String> =
        recent_rooms(plans, now).filter_map(|room| Some(world.room(room?).id.to_string())).collect();
    world.set_account_data(user, "im.vector.setting.breadcrumbs", json_of(&json!({ "recent_rooms": recent })));
    let ignored = world.full_user_id("spammer");
    world.set_account_data(user, "m.ignored_user_list", json_of(&json!({ "ignored_users": { ignored: {} } })));
}

/// Returns a dozen rooms that the user opened lately.
fn recent_rooms(plans: &[Plan], now: u64) -> impl Iterator<Item = Option<RoomNo>> {
    let mut recent: Vec<&Plan> = plans
        .iter()
        .filter(|plan| plan.own == Membership::Join && now - plan.last < 30 * DAY && !plan.is_space())
        .collect();
    recent.sort_by_key(|plan| (plan.unread, std::cmp::Reverse(plan.last)));
    recent.into_iter().take(12).map(|plan| plan.room.get().copied())
}

/// Sets the user's receipt, behind what is to be unread, and those of some others.
fn receipts(world: &mut World, rng: &mut SmallRng, user: UserNo, room: RoomNo, plan: &Plan) {
    let timeline = &world.room(room).timeline;
    let length = timeline.len();
    let read = timeline[length.saturating_sub(1 + plan.unread)];
    let tail: Vec<u32> = timeline[length.saturating_sub(4)..].to_vec();
    let ts = world.event(read).ts + MINUTE;
    world.set_receipt(room, user, "m.read", read, None, ts);
    let marker = json_of(&json!({ "event_id": world.event_id(read) }));
    let _ = world.set_room_account_data(user, room, "m.fully_read", marker);
    for _ in 0..plan.members.len().min(4) {
        if let (Some(reader), Some(event)) = (plan.members.choose(rng).copied(), tail.choose(rng).copied()) {
            let ts = world.event(event).ts + rng.random_range(1..20) * 1_000;
            world.set_receipt(room, reader, "m.read", event, None, ts);
        }
    }
}
