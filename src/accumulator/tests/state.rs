//! State, membership, and what the index says by them.

use expect_test::expect;

use super::{after, check};
use crate::limits;

#[test]
fn state_before_the_timeline_goes_first() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join name=Old | name=New m1",
        expect![[r#"
            !a join active 3000 name New
              0..2 [name=New m1 s1>]
              create^1 name=New^1 @me=join^1
        "#]],
    );
}

#[test]
fn state_after_the_timeline_is_the_truth() {
    check(
        "v2 s0
         v2 s1
           join !a after create @me=join name=Reset | name=Other m1",
        expect![[r#"
            !a join active 3000 name Reset
              0..2 [name=Other m1 s1>]
              create^1 name=Reset^1 @me=join^1
        "#]],
    );
}

#[test]
fn an_entry_that_stays_keeps_its_position() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join name=A topic=T | m1
         v2 s2
           join !a name=A topic=U | m5 limited",
        expect![[r#"
            !a join active 4000 name A
              0..2 [m1 s1>] gap [m5 s2>]
              create^1 name=A^1 topic=U^2 @me=join^1
        "#]],
    );
}

#[test]
fn the_index_knows_what_state_says() {
    check(
        "v2 s0
         v2 s1
           join !a create=m.space @me=join name=A avatar=mxc://x/y alias=#a:x encryption tombstone=!z child=!b child=!c
         v2 s2
           join !a | name= no-child=!b",
        expect![[r#"
            !a join active 4000 bump 3000 type m.space encrypted true successor !z children !c
              0..2 [name= no-child=!b s2>]
              alias=#a^1 create=m.space^1 encryption^1 name=^2 tombstone=!z^1 no-child=!b^2 child=!c^1 @me=join^1
        "#]],
    );
}

#[test]
fn tags_and_unread_counts_are_kept() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join tags=m.favourite,u.x unread:3/1
         v2 s2
           join !a tags=",
        expect![[r#"
            !a join active 3000 unread 3/1
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn heroes_come_from_the_summary_with_their_profiles() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join @b=join:Bob @c=invite:Cid heroes:@b,@c,@me joined:2 invited:1
         v2 s2
           join !a | @b=join:Robert",
        expect![[r#"
            !a join active 4000 bump 3000 joined 2 invited 1 heroes @b(Robert),@c(Cid)
              0..1 [@b=join:Robert s2>]
              create^1 @b=join:Robert^2 @c=invite:Cid^1 @me=join^1
        "#]],
    );
}

#[test]
fn heroes_are_chosen_where_nobody_names_them() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join @b=join:B>5 @c=join:C>3 @d=leave:D>1 @e=invite>4
           join !b create @me=join @d=leave:D @e=ban
           join !c create @me=join name=Named @b=join",
        expect![[r#"
            !a join active 3000 heroes @c(C),@e,@b(B)
              create^1 @b=join:B^1 @c=join:C^1 @d=leave:D^1 @e=invite^1 @me=join^1
            !b join active 3001 heroes @d(D),@e
              create^1 @d=leave:D^1 @e=ban^1 @me=join^1
            !c join active 3002 name Named
              create^1 name=Named^1 @b=join^1 @me=join^1
        "#]],
    );
}

#[test]
fn heroes_are_chosen_when_the_name_goes() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join name=A @b=join:B joined:2 invited:0
         v2 s2
           join !a | name=",
        expect![[r#"
            !a join active 4000 bump 3000 joined 2 invited 0 heroes @b(B)
              0..1 [name= s2>]
              create^1 name=^2 @b=join:B^1 @me=join^1
        "#]],
    );
}

#[test]
fn an_invite_has_stripped_state_only() {
    check(
        "v2 s0
         v2 s1
           invite !a create name=A @me=invite/@b
           invite !b @me=invite/@b
           invite !c create encryption @me=invite/@b",
        expect![[r#"
            !a invite by other active 3000 name A encrypted false
              stripped^1 {"type":"m.room.create","sender":"@b:x","content":{"room_version":"11"},"state_key":""}
              stripped^1 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
            !b invite by other active 3001
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
            !c invite by other active 3002 encrypted true
              stripped^1 {"type":"m.room.create","sender":"@b:x","content":{"room_version":"11"},"state_key":""}
              stripped^1 {"type":"m.room.encryption","sender":"@b:x","content":{"algorithm":"a"},"state_key":""}
              stripped^1 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn an_invite_that_is_accepted_begins_a_stay() {
    check(
        "v2 s0
         v2 s1
           invite !a create name=A @me=invite/@b
         v2 s2
           join !a create name=A @b=join | @me=invite/@b @me=join m1 limited prev:p",
        expect![[r#"
            !a join active 4000 name A
              0..3 gap [<p @me=invite/@b @me=join m1 s2>] joined at 1
              create^2 name=A^2 @b=join^2 @me=join^2
        "#]],
    );
}

#[test]
fn a_rejected_remote_invite_has_no_state() {
    check(
        "v2 s0
         v2 s1
           invite !a name=A @me=invite/@b
         v2 s2
           leave !a | @me=leave",
        expect![[r#"
            !a leave active 4000 name A
              @me=leave^2
              stripped^2 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^2 {"type":"m.room.member","sender":"@me:x","content":{"membership":"leave"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn a_retracted_invite_is_a_leave_by_another() {
    check(
        "v2 s0
         v2 s1
           invite !a name=A @me=invite/@b
         v2 s2
           leave !a | @me=leave/@b",
        expect![[r#"
            !a leave by other active 4000 name A
              @me=leave/@b^2
              stripped^2 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^2 {"type":"m.room.member","sender":"@b:x","content":{"membership":"leave"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn a_stray_leave_is_no_room() {
    check(
        "v2 s0
         v2 s1
           leave !a | @me=leave",
        expect![[""]],
    );
}

#[test]
fn a_knock_is_shown_like_an_invite() {
    check(
        "v2 s0
         v2 s1
           knock !a create name=A @me=knock
         v2 s2
           invite !a create name=A @me=invite/@b",
        expect![[r#"
            !a invite by other active 4000 name A encrypted false
              stripped^2 {"type":"m.room.create","sender":"@b:x","content":{"room_version":"11"},"state_key":""}
              stripped^2 {"type":"m.room.name","sender":"@b:x","content":{"name":"A"},"state_key":""}
              stripped^2 {"type":"m.room.member","sender":"@b:x","content":{"membership":"invite"},"state_key":"@me:x"}
        "#]],
    );
}

#[test]
fn a_left_room_stays_as_of_the_leave() {
    check(
        "v2 s0
         v2 s1
           join !a create name=A @me=join unread:2/1 | m1
         v2 s2
           leave !a | m2 @me=leave",
        expect![[r#"
            !a leave active 4000 name A unread 0/0
              0..3 [m1 s1> m2 @me=leave s2>]
              create^1 name=A^1 @me=leave^2
        "#]],
    );
}

#[test]
fn a_kick_and_a_ban_are_told_from_a_leave() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join
           join !b create @me=join
         v2 s2
           leave !a | @me=leave/@b
           leave !b after @me=ban/@b |",
        expect![[r#"
            !a leave by other active 4000
              0..1 [@me=leave/@b s2>]
              create^1 @me=leave/@b^2
            !b ban by other active 4001
              create^1 @me=ban/@b^2
        "#]],
    );
}

#[test]
fn a_rejoin_begins_anew_behind_a_gap() {
    check(
        "v2 s0
         v2 s1
           join !a create name=A topic=T @me=join @b=join | m1
         v2 s2
           leave !a | @me=leave
         v2 s3
           join !a create name=New @b=join#2 | m7 @me=join#2 m8",
        expect![[r#"
            !a join active 5000 name New
              0..5 [m1 s1> @me=leave s2>] gap [m7 @me=join#2 m8 s3>] joined at 3
              create^3 name=New^3 @b=join#2^3 @me=join#2^3
        "#]],
    );
}

/// A room with a gap at position 2.
const GAP: &str = "v2 s0
    v2 s1
      join !a create name=A topic=T @me=join @b=join @c=join | m1 joined:3 invited:0
    v2 s2
      join !a name=B | m9 limited prev:p";

#[test]
fn what_vanished_in_a_gap_goes_with_the_full_state() {
    check(
        &format!("{GAP}\nfull-state !a 2 create name=B @me=join @b=join @d=join @e=invite @f=leave"),
        expect![[r#"
        !a join active 4000 name B joined 3 invited 1
          0..2 [m1 s1>] gap [<p m9 s2>]
          create^1 name=B^2 -m.room.topic^3 @b=join^1 -m.room.member@c:x^3 @me=join^1
    "#]],
    );
}

#[test]
fn a_gap_stays_open_until_the_full_state_is_there() {
    let gap = |then: &str| after(&format!("{GAP}\n{then}")).entry("!a").gap.0;
    assert_eq!(gap(""), 2);
    assert_eq!(after("v2 s0\nv2 s1\n  join !a create @me=join | m1 limited prev:p").entry("!a").gap.0, 0, "it is new");
    assert_eq!(gap("full-state !a 2 create name=B @me=join"), 0);
    assert_eq!(gap("full-state !a 2 name=B @me=join"), 2, "what has no create event is not all");
    assert_eq!(gap("full-state !a 1 create name=B @me=join"), 2, "it was asked for before the gap");
    let later = "v2 s3
           join !a | m20 limited prev:q";
    assert_eq!(gap(&format!("{later}\nfull-state !a 2 create name=B @me=join")), 3, "it was asked for before that gap");
    assert_eq!(gap("v2 s3\n  leave !a | @me=leave\nv2 s4\n  join !a create @me=join | @me=join#2"), 0, "all came anew");
}

#[test]
fn full_state_does_not_take_back_what_came_later() {
    check(
        &format!(
            "{GAP}
             v2 s3
               join !a | name=Later @g=join
             full-state !a 2 create name=B @me=join topic=T"
        ),
        expect![[r#"
            !a join active 5000 bump 4000 name Later joined 3 invited 0
              0..4 [m1 s1>] gap [<p m9 s2> name=Later @g=join s3>]
              create^1 name=Later^3 topic=T^1 -m.room.member@b:x^4 -m.room.member@c:x^4 @g=join^3 @me=join^1
        "#]],
    );
}

#[test]
fn a_full_state_that_may_be_older_or_newer_than_the_chain_leaves_the_gap_open() {
    let gap = |brought: &str, state: &str| {
        after(&format!("{GAP}\nv2 s3\n  join !a | {brought}\nfull-state !a 2 create {state} @me=join"))
            .entry("!a")
            .gap
            .0
    };
    assert_eq!(gap("name=C", "name=C"), 0, "both say the same");
    assert_eq!(gap("name=C", "name=B"), 2, "the name changed once or twice");
    assert_eq!(gap("name=C", ""), 2, "the name may have vanished since");
}

#[test]
fn all_members_are_known_until_a_gap() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         members !a 1 @me=join @b=join:B @c=leave",
        expect![[r#"
            !a join active 3000 joined 2 invited 0 heroes @b(B) all members
              0..1 [m1 s1>]
              create^1 @b=join:B^2 @c=leave^2 @me=join^1
        "#]],
    );
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         members !a 1 @me=join @b=join:B
         v2 s2
           join !a | m9 limited",
        expect![[r#"
            !a join active 5000 joined 2 invited 0 heroes @b(B)
              0..2 [m1 s1>] gap [m9 s2>]
              create^1 @b=join:B^2 @me=join^1
        "#]],
    );
}

#[test]
fn members_that_come_after_a_gap_are_not_all() {
    let world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         v2 s2
           join !a | m9 limited
         members !a 1 @me=join @b=join:B",
    );
    assert!(!world.entry("!a").members_complete);
}

#[test]
fn members_are_spread_over_buckets_when_there_are_many() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1",
    );
    let members: Vec<String> = (0..600).map(|n| format!("@u{n}=join:Somebody-with-a-name-{n}")).collect();
    world.run(&format!("members !a 1 {}", members.join(" ")));
    assert_eq!(world.entry("!a").member_buckets, 4);
    world.run("v2 s2\n  join !a | @u17=leave @new=join");
    let dump = world.dump();
    assert!(
        dump.contains("@u17=leave^3")
            && dump.contains("@new=join^3")
            && dump.contains("@u599=join:Somebody-with-a-name-599^2")
    );
    assert!(!dump.contains("@u17=join"), "the old place still holds a member");
    let written =
        world.last.records.iter().filter(|(key, _)| matches!(key, crate::model::RecordKey::Members(..))).count();
    assert!(written <= 2, "only the touched buckets are written again");
}

#[test]
fn receipts_are_the_users_own_those_on_events_that_are_held_and_the_latest_others() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2 read=m1@b read=gone@c read=gone@me read=m2@b/main",
    );
    expect!["m1@b^1 gone@c^1 gone@me^1 m2@b/main^1"].assert_eq(&super::script::receipts(&world, "!a"));
    world.run("v2 s2\n  join !a read=m2@b");
    expect!["m2@b^2 gone@c^1 gone@me^1 m2@b/main^1"].assert_eq(&super::script::receipts(&world, "!a"));
    world.run("v2 s2\n  join !a read=unseen@b");
    expect!["unseen@b^3 gone@c^1 gone@me^1 m2@b/main^1"].assert_eq(&super::script::receipts(&world, "!a"));
    let ahead: Vec<String> = (0..limits::RECEIPTS_AHEAD).map(|n| format!("read=m9@u{n}")).collect();
    world.run(&format!("v2 s3\n  join !a {}", ahead.join(" ")));
    let receipts = super::script::receipts(&world, "!a");
    assert_eq!(receipts.matches("m9@").count(), limits::RECEIPTS_AHEAD);
    assert!(!receipts.contains("gone@c"), "of those whose events are not held, the oldest go: {receipts}");
    assert!(receipts.contains("gone@me"), "the user's own stay: {receipts}");
}

#[test]
fn who_typed_before_the_chain_began_anew_types_on_only_if_the_whole_says_so() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join typing=@b
           join !b create @me=join typing=@b",
    );
    world.run(
        "restart
         v2 t0
         whole
           join !a create @me=join
           join !b create @me=join typing=@c",
    );
    let typing: Vec<usize> = world.last.ephemeral.typing.iter().map(|(_, users)| users.len()).collect();
    assert_eq!(typing, [0, 1]);
}

#[test]
fn typing_is_passed_on_and_not_kept() {
    let world = after(
        "v2 s0
         v2 s1
           join !a create @me=join typing=@b,@c",
    );
    let (_, users) = &world.last.ephemeral.typing[0];
    assert_eq!(users.len(), 2);
    assert!(!world.last.records.iter().any(|(_, record)| format!("{record:?}").contains("typing")));
}

#[test]
fn a_forgotten_room_is_gone() {
    let world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         v2 s2
           leave !a | @me=leave
         forget !a",
    );
    expect![""].assert_eq(&world.dump());
    assert!(world.last.records.iter().all(|(_, record)| record.is_none()));
}

#[test]
fn history_brings_members_of_whom_nothing_is_known() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join @b=join:Bob | m3 limited prev:p3
         history !a m1 m2/@c prev:p1 state @b=join:Bobby @c=join",
        expect![[r#"
            !a join active 3000 heroes @b(Bob)
              -2..1 [<p1 ~m1 ~m2/@c <p3 m3 s1>]
              create^1 @b=join:Bob^1 @c=join^2? @me=join^1
        "#]],
    );
}

#[test]
fn members_replace_what_history_told_of_them_whenever_they_were_asked_for() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m3 limited prev:p3
         history !a m1 m2/@c prev:p1 state @c=join
         members !a 1 @me=join @c=leave",
        expect![[r#"
            !a join active 3000 joined 1 invited 0 heroes @c all members
              -2..1 [<p1 ~m1 ~m2/@c <p3 m3 s1>]
              create^1 @c=leave^3 @me=join^1
        "#]],
    );
}
