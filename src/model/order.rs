//! Sorting in little code.
//!
//! The standard library's sorts are the fastest there are, and up to 10 KB of wasm for each type they are used on. What
//! is sorted here is short or sorted rarely, so a heap does.

use std::collections::{BTreeMap, BinaryHeap};

/// Returns `items`, smallest first.
pub fn sorted<T: Ord>(items: Vec<T>) -> Vec<T> {
    BinaryHeap::from(items).into_sorted_vec()
}

/// Returns `items`, smallest first, each once.
pub fn sorted_set<T: Ord>(items: Vec<T>) -> Vec<T> {
    let mut set = sorted(items);
    set.dedup();
    set
}

/// Returns `items`, the one with the smallest key first; equal ones stay in their order.
pub fn sorted_by_key<T, K: Ord>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let order = sorted(items.iter().map(key).zip(0..).collect::<Vec<(K, usize)>>());
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, index)| items.get_mut(index).and_then(Option::take)).collect()
}

/// Returns the map of some entries: as `collect` does, but without the sort that it brings along for each type.
pub fn in_order<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_stay_in_their_order() {
        let words = vec!["pear", "fig", "kiwi", "apple", "nut", "lime"];
        assert_eq!(sorted_by_key(words, |word| word.len()), ["fig", "nut", "pear", "kiwi", "lime", "apple"]);
    }

    #[test]
    fn a_set_has_each_item_once() {
        assert_eq!(sorted_set(vec![3, 1, 2, 3, 1]), [1, 2, 3]);
        assert!(sorted_set(Vec::<u8>::new()).is_empty());
    }
}
