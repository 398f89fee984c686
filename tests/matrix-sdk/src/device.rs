//! A device with the SDK on it: its store, its sync service, and what arrived there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::ruma::events::AnyToDeviceEvent;
use matrix_sdk::ruma::events::room::message::RoomMessageEventContent;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedEventId, RoomId};
use matrix_sdk::sliding_sync::VersionBuilder;
use matrix_sdk::{Client, Room};
use matrix_sdk_ui::sync_service::{State, SyncService};
use matrix_sdk_ui::timeline::{RoomExt, Timeline};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::homeserver::Person;

/// Between an error of the sync service and starting it again.
const PAUSE: Duration = Duration::from_millis(100);

/// What a device needs to be opened again: its log-in, and where its store is.
#[derive(Clone)]
pub struct Login {
    session: MatrixSession,
    store: PathBuf,
}

impl Login {
    pub fn device_id(&self) -> String {
        self.session.meta.device_id.to_string()
    }
}

pub struct Device {
    pub client: Client,
    pub sync: Arc<SyncService>,
    pub login: Login,
    /// Every to-device message that the SDK handed on, as its type and content, oldest first. Shared by all openings of the device.
    pub inbox: Inbox,
    restarts: Arc<AtomicUsize>,
    watcher: JoinHandle<()>,
}

pub type Inbox = Arc<Mutex<Vec<Raw<AnyToDeviceEvent>>>>;

impl Device {
    /// Logs in with a new device, by the URL of `server`, and begins to sync. `folder` holds the store of each device under its `name`.
    pub async fn log_in(server: &str, person: &Person, folder: &Path, name: &str) -> Result<Self> {
        let device = Self::create(server, person, folder, name).await?;
        device.sync.start().await;
        Ok(device)
    }

    /// Logs in with a new device without syncing yet.
    pub async fn create(server: &str, person: &Person, folder: &Path, name: &str) -> Result<Self> {
        let store = folder.join(format!("{}-{name}", person.name));
        let client = client(server, &store, "app").await?;
        client
            .matrix_auth()
            .login_username(&person.name, &person.password)
            .initial_device_display_name(name)
            .send()
            .await
            .context("log-in")?;
        let session = client.matrix_auth().session().context("a session after the log-in")?;
        Self::on(client, Login { session, store }, Inbox::default()).await
    }

    /// Opens a device that was closed, on its store, and begins to sync.
    pub async fn open(server: &str, login: Login, inbox: Inbox) -> Result<Self> {
        let device = Self::prepare(server, login, inbox).await?;
        device.sync.start().await;
        Ok(device)
    }

    /// Opens a device that was closed, on its store, without syncing yet.
    pub async fn prepare(server: &str, login: Login, inbox: Inbox) -> Result<Self> {
        let client = client(server, &login.store, "app").await?;
        client.restore_session(login.session.clone()).await?;
        Self::on(client, login, inbox).await
    }

    /// Another client on the store of a device, as a process has it that a push wakes up. It does not sync by itself.
    pub async fn push_process(server: &str, login: &Login) -> Result<Client> {
        let client = client(server, &login.store, "push").await?;
        client.restore_session(login.session.clone()).await?;
        Ok(client)
    }

    async fn on(client: Client, login: Login, inbox: Inbox) -> Result<Self> {
        client.event_cache().subscribe()?;
        let written = inbox.clone();
        client.add_event_handler(async move |event: Raw<AnyToDeviceEvent>| {
            written.lock().expect("nothing panics while it holds this").push(event);
        });
        let sync = Arc::new(SyncService::builder(client.clone()).with_offline_mode().build().await?);
        let restarts = Arc::new(AtomicUsize::new(0));
        let watcher = tokio::spawn(keep_running(sync.clone(), restarts.clone()));
        Ok(Self { client, sync, login, inbox, restarts, watcher })
    }

    /// Stops syncing and gives up the store. What is returned opens it again.
    pub async fn close(self) -> (Login, Inbox) {
        self.watcher.abort();
        self.sync.stop().await;
        (self.login.clone(), self.inbox.clone())
    }

    /// How often the sync service had to be started again after an error.
    pub fn restarts(&self) -> usize {
        self.restarts.load(Ordering::Relaxed)
    }

    pub fn room(&self, id: &str) -> Result<Room> {
        self.client.get_room(<&RoomId>::try_from(id)?).with_context(|| format!("{id} is not there"))
    }

    pub async fn timeline(&self, room: &str) -> Result<Timeline> {
        Ok(self.room(room)?.timeline().await?)
    }

    /// Sends a text message, encrypted if the room is.
    pub async fn say(&self, room: &str, body: &str) -> Result<OwnedEventId> {
        let sent = self.room(room)?.send(RoomMessageEventContent::text_plain(body)).await?;
        Ok(sent.response.event_id)
    }

    /// Tells the service that a room is on the screen, and returns what is shown of it.
    pub async fn show(&self, room: &str) -> Result<Timeline> {
        self.sync.room_list_service().subscribe_to_rooms(&[<&RoomId>::try_from(room)?]).await;
        self.timeline(room).await
    }

    /// The sessions whose keys arrived, in the order in which they did.
    pub fn keys(&self) -> Vec<String> {
        let keys = self.arrived("m.room_key").into_iter();
        keys.filter_map(|content| content["session_id"].as_str().map(str::to_owned)).collect()
    }

    /// The numbers of the messages of type `test.numbered` that arrived, in the order in which they did.
    pub fn numbers(&self) -> Vec<u64> {
        self.arrived("test.numbered").into_iter().filter_map(|content| content["number"].as_u64()).collect()
    }

    /// The contents of the to-device messages of one type that arrived.
    fn arrived(&self, kind: &str) -> Vec<Value> {
        let inbox = self.inbox.lock().expect("nothing panics while it holds this");
        let events = inbox.iter().filter_map(|event| serde_json::from_str::<Value>(event.json().get()).ok());
        events.filter(|event| event["type"] == kind).map(|mut event| event["content"].take()).collect()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// What an application must do: start the service again when it has ended with an error.
async fn keep_running(sync: Arc<SyncService>, restarts: Arc<AtomicUsize>) {
    let mut states = sync.state();
    while let Some(state) = states.next().await {
        if matches!(state, State::Error(_) | State::Terminated) {
            restarts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
            sync.start().await;
        }
    }
}

/// `process` is who holds the lock that the processes on one store share.
async fn client(server: &str, store: &Path, process: &str) -> Result<Client> {
    Ok(Client::builder()
        .homeserver_url(server)
        .sqlite_store(store, None)
        .cross_process_store_config(CrossProcessLockConfig::multi_process(process))
        .sliding_sync_version_builder(VersionBuilder::DiscoverNative)
        .build()
        .await?)
}

/// What a timeline shows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Text(String),
    /// An encrypted message whose key is not there.
    Undecryptable,
}

/// The messages of a timeline, oldest first.
pub async fn messages(timeline: &Timeline) -> Vec<Shown> {
    let items = timeline.items().await;
    let contents = items.iter().filter_map(|item| item.as_event()).map(|event| event.content());
    contents
        .filter_map(|content| match content.as_message() {
            Some(message) => Some(Shown::Text(message.body().to_owned())),
            None => content.is_unable_to_decrypt().then_some(Shown::Undecryptable),
        })
        .collect()
}

/// Just the texts of [`messages`].
pub async fn texts(timeline: &Timeline) -> Vec<String> {
    messages(timeline)
        .await
        .into_iter()
        .map(|shown| match shown {
            Shown::Text(text) => text,
            Shown::Undecryptable => "(undecryptable)".to_owned(),
        })
        .collect()
}
