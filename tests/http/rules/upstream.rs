//! What the homeserver does, and what clients see of it (`spec/../design.md` §3, Poller, Accumulator).

use expect_test::expect;

use crate::scenario::{check, check_v4};

#[test]
fn polls_go_on_from_what_was_committed() {
    check_v4(expect![[r#"
        # Undisturbed: it counts polls.
        v2: !a timeline m1
        asked nothing
        v2: !a m2
        v2: !a m3
        asked
            sync since=s2
            sync since=s3
    "#]]);
}

#[test]
fn failures_are_tried_again_and_lose_nothing() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: 500
        v2: 504
        status
            offline complete 1/1
        v2: !a m2
        status
            live complete 1/1
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn answers_that_break_off_or_are_nonsense_are_tried_again() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: half
        v2: html
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_rate_limit_is_kept() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: 429 0.1
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn null_and_nothing_are_empty_answers() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: null
        v2: empty
        status
            live complete 1/1
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn what_is_malformed_is_skipped_and_nothing_else() {
    check(expect![[r#"
        # Undisturbed: it writes the homeserver's state block itself.
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,9] timeline 5 state topic
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m3 | json {"rooms":{"join":{"nonsense":{},"!b:x":[],"!c:x":{"timeline":7}}},"to_device":7,"presence":[],"device_lists":{"changed":"x"}}
        sync
            all: 3
            !c initial join in=all limited prev=s2
            !a in=all [m3] prev=<m3 live=1
        v2: !b timeline m4 m5 json={"timeline":{"events":[7,"x",null,{},{"type":"m.room.message"},{"type":7,"event_id":"$x","sender":"@b:x","content":{},"origin_server_ts":1},{"type":"m.room.message","event_id":"$m6","sender":"@bob:x","content":{"body":"m6"},"origin_server_ts":1700000100000}]}}
        sync
            all: 3
            !b in=all [m6] prev=<m4 live=1
        v2: !a json={"state":{"events":[{"type":"m.room.topic","state_key":"","event_id":"$t","sender":"@bob:x","origin_server_ts":1,"content":{"topic":{"deep":[1]}}}]},"unread_notifications":"x","summary":7,"ephemeral":{"events":[{"type":"m.typing","content":7},{"type":"m.receipt","content":{"$m3":{"m.read":{"nobody":7}}}}]}}
        sync
            all: 3
            !a in=all state{topic={"deep":[1]}}
    "#]]);
}

#[test]
fn an_expired_token_is_told_and_a_new_one_goes_on() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        logout PHONE soft
        v2: 401 soft
        woken
            401 M_UNKNOWN_TOKEN soft_logout=true: Unknown access token
        sync
            401 M_UNKNOWN_TOKEN soft_logout=true: scripted
        login NEW
        sync token=NEW
            all: 1
        v2: !a m2
        sync token=NEW
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_token_that_is_valid_again_is_polled_with_after_a_restart() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        logout PHONE soft
        v2: 401 soft
        woken
            401 M_UNKNOWN_TOKEN soft_logout=true: Unknown access token
        login PHONE
        sync
            all: 1
        restart
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_logout_is_told_as_one() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        logout PHONE
        v2: 401
        sync
            401 M_UNKNOWN_TOKEN soft_logout=false: scripted
    "#]]);
}

#[test]
fn a_refusal_of_the_account_is_passed_on_until_it_is_lifted() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        v2: 403 M_CONSENT_NOT_GIVEN
        woken
            403 M_CONSENT_NOT_GIVEN: scripted
        sync
            all: 1
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_homeserver_that_forgot_our_since_is_begun_with_anew() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1 | keys 1
        sync list all [0,9] timeline 5 ext e2ee
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            e2ee signed_curve25519=1
        v2: to_device k2 | keys 1 | devices @bob
        asked nothing
        homeserver: forgets
        start: to_device k3 | keys 1
        v2: !a m2
        was-asked sync start
        sync and ext to_device
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        # Whose device lists changed in between nobody tells: the connection begins anew, and with it the client's lists.
        first list all [0,9] timeline 5 ext e2ee ext to_device
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            v4: e2ee signed_curve25519=1
            simplified: e2ee signed_curve25519=1 changed[@bob] left[]
            to_device [k1 k2 k3] next=3
        sync
            all: 1
            simplified: to_device [] next=3
    "#]]);
}

#[test]
fn two_devices_of_an_account_see_each_event_once() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync device=TABLET list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        v2@TABLET: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
        sync device=TABLET
            all: 1
            !a in=all [m2] prev=<m2 live=1
        v2@TABLET: !a m3
        v2: !a m3
        sync
            all: 1
            !a in=all [m3] prev=<m3 live=1
        sync device=TABLET
            all: 1
            !a in=all [m3] prev=<m3 live=1
    "#]]);
}

#[test]
fn each_device_has_its_own_messages_keys_and_transactions() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1 | keys 1
        login-device TABLET
        v2@TABLET: to_device t1 | keys 2
        sync ext to_device ext e2ee
            e2ee signed_curve25519=1
            to_device [k1] next=1
        sync device=TABLET ext to_device ext e2ee
            e2ee signed_curve25519=2
            to_device [t1] next=1
        v2: !a m2@me^txn1
        v2@TABLET: !a m2@me
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2^txn1] limited prev=<m2 live=1
        sync device=TABLET list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2 live=1
    "#]]);
}

