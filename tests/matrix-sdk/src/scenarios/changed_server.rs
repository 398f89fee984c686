//! An application whose homeserver puts the server before its own sliding sync, or takes it away again: the stored `pos` and `since` are the other
//! one's. The place is lost, which the SDK is told so that it begins anew; messages and keys are not.
//!
//! The server is ended before anything is sent that the homeserver is to deliver: a to-device message that the server has taken is nowhere else.

use std::time::Instant;

use anyhow::{Result, ensure};
use matrix_sdk::RoomState;
use serde_json::json;

use crate::device::{Device, Inbox, Login, texts};
use crate::wait::eventually;
use crate::{Scene, seen};

const ROOMS: usize = 5;

pub async fn run(scene: &Scene) -> Result<()> {
    let [alice, bob] = [scene.person("alice").await?, scene.person("bob").await?];
    let desk = Device::log_in(&scene.homeserver, &bob, scene.folder.path(), "desk").await?;
    let phone = Device::log_in(&scene.homeserver, &alice, scene.folder.path(), "phone").await?;
    eventually("the phone has published its keys", async || {
        Ok(ensure!(!bob.devices_with_keys(&alice.user_id).await?.is_empty()))
    })
    .await?;
    let encryption = json!([{ "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 1 } }]);
    let mut rooms = Vec::new();
    for i in 0..ROOMS {
        let options = json!({ "name": format!("Room {i}"), "preset": "private_chat", "invite": [alice.user_id], "initial_state": encryption });
        rooms.push(bob.create_room(options).await?);
        alice.join(&rooms[i]).await?;
        eventually("Bob has the room", async || Ok(ensure!(desk.room(&rooms[i])?.encryption_state().is_encrypted())))
            .await?;
    }
    let mut said = vec!["on the homeserver".to_owned()];
    desk.say(&rooms[0], &said[0]).await?;
    reads(&phone, &rooms[0], &said).await?;
    let mut closed = phone.close().await;

    let moves =
        [("the server", &scene.server), ("the homeserver", &scene.homeserver), ("the server again", &scene.server)];
    for (i, (name, url)) in moves.into_iter().enumerate() {
        match i {
            0 => {}
            1 => scene.driver.stop().await?,
            _ => drop(scene.driver.start().await?),
        }
        let body = format!("while moving to {name}");
        desk.say(&rooms[0], &body).await?;
        said.push(body);
        closed = arrive(scene, &desk, url, closed, &rooms, &mut said, name).await?;
    }
    Ok(())
}

async fn arrive(
    scene: &Scene,
    desk: &Device,
    url: &str,
    (login, inbox): (Login, Inbox),
    rooms: &[String],
    said: &mut Vec<String>,
    name: &str,
) -> Result<(Login, Inbox)> {
    let expired = scene.journal.expired_sessions();
    let began = Instant::now();
    let phone = Device::open(url, login, inbox).await?;
    reads(&phone, &rooms[0], said).await?;
    let took = began.elapsed();
    let body = format!("having moved to {name}");
    desk.say(&rooms[0], &body).await?;
    said.push(body);
    reads(&phone, &rooms[0], said).await?;
    phone.say(&rooms[0], &format!("answered by {name}")).await?;
    said.push(format!("answered by {name}"));
    reads(desk, &rooms[0], said).await?;
    reads(&phone, &rooms[0], said).await?;
    for room in rooms {
        ensure!(phone.room(room)?.state() == RoomState::Joined);
    }
    let lost = scene.journal.expired_sessions() - expired;
    ensure!(lost <= 2, "{lost} sessions expired by one move");
    seen!(
        "moved to {name} with the store: all {} messages decrypted {took:.2?} after it was opened; {lost} sessions begun anew, {} keys came twice",
        said.len(),
        scene.journal.repeated_messages()
    );
    Ok(phone.close().await)
}

/// Waits until the device shows exactly what was `said`; pages back where its timeline has a gap.
async fn reads(device: &Device, room: &str, said: &[String]) -> Result<()> {
    eventually("the room is there", async || Ok(ensure!(device.room(room)?.state() == RoomState::Joined))).await?;
    let timeline = device.show(room).await?;
    eventually("all messages are read", async || {
        let there = texts(&timeline).await;
        if there.len() < said.len() {
            timeline.paginate_backwards(20).await?;
        }
        let there = texts(&timeline).await;
        Ok(ensure!(there == said, "{there:?}"))
    })
    .await
}
