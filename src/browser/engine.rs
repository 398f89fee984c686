//! The engine as the worker drives it: one account, opened from the browser's store.
//!
//! Invariant: every request has an id of the caller's, and ends exactly once: with an answer, or without one because
//! that id was cancelled.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Reflect, Uint8Array};
use ruma::{OwnedDeviceId, OwnedUserId, RoomId, UserId};
use rustc_hash::FxHashMap;
use tokio::sync::{oneshot, watch};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use super::{Fetch, IndexedDbStorage, answer::answer, console, error, error::Failure, to_value};
use crate::{
    account::{Account, Dependencies, Status},
    limits,
    model::TokenSide,
    platform::{SystemClock, SystemRandom, Task, spawn},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the engine is opened with. */
export interface EngineConfig { homeserver: string; userId: string; deviceId: string; accessToken: string }
/** How the account is doing; the shape of `sash_sync::account::Status`. */
export interface EngineStatus {
  state: "starting" | "live" | "catching-up" | "offline" | "token-expired" | "stopped";
  message?: string;
  progress: { phase: "" | "start" | "scout" | "whole" | "crawl" | "complete"; roomsKnown: number; roomsTotal?: number };
}
/** An HTTP answer: `body` is JSON in UTF-8, in a buffer of its own. */
export interface EngineAnswer { status: number; body: Uint8Array<ArrayBuffer> }
/** What `Engine.open` and `delete` reject with. */
export interface EngineFailure { errcode: string; message: string }
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(typescript_type = "EngineConfig")]
    pub type EngineConfig;
    #[wasm_bindgen(typescript_type = "(status: EngineStatus) => void")]
    pub type OnStatus;
    #[wasm_bindgen(typescript_type = "EngineAnswer")]
    pub type EngineAnswer;
    #[wasm_bindgen(method, setter)]
    fn set_status(this: &EngineAnswer, status: u16);
    #[wasm_bindgen(method, setter)]
    fn set_body(this: &EngineAnswer, body: Uint8Array);
}

/// One account at work.
#[wasm_bindgen]
pub struct Engine {
    account: Rc<Account>,
    user: OwnedUserId,
    device: OwnedDeviceId,
    /// The requests that wait for an answer; dropping a sender ends its request.
    waiting: RefCell<FxHashMap<u32, oneshot::Sender<()>>>,
    /// Reports the status for as long as the engine lives.
    _reporter: Task,
}

#[wasm_bindgen]
impl Engine {
    /// Opens the account as it is stored, or a new one, and begins to poll. Does not wait for the network: requests can
    /// be answered from the store as soon as this resolves. Calls `on_status` now and whenever the status changes.
    pub async fn open(config: EngineConfig, on_status: OnStatus) -> Result<Engine, JsValue> {
        console::install();
        let homeserver = text(&config, "homeserver")?;
        let user = UserId::parse(text(&config, "userId")?).map_err(Failure::config)?;
        let device = OwnedDeviceId::from(text(&config, "deviceId")?);
        let token = text(&config, "accessToken")?;
        let dependencies = Dependencies {
            storage: Rc::new(IndexedDbStorage::new()),
            http: Rc::new(Fetch),
            clock: Rc::new(SystemClock),
            random: Rc::new(SystemRandom),
        };
        let account = Account::open(user.clone(), homeserver, dependencies).await.map_err(Failure::from)?;
        let reporter = spawn(report(account.status(), on_status.unchecked_into()));
        account.poll(&device, &token);
        Ok(Engine { account, user, device, waiting: RefCell::default(), _reporter: reporter })
    }

    /// Answers the sliding sync request `id`, whose wire is `v4` or `simplified`; as `explain` it is what `GET
    /// /_sash/explain` has in its query. Resolves to `undefined` if it was
    /// cancelled; never rejects.
    pub async fn sync(&self, id: u32, wire: String, query: String, body: Vec<u8>) -> Option<EngineAnswer> {
        if self.waiting.borrow().len() >= limits::ENGINE_REQUESTS {
            return Some(to_js(error::to_answer(&error::too_many_requests())));
        }
        let (keep, cancelled) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, keep);
        let answer = tokio::select! {
            biased;
            _ = cancelled => return None,
            answer = answer(&self.account, &self.user, &self.device, &wire, &query, &body) => answer,
        };
        self.waiting.borrow_mut().remove(&id);
        Some(to_js(answer))
    }

    /// Ends the request `id` without an answer, if it still waits.
    pub fn cancel(&self, id: u32) {
        self.waiting.borrow_mut().remove(&id);
    }

    /// Gives the poller a newer access token.
    #[wasm_bindgen(js_name = setToken)]
    pub fn set_token(&self, token: &str) {
        self.account.poll(&self.device, token);
    }

    /// Tells that the network has come back: the poller need not wait out its pause.
    pub fn online(&self) {
        if let Some(poll) = self.account.poll_of(&self.device) {
            poll.hurry();
        }
    }

    /// Returns the v2 token that a `pos` stands for, or one before or after it, if it is one of ours.
    #[wasm_bindgen(js_name = v2Token)]
    pub fn v2_token(&self, pos: &str, before: bool) -> Option<String> {
        let side = if before { TokenSide::AtOrBefore } else { TokenSide::AtOrAfter };
        self.account.v2_token(&self.device, pos, side)
    }

    /// Forgets a room that the user has forgotten on the homeserver.
    #[wasm_bindgen(js_name = forgetRoom)]
    pub async fn forget_room(&self, room: &str) -> Result<(), JsValue> {
        let Ok(room) = RoomId::parse(room) else { return Ok(()) };
        Ok(self.account.forget_room(&room).await.map_err(Failure::from)?)
    }

    /// Ends polling and all waiting requests. What is stored stays.
    pub async fn stop(&self) {
        self.account.stop().await;
    }

    /// Stops, and deletes everything that is stored of the account.
    pub async fn delete(&self) -> Result<(), JsValue> {
        Ok(self.account.delete().await.map_err(Failure::from)?)
    }
}

/// Returns a text of the configuration, of which nobody but TypeScript has looked at the types.
fn text(config: &EngineConfig, name: &str) -> Result<String, Failure> {
    let value = Reflect::get(config.as_ref(), &name.into()).ok().and_then(|value| value.as_string());
    value.ok_or_else(|| Failure::config(format!("{name} must be a string")))
}

async fn report(mut status: watch::Receiver<Status>, on_status: Function) {
    loop {
        let now = to_value(&*status.borrow_and_update());
        // An error thrown by the worker's own function would be a bug there; the account goes on.
        let _ = on_status.call1(&JsValue::NULL, &now);
        if status.changed().await.is_err() {
            return;
        }
    }
}

fn to_js((status, body): (u16, Vec<u8>)) -> EngineAnswer {
    let answer: EngineAnswer = Object::new().unchecked_into();
    answer.set_status(status);
    answer.set_body(Uint8Array::from(body.as_slice()));
    answer
}
