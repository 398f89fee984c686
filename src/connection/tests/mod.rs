//! Scenarios, one per rule.

mod oracle;
mod script;
mod world;

mod bounds;
mod convergence;
mod explained;
mod extensions;
mod list_windows;
mod positions;
mod required_state;
mod room_results;
mod timelines;
mod waiting;
