//! The oracle can fail: what a client has is spoilt, and the oracle must notice.

use crate::{
    client::Place,
    plan::{Plan, Step},
    simulation::{Simulation, run_with},
};

/// Runs quiet seeds until one has what `spoil` spoils, and says what the oracle complains of.
#[track_caller]
fn check(spoil: impl Fn(&mut Simulation) -> bool, expected: &str) {
    for seed in 1..60 {
        let steps = Plan::of_seed(seed)
            .steps
            .into_iter()
            .filter(|step| step.class().is_none() && !matches!(step, Step::Check(_)))
            .collect();
        let spoilt = std::cell::Cell::new(false);
        let outcome = run_with(&Plan { seed, steps }, |simulation| spoilt.set(spoil(simulation)));
        if !spoilt.get() {
            continue;
        }
        let failure = outcome.expect_err("the oracle noticed nothing");
        assert!(failure.complaints.iter().any(|complaint| complaint.contains(expected)), "{failure}");
        return;
    }
    panic!("no seed had anything to spoil");
}

#[test]
fn a_missing_to_device_message_is_noticed() {
    check(|simulation| simulation.clients[0].has.to_device.pop().is_some(), "to-device message");
}

#[test]
fn a_doubled_event_is_noticed() {
    check(
        |simulation| {
            let rooms = simulation.clients.iter_mut().flat_map(|client| client.has.rooms.values_mut());
            let last = rooms
                .map(|room| &mut room.timeline.places)
                .find(|places| matches!(places.last(), Some(Place::Event(..))));
            last.is_some_and(|places| {
                places.extend(places.last().cloned());
                true
            })
        },
        "stands where",
    );
}

#[test]
fn a_lost_event_is_noticed() {
    check(
        |simulation| {
            let rooms = simulation.clients.iter_mut().flat_map(|client| client.has.rooms.values_mut());
            let long = rooms.map(|room| &mut room.timeline.places).find(|places| {
                places.iter().rev().take(3).all(|place| matches!(place, Place::Event(..))) && places.len() > 3
            });
            long.is_some_and(|places| {
                places.remove(places.len() - 2);
                true
            })
        },
        "stands where",
    );
}

#[test]
fn a_missing_room_is_noticed() {
    check(
        |simulation| {
            let client = simulation
                .clients
                .iter_mut()
                .find(|client| client.config.lists.get("all").is_some_and(|list| list.range == Some((0, 99))));
            client.is_some_and(|client| client.has.rooms.pop_first().is_some())
        },
        "is missing",
    );
}

#[test]
fn old_state_is_noticed() {
    check(
        |simulation| {
            let mut rooms = simulation.clients.iter_mut().flat_map(|client| client.has.rooms.values_mut());
            rooms.any(|room| {
                let other = room.state.values().next().cloned();
                other.and_then(|other| {
                    room.state.values_mut().last().map(|event| std::mem::replace(event, other.clone()) != other)
                }) == Some(true)
            })
        },
        "of this room",
    );
}
