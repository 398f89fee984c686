//! What is said of a room beside its events: name, avatar, heroes, counts, direct chats, unread.

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn a_name_comes_changes_and_is_removed() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all name="Tea" joined=2 invited=0 [m1] limited prev=<m1
        v2: !a timeline name="Coffee"
        sync
            all: 1
            !a in=all name="Coffee" [name="Coffee"] prev=<name-6 live=1
        v2: !a timeline name
        sync
            all: 1
            v4: !a in=all name=null heroes[@bob] [name] prev=<name-7 live=1
            simplified: !a in=all heroes[@bob] [name] prev=<name-7 live=1
        v2: !a timeline name=""
        sync
            all: 1
            v4: !a in=all name=null heroes[@bob] [name=""] prev=<name-8 live=1
            simplified: !a in=all heroes[@bob] [name=""] prev=<name-8 live=1
    "#]]);
}

#[test]
fn an_avatar_comes_changes_and_is_removed() {
    check(expect![[r#"
        v2: !a name="Tea" avatar="mxc://x/1" timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all name="Tea" avatar="mxc://x/1" joined=2 invited=0
        v2: !a timeline avatar="mxc://x/2"
        sync
            all: 1
            !a in=all avatar="mxc://x/2"
        v2: !a timeline avatar
        sync
            all: 1
            !a in=all avatar=null
    "#]]);
}

#[test]
fn heroes_are_at_most_five_and_never_oneself() {
    check(expect![[r#"
        v2: !a join@bob="Bob" join@c2 join@c3 join@c4 join@c5 join@c6 timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob="Bob" @c2 @c3 @c4 @c5] joined=7 invited=0
    "#]]);
}

#[test]
fn heroes_change_with_the_members_and_go_with_a_name() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a timeline join@eve="Eve"
        sync
            all: 1
            !a in=all heroes[@bob @eve="Eve"] joined=3 invited=0
        v2: !a timeline invite@kim
        sync
            all: 1
            !a in=all heroes[@bob @eve="Eve" @kim] joined=3 invited=1
        v2: !a timeline name="Tea" leave@eve
        sync
            all: 1
            !a in=all name="Tea" joined=2 invited=1
    "#]]);
}

#[test]
fn heroes_of_an_empty_room_are_those_who_left() {
    check(expect![[r#"
        v2: !a timeline leave@bob
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=1 invited=0
    "#]]);
}

#[test]
fn is_dm_changes_in_both_directions_and_wakes() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | direct !a
        sync list all [0,9]
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] dm joined=2 invited=0
        park
        v2: direct !b
        woken
            all: 2
            !b in=all dm
            !a in=all dm=false
        v2: direct
        sync
            all: 2
            !b in=all dm=false
    "#]]);
}

#[test]
fn unread_counts_come_where_the_api_has_them() {
    check_simplified(expect![[r#"
        v2: !a unread 2/1 timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 unread=2/1 [m1] limited prev=<m1
        v2: !a unread 3/1 timeline m2
        sync
            all: 1
            !a in=all unread=3/1 [m2] prev=<m2 live=1
        park
        v2: !a unread 0/0
        woken
            all: 1
            !a in=all unread=0/0
    "#]]);
}

#[test]
fn unread_counts_alone_are_no_news_on_v4() {
    check_v4(expect![[r#"
        v2: !a unread 2/1 timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park +0.3s
        v2: !a unread 3/1
        asleep
        woken
            all: 1
    "#]]);
}

#[test]
fn unread_counts_are_an_extension_of_ours_on_v4() {
    check_v4(expect![[r#"
        v2: !a unread 2/1 timeline m1
        sync list all [0,9] timeline 1 ext sash.counts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            sash.counts rooms={"!a:x":{"highlight_count":1,"notification_count":2}}
        park
        v2: !a unread 3/1
        woken
            all: 1
            sash.counts rooms={"!a:x":{"highlight_count":1,"notification_count":3}}
    "#]]);
}

#[test]
fn a_new_room_comes_with_its_unread_counts() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        sync list all [0,0] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !b unread 1/1 timeline join@me m2
        sync
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 unread=1/1 [m2] limited prev=s2 live=1
    "#]]);
}

#[test]
fn counts_and_heroes_are_told_when_they_change_and_only_then() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a timeline avatar="mxc://x/1" topic="t"
        sync
            all: 1
            !a in=all avatar="mxc://x/1"
        v2: !a timeline invite@kim
        sync
            all: 1
            !a in=all heroes[@bob @kim] joined=2 invited=1
        v2: !a timeline join@kim="Kim"
        sync
            all: 1
            !a in=all heroes[@bob @kim="Kim"] joined=3 invited=0
        v2: !a timeline join@kim="Kimberly"
        sync
            all: 1
            !a in=all heroes[@bob @kim="Kimberly"]
    "#]]);
}

#[test]
fn a_redacted_name_is_no_name() {
    check(expect![[r#"
        v2: !a name="Rude"$n timeline m1
        sync list all [0,9] state name
            all: 1
            !a initial join in=all name="Rude" joined=2 invited=0 state{name="Rude"}
        v2: !a redact:n
        sync
            all: 1
            v4: !a in=all name=null heroes[@bob] state{name}
            simplified: !a in=all heroes[@bob] state{name}
    "#]]);
}

#[test]
fn a_redacted_profile_changes_the_heroes() {
    check(expect![[r#"
        v2: !a join@bob="Rude"$j timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob="Rude"] joined=2 invited=0
        v2: !a redact:j
        sync
            all: 1
            !a in=all heroes[@bob]
    "#]]);
}

#[test]
fn an_invite_may_be_a_direct_chat() {
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
        first list all [0,9]
            all: 1
            !a initial invite in=all dm stripped{create name="Club" invite@me}
    "#]]);
}

#[test]
fn unread_counts_of_threads_are_part_of_the_rooms_where_the_api_has_no_others() {
    check_simplified(expect![[r#"
        v2: !a unread 1/0 json={"unread_thread_notifications":{"$m1":{"notification_count":2,"highlight_count":1}}} timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 unread=3/1 [m1] limited prev=<m1
        v2: !a unread 0/0 json={"unread_thread_notifications":{"$m1":{"notification_count":3,"highlight_count":1}}} timeline thread:m1
        sync
            all: 1
            !a in=all unread=3/1 [re-m1] prev=<re-m1 live=1
        v2: !a unread 0/0
        sync
            all: 1
            !a in=all unread=0/0
    "#]]);
}

#[test]
fn unread_counts_of_threads_are_told_apart_on_v4() {
    check_v4(expect![[r#"
        v2: !a unread 1/0 json={"unread_thread_notifications":{"$m1":{"notification_count":2,"highlight_count":1}}} timeline m1
        sync list all [0,9] timeline 1 ext sash.counts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            sash.counts rooms={"!a:x":{"highlight_count":0,"notification_count":1,"unread_thread_notifications":{"$m1":{"highlight_count":1,"notification_count":2}}}}
        v2: !a unread 1/0 json={"unread_thread_notifications":{"$m1":{"notification_count":0,"highlight_count":0}}}
        sync
            all: 1
            sash.counts rooms={"!a:x":{"highlight_count":0,"notification_count":1}}
    "#]]);
}

#[test]
fn nothing_is_unread_in_a_room_that_was_left() {
    check_simplified(expect![[r#"
        v2: !a unread 2/1 timeline m1
        sync list all [0,9]
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 unread=2/1
        v2: !a leave timeline kick@me
        sync
            all: 1
            !a leave in=all joined=1 invited=0 unread=0/0
    "#]]);
}

#[test]
fn a_direct_chat_that_is_scouted_is_called_after_its_other_member() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob="Bob" m1@me
        homeserver: joined !a
        start: direct !a
        begin whole
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob="Bob"] dm joined=2 invited=0 [m1] limited prev=end
        asked members
            members !a
    "#]]);
}

#[test]
fn a_scouted_room_has_the_members_of_its_timeline_for_heroes_and_no_counts() {
    check(expect![[r#"
        homeserver: history !a create join@me join@bob="Bob" join@eve m1@bob m2@eve m3@me
        homeserver: joined !a
        start: data x.y={}
        begin whole
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob="Bob" @eve] [m3] limited prev=end
        homeserver: whole !a timeline m3
        settled complete
        sync
            all: 1
            v4: !a in=all joined=3 invited=0
            simplified: !a in=all joined=3 invited=0 unread=0/0
    "#]]);
}
