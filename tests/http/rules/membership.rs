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
            v4: !a leave in=all stripped{create name="Club" leave@me}
            simplified: !a leave in=all stripped{create name="Club" leave@me} state{leave@me}
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
            v4: !a leave in=all stripped{create name="Club" kick@me}
            simplified: !a leave in=all stripped{create name="Club" kick@me} state{kick@me}
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
            !a leave in=all joined=1 invited=0 state{leave@me} [m3 leave@me] prev=<m3 live=2
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
            !a initial leave name="Tea" joined=1 invited=0 state{name="Tea" leave@me} [m1 m2 leave@me] limited prev=<m1
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
            !a leave in=all joined=1 invited=0 state{kick@me} [m2 kick@me] prev=<m2 live=2
        first list all [0,9] timeline 5 state member/me
            all: 1
            !a initial leave in=all name="Tea" joined=1 invited=0 state{kick@me} [m1 m2 kick@me] limited prev=<m1
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
            !a ban in=all joined=1 invited=0 state{ban@me} [ban@me] prev=<member-6 live=1
        first list all [0,9] timeline 5 state member/me
            all: 1
            !a initial ban in=all name="Tea" joined=1 invited=0 state{ban@me} [m1 ban@me] limited prev=<m1
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
fn an_invite_taken_back_before_the_account_began_is_not_listed_though_the_homeserver_shows_the_room() {
    check(expect![[r#"
        v2: !a timeline m1 | !b leave name="Tea" timeline invite@me json={"timeline":{"events":[{"type":"m.room.member","state_key":"@me:x","event_id":"$kick","sender":"@bob:x","origin_server_ts":1700000009000,"content":{"membership":"leave"},"unsigned":{"prev_content":{"membership":"invite"}}}]}}
        sync list all [0,9] timeline 1
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
            !a leave in=all joined=1 invited=0 state{leave@me} [leave@me] prev=<member-6 live=1
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
            !a leave in=all joined=1 invited=0 [leave@me] prev=<member-6 live=1
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
            !a leave in=all joined=1 invited=0 [m2 kick@me] prev=<m2 live=2
        v2: !a leave bare data x.y={"n":1} typing @bob receipts m2@bob
        sync
            all: 1
        first list all [0,9] timeline 5 ext typing ext receipts ext account_data
            all: 1
            !a initial leave in=all name="Tea" joined=1 invited=0 [m1 m2 kick@me] limited prev=<m1
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
            !a ban in=all joined=1 invited=0 state{ban@me}
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

#[test]
fn a_rejected_invite_that_showed_nothing_ends_with_the_rejection_alone() {
    check(expect![[r#"
        v2: !a invite bare
        sync list all [0,9] state member/me
            all: 1
            !a initial invite in=all stripped{invite@me}
        v2: !a leave bare timeline leave@me
        sync
            all: 1
            v4: !a leave in=all stripped{leave@me}
            simplified: !a leave in=all stripped{leave@me} state{leave@me}
        sync
            all: 1
    "#]]);
}

#[test]
fn an_invite_that_a_connection_never_saw_ends_without_a_word() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,0]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !b invite name="Club"
        v2: !b leave
        sync list all [0,9] room !nowhere
            all: 1
    "#]]);
}

#[test]
fn a_rejected_invite_can_still_be_subscribed_to() {
    check(expect![[r#"
        v2: !a invite name="Club"
        v2: !a leave
        sync list all [0,9] room !a timeline 5 state *
            all: 0
            v4: !a initial leave stripped{create name="Club" leave@me}
            simplified: !a initial leave stripped{create name="Club" leave@me} state{leave@me}
    "#]]);
}

#[test]
fn a_knock_that_is_withdrawn_leaves_with_its_stripped_state() {
    check(expect![[r#"
        v2: !a knock name="Club"
        sync list all [0,9]
            all: 1
            !a initial knock in=all stripped{create name="Club" knock@me}
        v2: !a leave
        sync
            all: 1
            !a leave in=all stripped{create name="Club" leave@me}
        first list all [0,9]
            all: 0
    "#]]);
}

#[test]
fn a_ban_while_one_is_invited_ends_the_invite() {
    check(expect![[r#"
        v2: !a invite name="Club"
        sync list all [0,9] state member/me
            all: 1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: !a leave timeline ban@me
        sync
            all: 1
            v4: !a ban in=all stripped{create name="Club" ban@me}
            simplified: !a ban in=all stripped{create name="Club" ban@me} state{ban@me}
        first list all [0,9] state member/me
            all: 0
    "#]]);
}

#[test]
fn a_rejected_invite_back_to_a_room_shows_the_room_as_it_was_left() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a name="Tea" topic="green" timeline m1
        v2: !a leave
        v2: !a invite name="Tea again"
        sync list all [0,9] timeline 5 state name,topic,member/me
            all: 1
            !a initial invite in=all stripped{create name="Tea again" invite@me}
        v2: !a leave
        sync
            all: 1
            !a initial leave in=all name="Tea" state{name="Tea" topic="green" leave@me} [leave@me] limited prev=<member-11 live=1
        first room !a timeline 5 state name,topic,member/me
            !a initial leave name="Tea" state{name="Tea" topic="green" leave@me} [leave@me] limited prev=<member-11
    "#]]);
}

#[test]
fn a_kick_and_an_invite_between_two_answers_is_an_invite() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        v2: !a leave timeline m2 kick@me
        v2: !a invite name="Sorry"
        sync
            all: 1
            !a initial invite in=all stripped{create name="Sorry" invite@me}
    "#]]);
}

#[test]
fn an_invite_after_a_ban_and_its_end_is_an_invite() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        v2: !a leave timeline ban@me
        sync list all [0,9] timeline 5 state member/me
            all: 1
            !a initial ban in=all name="Tea" joined=1 invited=0 state{ban@me} [m1 ban@me] limited prev=<m1
        v2: !a leave timeline kick@me
        v2: !a invite name="Sorry"
        sync
            all: 1
            !a initial invite in=all stripped{create name="Sorry" invite@me}
        v2: !a name="Tea" limited prev=gap timeline join@me m8
        sync
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [join@me m8] limited prev=gap live=2
    "#]]);
}

#[test]
fn nothing_is_shown_from_after_the_leave() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        login-device TABLET
        sync list all [0,9] timeline 9 state name
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m1] limited prev=<m1
        v2: !a leave timeline m2 kick@me
        v2@TABLET: !a m1 m2 m3
        sync
            all: 1
            !a leave in=all joined=1 invited=0 [m2 kick@me] prev=<m2 live=2
        first list all [0,9] timeline 9 state name
            all: 1
            !a initial leave in=all name="Tea" joined=1 invited=0 state{name="Tea"} [m1 m2 kick@me] limited prev=<m1
    "#]]);
}

#[test]
fn the_state_of_a_left_room_is_that_of_the_leave() {
    check(expect![[r#"
        v2: !a name="Tea" topic="green" timeline m1
        v2: !a leave timeline topic="black" kick@me
        sync list all [0,9] timeline 9 state name,topic,member/me
            all: 1
            !a initial leave in=all name="Tea" joined=1 invited=0 state{name="Tea" topic="black" kick@me} [m1 topic="black" kick@me] limited prev=<m1
    "#]]);
}

#[test]
fn history_of_an_earlier_stay_does_not_run_into_the_new_one() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 m2
        v2: !a leave
        v2: !a bare prev=gap create name="Tea" timeline join@me$back m8
        sync list all [0,9] timeline 9 state name
            all: 1
            !a initial join in=all name="Tea" state{name="Tea"} [join@me m8] limited prev=gap
    "#]]);
}

#[test]
fn state_that_went_while_one_was_outside_is_gone_after_the_rejoin() {
    check(expect![[r#"
        v2: !a name="Tea" topic="green" timeline m1
        sync list all [0,9] timeline 9 state name,topic
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="green"} [m1] limited prev=<m1
        v2: !a leave
        sync
            all: 1
            !a leave in=all joined=1 invited=0 [leave@me] prev=<member-7 live=1
        v2: !a bare limited prev=gap create name="Tea" timeline join@me$back m8
        sync
            all: 1
            !a initial join in=all name="Tea" state{name="Tea"} [join@me m8] limited prev=gap live=2
    "#]]);
}

#[test]
fn who_was_out_between_two_polls_begins_anew_with_what_is_there() {
    check(expect![[r#"
        v2: !a name="Tea" topic="green" timeline m1
        sync list all [0,9] timeline 9 state name,topic,member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea" topic="green" join@me} [m1] limited prev=<m1
        v2: !a bare limited prev=gap create name="Tea" timeline leave@me join@me$back m8
        sync
            all: 1
            !a initial join in=all name="Tea" state{name="Tea" join@me} [leave@me join@me m8] limited prev=gap live=2
    "#]]);
}

#[test]
fn a_left_room_that_is_forgotten_is_gone() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a name="Tea" timeline m1 | !b timeline m2
        sync list all [0,9] timeline 1 room !a timeline 5
            all: 2
            !a initial join in=all name="Tea" joined=2 invited=0 [m1] limited prev=<m1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a leave timeline kick@me
        sync
            all: 2
            !a leave in=all joined=1 invited=0 [kick@me] prev=<member-10 live=1
        forget !a
        sync
            all: 1
        first list all [0,9] timeline 1 room !a timeline 5
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a invite name="Come back"
        sync
            all: 2
            !a initial invite in=all stripped{create name="Come back" invite@me}
    "#]]);
}

#[test]
fn a_room_that_is_forgotten_before_its_leave_came_is_told_to_be_left_and_gone_then() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 1 state member/me
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{join@me} [m1] limited prev=<m1
        forget !a
        park
        v2: !a leave
        woken
            all: 1
            !a leave in=all joined=1 invited=0 state{leave@me} [leave@me] prev=<member-6 live=1
        pause 0.2
        sync room !a timeline 5
            nothing
    "#]]);
}

#[test]
fn a_room_that_is_joined_again_after_it_was_forgotten_comes_anew() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 [m1] limited prev=<m1
        v2: !a leave
        forget !a
        v2: !a name="Tea" limited prev=gap timeline join@me$back m8
        sync
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 [join@me m8] limited prev=gap live=2
    "#]]);
}

#[test]
fn an_upgraded_room_stays_with_its_tombstone_and_its_successor_comes() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5 state tombstone,create
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 state{create} [m1] limited prev=<m1
        v2: !a timeline tombstone="!b:x" | !b create={"room_version":"11","predecessor":{"room_id":"!a:x"}} name="Tea" timeline join@me m2
        sync
            all: 2
            !b initial join in=all name="Tea" joined=2 invited=0 state{create} [join@me m2] limited prev=<member-10 live=2
            !a in=all state{tombstone="!b:x"} [tombstone="!b:x"] prev=<tombstone-6 live=1
        v2: !a leave
        sync
            all: 2
            !a leave in=all joined=1 invited=0 [leave@me] prev=<member-12 live=1
    "#]]);
}

#[test]
fn an_invite_of_an_ignored_user_is_not_shown() {
    check(expect![[r#"
        v2: !a invite name="Spam" from=@eve | !b timeline m1 | ignore @eve
        sync list all [0,9] list invites [0,9] invited room !a timeline 5
            all: 1
            invites: 0
            !b initial join in=all heroes[@bob] joined=2 invited=0
        park
        v2: !c invite name="More spam" from=@eve
        asleep
        v2: !d invite name="Club" from=@kim
        woken
            all: 2
            invites: 1
            !d initial invite in=all,invites stripped{create name="Club" invite@me}
    "#]]);
}

#[test]
fn an_invite_goes_when_its_sender_is_ignored_and_returns_when_not() {
    check(expect![[r#"
        v2: !a invite name="Club" from=@eve | !b timeline m1
        sync list all [0,9]
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: ignore @eve
        sync
            all: 1
        first conn=new list all [0,9]
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0
        v2: ignore
        sync
            all: 2
        sync conn=new
            all: 2
            !a initial invite in=all stripped{create name="Club" invite@me}
    "#]]);
}

#[test]
fn an_invite_that_was_left_out_while_its_sender_was_ignored_comes_with_the_whole() {
    check(expect![[r#"
        # Undisturbed: a server that is killed before it has the whole asks for it again.
        v2: !b timeline m1 | ignore @eve
        sync list all [0,9]
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0
        homeserver: whole !b timeline m1 | !a invite name="Club" from=@eve
        asked nothing
        v2: ignore
        settled complete
        asked sync
            v4: sync since=s2 online
            simplified: sync since=s2
            sync whole
            v4: sync since=s2 online
            simplified: sync since=s2
        sync
            all: 2
            !a initial invite in=all stripped{create name="Club" invite@me}
    "#]]);
}

#[test]
fn an_invite_that_shows_nothing_at_all_has_an_empty_stripped_state() {
    check(expect![[r#"
        v2: json {"rooms":{"invite":{"!a:x":{}}}}
        sync list all [0,9]
            all: 1
            !a initial invite in=all stripped{}
    "#]]);
}

/// On the unstable wire a room without `invite_state` is one that the client believes itself joined to.
#[test]
fn an_invite_that_becomes_a_direct_chat_is_still_an_invite() {
    check(expect![[r#"
        v2: !a invite name="Club"
        sync list all [0,9]
            all: 1
            !a initial invite in=all stripped{create name="Club" invite@me}
        v2: direct !a
        sync
            all: 1
            v4: !a in=all dm
            simplified: !a invite in=all dm stripped{create name="Club" invite@me}
        v2: direct none
        sync
            all: 1
            v4: !a in=all dm=false
            simplified: !a invite in=all dm=false stripped{create name="Club" invite@me}
    "#]]);
}
