//! Encrypted messages between Alice, who has two devices on the server, and Bob, who syncs with the homeserver itself and so can write while the
//! server is dead. Every message has a key of its own, which must reach each device by a to-device message before it can be read.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use matrix_sdk::RoomState;
use matrix_sdk_ui::timeline::Timeline;
use serde_json::json;

use crate::device::{Device, Shown, messages};
use crate::homeserver::Person;
use crate::wait::eventually;
use crate::{Scene, seen};

const EXCHANGES: usize = 9;
const KILLS: usize = 12;
/// The server is killed at a time within so long after Bob has begun to send.
const KILLED_WITHIN: Duration = Duration::from_millis(400);
/// Less than a subscription asks for.
const WHILE_AWAY: usize = 12;

pub async fn run(scene: &Scene) -> Result<()> {
    let mut talk = Talk::begin(scene).await?;
    talk.exchange().await?;
    talk.under_fire().await?;
    talk.while_away().await?;
    talk.nothing_twice()
}

struct Talk<'a> {
    scene: &'a Scene,
    alice: Person,
    /// Sends the numbered to-device messages that show whether any is lost or doubled.
    sender: Person,
    room: String,
    bob: Side,
    phone: Side,
    /// Not there while it is away.
    laptop: Option<Side>,
    /// What was said in the room, in the order in which it was.
    said: Vec<String>,
    /// How many numbered messages each of Alice's devices was sent.
    numbered: u64,
}

