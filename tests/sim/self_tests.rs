//! The oracle can fail: what a client has is spoilt, and the oracle must notice.

use std::{cell::Cell, rc::Rc};

use crate::{
    client::{Client, Deaf, News, Place, Room, Scope},
    operations::Happening,
    plan::{Change, Plan, Step},
    simulation::{Counted, Simulation, run, run_with},
};

/// How many quiet seeds may have nothing to spoil, or nothing by which it shows.
const SEEDS: u64 = 120;

/// Runs quiet seeds until the oracle notices what `spoil` spoils, and says what it must complain of.
#[track_caller]
fn check(spoil: impl Fn(&mut Simulation) -> bool, expected: &str) {
    check_plans(quiet_plan, spoil, expected);
}

/// As [`check`], of a bug that is planted when Sash has come to rest for the first time. `steps` come then.
#[track_caller]
fn check_planted(steps: &[Step], plant: impl Fn(&mut Simulation), expected: &str) {
    let plan_of = |seed| {
        let mut plan = quiet_plan(seed);
        plan.steps.push(Step::Check(seed));
        plan.steps.extend(steps);
        plan
    };
    let is_planted = Cell::new(false);
    let spoil = |simulation: &mut Simulation| {
        if !is_planted.replace(true) {
            plant(simulation);
        }
        true
    };
    check_plans(
        |seed| {
            is_planted.set(false);
            plan_of(seed)
        },
        spoil,
        expected,
    );
}

/// Returns the plan of a seed without faults, and with one check, at the end.
fn quiet_plan(seed: u64) -> Plan {
    let mut plan = Plan::of_seed(seed);
    plan.steps.retain(|step| step.class().is_none() && !matches!(step, Step::Check(_)));
    plan
}

#[track_caller]
fn check_plans(plan_of: impl Fn(u64) -> Plan, spoil: impl Fn(&mut Simulation) -> bool, expected: &str) {
    let mut unnoticed = 0;
    for seed in 1..=SEEDS {
        let spoilt = Cell::new(false);
        let (_, outcome) = run_with(&plan_of(seed), false, |simulation| spoilt.set(spoil(simulation)));
        match outcome {
            Ok(()) => unnoticed += u64::from(spoilt.get()),
            Err(failure) => {
                let is_expected = failure.sorts().any(|sort| sort.contains(expected));
                // Who was kept from one kind of news while it waited does not hear of what comes after that, either.
                if !is_expected && spoilt.get() && failure.kind == "asleep" && expected.starts_with("asleep") {
                    unnoticed += 1;
                    continue;
                }
                assert!(spoilt.get() && is_expected, "seed {seed}: {failure}");
                return;
            }
        }
    }
    panic!("{unnoticed} of {SEEDS} seeds had something to spoil, and the oracle noticed nothing");
}

fn rooms(simulation: &mut Simulation) -> impl Iterator<Item = &mut Room> {
    simulation.clients.iter_mut().flat_map(|client| client.has.rooms.values_mut()).map(Rc::make_mut)
}

fn client(simulation: &mut Simulation, wanted: impl Fn(&Client) -> bool) -> Option<&mut Client> {
    simulation.clients.iter_mut().find(|client| wanted(client))
}

#[test]
fn a_missing_to_device_message_is_noticed() {
    check(|simulation| simulation.clients[0].has.to_device.pop().is_some(), "to-device message");
}

#[test]
fn a_to_device_message_that_comes_twice_is_noticed() {
    check(
        |simulation| {
            let messages = &mut simulation.clients[0].has.to_device;
            messages.last().copied().map(|last| messages.push(last)).is_some()
        },
        "to-device message",
    );
}

#[test]
fn to_device_messages_in_another_order_are_noticed() {
    check(
        |simulation| {
            let messages = &mut simulation.clients[0].has.to_device;
            let many = messages.len() > 1;
            messages.rotate_left(usize::from(many));
            many
        },
        "to-device message",
    );
}

