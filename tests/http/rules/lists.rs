//! Which rooms a list holds, in which order, and which of them are sent (`spec/v4.md`, "Which rooms a list holds").

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn rooms_come_once_and_then_what_changes() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 m2 | !b name="Coffee" timeline m3
        sync list all [0,9] timeline 1 state name
            all: 2
            !b initial join in=all name="Coffee" joined=2 invited=0 state{name="Coffee"} [m3] limited prev=<m3
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m2] limited prev=s1
        v2: !a m4
        sync
            all: 2
            !a in=all [m4] prev=<m4 live=1
        sync
            all: 2
    "#]]);
}

#[test]
fn a_list_is_ordered_by_the_last_event_of_any_kind() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,9] show ops
            all: 3 SYNC[0,9]: !c !b !a
            !c initial join in=all heroes[@bob] joined=2 invited=0
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a topic="new"
        sync show ops
            all: 3 SYNC[0,9]: !c !b !a
        v2: !b x4
        sync show ops
            all: 3 SYNC[0,9]: !b !c !a
        v2: !c receipts m3@bob unread 1/0 typing @bob tags u.x
        sync show ops
            all: 3 SYNC[0,9]: !b !c !a
            !c in=all unread=1/0
    "#]]);
}

#[test]
fn the_bump_stamp_moves_by_messages_only() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,9] timeline 1 show bump
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2 bump=newest
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1 bump=older
        v2: !a x3
        sync show bump
            all: 2
            !a in=all [x3] prev=<x3 live=1 bump=same
        v2: !a enc4
        sync show bump
            all: 2
            !a in=all [enc4] prev=<enc4 live=1 bump=newest
        v2: !b sticker5 | !a react:m1
        sync show bump
            all: 2
            !a in=all [reaction-m1] prev=<reaction-m1 live=1 bump=same
            !b in=all [sticker5] prev=<sticker5 live=1 bump=newest
        v2: !a call6
        sync show bump
            all: 2
            !a in=all [call6] prev=<call6 live=1 bump=newest
        v2: !b poll7
        sync show bump
            all: 2
            !b in=all [poll7] prev=<poll7 live=1 bump=newest
        v2: !a m.beacon_info/@bob@bob={"live":true}
        sync show bump
            all: 2
        v2: !b timeline topic="t"
        sync show bump
            all: 2
            !b in=all [topic="t"] prev=<topic-16 live=1 bump=same
    "#]]);
}

#[test]
fn events_of_one_answer_move_rooms_in_the_order_of_their_time() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        v2: !a m9~900 | !b m7~700 | !c m8~800
        sync list all [0,9] show ops
            all: 3 SYNC[0,9]: !a !c !b
            !a initial join in=all heroes[@bob] joined=2 invited=0
            !c initial join in=all heroes[@bob] joined=2 invited=0
            !b initial join in=all heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn an_event_cannot_claim_the_future() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2~9000000000 | !c timeline m3
        sync list all [0,9] timeline 1 show ops
            all: 3 SYNC[0,9]: !b !c !a
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m4
        sync show ops
            all: 3 SYNC[0,9]: !a !b !c
            !a in=all [m4] prev=<m4 live=1
    "#]]);
}

#[test]
fn a_range_holds_its_rooms_and_the_count_holds_all() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3 | !d timeline m4
        sync list all [1,2] timeline 1
            all: 4
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
    "#]]);
}

#[test]
fn a_window_that_moves_sends_the_rooms_that_are_new_in_it() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3 | !d timeline m4
        sync list all [0,1] timeline 1
            all: 4
            !d initial join in=all heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
        sync list all [0,3] timeline 1 +5s
            all: 4
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list all [2,3] timeline 1
            all: 4
    "#]]);
}

#[test]
fn a_room_outside_the_window_is_not_sent_until_it_comes_in() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,1] timeline 1
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !b m4 | !c m5
        sync
            all: 3
            !c in=all [m5] prev=<m5 live=1
            !b in=all [m4] prev=<m4 live=1
        v2: !a m6
        sync
            all: 3
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m6] limited prev=<m6 live=1
    "#]]);
}

#[test]
fn a_room_that_left_the_window_catches_up_when_it_returns() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 5 state topic
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a m3
        sync
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m3] limited prev=<m1 live=1
        v2: !b timeline m4 topic="cold" m5
        v2: !a m6
        sync
            all: 2
            !a in=all [m6] prev=<m6 live=1
        v2: !b m7
        sync
            all: 2
            !b in=all state{topic="cold"} [m4 topic="cold" m5 m7] prev=<m4 live=1
    "#]]);
}

