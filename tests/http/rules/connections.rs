//! Connections and `pos` (`spec/v4.md`, "Connection"; `spec/synapse.md` §9).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_lost_answer_comes_again() {
    check(expect![[r#"
        v2: !a timeline m1
        lost list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        lost
            all: 1
            !a in=all [m2] prev=<m2 live=1
        v2: !a m3
        sync
            all: 1
            !a in=all [m2 m3] prev=<m2 live=2
        sync
            all: 1
    "#]]);
}

#[test]
fn the_same_pos_again_gives_the_same_answer() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 5
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a m3
        sync
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m3] limited prev=<m1 live=1
        repeat
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m3] limited prev=<m1 live=1
        sync
            all: 2
    "#]]);
}

#[test]
fn the_same_pos_with_another_body_is_answered_from_where_it_stands() {
    check(expect![[r#"
        v2: !a timeline m1 topic="hot" | !b timeline m2
        sync list all [0,0] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        sync list all [0,9] timeline 1
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [topic="hot"] limited prev=s1
        repeat list all [0,9] timeline 1 state topic
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="hot"} [topic="hot"] limited prev=s1
        sync
            all: 2
    "#]]);
}

#[test]
fn a_pos_before_the_last_two_is_unknown() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,0]
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0
        sync list all [0,1]
            all: 3
            !b initial join in=all heroes[@bob] joined=2 invited=0
        sync list all [0,2]
            all: 3
            !a initial join in=all heroes[@bob] joined=2 invited=0
        repeat list all [0,2]
            all: 3
            !a initial join in=all heroes[@bob] joined=2 invited=0
        repeat list all [0,2]
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
    "#]]);
}

#[test]
fn a_foreign_or_malformed_pos_is_unknown() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync pos=bogus
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync pos=7/s1_2_3
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync pos=0/s1_2
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync pos=999999/s1_2_3_4_5_6_7_8_9
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync pos=
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync
            all: 1
    "#]]);
}

#[test]
fn a_pos_belongs_to_its_conn_id() {
    check(expect![[r#"
        v2: !a timeline m1
        sync conn=one list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=two list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=two pos=of:one
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=three pos=of:one
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=two
            all: 1
        sync conn=one
            all: 1
    "#]]);
}

#[test]
fn connections_live_side_by_side() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync conn=one list all [0,9] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=two list top [0,0] timeline 1
            top: 2
            !b initial join in=top heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a m3
        sync conn=one
            all: 2
            !a in=all [m3] prev=<m3 live=1
        sync conn=two
            top: 2
            !a initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3 live=1
        sync conn=one
            all: 2
    "#]]);
}

#[test]
fn without_a_pos_a_connection_starts_over() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        first list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        repeat list all [0,9] timeline 1
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
    "#]]);
}

#[test]
fn what_was_sent_comes_again_until_it_is_confirmed() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1 | keys 1
        sync list all [0,9] timeline 1 ext to_device ext e2ee
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            e2ee signed_curve25519=1
            to_device [k1] next=1
        park
        v2: !a m2 | to_device k2 | keys 1 | devices @bob
        woken
            all: 1
            !a in=all [m2] prev=<m2 live=1
            e2ee signed_curve25519=1 changed[@bob] left[]
            to_device [k2] next=2
        repeat
            all: 1
            !a in=all [m2] prev=<m2 live=1
            e2ee signed_curve25519=1 changed[@bob] left[]
            simplified: to_device [] next=2
        sync
            all: 1
            simplified: to_device [] next=2
    "#]]);
}

#[test]
fn a_connection_goes_on_after_a_kill() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 | !b timeline m2
        sync list all [0,0] timeline 5 state name lazy
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@bob} [m2] limited prev=<m2
        v2: !a m3@eve
        sync
            all: 2
            !a initial join in=all name="Tea" joined=3 invited=0 state{name="Tea" join@bob join@eve} [m1 m3] limited prev=<m1 live=1
        restart
        sync
            all: 2
        v2: !a m4@eve | !b m5
        restart
        sync list all [0,9] timeline 5 state name lazy
            all: 2
            !b in=all [m5] prev=<m5 live=1
            !a in=all [m4] prev=<m4 live=1
        restart
        repeat
            all: 2
            !b in=all [m5] prev=<m5 live=1
            !a in=all [m4] prev=<m4 live=1
        sync
            all: 2
    "#]]);
}

