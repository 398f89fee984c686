//! The filters of lists (`spec/v4.md`, "Request"; `spec/synapse.md` §4).

use expect_test::expect;

use crate::scenario::check;

#[test]
fn is_dm_follows_m_direct() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | direct !a
        sync list people [0,9] dm list rooms [0,9] not-dm
            people: 1
            rooms: 1
            !a initial join in=people heroes[@bob] dm joined=2 invited=0
            !b initial join in=rooms heroes[@bob] joined=2 invited=0
        v2: direct !b
        sync
            people: 1
            rooms: 1
            !b in=people dm
            !a in=rooms dm=false
    "#]]);
}

#[test]
fn is_encrypted_follows_the_state() {
    check(expect![[r#"
        v2: !a encryption timeline m1 | !b timeline m2
        sync list safe [0,9] encrypted list open [0,9] not-encrypted
            open: 1
            safe: 1
            !b initial join in=open heroes[@bob] joined=2 invited=0
            !a initial join in=safe heroes[@bob] joined=2 invited=0
        v2: !b timeline encryption
        sync
            open: 0
            safe: 2
    "#]]);
}

#[test]
fn is_invited_tells_invites_from_rooms() {
    check(expect![[r#"
        v2: !a timeline m1 | !b invite name="Club"
        sync list invites [0,9] invited list rooms [0,9] not-invited
            invites: 1
            rooms: 1
            !b initial invite in=invites stripped{create name="Club" invite@me}
            !a initial join in=rooms heroes[@bob] joined=2 invited=0
        v2: !b timeline join@me
        sync
            invites: 0
            rooms: 2
            !b initial join in=rooms heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn an_invite_matches_by_its_stripped_state() {
    check(expect![[r#"
        v2: !safe invite encryption | !open invite | !space invite space
        sync list safe [0,9] encrypted list open [0,9] not-encrypted list spaces [0,9] types=m.space list rooms [0,9] not-types=m.space
            open: 2
            rooms: 2
            safe: 1
            spaces: 1
            !space initial invite in=open,spaces stripped{space invite@me}
            !open initial invite in=open,rooms stripped{create invite@me}
            !safe initial invite in=rooms,safe stripped{create encryption invite@me}
    "#]]);
}

#[test]
fn an_invite_that_shows_nothing_matches_neither_way() {
    check(expect![[r#"
        v2: !a invite bare
        sync list safe [0,9] encrypted list open [0,9] not-encrypted list spaces [0,9] types=m.space list rooms [0,9] not-types=m.space list all [0,9]
            all: 1
            open: 0
            rooms: 0
            safe: 0
            spaces: 0
            !a initial invite in=all stripped{invite@me}
    "#]]);
}

#[test]
fn a_space_holds_its_children_only() {
    check(expect![[r#"
        v2: !s space child!a child!t timeline m1 | !t space child!b timeline m2 | !a timeline m3 | !b timeline m4
        sync list in-s [0,9] spaces=!s list in-t [0,9] spaces=!t list in-either [0,9] spaces=!s,!t list in-nothing [0,9] spaces=!nowhere list both [0,9] spaces=!s,!nowhere
            both: 2
            in-either: 3
            in-nothing: 0
            in-s: 2
            in-t: 1
            !a initial join in=both,in-either,in-s heroes[@bob] joined=2 invited=0
            !t initial join in=both,in-either,in-s heroes[@bob] joined=2 invited=0
            !b initial join in=in-either,in-t heroes[@bob] joined=2 invited=0
        v2: !s child!b
        sync
            both: 3
            in-either: 3
            in-nothing: 0
            in-s: 3
            in-t: 1
        v2: !s child!a={}
        sync
            both: 2
            in-either: 2
            in-nothing: 0
            in-s: 2
            in-t: 1
    "#]]);
}

#[test]
fn a_space_that_the_user_is_not_in_holds_nothing() {
    check(expect![[r#"
        v2: !s space child!a timeline m1 | !a timeline m2
        sync list in [0,9] spaces=!s
            in: 1
            !a initial join in=in heroes[@bob] joined=2 invited=0
        v2: !s leave
        sync
            in: 0
    "#]]);
}

#[test]
fn room_types_are_asked_for_and_excluded_and_exclusion_wins() {
    check(expect![[r#"
        v2: !s space timeline m1 | !a timeline m2 | !c create={"type":"call"} timeline m3
        sync list spaces [0,9] types=m.space list plain [0,9] types=null list either [0,9] types=m.space,null list not [0,9] not-types=m.space list both [0,9] types=m.space,call not-types=m.space
            both: 1
            either: 2
            not: 2
            plain: 1
            spaces: 1
            !c initial join in=both,not heroes[@bob] joined=2 invited=0
            !a initial join in=either,not,plain heroes[@bob] joined=2 invited=0
            !s initial join in=either,spaces heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn tags_are_asked_for_and_excluded_and_exclusion_wins() {
    check(expect![[r#"
        v2: !a tags m.favourite timeline m1 | !b tags m.favourite m.lowpriority timeline m2 | !c timeline m3
        sync list fav [0,9] tags=m.favourite list not-low [0,9] not-tags=m.lowpriority list both [0,9] tags=m.favourite not-tags=m.lowpriority
            both: 1
            fav: 2
            not-low: 2
            !a initial join in=both,fav,not-low heroes[@bob] joined=2 invited=0
            !b initial join in=fav heroes[@bob] joined=2 invited=0
            !c initial join in=not-low heroes[@bob] joined=2 invited=0
        v2: !c tags m.favourite
        sync
            both: 2
            fav: 3
            not-low: 2
        v2: !a tags none
        sync
            both: 1
            fav: 2
            not-low: 2
    "#]]);
}

#[test]
fn a_filter_that_changes_is_answered_at_once() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | direct !a
        sync list all [0,9] dm timeline 1
            all: 1
            !a initial join in=all heroes[@bob] dm joined=2 invited=0 [m1] limited prev=<m1
        sync list all [0,9] not-dm timeline 1 +5s
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
    "#]]);
}

#[test]
fn a_knock_is_no_invite() {
    check(expect![[r#"
        v2: !a knock name="Club" | !b invite name="Other"
        sync list invites [0,9] invited list rooms [0,9] not-invited
            invites: 1
            rooms: 1
            !b initial invite in=invites stripped{create name="Other" invite@me}
            !a initial knock in=rooms stripped{create name="Club" knock@me}
    "#]]);
}

#[test]
fn a_tag_that_is_set_brings_the_room_into_a_waiting_list() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list fav [0,9] tags=m.favourite timeline 1
            fav: 0
        park
        v2: !a tags m.favourite
        woken
            fav: 1
            !a initial join in=fav heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        v2: !b tags u.other
        asleep
        v2: !b tags u.other m.favourite
        woken
            fav: 2
            !b initial join in=fav heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
    "#]]);
}

#[test]
fn a_child_that_joins_a_space_comes_into_a_waiting_list_and_goes_with_its_event() {
    check(expect![[r#"
        v2: !s space timeline m1 | !a timeline m2
        sync list in-s [0,9] spaces=!s timeline 1
            in-s: 0
        park
        v2: !s timeline child!a$c
        woken
            in-s: 1
            !a initial join in=in-s heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !s redact:c
        sync
            in-s: 0
    "#]]);
}

#[test]
fn a_space_that_is_entered_brings_its_children() {
    check(expect![[r#"
        v2: !s invite space | !a timeline m2
        sync list in-s [0,9] spaces=!s timeline 1
            in-s: 0
        v2: !s space child!a timeline join@me
        sync
            in-s: 1
            !a initial join in=in-s heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !s leave timeline kick@me
        sync
            in-s: 0
    "#]]);
}

#[test]
fn what_happens_to_a_room_after_one_was_kicked_changes_no_filter() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        v2: !a leave timeline kick@me
        v2@TABLET: !a m1 timeline encryption
        sync list safe [0,9] encrypted list open [0,9] not-encrypted
            open: 1
            safe: 0
            !a initial leave in=open heroes[@bob] joined=1 invited=0
    "#]]);
}

#[test]
fn a_removed_encryption_event_does_not_make_a_room_open() {
    check(expect![[r#"
        v2: !a encryption$e timeline m1
        sync list safe [0,9] encrypted list open [0,9] not-encrypted
            open: 0
            safe: 1
            !a initial join in=safe heroes[@bob] joined=2 invited=0
        v2: !a redact:e
        sync
            open: 0
            safe: 1
    "#]]);
}
