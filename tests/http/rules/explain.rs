//! Why a room is, or is not, in what a connection is sent (`GET /_sash/explain`).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_room_outside_of_the_window_has_an_index_and_no_rule() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,1] timeline 1
            all: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=<m3
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        explain !c
            the user is in the room
            > in list `all` at index 0 of 3, inside of the window [0, 1]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !a
            the user is in the room
            > in list `all` at index 2 of 3, outside of the window [0, 1]
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
        sync list all timeline 1
            all: 3
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        explain !a
            the user is in the room
            v4: > in list `all` at index 2 of 3, and all of it is asked for
            simplified: > in list `all` at index 2 of 3, inside of the window [0, 999999]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn every_window_of_a_list_is_named() {
    check_simplified(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        sync list all [0,0] [2,2] list count nowhere
            all: 3
            count: 3
            !c initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
        explain !a
            the user is in the room
            > in list `all` at index 2 of 3, inside of the window [0, 0], [2, 2]
            > in list `count` at index 2 of 3, of which nothing but the count is asked for
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !b
            the user is in the room
            > in list `all` at index 1 of 3, outside of the window [0, 0], [2, 2]
            > in list `count` at index 1 of 3, of which nothing but the count is asked for
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
    "#]]);
}

#[test]
fn each_filter_that_refuses_a_room_is_named() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a encryption tags m.favourite timeline m1 | !s space child!a timeline m2 | !b timeline m3 | !i invite bare | direct !a
        sync list people [0,9] dm list others [0,9] not-dm not-encrypted list invites [0,9] invited list fav [0,9] tags=m.favourite list not-fav [0,9] not-tags=m.favourite list spaces [0,9] types=m.space list in-s [0,9] spaces=!s list unread [0,9] unread
            fav: 1
            in-s: 1
            invites: 1
            not-fav: 3
            others: 2
            people: 1
            spaces: 1
            unread: 1
            !a initial join in=fav,in-s,people heroes[@bob] dm joined=2 invited=0
            !i initial invite in=invites,not-fav,unread stripped{invite@me}
            !b initial join in=not-fav,others heroes[@bob] joined=2 invited=0
            !s initial join in=not-fav,others,spaces heroes[@bob] joined=2 invited=0
        explain !a
            the user is in the room
            > in list `fav` at index 0 of 1, inside of the window [0, 9]
            > in list `in-s` at index 0 of 1, inside of the window [0, 9]
            v4: > not in list `invites`: the filter is_invited is true, but the user is not invited
            simplified: > not in list `invites`: the filter is_invite is true, but the user is not invited
            > not in list `not-fav`: the filter not_tags refuses it, because its tags are m.favourite
            > not in list `others`: the filter is_dm is false, but m.direct names the room; the filter is_encrypted is false, but the room is encrypted
            > in list `people` at index 0 of 1, inside of the window [0, 9]
            > not in list `spaces`: the filter room_types refuses it, because it has no type
            > not in list `unread`: the filter sash.unread is true, but the room is not unread
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !b
            the user is in the room
            > not in list `fav`: the filter tags refuses it, because it has no tags
            > not in list `in-s`: the filter spaces refuses it, because it is in no joined space
            v4: > not in list `invites`: the filter is_invited is true, but the user is not invited
            simplified: > not in list `invites`: the filter is_invite is true, but the user is not invited
            > in list `not-fav` at index 1 of 3, inside of the window [0, 9]
            > in list `others` at index 0 of 2, inside of the window [0, 9]
            > not in list `people`: the filter is_dm is true, but m.direct does not name the room
            > not in list `spaces`: the filter room_types refuses it, because it has no type
            > not in list `unread`: the filter sash.unread is true, but the room is not unread
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !s
            the user is in the room
            > not in list `fav`: the filter tags refuses it, because it has no tags
            > not in list `in-s`: the filter spaces refuses it, because it is in no joined space
            v4: > not in list `invites`: the filter is_invited is true, but the user is not invited
            simplified: > not in list `invites`: the filter is_invite is true, but the user is not invited
            > in list `not-fav` at index 2 of 3, inside of the window [0, 9]
            > in list `others` at index 1 of 2, inside of the window [0, 9]
            > not in list `people`: the filter is_dm is true, but m.direct does not name the room
            > in list `spaces` at index 0 of 1, inside of the window [0, 9]
            > not in list `unread`: the filter sash.unread is true, but the room is not unread
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !i
            the user is invited, and is shown stripped state only
            > not in list `fav`: the filter tags refuses it, because it has no tags
            > not in list `in-s`: the filter spaces refuses it, because it is in no joined space
            > in list `invites` at index 0 of 1, inside of the window [0, 9]
            > in list `not-fav` at index 0 of 3, inside of the window [0, 9]
            > not in list `others`: the filter is_encrypted is false, but nobody told whether it is
            > not in list `people`: the filter is_dm is true, but m.direct does not name the room
            > not in list `spaces`: the filter room_types refuses it, because its type is not known
            > in list `unread` at index 0 of 1, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn a_filter_has_the_name_of_its_wire() {
    check_v4(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list invites [0,9] invited
            invites: 0
        explain !a
            the user is in the room
            > not in list `invites`: the filter is_invited is true, but the user is not invited
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
    "#]]);
    check_simplified(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list invites [0,9] invited
            invites: 0
        explain !a
            the user is in the room
            > not in list `invites`: the filter is_invite is true, but the user is not invited
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
    "#]]);
}

#[test]
fn a_subscription_reaches_a_room_that_no_window_holds() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 m2 m3 | !b timeline m4
        sync list all [0,0] timeline 1 room !a timeline 20 state name
            all: 2
            !a initial join heroes[@bob] joined=2 invited=0 [m1 m2 m3] limited prev=<m1
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m4] limited prev=<m4
        explain !a
            the user is in the room
            > in list `all` at index 1 of 2, outside of the window [0, 0]
            > a subscription names it
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        sync list all [0,0] timeline 1
            all: 2
        explain !a
            the user is in the room
            > in list `all` at index 1 of 2, outside of the window [0, 0]
            v4: > no window holds it and no subscription names it, so nothing of it is sent
            simplified: > a subscription names it
            > it was sent up to position …, as the client has confirmed
            simplified: > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn an_answer_is_told_from_one_that_the_client_has_confirmed() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        explain !a
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        sync
            all: 1
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, as the client has confirmed
            > the next request gets nothing of it: nothing about it is new
        v2: !a m2
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, as the client has confirmed
            > the next request gets what is new of it: 1 timeline event
        lost
            all: 1
            !a in=all [m2] prev=<m2 live=1
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, and again with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
        sync
            all: 1
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, as the client has confirmed
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn a_waiting_request_says_what_it_waits_with() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0]
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
        park
        explain !a
            the user is in the room
            > a request waits for news
            > in list `all` at index 1 of 2, outside of the window [0, 0]
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
        explain !b
            the user is in the room
            > a request waits for news
            > in list `all` at index 0 of 2, inside of the window [0, 0]
            > it was sent up to position …, as the client has confirmed
            > the waiting request gets nothing of it: nothing about it is new
        hangup
        explain !b
            the user is in the room
            > the last request was given up before it was answered
            > in list `all` at index 0 of 2, inside of the window [0, 0]
            > it was sent up to position …, as the client has confirmed
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn explaining_takes_nothing_as_sent() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list all [0,9] timeline 5 ext receipts ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a receipts m2@bob timeline m2
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets what is new of it: 1 timeline event, the extension receipts
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets what is new of it: 1 timeline event, the extension receipts
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
            receipts !a[m2@bob]
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, and again with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn a_room_that_has_fallen_behind_says_up_to_where_it_was_sent() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,1] timeline 1
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync list all [0,0] timeline 1
            all: 2
        v2: !a m3 | !b m4
        sync
            all: 2
            !b in=all [m4] prev=<m4 live=1
        explain !a
            the user is in the room
            > in list `all` at index 1 of 2, outside of the window [0, 0]
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was sent up to position …; it has changed since, and the last answer left that out
        sync
            all: 2
        explain !a
            the user is in the room
            > in list `all` at index 1 of 2, outside of the window [0, 0]
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was sent up to position … only, as the client has confirmed
        sync list all [0,1] timeline 1
            all: 2
            !a in=all [m3] prev=<m3
        explain !a
            the user is in the room
            > in list `all` at index 1 of 2, inside of the window [0, 1]
            > it was sent up to position … only, and again with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn a_room_that_was_left_is_held_by_the_connection_that_was_sent_it() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,9]
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a leave
        sync
            all: 2
            !a leave in=all joined=1 invited=0
        explain !a
            the user has left the room, so only connections that were sent it before hold it
            > in list `all` at index 0 of 2, inside of the window [0, 9]
            > it was sent up to position …, and again with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        sync conn=new list all [0,9]
            all: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0
        explain !a conn=new
            the user has left the room, so only connections that were sent it before hold it
            new> not in list `all`: the user is not in the room
            new> no window holds it and no subscription names it, so nothing of it is sent
            new> it was not sent on this connection
    "#]]);
}

