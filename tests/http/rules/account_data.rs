//! Account data, receipts and typing (`spec/extensions.md`).

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn global_account_data_comes_whole_and_then_as_it_changes() {
    check(expect![[r#"
        v2: data m.push_rules={"n":1} x.y={"n":2} | direct !a
        sync ext account_data
            account_data [m.direct={"@bob:x":["!a:x"]} m.push_rules={"n":1} x.y={"n":2}]
        sync ext account_data
            nothing
        park ext account_data
        v2: data x.y={"n":3}
        woken
            account_data [x.y={"n":3}]
    "#]]);
}

#[test]
fn a_rooms_account_data_comes_with_the_room_and_then_as_it_changes() {
    check(expect![[r#"
        v2: !a tags u.x data m.fully_read={"event_id":"$m1"} timeline m1 | !b data x.y={"n":1} timeline m2
        sync list all [0,0] ext account_data
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            account_data !b[x.y={"n":1}]
        v2: !b data x.y={"n":2}
        sync
            all: 2
            account_data !b[x.y={"n":2}]
        v2: !a data x.y={"n":3}
        sync
            all: 2
        sync list all [0,9] ext account_data
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0
            account_data !a[m.fully_read={"event_id":"$m1"} m.tag={"u.x":{}} x.y={"n":3}]
    "#]]);
}

#[test]
fn the_removal_of_the_last_tag_is_told() {
    check(expect![[r#"
        v2: !a tags m.favourite timeline m1
        sync list all [0,9] ext account_data
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
            account_data !a[m.tag={"m.favourite":{}}]
        v2: !a tags none
        sync
            all: 1
            account_data !a[m.tag={}]
        first list all [0,9] ext account_data
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
            account_data !a[m.tag={}]
    "#]]);
}

#[test]
fn account_data_that_changed_while_a_room_was_out_of_sight_comes_with_its_return() {
    check(expect![[r#"
        v2: !a tags u.one timeline m1 | !b timeline m2
        sync list all [0,9] ext account_data
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
            account_data !a[m.tag={"u.one":{}}]
        sync list all [0,0] ext account_data
            all: 2
        v2: !a tags u.two
        sync
            all: 2
        sync list all [0,9] ext account_data
            all: 2
            account_data !a[m.tag={"u.two":{}}]
    "#]]);
}

#[test]
fn receipts_come_for_the_events_shown_and_the_own_whatever_they_point_at() {
    check(expect![[r#"
        v2: !a receipts m1@bob m2@eve m1@me m1@me:private timeline m1 m2
        sync list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=s1
            receipts !a[m1@me m1@me:private m2@eve]
        v2: !a receipts m2@bob
        sync
            all: 1
            receipts !a[m2@bob]
        v2: !a receipts m2@me:private
        sync
            all: 1
            receipts !a[m2@me:private]
        sync
            all: 1
    "#]]);
}

#[test]
fn receipts_of_threads_are_kept_apart() {
    check(expect![[r#"
        v2: !a receipts m1@bob:main m2@bob:thread=m1 m2@me:thread=m1 m1@me timeline m1 m2
        sync list all [0,9] timeline 5 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
            receipts !a[m1@bob:thread=main m1@me m2@bob:thread=m1 m2@me:thread=m1]
        v2: !a receipts m3@bob:thread=m1 timeline m3
        sync
            all: 1
            !a in=all [m3] prev=<m3 live=1
            receipts !a[m3@bob:thread=m1]
        v2: !a receipts m3@bob
        sync
            all: 1
            receipts !a[m3@bob]
        first list all [0,9] timeline 5 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2 m3] limited prev=<m1
            receipts !a[m1@bob:thread=main m1@me m2@me:thread=m1 m3@bob]
    "#]]);
}

#[test]
fn an_expanded_timeline_brings_the_receipts_of_what_it_shows() {
    check(expect![[r#"
        v2: !a receipts m1@bob m2@eve timeline m1 m2
        sync list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=s1
            receipts !a[m2@eve]
        sync list all [0,9] timeline 2 ext receipts
            all: 1
            !a in=all [m1 m2] limited expanded prev=<m1
            receipts !a[m1@bob m2@eve]
    "#]]);
}

#[test]
fn receipts_of_a_room_that_was_not_shown_wait_for_it() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] timeline 1 ext receipts
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        v2: !a receipts m1@bob
        sync
            all: 2
        sync list all [0,1] timeline 1 ext receipts
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
    "#]]);
}

#[test]
fn who_types_is_the_whole_list_each_time() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        v2: !a typing @bob
        sync list all [0,9] ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
            typing !a[@bob]
        park
        v2: !a typing @bob @eve
        woken
            all: 2
            typing !a[@bob @eve]
        v2: !a typing none
        sync
            all: 2
            typing !a[]
        first list all [0,9] ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn typing_of_a_room_that_comes_into_sight_is_told() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        sync list all [0,0] ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a typing @bob
        sync
            all: 2
        sync list all [0,1] ext typing
            all: 2
            !a initial join in=all heroes[@bob] joined=2 invited=0
            typing !a[@bob]
        v2: !a typing none
        sync list all [0,0] ext typing
            all: 2
        sync list all [0,1] ext typing
            all: 2
            typing !a[]
    "#]]);
}

#[test]
fn that_somebody_stopped_typing_is_told_across_a_kill() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        v2: !a typing @bob
        sync list all [0,9] ext typing
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0
            !a initial join in=all heroes[@bob] joined=2 invited=0
            typing !a[@bob]
        v2: !a typing none | !b typing @eve
        restart
        sync
            all: 2
            typing !a[]
            typing !b[@eve]
        sync
            all: 2
    "#]]);
}

#[test]
fn typing_has_two_names_on_v4() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        v2: !a typing @bob
        first list all [0,9] ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
            typing !a[@bob]
        first list all [0,9] ext org.matrix.msc4508.typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
            org.matrix.msc4508.typing rooms={"!a:x":{"user_ids":["@bob:x"]}}
        first list all [0,9] ext typing ext org.matrix.msc4508.typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
            org.matrix.msc4508.typing rooms={"!a:x":{"user_ids":["@bob:x"]}}
            typing !a[@bob]
    "#]]);
}

#[test]
fn extensions_cover_the_lists_and_rooms_that_they_name() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2 | !c timeline m3
        v2: !a typing @bob | !b typing @bob | !c typing @bob
        first list top [0,0] list mid [1,1] room !a ext typing
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            typing !a[@bob]
            typing !b[@bob]
            typing !c[@bob]
        first list top [0,0] list mid [1,1] room !a ext typing lists=top rooms=
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            typing !c[@bob]
        first list top [0,0] list mid [1,1] room !a ext typing lists= rooms=!a
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            typing !a[@bob]
        first list top [0,0] list mid [1,1] room !a ext typing lists= rooms=
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
        first list top [0,0] list mid [1,1] room !a ext typing lists=nowhere rooms=!nowhere
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
        first list top [0,0] list mid [1,1] room !a ext typing lists= rooms=!b
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            simplified: typing !b[@bob]
        first list top [0,0] list mid [1,1] room !a ext typing lists= rooms=*
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            simplified: typing !a[@bob]
            simplified: typing !b[@bob]
            simplified: typing !c[@bob]
        first list top [0,0] list mid [1,1] room !a ext typing lists=* rooms=
            mid: 3
            top: 3
            !a initial join heroes[@bob] joined=2 invited=0
            !b initial join in=mid heroes[@bob] joined=2 invited=0
            !c initial join in=top heroes[@bob] joined=2 invited=0
            simplified: typing !b[@bob]
            simplified: typing !c[@bob]
    "#]]);
}

#[test]
fn per_room_extensions_need_not_wait_for_the_room_to_change() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a typing @bob receipts m1@bob data x.y={"n":1}
        sync and ext typing ext receipts ext account_data
            all: 1
            account_data !a[x.y={"n":1}]
            receipts !a[m1@bob]
            typing !a[@bob]
        sync list all [0,9] timeline 1
            all: 1
        v2: !a receipts m1@eve
        sync and ext typing ext receipts ext account_data
            all: 1
            receipts !a[m1@eve]
    "#]]);
}

#[test]
fn private_receipts_are_the_users_own_only() {
    check(expect![[r#"
        v2: !a receipts m1@bob:private m1@me:private timeline m1 m2
        sync list all [0,9] timeline 2 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
            receipts !a[m1@me:private]
        v2: !a receipts m2@bob:private
        sync
            all: 1
        v2: !a receipts m2@bob:private m2@eve m2@me:private
        sync
            all: 1
            receipts !a[m2@eve m2@me:private]
    "#]]);
}

#[test]
fn an_unthreaded_receipt_takes_the_place_of_a_threaded_one_on_the_same_event() {
    check(expect![[r#"
        v2: !a receipts m1@bob:main timeline m1
        v2: !a receipts m1@bob
        sync list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
        v2: !a receipts m1@bob:thread=m0
        first list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
    "#]]);
}

#[test]
fn a_receipt_that_is_here_before_its_event_is_told() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a receipts m2@bob
        sync
            all: 1
            receipts !a[m2@bob]
        v2: !a m2
        sync
            all: 1
            !a in=all [m2] prev=<m2 live=1
        first list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            receipts !a[m2@bob]
    "#]]);
}

#[test]
fn a_receipt_for_the_same_event_again_is_no_change() {
    check(expect![[r#"
        v2: !a receipts m1@bob timeline m1
        sync list all [0,9] timeline 1 ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
        park
        v2: !a receipts m1@bob
        asleep
    "#]]);
}

#[test]
fn nobody_typing_at_first_may_be_left_out() {
    check(expect![[r#"
        v2: !a timeline m1
        v2: !a typing none
        sync list all [0,9] ext typing
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a typing @bob
        v2: !a typing none
        sync
            all: 1
            typing !a[]
    "#]]);
}

#[test]
fn receipts_and_typing_are_events_on_the_unstable_wire() {
    check_simplified(expect![[r#"
        v2: !a timeline m1
        v2: !a typing @bob receipts m1@bob
        sync list all [0,9] timeline 1 ext typing ext receipts
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
            receipts !a[m1@bob]
            typing !a[@bob]
    "#]]);
}
