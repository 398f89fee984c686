//! What today's clients stumble over (`spec/clients.md` §6).

use expect_test::expect;

use crate::scenario::{check, check_simplified};

#[test]
fn a_subscription_that_was_sent_once_stays_for_clients_of_the_old_kind() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        sync list all [0,0] timeline 1 room !a timeline 1 state topic
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list all [0,0] timeline 1
            all: 2
        v2: !a timeline topic="new"
        sync list all [1,1] timeline 1
            all: 2
            !a state{topic="new"} [topic="new"] prev=<topic-9 live=1
        sync list all [0,0] timeline 1 unsubscribe !a
            all: 2
        v2: !b m3
        v2: !a timeline topic="newer"
        sync list all [1,1] timeline 1
            all: 2
            !b in=all [m3] prev=<m3 live=1
    "#]]);
}

#[test]
fn a_subscription_of_a_client_with_a_conn_id_ends_with_its_request() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync conn=room-list list all [0,0] timeline 1 room !a timeline 1 state topic
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a timeline topic="new"
        v2: !b m3
        sync conn=room-list list all [0,0] timeline 1
            all: 2
            !b in=all [m3] prev=<m3 live=1
        sync conn=room-list list all [0,0] timeline 1 room !a timeline 1 state topic
            all: 2
            !a state{topic="new"} [topic="new"] prev=<topic-9
    "#]]);
}

#[test]
fn the_other_body_on_the_same_pos_takes_the_place_of_the_parked_request() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        park
        sync list all [0,1] timeline 1
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        woken
            429 M_LIMIT_EXCEEDED retry_after_ms=1000 Retry-After=1: a newer request on this connection has taken this one's place
        sync list all [0,1] timeline 1
            all: 2
    "#]]);
}

#[test]
fn the_own_membership_comes_on_every_way_out() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,9] state member/me
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 state{join@me}
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me}
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@me}
        v2: !a leave
        v2: !b leave timeline kick@me
        v2: !c leave timeline ban@me
        sync
            all: 3
            !c ban in=all joined=1 invited=0 state{ban@me}
            !b leave in=all joined=1 invited=0 state{kick@me}
            !a leave in=all joined=1 invited=0 state{leave@me}
    "#]]);
}