#[test]
fn a_connection_goes_on_after_an_end_in_order() {
    check(expect![[r#"
        v2: !a timeline m1 | keys 4 | data x.y={}
        sync list all [0,9] timeline 5 ext e2ee ext account_data ext receipts ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            account_data [x.y={}]
            e2ee signed_curve25519=4
        stop
        v2: !a m2 receipts m1@bob | keys 4 | devices @bob
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
            e2ee signed_curve25519=4 changed[@bob] left[]
            receipts !a[m1@bob]
        sync
            all: 1
    "#]]);
}

#[test]
fn a_connection_of_an_unconfirmed_answer_goes_on_after_a_kill() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 5
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        lost list all [0,9] timeline 5
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        restart
        sync list all [0,9] timeline 5
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync
            all: 2
    "#]]);
}

#[test]
fn the_same_conn_id_on_two_devices_is_two_connections() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync conn=one list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=one device=TABLET list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=one
            all: 1
        sync conn=one device=TABLET
            all: 1
    "#]]);
}

#[test]
fn the_transaction_id_of_a_request_is_echoed_where_the_api_has_it() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] txn=abc
            txn "abc"
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn presence_is_touched_as_the_api_says() {
    check(expect![[r#"
        # Undisturbed: it counts polls.
        v2: !a timeline m1
        asked nothing
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a m2
        v2: !a m3
        asked sync
            v4: sync since=s2 online
            v4: sync since=s3 online
            simplified: sync since=s2
            simplified: sync since=s3
        sync presence=unavailable
            all: 1
        v2: !a m4
        v2: !a m5
        asked sync
            sync since=s4 unavailable
            sync since=s5 unavailable
    "#]]);
}

#[test]
fn the_seventeenth_connection_takes_the_place_of_the_one_unused_longest() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        sync conn=first list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c2 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c3 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c4 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c5 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c6 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c7 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c8 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c9 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c10 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c11 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c12 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c13 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c14 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c15 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c16 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=c17 list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=first
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=c17
            all: 1
    "#]]);
}

#[test]
fn a_connection_goes_from_a_synapse_to_us_without_loss() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | to_device k1 k2
        # What Synapse gives out: a connection's position and a stream token; and a stream position for to-device messages.
        sync conn=room-list pos=7/s2633508_757284638_6780855_10864862_33510_209434_42_78459_0_0_5 list all [0,9] timeline 1
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=room-list pos=7/s2633508~17.2633511_757284638_6780855_m5~1.7_33510_209434_42_78459_0_0_5 list all [0,9] timeline 1
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=room-list pos=0/s2633508_757284638_6780855_10864862_33510_209434_42_78459_0_0_5 list all [0,9] timeline 1
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=room-list pos=none list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=encryption pos=none ext to_device since=209434
            to_device [k1 k2] next=2
        sync conn=encryption ext to_device
            to_device [] next=2
    "#]]);
}

#[test]
fn an_answer_is_lost_with_everything_in_it() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 | !b topic="hot" timeline m2 | to_device k1 | data x.y={"n":1}
        lost list all [0,0] timeline 1 state name lazy ext to_device ext account_data ext receipts ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@bob} [m2] limited prev=<m2
            account_data [x.y={"n":1}]
            to_device [k1] next=1
        sync list all [0,0] timeline 1 state name lazy ext to_device ext account_data ext receipts ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@bob} [m2] limited prev=<m2
            account_data [x.y={"n":1}]
            to_device [k1] next=1
        v2: !a m3@eve receipts m3@bob typing @bob tags u.x | to_device k2 | data x.y={"n":2}
        lost
            all: 2
            !a initial join in=all name="Tea" joined=3 invited=0 state{name="Tea" join@eve} [m3] limited prev=<m3 live=1
            account_data [x.y={"n":2}]
            account_data !a[m.tag={"u.x":{}}]
            receipts !a[m3@bob]
            to_device [k2] next=2
            typing !a[@bob]
        v2: !a leave | to_device k3 | !c invite
        lost
            all: 2
            !c initial invite in=all stripped{create invite@me}
            account_data [x.y={"n":2}]
            to_device [k2 k3] next=3
        restart
        lost list all [0,9] timeline 5 state name lazy room !b timeline 1 state topic ext to_device ext account_data ext receipts ext typing
            all: 2
            !b in=all state{topic="hot"}
            !c initial invite in=all stripped{create invite@me}
            account_data [x.y={"n":2}]
            to_device [k2 k3] next=3
        sync list all [0,9] timeline 5 state name lazy room !b timeline 1 state topic ext to_device ext account_data ext receipts ext typing
            all: 2
            !b in=all state{topic="hot"}
            !c initial invite in=all stripped{create invite@me}
            account_data [x.y={"n":2}]
            to_device [k2 k3] next=3
        sync
            all: 2
            simplified: to_device [] next=3
    "#]]);
}

#[test]
fn a_room_that_is_joined_again_in_a_lost_answer_comes_anew_again() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a leave
        sync
            all: 1
            !a leave in=all joined=1 invited=0 [leave@me] prev=<member-5 live=1
        v2: !a topic="new" create timeline join@me m2
        lost
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="new"} [join@me m2] limited prev=<member-8 live=2
        v2: !a m3
        sync
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="new"} [join@me m2 m3] limited prev=<member-8 live=3
        sync
            all: 1
    "#]]);
}

#[test]
fn a_connection_without_lists_and_rooms_may_ask_for_rooms_later() {
    check(expect![[r#"
        v2: !a timeline m1 | data x.y={"n":1}
        sync ext account_data ext e2ee
            account_data [x.y={"n":1}]
            e2ee signed_curve25519=0
        v2: !a m2 | data x.y={"n":2} | devices @bob
        sync list all [0,9] timeline 5 ext account_data ext e2ee
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1 live=1
            account_data [x.y={"n":2}]
            e2ee signed_curve25519=0 changed[@bob] left[]
        sync
            all: 1
        v2: !a m3
        sync
            all: 1
            !a in=all [m3] prev=<m3 live=1
        sync nothing ext account_data ext e2ee
            nothing
        v2: !a m4
        sync nothing ext account_data ext e2ee
            nothing
        sync list all [0,9] timeline 5
            all: 1
            !a in=all [m4] prev=<m4
    "#]]);
}

#[test]
fn one_connection_at_its_end_leaves_the_others_alone() {
    check(expect![[r#"
        v2: !a timeline m1
        sync conn=one list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=two list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=one pos=bogus list all [0,9] timeline 1
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        first conn=one list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        sync conn=two
            all: 1
            !a in=all [m2] prev=<m2 live=1
        sync conn=one
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_pos_belongs_to_its_device() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync conn=one list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=one device=TABLET pos=of:PHONE/one list all [0,9]
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=one device=TABLET pos=none list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        sync conn=one device=TABLET pos=of:PHONE/one list all [0,9]
            400 M_UNKNOWN_POS: unknown pos: start the connection anew
        sync conn=one
            all: 1
        sync conn=one device=TABLET
            all: 1
    "#]]);
}
