//! What answering costs: the first request, a message that came, a window that moves, and a connection's way to the disk
//! and back. Everything that an answer reads is in memory.

#[allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses a part of it")]
#[path = "support/account.rs"]
mod account;

use std::{
    fmt::Write,
    rc::Rc,
    time::{Duration, Instant},
};

use account::{Account, at, request};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sash_sync::{
    connection::{Pos, SyncRequest, Window, Wire},
    protocol,
};

const ROOMS: [u32; 3] = [1_000, 10_000, 100_000];

/// What a room list asks of its rooms.
const STATE: &str = r#""required_state":{"include":[{"type":"m.room.name"},{"type":"m.room.encryption"},{"type":"m.room.topic"},{"type":"m.room.power_levels"}],"lazy_members":true}"#;
const EXTENSIONS: &str = r#""org.matrix.msc4538.to_device":{"enabled":true},"org.matrix.msc4543.e2ee":{"enabled":true},"account_data":{"enabled":true},"receipts":{"enabled":true},"typing":{"enabled":true}"#;

/// The first rooms of the list, as a screen shows them.
fn screen() -> SyncRequest {
    request(&format!(
        r#"{{"lists":{{"all":{{"range":[0,19],"timeline_limit":1,{STATE}}}}},"extensions":{{{EXTENSIONS}}}}}"#
    ))
}

/// Every room.
fn everything() -> SyncRequest {
    request(&format!(
        r#"{{"lists":{{"all":{{"timeline_limit":1,"required_state":{{}}}}}},"extensions":{{{EXTENSIONS}}}}}"#
    ))
}

/// A hundred lists that hold the same rooms.
fn hundred_lists() -> SyncRequest {
    let mut lists = String::new();
    for number in 0..100 {
        let comma = if number > 0 { "," } else { "" };
        write!(lists, r#"{comma}"list{number}":{{"range":[0,499],"timeline_limit":1,"required_state":{{}},"filters":{{"not_tags":["u.{number}"]}}}}"#)
            .expect("text");
    }
    request(&format!(r#"{{"lists":{{{lists}}}}}"#))
}

fn first(criterion: &mut Criterion) {
    for rooms in ROOMS {
        let mut account = Account::of(rooms);
        let request = Rc::new(screen());
        criterion.benchmark_group("first answer, 20 rooms").bench_function(
            BenchmarkId::from_parameter(rooms),
            |bencher| {
                bencher.iter(|| {
                    let ticket = account.ask(&request);
                    protocol::render(Wire::V4, &account.answer(&ticket).response)
                });
            },
        );
    }
}

/// A message comes into a room of the window, and the next request is answered with it.
fn incremental(criterion: &mut Criterion) {
    for rooms in ROOMS {
        for (name, request, busy) in [("screen", screen(), 20), ("everything", everything(), rooms)] {
            let mut account = Account::of(rooms);
            let (mut pos, _) = account.settle(&request);
            let mut number = 0;
            let mut step = |account: &mut Account, whole: bool| {
                number = (number + 7919) % busy;
                let commit = account.message_in(rooms - 1 - number);
                let request = at(&request, pos);
                let before = Instant::now();
                account.apply(&commit);
                let began = if whole { before } else { Instant::now() };
                let ticket = account.ask(&request);
                let answer = account.answer(&ticket);
                let time = began.elapsed();
                assert_eq!(answer.response.rooms.len(), 1, "one room has news");
                pos = answer.response.pos;
                time
            };
            for (case, whole) in [("incremental answer", false), ("message to answer", true)] {
                criterion.benchmark_group(format!("{case}, {name}")).bench_function(
                    BenchmarkId::from_parameter(rooms),
                    |bencher| {
                        bencher.iter_custom(|count| (0..count).map(|_| step(&mut account, whole)).sum());
                    },
                );
            }
        }
    }
}

/// The window moves on by 20 rooms that the connection was never sent.
fn window(criterion: &mut Criterion) {
    const MOVES: u64 = 25;
    for rooms in ROOMS {
        let mut account = Account::of(rooms);
        let request = screen();
        let window = |from: u64| {
            let mut request = request.clone();
            for list in request.lists.values_mut() {
                list.window = Window::Ranges(vec![(from, from + 19)]);
            }
            request
        };
        let (mut pos, mut moves): (Option<Pos>, u64) = (None, 0);
        criterion.benchmark_group("window move, 20 rooms").bench_function(
            BenchmarkId::from_parameter(rooms),
            |bencher| {
                bencher.iter_custom(|count| {
                    let mut time = Duration::ZERO;
                    for _ in 0..count {
                        // Anew now and then: otherwise it would soon have been sent everything.
                        moves = (moves + 1) % MOVES;
                        let start = pos.filter(|_| moves > 0).unwrap_or_else(|| account.settle(&window(0)).0);
                        let request = at(&window((moves + 1) * 20), start);
                        let began = Instant::now();
                        let ticket = account.ask(&request);
                        let answer = account.answer(&ticket);
                        time += began.elapsed();
                        assert_eq!(answer.response.rooms.len(), 20, "all rooms of the window are new");
                        pos = Some(answer.response.pos);
                    }
                    time
                });
            },
        );
    }
}

fn storing(criterion: &mut Criterion) {
    let sizes = ROOMS.map(|rooms| (format!("1 list, {rooms} rooms"), rooms, everything()));
    for (name, rooms, request) in [("100 lists, 500 rooms".to_owned(), 500, hundred_lists())].into_iter().chain(sizes) {
        let mut account = Account::of(rooms);
        let (pos, _) = account.settle(&request);
        let request = at(&request, pos);
        criterion.benchmark_group("answer without news").bench_function(&name, |bencher| {
            bencher.iter(|| {
                let ticket = account.ask(&request);
                assert!(account.answer(&ticket).writes.is_empty(), "nothing is to be stored");
            });
        });
        let ticket = account.ask(&request);
        account.answer(&ticket);
        account.connections.handle_write_failed(&ticket);
        criterion.benchmark_group("answer that stores the connection").bench_function(&name, |bencher| {
            bencher.iter_custom(|count| {
                let mut time = Duration::ZERO;
                for _ in 0..count {
                    let began = Instant::now();
                    let ticket = account.ask(&request);
                    let answer = account.answer(&ticket);
                    time += began.elapsed();
                    assert!(!answer.writes.is_empty(), "all of it is to be stored");
                    account.connections.handle_write_failed(&ticket);
                }
                time
            });
        });
        let mut account = Account::of(rooms);
        let (pos, writes) = account.settle(&SyncRequest { pos: None, ..request.as_ref().clone() });
        let request = at(&request, pos);
        criterion.benchmark_group("restore").bench_function(&name, |bencher| {
            bencher.iter_custom(|count| {
                let mut time = Duration::ZERO;
                for _ in 0..count {
                    account.restart(&writes);
                    let began = Instant::now();
                    account.ask(&request);
                    time += began.elapsed();
                }
                time
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = first, incremental, window, storing
}
criterion_main!(benches);
