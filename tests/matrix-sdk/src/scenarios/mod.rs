//! What an application does with the SDK, one file for each thing that can go wrong on its own.

mod changed_server;
mod encryption;
mod notifications;
mod room_list;
mod same_store;

use anyhow::{Result, bail};

use crate::Scene;

pub async fn run(name: &str, scene: &Scene) -> Result<()> {
    match name {
        "room-list" => room_list::run(scene).await,
        "encryption" => encryption::run(scene).await,
        "notifications" => notifications::run(scene).await,
        "same-store" => same_store::run(scene).await,
        "changed-server" => changed_server::run(scene).await,
        _ => bail!("no such scenario: {name}"),
    }
}
