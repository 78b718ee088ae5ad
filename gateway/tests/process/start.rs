//! How soon a restarted gateway answers.

use latchkey_actors::clock::{Clock, SystemClock};
use serde_json::json;

use crate::harness::{Home, World, text};

/// With the demonstration tenant in the store.
const FIRST_ANSWER_MS_MAX: u64 = 2_000;

#[test]
fn a_restart_with_the_demonstration_tenant_answers_within_two_seconds() {
    let world = World::bare();
    let demo = world.json(&["demo", "--json", "--data", "data"]);
    world.serve().process.kill();

    let clock = SystemClock::new();
    let gateway = world.serve();
    let mut home = Home::enter(&gateway, text(&demo["tenantId"]), text(&demo["serviceKey"]));
    home.ask("GET", "/ready", None).expect(200);
    let (key, held) = (home.key.clone(), &demo["samplePermission"]);
    assert_eq!(home.validate(&key)["valid"], true);
    let first_ms = clock.ticks_ns() / 1_000_000;
    let question = json!({
        "user_id": demo["sampleUserId"], "resource": held["resource"], "action": held["action"],
    });
    let path = home.path("integration/check-permission");
    assert_eq!(home.ask("POST", &path, Some(&question)).expect(200)["data"]["allowed"], true);
    let decided_ms = clock.ticks_ns() / 1_000_000;
    println!("first validation after {first_ms} ms, first decision after {decided_ms} ms");
    assert!(first_ms <= FIRST_ANSWER_MS_MAX, "the first answer took {first_ms} ms");
}
