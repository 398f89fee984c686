//! The room list service: its window grows until it has all rooms, and the list follows what happens to them.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use matrix_sdk::RoomState;
use matrix_sdk::ruma::RoomId;
use serde_json::json;

use crate::device::{Device, texts};
use crate::homeserver::Person;
use crate::room_list::RoomListView;
use crate::wait::eventually;
use crate::{Scene, seen};

/// The SDK's windows are the first 20, 100 and 200 rooms.
const ROOMS: usize = 130;
const FIRST_WINDOW: usize = 20;
/// More than a subscription asks for.
const HISTORY: usize = 30;
/// What the SDK asks for of a room that is on the screen.
const SUBSCRIBED: usize = 20;

pub async fn run(scene: &Scene) -> Result<()> {
    let (alice, bob) = (scene.person("alice").await?, scene.person("bob").await?);
    let began = Instant::now();
    let rooms = make_rooms(&alice, &bob).await?;
    let chat = shared(&alice, &bob, json!({ "is_direct": true })).await?;
    alice.set_account_data("m.direct", json!({ bob.user_id.clone(): [chat] })).await?;
    for i in 0..HISTORY {
        bob.say(&rooms[1], &format!("line {i}")).await?;
    }
    for (i, room) in rooms.iter().enumerate() {
        bob.say(room, &format!("last word in Room {i}")).await?;
    }
    seen!("scene: {} rooms made in {:.1?}", ROOMS + 1, began.elapsed());

    let began = Instant::now();
    let device = Device::create(&scene.server, &alice, scene.folder.path(), "phone").await?;
    let answers = Answers::of(&device);
    device.sync.start().await;
    let list = device.sync.room_list_service().all_rooms().await?;
    let mut view = RoomListView::new(&list);

    eventually("there are rooms", async || Ok(ensure!(!view.rooms().is_empty()))).await?;
    let first = began.elapsed();
    eventually("all rooms are there", async || {
        let (there, loaded) = (view.rooms().len(), view.loaded());
        Ok(ensure!(
            there == ROOMS + 1 && loaded == Some(ROOMS as u32 + 1),
            "{there} of {} rooms, {loaded:?}",
            ROOMS + 1
        ))
    })
    .await?;
    let all = began.elapsed();
    let sizes = eventually("every room has come with an answer", async || {
        let sizes = answers.sizes();
        ensure!(sizes.iter().sum::<usize>() > ROOMS, "{sizes:?}");
        Ok(sizes)
    })
    .await?;
    seen!(
        "the list grows to {} rooms, which come by {sizes:?}: the first are there {first:.2?} after the log-in began, all after {all:.2?}",
        ROOMS + 1
    );
    ensure!(sizes[0] <= FIRST_WINDOW && sizes.len() > 2, "the list was to grow by the SDK's windows: {sizes:?}");

    let newest_first: Vec<String> = rooms.iter().rev().chain([&chat]).cloned().collect();
    eventually("the list is sorted by the last message", async || same_order(&view.ids(), &newest_first)).await?;
    seen!("all {} rooms are sorted by their last message", newest_first.len());

    ensure!(view.name(&rooms[7])? == "Room 7");
    eventually("the chat has its other member's name", async || {
        let name = view.name(&chat)?;
        Ok(ensure!(name == bob.name, "it is called {name}"))
    })
    .await?;
    seen!("the direct chat without a name is called {:?} after its hero", bob.name);

    let sent = Instant::now();
    bob.say(&rooms[0], "Tea is ready").await?;
    eventually("the room moves to the top", async || at_top(&mut view, &rooms[0])).await?;
    seen!("a message moves the lowest room to the top, {:.2?} after it was sent", sent.elapsed());

    memberships(&device, &mut view, &alice, &bob, &rooms).await?;
    subscription(&device, &rooms[1]).await?;

    ensure!(scene.journal.expired_sessions() == 0, "sessions expired: {}", scene.journal.expired_sessions());
    ensure!(device.restarts() == 0, "the sync service failed {} times", device.restarts());
    seen!("no session expired and the sync service never failed");
    Ok(())
}

