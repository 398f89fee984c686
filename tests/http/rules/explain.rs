//! Why a room is, or is not, in what a connection is sent (`GET /_sash/explain`).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_room_outside_of_the_window_has_an_index_and_no_rule() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,1] timeline 1
        explain !c
        explain !a
        sync list all [0,0] list rest [1,1] list none nowhere
        explain !a
        sync list all timeline 1
        explain !a
    "#]]);
}

#[test]
fn each_filter_that_refuses_a_room_is_named() {
    check(expect![[r#"
        v2: !a encryption tags m.favourite timeline m1 | !s space child!a timeline m2 | !b timeline m3 | !i invite bare | direct !a
        sync list people [0,9] dm list others [0,9] not-dm not-encrypted list invites [0,9] invited list fav [0,9] tags=m.favourite list not-fav [0,9] not-tags=m.favourite list spaces [0,9] types=m.space list in-s [0,9] spaces=!s list unread [0,9] unread
        explain !a
        explain !b
        explain !s
        explain !i
    "#]]);
}

#[test]
fn a_filter_has_the_name_of_its_wire() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        sync list invites [0,9] invited
        explain !a
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        sync list invites [0,9] invited
        explain !a
    "#]]);
}

#[test]
fn a_subscription_reaches_a_room_that_no_window_holds() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m3 | !b timeline m4
        sync list all [0,0] timeline 1 room !a timeline 20 state name
        explain !a
        sync list all [0,0] timeline 1
        explain !a
    "#]]);
}

#[test]
fn an_answer_is_told_from_one_that_the_client_has_confirmed() {
    check(expect![[r#"
        v2: !a timeline m1
        explain !a
        sync list all [0,9] timeline 5
        explain !a
        sync
        explain !a
        v2: !a m2
        explain !a
        lost
        explain !a
        sync
        sync
        explain !a
    "#]]);
}

#[test]
fn a_waiting_request_says_what_it_waits_with() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0]
        park
        explain !a
        explain !b
        hangup
        explain !b
    "#]]);
}

#[test]
fn explaining_takes_nothing_as_sent() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5 ext receipts ext typing
        v2: !a receipts m2@bob timeline m2
        explain !a
        explain !a
        sync
        explain !a
    "#]]);
}

#[test]
fn a_room_that_has_fallen_behind_says_up_to_where_it_was_sent() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,1] timeline 1
        sync list all [0,0] timeline 1
        v2: !a m3 | !b m4
        sync
        explain !a
        sync list all [0,1] timeline 1
        explain !a
    "#]]);
}

#[test]
fn a_room_that_was_left_is_held_by_the_connection_that_was_sent_it() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,9]
        v2: !a leave
        sync
        explain !a
        sync conn=new list all [0,9]
        explain !a conn=new
    "#]]);
}

#[test]
fn memberships_are_told_apart() {
    check(expect![[r#"
        v2: !join timeline m1 | !invite invite name="Club" | !knock knock | !kicked timeline m2 kick | !left timeline m3
        sync list all [0,9]
        explain !invite show room
        explain !knock
        explain !kicked
        explain !left
    "#]]);
}

#[test]
fn a_room_that_the_account_does_not_know_is_said_to_be_unknown() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] room !nowhere timeline 1
        explain !nowhere
    "#]]);
}

#[test]
fn what_is_held_of_a_room_is_counted() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" encryption tags m.favourite timeline m1 m2
        v2: !a receipts m3@me typing @bob timeline m3
        explain !a show room
    "#]]);
}

#[test]
fn a_connection_that_there_is_not_is_said_not_to_be() {
    check(expect![[r#"
        v2: !a timeline m1
        explain !a conn=list
        sync conn=list list all [0,9]
        explain !a conn=list
        explain !a conn=*
    "#]]);
}

#[test]
fn after_a_restart_it_knows_what_was_sent_and_not_what_was_asked() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
        sync
        restart
        explain !a
        sync
        explain !a
    "#]]);
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    check(expect![[r#"
        v2: !a timeline m1
        explain ?
        explain ?room=
        explain ?room=tea
        explain ?room=%21a%3Ax&conn_id=none
        explain !a token=nobody
        explain !a token=
    "#]]);
}
