//! What all extensions have in common (`spec/extensions.md`, "Common rules").

use expect_test::expect;

use crate::scenario::{check, check_v4};

#[test]
fn what_is_in_scope_wakes_and_what_is_not_does_not() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] ext receipts ext typing ext account_data
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
        park
        v2: !a typing @bob
        asleep
        v2: !a receipts m1@bob
        asleep
        v2: !a data x.y={"n":1}
        asleep
        v2: !b typing @bob
        woken
            all: 2
            typing !b[@bob]
        park
        v2: !b receipts m2@bob
        woken
            all: 2
            receipts !b[m2@bob]
        park
        v2: !b data x.y={"n":2}
        woken
            all: 2
            account_data !b[x.y={"n":2}]
        park
        v2: data x.y={"n":3}
        woken
            all: 2
            account_data [x.y={"n":3}]
        sync list all [0,1] ext receipts ext typing ext account_data
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0
            account_data !a[x.y={"n":1}]
            typing !a[@bob]
    "#]]);
}

#[test]
fn what_is_not_enabled_does_not_wake() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        v2: !a typing @bob
        v2: !a receipts m1@bob
        v2: !a data x.y={"n":1}
        v2: data x.y={"n":2}
        v2: keys 2 | devices @bob
        v2: to_device k1
        v2: presence @bob
        asleep
        v2: !a m2
        woken
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn what_is_missed_while_an_extension_is_off_comes_when_it_is_on_again() {
    check(expect![[r#"
        v2: !a tags u.one timeline m1 | !b timeline m2 | keys 1 | data x.y={"n":1}
        v2: !a typing @bob receipts m1@bob
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            account_data [x.y={"n":1}]
            account_data !a[m.tag={"u.one":{}}]
            e2ee signed_curve25519=1
            receipts !a[m1@bob]
            typing !a[@bob]
        sync list all [0,9] timeline 1
            all: 2
        v2: !a typing @eve
        v2: !a receipts m1@eve
        v2: !a tags u.two
        v2: data x.y={"n":2}
        v2: keys 2 | devices @bob -@kim
        sync
            all: 2
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 2
            account_data [x.y={"n":2}]
            account_data !a[m.tag={"u.two":{}}]
            e2ee signed_curve25519=2 changed[@bob] left[@kim]
            receipts !a[m1@eve]
            typing !a[@eve]
        sync
            all: 2
    "#]]);
}

#[test]
fn nothing_comes_twice_because_an_extension_was_off_in_between() {
    check(expect![[r#"
        v2: !a tags u.one timeline m1 | keys 1 | data x.y={"n":1}
        v2: !a typing @bob receipts m1@bob
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            account_data [x.y={"n":1}]
            account_data !a[m.tag={"u.one":{}}]
            e2ee signed_curve25519=1
            receipts !a[m1@bob]
            typing !a[@bob]
        sync list all [0,9] timeline 1
            all: 1
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
    "#]]);
}

#[test]
fn what_an_answer_enabled_that_was_lost_is_enabled_by_the_next() {
    check(expect![[r#"
        v2: !a tags u.one timeline m1 | keys 1 | data x.y={"n":1}
        v2: !a typing @bob receipts m1@bob
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        lost list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            account_data [x.y={"n":1}]
            account_data !a[m.tag={"u.one":{}}]
            e2ee signed_curve25519=1
            receipts !a[m1@bob]
            typing !a[@bob]
        lost list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            account_data [x.y={"n":1}]
            account_data !a[m.tag={"u.one":{}}]
            e2ee signed_curve25519=1
            receipts !a[m1@bob]
            typing !a[@bob]
        lost list all [0,9] timeline 1
            all: 1
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            account_data [x.y={"n":1}]
            account_data !a[m.tag={"u.one":{}}]
            e2ee signed_curve25519=1
            receipts !a[m1@bob]
            typing !a[@bob]
        sync
            all: 1
        repeat
            all: 1
    "#]]);
}

#[test]
fn what_an_answer_turned_off_that_was_lost_is_still_on() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 1
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            e2ee signed_curve25519=1
        v2: !a typing @bob receipts m1@bob data x.y={"n":1}
        lost list all [0,9] timeline 1
            all: 1
        v2: keys 2 | devices @bob | data x.y={"n":2}
        sync list all [0,9] timeline 1 ext e2ee ext account_data ext receipts ext typing
            all: 1
            account_data [x.y={"n":2}]
            account_data !a[x.y={"n":1}]
            e2ee signed_curve25519=2 changed[@bob] left[]
            receipts !a[m1@bob]
            typing !a[@bob]
    "#]]);
}

#[test]
fn a_room_that_leaves_the_scope_and_returns_ends_up_current() {
    check(expect![[r#"
        v2: !a tags u.one timeline m1 | !b timeline m2
        v2: !a typing @bob
        sync list one [0,0] list all [0,9] timeline 1 ext account_data lists=all rooms= ext receipts lists=all rooms= ext typing lists=all rooms=
            all: 2
            one: 2
            !b initial join in=all,one heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            account_data !a[m.tag={"u.one":{}}]
            typing !a[@bob]
        sync list one [0,0] list all [0,9] timeline 1 ext account_data lists=one rooms= ext receipts lists=one rooms= ext typing lists=one rooms=
            all: 2
            one: 2
        v2: !a typing none
        v2: !a receipts m1@bob
        v2: !a receipts m1@eve
        v2: !a tags u.two
        sync
            all: 2
            one: 2
        sync list one [0,0] list all [0,9] timeline 1 ext account_data lists=all rooms= ext receipts lists=all rooms= ext typing lists=all rooms=
            all: 2
            one: 2
            account_data !a[m.tag={"u.two":{}}]
            receipts !a[m1@bob m1@eve]
            typing !a[]
        sync
            all: 2
            one: 2
    "#]]);
}

#[test]
fn scopes_hold_for_account_data_and_receipts_as_for_typing() {
    check(expect![[r#"
        v2: !a tags u.a timeline m1 | !b tags u.b timeline m2 | !c tags u.c timeline m3
        v2: !a receipts m1@bob | !b receipts m2@bob | !c receipts m3@bob
        first list top [0,0] timeline 1 list mid [1,1] timeline 1 room !a timeline 1 ext account_data ext receipts
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=mid heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !c initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            account_data !a[m.tag={"u.a":{}}]
            account_data !b[m.tag={"u.b":{}}]
            account_data !c[m.tag={"u.c":{}}]
            receipts !a[m1@bob]
            receipts !b[m2@bob]
            receipts !c[m3@bob]
        first list top [0,0] timeline 1 list mid [1,1] timeline 1 room !a timeline 1 ext account_data lists=top rooms= ext receipts lists= rooms=!a
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=mid heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !c initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            account_data !c[m.tag={"u.c":{}}]
            receipts !a[m1@bob]
        first list top [0,0] timeline 1 list mid [1,1] timeline 1 room !a timeline 1 ext account_data lists= rooms=!b ext receipts lists= rooms=*
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=mid heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !c initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            simplified: account_data !b[m.tag={"u.b":{}}]
            simplified: receipts !a[m1@bob]
            simplified: receipts !b[m2@bob]
            simplified: receipts !c[m3@bob]
        first list top [0,0] timeline 1 list mid [1,1] timeline 1 room !a timeline 1 ext account_data lists= rooms= ext receipts lists=nowhere rooms=!nowhere
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=mid heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !c initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
    "#]]);
}

#[test]
fn global_account_data_comes_whatever_the_scope() {
    check(expect![[r#"
        v2: !a tags u.a timeline m1 | data x.y={"n":1}
        sync ext account_data lists= rooms=
            account_data [x.y={"n":1}]
        v2: data x.y={"n":2}
        sync
            account_data [x.y={"n":2}]
    "#]]);
}

#[test]
fn in_scope_is_not_permission() {
    check(expect![[r#"
        v2: !a name="Tea" tags u.a timeline m1 | !b name="Club" tags u.b timeline m2 | !c name="Tor" tags u.c timeline m3
        v2: !a typing @bob receipts m1@bob | !b typing @bob receipts m2@bob | !c typing @bob receipts m3@bob
        v2: !a leave timeline kick@me | !b leave timeline ban@me | !c leave
        first list all [0,9] timeline 1 room !c timeline 1 ext account_data ext receipts ext typing
            all: 2
            !c initial leave name="Tor" joined=1 invited=0 [leave@me] limited prev=<member-18
            !b initial ban in=all name="Club" joined=1 invited=0 [ban@me] limited prev=<member-17
            !a initial leave in=all name="Tea" joined=1 invited=0 [kick@me] limited prev=<member-16
        sync
            all: 3
    "#]]);
}

#[test]
fn an_extension_of_its_own_name_is_answered_under_that_name_only() {
    check_v4(expect![[r#"
        v2: !a timeline m1 | keys 1 | to_device k1
        post {"extensions":{"e2ee":{"enabled":true},"to_device":{"enabled":true,"since":"bogus"}}}
            200
        first ext e2ee ext to_device
            e2ee signed_curve25519=1
            to_device [k1] next=1
    "#]]);
}