#[test]
fn memberships_are_told_apart() {
    check(expect![[r##"
        # Undisturbed: a restart forgets what was asked.
        v2: !invited invite name="Club" | !knocked knock | !kicked timeline m1 | !banned timeline m2 | !left timeline m3 | !turned-down invite
        v2: !kicked leave timeline kick@me | !banned leave timeline ban@me | !left leave | !turned-down leave
        sync list all [0,9]
            all: 4
            !banned initial ban in=all heroes[@bob] joined=1 invited=0
            !kicked initial leave in=all heroes[@bob] joined=1 invited=0
            !knocked initial knock in=all stripped{create knock@me}
            !invited initial invite in=all stripped{create name="Club" invite@me}
        explain !invited show room
            the user is invited, and is shown stripped state only
            whole invite name_from=m.room.name heroes[] encrypted=false dm=false type=null tags[] spaces[] joined=null invited=null unread=null/null events=0 live=0 gaps=0 tokens=0 state{} members{} complete=false stripped=3 receipts=0 own[] typing[]
            > in list `all` at index 3 of 4, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !knocked
            the user has knocked, and is shown stripped state only
            > in list `all` at index 2 of 4, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !kicked
            the user was kicked, and lists go on holding the room
            > in list `all` at index 1 of 4, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !banned
            the user is banned, and lists go on holding the room
            > in list `all` at index 0 of 4, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !left
            the user has left the room, so only connections that were sent it before hold it
            > not in list `all`: the user is not in the room
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
        explain !turned-down
            the user never was in the room, so only connections that were sent its invite hold it
            > not in list `all`: the user is not in the room
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
    "##]]);
}

#[test]
fn what_is_known_by_its_id_alone_or_by_scouting_is_said_to_be() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        homeserver: history !a create join@me join@bob name="Tea" m1 m2
        homeserver: joined !a !b
        homeserver: notified !a
        start: data x.y={}
        begin whole
        sync list all [0,9] timeline 1
            all: 2
            !a initial join in=all name="Tea" [m2] limited prev=end
        explain !a
            the user is in the room
            it was scouted: what is held of it is provisional until the whole account is there
            > in list `all` at index 0 of 2, inside of the window [0, 9]
            > it was sent with the last answer, which the client has not confirmed yet
            > the next request gets nothing of it: nothing about it is new
        explain !b
            the user is in the room
            only its id is known yet: lists count it and sort it last, and it is not sent
            > in list `all` at index 1 of 2, inside of the window [0, 9]
            > it was not sent on this connection
            > the next request gets nothing of it: only its id is known
        explain !c
            this account does not know the room: the homeserver has not told of it
            not every room of the account is known yet (phase whole), so it may still come
            > no window holds it and no subscription names it, so nothing of it is sent
            > it was not sent on this connection
    "#]]);
}

#[test]
fn an_event_that_waits_for_the_devices_own_poll_is_said_to() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park device=TABLET
        v2: !a m2@me
        explain !a device=TABLET
            the user is in the room
            > a request waits for news
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, as the client has confirmed
            > the waiting request holds it back until the device's own poll has brought the user's latest event
    "#]]);
}

#[test]
fn a_device_sees_its_own_connections_only() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        login-device TABLET
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        explain !a device=TABLET
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
        sync device=TABLET conn=main list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        explain !a device=TABLET conn=main
            the user is in the room
            main> in list `all` at index 0 of 1, inside of the window [0, 9]
            main> it was sent with the last answer, which the client has not confirmed yet
            main> the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn a_room_that_the_account_does_not_know_is_said_to_be_unknown() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list all [0,9] room !nowhere timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        explain !nowhere
            this account does not know the room: the homeserver has not told of it
            > a subscription names it
            > it was not sent on this connection
    "#]]);
}

