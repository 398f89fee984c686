//! Timelines: order, gaps, tokens, limits, edits.

use expect_test::expect;

use super::{after, check};

#[test]
fn a_new_room_comes_whole() {
    check(
        "v2 s0
         v2 s1
           join !a | create @me=join name=A m1 prev:p0",
        expect![[r#"
            !a join active 3000 name A
              0..4 all [<p0 create @me=join name=A m1 s1>] joined at 1
              create^1 name=A^1 @me=join^1
        "#]],
    );
}

#[test]
fn new_events_go_behind_the_known_ones() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | m3 prev:p2",
        expect![[r#"
            !a join active 4000
              0..3 [m1 m2 s1> <p2 m3 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_limited_timeline_makes_a_gap() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | m8 m9 limited prev:p2",
        expect![[r#"
            !a join active 4000
              0..4 [m1 m2 s1>] gap [<p2 m8 m9 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_limited_timeline_that_overlaps_makes_none() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | m2 m3 limited prev:p2",
        expect![[r#"
            !a join active 4000
              0..3 [m1 m2 s1> m3 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_repeated_response_changes_nothing() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 name=B joined:1 unread:1/0 read=m1@b tags=m.favourite",
    );
    let (before, position) = (world.dump(), world.cache.position());
    world.run(
        "v2 s1
           join !a create @me=join | m1 name=B joined:1 unread:1/0 read=m1@b tags=m.favourite",
    );
    assert_eq!(world.dump(), before);
    assert_eq!(world.cache.position(), position);
    assert!(world.last.rooms.is_empty() && world.last.records.is_empty());
}

#[test]
fn late_backfill_is_passed_over() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | name=New m2
         v2 s2
           join !a | name=Old name=New m2 m3",
        expect![[r#"
            !a join active 4000 name New
              0..3 [name=New m2 s1> m3 s2>]
              create^1 name=New^1 @me=join^1
        "#]],
    );
}

#[test]
fn an_event_that_stands_twice_is_held_once() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m1 m2 m1",
        expect![[r#"
            !a join active 3000
              0..2 [m1 m2 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn what_is_no_event_is_skipped() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join bad m0 | m1 bad m2",
        expect![[r#"
            !a join active 3000
              0..2 [m1 m2 s1>]
              create^1 @me=join^1
            skipped !a:x.state[2]: not an event
            skipped !a:x.state: 1 without a state key
            skipped !a:x.timeline[1]: not an event
        "#]],
    );
}

#[test]
fn the_tail_is_trimmed_by_whole_chunks() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join",
    );
    for batch in 0..9 {
        let events: Vec<String> = (0..25).map(|n| format!("m{}", batch * 25 + n)).collect();
        world.run(&format!("v2 s{}\n  join !a | {}", batch + 2, events.join(" ")));
    }
    let entry = world.entry("!a");
    assert_eq!((entry.timeline_first.0, entry.timeline_end.0), (50, 225));
    assert_eq!(world.last.records.iter().filter(|(_, record)| record.is_none()).count(), 1, "one chunk is deleted");
    let dump = world.dump();
    assert!(dump.contains("50..225 [m50 "), "{dump}");
}

#[test]
fn large_events_are_trimmed_by_bytes() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join",
    );
    for n in 0..10 {
        let body = "x".repeat(60_000);
        world.json(&format!(
            r#"{{"next_batch":"s{n}","rooms":{{"join":{{"!a:x":{{"timeline":{{"events":[{{"type":"m.room.message","event_id":"$m{n}","sender":"@b:x","content":{{"body":"{body}"}}}}]}}}}}}}}}}"#
        ));
    }
    let entry = world.entry("!a");
    assert_eq!((entry.timeline_first.0, entry.timeline_end.0), (6, 10));
}

#[test]
fn history_goes_before_the_oldest() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m3 m4 limited prev:p3
         history !a m1 m2 prev:p1",
        expect![[r#"
            !a join active 3000
              -2..2 [<p1 ~m1 ~m2 <p3 m3 m4 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn history_that_reaches_the_beginning_says_so() {
    check(
        "v2 s0
         v2 s1
           join !a @me=join | m3 limited prev:p3
         history !a create#0 m2 complete",
        expect![[r#"
            !a join active 3000
              -2..1 all [~create#0 ~m2 <p3 m3 s1>]
              @me=join^1
        "#]],
    );
}

#[test]
fn history_fills_a_gap() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | m8 m9 limited prev:p8
         history !a m6 m7 prev:p6",
        expect![[r#"
            !a join active 4000
              -2..4 [m1 m2 s1>] gap [<p6 ~m6 ~m7 <p8 m8 m9 s2>]
              create^1 @me=join^1
        "#]],
    );
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | m8 m9 limited prev:p8
         history !a m1 m2 m6 m7 prev:p0",
        expect![[r#"
            !a join active 4000
              -2..4 [<p0 m1 m2 s1> ~m6 ~m7 <p8 m8 m9 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_redaction_edits_the_event_that_is_held() {
    let world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m1 m2
         v2 s2
           join !a | redact=m1",
    );
    expect![[r#"
        !a join active 4000 bump 3000
          0..3 [m1(redacted) m2 s1> redact=m1 s2>]
          create^1 @me=join^1
    "#]]
    .assert_eq(&world.dump());
    let key = crate::model::RecordKey::Timeline(super::script::room("!a"), 0);
    let Some(Some(crate::model::Record::Timeline(chunk))) = world.cache.records.get(&key) else { panic!("no chunk") };
    assert!(chunk.events[0].event.body.get().contains(r#""content":{}"#));
    assert_eq!(chunk.events[0].position.0, 1, "an edit does not make an old event new");
}

#[test]
fn a_redaction_edits_state() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join name=A @b=join:Bob | m1
         v2 s2
           join !a | redact=name=A redact=@b=join:Bob",
        expect![[r#"
            !a join active 4000 bump 3000 heroes @b
              0..3 [m1 s1> redact=name=A redact=@b=join:Bob s2>]
              create^1 name=A(redacted)^2 @b=join:Bob(redacted)^2 @me=join^1
        "#]],
    );
}

#[test]
fn a_bundled_aggregation_goes_when_a_newer_relation_comes() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | bundled",
    );
    let unsigned = |world: &super::World| {
        let key = crate::model::RecordKey::Timeline(super::script::room("!a"), 0);
        let Some(Some(crate::model::Record::Timeline(chunk))) = world.cache.records.get(&key) else {
            panic!("no chunk")
        };
        chunk.events[0].event.unsigned.as_ref().expect("unsigned").get().to_owned()
    };
    assert!(unsigned(&world).contains("m.thread"));
    world.run("v2 s2\n  join !a | reply=bundled");
    assert_eq!(unsigned(&world), r#"{"age":1}"#);
}

#[test]
fn rooms_of_one_response_are_stamped_in_the_order_of_their_newest_events() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1>30
           join !b create @me=join | m2>10
           join !c create @me=join | m3>99999999
           join !d create @me=join | m4>20",
        expect![[r#"
            !a join active 3002
              0..1 [m1 s1>]
              create^1 @me=join^1
            !b join active 3000
              0..1 [m2 s1>]
              create^1 @me=join^1
            !c join active 3003
              0..1 [m3 s1>]
              create^1 @me=join^1
            !d join active 3001
              0..1 [m4 s1>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn stamps_grow_when_the_clock_goes_back() {
    check(
        "v2 s0
         now 5000
         v2 s1
           join !a create @me=join | m1
         now 10
         v2 s2
           join !b create @me=join | m2",
        expect![[r#"
            !a join active 6000
              0..1 [m1 s1>]
              create^1 @me=join^1
            !b join active 6001
              0..1 [m2 s2>]
              create^2 @me=join^2
        "#]],
    );
}

#[test]
fn only_bump_types_move_the_bump_stamp() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         v2 s2
           join !a | reaction topic=T",
        expect![[r#"
            !a join active 4000 bump 3000
              0..3 [m1 s1> reaction topic=T s2>]
              create^1 topic=T^2 @me=join^1
        "#]],
    );
}

#[test]
fn in_one_response_bump_stamps_have_an_order_of_their_own() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | a1
           join !b create @me=join | b1
         v2 s2
           join !a | a2>3100 reaction>3300
           join !b | b2>3200",
        expect![[r#"
            !a join active 4002 bump 4000
              0..3 [a1 s1> a2 reaction s2>]
              create^1 @me=join^1
            !b join active 4001
              0..2 [b1 s1> b2 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn a_room_that_is_entered_has_the_bump_stamp_of_its_last_message() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | a1
           invite !b @me=invite/@b
         v2 s2
           join !b create>5 @b=join>6 | b1>7 @me=invite#1/@b>8 @me=join#2",
        expect![[r#"
            !a join active 3000
              0..1 [a1 s1>]
              create^1 @me=join^1
            !b join active 4000 bump 7 heroes @b
              0..3 [b1 @me=invite#1/@b @me=join#2 s2>] joined at 2
              create^2 @b=join^2 @me=join#2^2
        "#]],
    );
}

#[test]
fn a_message_from_before_the_join_that_is_newer_than_all_that_is_known_is_stamped_as_news() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | a1
         v2 s2
           join !a | a2>3200
           join !b create>5 @b=join>6 | b1>3100 @me=join>3300",
        expect![[r#"
            !a join active 4001
              0..2 [a1 s1> a2 s2>]
              create^1 @me=join^1
            !b join active 4002 bump 4000 heroes @b
              0..2 [b1 @me=join s2>] joined at 1
              create^2 @b=join^2 @me=join^2
        "#]],
    );
}

#[test]
fn a_message_that_comes_with_the_leave_bumps_the_room() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m1
         v2 s2
           leave !a | m2 @me=leave",
        expect![[r#"
            !a leave active 4000
              0..3 [m1 s1> m2 @me=leave s2>]
              create^1 @me=leave^2
        "#]],
    );
}

#[test]
fn a_room_that_the_user_makes_is_news_however_late_that_is_known() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | a1
         v2 s2
           join !b | create/@me>2500 @me=join>2501 name=B/@me>2502",
        expect![[r#"
            !a join active 3000
              0..1 [a1 s1>]
              create^1 @me=join^1
            !b join active 4001 bump 4000 name B
              0..3 all [create/@me @me=join name=B/@me s2>] joined at 1
              create/@me^2 name=B/@me^2 @me=join^2
        "#]],
    );
}

#[test]
fn a_room_that_is_entered_again_keeps_the_bump_stamp_that_is_known_where_no_message_shows() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | a1
         v2 s2
           leave !a | @me=leave#1
         v2 s3
           join !a create name=B @me=join#2 | name=B @me=join#2 limited",
        expect![[r#"
            !a join active 5000 bump 3000 name B
              0..4 [a1 s1> @me=leave#1 s2>] gap [name=B @me=join#2 s3>] joined at 3
              create^3 name=B^3 @me=join#2^3
        "#]],
    );
}

#[test]
fn history_is_a_change_of_the_timeline_unless_all_of_it_is_held() {
    let mut world = after(
        "v2 s0
         v2 s1
           join !a create @me=join | m3 m4 limited prev:p3
         history !a m1 m2 prev:p1",
    );
    let position = world.cache.account.position;
    assert_eq!(world.entry("!a").changed.timeline, position, "connections that were sent less look again");
    world.run("history !a m1 m2 prev:p1");
    assert_eq!(world.entry("!a").changed.timeline, position);
}

#[test]
fn history_that_was_asked_for_before_a_gap_belongs_elsewhere() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m3 m4 limited prev:p3
         v2 s2
           join !a | m8 limited prev:p8
         history !a m1 m2 prev:p1 at:1",
        expect![[r#"
            !a join active 4000
              0..3 gap [<p3 m3 m4 s1>] gap [<p8 m8 s2>]
              create^1 @me=join^1
        "#]],
    );
}

#[test]
fn history_that_ends_before_what_was_dropped_meanwhile_is_not_laid() {
    check(
        "v2 s0
         v2 s1
           join !a create @me=join | m3 m4 limited prev:p3
         history !a m1 m2 prev:p1 from:-3",
        expect![[r#"
            !a join active 3000
              0..2 gap [<p3 m3 m4 s1>]
              create^1 @me=join^1
        "#]],
    );
}
