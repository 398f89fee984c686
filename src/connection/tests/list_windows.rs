//! Lists, ranges, and subscriptions.

use expect_test::expect;

use super::script::check;

#[test]
fn a_list_is_sorted_by_latest_activity_and_cut_by_its_range() {
    check(
        "
        !a: create; join; m1
        !b: create; join; m1
        !c: create; join; m1
        first x[0,1] limit=0
        !a: m2
        sync x[0,1] limit=0
        sync x[0,99] limit=0
        ",
        expect![[r#"
            > first x[0,1] limit=0
              x: 3
              !c initial join in x
              !b initial join in x
              (2 stored)
            > sync x[0,1] limit=0
              x: 3
              !a initial join in x
              (1 stored)
            > sync x[0,99] limit=0
              x: 3
        "#]],
    );
}

#[test]
fn a_list_without_range_is_all_of_it_on_v4() {
    check(
        "
        !a: create; join; m1
        !b: create; join; m1
        first x[all] limit=0
        first x[] limit=0 simplified conn=c
        first x[5,2] limit=0
        first x[7,9] limit=0
        first x[0,0|1,1] limit=0
        ",
        expect![[r#"
            > first x[all] limit=0
              x: 2
              !b initial join in x
              !a initial join in x
              (2 stored)
            > first x[] limit=0 simplified conn=c
              x: 2
              (1 stored)
            > first x[5,2] limit=0
              x: 2
              (1 stored)
            > first x[7,9] limit=0
              x: 2
              (1 stored)
            > first x[0,0|1,1] limit=0
              x: 2
              !b initial join in x
              !a initial join in x
              (2 stored)
        "#]],
    );
}

#[test]
fn filters_choose_and_count() {
    check(
        "
        !a: create; join; tag m.favourite
        !b: create; join
        !c: invite
        direct: !b
        first dm[0,9] dm=yes limit=0 inv[0,9] invited=yes limit=0 fav[0,9] tag=m.favourite limit=0 all[0,9] limit=0
        ",
        expect![[r#"
            > first dm[0,9] dm=yes limit=0 inv[0,9] invited=yes limit=0 fav[0,9] tag=m.favourite limit=0 all[0,9] limit=0
              all: 3
              dm: 1
              fav: 1
              inv: 1
              !c initial invite in all,inv stripped=1
              !b initial join in all,dm dm=true
              !a initial join in all,fav
              (2 stored)
        "#]],
    );
}

#[test]
fn an_own_leave_keeps_its_place_for_the_connection_that_knows_the_room() {
    check(
        "
        !a: create; join; m1
        !b: create; join; m1
        !c: create; join; m1
        first x[0,9] limit=0
        !b: leave
        !a: m2
        sync x[0,9] limit=5
        sync x[0,0] limit=5
        first x[0,9] limit=0 conn=new
        first +!b limit=5 conn=sub
        ",
        expect![[r#"
            > first x[0,9] limit=0
              x: 3
              !c initial join in x
              !b initial join in x
              !a initial join in x
              (2 stored)
            > sync x[0,9] limit=5
              x: 3
              !a in x timeline[$create1 $join1 $m1 $m2] expanded prev=s0 live=1
              !b leave in x timeline[$create2 $join1 $m1 $leave3] expanded prev=s0 live=1
              !c in x timeline[$create3 $join1 $m1] expanded prev=s0
              (1 stored)
            > sync x[0,0] limit=5
              x: 3
            > first x[0,9] limit=0 conn=new
              x: 2
              !a initial join in x
              !c initial join in x
              (2 stored)
            > first +!b limit=5 conn=sub
              !b initial leave timeline[$create2 $join1 $m1 $leave3] prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn a_forgotten_room_is_gone() {
    check(
        "
        !a: create; join; m1
        !b: create; join; m1
        first x[0,9] limit=0
        !a: forgotten
        sync x[0,9] limit=0
        ",
        expect![[r#"
            > first x[0,9] limit=0
              x: 2
              !b initial join in x
              !a initial join in x
              (2 stored)
            > sync x[0,9] limit=0
              x: 1
              (1 stored)
        "#]],
    );
}

#[test]
fn a_room_of_which_nothing_is_known_is_counted_but_not_sent() {
    check(
        "
        !a: create; join; m1
        !b: join; unknown
        first x[0,9] limit=1
        sync x[0,9] limit=1 wait
        !b: name Tea; m1
        ",
        expect![[r#"
            > first x[0,9] limit=1
              x: 2
              !a initial join in x timeline[$m1] limited prev=s0
              (2 stored)
            > sync x[0,9] limit=1 wait
            waits 30000
            !b wakes v4/
              x: 2
              !b initial join in x name=Tea timeline[$m1] limited prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn a_subscription_to_a_room_that_is_not_there_is_ignored() {
    check(
        "
        !a: create; join; m1
        first +!nowhere limit=5 +!a limit=5
        ",
        expect![[r#"
            > first +!nowhere limit=5 +!a limit=5
              !a initial join timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn a_subscription_is_answered_at_once() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first x[0,0] limit=1
        sync x[0,0] limit=1 +!a limit=5 wait
        ",
        expect![[r#"
            > first x[0,0] limit=1
              x: 2
              !b initial join in x timeline[$n1] limited prev=s0
              (2 stored)
            > sync x[0,0] limit=1 +!a limit=5 wait
              x: 2
              !a initial join timeline[$create1 $join1 $m1] prev=s0
              (1 stored)
        "#]],
    );
}

#[test]
fn subscriptions_are_literal_by_default() {
    check(
        "
        !a: create; join; m1
        first simplified conn=c +!a limit=5
        !a: m2
        sync simplified conn=c
        sync simplified conn=c +!a limit=5
        ",
        expect![[r#"
            > first simplified conn=c +!a limit=5
              !a initial join timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync simplified conn=c
              (1 stored)
            > sync simplified conn=c +!a limit=5
              !a timeline[$m2] prev=s0
              (1 stored)
        "#]],
    );
}

#[test]
fn subscriptions_of_a_client_that_sends_them_once_are_kept() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first simplified sticky x[0,0] limit=1 +!a limit=5
        !a: m2
        !b: n2
        sync simplified sticky x[0,0] limit=1
        again simplified sticky x[0,0] limit=1
        restart
        !a: m3
        !b: n3
        sync simplified sticky x[0,0] limit=1
        sync simplified sticky x[0,0] limit=1 -!a
        !a: m4
        !b: n4
        sync simplified sticky x[0,0] limit=1
        ",
        expect![[r#"
            > first simplified sticky x[0,0] limit=1 +!a limit=5
              x: 2
              !a initial join timeline[$create1 $join1 $m1] prev=s0
              !b initial join in x timeline[$n1] limited prev=s0
              (2 stored)
            > sync simplified sticky x[0,0] limit=1
              x: 2
              !a timeline[$m2] prev=s0 live=1
              !b in x timeline[$n2] prev=s0 live=1
            > again simplified sticky x[0,0] limit=1
              x: 2
              !a timeline[$m2] prev=s0 live=1
              !b in x timeline[$n2] prev=s0 live=1
            > sync simplified sticky x[0,0] limit=1
              x: 2
              !a timeline[$m3] prev=s0 live=1
              !b in x timeline[$n3] prev=s0 live=1
            > sync simplified sticky x[0,0] limit=1 -!a
              x: 2
              (1 stored)
            > sync simplified sticky x[0,0] limit=1
              x: 2
              !b in x timeline[$n4] prev=s0 live=1
              (1 stored)
        "#]],
    );
}
