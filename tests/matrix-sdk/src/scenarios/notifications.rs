//! The notification client: a push says that there is an event, and another client on the same store fetches it, as the notification process of a
//! phone does, while the application itself is away or not.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use matrix_sdk::RoomState;
use matrix_sdk::ruma::events::AnySyncMessageLikeEvent;
use matrix_sdk::ruma::events::AnySyncTimelineEvent;
use matrix_sdk::ruma::events::room::message::SyncRoomMessageEvent;
use matrix_sdk::ruma::{EventId, RoomId};
use matrix_sdk_ui::notification_client::{
    NotificationClient, NotificationEvent, NotificationItem, NotificationProcessSetup, NotificationStatus,
};
use serde_json::json;

use crate::device::{Device, texts};
use crate::wait::eventually;
use crate::{Scene, seen};

pub async fn run(scene: &Scene) -> Result<()> {
    let [alice, bob] = [scene.person("alice").await?, scene.person("bob").await?];
    let folder: &Path = scene.folder.path();
    let phone = Device::log_in(&scene.server, &alice, folder, "phone").await?;
    let desk = Device::log_in(&scene.homeserver, &bob, folder, "desk").await?;
    eventually("the phone has published its keys", async || {
        Ok(ensure!(!bob.devices_with_keys(&alice.user_id).await?.is_empty()))
    })
    .await?;
    let kitchen =
        bob.create_room(json!({ "name": "Kitchen", "preset": "private_chat", "invite": [alice.user_id] })).await?;
    let encryption = json!([{ "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 1 } }]);
    let vault = bob
        .create_room(json!({ "name": "Vault", "preset": "private_chat", "invite": [alice.user_id], "initial_state": encryption }))
        .await?;
    for room in [&kitchen, &vault] {
        alice.join(room).await?;
        eventually("the room is there", async || Ok(ensure!(phone.room(room)?.state() == RoomState::Joined))).await?;
        eventually("Bob has the room", async || Ok(ensure!(desk.room(room)?.state() == RoomState::Joined))).await?;
    }

    // While the application runs, with its own sync service. The service means to keep anybody else from asking on `encryption` for as long as it
    // runs, but in 0.18 its permit is given back as soon as its stream is made: the notification client then runs two rounds of its own there,
    // beside the application's loop, and shows an undecrypted event if either is refused.
    let setup = NotificationProcessSetup::SingleProcess { sync_service: phone.sync.clone() };
    let beside = NotificationClient::new(phone.client.clone(), setup).await?;
    let event = bob.say(&kitchen, "Tea is ready").await?;
    expect(&beside, &kitchen, &event, "Kitchen", "Tea is ready").await?;
    let event = desk.say(&vault, "For your eyes only").await?;
    expect(&beside, &vault, event.as_str(), "Vault", "For your eyes only").await?;
    seen!("beside the running application: a plain and an encrypted message are fetched");
    drop(beside);
    // Each of the two loops is given what the other has not acknowledged yet. From here on only one runs at a time.
    let repeated_beside = scene.journal.repeated_messages();

    // Another process on the same store, while the application is asleep.
    phone.sync.stop().await;
    let push = Device::push_process(&scene.server, &phone.login).await?;
    let apart = NotificationClient::new(push, NotificationProcessSetup::MultipleProcesses).await?;
    let event = bob.say(&kitchen, "Tea gets cold").await?;
    expect(&apart, &kitchen, &event, "Kitchen", "Tea gets cold").await?;
    let began = Instant::now();
    let event = desk.say(&vault, "Burn after reading").await?;
    expect(&apart, &vault, event.as_str(), "Vault", "Burn after reading").await?;
    seen!(
        "by a process of its own while the application sleeps: a plain and an encrypted message are fetched, the latter {:.2?} after it was sent",
        began.elapsed()
    );

    let garden = bob.create_room(json!({ "name": "Garden", "preset": "private_chat" })).await?;
    let event = bob.invite(&garden, &alice.user_id).await?;
    let item = fetch(&apart, &garden, &event).await?;
    ensure!(matches!(item.event, NotificationEvent::Invite(_)), "{:?}", item.event);
    ensure!(item.room_computed_display_name == "Garden", "{:?}", item.room_computed_display_name);
    seen!("an invite is fetched, with the name of its room");
    drop(apart);

    // What the other process took is not missing now.
    let event = desk.say(&vault, "Welcome back").await?;
    phone.sync.start().await;
    let timeline = phone.show(&vault).await?;
    eventually("the application reads everything when it wakes up", async || {
        let texts = texts(&timeline).await;
        Ok(ensure!(texts == ["For your eyes only", "Burn after reading", "Welcome back"], "{texts:?}, sent {event}"))
    })
    .await?;
    ensure!(scene.journal.expired_sessions() == 0, "{} sessions expired", scene.journal.expired_sessions());
    let repeated = scene.journal.repeated_messages() - repeated_beside;
    ensure!(repeated == 0, "{repeated} to-device messages came again");
    seen!("the application then reads all messages, those whose keys the other process took too; no session expired");
    Ok(())
}

async fn expect(client: &NotificationClient, room: &str, event: &str, name: &str, body: &str) -> Result<()> {
    let item = fetch(client, room, event).await?;
    ensure!(item.room_computed_display_name == name, "the room is called {:?}", item.room_computed_display_name);
    ensure!(
        item.sender_display_name.as_deref().is_some_and(|name| name.starts_with("bob")),
        "{:?}",
        item.sender_display_name
    );
    match &item.event {
        NotificationEvent::Timeline(event) => match &**event {
            AnySyncTimelineEvent::MessageLike(AnySyncMessageLikeEvent::RoomMessage(
                SyncRoomMessageEvent::Original(message),
            )) => {
                ensure!(message.content.body() == body, "it says {:?}", message.content.body());
                Ok(())
            }
            other => bail!("not a message: {other:?}"),
        },
        other @ NotificationEvent::Invite(_) => bail!("not a message: {other:?}"),
    }
}

/// What sliding sync alone tells of an event, without the way out by `/context`.
async fn fetch(client: &NotificationClient, room: &str, event: &str) -> Result<NotificationItem> {
    let (room, event) = (<&RoomId>::try_from(room)?, <&EventId>::try_from(event)?);
    match client.get_notification_with_sliding_sync(room, event).await? {
        NotificationStatus::Event(item) => Ok(*item),
        other => bail!("{event} in {room}: {other:?}"),
    }
}