#[test]
fn a_device_list_change_that_was_not_told_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.e2ee && client.has.always_e2ee;
            client(simulation, asks).is_some_and(|client| client.has.devices_changed.pop_first().is_some())
        },
        "which was not told",
    );
}

#[test]
fn old_key_counts_are_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.e2ee && client.has.always_e2ee;
            client(simulation, asks)
                .is_some_and(|client| client.has.key_counts.insert("signed_curve25519".to_owned(), 7_777).is_some())
        },
        "key counts",
    );
}

#[test]
fn a_client_that_sleeps_through_news_is_noticed() {
    check(
        |simulation| {
            simulation.clients.iter_mut().for_each(|client| client.deaf = Some(Deaf::ToAll));
            true
        },
        "asleep: ",
    );
}

/// Whoever is not woken by one kind of news alone lacks it.
#[track_caller]
fn check_missed(news: News, expected: &str) {
    check(
        |simulation| {
            simulation.clients.iter_mut().for_each(|client| client.deaf = Some(Deaf::To(news)));
            true
        },
        &format!("asleep: client {expected}"),
    );
}

#[test]
fn an_event_that_wakes_nobody_is_noticed() {
    check_missed(News::Event, "timeline: newest events are missing");
}

#[test]
fn state_that_wakes_nobody_is_noticed() {
    check_missed(News::Room, "");
}

#[test]
fn unread_counts_that_wake_nobody_are_noticed() {
    check_missed(News::UnreadCounts, "unread counts are");
}

#[test]
fn account_data_that_wakes_nobody_is_noticed() {
    check_missed(News::AccountData, "account data");
}

#[test]
fn a_receipt_that_wakes_nobody_is_noticed() {
    check_missed(News::Receipt, "m.read");
}

#[test]
fn typing_that_wakes_nobody_is_noticed() {
    check_missed(News::Typing, "typing are");
}

#[test]
fn presence_that_wakes_nobody_is_noticed() {
    check_missed(News::Presence, "presence of");
}

#[test]
fn a_to_device_message_that_wakes_nobody_is_noticed() {
    check_missed(News::ToDevice, "to-device message");
}

#[test]
fn a_device_list_change_that_wakes_nobody_is_noticed() {
    check_missed(News::DeviceList, "devices of changed at which was not told");
}

#[test]
fn a_message_that_wakes_nobody_beside_another_loop_is_noticed() {
    check_plans(
        |seed| {
            let mut plan = quiet_plan(seed);
            plan.steps.push(Step::Request(0, Change::Loop, seed));
            plan
        },
        |simulation| {
            let client = &mut simulation.clients[0];
            let is_loop = client.may_be_joined();
            client.deaf = is_loop.then_some(Deaf::To(News::ToDevice));
            is_loop
        },
        "asleep: what waits beside client",
    );
}

#[test]
fn an_overtaken_answer_that_a_client_takes_is_noticed() {
    let steps: Vec<Step> = (0..20)
        .flat_map(|seed| [Step::World(Happening::Message, seed), Step::Overlap(seed), Step::Wait(200)])
        .collect();
    check_planted(
        &steps,
        |simulation| simulation.clients.iter_mut().for_each(|client| client.takes_overtaken = true),
        // By an event that comes twice, or a position that is unknown: what comes first.
        "",
    );
}

#[test]
fn an_answer_to_a_poll_that_comes_for_the_next_one_is_noticed() {
    let steps: Vec<Step> = (0..8).flat_map(|seed| [Step::World(Happening::ToDevice, seed), Step::Wait(200)]).collect();
    check_planted(&steps, |simulation| simulation.swap_polls(3), "to-device message");
}