#[test]
fn ranges_may_be_empty_reach_beyond_the_end_or_lie_there() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list a [0,100] list b [5,2] list c [7,9] list d [0,0] [1,1] list e nowhere show ops
            a: 2 SYNC[0,100]: !b !a
            b: 2 SYNC[5,2]: 
            c: 2 SYNC[7,9]: 
            d: 2 SYNC[0,0]: !b SYNC[1,1]: !a
            e: 2
            !b initial join in=a,d heroes[@bob] joined=2 invited=0
            !a initial join in=a,d heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn a_list_without_a_range_is_every_room() {
    check_v4(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all timeline 1
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
}

#[test]
fn a_room_in_several_lists_names_them_all() {
    check(expect![[r#"
        v2: !a encryption timeline m1 | !b timeline m2
        sync list all [0,9] list safe [0,9] encrypted list top [0,0]
            all: 2
            safe: 1
            top: 2
            !b initial join in=all,top heroes[@bob] joined=2 invited=0
            !a initial join in=all,safe heroes[@bob] joined=2 invited=0
        v2: !a m3
        sync
            all: 2
            safe: 1
            top: 2
    "#]]);
}

#[test]
fn a_list_of_another_name_sends_nothing_twice() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list one [0,9] timeline 1
            one: 1
            !a initial join in=one heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list two [0,9] timeline 1
            two: 1
    "#]]);
}

#[test]
fn a_room_by_subscription_alone_is_in_no_list() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list top [0,0] timeline 1 room !a timeline 1
            top: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=top heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
    "#]]);
}

#[test]
fn rooms_that_nobody_showed_the_user_are_ignored() {
    check(expect![[r#"
        v2: !a timeline m1
        sync room !nowhere timeline 1 room !a timeline 1
            !a initial join heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync +0.1s
            nothing
    "#]]);
}

#[test]
fn a_room_that_is_no_longer_in_the_window_keeps_its_place_for_what_was_sent() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,0] timeline 1
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
        sync list all [1,1] timeline 1
            all: 3
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !c m4
        sync
            all: 3
        sync list all [0,9] timeline 1
            all: 3
            !c in=all [m4] prev=<m4
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
}

#[test]
fn lists_of_the_same_filters_and_other_windows_are_told_apart() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list top [0,0] timeline 1 list rest [1,9] timeline 2 state name
            rest: 3
            top: 3
            !b initial join in=rest heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=rest heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            !c initial join in=top heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
        v2: !a m4
        sync
            rest: 3
            top: 3
            !a in=top [m4] prev=<m4 live=1
    "#]]);
}

#[test]
fn the_bump_stamp_of_a_room_that_one_is_out_of_says_when_that_happened() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,9] show bump
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 bump=newest
            !a initial join in=all heroes[@bob] joined=2 invited=0 bump=older
        v2: !b m3
        sync show bump
            all: 2
        v2: !a leave timeline kick@me
        sync show bump
            all: 2
            !a leave in=all joined=1 invited=0 bump=newest
        v2: !c invite
        sync show bump
            all: 3
            !c initial invite in=all stripped{create invite@me} bump=newest
    "#]]);
}

#[test]
fn the_bump_stamp_of_a_room_just_entered_goes_back_to_its_last_message() {
    check(expect![[r#"
        v2: !a timeline m1~50
        sync list all [0,9] timeline 1 show bump
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1 bump=newest
        v2: !b timeline create m2~60 join@me
        sync show bump
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [join@me] limited prev=s2 live=1 bump=newest
        v2: !c timeline create m3~55 join@me
        sync show bump
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 [join@me] limited prev=s3 live=1 bump=older
        v2: !d timeline create m4~40 join@me m5~61 topic="t"
        sync show bump
            all: 4
            !d initial join in=all heroes[@bob] joined=2 invited=0 [topic="t"] limited prev=s4 live=1 bump=newest
    "#]]);
}

#[test]
fn a_room_just_entered_stands_on_top_of_the_list_all_the_same() {
    check_simplified(expect![[r#"
        v2: !a timeline m1~50
        sync list all [0,9] timeline 1 show ops show bump
            all: 1 SYNC[0,9]: !a
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1 bump=newest
        v2: !b timeline create m2~40 join@me
        sync show ops show bump
            all: 2 SYNC[0,9]: !b !a
            !b initial join in=all heroes[@bob] joined=2 invited=0 [join@me] limited prev=s2 live=1 bump=older
    "#]]);
}

#[test]
fn a_reaction_in_one_room_does_not_put_its_bump_stamp_above_a_later_message_in_another() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        v2: !a m3~50 react:m1~70 | !b m4~60
        sync list all [0,0] timeline 1 show bump
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [reaction-m1] limited prev=s2 bump=newest
        sync list all [0,1] timeline 1 show bump
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4 bump=newest
    "#]]);
}

#[test]
fn a_base_without_a_message_leaves_the_bump_stamp_of_a_known_room() {
    // Where somebody is ignored no longer, the whole is laid once more.
    check(expect![[r#"
        v2: !a timeline m1 topic="t" | !b timeline m2~50 | ignore @eve
        first list all [0,9] timeline 1 show bump
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2 bump=newest
            !a initial join in=all heroes[@bob] joined=2 invited=0 [topic="t"] limited prev=s1 bump=older
        homeserver: whole !a timeline topic="new"~90 | !b timeline m2
        v2: ignore
        settled complete
        first list all [0,9] timeline 1 show bump
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [topic="t"] limited prev=s1 bump=same
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2 bump=same
    "#]]);
}

#[test]
fn what_an_ignored_user_writes_moves_no_room() {
    check_simplified(expect![[r#"
        v2: !a timeline m1 join@eve | !b timeline m2 | ignore @eve
        sync list all [0,9] timeline 1 show ops show bump
            all: 2 SYNC[0,9]: !b !a
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2 bump=newest
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 [join@eve] limited prev=s1 bump=older
        v2: !a m3@eve
        sync show ops show bump
            all: 2 SYNC[0,9]: !b !a
        v2: !a timeline topic@eve="state"
        sync show ops show bump
            all: 2 SYNC[0,9]: !a !b
            !a in=all [topic="state"] prev=<topic-11 live=1 bump=same
    "#]]);
}

#[test]
fn a_room_that_was_left_before_the_connection_began_is_in_no_list() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        v2: !a leave
        sync list all [0,9] timeline 1
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        park
        v2: !a leave bare data x.y={}
        asleep
    "#]]);
}
