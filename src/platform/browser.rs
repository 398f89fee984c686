//! The browser worker's event loop.

use std::{future::Future, time::Duration};

use tokio::sync::oneshot;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{Clock, Panicked, Random};
use crate::model::Timestamp;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// The browser's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp(js_sys::Date::now() as u64)
    }
}

/// The browser's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&self) -> u64 {
        let mut bytes = [0; 8];
        get_random_values(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// A running task; it ends when this is dropped.
#[derive(Debug)]
pub struct Task {
    /// Dropping the sender tells the task.
    alive: oneshot::Sender<()>,
}

impl Task {
    /// Lets the task run to its end.
    pub fn detach(self) {
        // Nobody listens any more when the task has ended already.
        let _ = self.alive.send(());
    }
}

/// Runs `future` on the worker's event loop, beside the caller.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
    let (alive, dropped) = oneshot::channel();
    wasm_bindgen_futures::spawn_local(async move {
        tokio::pin!(future);
        tokio::select! {
            biased;
            end = dropped => {
                if end.is_ok() {
                    future.await;
                }
            }
            () = &mut future => {}
        }
    });
    Task { alive }
}

/// Runs `future` to its end. A panic ends the whole engine here, which its page notices.
pub async fn guarded(future: impl Future<Output = ()> + 'static) -> Result<(), Panicked> {
    future.await;
    Ok(())
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub async fn sleep(duration: Duration) {
    gloo_timers::future::sleep(duration).await;
}
