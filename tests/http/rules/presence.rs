//! Presence (`spec/extensions.md`): the v2 events, asked of the homeserver only while some client wants them.

use expect_test::expect;

use crate::scenario::{check, check_v4};

#[test]
fn presence_comes_while_it_is_asked_for() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        sync ext presence
            nothing
        park ext presence
        v2: presence @bob
        woken
            presence[@bob]
        sync ext presence
            nothing
        v2: presence -@bob
        sync ext presence
            presence[@bob:offline]
    "#]]);
}

#[test]
fn the_homeserver_is_not_asked_for_presence_unless_a_client_is() {
    check_v4(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        asked nothing
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a m2
        asked start sync
            sync since=s2 online
        sync ext presence
            nothing
        v2: !a m3
        asked start sync
            sync start with-presence
            sync since=s2 online with-presence
            sync since=s3 online with-presence
    "#]]);
}

#[test]
fn whoever_begins_to_want_presence_is_told_how_everybody_is() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        homeserver: now presence @bob @eve
        sync
            nothing
        park ext presence
        woken
            presence[@bob @eve]
        v2: presence @eve
        sync
            presence[@eve]
    "#]]);
}

#[test]
fn presence_is_wanted_across_a_restart() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        homeserver: now presence @bob @eve
        sync
            nothing
        park ext presence
        woken
            presence[@bob @eve]
        restart
        v2: presence -@bob
        sync
            presence[@bob:offline @eve]
        first ext presence
            presence[@bob:offline @eve]
    "#]]);
}

#[test]
fn presence_that_another_device_wants_comes_all_the_same() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        login-device TABLET
        homeserver: now presence @bob
        sync device=TABLET
            nothing
        park device=TABLET ext presence
        woken device=TABLET
            presence[@bob]
        park device=TABLET
        v2: presence @eve
        woken device=TABLET
            presence[@eve]
    "#]]);
}

#[test]
fn presence_that_cannot_be_asked_for_stops_nothing() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        homeserver: now presence @bob
        homeserver: fail start 500
        sync list all [0,9] timeline 1 ext presence
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        failed start
        v2: !a m2 | presence @bob
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
            presence[@bob]
    "#]]);
}

#[test]
fn presence_that_could_not_be_asked_for_is_asked_for_again() {
    check(expect![[r#"
        # Undisturbed: presence is kept in memory, and asked for anew after each restart.
        v2: !a timeline m1
        homeserver: now presence @bob
        homeserver: fail start 500
        sync ext presence
            nothing
        failed start
        v2: !a m2
        sync
            presence[@bob]
    "#]]);
}