#[test]
fn a_computed_name_is_never_a_name() {
    check(expect![[r#"
        v2: !a timeline join@bob="Bob" m1
        sync list all [0,9] state name
            all: 1
            !a initial join in=all heroes[@bob="Bob"] joined=2 invited=0
    "#]]);
}

#[test]
fn a_loop_without_lists_and_rooms_works() {
    check(expect![[r#"
        v2: !a timeline m1 | to_device k1 | keys 1
        sync conn=encryption ext to_device ext e2ee
            e2ee signed_curve25519=1
            to_device [k1] next=1
        park conn=encryption
        v2: !a m2
        v2: to_device k2 | keys 1 | devices @bob
        woken conn=encryption
            e2ee signed_curve25519=1 changed[@bob] left[]
            to_device [k2] next=2
        sync conn=encryption
            v4: nothing
            simplified: to_device [] next=2
    "#]]);
}

#[test]
fn every_limited_timeline_has_a_token_that_pages_on() {
    check(expect![[r#"
        homeserver: history !a m1 m2
        v2: !a timeline m3 m4 m5
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m5] limited prev=s1
        page !a prev=s1
            [m5 m4 m3 m2 m1]
        sync list all [0,9] timeline 3
            all: 1
            !a in=all [m3 m4 m5] limited expanded prev=<m3
        page !a prev=<m3
            [m2 m1]
    "#]]);
}

#[test]
fn a_notification_client_gets_its_room_and_the_invites() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a name="Tea" timeline m1 m2 m3@eve | !b timeline m4 | !c invite name="Club" | data m.push_rules={}
        sync conn=notifications list invites [0,16] invited timeline 8 room !a timeline 16 state name,member/me lazy ext account_data +1s
            invites: 1
            !a initial join name="Tea" joined=3 invited=0 state{name="Tea" join@me join@bob join@eve} [m1 m2 m3] limited prev=<m1
            !c initial invite in=invites stripped{create name="Club" invite@me}
            account_data [m.push_rules={}]
    "#]]);
}

#[test]
fn a_list_grows_until_it_holds_everything() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3 | !d timeline m4 | !e timeline m5
        sync conn=room-list list all_rooms [0,1] timeline 1
            all_rooms: 5
            !e initial join in=all_rooms heroes[@bob] joined=2 invited=0 [m5] limited prev=<m5
            !d initial join in=all_rooms heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4
        sync conn=room-list list all_rooms [0,3] timeline 1
            all_rooms: 5
            !c initial join in=all_rooms heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !b initial join in=all_rooms heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        sync conn=room-list list all_rooms [0,4] timeline 1
            all_rooms: 5
            !a initial join in=all_rooms heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park conn=room-list
        v2: !a m6
        woken conn=room-list
            all_rooms: 5
            !a in=all_rooms [m6] prev=<m6 live=1
    "#]]);
}

#[test]
fn a_client_that_sorts_keeps_its_subscriptions_whatever_its_conn_id() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync conn=old list all [0,0] timeline 1 old
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        sync conn=old list all [0,0] timeline 1 old room !a timeline 1 state topic
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync conn=old list all [0,0] timeline 1
            all: 2
        v2: !a timeline topic="new"
        v2: !b m3
        sync conn=old list all [0,0] timeline 1
            all: 2
            !a state{topic="new"} [topic="new"] prev=<topic-9 live=1
            !b in=all [m3] prev=<m3 live=1
    "#]]);
}

#[test]
fn a_subscription_in_a_lost_answer_is_not_kept_unless_it_is_sent_again() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        lost list all [0,0] timeline 1 room !a timeline 1 state topic
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list all [0,0] timeline 1 room !a timeline 1 state topic
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a timeline topic="new"
        v2: !b m3
        sync list all [0,0] timeline 1
            all: 2
            !a state{topic="new"} [topic="new"] prev=<topic-9 live=1
            !b in=all [m3] prev=<m3 live=1
    "#]]);
}

#[test]
fn a_first_sync_goes_on_when_its_client_has_given_up() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob m1
        start: data x.y={}
        park list all [0,9] timeline 1
        was-asked sync
        hangup
        homeserver: whole !a timeline m2
        settled complete
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
    "#]]);
}

#[test]
fn older_events_stand_where_a_client_puts_them() {
    check(expect![[r#"
        v2: !a timeline create join@me m1 m2
        sync list all [0,9] timeline 1 lazy
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@bob} [m2] limited prev=s1
        v2: !a m3@eve
        sync list all [0,9] timeline 10 lazy
            all: 1
            v4: !a in=all heroes[@bob @eve] joined=3 invited=0 state{join@eve join@me} [create join@me m1 m2 m3] expanded prev=<create-3 live=1
            simplified: !a in=all heroes[@bob @eve] joined=3 invited=0 state{join@bob join@me join@eve} [create join@me m1 m2 m3] limited expanded prev=<create-3 live=1
        v2: !a m4@eve
        sync
            all: 1
            !a in=all [m4] prev=<m4 live=1
    "#]]);
}

#[test]
fn an_emptied_name_comes_as_an_event_where_a_client_reads_events() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"}
        v2: !a timeline name=""
        sync
            all: 1
            v4: !a in=all name=null heroes[@bob] state{name=""}
            simplified: !a in=all heroes[@bob] state{name=""}
        first list all [0,9] state name
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{name=""}
    "#]]);
}

#[test]
fn a_computed_avatar_is_never_an_avatar() {
    check(expect![[r#"
        v2: !a m.room.member/@bob:x@bob={"membership":"join","displayname":"Bob","avatar_url":"mxc://x/bob"} timeline m1 | direct !a
        sync list all [0,9] state avatar
            all: 1
            !a initial join in=all heroes[@bob] dm joined=2 invited=0
    "#]]);
}

#[test]
fn one_device_has_a_room_list_an_encryption_loop_a_push_process_and_a_notification_client() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a name="Tea" timeline m1 | !b timeline m2 | to_device k1 | keys 3
        sync conn=room-list list all_rooms [0,19] timeline 1 state name lazy ext account_data ext receipts ext typing
            all_rooms: 2
            !b initial join in=all_rooms heroes[@bob] joined=2 invited=0 state{join@bob} [m2] limited prev=<m2
            !a initial join in=all_rooms name="Tea" joined=2 invited=0 state{name="Tea" join@bob} [m1] limited prev=<m1
        sync conn=encryption ext to_device ext e2ee
            e2ee signed_curve25519=3
            to_device [k1] next=1
        park conn=room-list
        park conn=encryption
        # The push process asks on the loop's own conn_id, without a pos; another asks for the room of the push.
        v2: !a m3@eve
        woken conn=room-list
            all_rooms: 2
            !a in=all_rooms joined=3 invited=0 state{join@eve} [m3] prev=<m3 live=1
        sync conn=notifications room !a timeline 16 state name lazy list invites [0,16] invited timeline 8 ext account_data
            invites: 0
            !a initial join name="Tea" joined=3 invited=0 state{name="Tea" join@bob join@eve} [m1 m3] limited prev=<m1
        v2: to_device k2 | keys 3
        woken conn=encryption
            to_device [k2] next=2
        lost conn=encryption pos=none ext to_device ext e2ee
            e2ee signed_curve25519=3
            simplified: to_device [] next=2
        v2: to_device k3 | keys 3 | devices @eve
        sync conn=encryption ext to_device ext e2ee
            e2ee signed_curve25519=3 changed[@eve] left[]
            to_device [k3] next=3
        sync conn=room-list
            all_rooms: 2
    "#]]);
}

#[test]
fn an_encryption_loop_and_what_fetches_a_notification_wait_side_by_side() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | to_device k1 | keys 1
        sync conn=encryption ext to_device ext e2ee
            e2ee signed_curve25519=1
            to_device [k1] next=1
        park conn=encryption
        # matrix-rust-sdk's NotificationClient, beside the running application: two requests on the same conn_id. An error
        # to any of them, and it gives up decrypting.
        sync conn=encryption pos=none ext to_device ext e2ee
            e2ee signed_curve25519=1
            to_device [] next=1
        sync conn=encryption +0.5s
            to_device [] next=1
        asleep conn=encryption
        v2: to_device k2 | keys 1
        woken conn=encryption
            to_device [k2] next=2
    "#]]);
}

#[test]
fn typing_and_receipts_wait_for_the_room_to_be_shown() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list top [0,0] timeline 1 ext typing ext receipts
            top: 2
            !b initial join in=top heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a typing @bob receipts m1@bob
        sync
            top: 2
        sync list top [0,1] timeline 1 ext typing ext receipts
            top: 2
            !a initial join in=top heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
            typing !a[@bob]
    "#]]);
}
