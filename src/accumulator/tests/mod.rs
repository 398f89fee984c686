//! Scenarios: what the homeserver answers, and what is held afterwards.

mod bootstrap;
mod devices;
mod script;
mod state;
mod timeline;

use expect_test::Expect;
use script::World;

/// Lives through a scenario and compares what is held in the end.
#[track_caller]
fn check(script: &str, expected: Expect) {
    let mut world = World::new();
    world.run(script);
    expected.assert_eq(&world.dump());
}

/// A world that has lived through a scenario.
fn after(script: &str) -> World {
    let mut world = World::new();
    world.run(script);
    world
}
