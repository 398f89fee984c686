//! The model homeserver: the pure part of the demo homeserver, without its sockets.

#[path = "../../examples/demo-homeserver/error.rs"]
pub mod error;
#[path = "../../examples/demo-homeserver/push_rules.rs"]
mod push_rules;
#[path = "../../examples/demo-homeserver/sync/mod.rs"]
pub mod sync;
#[path = "../../examples/demo-homeserver/world/mod.rs"]
pub mod world;
