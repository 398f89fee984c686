//! Requests that wait: what wakes them, what supersedes them, how long they wait.

use expect_test::expect;

use crate::scenario::check;

#[test]
fn a_newer_request_supersedes_the_parked_one() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        sync list all [0,9] timeline 1
            all: 1
        woken
            429 M_LIMIT_EXCEEDED retry_after_ms=1000 Retry-After=1: a newer request on this connection has taken this one's place
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_client_that_hangs_up_has_taken_nothing() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        hangup
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_parked_request_wakes_for_what_it_can_see_and_nothing_else() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync room !a timeline 1
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park +0.5s
        v2: !b m3
        v2: to_device k1
        v2: data x.y={}
        v2: !a typing @bob receipts m1@bob tags u.x
        asleep
        v2: !a m4
        woken
            !a [m4] prev=<m4 live=1
    "#]]);
}

#[test]
fn a_parked_request_ends_with_its_timeout() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync +0.1s
            all: 1
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_first_request_never_waits() {
    check(expect![[r#"
        v2: data x.y={}
        sync list all [0,9] +30s
            all: 0
    "#]]);
}

#[test]
fn a_parked_request_wakes_when_a_room_enters_its_window() {
    check(expect![[r#"
        v2: !k timeline m1 | !a timeline m2 | !b timeline m3 | !s space timeline m4
        sync list top [0,0] timeline 1 list fav [0,9] tags=m.favourite timeline 1 list dms [0,9] dm timeline 1 list kids [0,9] spaces=!s timeline 1
            dms: 0
            fav: 0
            kids: 0
            top: 4
            !s initial join in=top heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4
        park
        asleep
        v2: !a tags m.favourite
        woken
            dms: 0
            fav: 1
            kids: 0
            top: 4
            !a initial join in=fav heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        park
        v2: direct !b
        woken
            dms: 1
            fav: 1
            kids: 0
            top: 4
            !b initial join in=dms heroes[@bob] dm joined=2 invited=0 [m3] limited prev=<m3
        park
        v2: !s child!k
        woken
            dms: 1
            fav: 1
            kids: 1
            top: 4
            !k initial join in=kids heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        v2: !c invite
        woken
            dms: 1
            fav: 1
            kids: 1
            top: 5
            !c initial invite in=top stripped{create invite@me}
    "#]]);
}

#[test]
fn a_parked_request_sleeps_through_what_its_window_does_not_show() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list second [1,1] timeline 1 state topic
            second: 3
            !b initial join in=second heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        park
        v2: !c m4
        v2: !a receipts m1@bob
        v2: !a tags u.x
        v2: data x.y={}
        v2: to_device k1 | devices @bob
        v2: presence @bob
        asleep
        v2: !b m5
        woken
            second: 3
            !c initial join in=second heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4 live=1
    "#]]);
}

#[test]
fn a_parked_request_wakes_for_the_extensions_that_it_asked_for() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list top [0,0] timeline 1 ext typing ext receipts ext account_data
            top: 2
            !b initial join in=top heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        park
        v2: !a typing @bob
        v2: !a receipts m1@bob
        v2: !a tags u.x
        asleep
        v2: !b typing @bob
        woken
            top: 2
            typing !b[@bob]
        park
        v2: !b receipts m2@bob
        woken
            top: 2
            receipts !b[m2@bob]
        park
        v2: !b tags u.y
        woken
            top: 2
            account_data !b[m.tag={"u.y":{}}]
        park
        v2: data x.y={}
        woken
            top: 2
            account_data [x.y={}]
    "#]]);
}

#[test]
fn other_connections_supersede_nothing() {
    check(expect![[r#"
        v2: !a timeline m1
        sync conn=one list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=two list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park conn=one
        sync conn=two
            all: 1
        sync conn=three list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=two list all [0,0] timeline 2
            all: 1
        asleep conn=one
        v2: !a m2
        woken conn=one
            all: 1
            !a in=all [m2] prev=<m2 live=1
        sync conn=two
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_request_that_starts_over_supersedes_the_parked_one() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        first list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        woken
            429 M_LIMIT_EXCEEDED retry_after_ms=1000 Retry-After=1: a newer request on this connection has taken this one's place
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_connection_that_asks_for_nothing_waits_and_is_answered() {
    check(expect![[r#"
        v2: !a timeline m1
        sync nothing
            nothing
        park nothing
        v2: !a m2 | to_device k1
        asleep
        sync nothing
            nothing
        v4: woken
            429 M_LIMIT_EXCEEDED retry_after_ms=1000 Retry-After=1: a newer request on this connection has taken this one's place
        simplified: asleep
    "#]]);
}

#[test]
fn a_push_process_does_not_disturb_the_encryption_loop() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 3
        sync conn=encryption ext e2ee ext to_device
            e2ee signed_curve25519=3
            simplified: to_device [] next=0
        v2: to_device k1 | keys 3
        # Another process, on the same conn_id, without a pos.
        lost conn=encryption pos=none ext e2ee ext to_device
            e2ee signed_curve25519=3
            to_device [k1] next=1
        sync conn=encryption ext e2ee ext to_device
            to_device [k1] next=1
    "#]]);
}
