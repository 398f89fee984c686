//! `/sync`: what it brings, and polls that wait for news.

use std::{pin::pin, time::Duration};

use sash_sync::platform;
use serde_json::Value;

use super::{
    Upstream,
    call::{Answer, Call, text},
};
use crate::homeserver::{
    error::ApiError,
    sync::{self, Filter, Params, Since, StateKey},
    world::Viewer,
};

impl Upstream {
    pub(super) async fn sync(&self, call: &Call) -> Answer {
        let params = self.sync_params(call)?;
        let deadline = self.clock.millis() + call.number("timeout", 0)?;
        // The model tells of changes only to those who have subscribed; but its channel wakes in random order.
        let _subscribed = self.world.borrow_mut().subscribe(call.user);
        if let Some(since) = params.since {
            let mut polled = self.polled.borrow_mut();
            if !polled.contains_key(&call.device) {
                self.first.set(Some(self.first.get().map_or(since.pos, |first| first.min(since.pos))));
            }
            let newest = polled.entry(call.device.clone()).or_default();
            *newest = since.pos.max(*newest);
        } else if !self.polled.borrow().contains_key(&call.device) {
            // A device of which nothing was left begins anew, and learns of everything in the order of its time.
            self.first.set(Some(0));
        }
        let mut looked = params.since;
        loop {
            // Registered before looking, so that what changes in between is not missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = self.clock.millis();
            let viewer = Viewer { user: call.user, device: &call.device, now };
            let is_over = params.since.is_none() || now >= deadline;
            let response = {
                let mut world = self.world.borrow_mut();
                let asked = is_over || params.since.is_some_and(|since| sync::may_have_news(&world, viewer, since));
                asked.then(|| sync::sync(&mut world, viewer, &params))
            };
            if let Some(response) = response {
                if is_over || !response.is_empty() {
                    return text(&response);
                }
                looked = looked.map(|since| Since { pos: self.world.borrow().pos(), ..since });
            }
            let _parked = looked.map(|since| Parked::new(self, &call.device, since));
            tokio::select! {
                biased;
                () = changed => {}
                () = platform::sleep(Duration::from_millis(deadline - now)) => {}
            }
        }
    }

    pub(super) fn note_presence(&self, body: &str) {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut world = self.world.borrow_mut();
        let events = body["presence"]["events"].as_array().into_iter().flatten();
        let told = events.filter_map(|event| event["sender"].as_str()).map(|sender| world.user_no(sender));
        self.presence_told.borrow_mut().extend(told);
    }

    fn sync_params(&self, call: &Call) -> Result<Params, ApiError> {
        let since = call.param("since").map(Since::parse).transpose()?;
        let filter: Filter = call.filter()?;
        let asked = |name| call.param(name) == Some("true");
        let state_key = match self.state_key {
            StateKey::StateAfter if asked("use_state_after") => StateKey::StateAfter,
            StateKey::UnstableStateAfter if asked("org.matrix.msc4222.use_state_after") => StateKey::UnstableStateAfter,
            _ => StateKey::State,
        };
        Ok(Params { since, filter, full_state: false, state_key })
    }
}

/// Says that a poll waits, for as long as it does.
struct Parked<'a> {
    upstream: &'a Upstream,
    device: &'a str,
}

impl<'a> Parked<'a> {
    fn new(upstream: &'a Upstream, device: &'a str, since: Since) -> Parked<'a> {
        upstream.parked.borrow_mut().insert(device.to_owned(), since);
        Parked { upstream, device }
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.upstream.parked.borrow_mut().remove(self.device);
    }
}
