//! `pos`: what it confirms, what it repeats, what it does not know.

use std::rc::Rc;

use expect_test::expect;

use super::{
    script::{check, request},
    world::{DEVICE, World},
};
use crate::connection::{Answer, Connections, Poll, Pos, SyncError, SyncRequest, Ticket};
use crate::model::Step;

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

/// Accepts a request on a connection of that name.
fn accept(
    connections: &mut Connections,
    world: &mut World,
    words: &str,
    pos: Option<Pos>,
) -> Result<Ticket, SyncError> {
    let request = Rc::new(SyncRequest { pos, ..request(words) });
    let arrival = connections.arrive();
    loop {
        match connections.handle_request(&mut world.cache, DEVICE.into(), &request, arrival, 7, world.now)? {
            Step::Done(accepted) => return Ok(accepted.ticket),
            Step::Need(keys) => world.load(keys),
        }
    }
}

fn answer(connections: &mut Connections, world: &mut World, ticket: &Ticket) -> Answer {
    loop {
        match connections.poll_response(&mut world.cache, ticket, world.now) {
            Poll::Ready(answer) => return *answer,
            Poll::Need(keys) => world.load(keys),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_connection_is_known_after_a_restart_where_another_answer_could_not_be_written() {
    let (mut world, mut connections) = (World::new(), Connections::default());
    world.commit_room("!a:x", "create; join; m1");
    let [one, two] = ["conn=one a[0,9] limit=1", "conn=two a[0,9] limit=1"]
        .map(|words| accept(&mut connections, &mut world, words, None).expect("a new connection"));
    // Both are being written when the write of the first fails.
    answer(&mut connections, &mut world, &one);
    let Answer { response, writes, .. } = answer(&mut connections, &mut world, &two);
    connections.handle_write_failed(&one);
    world.write(writes);
    connections.handle_written(&two);
    (connections, _) = (Connections::default(), world.restart());
    let again = accept(&mut connections, &mut world, "conn=two a[0,9] limit=1", Some(response.pos));
    assert!(again.is_ok(), "{again:?}");
}
