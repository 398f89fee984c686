//! Which state comes with a room, and when it comes again.

use expect_test::expect;

use super::script::check;

#[test]
fn state_comes_with_the_room_and_then_as_it_changes() {
    check(
        "
        !a: create; join; name Tea; state m.room.topic '' hot
        first a[0,9] limit=1 state=name,topic
        !a: state m.room.topic '' cold
        sync a[0,9] limit=1 state=name,topic
        ",
        expect![[r#"
            > first a[0,9] limit=1 state=name,topic
              a: 1
              !a initial join in a name=Tea state[name topic] timeline[$topic1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1 state=name,topic
              a: 1
              !a in a state[topic] timeline[$topic2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn the_own_member_event_is_sent_where_it_is_asked_for() {
    check(
        "
        !a: create; join; @bob:x; @eve:x
        first a[0,9] limit=0 state=member/me
        !a: kick
        sync a[0,9] limit=0 state=member/me
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=member/me
              a: 1
              !a initial join in a state[member/@me:x]
              (2 stored)
            > sync a[0,9] limit=0 state=member/me
              a: 1
              !a leave in a state[member/@me:x]
              (1 stored)
        "#]],
    );
}

#[test]
fn everything_is_wanted_but_what_is_excluded() {
    check(
        "
        !a: create; join; name Tea; @bob:x
        first a[0,9] limit=0 state=* exclude=m.room.create,member/*
        first a[0,9] limit=0 state=*/@bob:x
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=* exclude=m.room.create,member/*
              a: 1
              !a initial join in a name=Tea state[name]
              (2 stored)
            > first a[0,9] limit=0 state=*/@bob:x
              a: 1
              !a initial join in a name=Tea state[member/@bob:x]
              (2 stored)
        "#]],
    );
}

#[test]
fn removed_state_is_a_stub_on_v4_and_silent_on_the_unstable_wire() {
    check(
        "
        !a: create; join; state m.room.topic '' hot
        first a[0,9] limit=0 state=topic
        first simplified a[0,9] limit=0 state=topic
        !a: unset m.room.topic ''
        sync a[0,9] limit=0 state=topic
        sync simplified a[0,9] limit=0 state=topic
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=topic
              a: 1
              !a initial join in a state[topic]
              (2 stored)
            > first simplified a[0,9] limit=0 state=topic
              a: 1
              !a initial join in a state[topic]
              (2 stored)
            > sync a[0,9] limit=0 state=topic
              a: 1
              !a in a state[no m.room.topic/]
            > sync simplified a[0,9] limit=0 state=topic
              a: 1
        "#]],
    );
}

#[test]
fn state_that_was_removed_before_is_not_mentioned_at_first() {
    check(
        "
        !a: create; join; state m.room.topic '' hot
        !a: unset m.room.topic ''
        first a[0,9] limit=0 state=topic
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=topic
              a: 1
              !a initial join in a
              (2 stored)
        "#]],
    );
}

#[test]
fn wanting_more_state_sends_it_at_once() {
    check(
        "
        !a: create; join; name Tea; state m.room.topic '' hot
        first a[0,9] limit=0 state=name
        sync a[0,9] limit=0 state=name,topic wait
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=name
              a: 1
              !a initial join in a name=Tea state[name]
              (2 stored)
            > sync a[0,9] limit=0 state=name,topic wait
              a: 1
              !a in a state[topic]
              (1 stored)
        "#]],
    );
}

#[test]
fn wanting_less_and_more_again_sends_only_what_changed_meanwhile() {
    check(
        "
        !a: create; join; name Tea; state m.room.topic '' hot
        first a[0,9] limit=0 state=name,topic
        sync a[0,9] limit=0 state=name
        sync a[0,9] limit=0 state=name,topic
        sync a[0,9] limit=0 state=name
        !a: state m.room.topic '' cold
        sync a[0,9] limit=0 state=name
        sync a[0,9] limit=0 state=name,topic
        sync a[0,9] limit=0 state=name,topic
        ",
        expect![[r#"
            > first a[0,9] limit=0 state=name,topic
              a: 1
              !a initial join in a name=Tea state[name topic]
              (2 stored)
            > sync a[0,9] limit=0 state=name
              a: 1
              (1 stored)
            > sync a[0,9] limit=0 state=name,topic
              a: 1
              (1 stored)
            > sync a[0,9] limit=0 state=name
              a: 1
              (1 stored)
            > sync a[0,9] limit=0 state=name
              a: 1
            > sync a[0,9] limit=0 state=name,topic
              a: 1
              !a in a state[topic]
              (1 stored)
            > sync a[0,9] limit=0 state=name,topic
              a: 1
        "#]],
    );
}

#[test]
fn a_room_under_several_rules_gets_the_superset() {
    check(
        "
        !a: create; join; name Tea; state m.room.topic '' hot; m1; m2; m3
        first a[0,9] limit=1 state=name b[0,9] limit=3 state=topic exclude=name
        first a[0,9] limit=1 state=name +!a limit=2 state=topic
        ",
        expect![[r#"
            > first a[0,9] limit=1 state=name b[0,9] limit=3 state=topic exclude=name
              a: 1
              b: 1
              !a initial join in a,b name=Tea state[name topic] timeline[$m1 $m2 $m3] limited prev=s0
              (2 stored)
            > first a[0,9] limit=1 state=name +!a limit=2 state=topic
              a: 1
              !a initial join in a name=Tea state[name topic] timeline[$m2 $m3] limited prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn lazy_members_are_dropped_where_another_rule_wants_all() {
    check(
        "
        !a: create; join; @bob:x; quiet @eve:x; m1
        first a[0,9] limit=1 lazy
        first a[0,9] limit=1 lazy +!a limit=1 state=member/*
        first a[0,9] limit=1 lazy state=*
        ",
        expect![[r#"
            > first a[0,9] limit=1 lazy
              a: 1
              !a initial join in a state[member/@bob:x] timeline[$m1] limited prev=s0
              (2 stored)
            > first a[0,9] limit=1 lazy +!a limit=1 state=member/*
              a: 1
              !a initial join in a state[member/@bob:x member/@eve:x member/@me:x] timeline[$m1] limited prev=s0
              (2 stored)
              fetch members of !a:x
            > first a[0,9] limit=1 lazy state=*
              a: 1
              !a initial join in a state[create member/@bob:x] timeline[$m1] limited prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn lazy_members_are_those_whom_the_timeline_needs_each_once() {
    check(
        "
        !a: create; join; quiet @bob:x; quiet @eve:x; quiet @dan:x; m1 @bob:x
        first a[0,9] limit=1 lazy
        !a: m2 @eve:x; m3 @bob:x
        sync a[0,9] limit=9 lazy
        !a: m4 @eve:x
        sync a[0,9] limit=9 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=1 lazy
              a: 1
              !a initial join in a state[member/@bob:x] timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=9 lazy
              a: 1
              !a in a state[member/@me:x member/@eve:x] timeline[$create1 $join1 $m1 $m2 $m3] expanded prev=s0 live=2
              (1 stored)
            > sync a[0,9] limit=9 lazy
              a: 1
              !a in a timeline[$m4] prev=s0 live=1
        "#]],
    );
}

#[test]
fn lazy_members_include_the_targets_of_membership_events() {
    check(
        "
        !a: create; join; quiet @bob:x; m1
        first a[0,9] limit=1 lazy
        !a: @eve:x
        sync a[0,9] limit=9 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=1 lazy
              a: 1
              !a initial join in a state[member/@bob:x] timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=9 lazy
              a: 1
              !a in a state[member/@eve:x member/@me:x] timeline[$create1 $join1 $m1 $e3] expanded prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn member_changes_come_along_unless_the_timeline_is_limited() {
    check(
        "
        !a: create; join; quiet @bob:x; quiet @eve:x; m1 @bob:x
        first a[0,9] limit=1 lazy
        !a: quiet @eve:x; m2
        sync a[0,9] limit=9 lazy
        !a: quiet @eve:x; m3; m4
        sync a[0,9] limit=1 lazy
        !a: m5 @eve:x
        sync a[0,9] limit=1 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=1 lazy
              a: 1
              !a initial join in a state[member/@bob:x] timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=9 lazy
              a: 1
              !a in a state[member/@eve:x member/@me:x] timeline[$create1 $join1 $m1 $m2] expanded prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=1 lazy
              a: 1
              !a in a state[member/@bob:x] timeline[$m4] limited prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=1 lazy
              a: 1
              !a in a state[member/@eve:x] timeline[$m5] prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn a_limited_timeline_flushes_the_members() {
    check(
        "
        !a: create; join; quiet @bob:x; m1 @bob:x
        first a[0,9] limit=2 lazy
        !a: m2 @bob:x; m3 @bob:x; m4 @bob:x
        sync a[0,9] limit=2 lazy
        !a: m5 @bob:x
        sync a[0,9] limit=2 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=2 lazy
              a: 1
              !a initial join in a state[member/@me:x member/@bob:x] timeline[$join1 $m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=2 lazy
              a: 1
              !a in a state[member/@bob:x] timeline[$m3 $m4] limited prev=s0 live=2
              (1 stored)
            > sync a[0,9] limit=2 lazy
              a: 1
              !a in a timeline[$m5] prev=s0 live=1
        "#]],
    );
}

#[test]
fn members_that_were_wanted_by_name_count_as_sent_for_lazy_loading() {
    check(
        "
        !a: create; join; quiet @bob:x; m1 @bob:x
        first a[0,9] limit=1 state=member/*
        sync a[0,9] limit=1 lazy
        !a: m2 @bob:x
        sync a[0,9] limit=1 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=1 state=member/*
              a: 1
              !a initial join in a state[member/@bob:x member/@me:x] timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1 lazy
              a: 1
              (1 stored)
            > sync a[0,9] limit=1 lazy
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn all_members_are_wished_for_where_all_are_wanted() {
    check(
        "
        !a: create; join
        first +!a limit=0 state=member/*
        first a[0,9] limit=0 state=member/*
        ",
        expect![[r#"
            > first +!a limit=0 state=member/*
              !a initial join state[member/@me:x]
              (2 stored)
              fetch members of !a:x
            > first a[0,9] limit=0 state=member/*
              a: 1
              !a initial join in a state[member/@me:x]
              (2 stored)
        "#]],
    );
}

#[test]
fn wanting_lazy_members_anew_sends_those_of_the_timeline_that_the_client_has() {
    check(
        "
        !a: create; join; quiet @bob:x; quiet @eve:x; m1 @eve:x; m2 @bob:x
        first a[0,9] limit=1
        !a: m3 @bob:x
        sync a[0,9] limit=1
        sync a[0,9] limit=1 lazy wait
        sync a[0,9] limit=1 lazy
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m2] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1
              a: 1
              !a in a timeline[$m3] prev=s0 live=1
            > sync a[0,9] limit=1 lazy wait
              a: 1
              !a in a state[member/@bob:x]
              (1 stored)
            > sync a[0,9] limit=1 lazy
              a: 1
        "#]],
    );
}
