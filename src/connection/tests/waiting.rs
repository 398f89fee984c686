//! What a request waits for, what ends its wait, and who takes its place.

use expect_test::expect;

use super::script::check;

#[test]
fn a_request_without_pos_never_waits() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=1 wait
        first conn=crypto e2ee to_device wait
        ",
        expect![[r#"
            > first a[0,9] limit=1 wait
              a: 1
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > first conn=crypto e2ee to_device wait
              e2ee keys=0
        "#]],
    );
}

#[test]
fn a_wait_ends_with_news_or_with_its_time() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=1
        sync a[0,9] limit=1 wait
        !a: m2
        sync a[0,9] limit=1 wait
        later 30000
        sync a[0,9] limit=1
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1 wait
            waits 30000
            !a wakes v4/
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=1 wait
            waits 30000
              a: 1
            > sync a[0,9] limit=1
              a: 1
        "#]],
    );
}

#[test]
fn a_change_that_nobody_sees_wakes_nobody() {
    check(
        "
        !b: create; join; n1
        !a: create; join; m1
        first a[0,0] limit=1
        sync a[0,0] limit=1 wait
        !b: receipt @bob:x n1
        account: m.x 1
        todevice: m.key
        !a: m2
        ",
        expect![[r#"
            > first a[0,0] limit=1
              a: 2
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,0] limit=1 wait
            waits 30000
            !a wakes v4/
              a: 2
              !a in a timeline[$m2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn a_room_that_moves_into_the_window_ends_the_wait() {
    check(
        "
        !b: create; join; n1
        !a: create; join; m1
        first a[0,0] limit=1
        sync a[0,0] limit=1 wait
        !b: n2
        ",
        expect![[r#"
            > first a[0,0] limit=1
              a: 2
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,0] limit=1 wait
            waits 30000
            !b wakes v4/
              a: 2
              !b initial join in a timeline[$n2] limited prev=s0 live=1
              (1 stored)
        "#]],
    );
}

#[test]
fn a_room_that_became_direct_outside_the_window_ends_the_wait_when_it_moves_in() {
    check(
        "
        !a: create; join; plain
        !b: create; join; plain
        first a[0,1] encrypted=no limit=0
        sync a[0,0] encrypted=no limit=0
        direct: !a
        sync a[0,0] encrypted=no limit=0 wait
        !b: encrypted
        ",
        expect![[r#"
            > first a[0,1] encrypted=no limit=0
              a: 2
              !b initial join in a
              !a initial join in a
              (2 stored)
            > sync a[0,0] encrypted=no limit=0
              a: 2
            > sync a[0,0] encrypted=no limit=0 wait
            waits 30000
            !b wakes v4/
              a: 1
              !a in a dm=true
              (1 stored)
        "#]],
    );
}

#[test]
fn a_room_that_changed_outside_the_window_ends_the_wait_when_another_moves_it_in() {
    check(
        "
        !a: create; join; a1
        !b: create; join; b1
        !c: create; join; c1
        first x[0,2] limit=0 unread
        sync x[1,1] limit=0 unread
        sync x[1,1] limit=0 unread wait
        !c: counts 2 0
        !a: a2
        ",
        expect![[r#"
            > first x[0,2] limit=0 unread
              x: 3
              !c initial join in x
              !b initial join in x
              !a initial join in x
              (2 stored)
            > sync x[1,1] limit=0 unread
              x: 3
            > sync x[1,1] limit=0 unread wait
            waits 30000
            !a wakes v4/
              x: 3
              unread !c:x: 2/0
              (1 stored)
        "#]],
    );
}

#[test]
fn a_subscribed_room_that_moves_into_a_window_that_wants_more_ends_the_wait() {
    // The room is watched already, and nothing about it changes.
    check(
        "
        !a: create; join; name Tea
        !b: create; join; name Cocoa
        first a[1,1] limit=0 state=m.room.name +!b
        sync a[1,1] limit=0 state=m.room.name +!b wait
        !a: m2
        ",
        expect![[r#"
            > first a[1,1] limit=0 state=m.room.name +!b
              a: 2
              !b initial join name=Cocoa
              !a initial join in a name=Tea state[name]
              (2 stored)
            > sync a[1,1] limit=0 state=m.room.name +!b wait
            waits 30000
            !a wakes v4/
              a: 2
              !b in a state[name]
              (1 stored)
        "#]],
    );
}

#[test]
fn a_newer_request_takes_the_place_of_the_waiting_one() {
    // It consumes nothing: the newer one says what the older would have said.
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        sync a[0,9] limit=5 wait
        sync a[0,9] limit=5 wait
        !a: m2
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 wait
            waits 30000
            > sync a[0,9] limit=5 wait
            superseded v4/
            waits 30000
            !a wakes v4/
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=5
              a: 1
        "#]],
    );
}

#[test]
fn a_request_that_a_newer_one_has_overtaken_changes_nothing() {
    // It was held until something of the account was known, and so was the newer one. It would begin anew.
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        late a[0,9] limit=5
        sync a[0,9] limit=5 wait
        !a: m2
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > late a[0,9] limit=5
            error: a newer request on this connection has taken this one's place
            > sync a[0,9] limit=5 wait
            waits 30000
            !a wakes v4/
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
        "#]],
    );
    // Nor does it supersede the newer one that waits, or hear of a pos that is known no more.
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        sync a[0,9] limit=5 typing
        !b: create; join; m2
        sync a[0,9] limit=5 typing
        sync a[0,9] limit=5 wait
        late a[0,9] limit=5
        !a: m3
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 typing
              a: 1
              (1 stored)
            > sync a[0,9] limit=5 typing
              a: 2
              !b initial join in a timeline[$create2 $join1 $m2] prev=s0 live=2
              (1 stored)
            > sync a[0,9] limit=5 wait
            waits 30000
            > late a[0,9] limit=5
            error: a newer request on this connection has taken this one's place
            !a wakes v4/
              a: 2
              !a in a timeline[$m3] prev=s0 live=1
        "#]],
    );
}

#[test]
fn loops_that_may_wait_side_by_side_come_in_any_order() {
    check(
        "
        keys: 50
        first simplified conn=crypto e2ee
        sync simplified conn=crypto e2ee wait
        late simplified conn=crypto e2ee
        changed: @bob:x
        ",
        expect![[r#"
            > first simplified conn=crypto e2ee
              e2ee keys=50
            > sync simplified conn=crypto e2ee wait
            waits 30000
            > late simplified conn=crypto e2ee
              e2ee keys=50
            changed wakes simplified/crypto
              e2ee keys=50 changed[@bob:x] left[]
        "#]],
    );
}

#[test]
fn a_connection_without_rooms_keeps_no_state_and_a_second_loop_leaves_it_valid() {
    check(
        "
        keys: 50
        first conn=crypto e2ee to_device
        sync conn=crypto e2ee to_device
        first conn=crypto e2ee to_device
        changed: @bob:x
        again conn=crypto e2ee to_device
        restart
        left: @bob:x
        sync conn=crypto e2ee to_device
        ",
        expect![[r#"
            > first conn=crypto e2ee to_device
              e2ee keys=50
            > sync conn=crypto e2ee to_device
              nothing
            > first conn=crypto e2ee to_device
              e2ee keys=50
            > again conn=crypto e2ee to_device
              e2ee keys=50 changed[@bob:x] left[]
            > sync conn=crypto e2ee to_device
              e2ee keys=50 changed[] left[@bob:x]
        "#]],
    );
}

#[test]
fn loops_without_rooms_wait_side_by_side_on_the_simplified_wire() {
    check(
        "
        keys: 50
        first simplified conn=crypto e2ee to_device
        sync simplified conn=crypto e2ee to_device wait
        sync simplified conn=crypto e2ee to_device wait
        todevice: k1
        sync simplified conn=crypto e2ee to_device wait
        !a: create; join; m1
        sync simplified conn=crypto e2ee to_device a[0,9] limit=1
        first conn=crypto e2ee to_device
        sync conn=crypto e2ee to_device wait
        sync conn=crypto e2ee to_device wait
        ",
        expect![[r#"
            > first simplified conn=crypto e2ee to_device
              to_device[] next=0
              e2ee keys=50
            > sync simplified conn=crypto e2ee to_device wait
            waits 30000
            > sync simplified conn=crypto e2ee to_device wait
            waits 30000
            todevice wakes simplified/crypto
              to_device[k1] next=1
            todevice wakes simplified/crypto
              to_device[k1] next=1
            > sync simplified conn=crypto e2ee to_device wait
            waits 30000
            > sync simplified conn=crypto e2ee to_device a[0,9] limit=1
            superseded simplified/crypto
              a: 1
              !a initial join in a timeline[$m1] limited prev=s0 live=1
              to_device[] next=1
              (2 stored)
            > first conn=crypto e2ee to_device
              e2ee keys=50
            > sync conn=crypto e2ee to_device wait
            waits 30000
            > sync conn=crypto e2ee to_device wait
            superseded v4/crypto
            waits 30000
        "#]],
    );
}

#[test]
fn a_fifth_loop_without_rooms_supersedes_the_first() {
    check(
        "
        keys: 50
        first simplified conn=crypto e2ee
        sync simplified conn=crypto e2ee wait
        sync simplified conn=crypto e2ee wait
        sync simplified conn=crypto e2ee wait
        sync simplified conn=crypto e2ee wait
        sync simplified conn=crypto e2ee wait
        changed: @bob:x
        ",
        expect![[r#"
            > first simplified conn=crypto e2ee
              e2ee keys=50
            > sync simplified conn=crypto e2ee wait
            waits 30000
            > sync simplified conn=crypto e2ee wait
            waits 30000
            > sync simplified conn=crypto e2ee wait
            waits 30000
            > sync simplified conn=crypto e2ee wait
            waits 30000
            > sync simplified conn=crypto e2ee wait
            superseded simplified/crypto
            waits 30000
            changed wakes simplified/crypto
              e2ee keys=50 changed[@bob:x] left[]
            changed wakes simplified/crypto
              e2ee keys=50 changed[@bob:x] left[]
            changed wakes simplified/crypto
              e2ee keys=50 changed[@bob:x] left[]
            changed wakes simplified/crypto
              e2ee keys=50 changed[@bob:x] left[]
        "#]],
    );
}

#[test]
fn a_connection_without_rooms_can_ask_for_rooms_later() {
    check(
        "
        keys: 50
        !a: create; join; m1
        first e2ee
        sync e2ee a[0,9] limit=1
        changed: @bob:x
        sync e2ee a[0,9] limit=1
        ",
        expect![[r#"
            > first e2ee
              e2ee keys=50
            > sync e2ee a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$m1] limited prev=s0
              (2 stored)
            > sync e2ee a[0,9] limit=1
              a: 1
              e2ee keys=50 changed[@bob:x] left[]
        "#]],
    );
}

#[test]
fn an_own_event_waits_a_moment_for_the_device_that_sent_it() {
    check(
        "
        device: OTHER
        !a: create; join
        !b: create; join
        first a[0,9] limit=5
        sync a[0,9] limit=5 wait
        !a: m1 @me:x
        !a: claim txn
        sync a[0,9] limit=5 wait
        !a: m2 @me:x
        later 1000
        sync a[0,9] limit=5 wait
        !a: m3 @me:x; m4 @bob:x
        !b: n1
        sync a[0,9] limit=5 wait
        later 1000
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 2
              !b initial join in a timeline[$create3 $join1] prev=s0
              !a initial join in a timeline[$create2 $join1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 wait
            waits 30000
            !a wakes v4/
            waits 1000
            !a wakes v4/
              a: 2
              !a in a timeline[$m1(txn)] prev=s0 live=1
            > sync a[0,9] limit=5 wait
            waits 30000
            !a wakes v4/
            waits 1000
              a: 2
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=5 wait
            waits 30000
            !a wakes v4/
            waits 1000
            !b wakes v4/
              a: 2
              !b in a timeline[$n1] prev=s0 live=1
              !a in a timeline[$m3 $m4] prev=s0 live=2
            > sync a[0,9] limit=5 wait
            waits 30000
            waits 29000
        "#]],
    );
}

#[test]
fn an_own_event_that_the_own_poll_has_brought_too_waits_for_nothing() {
    check(
        "
        device: OTHER
        !a: create; join
        first a[0,9] limit=5
        sync a[0,9] limit=5 wait
        !a: m1 @me:x; unclaim
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create2 $join1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 wait
            waits 30000
            !a wakes v4/
              a: 1
              !a in a timeline[$m1] prev=s0 live=1
        "#]],
    );
}

#[test]
fn what_a_subscription_lacks_is_wished_for_again_after_a_restart() {
    check(
        "
        !a: gap t1; join; m1
        !b: create; join; n1
        first +!a limit=5 +!b limit=1 state=member/*
        sync +!a limit=5 +!b limit=1 state=member/* wait
        restart
        sync +!a limit=5 +!b limit=1 state=member/* wait
        ",
        expect![[r#"
            > first +!a limit=5 +!b limit=1 state=member/*
              !a initial join timeline[$join0 $m1] limited prev=t1
              !b initial join state[member/@me:x] timeline[$n1] limited prev=s0
              (2 stored)
              fetch !a:x from t1 limit 5
              fetch members of !b:x
            > sync +!a limit=5 +!b limit=1 state=member/* wait
            waits 30000
              fetch !a:x from t1 limit 5
              fetch members of !b:x
            > sync +!a limit=5 +!b limit=1 state=member/* wait
            waits 30000
              fetch !a:x from t1 limit 5
              fetch members of !b:x
        "#]],
    );
}

#[test]
fn a_member_named_that_is_not_held_is_wished_for() {
    check(
        "
        !a: create; join; quiet @bob:x
        first +!a limit=0 state=member/@bob:x,member/me
        first +!a limit=0 state=member/@eve:x
        first a[0,9] limit=0 state=member/@eve:x
        ",
        expect![[r#"
            > first +!a limit=0 state=member/@bob:x,member/me
              !a initial join state[member/@bob:x member/@me:x]
              (2 stored)
            > first +!a limit=0 state=member/@eve:x
              !a initial join
              (2 stored)
              fetch members of !a:x
            > first a[0,9] limit=0 state=member/@eve:x
              a: 1
              !a initial join in a
              (2 stored)
        "#]],
    );
}
