//! `pos`: what it confirms, what it repeats, what it does not know.

use expect_test::expect;

use super::script::check;

#[test]
fn a_room_is_sent_once_then_only_deltas() {
    check(
        "
        !a: create; join; name Tea; m1
        first a[0,9] limit=2 state=name
        sync a[0,9] limit=2 state=name
        !a: m2
        sync a[0,9] limit=2 state=name
        sync a[0,9] limit=2 state=name
        ",
        expect![[r#"
            > first a[0,9] limit=2 state=name
              a: 1
              !a initial join in a name=Tea state[name] timeline[$name1 $m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=2 state=name
              a: 1
            > sync a[0,9] limit=2 state=name
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=2 state=name
              a: 1
        "#]],
    );
}

#[test]
fn a_lost_answer_is_repeated() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: m2
        !b: create; join; n1
        sync a[0,9] limit=5
        again a[0,9] limit=5
        !b: n2
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 2
              !b initial join in a timeline[$create3 $join1 $n1] prev=s0 live=2
              !a in a timeline[$m2] prev=s0 live=1
              (1 stored)
            > again a[0,9] limit=5
              a: 2
              !b initial join in a timeline[$create3 $join1 $n1] prev=s0 live=2
              !a in a timeline[$m2] prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=5
              a: 2
              !b in a timeline[$n2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn the_same_pos_with_another_body_is_answered_from_the_same_state() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first a[0,0] limit=5
        sync a[0,1] limit=5
        again a[0,0] limit=5 +!a limit=5
        sync a[0,1] limit=5
        ",
        expect![[r#"
            > first a[0,0] limit=5
              a: 2
              !b initial join in a timeline[$create2 $join1 $n1] prev=s0
              (2 stored)
            > sync a[0,1] limit=5
              a: 2
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (1 stored)
            > again a[0,0] limit=5 +!a limit=5
              a: 2
              !a initial join timeline[$create1 $join1 $m1] prev=s0
              (1 stored)
            > sync a[0,1] limit=5
              a: 2
        "#]],
    );
}

#[test]
fn an_answer_with_only_live_rooms_stores_nothing() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        !a: m2
        sync a[0,9] limit=5
        !a: m3
        again a[0,9] limit=5
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > again a[0,9] limit=5
              a: 1
              !a in a timeline[$m2 $m3] prev=s0 live=2
            > sync a[0,9] limit=5
              a: 1
        "#]],
    );
}

#[test]
fn a_foreign_pos_is_unknown() {
    check(
        "
        foreign a[0,9] limit=1
        !a: create; join
        first a[0,9] limit=1
        foreign a[0,9] limit=1
        sync a[0,9] limit=1
        sync a[0,9] limit=1 conn=other
        ",
        expect![[r#"
            > foreign a[0,9] limit=1
            error: unknown pos: start the connection anew
            > first a[0,9] limit=1
              a: 1
              !a initial join in a timeline[$join1] limited prev=s0
              (2 stored)
            > foreign a[0,9] limit=1
            error: unknown pos: start the connection anew
            > sync a[0,9] limit=1
              a: 1
            > sync a[0,9] limit=1 conn=other
              a: 1
              !a initial join in a timeline[$join1] limited prev=s0
              (2 stored)
        "#]],
    );
}

#[test]
fn no_pos_starts_the_connection_anew() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        first a[0,9] limit=5
        again a[0,9] limit=5
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > again a[0,9] limit=5
            error: unknown pos: start the connection anew
            > sync a[0,9] limit=5
              a: 1
        "#]],
    );
}

#[test]
fn two_connections_know_nothing_of_each_other() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5 conn=one
        first a[0,9] limit=5 conn=two
        !a: m2
        sync a[0,9] limit=5 conn=one
        sync a[0,9] limit=5 conn=two
        ",
        expect![[r#"
            > first a[0,9] limit=5 conn=one
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > first a[0,9] limit=5 conn=two
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5 conn=one
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=5 conn=two
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn a_restart_continues_the_connection() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first a[0,0] limit=5
        !a: m2
        sync a[0,1] limit=5
        restart
        !b: n2
        sync a[0,1] limit=5
        restart
        again a[0,1] limit=5
        ",
        expect![[r#"
            > first a[0,0] limit=5
              a: 2
              !b initial join in a timeline[$create2 $join1 $n1] prev=s0
              (2 stored)
            > sync a[0,1] limit=5
              a: 2
              !a initial join in a timeline[$create1 $join1 $m1 $m2] prev=s0 live=1
              (1 stored)
            > sync a[0,1] limit=5
              a: 2
              !b in a timeline[$n2] prev=s0 live=1
            > again a[0,1] limit=5
              a: 2
              !b in a timeline[$n2] prev=s0 live=1
        "#]],
    );
}

#[test]
fn a_restart_knows_the_lost_answer_as_well_as_the_received_one() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first a[0,0] limit=5
        sync a[0,1] limit=5
        restart
        again a[0,1] limit=5
        restart
        sync a[0,1] limit=5
        ",
        expect![[r#"
            > first a[0,0] limit=5
              a: 2
              !b initial join in a timeline[$create2 $join1 $n1] prev=s0
              (2 stored)
            > sync a[0,1] limit=5
              a: 2
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (1 stored)
            > again a[0,1] limit=5
              a: 2
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (1 stored)
            > sync a[0,1] limit=5
              a: 2
        "#]],
    );
}

#[test]
fn a_room_that_falls_out_of_range_stays_behind_and_catches_up() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first a[0,1] limit=5
        !a: m2
        !b: n2
        sync a[0,0] limit=5
        !b: n3
        sync a[0,0] limit=5
        sync a[0,1] limit=5
        sync a[0,1] limit=5
        ",
        expect![[r#"
            > first a[0,1] limit=5
              a: 2
              !b initial join in a timeline[$create2 $join1 $n1] prev=s0
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,0] limit=5
              a: 2
              !b in a timeline[$n2] prev=s0 live=1
              (1 stored)
            > sync a[0,0] limit=5
              a: 2
              !b in a timeline[$n3] prev=s0 live=1
            > sync a[0,1] limit=5
              a: 2
              !a in a timeline[$m2] prev=s0
              (1 stored)
            > sync a[0,1] limit=5
              a: 2
        "#]],
    );
}

#[test]
fn many_answers_are_folded_into_the_base_and_survive_a_restart() {
    check(
        "
        !a: create; join; m1
        !b: create; join; n1
        first a[0,0] limit=1
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        sync a[0,0] limit=1 state=topic
        sync a[0,0] limit=1 state=name
        restart
        !a: m2
        sync a[0,1] limit=1
        ",
        expect![[r#"
            > first a[0,0] limit=1
              a: 2
              !b initial join in a timeline[$n1] limited prev=s0
              (2 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,0] limit=1 state=topic
              a: 2
              (2 stored)
            > sync a[0,0] limit=1 state=name
              a: 2
              (1 stored)
            > sync a[0,1] limit=1
              a: 2
              !a initial join in a timeline[$m2] limited prev=s0 live=1
              (1 stored)
        "#]],
    );
}

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
fn at_most_sixteen_connections_of_a_device_live() {
    // The least recently used one goes, also from the store.
    let mut script = String::from("!a: create; join\n");
    for number in 0..16 {
        script.push_str(&format!("first conn=c{number:02} a[0,9] limit=0\nlater 1\n"));
    }
    script.push_str("sync conn=c00 a[0,9] limit=0\n");
    script.push_str("first conn=more a[0,9] limit=0\n");
    script.push_str("restart\n");
    script.push_str("sync conn=c00 a[0,9] limit=0\n");
    script.push_str("sync conn=c01 a[0,9] limit=0\n");
    script.push_str("sync conn=c02 a[0,9] limit=0\n");
    let seen = super::script::run(&script);
    let last = seen.split("restart").last().unwrap_or_default().lines().rev().take(6).collect::<Vec<_>>();
    expect![[r#"
        > sync conn=c00 a[0,9] limit=0
          a: 1
        > sync conn=c01 a[0,9] limit=0
        error: unknown pos: start the connection anew
        > sync conn=c02 a[0,9] limit=0
          a: 1"#]]
    .assert_eq(&last.into_iter().rev().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_request_that_waits_on_a_connection_that_makes_room_ends() {
    let mut script =
        String::from("!a: create; join\nfirst conn=c00 a[0,9] limit=0\nsync conn=c00 a[0,9] limit=0 wait\n");
    for number in 1..17 {
        script.push_str(&format!("later 1\nfirst conn=c{number:02} a[0,9] limit=0\n"));
    }
    let seen = super::script::run(&script);
    let last = seen.lines().skip_while(|line| !line.starts_with("> first conn=c16")).take(2).collect::<Vec<_>>();
    expect![[r#"
        > first conn=c16 a[0,9] limit=0
        superseded v4/c00"#]]
    .assert_eq(&last.join("\n"));
}

#[test]
fn an_answer_has_at_most_a_thousand_rooms_and_the_next_one_brings_the_rest() {
    let seen = super::script::run(
        "
        many 1005
        !x: create; join; m1
        first a[0,2000] limit=0 +!x limit=1
        sync a[0,2000] limit=0 +!x limit=1
        sync a[0,2000] limit=0 +!x limit=1
        ",
    );
    let lines: Vec<&str> = seen.lines().filter(|line| !line.contains("!n")).collect();
    expect![[r#"
        > first a[0,2000] limit=0 +!x limit=1
          a: 1006
          !x initial join in a timeline[$m1] limited prev=s0
          … 1000 rooms
          (2 stored)
        > sync a[0,2000] limit=0 +!x limit=1
          a: 1006
          (1 stored)
        > sync a[0,2000] limit=0 +!x limit=1
          a: 1006"#]]
    .assert_eq(&lines.join("\n"));
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
fn an_answer_has_about_eight_megabytes_and_the_next_one_brings_the_rest_at_once() {
    check(
        "
        !a: create; join; large a1 3000
        !b: create; join; large b1 3000
        !c: create; join; large c1 3000
        !d: create; join; large d1 3000
        first a[0,9] limit=1
        sync a[0,9] limit=1 wait
        !a: large a2 3000
        !b: large b2 3000
        !c: large c2 3000
        !d: large d2 3000
        sync a[0,9] limit=1
        again a[0,9] limit=1
        !d: d3
        sync a[0,9] limit=1 wait
        sync a[0,9] limit=1 wait
        ",
        expect![[r#"
            > first a[0,9] limit=1
              a: 4
              !d initial join in a timeline[$d1] limited prev=s0
              !c initial join in a timeline[$c1] limited prev=s0
              !b initial join in a timeline[$b1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1 wait
              a: 4
              !a initial join in a timeline[$a1] limited prev=s0
              (1 stored)
            > sync a[0,9] limit=1
              a: 4
              !d in a timeline[$d2] prev=s0 live=1
              !c in a timeline[$c2] prev=s0 live=1
              !b in a timeline[$b2] prev=s0 live=1
              (1 stored)
            > again a[0,9] limit=1
              a: 4
              !d in a timeline[$d2] prev=s0 live=1
              !c in a timeline[$c2] prev=s0 live=1
              !b in a timeline[$b2] prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=1 wait
              a: 4
              !d in a timeline[$d3] prev=s0 live=1
              !a in a timeline[$a2] prev=s0
              (1 stored)
            > sync a[0,9] limit=1 wait
            waits 30000
        "#]],
    );
}

#[test]
fn a_connection_unused_for_minutes_leaves_the_memory_and_comes_back() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        later 200000
        first conn=other a[0,9] limit=5
        !a: m2
        sync conn=other a[0,9] limit=5
        later 110000
        idle
        sync a[0,9] limit=5
        again a[0,9] limit=5
        later 300000
        idle
        again conn=other a[0,9] limit=5
        sync conn=other a[0,9] limit=5
        sync a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > first conn=other a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync conn=other a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            1 in memory
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > again a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            0 in memory
            > again conn=other a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync conn=other a[0,9] limit=5
              a: 1
            > sync a[0,9] limit=5
              a: 1
        "#]],
    );
}

#[test]
fn a_client_may_stay_away_for_weeks() {
    check(
        "
        !a: create; join; m1
        first a[0,9] limit=5
        later 2500000000
        restart
        !a: m2
        sync a[0,9] limit=5
        later 2500000000
        sync a[0,9] limit=5
        later 2600000000
        sync a[0,9] limit=5
        first a[0,9] limit=5
        ",
        expect![[r#"
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1] prev=s0
              (2 stored)
            > sync a[0,9] limit=5
              a: 1
              !a in a timeline[$m2] prev=s0 live=1
            > sync a[0,9] limit=5
              a: 1
            > sync a[0,9] limit=5
            error: unknown pos: start the connection anew
            > first a[0,9] limit=5
              a: 1
              !a initial join in a timeline[$create1 $join1 $m1 $m2] prev=s0
              (2 stored)
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

#[test]
fn forgetting_members_forgets_nothing_else_of_what_was_wanted_before() {
    check(
        "
        !a: create; join; name A; quiet @eve:x; m1
        first a[0,9] limit=1 state=*
        sync a[0,9] limit=1
        !a: m2; m3
        sync a[0,9] limit=1
        sync a[0,9] limit=1 state=*
        ",
        expect![[r#"
            > first a[0,9] limit=1 state=*
              a: 1
              !a initial join in a name=A state[create name member/@eve:x member/@me:x] timeline[$m1] limited prev=s0
              (2 stored)
            > sync a[0,9] limit=1
              a: 1
              (1 stored)
            > sync a[0,9] limit=1
              a: 1
              !a in a timeline[$m3] limited prev=s0 live=1
              (1 stored)
            > sync a[0,9] limit=1 state=*
              a: 1
              !a in a state[member/@eve:x member/@me:x]
              (1 stored)
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
