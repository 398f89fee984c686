//! The extensions.

use expect_test::expect;

use super::script::check;

#[test]
fn to_device_messages_come_until_they_are_acknowledged() {
    check(
        "
        todevice: m1 m2 m3
        first conn=crypto to_device=2
        again conn=crypto to_device
        sync conn=crypto to_device
        sync conn=crypto to_device
        todevice: m4
        sync conn=crypto to_device wait
        ",
        expect![[r#"
            > first conn=crypto to_device=2
              to_device[m1 m2] next=2
            > again conn=crypto to_device
              to_device[m3] next=3
            > sync conn=crypto to_device
              nothing
            > sync conn=crypto to_device
              nothing
            > sync conn=crypto to_device wait
              to_device[m4] next=4
        "#]],
    );
}

#[test]
fn the_same_since_gives_the_same_messages() {
    check(
        "
        todevice: m1 m2
        first to_device
        todevice: m3
        first to_device
        sync to_device
        ",
        expect![[r#"
            > first to_device
              to_device[m1 m2] next=2
            > first to_device
              to_device[m3] next=3
            > sync to_device
              nothing
        "#]],
    );
}

#[test]
fn a_foreign_since_replays_everything_on_the_unstable_wire_and_is_an_error_on_v4() {
    check(
        "
        todevice: m1 m2
        first simplified conn=c since=1234
        first since=1234
        ",
        expect![[r#"
            > first simplified conn=c since=1234
              to_device[m1 m2] next=2
            > first since=1234
            error: extensions.org.matrix.msc4538.to_device.since: this token was not issued to this device
        "#]],
    );
}

#[test]
fn v4_leaves_to_device_out_when_there_is_nothing() {
    check(
        "
        first to_device
        first simplified conn=c to_device
        ",
        expect![[r#"
            > first to_device
              nothing
            > first simplified conn=c to_device
              to_device[] next=0
        "#]],
    );
}

#[test]
fn to_device_messages_of_one_answer_take_only_so_many_bytes() {
    check(
        "
        todevice: m1*9000000 m2 m3*5000000
        todevice: m4*5000000 m5
        first conn=c to_device
        sync conn=c to_device wait
        sync conn=c to_device wait
        ",
        expect![[r#"
            > first conn=c to_device
              to_device[m1] next=1
            > sync conn=c to_device wait
              to_device[m2 m3 m4] next=4
            > sync conn=c to_device wait
              to_device[m5] next=5
        "#]],
    );
}

#[test]
fn to_device_messages_end_a_wait() {
    check(
        "
        first conn=crypto to_device
        sync conn=crypto to_device wait
        todevice: m1
        ",
        expect![[r#"
            > first conn=crypto to_device
              nothing
            > sync conn=crypto to_device wait
            waits 30000
            todevice wakes v4/crypto
              to_device[m1] next=1
        "#]],
    );
}

#[test]
fn device_lists_come_with_pos_and_repeat_until_confirmed() {
    check(
        "
        keys: 50
        changed: @old:x
        first conn=crypto e2ee
        changed: @bob:x
        left: @eve:x
        sync conn=crypto e2ee
        again conn=crypto e2ee
        sync conn=crypto e2ee
        keys: 40
        sync conn=crypto e2ee
        ",
        expect![[r#"
            > first conn=crypto e2ee
              e2ee keys=50
            > sync conn=crypto e2ee
              e2ee keys=50 changed[@bob:x] left[@eve:x]
            > again conn=crypto e2ee
              e2ee keys=50 changed[@bob:x] left[@eve:x]
            > sync conn=crypto e2ee
              nothing
            > sync conn=crypto e2ee
              e2ee keys=40 changed[] left[]
        "#]],
    );
}

#[test]
fn the_unstable_wire_gets_device_lists_without_pos() {
    check(
        "
        keys: 50
        changed: @old:x
        first simplified conn=c e2ee
        sync simplified conn=c e2ee
        ",
        expect![[r#"
            > first simplified conn=c e2ee
              e2ee keys=50 changed[@old:x] left[]
            > sync simplified conn=c e2ee
              nothing
        "#]],
    );
}

#[test]
fn device_list_changes_while_the_extension_is_off_come_when_it_is_on_again() {
    check(
        "
        keys: 50
        first conn=c e2ee
        changed: @bob:x
        sync conn=c
        sync conn=c
        sync conn=c e2ee
        sync conn=c e2ee
        ",
        expect![[r#"
            > first conn=c e2ee
              e2ee keys=50
            > sync conn=c
              (2 stored)
            > sync conn=c
              nothing
            > sync conn=c e2ee
              e2ee keys=50 changed[@bob:x] left[]
              (1 stored)
            > sync conn=c e2ee
              nothing
        "#]],
    );
}

#[test]
fn account_data_comes_whole_then_as_it_changes() {
    check(
        "
        account: m.push_rules 1
        account: m.other 1
        !a: create; join; tag m.favourite
        !b: create; join; tag m.lowpriority
        first x[0,0] limit=0 account_data
        account: m.other 2
        !a: tag m.x
        !b: m1
        sync x[0,0] limit=0 account_data
        again x[0,0] limit=0 account_data
        sync x[0,1] limit=0 account_data
        sync x[0,1] limit=0 account_data
        ",
        expect![[r#"
            > first x[0,0] limit=0 account_data
              x: 2
              !b initial join in x
              account_data[m.other m.push_rules] !b:x[m.tag]
              (2 stored)
            > sync x[0,0] limit=0 account_data
              x: 2
              account_data[m.other]
            > again x[0,0] limit=0 account_data
              x: 2
              account_data[m.other]
            > sync x[0,1] limit=0 account_data
              x: 2
              !a initial join in x
              account_data[] !a:x[m.tag]
              (1 stored)
            > sync x[0,1] limit=0 account_data
              x: 2
        "#]],
    );
}

#[test]
fn enabling_in_the_middle_gives_what_the_first_request_would_have() {
    check(
        "
        account: m.push_rules 1
        !a: create; join; tag m.favourite; m1; receipt @bob:x m1; counts 2 1
        first x[0,9] limit=1
        
        sync x[0,9] limit=1 account_data receipts typing unread
        ",
        expect![[r#"
            > first x[0,9] limit=1
              x: 1
              !a initial join in x timeline[$m1] limited prev=s0
              (2 stored)
            > sync x[0,9] limit=1 account_data receipts typing unread
              x: 1
              account_data[m.push_rules] !a:x[m.tag]
              receipts !a:x: @bob:x $m1
              unread !a:x: 2/1
              (1 stored)
        "#]],
    );
}

#[test]
fn receipts_of_the_timeline_come_with_the_room_and_the_own_always() {
    check(
        "
        !a: create; join; m1; m2; receipt @bob:x m1; receipt @eve:x m2; receipt @me:x m1
        first x[0,9] limit=1 receipts
        !a: receipt @bob:x m2
        sync x[0,9] limit=1 receipts
        sync x[0,9] limit=3 receipts
        ",
        expect![[r#"
            > first x[0,9] limit=1 receipts
              x: 1
              !a initial join in x timeline[$m2] limited prev=s0
              receipts !a:x: @eve:x $m2, @me:x $m1
              (2 stored)
            > sync x[0,9] limit=1 receipts
              x: 1
              receipts !a:x: @bob:x $m2
            > sync x[0,9] limit=3 receipts
              x: 1
              !a in x timeline[$join1 $m1 $m2] limited expanded prev=s0
              receipts !a:x: @eve:x $m2, @me:x $m1, @bob:x $m2
              (1 stored)
        "#]],
    );
}

#[test]
fn receipts_come_along_with_a_room_that_the_answer_waited_for() {
    check(
        "
        device: OTHER
        !a: invite
        first x[0,9] limit=5 receipts
        sync x[0,9] limit=5 receipts wait
        !a: m1 @bob:x; join; receipt @bob:x m1
        later 1000
        ",
        expect![[r#"
            > first x[0,9] limit=5 receipts
              x: 1
              !a initial invite in x stripped=1
              (2 stored)
            > sync x[0,9] limit=5 receipts wait
            waits 30000
            !a wakes v4/
            waits 1000
              x: 1
              !a initial join in x timeline[$m1 $join1] limited prev=s0 live=1
              receipts !a:x: @bob:x $m1
              (1 stored)
        "#]],
    );
}

#[test]
fn receipts_in_a_room_out_of_range_catch_up() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first x[0,1] limit=1 receipts
        !a: receipt @bob:x m1
        sync x[0,0] limit=1 receipts
        sync x[0,1] limit=1 receipts
        ",
        expect![[r#"
            > first x[0,1] limit=1 receipts
              x: 2
              !b initial join in x timeline[$n1] limited prev=s0
              !a initial join in x timeline[$m1] limited prev=s0
              (2 stored)
            > sync x[0,0] limit=1 receipts
              x: 2
              (1 stored)
            > sync x[0,1] limit=1 receipts
              x: 2
              receipts !a:x: @bob:x $m1
              (1 stored)
        "#]],
    );
}

#[test]
fn typing_is_the_full_list_and_stopping_is_a_change() {
    check(
        "
        !a: create; join; typing @bob:x
        first x[0,9] limit=0 typing
        !a: typing @bob:x @eve:x
        sync x[0,9] limit=0 typing
        sync x[0,9] limit=0 typing wait
        !a: typing
        ",
        expect![[r#"
            > first x[0,9] limit=0 typing
              x: 1
              !a initial join in x
              typing !a:x: @bob:x
              (2 stored)
            > sync x[0,9] limit=0 typing
              x: 1
              typing !a:x: @bob:x @eve:x
            > sync x[0,9] limit=0 typing wait
            waits 30000
            !a wakes v4/
              x: 1
              typing !a:x: 
        "#]],
    );
}

#[test]
fn typing_that_stopped_out_of_scope_is_current_on_return() {
    check(
        "
        !a: create; join; m1; typing @bob:x
        !b: create; join; m1
        first x[0,1] limit=0 typing
        !a: typing
        sync x[0,0] limit=0 typing
        sync x[0,1] limit=0 typing
        ",
        expect![[r#"
            > first x[0,1] limit=0 typing
              x: 2
              !b initial join in x
              !a initial join in x
              typing !a:x: @bob:x
              (2 stored)
            > sync x[0,0] limit=0 typing
              x: 2
              (1 stored)
            > sync x[0,1] limit=0 typing
              x: 2
              typing !a:x: 
              (1 stored)
        "#]],
    );
}

#[test]
fn a_kicked_room_gets_no_typing_receipts_or_account_data() {
    check(
        "
        !a: create; join; m1
        first x[0,9] limit=1 typing receipts account_data
        !a: kick
        !a: typing @bob:x; receipt @bob:x m1; tag m.x
        sync x[0,9] limit=1 typing receipts account_data
        ",
        expect![[r#"
            > first x[0,9] limit=1 typing receipts account_data
              x: 1
              !a initial join in x timeline[$m1] limited prev=s0
              (2 stored)
            > sync x[0,9] limit=1 typing receipts account_data
              x: 1
              !a leave in x timeline[$kick3] prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn scopes_name_lists_and_rooms() {
    check(
        "
        !a: create; join; m1; tag m.a
        !b: create; join; m1; tag m.b
        first x[0,0] limit=0 y[0,1] limit=0 account_data=x/ conn=c1
        first x[0,0] limit=0 y[0,1] limit=0 account_data=/!a conn=c2
        first simplified x[0,0] limit=0 y[0,1] limit=0 account_data=/!a conn=c2
        first x[0,0] limit=0 +!a limit=0 account_data=/!a conn=c3
        first x[0,0] limit=0 +!a limit=0 account_data=/ conn=c4
        ",
        expect![[r#"
            > first x[0,0] limit=0 y[0,1] limit=0 account_data=x/ conn=c1
              x: 2
              y: 2
              !b initial join in x,y
              !a initial join in y
              account_data[] !b:x[m.tag]
              (2 stored)
            > first x[0,0] limit=0 y[0,1] limit=0 account_data=/!a conn=c2
              x: 2
              y: 2
              !b initial join in x,y
              !a initial join in y
              (2 stored)
            > first simplified x[0,0] limit=0 y[0,1] limit=0 account_data=/!a conn=c2
              x: 2
              y: 2
              !b initial join in x,y
              !a initial join in y
              account_data[] !a:x[m.tag]
              (2 stored)
            > first x[0,0] limit=0 +!a limit=0 account_data=/!a conn=c3
              x: 2
              !a initial join
              !b initial join in x
              account_data[] !a:x[m.tag]
              (2 stored)
            > first x[0,0] limit=0 +!a limit=0 account_data=/ conn=c4
              x: 2
              !a initial join
              !b initial join in x
              (2 stored)
        "#]],
    );
}

#[test]
fn presence_is_handed_on() {
    check(
        "
        presence: @bob:x
        first presence conn=c
        sync presence conn=c wait
        presence: @bob:x @eve:x
        ",
        expect![[r#"
            > first presence conn=c
              presence 1
            > sync presence conn=c wait
            waits 30000
            presence wakes v4/c
              presence 2
        "#]],
    );
}

#[test]
fn unread_counts_are_an_extension_on_v4() {
    check(
        "
        !a: create; join; counts 3 1
        first x[0,9] limit=0 unread
        !a: counts 0 0
        sync x[0,9] limit=0 unread
        ",
        expect![[r#"
            > first x[0,9] limit=0 unread
              x: 1
              !a initial join in x
              unread !a:x: 3/1
              (2 stored)
            > sync x[0,9] limit=0 unread
              x: 1
              unread !a:x: 0/0
        "#]],
    );
}

#[test]
fn who_typed_before_a_leave_does_not_type_after_the_next_join() {
    check(
        "
        !a: create; join; typing @bob:x
        first x[0,9] limit=0 typing
        !a: leave
        !a: join
        sync x[0,9] limit=0 typing
        sync x[0,9] limit=0 typing
        ",
        expect![[r#"
            > first x[0,9] limit=0 typing
              x: 1
              !a initial join in x
              typing !a:x: @bob:x
              (2 stored)
            > sync x[0,9] limit=0 typing
              x: 1
              !a initial join in x
              typing !a:x: 
            > sync x[0,9] limit=0 typing
              x: 1
        "#]],
    );
}
