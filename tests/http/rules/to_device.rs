//! To-device messages and device lists (`spec/extensions.md`).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn messages_come_until_they_are_acknowledged() {
    check(expect![[r#"
        v2: to_device k1 k2
        sync ext to_device
            to_device [k1 k2] next=2
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=2
        sync ext to_device since=none
            v4: nothing
            simplified: to_device [] next=2
        v2: to_device k3
        sync ext to_device
            to_device [k3] next=3
    "#]]);
}

#[test]
fn the_same_since_gives_the_same_messages() {
    check(expect![[r#"
        v2: to_device k1
        sync ext to_device
            to_device [k1] next=1
        v2: to_device k2 k3
        lost ext to_device
            to_device [k2 k3] next=3
        lost ext to_device
            to_device [k2 k3] next=3
        sync ext to_device
            to_device [k2 k3] next=3
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=3
    "#]]);
}

#[test]
fn no_since_replays_what_is_not_acknowledged() {
    check(expect![[r#"
        v2: to_device k1 k2
        first ext to_device since=none
            to_device [k1 k2] next=2
        first ext to_device since=none
            to_device [k1 k2] next=2
        first ext to_device
            v4: nothing
            simplified: to_device [] next=2
        first ext to_device since=none
            v4: nothing
            simplified: to_device [] next=2
    "#]]);
}

#[test]
fn a_limit_leaves_the_rest_for_the_next_request_at_once() {
    check(expect![[r#"
        v2: to_device k1 k2 k3
        sync ext to_device limit=2
            to_device [k1 k2] next=2
        sync ext to_device limit=2 +5s
            to_device [k3] next=3
        sync ext to_device limit=2
            v4: nothing
            simplified: to_device [] next=3
    "#]]);
}

#[test]
fn a_limit_below_one_is_one_here_and_refused_there() {
    check(expect![[r#"
        v2: to_device k1 k2
        sync ext to_device limit=0
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.limit: must be at least 1, not 0
            simplified: to_device [k1] next=1
        sync ext to_device limit=-3
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.limit: must be at least 1, not -3
            simplified: to_device [k2] next=2
    "#]]);
}

#[test]
fn a_foreign_since_replays_everything_here_and_is_refused_there() {
    check(expect![[r#"
        v2: to_device k1 k2
        sync ext to_device
            to_device [k1 k2] next=2
        sync ext to_device since=424242
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
            simplified: to_device [k1 k2] next=2
        sync ext to_device since=9007199254740000
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
            simplified: to_device [k1 k2] next=2
    "#]]);
}

#[test]
fn a_since_that_is_no_number_is_refused() {
    check(expect![[r#"
        v2: to_device k1
        sync ext to_device since=s72594_4483
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: must be an integer in a string, not "s72594_4483"
            simplified: 400 M_INVALID_PARAM: extensions.to_device.since: must be an integer in a string, not "s72594_4483"
        sync ext to_device since=-1
            v4: 400 M_INVALID_PARAM: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
            simplified: to_device [k1] next=1
        sync ext to_device
            v4: to_device [k1] next=1
            simplified: to_device [] next=1
    "#]]);
}

#[test]
fn messages_wake_a_parked_request() {
    check(expect![[r#"
        v2: !a timeline m1
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=0
        park ext to_device
        v2: to_device k1
        woken
            to_device [k1] next=1
    "#]]);
}

#[test]
fn the_queue_is_the_devices_whatever_the_connection() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1
        sync conn=one ext to_device
            to_device [k1] next=1
        sync conn=two ext to_device
            v4: nothing
            simplified: to_device [] next=1
        v2: to_device k2
        sync conn=two ext to_device
            to_device [k2] next=2
        sync conn=one ext to_device
            v4: nothing
            simplified: to_device [] next=2
        sync conn=one ext to_device since=none
            v4: nothing
            simplified: to_device [] next=2
    "#]]);
}

#[test]
fn messages_and_tokens_survive_a_kill() {
    check(expect![[r#"
        v2: to_device k1 k2 k3
        sync ext to_device limit=1
            to_device [k1] next=1
        sync ext to_device limit=1
            to_device [k2] next=2
        restart
        sync ext to_device
            to_device [k3] next=3
        v2: to_device k4
        restart
        sync ext to_device
            to_device [k4] next=4
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=4
    "#]]);
}

#[test]
fn keys_and_fallback_types_come_first_and_then_as_they_change() {
    check(expect![[r#"
        v2: keys 50 | fallback signed_curve25519
        sync ext e2ee
            e2ee signed_curve25519=50 fallback[signed_curve25519]
        sync ext e2ee
            nothing
        v2: keys 49
        sync ext e2ee
            e2ee signed_curve25519=49 fallback[signed_curve25519] changed[] left[]
        v2: keys 49 | fallback none
        sync ext e2ee
            e2ee signed_curve25519=49 fallback[] changed[] left[]
    "#]]);
}

#[test]
fn keys_that_the_homeserver_does_not_count_are_none() {
    check(expect![[r#"
        v2: !a timeline m1
        sync ext e2ee
            e2ee signed_curve25519=0
    "#]]);
}

#[test]
fn device_lists_come_with_a_pos_and_wake() {
    check(expect![[r#"
        v2: keys 1
        sync ext e2ee
            e2ee signed_curve25519=1
        park ext e2ee
        v2: keys 1 | devices @bob @eve -@kim
        woken
            e2ee signed_curve25519=1 changed[@bob @eve] left[@kim]
        sync ext e2ee
            nothing
    "#]]);
}

#[test]
fn device_lists_repeat_until_they_are_confirmed() {
    check(expect![[r#"
        v2: keys 1
        sync ext e2ee
            e2ee signed_curve25519=1
        v2: keys 1 | devices @bob
        lost ext e2ee
            e2ee signed_curve25519=1 changed[@bob] left[]
        v2: keys 1 | devices @eve
        sync ext e2ee
            e2ee signed_curve25519=1 changed[@bob @eve] left[]
        repeat ext e2ee
            e2ee signed_curve25519=1 changed[@bob @eve] left[]
        sync ext e2ee
            nothing
    "#]]);
}

#[test]
fn device_lists_without_a_pos_come_on_the_unstable_wire_only() {
    check(expect![[r#"
        v2: keys 1
        v2: keys 1 | devices @bob -@eve
        first ext e2ee
            v4: e2ee signed_curve25519=1
            simplified: e2ee signed_curve25519=1 changed[@bob] left[@eve]
    "#]]);
}

#[test]
fn each_connection_has_its_own_coverage_of_device_lists() {
    check(expect![[r#"
        v2: keys 1
        sync conn=one ext e2ee
            e2ee signed_curve25519=1
        sync conn=two ext e2ee
            e2ee signed_curve25519=1
        v2: keys 1 | devices @bob
        sync conn=one ext e2ee
            e2ee signed_curve25519=1 changed[@bob] left[]
        sync conn=one ext e2ee
            nothing
        sync conn=two ext e2ee
            e2ee signed_curve25519=1 changed[@bob] left[]
    "#]]);
}

#[test]
fn who_left_and_came_back_is_changed_only() {
    check(expect![[r#"
        v2: keys 1
        sync ext e2ee
            e2ee signed_curve25519=1
        v2: keys 1 | devices -@bob
        v2: keys 1 | devices @bob
        sync ext e2ee
            e2ee signed_curve25519=1 changed[@bob] left[]
        v2: keys 1 | devices -@bob
        sync ext e2ee
            e2ee signed_curve25519=1 changed[] left[@bob]
    "#]]);
}

#[test]
fn an_acknowledged_message_is_never_returned_again() {
    check(expect![[r#"
        v2: to_device k1 k2 k3
        sync ext to_device limit=1
            to_device [k1] next=1
        sync ext to_device limit=1
            to_device [k2] next=2
        sync ext to_device limit=1
            to_device [k3] next=3
        sync ext to_device since=ago:2
            to_device [k3] next=3
        sync ext to_device since=none
            to_device [k3] next=3
    "#]]);
}

#[test]
fn nothing_but_since_acknowledges() {
    check(expect![[r#"
        v2: to_device k1
        sync ext to_device since=none
            to_device [k1] next=1
        sync ext to_device since=none
            to_device [k1] next=1
        sync nothing
            nothing
        sync conn=b
            nothing
        first conn=b ext to_device since=none
            to_device [k1] next=1
        restart
        sync ext to_device since=none
            to_device [k1] next=1
        sync ext to_device
            v4: nothing
            simplified: to_device [] next=1
    "#]]);
}

#[test]
fn the_order_of_what_a_device_sent_is_kept() {
    check(expect![[r#"
        v2: to_device k1@bob k2@eve k3@bob
        v2: to_device k4@eve k5@bob
        sync ext to_device limit=2
            to_device [k1 k2] next=2
        sync ext to_device limit=2
            to_device [k3 k4] next=4
        sync ext to_device limit=2
            to_device [k5] next=5
    "#]]);
}

#[test]
fn a_change_of_key_counts_wakes() {
    check(expect![[r#"
        v2: keys 50
        sync ext e2ee
            e2ee signed_curve25519=50
        park
        v2: keys 50
        asleep
        v2: keys 49
        woken
            e2ee signed_curve25519=49 changed[] left[]
    "#]]);
}

#[test]
fn who_both_changed_and_left_has_left() {
    check(expect![[r#"
        v2: keys 1
        sync ext e2ee
            e2ee signed_curve25519=1
        v2: keys 1 | devices @bob -@bob
        sync ext e2ee
            e2ee signed_curve25519=1 changed[] left[@bob]
    "#]]);
}

#[test]
fn an_encryption_loop_keeps_its_coverage_without_lists_and_rooms() {
    check(expect![[r#"
        v2: keys 1
        sync conn=encryption ext e2ee ext to_device
            e2ee signed_curve25519=1
            simplified: to_device [] next=0
        v2: keys 1 | devices @bob | to_device k1
        first conn=encryption ext e2ee ext to_device
            v4: e2ee signed_curve25519=1
            simplified: e2ee signed_curve25519=1 changed[@bob] left[]
            to_device [k1] next=1
        sync pos=of:encryption conn=encryption ext e2ee ext to_device
            v4: nothing
            simplified: to_device [] next=1
        restart
        v2: keys 1 | devices @eve
        sync conn=encryption ext e2ee ext to_device
            e2ee signed_curve25519=1 changed[@eve] left[]
            simplified: to_device [] next=1
    "#]]);
}

#[test]
fn enabling_in_the_middle_gives_what_a_first_request_would() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 7 | to_device k1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync and ext e2ee ext to_device +5s
            all: 1
            e2ee signed_curve25519=7
            to_device [k1] next=1
    "#]]);
}

#[test]
fn an_extension_that_is_not_enabled_is_silent() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 7 | to_device k1 | data x.y={}
        sync list all [0,9] ext to_device enabled=false ext e2ee enabled=false ext account_data enabled=false
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn extension_names_of_the_other_wire_mean_nothing() {
    check_v4(expect![[r#"
        v2: to_device k1
        post {"extensions":{"to_device":{"enabled":true,"since":"bogus"},"unknown":{"enabled":true}}}
            200
    "#]]);
    check_simplified(expect![[r#"
        v2: to_device k1
        post {"extensions":{"org.matrix.msc4538.to_device":{"enabled":true,"since":"bogus"},"unknown":7}}
            200
    "#]]);
}
