//! What is said of a room.

use expect_test::expect;

use super::script::check;

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
