//! The accounts of one shard: opened when somebody asks, polled for the devices in use, closed when there is none left.
//!
//! Invariant: at no time are there two [`Account`]s of one user; opening, closing and changing its polls take turns.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, RoomId, UserId};
use rustc_hash::FxHashMap;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use super::World;
use crate::{
    account::{Account, AccountError, Dependencies, Status},
    connection::{ExplainRequest, Explanation, SyncRequest, SyncResponse},
    limits::SEEN_INTERVAL,
    model::{RecordKey, Timestamp, TokenSide},
    platform::{Clock, SystemClock, SystemRandom, Task, spawn},
    server::{
        error::ApiError,
        http_client::ShardHttpClient,
        identity::{Identity, Token},
        tokens::KeptToken,
        trust::Trust,
    },
};

/// The accounts of a shard.
pub(super) struct Accounts {
    world: World,
    dependencies: Dependencies,
    slots: RefCell<FxHashMap<OwnedUserId, Rc<Slot>>>,
    stopping: Cell<bool>,
}

/// The place of one account.
struct Slot {
    user: OwnedUserId,
    /// Locked while it is opened or closed: whoever comes meanwhile waits and shares it.
    open: Mutex<Option<Open>>,
    devices: RefCell<FxHashMap<OwnedDeviceId, Device>>,
}

struct Open {
    account: Rc<Account>,
    _watch: Task,
}

/// A device in use.
struct Device {
    token: Token,
    /// Whether the token is on the disk, so that a restarted server polls on with it.
    kept: bool,
    /// Whether its poll was started with the token and has not been refused since.
    polled: bool,
    last_used: Timestamp,
    /// When its use was last written down.
    noted: Timestamp,
}

impl Accounts {
    pub(super) fn new(world: World, http: ShardHttpClient) -> Accounts {
        let dependencies = Dependencies {
            storage: Rc::new(world.storage.clone()),
            http: Rc::new(http),
            clock: Rc::new(SystemClock),
            random: Rc::new(SystemRandom),
        };
        Accounts { world, dependencies, slots: RefCell::default(), stopping: Cell::new(false) }
    }

    /// Answers a request of a device, which is polled for from now on with this valid token.
    pub(super) async fn sync(
        &self,
        identity: &Identity,
        token: Token,
        request: SyncRequest,
    ) -> Result<SyncResponse, ApiError> {
        let now = SystemClock.now();
        let slot = self.slot(&identity.user);
        let account = self.use_device(&slot, identity, token.clone(), now).await?;
        let result = account.sync(&identity.device, request).await;
        slot.used(&identity.device, SystemClock.now());
        match &result {
            Err(AccountError::TokenExpired { .. }) if slot.refused(&identity.device, &token) => {
                self.world.trust.revoked(token.hash());
                self.world.tokens.remove(identity).await;
                // Should it be valid again, the next request has it kept again.
                slot.set_kept(&identity.device, &token, false);
            }
            // Once the user has consented, say, the next request finds the poll at work again.
            Err(AccountError::Refused { .. }) if slot.refused(&identity.device, &token) => {
                self.world.trust.revoked(token.hash());
            }
            _ => {}
        }
        Ok(result?)
    }

    /// Polls on for a device that was in use before the server started. Returns its account's status.
    pub(super) async fn resume(&self, kept: KeptToken) -> Result<watch::Receiver<Status>, ApiError> {
        let KeptToken { identity, token, last_seen } = kept;
        let slot = self.slot(&identity.user);
        if slot.devices.borrow().contains_key(&identity.device) {
            // Its client was quicker, perhaps with a newer token.
            return Ok(self.open(&slot).await?.status());
        }
        let device = Device { token: token.clone(), kept: true, polled: false, last_used: last_seen, noted: last_seen };
        slot.devices.borrow_mut().insert(identity.device.clone(), device);
        let account = self.open(&slot).await?;
        self.poll(&slot, &account, &identity);
        Ok(account.status())
    }

    /// Returns the status of an account. One that is closed is as it was stored.
    pub(super) async fn status(&self, user: &UserId) -> Result<Status, ApiError> {
        let (slot, account) = self.look_at(user).await?;
        let mut status = account.status().borrow().clone();
        if slot.devices.borrow().is_empty() {
            status.message = Some("no device of this user is in use here, so the homeserver is not asked".to_owned());
        }
        self.close_unused(slot).await;
        Ok(status)
    }

    /// Explains a room of an account. One that is closed is as it was stored.
    pub(super) async fn explain(&self, identity: &Identity, request: &ExplainRequest) -> Result<Explanation, ApiError> {
        let (slot, account) = self.look_at(&identity.user).await?;
        let explanation = account.explain(&identity.device, request).await;
        self.close_unused(slot).await;
        Ok(explanation?)
    }