#[test]
fn an_own_message_waits_for_the_poll_of_the_device_that_sent_it() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park device=TABLET
        v2: !a m2@me
        asleep device=TABLET
        v2@TABLET: !a m2@me^txn1
        woken device=TABLET
            all: 1
            !a in=all [m2^txn1] prev=<m2 live=1
    "#]]);
}

#[test]
fn an_own_message_that_no_poll_claims_comes_after_a_second() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park device=TABLET
        v2: !a m2@me
        woken device=TABLET
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_device_takes_over_from_one_that_logged_out_and_makes_good_what_fell_in_between() {
    check(expect![[r##"
        # Undisturbed: after a restart nobody knows that the device has logged out, and it is waited for, a minute.
        v2: !a name="Tea" timeline m1 | !b timeline m2 | !c invite | !d timeline m3 | data x.y={"n":1} | direct !d
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5 state name,topic,member/me ext account_data
            all: 4
            !d initial join in=all heroes[@bob] dm joined=2 invited=0 state{join@me} [m3] limited prev=<m3
            !c initial invite in=all stripped{create invite@me}
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m2] limited prev=<m2
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" join@me} [m1] limited prev=<m1
            account_data [m.direct={"@bob:x":["!d:x"]} x.y={"n":1}]
        # The tablet's polls bring what only the author's count for: a new name, a leave, an invite taken back, account data.
        v2@TABLET: !a name="Coffee" timeline m4 | !b leave | !c leave timeline kick@me | data x.y={"n":2} | !d data u.v={"n":3}
        sync device=TABLET
            all: 4
        homeserver: now data x.y={"n":2} | direct !a
        homeserver: whole !a name="Coffee" timeline m5 | !d tags u.t data u.v={"n":3} timeline m6
        asked nothing
        log-out PHONE
            200
        was-asked sync whole
        settled complete device=TABLET
        sync device=TABLET
            all: 4
            !b leave in=all state{leave@me} [leave@me] prev=end live=1
            !d in=all dm=false [m6] limited prev=<m6 live=1
            !a in=all name="Coffee" dm state{name="Coffee"} [m5] limited prev=<m5 live=1
            !c leave in=all stripped{create invite@me}
            account_data [m.direct={"@bob:x":["!a:x"]} x.y={"n":2}]
            account_data !d[m.tag={"u.t":{}} u.v={"n":3}]
        sync device=TABLET
            all: 4
        v2@TABLET: !a topic="Now" timeline m7 | data x.y={"n":4}
        sync device=TABLET
            all: 4
            !a in=all state{topic="Now"} [m7] prev=<m7 live=1
            account_data [x.y={"n":4}]
    "##]]);
}

#[test]
fn state_that_vanished_in_a_gap_is_asked_for_and_goes() {
    check(expect![[r##"
        # Undisturbed: after a restart it is asked for at once.
        v2: !a name="Tea" topic="Old" timeline m1 | !b topic="There" timeline m2
        sync list all [0,9] timeline 5 state name,topic
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{topic="There"} [m2] limited prev=<m2
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="Old"} [m1] limited prev=<m1
        homeserver: vanished !a topic
        v2: !b m3
        sync
            all: 2
            !b in=all [m3] prev=<m3 live=1
        asked messages members state
        homeserver: fail state 429 1
        v2: !a limited timeline m9
        sync
            all: 2
            !a in=all [m9] limited prev=<m9 live=1
        sync +3s
            all: 2
            v4: !a in=all state{no topic}
        asked state
            state !a
        sync
            all: 2
    "##]]);
}

#[test]
fn the_state_after_a_gap_is_asked_for_again_after_a_restart() {
    check(expect![[r##"
        # Undisturbed: it restarts where it has to.
        v2: !a name="Tea" topic="Old" timeline m1
        sync list all [0,9] timeline 5 state name,topic
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="Old"} [m1] limited prev=<m1
        homeserver: vanished !a topic
        homeserver: fail state hangs
        v2: !a limited timeline m9
        was-asked state !a
        sync
            all: 1
            !a in=all [m9] limited prev=<m9 live=1
        restart
        sync +3s
            all: 1
            v4: !a in=all state{no topic}
    "##]]);
}

#[test]
fn a_large_room_is_not_asked_for_all_its_state() {
    check_v4(expect![[r##"
        # Undisturbed: it counts requests.
        v2: !a topic="Old" timeline m1 json={"summary":{"m.joined_member_count":101}} | !b topic="B" timeline m2
        homeserver: vanished !a topic
        asked nothing
        v2: !a limited timeline m9 | !b limited timeline m8
        was-asked state
        pause 0.2
        asked state
            state !b
    "##]]);
}

#[test]
fn a_device_that_takes_over_makes_good_what_fell_in_between_where_the_whole_keeps_failing() {
    check(expect![[r##"
        # Undisturbed: after a restart nobody knows that the device has logged out, and it is waited for, a minute.
        homeserver: joined !a !b
        v2: !a name="Tea" topic="Old" timeline m1 | !b timeline m2
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5 state name,topic
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="Old"} [m1] limited prev=<m1
        # The tablet's polls bring what only the author's count for: a new name, a leave, an event behind a gap, a room joined.
        v2@TABLET: !a name="Coffee" timeline m3 m4 | !b leave | !c timeline m5
        sync device=TABLET
            all: 2
        homeserver: joined !a !c
        homeserver: vanished !a topic
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        log-out PHONE
            200
        was-asked keys_changes
        settled complete device=TABLET
        sync device=TABLET
            all: 3
            !b leave in=all [leave@me] prev=end live=1
            v4: !a in=all name="Coffee" state{name="Coffee" no topic} [m3 m4] prev=end live=2
            simplified: !a in=all name="Coffee" state{name="Coffee"} [m3 m4] prev=end live=2
            !c initial join in=all heroes[@bob] [m5] limited prev=end
    "##]]);
}

#[test]
fn a_device_that_cannot_take_over_yet_goes_on_polling() {
    check(expect![[r#"
        # Undisturbed: after a restart nobody knows that the device has logged out, and it is waited for, a minute.
        v2: !a timeline m1 | data x.y={"n":1}
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5 ext account_data
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            account_data [x.y={"n":1}]
        homeserver: now data x.y={"n":2}
        homeserver: whole !a timeline m1 m2
        homeserver: fail start 500
        log-out PHONE
            200
        failed start
        v2@TABLET: !a m2
        settled complete device=TABLET
        first device=TABLET list all [0,9] timeline 5 ext account_data
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
            account_data [x.y={"n":2}]
    "#]]);
}
