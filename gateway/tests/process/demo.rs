//! A load of the demonstration tenant that is killed is completed by the next one.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Dice, Home, Process, World, pause, text};

/// Grants of the demonstration, when all are there.
const GRANTS: &str = "165179  RolePermissions";
const KILLS: usize = 8;
/// A whole load takes about a second.
const KILLED_AFTER_MS_MAX: u64 = 500;
/// What comes before its first row takes less.
const KILLED_EARLY_MS_MAX: u64 = 120;

fn load(world: &World) -> Process {
    let mut command = world.program(env!("CARGO_BIN_EXE_latchkey"));
    command.args(["demo", "--data", "data"]);
    Process::spawn(command)
}

/// Kills a load as soon as it has come to the first row.
fn kill_at_first_row(world: &World) {
    let process = load(world);
    process.until("loading permissions");
    process.kill();
}

#[test]
fn a_load_that_is_killed_is_completed_by_the_next() {
    let world = World::bare();
    let mut dice = Dice(11);
    kill_at_first_row(&world);
    let mut incomplete = 0;
    for _ in 0..KILLS {
        let rows = world.succeeds(&["check", "--data", "data"]);
        incomplete += usize::from(!rows.contains(GRANTS));
        let process = load(&world);
        pause(Duration::from_millis(dice.below(KILLED_AFTER_MS_MAX)));
        process.kill();
    }
    assert!(incomplete > 0, "no load was killed in its middle");
    let demo = world.json(&["demo", "--json", "--data", "data"]);
    let rows = world.succeeds(&["check", "--data", "data"]);
    for line in [
        GRANTS,
        "165179  PermissionRoles",
        "13790  Permissions",
        "2461  Roles",
        "300  Users",
        "40  Groups",
    ] {
        assert!(rows.lines().any(|row| row.trim_start() == line), "`{line}` is not in:\n{rows}");
    }
    may(&world, &demo);
    let output = world.run(&["demo", "--data", "data"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("0 rows loaded"), "{said}");
    world.check();
}

#[test]
fn a_load_that_is_killed_before_its_first_row_is_begun_again() {
    let mut dice = Dice(12);
    for _ in 0..KILLS {
        let world = World::bare();
        let process = load(&world);
        pause(Duration::from_millis(dice.below(KILLED_EARLY_MS_MAX)));
        process.kill();
        kill_at_first_row(&world);
        world.check();
    }
}

/// The sample user holds what is said.
fn may(world: &World, demo: &Value) {
    let gateway = world.serve();
    let mut home = Home::enter(&gateway, text(&demo["tenantId"]), text(&demo["serviceKey"]));
    let mut question = demo["samplePermission"].clone();
    question["user_id"] = demo["sampleUserId"].clone();
    let path = home.path("integration/check-permission");
    assert_eq!(home.ask("POST", &path, Some(&question)).expect(200)["data"]["allowed"], true);
    gateway.stop();
}
