//! The room list as an application shows it: the SDK's list of all rooms, kept up to date by the changes that it reports.

use std::pin::Pin;

use anyhow::{Context, Result, bail};
use eyeball_im::{Vector, VectorDiff};
use futures_util::{FutureExt, Stream, StreamExt};
use matrix_sdk_ui::room_list_service::filters::new_filter_non_left;
use matrix_sdk_ui::room_list_service::{RoomList, RoomListItem, RoomListLoadingState};

/// More than any account of a scenario has: nothing of the list is left out.
const PAGE: usize = 1_000;

pub struct RoomListView<'a> {
    list: &'a RoomList,
    changes: Pin<Box<dyn Stream<Item = Vec<VectorDiff<RoomListItem>>> + 'a>>,
    rooms: Vector<RoomListItem>,
}

impl<'a> RoomListView<'a> {
    pub fn new(list: &'a RoomList) -> Self {
        let (changes, controller) = list.entries_with_dynamic_adapters(PAGE);
        controller.set_filter(Box::new(new_filter_non_left()));
        Self { list, changes: Box::pin(changes), rooms: Vector::new() }
    }

    /// The rooms from above, as they are now.
    pub fn rooms(&mut self) -> &Vector<RoomListItem> {
        while let Some(Some(batch)) = self.changes.next().now_or_never() {
            for change in batch {
                change.apply(&mut self.rooms);
            }
        }
        &self.rooms
    }

    /// The ids of the rooms from above.
    pub fn ids(&mut self) -> Vec<String> {
        self.rooms().iter().map(|room| room.room_id().to_string()).collect()
    }

    pub fn room(&mut self, id: &str) -> Result<RoomListItem> {
        match self.rooms().iter().find(|room| room.room_id() == id) {
            Some(room) => Ok(room.clone()),
            None => bail!("{id} is not in the list"),
        }
    }

    /// What a room is called, as the SDK has worked it out for its last answer. `display_name` would work it out itself where that is not done yet, and
    /// from a room that is being filled keep "Empty Room" over the name that the answer brings.
    pub fn name(&mut self, id: &str) -> Result<String> {
        let name = self.room(id)?.cached_display_name();
        name.map(|name| name.to_string()).with_context(|| format!("{id} has no name yet"))
    }

    /// How many rooms the server says there are, once all of them are loaded.
    pub fn loaded(&self) -> Option<u32> {
        match self.list.loading_state().get() {
            RoomListLoadingState::Loaded { maximum_number_of_rooms } => maximum_number_of_rooms,
            RoomListLoadingState::NotLoaded => None,
        }
    }
}
