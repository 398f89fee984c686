//! Which events a timeline holds, and what is said beside them.

use expect_test::expect;

use super::script::check;

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
fn what_was_live_when_an_answer_had_no_room_for_it_is_live_when_it_comes() {
    check(
        "
        !c: create; join; o1
        !b: create; join; n1
        !a: create; join; m1
        cap 1
        first a[0,2] limit=5
        sync a[0,2] limit=5
        sync a[0,2] limit=5
        !c: o2
        !b: n2; n3
        !d: create; join; p1
        !a: m2
        sync a[0,3] limit=5
        !b: n4
        sync a[0,3] limit=5
        restart
        sync a[0,3] limit=5
        again a[0,3] limit=5
        sync a[0,3] limit=5
        !c: o3
        sync a[0,3] limit=5
        ",
        expect![[r#"
            > first a[0,2] limit=5
              a: 3
              !a initial join in a timeline[$create3 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,2] limit=5
              a: 3
              !b initial join in a timeline[$create2 $join1 $n1] prev=s0
              (1 stored)
            > sync a[0,2] limit=5
              a: 3
              !c initial join in a timeline[$create1 $join1 $o1] prev=s0
              (1 stored)
            > sync a[0,3] limit=5
              a: 4
              !a in a timeline[$m2] prev=s0 live=1
              (1 stored)
            > sync a[0,3] limit=5
              a: 4
              !b in a timeline[$n2 $n3 $n4] prev=s0 live=3
              (1 stored)
            > sync a[0,3] limit=5
              a: 4
              !d initial join in a timeline[$create6 $join1 $p1] prev=s0 live=2
              (1 stored)
            > again a[0,3] limit=5
              a: 4
              !d initial join in a timeline[$create6 $join1 $p1] prev=s0 live=2
              (1 stored)
            > sync a[0,3] limit=5
              a: 4
              !c in a timeline[$o2] prev=s0 live=1
              (1 stored)
            > sync a[0,3] limit=5
              a: 4
              !c in a timeline[$o3] prev=s0 live=1
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