    /// Returns an account to look at, if anything is known of it. Whoever only looks does not have it polled for: its devices may
    /// take their messages themselves by now.
    async fn look_at(&self, user: &UserId) -> Result<(Rc<Slot>, Rc<Account>), ApiError> {
        let slot = self.slots.borrow().get(user).cloned();
        if slot.is_none() {
            let stored = self.dependencies.storage.get(user, &[RecordKey::Account]).await;
            if stored.map_err(AccountError::Storage)?.iter().all(Option::is_none) {
                return Err(ApiError::not_known());
            }
        }
        let slot = slot.unwrap_or_else(|| self.slot(user));
        let account = self.open(&slot).await?;
        Ok((slot, account))
    }

    /// Closes an account that was opened to be looked at, if nobody uses it and nobody else looks.
    async fn close_unused(&self, slot: Rc<Slot>) {
        let mut open = slot.open.lock().await;
        // One in the map, one here.
        if slot.devices.borrow().is_empty() && Rc::strong_count(&slot) == 2 {
            close(&mut open).await;
        }
        drop(open);
        self.forget(slot);
    }

    /// Returns the v2 token that a `pos` stands for. The account need not be open for it.
    pub(super) async fn v2_token(
        &self,
        identity: &Identity,
        pos: &str,
        side: TokenSide,
    ) -> Result<Option<String>, ApiError> {
        let slot = self.slots.borrow().get(&identity.user).cloned();
        if let Some(slot) = slot
            && let Some(open) = &*slot.open.lock().await
        {
            return Ok(open.account.v2_token(&identity.device, pos, side));
        }
        let storage = self.dependencies.storage.as_ref();
        let token = Account::stored_v2_token(storage, &identity.user, &identity.device, pos, side).await;
        Ok(token.map_err(AccountError::Storage)?)
    }

    /// Forgets a room that the user has forgotten on the homeserver. A closed account has nobody to tell of it.
    pub(super) async fn forget_room(&self, user: &UserId, room: &RoomId) -> Result<(), ApiError> {
        let Some(slot) = self.slots.borrow().get(user).cloned() else { return Ok(()) };
        let open = slot.open.lock().await;
        match &*open {
            Some(open) => Ok(open.account.forget_room(room).await.map_err(AccountError::from)?),
            None => Ok(()),
        }
    }

    /// Ends the poll of a device, or of all devices of the user, until the next request. Returns whether there was any.
    /// An account without polls is closed.
    pub(super) async fn end_polls(&self, user: &UserId, device: Option<&DeviceId>) -> bool {
        let Some(slot) = self.slots.borrow().get(user).cloned() else {
            return false;
        };
        let mut open = slot.open.lock().await;
        let ends = |id: &OwnedDeviceId| device.is_none_or(|device| device == id);
        let ended: Vec<_> = slot.devices.borrow_mut().extract_if(|id, _| ends(id)).collect();
        for (device, _) in &ended {
            self.world.trust.not_polled(&Identity { user: user.to_owned(), device: device.clone() });
            if let Some(open) = &*open {
                open.account.end_poll(device);
            }
        }
        if slot.devices.borrow().is_empty() {
            close(&mut open).await;
        }
        drop(open);
        self.forget(slot);
        ended.iter().any(|(_, device)| device.polled)
    }

    /// Ends the polls of devices that nobody has used for so long.
    pub(super) async fn end_idle(&self, idle_after: Duration, now: Timestamp) {
        let idle: Vec<_> = {
            let slots = self.slots.borrow();
            let idle_of =
                |slot: &Rc<Slot>| slot.idle(idle_after, now).into_iter().map(|id| (slot.user.clone(), id)).collect();
            slots.values().flat_map::<Vec<_>, _>(idle_of).collect()
        };
        for (user, device) in idle {
            tracing::info!(%user, %device, "nobody uses the device: it is no longer polled");
            self.end_polls(&user, Some(&device)).await;
        }
        // Whoever looked at these went away in the middle.
        let unused = |slot: &&Rc<Slot>| slot.devices.borrow().is_empty();
        let unused: Vec<_> = self.slots.borrow().values().filter(unused).cloned().collect();
        for slot in unused {
            self.close_unused(slot).await;
        }
    }

    /// Stops every account. None is opened any more.
    pub(super) async fn stop(&self) {
        self.stopping.set(true);
        let slots: Vec<_> = self.slots.borrow_mut().drain().collect();
        let mut stopping = JoinSet::new();
        for (_, slot) in slots {
            stopping.spawn_local(async move { close(&mut *slot.open.lock().await).await });
        }
        while stopping.join_next().await.is_some() {}
    }