#[test]
fn another_user_sees_nothing_of_my_account() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        login-device @eve
        settled complete device=@eve
        sync device=@eve conn=mine list all [0,9]
            all: 0
        explain !a device=@eve
            this account does not know the room: the homeserver has not told of it
            v4: this device has no connection of that name; it has `mine` (v4), `begin` (simplified)
            simplified: this device has no connection of that name; it has `mine` (simplified), `begin` (simplified)
        explain !a device=@eve conn=mine
            this account does not know the room: the homeserver has not told of it
            mine> no window holds it and no subscription names it, so nothing of it is sent
            mine> it was not sent on this connection
    "#]]);
}

#[test]
fn what_is_held_of_a_room_is_counted() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a name="Tea" topic="hot" encryption tags m.favourite timeline m1 m2
        v2: !a receipts m3@me typing @bob timeline m3
        explain !a show room
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
            whole join name_from=m.room.name heroes[] encrypted=true dm=false type=null tags[m.favourite] spaces[] joined=2 invited=0 unread=0/0 events=3 live=1 gaps=0 tokens=4 state{"m.room.create":1,"m.room.encryption":1,"m.room.name":1,"m.room.topic":1} members{"join":2} complete=false stripped=null receipts=1 own[$m3] typing[@bob]
        v2: !a limited prev=p5 timeline m5
        explain !a show room
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
            whole join name_from=m.room.name heroes[] encrypted=true dm=false type=null tags[m.favourite] spaces[] joined=2 invited=0 unread=0/0 events=4 live=2 gaps=1 tokens=6 state{"m.room.create":1,"m.room.encryption":1,"m.room.name":1,"m.room.topic":1} members{"join":2} complete=false stripped=null receipts=1 own[$m3] typing[@bob]
    "#]]);
}

