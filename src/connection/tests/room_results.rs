//! What is said of a room.

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
fn the_timeline_grows_at_once() {
    check(
        "
        !a: create; join; m1; m2; m3; m4
        first a[0,9] limit=1
        sync a[0,9] limit=3 wait
        sync a[0,9] limit=3
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m4] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=3 wait
              a: 1
              !a in a timeline[$m2 $m3 $m4] limited expanded prev=s0
              (1 stored)
            > sync a[0,9] limit=3
              a: 1
        "#]],
    );
}

#[test]
fn the_timeline_does_not_grow_by_what_the_client_has() {
    check(
        "
        !a: create; join; m1; m2
        first a[0,9] limit=1
        !a: m3
        sync a[0,9] limit=1
        !a: m4
        sync a[0,9] limit=1
        sync a[0,9] limit=3
        sync a[0,9] limit=4
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m2] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1
              a: 1
              !a in a timeline[$m3] prev=s0 live=1
            > sync a[0,9] limit=1
              a: 1
              !a in a timeline[$m4] prev=s0 live=1
            > sync a[0,9] limit=3
              a: 1
              (1 stored)
            > sync a[0,9] limit=4
              a: 1
              !a in a timeline[$m1 $m2 $m3 $m4] limited expanded prev=s0
              (1 stored)
        "#]],
    );
}

#[test]
fn ten_five_ten_sends_nothing_again() {
    check(
        "
        !a: create; join; m1; m2; m3; m4; m5; m6; m7; m8; m9
        first a[0,9] limit=10
        sync a[0,9] limit=5
        !a: n1
        sync a[0,9] limit=5
        sync a[0,9] limit=10
        !a: o1; o2; o3; o4; o5; o6
        sync a[0,9] limit=5
        sync a[0,9] limit=10
        ",
        expect![[r#"
            > first a[0,9] limit=10
              a: 1
              !a initial join in a timeline[$join1 $m1 $m2 $m3 $m4 $m5 $m6 $m7 $m8 $m9] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$n1] prev=s0 live=1
            > sync a[0,9] limit=10
              a: 1
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$o2 $o3 $o4 $o5 $o6] limited prev=s0 live=5
              (1 stored)
            > sync a[0,9] limit=10
              a: 1
              !a in a timeline[$m7 $m8 $m9 $n1 $o1 $o2 $o3 $o4 $o5 $o6] limited expanded prev=s0
              (1 stored)
        "#]],
    );
}

#[test]
fn on_the_unstable_wire_an_expanded_timeline_is_limited() {
    check(
        "
        !a: create; join; m1; m2
        first simplified conn=c a[0,9] limit=1
        sync simplified conn=c a[0,9] limit=9
        ",
        expect![[r#"
            > first simplified conn=c a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m2] limited prev=s0
              (2 stored)
            > sync simplified conn=c a[0,9] limit=9
              a: 1
              !a in a timeline[$create1 $join1 $m1 $m2] limited expanded prev=s0
              (1 stored)
        "#]],
    );
}

#[test]
fn a_timeline_of_more_than_the_limit_is_limited() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=1
        first a[0,9] limit=9
        !a: m2; m3; m4
        sync a[0,9] limit=2
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > first a[0,9] limit=9
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=2
              a: 1
              !a in a timeline[$m3 $m4] limited prev=s0 live=2
              (1 stored)
        "#]],
    );
}