/// Where they do not, what is fetched beside the poll is never older than what the poll has brought.
#[test]
fn answers_of_the_homeserver_overtake_each_other_both_ways() {
    let mut counted = Counted::default();
    for seed in 1..=SEEDS {
        counted += run(&Plan::of_seed(seed)).0;
    }
    let Counted { overtaken, overtaken_polls, overtaken_fetches, .. } = counted;
    let enough = overtaken.min(overtaken_polls).min(overtaken_fetches) >= SEEDS / 40;
    assert!(enough, "{overtaken} answers to clients, {overtaken_polls} to polls, {overtaken_fetches} others");
}

#[test]
fn a_member_that_is_not_told_is_noticed() {
    check(
        |simulation| {
            let lazy = |client: &Client| {
                client.config.subscriptions.is_empty()
                    && client.config.lists.get("all").is_some_and(|list| {
                        list.range == Some((0, 99)) && list.config.state.lazy_members && list.config.timeline_limit > 0
                    })
            };
            let Some(client) = client(simulation, lazy) else { return false };
            client.has.rooms.values_mut().map(Rc::make_mut).any(|room| {
                let wanted = room.needed.iter().find(|user| *user != crate::client::USER).cloned();
                wanted.is_some_and(|user| room.state.remove(&("m.room.member".to_owned(), user)).is_some())
            })
        },
        "is not known",
    );
}

#[test]
fn wrong_unread_counts_are_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.lists.get("all").is_some_and(|list| list.range == Some((0, 99)));
            let Some(client) = client(simulation, asks) else { return false };
            let mut rooms = client.has.rooms.values_mut().map(Rc::make_mut);
            rooms.any(|room| room.notification_count.as_mut().map(|count| *count += 1).is_some())
        },
        "unread counts",
    );
}

#[test]
fn an_old_bump_stamp_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| {
                let all = client.config.lists.get("all");
                all.is_some_and(|list| list.range == Some((0, 99)) && list.config.timeline_limit > 0)
            };
            let Some(client) = client(simulation, asks) else { return false };
            client
                .has
                .rooms
                .values_mut()
                .map(Rc::make_mut)
                .for_each(|room| room.bump_stamp = room.bump_stamp.map(|stamp| u64::MAX - stamp));
            client.has.rooms.len() > 1
        },
        "has bump_stamp",
    );
}

#[test]
fn account_data_that_is_not_told_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.account_data;
            client(simulation, asks).is_some_and(|client| client.has.account_data.pop_first().is_some())
        },
        "account data",
    );
}

#[test]
fn presence_that_is_not_told_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.presence;
            client(simulation, asks).is_some_and(|client| client.has.presence.pop_last().is_some())
        },
        "presence of",
    );
}

#[test]
fn who_stays_online_for_ever_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| client.config.presence;
            let Some(client) = client(simulation, asks) else { return false };
            let gone = client.has.presence.values_mut().find(|(state, _)| state == "offline");
            gone.map(|presence| *presence = ("online".to_owned(), None)).is_some()
        },
        "presence of",
    );
}

#[test]
fn who_types_on_for_ever_is_noticed() {
    check(
        |simulation| {
            let asks = |client: &Client| {
                client.config.typing
                    && client.config.scope == Scope::default()
                    && client.config.lists.get("all").is_some_and(|list| list.range == Some((0, 99)))
            };
            let Some(client) = client(simulation, asks) else { return false };
            let mut rooms = client.has.rooms.values_mut().map(Rc::make_mut);
            rooms.any(|room| room.membership.as_deref() == Some("join") && room.typing.insert("@zoe:sim".to_owned()))
        },
        "typing are",
    );
}

#[test]
fn a_doubled_event_is_noticed() {
    check(
        |simulation| {
            let rooms = rooms(simulation);
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
            let rooms = rooms(simulation);
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
            rooms(simulation).any(|room| {
                let other = room.state.values().next().cloned();
                other.and_then(|other| {
                    room.state.values_mut().last().map(|event| std::mem::replace(event, other.clone()) != other)
                }) == Some(true)
            })
        },
        "of this room",
    );
}