#[test]
fn the_fields_stay() {
    check_v4(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a name="Tea" tags m.favourite receipts m2@me m2@bob typing @bob limited prev=p1 timeline m1 m2 | !b timeline m3
        sync list all [0,0] timeline 1 state name lazy list fav tags=m.favourite timeline 2 state topic/* ext receipts ext typing
            all: 2
            fav: 1
            !b initial join in=all heroes[@bob] joined=2 invited=0 state{join@bob} [m3] limited prev=<m3
            !a initial join in=fav name="Tea" joined=2 invited=0 [m1 m2] limited prev=p1
            receipts !a[m2@bob m2@me]
            typing !a[@bob]
        v2: !a m4
        explain !a show json
            {
              "account": {
                "device_id": "PHONE",
                "message": null,
                "phase": "complete",
                "position": "…",
                "state": "live",
                "user_id": "@me:x"
              },
              "because": [
                "the user is in the room"
              ],
              "connections": [
                {
                  "answered_at": "…",
                  "api": "v4",
                  "because": [
                    "in list `all` at index 0 of 2, inside of the window [0, 0]",
                    "in list `fav` at index 0 of 1, and all of it is asked for",
                    "it was sent with the last answer, which the client has not confirmed yet",
                    "the next request gets what is new of it: 1 timeline event, 2 state events"
                  ],
                  "config": {
                    "lazy_members": true,
                    "required_state": [
                      {
                        "exclude": [],
                        "include": [
                          {
                            "state_key": "",
                            "type": "m.room.name"
                          },
                          {
                            "type": "m.room.topic"
                          }
                        ]
                      }
                    ],
                    "timeline_limit": 2
                  },
                  "confirmed": null,
                  "conn_id": "",
                  "last_sent_at": "…",
                  "last_used": "…",
                  "lists": {
                    "all": {
                      "after": {
                        "activity": "…",
                        "room_id": "!b:x"
                      },
                      "before": null,
                      "count": 2,
                      "in_window": true,
                      "index": 0,
                      "ranges": [
                        [
                          0,
                          0
                        ]
                      ],
                      "refused_by": []
                    },
                    "fav": {
                      "after": null,
                      "before": null,
                      "count": 1,
                      "in_window": true,
                      "index": 0,
                      "ranges": null,
                      "refused_by": []
                    }
                  },
                  "next": {
                    "extensions": [],
                    "fetches": [],
                    "room": {
                      "expanded_timeline": false,
                      "fields": [],
                      "initial": false,
                      "limited": false,
                      "num_live": 1,
                      "required_state": 2,
                      "timeline": 1
                    },
                    "rooms_ahead": 0,
                    "says_something": true,
                    "withheld_until": null
                  },
                  "request": "answered",
                  "subscribed": false,
                  "unconfirmed": {
                    "config": {
                      "lazy_members": false,
                      "required_state": [
                        {
                          "exclude": [],
                          "include": [
                            {
                              "type": "m.room.topic"
                            }
                          ]
                        }
                      ],
                      "timeline_limit": 2
                    },
                    "extensions": {
                      "account_data": null,
                      "receipts": "…",
                      "sash.counts": null,
                      "typing": "…"
                    },
                    "follows_pos": true,
                    "former_configs": 0,
                    "is_dm": false,
                    "lazy_members": 0,
                    "membership": "join",
                    "timeline_from": -2,
                    "timeline_short": false,
                    "up_to": "…"
                  }
                }
              ],
              "known": true,
              "other_connections": [
                {
                  "api": "simplified",
                  "conn_id": "begin"
                }
              ],
              "room": {
                "account_data": {
                  "m.tag": "…"
                },
                "activity": "…",
                "avatar": null,
                "bump_stamp": "…",
                "by_other": false,
                "canonical_alias": null,
                "changed": {
                  "account_data": "…",
                  "counts": "…",
                  "members": "…",
                  "membership": "…",
                  "receipts": "…",
                  "state": "…",
                  "summary": "…",
                  "timeline": "…",
                  "typing": "…"
                },
                "ever_joined": true,
                "fetching": [],
                "heroes": [],
                "highlight_count": 0,
                "invited_count": 0,
                "is_dm": false,
                "is_encrypted": false,
                "is_listed": true,
                "is_outside": false,
                "is_type_known": true,
                "joined_count": 2,
                "known": "whole",
                "members": {
                  "complete": false,
                  "known": {
                    "join": 2
                  }
                },
                "membership": "join",
                "name": "Tea",
                "name_from": "m.room.name",
                "notification_count": 0,
                "receipts": {
                  "held": 2,
                  "own": [
                    {
                      "event_id": "$m2",
                      "thread_id": null,
                      "type": "m.read"
                    }
                  ]
                },
                "removed_state": 0,
                "room_type": null,
                "space_children": 0,
                "spaces": [],
                "state": {
                  "m.room.create": 1,
                  "m.room.name": 1
                },
                "stripped_state": null,
                "successor": null,
                "tags": [
                  "m.favourite"
                ],
                "timeline": {
                  "begins_with_room": false,
                  "end": 1,
                  "events": 3,
                  "first": -2,
                  "gaps_before": [],
                  "live_events": 1,
                  "tokens": [
                    {
                      "before": -2,
                      "token": "p1"
                    },
                    {
                      "after": -1,
                      "token": "s1"
                    },
                    {
                      "before": 0,
                      "token": "<m4"
                    },
                    {
                      "after": 0,
                      "token": "s2"
                    }
                  ]
                },
                "typing": [
                  "@bob:x"
                ]
              },
              "room_id": "!a:x"
            }
    "#]]);
}

#[test]
fn a_connection_that_there_is_not_is_said_not_to_be() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        explain !a conn=list
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
        sync conn=list list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        explain !a conn=list
            the user is in the room
            list> in list `all` at index 0 of 1, inside of the window [0, 9]
            list> it was sent with the last answer, which the client has not confirmed yet
            list> the next request gets nothing of it: nothing about it is new
        explain !a conn=*
            the user is in the room
            list> in list `all` at index 0 of 1, inside of the window [0, 9]
            list> it was sent with the last answer, which the client has not confirmed yet
            list> the next request gets nothing of it: nothing about it is new
            begin> no window holds it and no subscription names it, so nothing of it is sent
            begin> it was not sent on this connection
    "#]]);
}

#[test]
fn after_a_restart_it_knows_what_was_sent_and_not_what_was_asked() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        sync
            all: 1
        restart
        settled complete
        explain !a
            the user is in the room
            > none of its requests is remembered, so its lists are not known: it was idle for long, or the engine has started anew
            > it was sent with the last answer that is stored; the next request shows whether the client has that one
        sync
            all: 1
        explain !a
            the user is in the room
            > in list `all` at index 0 of 1, inside of the window [0, 9]
            > it was sent up to position …, as the client has confirmed
            > the next request gets nothing of it: nothing about it is new
    "#]]);
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    check(expect![[r#"
        # Undisturbed: a restart forgets what was asked.
        explain !a
            404 M_NOT_FOUND: No device of this user has asked for sliding sync here
        v2: !a timeline m1
        explain ?
            400 M_MISSING_PARAM: room: must be a room id, and is missing
        explain ?room=
            400 M_INVALID_PARAM: room: must be a room id
        explain ?room=tea
            400 M_INVALID_PARAM: room: must be a room id
        explain ?room=%21a%3Ax&conn_id=none
            the user is in the room
            this device has no connection of that name; it has `begin` (simplified)
        explain !a token=nobody
            401 M_UNKNOWN_TOKEN soft_logout=false: scripted
        explain !a token=
            401 M_MISSING_TOKEN: Missing access token
    "#]]);
}
