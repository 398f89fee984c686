//! In which order answers of the homeserver are made, and in which they come: a poll's and those of what is fetched beside
//! it may overtake each other.

use std::cell::Cell;

/// Answers on their way.
#[derive(Debug, Default)]
pub struct Order {
    made: Cell<u64>,
    /// The newest that came, of polls and of everything else.
    newest: [Cell<u64>; 2],
    /// How many came after one of the other sort that was made later.
    overtaken: [Cell<u64>; 2],
}

/// An answer on its way.
pub struct UnderWay<'a> {
    order: &'a Order,
    number: u64,
    is_poll: bool,
}

impl Order {
    /// Notes that an answer is made.
    pub fn make(&self, is_poll: bool) -> UnderWay<'_> {
        let number = self.made.get() + 1;
        self.made.set(number);
        UnderWay { order: self, number, is_poll }
    }

    /// Returns how many answers came after one of the other sort that was made later: polls, and what is fetched beside.
    pub fn overtaken(&self) -> (u64, u64) {
        let [fetches, polls] = &self.overtaken;
        (polls.get(), fetches.get())
    }
}

impl UnderWay<'_> {
    /// Notes that it came.
    pub fn comes(self) {
        let (own, other) = (usize::from(self.is_poll), usize::from(!self.is_poll));
        let Order { newest, overtaken, .. } = self.order;
        newest[own].set(newest[own].get().max(self.number));
        if newest[other].get() > self.number {
            overtaken[own].set(overtaken[own].get() + 1);
        }
    }
}