    /// Returns whether no account is opened any more.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    fn slot(&self, user: &UserId) -> Rc<Slot> {
        let make = || {
            let (open, devices) = (Mutex::new(None), RefCell::default());
            Rc::new(Slot { user: user.to_owned(), open, devices })
        };
        self.slots.borrow_mut().entry(user.to_owned()).or_insert_with(make).clone()
    }

    /// Drops the slot of a closed account that nobody asks about at present.
    fn forget(&self, slot: Rc<Slot>) {
        let closed = slot.open.try_lock().is_ok_and(|open| open.is_none());
        // One in the map, one here.
        if closed && slot.devices.borrow().is_empty() && Rc::strong_count(&slot) == 2 {
            self.slots.borrow_mut().remove(&slot.user);
        }
    }

    async fn use_device(
        &self,
        slot: &Rc<Slot>,
        identity: &Identity,
        token: Token,
        now: Timestamp,
    ) -> Result<Rc<Account>, ApiError> {
        let account = self.open(slot).await?;
        let (to_keep, to_note, to_poll) = slot.use_with(&identity.device, token.clone(), now, self.note_interval());
        if to_poll {
            self.poll(slot, &account, identity);
        }
        if to_keep {
            // Before anything is answered: who has an answer is polled for, whatever happens to this process.
            if self.world.tokens.put(identity, &token, now, &SystemRandom).await {
                slot.set_kept(&identity.device, &token, true);
            }
        } else if to_note {
            self.world.tokens.seen(identity, now).await;
        }
        Ok(account)
    }

    fn note_interval(&self) -> Duration {
        SEEN_INTERVAL.min(self.world.config.idle_after / 4)
    }

    async fn open(&self, slot: &Rc<Slot>) -> Result<Rc<Account>, ApiError> {
        let mut open = slot.open.lock().await;
        if self.stopping.get() {
            return Err(ApiError::stopping());
        }
        if let Some(open) = &*open {
            return Ok(open.account.clone());
        }
        let homeserver = self.world.config.homeserver.clone();
        let account = Account::open(slot.user.clone(), homeserver, self.dependencies.clone()).await;
        let account = account.map_err(AccountError::Storage)?;
        let watch = spawn(watch_tokens(Rc::downgrade(slot), account.clone(), self.world.trust.clone()));
        *open = Some(Open { account: account.clone(), _watch: watch });
        Ok(account)
    }

    /// Polls for a device with the token that it has.
    fn poll(&self, slot: &Slot, account: &Rc<Account>, identity: &Identity) {
        let mut devices = slot.devices.borrow_mut();
        let Some(device) = devices.get_mut(&identity.device) else {
            return;
        };
        device.polled = true;
        if account.polled_token(&identity.device).is_none() {
            // A poll that was refused goes on with another token only; the homeserver may have changed its mind.
            account.end_poll(&identity.device);
        }
        account.poll(&identity.device, device.token.secret());
        self.world.trust.polled(device.token.hash(), identity);
    }
}

impl Slot {
    /// Notes the use of a device. Returns whether its token is to be kept, whether its use is to be written down, and
    /// whether it is to be polled.
    fn use_with(&self, id: &DeviceId, token: Token, now: Timestamp, interval: Duration) -> (bool, bool, bool) {
        let mut devices = self.devices.borrow_mut();
        match devices.get_mut(id) {
            Some(device) if device.token == token => {
                device.last_used = now;
                let to_note = has_passed(device.noted, interval, now);
                if to_note {
                    device.noted = now;
                }
                (!device.kept, to_note, !device.polled)
            }
            _ => {
                devices.insert(id.to_owned(), Device { token, kept: false, polled: false, last_used: now, noted: now });
                (true, false, true)
            }
        }
    }

    /// Notes whether the token of a device is on the disk. Until it is, each request sees to it anew: the one before may
    /// have been given up by its client.
    fn set_kept(&self, id: &DeviceId, token: &Token, kept: bool) {
        if let Some(device) = self.devices.borrow_mut().get_mut(id)
            && device.token == *token
        {
            device.kept = kept;
        }
    }

    fn used(&self, id: &DeviceId, now: Timestamp) {
        if let Some(device) = self.devices.borrow_mut().get_mut(id) {
            device.last_used = now;
        }
    }

    /// The token of a device is valid no more. Returns `false` if it has a new one meanwhile.
    fn refused(&self, id: &DeviceId, token: &Token) -> bool {
        match self.devices.borrow_mut().get_mut(id) {
            Some(device) if device.token == *token => {
                device.polled = false;
                true
            }
            _ => false,
        }
    }

    fn idle(&self, idle_after: Duration, now: Timestamp) -> Vec<OwnedDeviceId> {
        let devices = self.devices.borrow();
        let idle = devices.iter().filter(|(_, device)| has_passed(device.last_used, idle_after, now));
        idle.map(|(id, _)| id.clone()).collect()
    }
}

async fn close(open: &mut Option<Open>) {
    if let Some(open) = open.take() {
        open.account.stop().await;
    }
}

/// Takes the trust away from tokens whose poll the homeserver has refused.
async fn watch_tokens(slot: Weak<Slot>, account: Rc<Account>, trust: Arc<Trust>) {
    let mut status = account.status();
    while status.changed().await.is_ok() {
        let Some(slot) = slot.upgrade() else { return };
        for (id, device) in slot.devices.borrow_mut().iter_mut() {
            if device.polled && account.polled_token(id).is_none() {
                device.polled = false;
                trust.revoked(device.token.hash());
            }
        }
    }
}

fn has_passed(since: Timestamp, duration: Duration, now: Timestamp) -> bool {
    u128::from(now.0.saturating_sub(since.0)) >= duration.as_millis()
}
