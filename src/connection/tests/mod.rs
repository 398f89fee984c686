//! Scenarios, one per rule.

mod oracle;
mod script;
mod world;

mod convergence;
mod explained;
mod extensions;
mod list_windows;
mod positions;
mod room_results;
