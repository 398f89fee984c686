//! In and out of rooms (`spec/v4.md`, "Which rooms a list holds"; `spec/synapse.md` §3).

use expect_test::expect;

use crate::scenario::check;

#[test]
fn an_invite_shows_its_stripped_state_and_nothing_else() {
    check(expect![[r#"
        v2: !a invite name="Club" topic="talk"
        sync list all [0,9] timeline 5 state name,member/me lazy
            all: 1
            !a initial invite in=all stripped{create name="Club" topic="talk" invite@me}
    "#]]);
}

#[test]
fn an_invite_that_comes_later_wakes_and_stands_first() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park
        v2: !b invite name="Club" from=@eve
        woken
            all: 2
            !b initial invite in=all stripped{create name="Club" invite@me}
    "#]]);
}

#[test]
fn an_invite_that_is_accepted_becomes_a_room_anew() {
    check(expect![[r#"
        v2: !a invite name="Club"
        sync list all [0,9] timeline 5 state name,member/me
            all: 1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: !a name="Club" timeline m1 join@me m2
        sync
            all: 1
            !a initial join in=all name="Club" joined=2 invited=0 state{name="Club" join@me} [m1 join@me m2] limited prev=<m1 live=2
    "#]]);
}

#[test]
fn an_invite_that_is_rejected_leaves_with_its_stripped_state() {
    check(expect![[r#"
        v2: !a invite name="Club" | !b timeline m1
        sync list all [0,9] timeline 5 state member/me
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m1] limited prev=<m1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: !a leave
        sync
            all: 2
            !a leave in=all stripped{create name="Club" leave@me}
        first list all [0,9] timeline 5 state member/me
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m1] limited prev=<m1
    "#]]);
}

#[test]
fn an_invite_that_is_taken_back_leaves_by_another() {
    check(expect![[r#"
        v2: !a invite name="Club"
        sync list all [0,9] state member/me
            all: 1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: !a leave timeline kick@me
        sync
            all: 1
            !a leave in=all stripped{create name="Club" kick@me}
        first list all [0,9] state member/me
            all: 0
    "#]]);
}

#[test]
fn a_knock_waits_outside_until_it_is_let_in() {
    check(expect![[r#"
        v2: !a knock name="Club"
        sync list all [0,9] timeline 5
            all: 1
            !a initial knock in=all stripped{create name="Club" knock@me}
        v2: !a invite name="Club"
        sync
            all: 1
            !a invite in=all stripped{create name="Club" invite@me}
        v2: !a name="Club" timeline join@me
        sync
            all: 1
            !a initial join in=all name="Club" joined=2 invited=0 [join@me] limited prev=<member-10 live=1
    "#]]);
}

#[test]
fn a_knock_that_is_refused_leaves_with_its_stripped_state() {
    check(expect![[r#"
        v2: !a knock name="Club"
        sync list all [0,9]
            all: 1
            !a initial knock in=all stripped{create name="Club" knock@me}
        v2: !a leave timeline kick@me
        sync
            all: 1
            !a leave in=all stripped{create name="Club" kick@me}
    "#]]);
}

#[test]
fn ones_own_leave_is_delivered_and_the_room_stays_where_it_was_sent() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 | !b timeline m2
        sync list all [0,9] timeline 5 state member/me
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m2] limited prev=<m2
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a leave timeline m3
        sync
            all: 2
            !a leave in=all state{leave@me} [m3 leave@me] prev=<m3 live=2
        sync
            all: 2
        first list all [0,9] timeline 5 state member/me
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m2] limited prev=<m2
    "#]]);
}

#[test]
fn a_left_room_can_be_subscribed_to() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a name="Tea" timeline m1
        v2: !a leave timeline m2
        sync list all [0,9] timeline 5 room !a timeline 5 state name,member/me
            all: 0
            !a initial leave name="Tea" joined=2 invited=0 state{name="Tea" leave@me} [m1 m2 leave@me] limited prev=<m1
    "#]]);
}

#[test]
fn a_kick_is_delivered_and_the_room_stays_for_everybody() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a leave timeline m2 kick@me
        sync
            all: 1
            !a leave in=all state{kick@me} [m2 kick@me] prev=<m2 live=2
        first list all [0,9] timeline 5 state member/me
            all: 1
            !a initial leave in=all name="Tea" joined=2 invited=0 state{kick@me} [m1 m2 kick@me] limited prev=<m1
    "#]]);
}

#[test]
fn a_ban_is_delivered_and_the_room_stays_for_everybody() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a leave timeline ban@me
        sync
            all: 1
            !a ban in=all state{ban@me} [ban@me] prev=<member-6 live=1
        first list all [0,9] timeline 5 state member/me
            all: 1
            !a initial ban in=all name="Tea" joined=2 invited=0 state{ban@me} [m1 ban@me] limited prev=<m1
    "#]]);
}

#[test]
fn a_ban_from_a_room_that_one_never_was_in_is_not_listed() {
    check(expect![[r#"
        v2: !a timeline m1
        v2: !b leave timeline ban@me
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
}

#[test]
fn a_kick_from_before_the_account_began_is_listed() {
    check(expect![[r#"
        v2: !a timeline m1 | !b leave name="Tea" timeline join@me m2 kick@me
        sync list all [0,9] timeline 5 state name,member/me
            all: 2
            !b initial leave in=all name="Tea" state{name="Tea" kick@me} [join@me m2 kick@me] limited prev=<member-7
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@me} [m1] limited prev=<m1
    "#]]);
}

#[test]
fn a_room_that_is_joined_again_comes_anew() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state name,member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" join@me} [m1] limited prev=<m1
        v2: !a leave
        sync
            all: 1
            !a leave in=all state{leave@me} [leave@me] prev=<member-6 live=1
        v2: !a limited prev=gap timeline m7 join@me m8
        sync
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" join@me} [m7 join@me m8] limited prev=gap live=2
    "#]]);
}

#[test]
fn an_invite_back_to_a_left_room_shows_it_from_outside() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m1] limited prev=<m1
        v2: !a leave
        sync
            all: 1
            !a leave in=all [leave@me] prev=<member-6 live=1
        v2: !a invite name="Tea again"
        sync
            all: 1
            !a initial invite in=all stripped{create name="Tea again" invite@me}
        first list all [0,9] timeline 5 state name
            all: 1
            !a initial invite in=all stripped{create name="Tea again" invite@me}
    "#]]);
}

#[test]
fn a_room_that_one_is_outside_of_has_no_typing_receipts_or_account_data() {
    check(expect![[r#"
        v2: !a name="Tea" data x.y={"n":0} typing @bob timeline m1
        sync list all [0,9] timeline 5 ext typing ext receipts ext account_data
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 [m1] limited prev=<m1
            account_data !a[x.y={"n":0}]
            typing !a[@bob]
        v2: !a leave timeline m2 kick@me
        sync
            all: 1
            !a leave in=all [m2 kick@me] prev=<m2 live=2
        v2: !a leave bare data x.y={"n":1} typing @bob receipts m2@bob
        sync
            all: 1
        first list all [0,9] timeline 5 ext typing ext receipts ext account_data
            all: 1
            !a initial leave in=all name="Tea" joined=2 invited=0 [m1 m2 kick@me] limited prev=<m1
    "#]]);
}

#[test]
fn an_unknown_room_in_leave_is_a_rejected_invite_of_another_device() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !b leave
        sync
            all: 1
        sync list all [0,9] room !b timeline 5
            all: 1
    "#]]);
}

#[test]
fn a_second_invite_to_the_same_room_is_shown_anew() {
    check(expect![[r#"
        v2: !a invite name="Club"
        sync list all [0,9]
            all: 1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: !a leave
        sync
            all: 1
            !a leave in=all stripped{create name="Club" leave@me}
        v2: !a invite name="Club again" from=@eve
        sync
            all: 1
            !a initial invite in=all stripped{create name="Club again" invite@me}
    "#]]);
}

#[test]
fn an_unbanned_user_is_out_but_no_longer_banned() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] state member/me
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{join@me}
        v2: !a leave timeline ban@me
        sync
            all: 1
            !a ban in=all state{ban@me}
        v2: !a leave timeline kick@me
        sync
            all: 1
            !a leave in=all state{kick@me}
    "#]]);
}

#[test]
fn a_join_that_is_undone_before_it_is_seen_leaves_nothing_behind() {
    check(expect![[r#"
        v2: !b timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a timeline join@me
        v2: !a leave
        sync
            all: 1
    "#]]);
}

#[test]
fn who_leaves_and_joins_within_one_answer_is_in() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 9 state member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a timeline m2 leave@me join@me m3
        sync
            all: 1
            !a in=all state{join@me} [m2 leave@me join@me m3] prev=<m2 live=4
    "#]]);
}
