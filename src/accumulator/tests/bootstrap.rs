//! Bases under the chain of `since`.

use expect_test::expect;

use super::{after, check};

#[test]
fn joined_rooms_are_counted_before_they_are_known() {
    check(
        "bootstrap start
         v2 s0
         joined !a !b",
        expect![[r#"
            !a join unknown active 0
            !b join unknown active 0
        "#]],
    );
}

#[test]
fn a_room_that_the_chain_brings_before_its_base_is_held_back() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m5 name=New unread:1/0
           join !b create @me=join | m1",
        expect![[r#"
            !a join unknown active 4000 name New unread 1/0
              0..2 [m5 name=New s1>]
              name=New^1
            !b join active 4001
              0..1 [m1 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn the_whole_goes_under_the_chain() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m5 name=New unread:1/0 tags=u.new
         whole
           join !a create name=Old topic=T @me=join | m3>300 m4>400 m5 prev:p3 next:w unread:9/9 tags=u.old joined:2 invited:0 heroes:@b
           join !b create @me=join | m1>100 reaction>200 prev:p1 next:w",
        expect![[r#"
            !a join active 4000 name New joined 2 invited 0 unread 1/0 heroes @b tags u.new
              -2..2 [<p3 ~m3 ~m4 m5 w> name=New s1>]
              create^2 name=New^1 topic=T^2 @me=join^2
            !b join active 200 bump 100
              -2..0 [<p1 ~m1 ~reaction w>]
              create^2 @me=join^2
        "#]],
    );
}

#[test]
fn a_base_without_a_common_event_stands_before_the_chain() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m5
         whole
           join !a create @me=join | m3 m4 prev:p3 next:w",
        expect![[r#"
            !a join active 5000
              -2..1 [<p3 ~m3 ~m4 w> m5 s1>]
              create^2 @me=join^2
        "#]],
    );
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m9 limited prev:p9
         whole
           join !a create @me=join | m3 m4 prev:p3 next:w",
        expect![[r#"
            !a join active 5000
              -2..1 [<p3 ~m3 ~m4 w>] gap [<p9 m9 s1>]
              create^2 @me=join^2
        "#]],
    );
}

#[test]
fn what_the_base_has_newer_the_chain_brings_live() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m5
         whole
           join !a create @me=join | m4 m5 m6 prev:p4 next:w
         v2 s2
           join !a | m6",
        expect![[r#"
            !a join active 6000
              -1..2 [<p4 ~m4 m5 s1> m6 s2>]
              create^2 @me=join^2
        "#]],
    );
}

#[test]
fn a_base_fills_a_gap_of_the_chain() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m1
         v2 s2
           join !a | m4 limited prev:p4
         whole
           join !a create @me=join | m0 m1 m2 m3 m4 prev:p0 next:w",
        expect![[r#"
            !a join active 5000
              -3..2 [<p0 ~m0 m1 s1> ~m2 ~m3 <p4 m4 s2>]
              create^3 @me=join^3
        "#]],
    );
}

#[test]
fn a_scouted_room_is_provisional_until_the_whole_replaces_it() {
    check(
        "bootstrap start
         v2 s0
         scout
           join !a after create name=Scouted topic=Gone @me=join @b=join:B | m3 m4 prev:p3",
        expect![[r#"
            !a join provisional active 4000 name Scouted
              -2..0 [<p3 ~m3 ~m4]
              create^1? name=Scouted^1? topic=Gone^1? @b=join:B^1? @me=join^1?
        "#]],
    );
    check(
        "bootstrap start
         v2 s0
         scout
           join !a after create name=Scouted topic=Gone @me=join @b=join:B | m3 m4 prev:p3
         v2 s1
           join !a | m5 topic=Chain
         whole
           join !a create name=Whole alias=#a:x @me=join | m3 m4 m5 prev:p3 joined:2 invited:0 heroes:@b",
        expect![[r#"
            !a join active 5000 name Whole joined 2 invited 0 heroes @b(B)
              -2..2 [<p3 ~m3 ~m4 m5 topic=Chain s1>]
              alias=#a^3 create^1 name=Whole^3 topic=Chain^2 @b=join:B^1 @me=join^1
        "#]],
    );
}

#[test]
fn what_only_scouting_said_goes_with_the_whole() {
    check(
        "bootstrap start
         v2 s0
         scout
           join !a after create topic=Gone @me=join @b=join:B | m3
         whole
           join !a create @me=join | m3",
        expect![[r#"
            !a join active 4000 heroes @b(B)
              -1..0 [~m3]
              create^1 -m.room.topic^2 @b=join:B^1 @me=join^1
        "#]],
    );
}

#[test]
fn what_the_chain_said_of_membership_wins() {
    check(
        "bootstrap start
         v2 s0
           invite !i name=I @me=invite/@b
         joined !a
         v2 s1
           leave !a | @me=leave
         whole
           join !a create @me=join | m1
           join !i create @me=join | m2",
        expect![[r#"
            !a leave active 6000
              -1..1 [~m1 @me=leave s1>]
              create^4 @me=leave^3
            !i invite by other active 3000 name I
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"I"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn an_invite_that_the_chain_brought_wins_over_a_whole_that_shows_the_room_left() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           invite !a name=I @me=invite/@b
         whole
           leave !a create name=Left @me=join @b=join | m1>10 @me=leave/@b>20 joined:1 unread:1/0",
        expect![[r#"
            !a invite by other active 4000 name I
              -2..0 [~m1 ~@me=leave/@b]
              create^2 name=Left^2 @b=join^2 @me=leave/@b^2
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"I"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
        "#]],
    );
    // What the whole said is what the user sees of the room who then rejects it.
    check(
        "bootstrap start
         v2 s0
         v2 s1
           invite !a name=I @me=invite/@b
         whole
           leave !a create name=Left @me=join @b=join | m1>10 @me=leave/@b>20
         v2 s2
           leave !a | @me=leave#2",
        expect![[r#"
            !a leave active 6000 name Left
              -2..1 [~m1 ~@me=leave/@b] gap [@me=leave#2 s2>]
              create^2 name=Left^2 @b=join^2 @me=leave#2^3
        "#]],
    );
}

#[test]
fn an_invite_that_was_withdrawn_and_made_again_between_two_chains_stands() {
    check(
        "bootstrap start
         v2 s0
           invite !a name=A @me=invite/@b
         restart
         v2 t0
         v2 t1
           invite !a name=A @me=invite/@b
         whole
           leave !a | @me=leave/@b",
        expect![[r#"
            !a invite by other active 3000 name A
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn a_room_that_was_entered_and_left_again_between_two_chains_is_left() {
    check(
        "bootstrap start
         v2 s0
         whole
           leave !a create name=A | m1>10 @me=leave>20
         restart
         v2 t0
         v2 t1
           leave !a | @me=leave#2>40
         whole
           join !a create name=A | m1>10 @me=leave>20 @me=join>30",
        expect![[r#"
            !a leave active 7000 name A
              -3..1 [~m1 ~@me=leave ~@me=join] gap [@me=leave#2 t1>]
              create^1 name=A^1 @me=leave#2^2
        "#]],
    );
}

#[test]
fn kicked_rooms_come_with_the_whole() {
    check(
        "bootstrap start
         v2 s0
         whole
           leave !a create name=A | m1>10 @me=leave/@b>20
           leave !b | @me=leave/@b",
        expect![[r#"
            !a leave by other active 20 name A
              -2..0 [~m1 ~@me=leave/@b]
              create^1 name=A^1 @me=leave/@b^1
        "#]],
    );
}

#[test]
fn a_base_moves_nothing_and_makes_nothing_live() {
    let world = after(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join | m1>99999999",
    );
    assert_eq!(world.entry("!a").activity, world.now, "an event cannot claim a future");
    assert_eq!(world.entry("!a").timeline_end.0, 0);
}

#[test]
fn the_whole_laid_twice_changes_nothing() {
    let whole = "whole
           join !a create name=A @me=join @b=join:B | m1>10 m2>20 prev:p1 next:w unread:1/0 tags=u.x read=m1@b joined:2 invited:0 heroes:@b";
    let mut world = after(&format!("bootstrap start\nv2 s0\n{whole}"));
    let (before, position) = (world.dump(), world.cache.position());
    world.run(whole);
    assert_eq!(world.dump(), before);
    assert_eq!(world.cache.position(), position, "{:?}", world.last);
}

#[test]
fn rooms_in_the_first_answer_are_the_whole() {
    check(
        "bootstrap start
         v2 s0
           join !a create name=A @me=join | m1>10 m2>20 limited prev:p1",
        expect![[r#"
            !a join active 20 name A
              -2..0 [<p1 ~m1 ~m2 s0>]
              create^1 name=A^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_chain_that_begins_anew_takes_the_new_whole() {
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create name=Old topic=Same @me=join | m1
         v2 s1
           join !a | m2
         restart
         v2 t0
         v2 t1
           join !a | m9
         whole
           join !a create name=New topic=Same @me=join | m7 m8 m9 prev:p7",
        expect![[r#"
            !a join active 8000 name New
              -3..2 [~m1 m2 s1>] gap [<p7 ~m7 ~m8 m9 t1>]
              create^1 name=New^4 topic=Same^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_scouted_room_may_know_more_than_the_chain() {
    // Nobody can tell yet where its events belong; the chain brings them.
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a | m3
         scout
           join !a create @me=join | m8 m9
         v2 s2
           join !a | m7 m8 m9 limited prev:p",
        expect![[r#"
            !a join provisional active 6000
              0..4 [m3 s1>] gap [<p m7 m8 m9 s2>]
              create^2? @me=join^2?
        "#]],
    );
}

#[test]
fn what_happened_between_two_chains_is_appended_and_moves_the_room() {
    // Nobody else brings it: the new chain begins behind it.
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join | m1>10
           join !b create @me=join | n1>20
         restart
         v2 t0
         whole
           join !a create @me=join | m1>10 m2>11 m3>12 next:w
           join !b create @me=join | n1>20 next:w",
        expect![[r#"
            !a join active 7000
              -1..2 [~m1 m2 m3 w>]
              create^1 @me=join^1
            !b join active 20
              -1..0 [~n1 w>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn what_happened_between_two_chains_goes_behind_what_somebody_ignored_said() {
    let mut world = after("bootstrap start\n v2 s0");
    world.json(
        r#"{"next_batch":"s1","account_data":{"events":[
            {"type":"m.ignored_user_list","content":{"ignored_users":{"@c:x":{}}}}]}}"#,
    );
    // `/messages` shows it, `/sync` does not.
    world.run(
        "scout
           join !a create @me=join | m1 m2/@c
         whole
           join !a create @me=join | m1
         complete
         restart
         v2 t0
         whole
           join !a create @me=join | m1 m3 next:w",
    );
    expect![[r#"
        !a join active 10001
          -2..1 [~m1 ~m2/@c m3 w>]
          create^2 @me=join^2
    "#]]
    .assert_eq(&world.dump());
}

#[test]
fn what_happened_between_two_chains_stands_before_what_the_new_one_brings() {
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join | m1
         restart
         v2 t0
         whole
           join !a create @me=join | m1 m2
         v2 t1
           join !a | m3",
        expect![[r#"
            !a join active 8000
              -1..2 [~m1 m2 m3 t1>]
              create^1 @me=join^1
        "#]],
    );
    // The whole may come after that, and it may be older.
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join | m1
         restart
         v2 t0
         v2 t1
           join !a | m3
         whole
           join !a create @me=join | m1 m2",
        expect![[r#"
            !a join active 8000
              -2..1 [~m1 ~m2] gap [m3 t1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn an_event_that_claims_a_future_moves_its_room_once() {
    // It reached us at 4000. The whole is laid once more at 6000, because somebody is ignored no longer.
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join | m1>10
         v2 s1
           join !a | m2>900000
         v2 s2
         whole
           join !a create @me=join | m1>10 m2>900000",
        expect![[r#"
            !a join active 5000
              -1..1 [~m1 m2 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn counts_that_changed_between_two_chains_come_with_the_whole() {
    // Whatever else the whole changes along with them.
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join @b=join | m1>10 joined:2 invited:0 heroes:@b unread:0/0
         restart
         v2 t0
         whole
           join !a create avatar=new @me=join @b=leave | m1>10 joined:1 invited:0 heroes:@b unread:2/1",
        expect![[r#"
            !a join active 10 avatar new joined 1 invited 0 unread 2/1 heroes @b
              -1..0 [~m1]
              avatar=new^2 create^1 @b=leave^2 @me=join^1
        "#]],
    );
}

#[test]
fn counts_that_the_new_chain_told_win_over_the_whole_also_where_they_are_the_old_ones() {
    // Somebody left between the chains and came back, and what was read meanwhile is unread again.
    check(
        "bootstrap start
         v2 s0
         whole
           join !a create @me=join @b=join | m1>10 joined:2 invited:0 unread:1/0
         restart
         v2 t0
         v2 t1
           join !a | @b=join#2>20 joined:2 invited:0 unread:1/0
         whole
           join !a create @me=join | m1>10 joined:1 invited:0 unread:0/0",
        expect![[r#"
            !a join active 7000 bump 10 joined 2 invited 0 unread 1/0 heroes @b
              -1..1 [~m1] gap [@b=join#2 t1>]
              create^1 @b=join#2^2 @me=join^1
        "#]],
    );
}

#[test]
fn what_is_not_in_the_base_of_a_later_chain_has_vanished() {
    let chains = |kind: &str| {
        format!(
            "bootstrap start
             v2 s0
             whole
               join !a create name=A topic=Old @me=join @b=join | m1
             v2 s1
               join !a topic=T | m2
             restart
             v2 t0
             v2 t1
               join !a encryption | m4
             {kind}
               join !a create name=A @me=join | m1 m2 m3 m4"
        )
    };
    assert_eq!(after(&chains("whole")).dump(), after(&chains("crawl")).dump());
    check(
        &chains("whole"),
        expect![[r#"
            !a join active 8000 name A encrypted true
              -2..2 [~m1 m2 s1> ~m3 m4 t1>]
              create^1 encryption^3 name=A^1 -m.room.topic^4 @b=join^1 @me=join^1
        "#]],
    );
}

#[test]
fn all_members_are_known_no_more_once_something_happened_between_two_chains() {
    let chains = |last: &str| {
        format!(
            "bootstrap start
             v2 s0
             whole
               join !a create @me=join | m1
             members !a 1 @me=join @b=join
             restart
             v2 t0
             whole
               join !a create @me=join | {last}"
        )
    };
    assert!(after(&chains("m1")).entry("!a").members_complete, "nothing happened");
    assert!(!after(&chains("m1 m2")).entry("!a").members_complete, "whoever left, lazy members do not tell it");
    assert!(!after(&chains("m8 m9 limited")).entry("!a").members_complete);
}

#[test]
fn laying_rooms_of_which_nothing_is_known_loads_nothing() {
    let mut world = after(
        "bootstrap start
         v2 s0
         joined !a !b",
    );
    let before = world.loads;
    world.run(
        "whole
           join !a create @me=join | m1
           join !b create @me=join | m2
           join !c create @me=join | m3",
    );
    assert_eq!(world.loads, before);
}

#[test]
fn a_room_that_the_chain_took_the_user_out_of_is_known_all_the_same() {
    check(
        "bootstrap start
         v2 s0
         joined !a
         v2 s1
           leave !a | @me=leave/@b
         whole
           join !a create name=A @me=join | m1>10 m2>20 prev:p1",
        expect![[r#"
            !a leave by other active 5000 name A
              -2..1 [<p1 ~m1 ~m2 @me=leave/@b s1>]
              create^3 name=A^3 @me=leave/@b^2
        "#]],
    );
}

#[test]
fn in_the_end_every_room_is_known() {
    check(
        "bootstrap start
         v2 s0
         joined !a !gone !c
         v2 s1
           join !c | m1
         whole
           join !a create @me=join | m1>10
         complete",
        expect![[r#"
            !a join active 10
              -1..0 [~m1]
              create^3 @me=join^3
            !c join active 5000
              0..1 [m1 s1>]
        "#]],
    );
}

#[test]
fn a_receipt_does_not_move_a_room_of_which_nothing_is_known() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           join !a read=m1@b",
        expect![[r#"
            !a join unknown active 0
        "#]],
    );
}

#[test]
fn invites_that_only_the_whole_shows_are_taken_from_it() {
    check(
        "bootstrap start
         v2 s0
         whole invites
           invite !a name=A @me=invite/@b
           knock !b name=B @me=knock",
        expect![[r#"
            !a invite by other active 4000 name A
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
            !b knock active 4000 name B
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"B"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@me:x","content":{"membership":"knock"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn an_invite_of_the_whole_goes_under_what_the_chain_said_of_the_room() {
    check(
        "bootstrap start
         v2 s0
         v2 s1
           leave !rejected | @me=leave
           join !accepted create @me=join | m1
         whole invites
           invite !rejected name=A @me=invite/@b
           invite !accepted name=B @me=invite/@b
         complete",
        expect![[r#"
            !accepted join active 4000
              0..1 [m1 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn rooms_without_events_in_the_first_response_are_not_the_whole() {
    check(
        "bootstrap start
         v2 s0
           join !a @b=join tags=u.work joined:2 heroes:@b",
        expect![[""]],
    );
}
