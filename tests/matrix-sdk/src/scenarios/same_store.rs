//! An application that is closed and opened again on its store: it goes on at the `pos` that it has stored, and is told what it missed and no more.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use matrix_sdk::RoomState;
use serde_json::json;

use crate::device::{Device, Inbox, Login, texts};
use crate::homeserver::Person;
use crate::room_list::RoomListView;
use crate::wait::eventually;
use crate::{Scene, seen};

/// More than the SDK's first two windows.
const ROOMS: usize = 110;
/// So many messages are missed in one room each time that the server leaves some of them out.
const BURST: usize = 45;
/// After the last news, so that anything that should not come has come.
const QUIET: Duration = Duration::from_secs(2);

pub async fn run(scene: &Scene) -> Result<()> {
    let [alice, bob] = [scene.person("alice").await?, scene.person("bob").await?];
    let rooms: Vec<String> = stream::iter(0..ROOMS).map(|i| shared(&alice, &bob, i)).buffered(8).try_collect().await?;
    let phone = Device::log_in(&scene.server, &alice, scene.folder.path(), "phone").await?;
    let list = phone.sync.room_list_service().all_rooms().await?;
    let mut view = RoomListView::new(&list);
    eventually("all rooms are there", async || {
        let there = view.rooms().len();
        Ok(ensure!(there == ROOMS && view.loaded() == Some(ROOMS as u32), "{there} of {ROOMS} rooms"))
    })
    .await?;
    drop(view);

    let mut closed = phone.close().await;
    for (round, meanwhile) in [Meanwhile::Nothing, Meanwhile::Restart, Meanwhile::Kill].into_iter().enumerate() {
        closed = reopen(scene, &bob, &alice, &rooms, closed, round, meanwhile).await?;
    }
    Ok(())
}

/// What happens to the server while the application is closed.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    Restart,
    Kill,
}

async fn reopen(
    scene: &Scene,
    bob: &Person,
    alice: &Person,
    rooms: &[String],
    (login, inbox): (Login, Inbox),
    round: usize,
    meanwhile: Meanwhile,
) -> Result<(Login, Inbox)> {
    let missed = format!("missed in round {round}");
    let talked_in = [&rooms[3 + round], &rooms[100 + round]];
    for room in talked_in {
        bob.say(room, &missed).await?;
    }
    let busy = &rooms[50];
    for i in 0..BURST {
        bob.say(busy, &format!("{missed}, number {i}")).await?;
    }
    let invited =
        bob.create_room(json!({ "name": "Garden", "preset": "private_chat", "invite": [alice.user_id] })).await?;
    match meanwhile {
        Meanwhile::Nothing => {}
        Meanwhile::Restart => scene.driver.restart().await?,
        Meanwhile::Kill => {
            scene.driver.kill().await?;
            scene.driver.start().await?;
        }
    }

    let began = Instant::now();
    let phone = Device::prepare(&scene.server, login, inbox).await?;
    let list = phone.sync.room_list_service().all_rooms().await?;
    let mut view = RoomListView::new(&list);
    let at_first = view.rooms().len();
    let stored = began.elapsed();
    ensure!(at_first == rooms.len() + round, "{at_first} rooms are stored");
    let mut updates = phone.client.subscribe_to_all_room_updates();
    phone.sync.start().await;
    eventually("the new invite is there", async || {
        let room = view.room(&invited)?;
        Ok(ensure!(room.state() == RoomState::Invited, "{:?}", room.state()))
    })
    .await?;
    for room in talked_in {
        let timeline = phone.timeline(room).await?;
        eventually("what was missed is there", async || {
            let texts = texts(&timeline).await;
            Ok(ensure!(texts.last() == Some(&missed), "{texts:?}"))
        })
        .await?;
    }
    let caught_up = began.elapsed();
    eventually("the list is loaded", async || {
        let loaded = view.loaded();
        Ok(ensure!(loaded == Some(rooms.len() as u32 + round as u32 + 1), "{loaded:?}"))
    })
    .await?;

    tokio::time::sleep(QUIET).await;
    let mut told = BTreeSet::new();
    while let Ok(update) = updates.try_recv() {
        let ids =
            update.joined.keys().chain(update.left.keys()).chain(update.invited.keys()).chain(update.knocked.keys());
        told.extend(ids.map(ToString::to_string));
    }
    let new: BTreeSet<String> = talked_in.into_iter().chain([busy, &invited]).cloned().collect();
    ensure!(told == new, "rooms in what the server sent: {told:?}, rooms with news: {new:?}");
    ensure!(scene.journal.expired_sessions() == 0, "{} sessions expired", scene.journal.expired_sessions());
    seen!(
        "closed, server: {meanwhile:?}, opened: {at_first} rooms from the store after {stored:.2?}, caught up after {caught_up:.2?}; of {} rooms the server sent the {} with news, and knew the pos",
        at_first + 1,
        told.len()
    );
    drop(view);
    let said =
        (0..=round).flat_map(|round| (0..BURST).map(move |i| format!("missed in round {round}, number {i}"))).collect();
    whole_history(&phone, busy, said).await?;
    Ok(phone.close().await)
}

async fn shared(alice: &Person, bob: &Person, i: usize) -> Result<String> {
    let options = json!({ "name": format!("Room {i}"), "preset": "private_chat", "invite": [alice.user_id] });
    let room = bob.create_room(options).await?;
    alice.join(&room).await?;
    Ok(room)
}

/// Opens a room in which more was said than the server sends, and pages back to its beginning: nothing is missing, nothing there twice.
async fn whole_history(phone: &Device, room: &str, said: Vec<String>) -> Result<()> {
    let timeline = phone.show(room).await?;
    while !timeline.paginate_backwards(20).await? {}
    eventually("the room has its whole history", async || {
        let there = texts(&timeline).await;
        let first = (0..said.len().max(there.len())).find(|i| said.get(*i) != there.get(*i));
        ensure!(there == said, "{} of {} messages, wrong from the {first:?}th on: {there:?}", there.len(), said.len());
        Ok(())
    })
    .await?;
    seen!(
        "a room with {BURST} missed messages, opened and paged back: all {} are there, in order and each once",
        said.len()
    );
    Ok(())
}
