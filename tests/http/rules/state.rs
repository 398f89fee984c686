//! Which state is sent (`spec/v4.md`, "Request", "Room configurations"; `spec/synapse.md` §7).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn required_state_comes_with_the_room_and_then_as_it_changes() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1
        sync list all [0,9] state name,topic
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="hot"}
        v2: !a timeline topic="cold"
        sync
            all: 1
            !a in=all state{topic="cold"}
        v2: !a m2
        sync
            all: 1
    "#]]);
}

#[test]
fn wildcards_match_types_keys_or_both() {
    check(expect![[r#"
        v2: !a name="Tea" x.y/one={"n":1} x.y/two={"n":2} x.z/one={"n":3} timeline m1
        sync list all [0,9] state x.y/*
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{x.y/one={"n":1} x.y/two={"n":2}}
        first list all [0,9] state */one
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{x.y/one={"n":1} x.z/one={"n":3}}
        first list all [0,9] state */*
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{create name="Tea" x.y/one={"n":1} x.y/two={"n":2} x.z/one={"n":3} join@bob join@me}
        first list all [0,9] state x.y/none,name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"}
    "#]]);
}

#[test]
fn the_own_user_stands_for_any_key() {
    check(expect![[r#"
        v2: !a x.y/@me@bob={"n":1} timeline m1
        sync list all [0,9] state member/me,x.y/me
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@me}
    "#]]);
}

#[test]
fn exclude_takes_away_from_what_is_included_but_not_from_lazy_members() {
    check_v4(expect![[r#"
        v2: !a name="Tea" topic="hot" join@eve timeline m1
        sync list all [0,9] timeline 1 state * exclude create,topic
            all: 1
            !a initial join in=all name="Tea" joined=3 invited=0 state{name="Tea" join@bob join@eve join@me} [m1] limited prev=<m1
        first list all [0,9] timeline 1 state * exclude create,member/* lazy
            all: 1
            !a initial join in=all name="Tea" joined=3 invited=0 state{name="Tea" topic="hot" join@bob} [m1] limited prev=<m1
        first list all [0,9] timeline 1 state name,topic exclude topic list b [0,9] timeline 1 state topic
            all: 1
            b: 1
            !a initial join in=all,b name="Tea" joined=3 invited=0 state{name="Tea" topic="hot"} [m1] limited prev=<m1
    "#]]);
}

#[test]
fn lazy_members_are_those_whom_the_timeline_needs() {
    check(expect![[r#"
        v2: !a join@eve join@kim timeline m1 m2@eve
        sync list all [0,9] timeline 1 state member/me lazy
            all: 1
            !a initial join in=all heroes[@bob @eve @kim] joined=4 invited=0 state{join@me join@eve} [m2] limited prev=s1
        v2: !a m3@kim m4@eve
        sync
            all: 1
            !a in=all state{join@eve} [m4] limited prev=s2 live=1
        v2: !a timeline join@zoe
        sync
            all: 1
            !a in=all heroes[@bob @eve @kim @zoe] joined=5 invited=0 state{join@zoe} [join@zoe] prev=<member-10 live=1
    "#]]);
}

#[test]
fn without_a_gap_every_membership_change_is_sent() {
    check(expect![[r#"
        v2: !a join@eve join@kim timeline m1
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a initial join in=all heroes[@bob @eve @kim] joined=4 invited=0 state{join@bob} [m1] limited prev=<m1
        v2: !a leave@kim timeline m2
        sync
            all: 1
            !a in=all heroes[@bob @eve] joined=3 invited=0 state{leave@kim} [m2] prev=<m2 live=1
    "#]]);
}

#[test]
fn with_a_gap_members_are_flushed_and_those_of_the_timeline_sent_again() {
    check(expect![[r#"
        v2: !a join@eve join@kim timeline m1 m2@eve
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a initial join in=all heroes[@bob @eve @kim] joined=4 invited=0 state{join@bob join@eve} [m1 m2] limited prev=<m1
        v2: !a limited prev=gap join@eve="Evelyn" timeline m9
        sync
            all: 1
            !a in=all heroes[@bob @eve="Evelyn" @kim] state{join@bob} [m9] limited prev=gap live=1
        v2: !a m10@eve
        sync
            all: 1
            !a in=all state{join@eve="Evelyn"} [m10] prev=<m10 live=1
    "#]]);
}

#[test]
fn all_state_with_lazy_members_is_lazy_here_and_everything_there() {
    check(expect![[r#"
        v2: !a name="Tea" join@eve timeline m1
        sync list all [0,9] timeline 1 state * lazy
            all: 1
            v4: !a initial join in=all name="Tea" joined=3 invited=0 state{create name="Tea" join@bob} [m1] limited prev=<m1
            simplified: !a initial join in=all name="Tea" joined=3 invited=0 state{create name="Tea" join@bob join@eve join@me} [m1] limited prev=<m1
    "#]]);
}

#[test]
fn lazy_members_are_dropped_where_another_rule_wants_all() {
    check(expect![[r#"
        v2: !a join@eve timeline m1
        sync list all [0,9] timeline 1 lazy list b [0,9] timeline 1 state member/*
            all: 1
            b: 1
            !a initial join in=all,b heroes[@bob @eve] joined=3 invited=0 state{join@bob join@eve join@me} [m1] limited prev=<m1
    "#]]);
}

#[test]
fn wildcard_members_are_fetched_for_a_subscription() {
    check(expect![[r#"
        v2: !a join@eve timeline m1
        asked nothing
        sync room !a timeline 1 state member/*
            !a initial join heroes[@bob @eve] joined=3 invited=0 state{join@bob join@eve join@me} [m1] limited prev=<m1
        was-asked members
        asked members
            members !a
        sync +0.2s
            nothing
    "#]]);
}

#[test]
fn wanting_more_state_sends_it_at_once() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1
        sync list all [0,9] state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"}
        sync list all [0,9] state name,topic +5s
            all: 1
            !a in=all state{topic="hot"}
    "#]]);
}

#[test]
fn wanting_less_and_more_again_sends_only_what_changed_meanwhile() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1
        sync list all [0,9] state name,topic
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="hot"}
        sync list all [0,9] state name
            all: 1
        sync list all [0,9] state name,topic
            all: 1
        sync list all [0,9] state name
            all: 1
        v2: !a timeline topic="cold"
        sync
            all: 1
        sync list all [0,9] state name,topic
            all: 1
            !a in=all state{topic="cold"}
    "#]]);
}

#[test]
fn a_subscription_on_top_of_a_list_sends_what_it_wants_more() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1 m2 m3
        sync list all [0,9] timeline 1 state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m3] limited prev=s1
        sync and room !a timeline 3 state topic +5s
            all: 1
            !a in=all state{topic="hot"} [m1 m2 m3] limited expanded prev=<m1
        sync list all [0,9] timeline 1 state name
            all: 1
        v2: !a timeline topic="cold"
        sync
            all: 1
            v4: !a in=all [topic="cold"] prev=<topic-9 live=1
            simplified: !a in=all state{topic="cold"} [topic="cold"] prev=<topic-9 live=1
    "#]]);
}

#[test]
fn several_rules_make_the_superset() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1 m2 m3
        sync list one [0,9] timeline 1 state name list two [0,9] timeline 2 state topic room !a timeline 3
            one: 1
            two: 1
            !a initial join in=one,two name="Tea" joined=2 invited=0 state{name="Tea" topic="hot"} [m1 m2 m3] limited prev=<m1
    "#]]);
}

#[test]
fn state_before_the_timeline_is_what_it_was_after_it() {
    check(expect![[r#"
        v2: !a topic="hot" timeline m1 topic="cold" m2
        sync list all [0,9] timeline 1 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="cold"} [m2] limited prev=s1
    "#]]);
}

#[test]
fn state_after_wins_where_the_homeserver_has_it() {
    check(expect![[r#"
        homeserver: state_after
        v2: !a topic="hot" timeline m1 topic="cold" m2
        sync list all [0,9] timeline 1 state topic,name
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="cold"} [m2] limited prev=s1
        # A state reset: the topic is what it was before, and no event of the timeline says so.
        v2: !a topic="hot again" timeline m3
        sync
            all: 1
            !a in=all state{topic="hot again"} [m3] prev=<m3 live=1
        # The event in the timeline did not become state.
        v2: !a timeline name="Tea" json={"org.matrix.msc4222.state_after":{"events":[]}}
        sync
            all: 1
            !a in=all [name="Tea"] prev=<name-10 live=1
    "#]]);
}

#[test]
fn whom_a_membership_event_is_about_is_known_though_lazy_state_names_senders_only() {
    check(expect![[r#"
        homeserver: state_after
        v2: !a timeline invite@dave m2 json={"org.matrix.msc4222.state_after":{"events":[{"type":"m.room.create","state_key":"","event_id":"$create","sender":"@bob:x","origin_server_ts":1,"content":{}},{"type":"m.room.member","state_key":"@me:x","event_id":"$me","sender":"@me:x","origin_server_ts":2,"content":{"membership":"join"}},{"type":"m.room.member","state_key":"@bob:x","event_id":"$bob","sender":"@bob:x","origin_server_ts":1,"content":{"membership":"join"}}]}}
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a initial join in=all heroes[@bob @dave] joined=2 invited=1 state{join@bob invite@dave} [invite@dave m2] limited prev=<member-4
        # A join is told of in the same way.
        v2: !b timeline invite@carol join@me m3 json={"org.matrix.msc4222.state_after":{"events":[{"type":"m.room.create","state_key":"","event_id":"$create2","sender":"@bob:x","origin_server_ts":1,"content":{}},{"type":"m.room.member","state_key":"@me:x","event_id":"$me2","sender":"@me:x","origin_server_ts":2,"content":{"membership":"join"}},{"type":"m.room.member","state_key":"@bob:x","event_id":"$bob2","sender":"@bob:x","origin_server_ts":1,"content":{"membership":"join"}}]}}
        sync
            all: 2
            !b initial join in=all heroes[@bob @carol] joined=2 invited=1 state{join@bob invite@carol join@me} [invite@carol join@me m3] limited prev=<member-8 live=2
    "#]]);
}

#[test]
fn whom_an_earlier_stay_told_of_is_not_known_where_history_is_hidden() {
    check(expect![[r#"
        homeserver: state_after
        # What became of the invite while one was outside, nobody tells.
        v2: !a timeline invite@dave leave@me join@me$backA m2 json={"org.matrix.msc4222.state_after":{"events":[{"type":"m.room.create","state_key":"","event_id":"$createA","sender":"@bob:x","origin_server_ts":1,"content":{}},{"type":"m.room.history_visibility","state_key":"","event_id":"$visibilityA","sender":"@bob:x","origin_server_ts":1,"content":{"history_visibility":"joined"}},{"type":"m.room.member","state_key":"@me:x","event_id":"$backA","sender":"@me:x","origin_server_ts":2,"content":{"membership":"join"}}]}}
        # Here one has been told all of it.
        v2: !b timeline invite@dave leave@me join@me$backB m3 json={"org.matrix.msc4222.state_after":{"events":[{"type":"m.room.create","state_key":"","event_id":"$createB","sender":"@bob:x","origin_server_ts":1,"content":{}},{"type":"m.room.history_visibility","state_key":"","event_id":"$visibilityB","sender":"@bob:x","origin_server_ts":1,"content":{"history_visibility":"shared"}},{"type":"m.room.member","state_key":"@me:x","event_id":"$backB","sender":"@me:x","origin_server_ts":2,"content":{"membership":"join"}}]}}
        sync list all [0,9] timeline 5 lazy
            all: 2
            !b initial join in=all heroes[@bob @dave] joined=2 invited=1 state{invite@dave join@me} [invite@dave leave@me join@me m3] limited prev=<member-9
            !a initial join in=all heroes[@bob @dave] joined=2 invited=1 state{join@me} [invite@dave leave@me join@me m2] limited prev=<member-3
    "#]]);
}

#[test]
fn state_in_the_timeline_is_repeated_in_required_state() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5 state topic,member/me
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a timeline m2 topic="new" join@me="Me"
        sync
            all: 1
            !a in=all state{topic="new" join@me="Me"} [m2 topic="new" join@me="Me"] prev=<m2 live=3
    "#]]);
}

#[test]
fn space_children_come_by_wildcard() {
    check_simplified(expect![[r#"
        v2: !s space name="Space" child!a child!b timeline m1
        sync list spaces [0,9] types=m.space state child/*,create
            spaces: 1
            !s initial join in=spaces name="Space" joined=2 invited=0 state{space child!a child!b}
        v2: !s child!a={}
        sync
            spaces: 1
            !s in=spaces state{child!a={}}
    "#]]);
}

#[test]
fn a_tombstone_comes_as_state() {
    check(expect![[r#"
        v2: !a name="Old" timeline m1
        sync list all [0,9] timeline 1 state tombstone
            all: 1
            !a initial join in=all name="Old" joined=2 invited=0 [m1] limited prev=<m1
        v2: !a timeline tombstone="!new:x" | !new create={"room_version":"11","predecessor":{"room_id":"!a:x"}} timeline join@me
        sync
            all: 2
            !new initial join in=all heroes[@bob] joined=2 invited=0 [join@me] limited prev=<member-9 live=1
            !a in=all state{tombstone="!new:x"} [tombstone="!new:x"] prev=<tombstone-6 live=1
    "#]]);
}

#[test]
fn a_state_that_comes_whole_is_all_there_is() {
    check(expect![[r#"
        v2: !a name="Tea" topic="green" timeline m1
        sync list all [0,9] timeline 5 state name,topic
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="green"} [m1] limited prev=<m1
        v2: !a bare limited prev=gap create name="Coffee" timeline m8
        sync
            all: 1
            v4: !a in=all name="Coffee" state{name="Coffee" no topic} [m8] limited prev=gap live=1
            simplified: !a in=all name="Coffee" state{name="Coffee"} [m8] limited prev=gap live=1
        first list all [0,9] timeline 5 state name,topic
            all: 1
            !a initial join in=all name="Coffee" joined=2 invited=0 state{name="Coffee"} [m8] limited prev=gap
    "#]]);
}

#[test]
fn lazy_members_are_also_those_whom_membership_events_are_about() {
    check(expect![[r#"
        v2: !a join@eve join@kim timeline m1 kick@kim@eve
        sync list all [0,9] timeline 1 lazy
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 state{join@eve kick@kim} [kick@kim] limited prev=s1
        v2: !a invite@zoe@bob m2 m3
        sync
            all: 1
            !a in=all heroes[@bob @eve @zoe] joined=3 invited=1 state{join@bob} [m3] limited prev=s2 live=1
    "#]]);
}

#[test]
fn lazy_members_that_were_wanted_by_name_before_are_not_sent_again() {
    check(expect![[r#"
        v2: !a join@eve timeline m1
        sync list all [0,9] timeline 1 state member/@bob
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 state{join@bob} [m1] limited prev=<m1
        sync list all [0,9] timeline 1 lazy
            all: 1
        v2: !a m2 m3@eve
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a in=all state{join@eve} [m2 m3] prev=<m2 live=2
    "#]]);
}

#[test]
fn lazy_members_that_lapse_and_return_are_told_of_what_changed_meanwhile() {
    check(expect![[r#"
        v2: !a join@eve timeline m1@eve
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 state{join@eve} [m1] limited prev=<m1
        sync list all [0,9] timeline 5
            all: 1
        v2: !a timeline join@eve="Evelyn"
        sync
            all: 1
            !a in=all heroes[@bob @eve="Evelyn"] [join@eve="Evelyn"] prev=<member-6 live=1
        sync list all [0,9] timeline 5 lazy
            all: 1
            !a in=all state{join@eve="Evelyn"}
    "#]]);
}

#[test]
fn a_rule_with_lazy_members_does_not_make_another_one_wide() {
    check_v4(expect![[r#"
        v2: !a name="Tea" join@eve timeline m1
        sync list one [0,9] timeline 1 state * lazy list two [0,9] timeline 1 state name lazy
            one: 1
            two: 1
            !a initial join in=one,two name="Tea" joined=3 invited=0 state{create name="Tea" join@bob} [m1] limited prev=<m1
        sync list one [0,9] timeline 1 state * lazy list two [0,9] timeline 1 state member/*
            one: 1
            two: 1
            !a in=one,two state{join@bob join@eve join@me}
    "#]]);
}

#[test]
fn what_is_excluded_neither_comes_nor_wakes() {
    check_v4(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1
        sync list all [0,9] state * exclude topic,member/*
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{create name="Tea"}
        park
        v2: !a topic="cold"
        asleep
        v2: !a timeline name="Coffee"
        woken
            all: 1
            !a in=all name="Coffee" state{name="Coffee"}
    "#]]);
}

#[test]
fn excluding_less_sends_at_once_what_was_excluded() {
    check_v4(expect![[r#"
        v2: !a name="Tea" topic="hot" timeline m1
        sync list all [0,9] state * exclude create,topic,member/*
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"}
        sync list all [0,9] state * exclude create,member/* +5s
            all: 1
            !a in=all state{topic="hot"}
        sync list all [0,9] state * exclude create,name,topic,member/*
            all: 1
        v2: !a timeline topic="cold"
        sync
            all: 1
        sync list all [0,9] state * exclude create,member/*
            all: 1
            !a in=all state{topic="cold"}
    "#]]);
}

#[test]
fn rules_that_come_and_go_send_nothing_twice() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" x.y/k={"n":1} timeline m1 m2 m3
        sync list one [0,9] timeline 1 state name
            one: 1
            !a initial join in=one name="Tea" joined=2 invited=0 state{name="Tea"} [m3] limited prev=s1
        sync list one [0,9] timeline 1 state name list two [0,9] timeline 2 state topic
            one: 1
            two: 1
            !a in=one,two state{topic="hot"} [m2 m3] limited expanded prev=s1
        sync list one [0,9] timeline 1 state name list two [0,9] timeline 2 state topic room !a timeline 3 state x.y/*
            one: 1
            two: 1
            !a in=one,two state{x.y/k={"n":1}} [m1 m2 m3] limited expanded prev=<m1
        sync list one [0,9] timeline 1 state name
            one: 1
        sync list two [0,9] timeline 2 state topic
            two: 1
        sync room !a timeline 3 state x.y/*,topic,name
            nothing
        v2: !a timeline topic="cold"
        sync list one [0,9] timeline 1 state name
            one: 1
            v4: !a in=one [topic="cold"] prev=<topic-10 live=1
            simplified: !a in=one state{topic="cold"} [topic="cold"] prev=<topic-10 live=1
        sync list one [0,9] timeline 1 state name room !a timeline 3 state *
            one: 1
            v4: !a in=one state{create topic="cold" join@bob join@me}
            simplified: !a in=one state{create join@bob join@me}
        sync
            one: 1
    "#]]);
}

#[test]
fn members_are_fetched_again_after_each_gap() {
    check(expect![[r#"
        v2: !a join@eve timeline m1
        sync room !a timeline 1 state member/*
            !a initial join heroes[@bob @eve] joined=3 invited=0 state{join@bob join@eve join@me} [m1] limited prev=<m1
        was-asked members
        sync +0.2s
            nothing
        asked members
            members !a
        v2: !a limited prev=gap timeline m8
        sync
            !a state{join@bob} [m8] limited prev=gap live=1
        was-asked members
        sync +0.2s
            nothing
        asked members
            members !a
    "#]]);
}

#[test]
fn members_that_were_being_fetched_when_the_server_died_are_asked_for_again() {
    check(expect![[r#"
        homeserver: history !a join@kim
        homeserver: fail members hangs
        v2: !a timeline m1
        sync room !a timeline 1 state member/*
            !a initial join heroes[@kim @bob] joined=3 invited=0 state{join@bob join@me} [m1] limited prev=<m1
        was-asked members
        restart
        sync +5s
            !a state{join@kim}
    "#]]);
}

#[test]
fn members_that_are_named_and_not_held_are_fetched() {
    check(expect![[r#"
        # Undisturbed: the members that were fetched may be there when a lost answer is asked for again.
        homeserver: history !a join@kim
        v2: !a timeline m1
        asked nothing
        sync room !a timeline 1 state member/@bob,member/me
            !a initial join heroes[@kim @bob] joined=3 invited=0 state{join@bob join@me} [m1] limited prev=<m1
        asked members
        sync room !a timeline 1 state member/@kim,member/me
            nothing
        sync +5s
            !a state{join@kim}
        asked members
            members !a
    "#]]);
}

#[test]
fn a_lost_growth_of_state_comes_again() {
    check(expect![[r#"
        v2: !a name="Tea" topic="hot" join@eve timeline m1@eve
        sync list all [0,9] timeline 1 state name
            all: 1
            !a initial join in=all name="Tea" joined=3 invited=0 state{name="Tea"} [m1] limited prev=<m1
        lost list all [0,9] timeline 1 state name,topic lazy
            all: 1
            !a in=all state{topic="hot" join@eve}
        sync list all [0,9] timeline 1 state name,topic lazy
            all: 1
            !a in=all state{topic="hot" join@eve}
        v2: !a m2@bob
        lost
            all: 1
            !a in=all state{join@bob} [m2] prev=<m2 live=1
        v2: !a m3@bob
        sync
            all: 1
            !a in=all state{join@bob} [m3] limited prev=<m3 live=1
        sync
            all: 1
    "#]]);
}
