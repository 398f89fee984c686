//! From nothing to the whole account (`design.md` §3, Bootstrap).

use expect_test::expect;

use crate::scenario::{check, check_v4};

#[test]
fn the_account_begins_without_rooms_and_becomes_whole() {
    check_v4(expect![[r#"
        v2: !a timeline m1 | !b invite
        asked
            sync start
            sync since=s1
            joined_rooms
            notifications limit=50
            sync whole
            sync since=s1
        status
            live complete 1/1
    "#]]);
}

#[test]
fn an_account_without_rooms_is_complete() {
    check(expect![[r#"
        v2: data x.y={}
        status
            live complete 0/0
        sync list all [0,9]
            all: 0
    "#]]);
}

#[test]
fn scouted_rooms_are_shown_before_the_whole_is_there_and_the_count_is_of_all() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob name="Tea" m1 m2
        homeserver: history !b create$c2 join@me$j2 m3
        homeserver: joined !a !b !c
        homeserver: notified !a
        homeserver: fail messages/!a 403
        start: data x.y={}
        begin whole
        sync list all [0,9] timeline 1 state name
            all: 3
            !b initial join in=all [m3] limited prev=end
        homeserver: whole !a timeline m1 m2 | !b timeline m3 | !c name="Coffee" timeline m4
        settled complete
        sync
            all: 3
            !c initial join in=all name="Coffee" joined=2 invited=0 state{name="Coffee"} [m4] limited prev=<m4
            v4: !b in=all heroes[@bob] joined=2 invited=0
            simplified: !b in=all heroes[@bob] joined=2 invited=0 unread=0/0
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m2] limited prev=whole
    "#]]);
}

#[test]
fn what_the_whole_says_in_unsigned_of_scouted_state_is_taken_over_and_is_no_change() {
    check(expect![[r#"
        # Undisturbed: it writes the homeserver's state block itself.
        homeserver: history !a create join@me join@bob name="Tea"$n m1
        homeserver: joined !a
        homeserver: notified !a
        start: data x.y={}
        begin whole
        sync list all [0,9] timeline 1 state name
            all: 1
            !a initial join in=all name="Tea" state{name="Tea"} [m1] limited prev=end
        homeserver: whole !a bare timeline m1 json={"state":{"events":[{"type":"m.room.create","state_key":"","event_id":"$create","sender":"@bob:x","origin_server_ts":1700000001000,"content":{}},{"type":"m.room.name","state_key":"","event_id":"$n","sender":"@bob:x","origin_server_ts":1700000004000,"content":{"name":"Tea"},"unsigned":{"m.relations":{"m.replace":{"event_id":"$e"}}}}]}}
        settled complete
        sync
            all: 1
        first list all [0,9] timeline 1 state name
            all: 1
            !a initial join in=all name="Tea" state{name="Tea"(m.replace)} [m1] limited prev=end
    "#]]);
}

#[test]
fn what_the_chain_brought_since_wins_over_the_whole() {
    check(expect![[r#"
        start: data x.y={}
        begin whole
        v2: !a topic="new" timeline m2
        homeserver: whole !a topic="old" timeline m1 m2
        settled complete
        sync list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="new"} [m1 m2] limited prev=<m1
    "#]]);
}

#[test]
fn a_room_that_the_chain_brings_before_its_base_is_held_back_and_scouted() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        homeserver: history !a create join@me join@bob name="Tea" m1
        start: data x.y={}
        begin whole
        homeserver: fail messages 500
        v2: !a bare timeline m2
        was-asked messages !a
        sync list all [0,9] timeline 5 state name
            all: 1
        homeserver: whole !a name="Tea" timeline m1 m2
        settled complete
        sync +1s
            all: 1
            !a initial join in=all name="Tea" state{name="Tea"} [m1 m2] limited prev=<m1
    "#]]);
}

#[test]
fn a_room_that_comes_whole_on_the_chain_is_shown_at_once() {
    check(expect![[r#"
        start: data x.y={}
        begin whole
        v2: !a name="Tea" timeline create join@me m1
        sync list all [0,9] timeline 5 state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [create join@me m1] prev=<create-4
        homeserver: whole !a name="Tea" timeline m1
        settled complete
        sync
            all: 1
    "#]]);
}

#[test]
fn the_whole_is_asked_again_through_gateway_timeouts() {
    check(expect![[r#"
        homeserver: fail whole 504
        homeserver: fail whole half
        v2: !a timeline m1
        asked sync
            sync start
            sync since=s1
            sync whole
            sync since=s1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
}

#[test]
fn where_the_whole_keeps_failing_every_room_is_fetched() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob name="Tea" m1
        homeserver: history !b create$c2 join@me$j2 join@eve m2@eve
        homeserver: joined !a !b
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        start: data x.y={}
        begin complete
        asked joined_rooms keys_changes
            joined_rooms
            keys_changes from=s1 to=s1
        sync list all [0,9] timeline 1 state name ext e2ee
            all: 2
            !b initial join in=all heroes[@eve] [m2] limited prev=end
            !a initial join in=all name="Tea" state{name="Tea"} [m1] limited prev=end
            v4: e2ee signed_curve25519=0
            simplified: e2ee signed_curve25519=0 changed[@kim] left[]
    "#]]);
}

#[test]
fn a_homeserver_that_ignores_filters_gives_the_whole_at_once() {
    check(expect![[r#"
        homeserver: ignores-filters
        v2: !a name="Tea" timeline m1 | !b invite
        asked
            sync start
            sync since=s1
        sync list all [0,9] timeline 1
            all: 2
            !b initial invite in=all stripped{create invite@me}
            !a initial join in=all name="Tea" joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
}

#[test]
fn a_homeserver_of_old_is_asked_on_the_paths_of_old() {
    check(expect![[r#"
        homeserver: r0
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn a_client_of_an_empty_account_waits_for_the_first_rooms() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob m1
        homeserver: joined !a
        start: data x.y={}
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] [m1] limited prev=end
    "#]]);
}

#[test]
fn the_bootstrap_goes_on_after_a_kill() {
    check(expect![[r#"
        start: data x.y={} | to_device k1
        begin whole
        restart
        homeserver: whole !a timeline m1
        settled complete
        sync list all [0,9] timeline 1 ext to_device
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            to_device [k1] next=1
    "#]]);
}

#[test]
fn a_crawl_asks_for_the_invites_that_no_room_tells_of() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob name="Tea" m1
        homeserver: joined !a
        homeserver: invites !b invite name="Club"
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        start: data x.y={}
        begin complete
        sync list all [0,9] timeline 1
            all: 2
            !b initial invite in=all stripped{create name="Club" invite@me}
            !a initial join in=all name="Tea" [m1] limited prev=end
    "#]]);
}

#[test]
fn a_crawl_asks_again_for_the_members_of_a_direct_chat() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        homeserver: history !a create join@me join@bob m1@me
        homeserver: joined !a
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail members 500
        homeserver: fail members 500
        start: direct !a
        begin complete
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] dm joined=2 invited=0 [m1] limited prev=end
    "#]]);
}

#[test]
fn where_the_whole_keeps_failing_the_number_of_members_is_known_of_direct_chats_alone() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob m1@me
        homeserver: history !b create$c2 join@me$j2 join@eve m2@eve
        homeserver: joined !a !b
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        homeserver: fail whole 504
        start: direct !a
        begin complete
        sync list all [0,9] timeline 1
            all: 2
            !b initial join in=all heroes[@eve] [m2] limited prev=end
            !a initial join in=all heroes[@bob] dm joined=2 invited=0 [m1] limited prev=end
        v2: !b timeline join@kim
        sync
            all: 2
            v4: !b in=all heroes[@eve @bob @kim] joined=4 invited=0 [join@kim] prev=<member-10 live=1
            simplified: !b in=all heroes[@eve @bob @kim] joined=4 invited=0 unread=0/0 [join@kim] prev=<member-10 live=1
    "#]]);
}
