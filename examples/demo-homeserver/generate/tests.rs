//! What a generated account looks like.

use serde_json::Value;

use super::super::{
    bot::Bot,
    world::{Membership, NewEvent, RoomNo, UserNo, World, json_of},
};
use super::{account, accounts, lobby};

const NOW: u64 = 1_800_000_000_000;

fn world(rooms: usize, seed: u64) -> (World, UserNo) {
    let mut world = World::new("test", seed);
    let user = accounts(&mut world, "demo", "demo");
    account(&mut world, user, rooms, seed, NOW);
    (world, user)
}

fn count(world: &World, user: UserNo, wanted: impl Fn(RoomNo) -> bool) -> usize {
    world.user(user).joined_rooms().filter(|room| wanted(*room)).count()
}

fn has(world: &World, room: RoomNo, kind: &str) -> bool {
    world.room(room).state_event(kind, "").is_some()
}

#[test]
fn an_account_has_all_kinds_of_rooms_in_life_like_shares() {
    let (world, user) = world(400, 1);
    assert_eq!(count(&world, user, |_| true), 400);
    let direct = world.user(user).account_data.get("m.direct").expect("direct chats");
    let direct: Value = serde_json::from_str(direct.value.get()).expect("JSON");
    let direct: usize =
        direct.as_object().into_iter().flatten().filter_map(|(_, rooms)| rooms.as_array().map(Vec::len)).sum();
    assert!((80..=130).contains(&direct), "{direct} direct chats");
    let encrypted = count(&world, user, |room| has(&world, room, "m.room.encryption"));
    assert!((40..=85).contains(&encrypted), "{encrypted} encrypted rooms");
    let spaces = count(&world, user, |room| {
        let create = world.room(room).state_event("m.room.create", "").expect("every room has a beginning");
        world.event(create).content_str("type").as_deref() == Some("m.space")
    });
    assert_eq!(spaces, 4);
    let children: usize = world
        .user(user)
        .joined_rooms()
        .filter_map(|room| world.room(room).state.get("m.space.child"))
        .map(std::collections::BTreeMap::len)
        .sum();
    assert!(children > 50, "{children} rooms in spaces");
    assert_eq!(count(&world, user, |room| has(&world, room, "m.room.tombstone")), 1);
    let memberships = |wanted| world.user(user).rooms.values().filter(|room| room.membership == wanted).count();
    assert!((3..=5).contains(&memberships(Membership::Invite)));
    assert_eq!((memberships(Membership::Leave), memberships(Membership::Ban)), (1, 1));
    let unread = count(&world, user, |room| world.unread(world.room(room), user).notifications > 0);
    assert!((25..=90).contains(&unread), "{unread} unread rooms");
    let tagged = world.user(user).rooms.values().filter(|room| room.account_data.contains_key("m.tag")).count();
    assert!(tagged >= 20, "{tagged} tagged rooms");
    let sizes: Vec<usize> = world.user(user).joined_rooms().map(|room| world.room(room).joined().count()).collect();
    assert!(
        sizes.iter().all(|size| (2..=210).contains(size)) && sizes.iter().any(|size| *size > 100),
        "sizes {sizes:?}"
    );
}

#[test]
fn the_same_seed_makes_the_same_account_and_another_another() {
    let ids = |seed| world(30, seed).0.rooms.iter().map(|room| room.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(3), ids(3));
    assert_ne!(ids(3), ids(4));
    let last = |seed| {
        let (world, _) = world(30, seed);
        world.events.iter().map(|event| event.content.get().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(last(3), last(3));
}

#[test]
fn the_stream_runs_in_the_order_of_time_and_never_into_the_future() {
    let (world, _) = world(100, 2);
    let times: Vec<u64> = world.events.iter().map(|event| event.ts).collect();
    assert!(times.is_sorted());
    assert!(times.last().is_some_and(|last| *last <= NOW));
}

#[test]
fn the_bot_answers_in_the_lobby_and_people_talk() {
    let (mut world, user) = world(20, 1);
    let lobby = lobby(&mut world, user, NOW);
    let mut bot = Bot::new(&mut world, user, 1_000, 1, NOW);
    world.append(NewEvent::new(
        lobby,
        user,
        "m.room.message",
        json_of(&serde_json::json!({ "msgtype": "m.text", "body": "ping" })),
        NOW,
    ));
    let before = world.events.len();
    let mut now = NOW;
    while now < NOW + 60_000 {
        now += bot.act(&mut world, now);
    }
    let bodies: Vec<_> =
        world.room(lobby).timeline.iter().filter_map(|event| world.event(*event).content_str("body")).collect();
    assert_eq!(bodies.last().map(String::as_str), Some("Demo said: ping"));
    let events = world.events.len() - before;
    assert!((15..=70).contains(&events), "{events} events in a minute of one a second");
}