/// How many rooms each answer had.
struct Answers {
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl Answers {
    /// From now on.
    fn of(device: &Device) -> Self {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let (noted, mut updates) = (sizes.clone(), device.client.subscribe_to_all_room_updates());
        tokio::spawn(async move {
            while let Ok(update) = updates.recv().await {
                noted.lock().expect("nothing panics while it holds this").push(update.joined.len());
            }
        });
        Self { sizes }
    }

    /// Those that had any.
    fn sizes(&self) -> Vec<usize> {
        let sizes = self.sizes.lock().expect("nothing panics while it holds this");
        sizes.iter().copied().filter(|size| *size > 0).collect()
    }
}

/// Invited, joined, left, kicked.
async fn memberships(
    device: &Device,
    view: &mut RoomListView<'_>,
    alice: &Person,
    bob: &Person,
    rooms: &[String],
) -> Result<()> {
    let garden = bob.create_room(json!({ "name": "Garden", "preset": "private_chat" })).await?;
    bob.invite(&garden, &alice.user_id).await?;
    eventually("the invite is there", async || {
        let room = view.room(&garden)?;
        let name = view.name(&garden)?;
        Ok(ensure!(room.state() == RoomState::Invited && name == "Garden", "{:?}, called {name}", room.state()))
    })
    .await?;
    seen!("an invite appears with its name");

    device.room(&garden)?.join().await?;
    bob.say(&garden, "Welcome").await?;
    eventually("the invite becomes a room, at the top", async || {
        let room = view.room(&garden)?;
        ensure!(room.state() == RoomState::Joined, "{:?}", room.state());
        at_top(view, &garden)
    })
    .await?;
    let timeline = device.timeline(&garden).await?;
    eventually("what is said in it arrives", async || {
        let texts = texts(&timeline).await;
        Ok(ensure!(texts == ["Welcome"], "{texts:?}"))
    })
    .await?;
    seen!("the SDK joins it, and what is said there arrives");

    device.room(&garden)?.leave().await?;
    bob.kick(&rooms[2], &alice.user_id).await?;
    eventually("both rooms are gone from the list", async || {
        let ids = view.ids();
        Ok(ensure!(!ids.contains(&garden) && !ids.contains(&rooms[2]), "{} rooms", ids.len()))
    })
    .await?;
    for id in [&garden, &rooms[2]] {
        ensure!(device.room(id)?.state() == RoomState::Left, "{id} is {:?}", device.room(id)?.state());
    }
    seen!("a room that is left and one that the user is kicked from disappear");
    Ok(())
}

/// A room on the screen has its latest messages, and the rest of its history by paging.
async fn subscription(device: &Device, room: &str) -> Result<()> {
    let asked = Instant::now();
    device.sync.room_list_service().subscribe_to_rooms(&[<&RoomId>::try_from(room)?]).await;
    let timeline = device.timeline(room).await?;
    let mut said: Vec<String> = (0..HISTORY).map(|i| format!("line {i}")).collect();
    said.push("last word in Room 1".to_owned());
    eventually("the subscribed room has its timeline", async || {
        let texts = texts(&timeline).await;
        Ok(ensure!(texts == said[said.len() - SUBSCRIBED..], "{texts:?}"))
    })
    .await?;
    seen!("a subscribed room has its last {SUBSCRIBED} messages, {:.2?} after it was asked for", asked.elapsed());

    while !timeline.paginate_backwards(20).await? {}
    eventually("paging back brings the rest", async || {
        let texts = texts(&timeline).await;
        Ok(ensure!(texts == said, "{texts:?}"))
    })
    .await?;
    seen!("paging back brings its whole history of {} messages, each once and in order", said.len());
    Ok(())
}

async fn make_rooms(alice: &Person, bob: &Person) -> Result<Vec<String>> {
    stream::iter(0..ROOMS)
        .map(|i| shared(alice, bob, json!({ "name": format!("Room {i}") })))
        .buffered(8)
        .try_collect()
        .await
}

/// A room that Bob makes and both are in.
async fn shared(alice: &Person, bob: &Person, mut options: serde_json::Value) -> Result<String> {
    options["preset"] = json!("private_chat");
    options["invite"] = json!([alice.user_id]);
    let id = bob.create_room(options).await?;
    alice.join(&id).await?;
    Ok(id)
}

fn at_top(view: &mut RoomListView<'_>, id: &str) -> Result<()> {
    let at = view.ids().iter().position(|other| other == id);
    Ok(ensure!(at == Some(0), "it is at {at:?}"))
}

fn same_order(there: &[String], wanted: &[String]) -> Result<()> {
    let wrong = (0..wanted.len()).filter(|i| there.get(*i) != wanted.get(*i)).count();
    let first = (0..wanted.len()).find(|i| there.get(*i) != wanted.get(*i));
    Ok(ensure!(
        there.len() == wanted.len() && wrong == 0,
        "{wrong} of {} are not in their place, the first at {first:?}",
        there.len()
    ))
}