#[test]
fn a_timeline_without_limit_is_none_and_growing_it_sends_all() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=0
        !a: m2
        sync a[0,9] limit=0
        sync a[0,9] limit=9
        !a: m3
        sync a[0,9] limit=0
        !a: m4
        sync a[0,9] limit=9
        ",
        expect![[r#"
            > first a[0,9] limit=0
              a: 1
              !a initial join in a
              (2 stored)
            > sync a[0,9] limit=0
              a: 1
            > sync a[0,9] limit=9
              a: 1
              !a in a timeline[$create1 $join1 $m1 $m2] expanded prev=s0
              (1 stored)
            > sync a[0,9] limit=0
              a: 1
              (1 stored)
            > sync a[0,9] limit=9
              a: 1
              !a in a timeline[$create1 $join1 $m1 $m2 $m3 $m4] expanded prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn a_window_never_crosses_a_gap() {
    check(
        "
        !a: create; join; m1; m2
        first a[0,9] limit=9
        !a: gap g1; m3; m4
        first a[0,9] limit=9 conn=new
        sync a[0,9] limit=9
        !a: m5
        sync a[0,9] limit=9
        ",
        expect![[r#"
            > first a[0,9] limit=9
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1 $m2] prev=s0
              (2 stored)
            > first a[0,9] limit=9 conn=new
              a: 1
              !a initial join in a timeline[$m3 $m4] limited prev=g1
              (2 stored)
            > sync a[0,9] limit=9
              a: 1
              !a in a timeline[$m3 $m4] limited prev=g1 live=2
              (1 stored)
            > sync a[0,9] limit=9
              a: 1
              !a in a timeline[$m5] prev=s0 live=1
        "#]],
    );
}

#[test]
fn prev_batch_stands_at_or_after_the_oldest_event_sent() {
    check(
        "
        !a: join; gap t0; m1; m2; m3; token t3; m4; m5
        first a[0,9] limit=5
        first a[0,9] limit=3
        first a[0,9] limit=2
        first a[0,9] limit=1
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$m1 $m2 $m3 $m4 $m5] limited prev=t0
              (2 stored)
            > first a[0,9] limit=3
              a: 1
              !a initial join in a timeline[$m3 $m4 $m5] limited prev=t3
              (2 stored)
            > first a[0,9] limit=2
              a: 1
              !a initial join in a timeline[$m4 $m5] limited prev=s0
              (2 stored)
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m5] limited prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn num_live_counts_what_happened_since_the_request_before() {
    check(
        "
        !b: create; join; n1
        !a: create; join; m1
        first a[0,0] limit=5
        !b: n2; n3
        sync a[0,0] limit=5
        !a: m2
        sync a[0,1] limit=5
        ",
        expect![[r#"
            > first a[0,0] limit=5
              a: 2
              !a initial join in a timeline[$create2 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,0] limit=5
              a: 2
              !b initial join in a timeline[$create1 $join1 $n1 $n2 $n3] prev=s0 live=2
              (1 stored)
            > sync a[0,1] limit=5
              a: 2
              !a in a timeline[$m2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn what_was_filled_in_behind_the_last_event_sent_is_sent_as_well() {
    // A base that was laid in between brought it: without it the client would have a hole, and not know.
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: m4
        !a: filled m2 m3
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$m2 $m3 $m4] prev=s0 live=1
        "#]],
    );
}

#[test]
fn history_before_the_own_join_is_not_live() {
    check(
        "
        !b: create; join; n1
        first a[0,9] limit=5
        !a: h1; h2; join; m1
        sync a[0,9] limit=9
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !b initial join in a timeline[$create1 $join1 $n1] prev=s0
              (2 stored)
            > sync a[0,9] limit=9
              a: 2
              !a initial join in a timeline[$h1 $h2 $join2 $m1] limited prev=s0 live=2
              (1 stored)
        "#]],
    );
}

#[test]
fn joining_again_sends_the_room_anew() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: leave
        sync a[0,9] limit=5
        !a: m2; join; m3
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a leave in a timeline[$leave3] prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$m1 $leave3 $m2 $join5 $m3] limited prev=s0 live=2
              (1 stored)
        "#]],
    );
}

#[test]
fn a_leave_and_a_join_between_two_answers_send_the_room_anew() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: leave
        !a: join
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1 $leave3 $join4] prev=s0 live=1
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
fn heroes_stand_in_for_a_name() {
    check(
        "
        !a: create; join; heroes @bob:x @eve:x
        !b: create; join; name Tea; heroes @bob:x
        first a[0,9] limit=0
        !b: name -
        !a: name Cake
        sync a[0,9] limit=0
        sync a[0,9] limit=0
        ",
        expect![[r#"
            > first a[0,9] limit=0
              a: 2
              !b initial join in a name=Tea joined=2
              !a initial join in a heroes=@bob:x,@eve:x joined=3
              (2 stored)
            > sync a[0,9] limit=0
              a: 2
              !a in a name=Cake
              !b in a name=null heroes=@bob:x
            > sync a[0,9] limit=0
              a: 2
        "#]],
    );
}

#[test]
fn a_removed_name_is_null_on_v4_only() {
    check(
        "
        !a: create; join; name Tea
        first a[0,9] limit=0
        first simplified conn=c a[0,9] limit=0 state=name
        !a: name -
        sync a[0,9] limit=0
        sync simplified conn=c a[0,9] limit=0 state=name
        ",
        expect![[r#"
            > first a[0,9] limit=0
              a: 1
              !a initial join in a name=Tea
              (2 stored)
            > first simplified conn=c a[0,9] limit=0 state=name
              a: 1
              !a initial join in a name=Tea state[name]
              (2 stored)
            > sync a[0,9] limit=0
              a: 1
              !a in a name=null
            > sync simplified conn=c a[0,9] limit=0 state=name
              a: 1
              !a in a state[name]
        "#]],
    );
}

#[test]
fn is_dm_both_ways_sends_the_room_and_ends_a_wait() {
    check(
        "
        !a: create; join
        first a[0,9] limit=0
        sync a[0,9] limit=0 wait
        direct: !a
        sync a[0,9] limit=0 wait
        direct:
        ",
        expect![[r#"
            > first a[0,9] limit=0
              a: 1
              !a initial join in a
              (2 stored)
            > sync a[0,9] limit=0 wait
            waits 30000
            direct wakes v4/
              a: 1
              !a in a dm=true
              (1 stored)
            > sync a[0,9] limit=0 wait
            waits 30000
            direct wakes v4/
              a: 1
              !a in a dm=false
              (1 stored)
        "#]],
    );
}

#[test]
fn unread_counts_are_part_of_the_room_on_the_unstable_wire_only() {
    check(
        "
        !a: create; join; counts 3 1
        first simplified conn=c a[0,9] limit=0
        first a[0,9] limit=0
        !a: counts 0 0
        sync simplified conn=c a[0,9] limit=0
        sync a[0,9] limit=0
        ",
        expect![[r#"
            > first simplified conn=c a[0,9] limit=0
              a: 1
              !a initial join in a unread=3/1
              (2 stored)
            > first a[0,9] limit=0
              a: 1
              !a initial join in a
              (2 stored)
            > sync simplified conn=c a[0,9] limit=0
              a: 1
              !a in a unread=0/0
            > sync a[0,9] limit=0
              a: 1
        "#]],
    );
}

#[test]
fn events_of_ignored_users_are_left_out_but_not_their_state() {
    check(
        "
        !a: create; join; m1 @bob:x; m2 @eve:x; @eve:x; m3 @eve:x
        ignore: @eve:x
        first a[0,9] limit=3
        !a: m4 @eve:x
        sync a[0,9] limit=3
        ",
        expect![[r#"
            > first a[0,9] limit=3
              a: 1
              !a initial join in a timeline[$join1 $m1 $e4] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=3
              a: 1
        "#]],
    );
}

#[test]
fn an_invite_carries_stripped_state_only() {
    check(
        "
        !a: invite
        first a[0,9] limit=5 state=* account_data receipts typing
        sync a[0,9] limit=5
        !a: create; join; name Tea; m1
        sync a[0,9] limit=5 state=name
        ",
        expect![[r#"
            > first a[0,9] limit=5 state=* account_data receipts typing
              a: 1
              !a initial invite in a stripped=1
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              (1 stored)
            > sync a[0,9] limit=5 state=name
              a: 1
              !a initial join in a name=Tea state[name] timeline[$create2 $join1 $name2 $m1] prev=s0 live=3
              (1 stored)
        "#]],
    );
}

#[test]
fn a_rejected_invite_tells_its_end() {
    check(
        "
        !a: invite
        first a[0,9] limit=5 state=member/me
        first simplified conn=c a[0,9] limit=5 state=member/me
        !a: leave
        sync a[0,9] limit=5 state=member/me
        sync simplified conn=c a[0,9] limit=5 state=member/me
        ",
        expect![[r#"
            > first a[0,9] limit=5 state=member/me
              a: 1
              !a initial invite in a stripped=1
              (2 stored)
            > first simplified conn=c a[0,9] limit=5 state=member/me
              a: 1
              !a initial invite in a stripped=1
              (2 stored)
            > sync a[0,9] limit=5 state=member/me
              a: 1
              !a leave in a stripped=1
              (1 stored)
            > sync simplified conn=c a[0,9] limit=5 state=member/me
              a: 1
              !a leave in a stripped=1 state[member/@me:x]
              (1 stored)
        "#]],
    );
}

#[test]
fn a_retracted_invite_is_owed_to_the_connection_that_knows_it() {
    check(
        "
        !a: invite
        first a[0,9] limit=5
        !a: kick
        sync a[0,9] limit=5
        first a[0,9] limit=5 conn=new
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial invite in a stripped=1
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a leave in a stripped=1
              (1 stored)
            > first a[0,9] limit=5 conn=new
              a: 0
              (1 stored)
        "#]],
    );
}

#[test]
fn a_knock_that_is_accepted_becomes_a_room() {
    check(
        "
        !a: knock
        first a[0,9] limit=5
        !a: create; join; m1
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial knock in a stripped=1
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create2 $join1 $m1] prev=s0 live=2
              (1 stored)
        "#]],
    );
}

#[test]
fn a_kick_is_a_change_of_the_room_and_stays_listed() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: kick
        sync a[0,9] limit=5 state=member/me
        first a[0,9] limit=5 conn=new
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 state=member/me
              a: 1
              !a leave in a state[member/@me:x] timeline[$kick3] prev=s0 live=1
              (1 stored)
            > first a[0,9] limit=5 conn=new
              a: 1
              !a initial leave in a timeline[$create1 $join1 $m1 $kick3] prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn an_invite_after_a_leave_replaces_the_room() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: kick
        !a: invite
        sync a[0,9] limit=5
        !a: leave
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a initial invite in a stripped=1
              (1 stored)
            > sync a[0,9] limit=5
              a: 1
              !a initial leave in a timeline[$create1 $join1 $m1 $kick3 $leave4] prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn the_sending_device_learns_its_transaction_id() {
    check(
        "
        !a: create; join; mine m1 txn1
        first a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1(txn1)] prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn more_history_is_wished_for_subscriptions_and_sent_when_it_comes() {
    check(
        "
        !a: gap t1; join; m1
        first +!a limit=5
        sync +!a limit=5 wait
        !a: history h1 h2 h3
        sync +!a limit=5
        ",
        expect![[r#"
            > first +!a limit=5
              !a initial join timeline[$join0 $m1] limited prev=t1
              (2 stored)
              fetch !a:x from t1 limit 5
            > sync +!a limit=5 wait
            waits 30000
              fetch !a:x from t1 limit 5
            !a wakes v4/
              !a timeline[$h1 $h2 $h3 $join0 $m1] limited expanded prev=t1
              (1 stored)
            > sync +!a limit=5
              nothing
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