impl<'a> Talk<'a> {
    async fn begin(scene: &'a Scene) -> Result<Self> {
        let [alice, bob, sender] =
            [scene.person("alice").await?, scene.person("bob").await?, scene.person("sender").await?];
        let folder = scene.folder.path();
        let phone = Device::log_in(&scene.server, &alice, folder, "phone").await?;
        let laptop = Device::log_in(&scene.server, &alice, folder, "laptop").await?;
        let desk = Device::log_in(&scene.homeserver, &bob, folder, "desk").await?;
        for (person, devices) in [(&alice, 2), (&bob, 1)] {
            eventually("the devices have published their keys", async || {
                let published = sender.devices_with_keys(&person.user_id).await?;
                Ok(ensure!(published.len() == devices, "{published:?}"))
            })
            .await?;
        }
        let encryption = json!({ "algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 1 });
        let state = json!([{ "type": "m.room.encryption", "state_key": "", "content": encryption }]);
        let room = bob
            .create_room(
                json!({ "name": "Vault", "preset": "private_chat", "invite": [alice.user_id], "initial_state": state }),
            )
            .await?;
        eventually("Alice is invited", async || Ok(ensure!(phone.room(&room)?.state() == RoomState::Invited))).await?;
        phone.room(&room)?.join().await?;
        let (bob, phone, laptop) =
            (Side::new(desk, &room).await?, Side::new(phone, &room).await?, Side::new(laptop, &room).await?);
        Ok(Self { scene, alice, sender, room, bob, phone, laptop: Some(laptop), said: Vec::new(), numbered: 0 })
    }

    /// Everybody writes, everybody reads.
    async fn exchange(&mut self) -> Result<()> {
        let began = Instant::now();
        for i in 0..EXCHANGES {
            let body = format!("exchange {i}");
            let writer = match (i % 3, &self.laptop) {
                (0, _) | (_, None) => &self.bob,
                (1, _) => &self.phone,
                (_, Some(laptop)) => laptop,
            };
            writer.device.say(&self.room, &body).await?;
            self.said.push(body);
            self.all_read().await?;
        }
        let each = began.elapsed() / EXCHANGES as u32;
        seen!(
            "{EXCHANGES} messages from three devices, each with a key of its own, are decrypted by the two others, {each:.2?} each"
        );
        Ok(())
    }

    /// The server is killed while keys and messages are under way, at another moment each time.
    async fn under_fire(&mut self) -> Result<()> {
        let mut moments = Vec::new();
        for kill in 0..KILLS {
            let moment = self.moment(kill);
            let (body, reply) = (format!("said at kill {kill}"), format!("answered after kill {kill}"));
            self.send_numbered().await?;
            // Bob shares the key and sends the message; the server dies before, between or after.
            let (sent, died) = tokio::join!(self.bob.device.say(&self.room, &body), self.kill_at(moment));
            sent.context("Bob's message")?;
            moments.push(died?);
            self.said.push(body);
            self.send_numbered().await?;
            self.scene.driver.start().await?;
            self.all_read().await.with_context(|| format!("after kill {kill}, {moments:?}"))?;
            self.phone.device.say(&self.room, &reply).await?;
            self.said.push(reply);
            self.all_read().await.with_context(|| format!("after the answer to kill {kill}, {moments:?}"))?;
        }
        self.each_number_once().await?;
        seen!("kill -9 of the server, {KILLS} times: {}", moments.join(", "));
        seen!("all {} messages so far are decrypted on all devices", self.said.len());
        Ok(())
    }

    /// When to kill: at a random time, as soon as the phone has the key, or before anything is sent.
    fn moment(&self, kill: usize) -> Moment {
        match kill % 3 {
            0 => Moment::After(KILLED_WITHIN.mul_f64(random())),
            1 => Moment::KeyArrived { had: self.phone.device.keys().len() },
            _ => Moment::After(Duration::ZERO),
        }
    }

    /// Kills the server and says when that was.
    async fn kill_at(&self, moment: Moment) -> Result<String> {
        let when = match moment {
            Moment::After(pause) => {
                tokio::time::sleep(pause).await;
                format!("{} ms after Bob began", pause.as_millis())
            }
            Moment::KeyArrived { had } => {
                eventually("the key arrives", async || Ok(ensure!(self.phone.device.keys().len() > had))).await?;
                "when the phone had the key".to_owned()
            }
        };
        self.scene.driver.kill().await?;
        Ok(when)
    }

    /// A device is away while keys and messages are sent, and the server is killed and restarted meanwhile.
    async fn while_away(&mut self) -> Result<()> {
        let laptop = self.laptop.take().context("the laptop is there")?;
        let had = laptop.device.keys().len();
        let (login, inbox) = laptop.close().await;
        for i in 0..WHILE_AWAY {
            let body = format!("while the laptop was away {i}");
            self.bob.device.say(&self.room, &body).await?;
            self.said.push(body);
            self.numbered_to(&login.device_id(), self.numbered).await?;
            self.numbered_to(&self.phone.device.login.device_id(), self.numbered).await?;
            self.numbered += 1;
            match i {
                3 => {
                    self.scene.driver.kill().await?;
                    self.scene.driver.start().await?;
                }
                7 => self.scene.driver.restart().await?,
                _ => {}
            }
        }
        self.all_read().await?;
        let began = Instant::now();
        let device = Device::open(&self.scene.server, login, inbox).await?;
        self.laptop = Some(Side::new(device, &self.room).await?);
        self.all_read().await?;
        let (took, keys) =
            (began.elapsed(), self.laptop.iter().map(|side| side.device.keys().len()).sum::<usize>() - had);
        ensure!(keys == WHILE_AWAY, "{keys} keys");
        self.each_number_once().await?;
        seen!(
            "a device that was away while {WHILE_AWAY} messages with a key each were sent, and the server killed and restarted, reads all {took:.2?} after it is opened"
        );
        Ok(())
    }

    async fn all_read(&self) -> Result<()> {
        self.phone.reads("the phone", &self.said).await?;
        if let Some(laptop) = &self.laptop {
            laptop.reads("the laptop", &self.said).await?;
        }
        self.bob.reads("Bob", &self.said).await
    }

    async fn send_numbered(&mut self) -> Result<()> {
        for side in self.sides() {
            self.numbered_to(&side.device.login.device_id(), self.numbered).await?;
        }
        self.numbered += 1;
        Ok(())
    }

    async fn numbered_to(&self, device: &str, number: u64) -> Result<()> {
        self.sender.send_to_device(&self.alice.user_id, device, "test.numbered", json!({ "number": number })).await
    }

    /// Fails unless each of Alice's devices gets every numbered message, in order and each once.
    async fn each_number_once(&self) -> Result<()> {
        for side in self.sides() {
            eventually("all numbered messages arrive", async || {
                let numbers = side.device.numbers();
                Ok(ensure!(numbers.len() as u64 >= self.numbered, "{numbers:?}"))
            })
            .await?;
            let numbers = side.device.numbers();
            ensure!(numbers.iter().copied().eq(0..self.numbered), "in order, each once: {numbers:?}");
        }
        Ok(())
    }

    /// No key and no other to-device message was handed to the SDK twice, as far as it can tell, and it never lost its place.
    fn nothing_twice(&self) -> Result<()> {
        for side in self.sides() {
            let keys = side.device.keys();
            let different: BTreeSet<&String> = keys.iter().collect();
            ensure!(
                different.len() == keys.len(),
                "{} of {} keys came again",
                keys.len() - different.len(),
                keys.len()
            );
        }
        let journal = &self.scene.journal;
        ensure!(
            journal.repeated_messages() == 0,
            "{} encrypted to-device messages came again",
            journal.repeated_messages()
        );
        ensure!(journal.expired_sessions() == 0, "{} sessions expired", journal.expired_sessions());
        let keys: Vec<usize> = self.sides().map(|side| side.device.keys().len()).collect();
        seen!(
            "{} numbered to-device messages and {keys:?} keys on Alice's two devices, each once and the numbers in order",
            self.numbered
        );
        seen!(
            "no session expired; the sync services were started again {:?} times",
            self.sides().map(|side| side.device.restarts()).collect::<Vec<_>>()
        );
        Ok(())
    }

    /// Alice's devices that are not away.
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.phone].into_iter().chain(&self.laptop)
    }
}

/// A device and the room as it shows it.
struct Side {
    device: Device,
    timeline: Timeline,
}

impl Side {
    async fn new(device: Device, room: &str) -> Result<Self> {
        eventually("the room is there, and known to be encrypted", async || {
            let room = device.room(room)?;
            Ok(ensure!(room.state() == RoomState::Joined && room.encryption_state().is_encrypted()))
        })
        .await?;
        let timeline = device.show(room).await?;
        Ok(Self { device, timeline })
    }

    /// Waits until the device shows what was `said`, all of it decrypted and each once.
    async fn reads(&self, who: &str, said: &[String]) -> Result<()> {
        let said: Vec<Shown> = said.iter().map(|text| Shown::Text(text.clone())).collect();
        eventually(&format!("{who} reads {} messages", said.len()), async || {
            let shown = messages(&self.timeline).await;
            let unreadable = shown.iter().filter(|shown| **shown == Shown::Undecryptable).count();
            Ok(ensure!(
                shown == said,
                "{} messages, {unreadable} of them not decrypted, the last {:?}",
                shown.len(),
                shown.last()
            ))
        })
        .await
    }

    async fn close(self) -> (crate::device::Login, crate::device::Inbox) {
        drop(self.timeline);
        self.device.close().await
    }
}

enum Moment {
    After(Duration),
    /// When the phone has more keys than it had.
    KeyArrived {
        had: usize,
    },
}

/// From 0 to 1.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
