//! What stands on the disk, and what the homeserver answers to any of our requests, through the drivers.

use std::{cell::Cell, future::Future, rc::Rc, time::Duration};

use proptest::{prelude::*, strategy::Union};
use sash_sync::{
    account::{Account, AccountError, Dependencies},
    connection::Wire,
    limits,
    model::{RecordKey, Table, Timestamp},
    platform::{Clock, LocalFuture, Random},
    protocol,
    storage::{Batch, MemoryStorage, Storage, StorageError, Write},
    upstream::{Homeserver, HttpClient, TransportError, UpstreamError},
};

use super::{
    account::me,
    seeds,
    support::{
        harness::fuzz,
        inputs::{lines, mutated, texts},
    },
};

/// A store with anything in it: an account opens or says which record is corrupt, and one that opens answers.
#[test]
fn a_corrupt_store_is_an_error_that_says_so() {
    let records = seeds::records().into_iter().map(|(table, value)| {
        let formats = prop_oneof![9 => Just(1u8), 1 => any::<u8>()];
        (formats, mutated(&[value]))
            .prop_map(move |(format, body)| [table.as_bytes(), b" ", &[format], &body].concat())
            .boxed()
    });
    fuzz("store", &lines(Union::new(records).boxed(), 4), |input| {
        in_virtual_time(async {
            let storage = MemoryStorage::new();
            let writes = input.split(|byte| *byte == b'\n').filter_map(write).collect();
            storage.commit(&me(), Batch { writes, ..Batch::default() }).await.expect("memory takes anything");
            let account = match Account::open(me(), "https://hs", dependencies(storage, Rc::new(Nobody))).await {
                Ok(account) => account,
                Err(StorageError::Corrupt { message, .. }) => return assert!(!message.is_empty()),
                Err(error) => panic!("{error}"),
            };
            for (wire, body) in [(Wire::V4, seeds::V4[0]), (Wire::Simplified, seeds::SIMPLIFIED[0])] {
                let request = protocol::parse_request(wire, "", body.as_bytes(), &me()).expect("a request");
                match account.sync("D".into(), request).await {
                    Ok(response) => drop(protocol::render(wire, &response)),
                    Err(AccountError::Sync(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            account.stop().await;
        });
    });
}

/// One line of a store.
fn write(line: &[u8]) -> Option<Write> {
    let (room, device) = ("!a:x".try_into().expect("a room id"), "D".into());
    let end = line.iter().position(|byte| *byte == b' ')?;
    let table = Table::ALL.into_iter().find(|table| table.name().as_bytes() == &line[..end])?;
    let key = match table {
        Table::Account => RecordKey::Account,
        Table::RoomIndex => RecordKey::RoomIndex(3),
        Table::State => RecordKey::State(room, 0),
        Table::Members => RecordKey::Members(room, 0),
        Table::Stripped => RecordKey::Stripped(room),
        Table::Timeline => RecordKey::Timeline(room, 0),
        Table::Receipts => RecordKey::Receipts(room),
        Table::RoomAccountData => RecordKey::RoomAccountData(room),
        Table::AccountData => RecordKey::AccountData,
        Table::Devices => RecordKey::Device(device),
        Table::ToDevice => RecordKey::ToDevice(device, 6),
        Table::DeviceLists => RecordKey::DeviceLists(device),
        Table::Connections => RecordKey::Connection(device, "v4".to_owned(), String::new(), 0),
    };
    Some(Write::Put(key, line[end + 1..].to_vec()))
}

/// Any status, any `Retry-After` and any body to any request: a typed error, and none that makes us wait for years.
#[test]
fn a_homeserver_may_answer_anything() {
    const HEADS: &[&str] =
        &["429 5", "429 99999999999999999999", "429 18446744073709551615", "401 -", "504 Wed, 21", "200 -"];
    let answers: Vec<&str> = seeds::answers();
    let answer = (texts(HEADS), mutated(&answers)).prop_map(|(head, body)| [&head[..], b"\n", &body].concat());
    fuzz("answer", &answer.boxed(), |input| {
        let mut lines = input.splitn(2, |byte| *byte == b'\n');
        let head = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let body = lines.next().unwrap_or_default().to_vec();
        in_virtual_time(async {
            let homeserver = Homeserver::new("https://hs", Rc::new(Canned { head, body, asked: Cell::new(0) }));
            let (room, event) = ("!a:x".try_into().expect("a room id"), "$e".try_into().expect("an event id"));
            check(homeserver.joined_rooms("t").await);
            check(homeserver.notified_rooms("t").await);
            check(homeserver.messages("t", room, None, 5).await);
            check(homeserver.context("t", room, event).await);
            check(homeserver.members("t", room).await);
            check(homeserver.key_changes("t", "a", "b").await);
            check(homeserver.whole("t").await);
        });
    });
}

fn check<T>(answer: Result<T, UpstreamError>) {
    if let Err(error) = answer {
        assert!(!error.to_string().is_empty());
        if let UpstreamError::RateLimited { retry_after: Some(pause) } = error {
            assert!(pause <= limits::RETRY_AFTER_LONGEST, "told to wait {pause:?}");
        }
    }
}

fn in_virtual_time(work: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, work);
}

fn dependencies(storage: MemoryStorage, http: Rc<dyn HttpClient>) -> Dependencies {
    Dependencies { storage: Rc::new(storage), http, clock: Rc::new(Standing), random: Rc::new(Standing) }
}

/// A clock and a die that never move.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }
}

impl Random for Standing {
    fn bits(&self) -> u64 {
        7
    }
}

/// A homeserver that cannot be reached.
struct Nobody;

impl HttpClient for Nobody {
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: Duration,
    ) -> LocalFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        Box::pin(std::future::ready(Err(TransportError::Timeout)))
    }
}

/// A homeserver that answers the same to everything but the first request, in which it says what it speaks.
struct Canned {
    head: String,
    body: Vec<u8>,
    asked: Cell<u32>,
}

impl HttpClient for Canned {
    fn send<'a>(
        &'a self,
        _: http::Request<Vec<u8>>,
        _: Duration,
    ) -> LocalFuture<'a, Result<http::Response<Vec<u8>>, TransportError>> {
        let first = self.asked.replace(1) == 0;
        let (status, retry_after) = self.head.split_once(' ').unwrap_or((&self.head, ""));
        let status = status.parse().ok().filter(|status| (100..1000).contains(status)).unwrap_or(500);
        let mut response = http::Response::builder().status(if first { 200 } else { status });
        if let Ok(value) = http::HeaderValue::from_str(retry_after) {
            response = response.header(http::header::RETRY_AFTER, value);
        }
        Box::pin(std::future::ready(Ok(response.body(self.body.clone()).expect("a response"))))
    }
}
