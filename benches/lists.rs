//! What keeping sorted lists of rooms costs: making one, and moving a room in those that are there.

#[allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses a part of it")]
#[path = "support/account.rs"]
mod account;

use std::time::{Duration, Instant};

use account::Account;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sash_sync::{cache::Lists, model::Filters};

const ROOMS: [u32; 3] = [1_000, 10_000, 100_000];

fn lists(criterion: &mut Criterion) {
    for rooms in ROOMS {
        let mut account = Account::of(rooms);
        let favourites = Filters { tags: Some(vec!["m.favourite".to_owned()]), ..Filters::default() };
        let direct = Filters { is_dm: Some(true), is_encrypted: Some(true), ..Filters::default() };
        let cases =
            [("every room", Filters::default()), ("filter by tag", favourites), ("filter direct chats", direct)];
        criterion.benchmark_group("sort").bench_function(BenchmarkId::from_parameter(rooms), |bencher| {
            bencher.iter(|| Lists::of(&account.cache.rooms))
        });
        for (name, filters) in &cases {
            criterion.benchmark_group(*name).bench_function(BenchmarkId::from_parameter(rooms), |bencher| {
                bencher.iter_custom(|count| {
                    let mut time = Duration::ZERO;
                    for _ in 0..count {
                        // What nobody asks for between two sweeps is dropped.
                        account.cache.drop_unused();
                        account.cache.drop_unused();
                        let began = Instant::now();
                        account.cache.make_list(filters);
                        time += began.elapsed();
                    }
                    time
                });
            });
        }
        for (_, filters) in &cases {
            account.cache.make_list(filters);
        }
        for (name, busy) in [("message in a busy room", 20), ("message in any room", rooms)] {
            let mut number = 0;
            criterion.benchmark_group(name).bench_function(BenchmarkId::from_parameter(rooms), |bencher| {
                bencher.iter_custom(|count| {
                    let mut time = Duration::ZERO;
                    for _ in 0..count {
                        number = (number + 7919) % busy;
                        let commit = account.message_in(rooms - 1 - number);
                        let began = Instant::now();
                        account.cache.apply(&commit);
                        time += began.elapsed();
                    }
                    time
                });
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = lists
}
criterion_main!(benches);
