//! The instance itself: checkpoints of the running store.

use serde_json::{Value, json};

use crate::harness::{Answer, World, members};

const MASTER: &str = "00000000-0000-0000-0000-000000000001";

async fn backup(world: &World, key: &str, tenant: &str, body: Value) -> Answer {
    world.call("POST", "/api/v1/admin/backups", Some(key), Some(tenant), Some(body)).await
}

#[tokio::test]
async fn the_master_makes_a_backup_of_each_name_once() {
    let world = World::new().await;
    let master = world.master_key.as_str();
    let made = backup(&world, master, MASTER, json!({ "name": "b-1" })).await.is(201);
    assert_eq!(members(made.data()), "name path");
    let path = made.data()["path"].as_str().unwrap();
    assert!(std::path::Path::new(path).join("CURRENT").exists(), "a checkpoint stands at {path}");
    assert_eq!(made.header("location"), "/api/v1/admin/backups/b-1");
    let again = backup(&world, master, MASTER, json!({ "name": "b-1" })).await;
    again.refuses(409, "ALREADY_EXISTS");
    let long = "x".repeat(65);
    for name in ["", ".", "..", "a/b", "../a", "ä", "a b", &long] {
        let refused = backup(&world, master, MASTER, json!({ "name": name })).await;
        let refused = refused.refuses(422, "VALIDATION_ERROR");
        assert!(refused.json["error"]["details"]["name"].is_string(), "{name}");
    }
    let own = backup(&world, &world.admin_key, &world.tenant, json!({ "name": "b-2" })).await;
    own.refuses(403, "FORBIDDEN");
    let keys = format!("/api/v1/tenants/{MASTER}/api-keys");
    let body = json!({ "name": "narrow", "scopes": ["instance:read"] });
    let narrow = world.call("POST", &keys, Some(master), None, Some(body)).await.is(201);
    let narrow = narrow.data()["secret"].as_str().unwrap();
    let refused = backup(&world, narrow, MASTER, json!({ "name": "b-2" })).await;
    refused.refuses(403, "FORBIDDEN");
}
