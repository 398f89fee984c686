//! What belongs to one device, and two devices of one account.

use expect_test::expect;

use super::{after, check};
use crate::model::{Record, RecordKey};

const MESSAGES: &str = r#"{"next_batch":"s1","to_device":{"events":[{"n":1},{"n":2},"no object",{"n":3}]}}"#;

fn queue(world: &super::World) -> String {
    let mut out = Vec::new();
    for first in world.cache.devices[<&ruma::DeviceId>::from("DEVICE")].to_device.keys() {
        let key = RecordKey::ToDevice("DEVICE".into(), *first);
        let Some(Some(Record::ToDevice(record))) = world.cache.records.get(&key) else { panic!("no record {first}") };
        assert_eq!(record.first, *first);
        let messages: Vec<&str> = record.messages.iter().map(|message| message.get()).collect();
        out.push(format!("{first}^{}: {}", record.position.0, messages.join(" ")));
    }
    out.join("; ")
}

#[test]
fn to_device_messages_are_numbered_without_holes_and_must_survive() {
    let mut world = after("v2 s0");
    world.json(MESSAGES);
    assert!(world.last.strict);
    expect![[r#"1^1: {"n":1} {"n":2} {"n":3}"#]].assert_eq(&queue(&world));
    world.json(r#"{"next_batch":"s2","to_device":{"events":[{"n":4}]}}"#);
    expect![[r#"1^1: {"n":1} {"n":2} {"n":3}; 4^2: {"n":4}"#]].assert_eq(&queue(&world));
    world.json(r#"{"next_batch":"s3"}"#);
    assert!(!world.last.strict);
}

#[test]
fn messages_of_the_first_answer_are_queued() {
    let mut world = after("");
    world.json(MESSAGES);
    expect![[r#"1^1: {"n":1} {"n":2} {"n":3}"#]].assert_eq(&queue(&world));
}

#[test]
fn acknowledged_messages_go_and_nothing_else_changes() {
    let mut world = after("v2 s0");
    world.json(MESSAGES);
    world.json(r#"{"next_batch":"s2","to_device":{"events":[{"n":4}]}}"#);
    let position = world.cache.position();
    world.run("ack 2");
    expect![[r#"3^1: {"n":3}; 4^2: {"n":4}"#]].assert_eq(&queue(&world));
    world.run("ack 2");
    world.run("ack 1");
    world.run("ack 3");
    expect![[r#"4^2: {"n":4}"#]].assert_eq(&queue(&world));
    world.run("ack 99");
    expect![""].assert_eq(&queue(&world));
    assert_eq!(world.cache.position(), position);
    world.json(r#"{"next_batch":"s3","to_device":{"events":[{"n":5}]}}"#);
    expect![[r#"5^3: {"n":5}"#]].assert_eq(&queue(&world));
}

#[test]
fn of_a_users_device_list_the_last_change_counts() {
    let world = after(
        "v2 s0
         v2 s1
           changed @b @c
         v2 s2
           left @b
         v2 s3
           changed @d",
    );
    let lists = &world.cache.devices[<&ruma::DeviceId>::from("DEVICE")].lists;
    let shown: Vec<String> = lists
        .users
        .iter()
        .map(|(user, change)| format!("{user} {} {}", change.position.0, if change.left { "left" } else { "changed" }))
        .collect();
    assert_eq!(shown, ["@b:x 2 left", "@c:x 1 changed", "@d:x 3 changed"]);
}

#[test]
fn key_counts_change_only_when_they_differ() {
    let mut world = after(
        "v2 s0
         v2 s1
           keys 50
           fallback a",
    );
    let keys = |world: &super::World| world.cache.devices[<&ruma::DeviceId>::from("DEVICE")].record.keys_position.0;
    assert_eq!(keys(&world), 1);
    world.run("v2 s2\n  keys 50\n  fallback a");
    assert_eq!((keys(&world), world.last.device_data.len()), (1, 0));
    world.run("v2 s3\n  fallback");
    assert_eq!((keys(&world), world.last.device_data.len()), (2, 1));
}

#[test]
fn global_account_data_that_stays_the_same_is_no_change() {
    let direct = r#"{"next_batch":"s1","account_data":{"events":[{"type":"m.direct","content":{"@b:x":["!a:x"]}}]}}"#;
    let mut world = after("v2 s0");
    world.json(direct);
    assert_eq!(world.last.account_data, ["m.direct"]);
    assert!(world.cache.direct.contains(&super::script::room("!a")));
    world.json(direct);
    assert!(world.last.account_data.is_empty());
    assert_eq!(world.cache.position().0, 1);
}

#[test]
fn an_empty_answer_moves_nothing() {
    let mut world = after("v2 s0");
    world.json("{}");
    assert_eq!(world.cache.position().0, 0);
    assert!(world.last.devices.is_empty());
    assert_eq!(world.cache.devices[<&ruma::DeviceId>::from("DEVICE")].record.since.as_deref(), Some("s0"));
}

#[test]
fn the_first_device_is_the_author_and_remembers_where_its_chain_began() {
    let world = after("v2 s0\nv2 s1");
    let device = &world.cache.devices[<&ruma::DeviceId>::from("DEVICE")].record;
    assert_eq!((device.first_since.as_deref(), device.since.as_deref()), (Some("s0"), Some("s1")));
    assert_eq!(world.cache.account.author.as_deref(), Some(<&ruma::DeviceId>::from("DEVICE")));
}

#[test]
fn another_device_adds_events_but_no_state() {
    check(
        "v2 s0
         v2 s1
           join !a create name=A @me=join | m1
         v2 o0 OTHER
         v2 o1 OTHER
         v2 o2 OTHER
           join !a topic=T | m1 m2 name=B unread:5/5
           invite !i @me=invite/@b
         v2 s2
           join !a | m2 name=B m3 unread:1/0",
        expect![[r#"
            !a join active 7000 name B unread 1/0
              0..4 [m1 s1> m2 name=B o2> m3 s2>]
              create^1 name=B^3 @me=join^1
        "#]],
    );
}

#[test]
fn another_device_that_may_have_missed_something_adds_nothing() {
    check(
        "v2 s0
         v2 s1
           join !a create name=A @me=join | m1
         v2 o0 OTHER
         v2 o1 OTHER
           join !a | m3
         v2 o2 OTHER
           join !a | m5 limited
         v2 s2
           join !a | m2 m3 m4 m5",
        expect![[r#"
            !a join active 7000 name A
              0..5 [m1 s1> m2 m3 m4 m5 s2>]
              create^1 name=A^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_transaction_id_belongs_to_the_device_whose_poll_brought_it() {
    let mut world = after(
        "v2 s0
         v2 o0 OTHER
         v2 s1
           join !a create @me=join | m1?t1
         v2 o1 OTHER
           join !a | m1?t2",
    );
    expect![[r#"
        !a join active 4000
          0..1 [m1?DEVICE:t1 s1>]
          create^1 @me=join^1
    "#]]
    .assert_eq(&world.dump());
    world.run(
        "v2 s2
           join !a | m2
         v2 o2 OTHER
           join !a | m2?t3",
    );
    expect![[r#"
        !a join active 6000
          0..2 [m1?DEVICE:t1 s1> m2?OTHER:t3 s2>]
          create^1 @me=join^1
    "#]]
    .assert_eq(&world.dump());
    assert_eq!(world.last.rooms.len(), 1, "whoever waits for the transaction id is woken");
}

#[test]
fn who_was_thrown_out_and_invited_again_between_two_polls_is_invited() {
    let world = after(
        "v2 s0
         v2 s1
           invite !a @me=invite/@b
         v2 s2
           leave !a | @me=leave#2/@b
           invite !a @me=invite/@b",
    );
    let entry = world.cache.rooms.entry(&super::script::room("!a")).expect("the room");
    assert_eq!(entry.membership, crate::model::Membership::Invite);
    assert_eq!(world.last.rooms.len(), 1, "one entry of the room, whatever sections it came in");
}

#[test]
fn who_left_and_came_back_between_two_polls_finds_nobody_typing() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join#1 | m1",
    );
    world.run("v2 s2\n join !a | m2");
    assert!(world.last.ephemeral.typing.is_empty(), "typing goes on in a room that one stays in");
    world.run("v2 s3\n join !a | @me=leave#2 @me=join#3");
    assert_eq!(world.last.ephemeral.typing, [(super::script::room("!a"), Vec::new())]);
}

#[test]
fn a_stay_begins_anew_also_where_another_device_brought_the_join_first() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create topic=T @me=join#1 @b=join | m1
         v2 o0 OTHER
         v2 o1 OTHER
           join !a | m1 @me=leave#2 @me=join#3",
    );
    let rejoin = "v2 s2\n join !a create after @me=join#3 | m1 @me=leave#2 @me=join#3";
    world.run(rejoin);
    assert_eq!(world.last.ephemeral.typing, [(super::script::room("!a"), Vec::new())], "nobody types on");
    expect![[r#"
        !a join active 6000 bump 3000
          0..3 [m1 s1> @me=leave#2 @me=join#3 o1>] joined at 2
          create^3 @me=join#3^3
    "#]]
    .assert_eq(&world.dump());
    let before = world.cache.position();
    world.run(rejoin);
    let entry = world.cache.rooms.entry(&super::script::room("!a")).expect("the room");
    assert!(entry.membership_position <= before, "the same again is no other stay");
}
