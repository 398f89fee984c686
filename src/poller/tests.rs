//! The loop where it fails by a fault of ours.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use http::{Request, Response};
use ruma::{device_id, owned_user_id};
use tokio::task::LocalSet;

use crate::{
    account::{Account, Dependencies, State},
    limits,
    model::Timestamp,
    platform::{Clock, LocalFuture, Random, sleep},
    storage::MemoryStorage,
    upstream::{HttpClient, TransportError},
};

/// A homeserver whose next answers to `/sync` make us panic.
#[derive(Default)]
struct Upsetting {
    times: Cell<u32>,
    asked: RefCell<Vec<String>>,
}

impl HttpClient for Upsetting {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        _: Duration,
    ) -> LocalFuture<'_, Result<Response<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let is_sync = path.ends_with("/sync");
            self.asked.borrow_mut().push(path);
            if !is_sync {
                return Ok(Response::new(br#"{"versions":["v1.11"]}"#.to_vec()));
            }
            sleep(Duration::from_millis(10)).await;
            if self.times.get() > 0 {
                self.times.set(self.times.get() - 1);
                panic!("as a fault of ours would");
            }
            Ok(Response::new(br#"{"next_batch":"s1"}"#.to_vec()))
        })
    }
}

struct NoTime;

impl Clock for NoTime {
    fn now(&self) -> Timestamp {
        Timestamp(1_000)
    }
}

impl Random for NoTime {
    fn bits(&self) -> u64 {
        7
    }
}

async fn account(times: u32) -> (Rc<Account>, Rc<Upsetting>) {
    let homeserver = Rc::new(Upsetting { times: Cell::new(times), ..Upsetting::default() });
    let dependencies = Dependencies {
        storage: Rc::new(MemoryStorage::new()),
        http: homeserver.clone(),
        clock: Rc::new(NoTime),
        random: Rc::new(NoTime),
    };
    let account = Account::open(owned_user_id!("@me:x"), "http://x", dependencies).await.expect("it opens");
    (account, homeserver)
}

async fn becomes(account: &Account, state: State) {
    let mut status = account.status();
    status.wait_for(|status| status.state == state).await.expect("the account is there");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_panics_begins_again() {
    LocalSet::new()
        .run_until(async {
            let (account, homeserver) = account(limits::POLL_PANICS - 1).await;
            account.poll(device_id!("PHONE"), "token");
            becomes(&account, State::Live).await;
            assert_eq!(homeserver.times.get(), 0, "every fault was met");
            account.stop().await;
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_panics_again_and_again_says_so_and_begins_again_with_another_token() {
    LocalSet::new()
        .run_until(async {
            let (account, homeserver) = account(limits::POLL_PANICS).await;
            account.poll(device_id!("PHONE"), "token");
            becomes(&account, State::Stopped).await;
            assert_eq!(account.polled_token(device_id!("PHONE")), None, "requests are told");
            let asked = homeserver.asked.borrow().len();
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(homeserver.asked.borrow().len(), asked, "it does not go on for ever");
            account.poll(device_id!("PHONE"), "other");
            becomes(&account, State::Live).await;
            account.stop().await;
        })
        .await;
}
