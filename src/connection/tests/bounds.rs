//! What bounds connections and answers, and that nothing is lost at a bound.

use expect_test::expect;

use super::script::check;

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
              !a in a timeline[$a2] prev=s0 live=1
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
