//! The rules, as scenarios. Each is named after the rule that it holds.

mod lists;
