//! The rules, as scenarios. Each is named after the rule that it holds.

mod account_data;
mod bootstrap;
mod connections;
mod errors;
mod explain;
mod extensions;
mod fields;
mod filters;
mod lists;
mod membership;
mod places;
mod presence;
mod state;
mod summary;
mod timeline;
mod to_device;
mod traps;
mod upstream;
mod waiting;
