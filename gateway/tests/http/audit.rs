//! The audit trail: what is written, by whom, and that it holds together.

use std::time::Duration;

use latchkey_actors::audit::exported;
use latchkey_storage::Page;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::AuditEntries;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Call, World};

const MASTER: &str = "00000000-0000-0000-0000-000000000001";

/// The trail of a tenant as its export shows it.
async fn trail(world: &World, tenant: &str) -> Vec<Value> {
    let id: TenantId = tenant.parse().unwrap();
    let tenant = world.registry.tenant(id).await.unwrap();
    let page = Page { after: None, skip: 0, limit: 10_000 };
    let rows = tenant.read(move |view| Ok(view.scan::<AuditEntries>(&(), page)?)).await.unwrap();
    rows.iter().map(|(_, entry)| exported(id, entry)).collect()
}

/// The trail once it holds so many denials: nobody waits for those.
async fn denials(world: &World, tenant: &str, count: usize) -> Vec<Value> {
    for _ in 0..10_000 {
        let mut trail = trail(world, tenant).await;
        trail.retain(|entry| entry["action"] == "access.denied");
        if trail.len() >= count {
            return trail;
        }
        tokio::task::yield_now().await;
    }
    panic!("the denials were not written")
}

#[tokio::test]
async fn every_change_of_a_key_leaves_its_entry_in_an_unbroken_chain() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let path = format!("/api-keys/{}", key.id);
    world.patch(&path, json!({ "name": "L" })).await.is(200);
    let rotate = format!("{path}/rotate");
    let rotated = world.platform("POST", &rotate, None).await.is(200);
    world.platform("DELETE", &path, None).await.is(200);
    world.platform("DELETE", &path, None).await.is(409);
    world.delete(&path).await.is(204);
    world.get("/api-keys").await.is(200);
    world.reason(&key.secret).await;
    let trail = trail(&world, &world.tenant).await;
    let of_key = trail.iter().filter(|entry| entry["resource_id"] == key.id.as_str());
    let actions: Vec<_> = of_key.clone().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "api_key.created",
            "api_key.updated",
            "api_key.rotated",
            "api_key.revoked",
            "api_key.deleted"
        ]
    );
    for entry in of_key {
        let actor = json!({ "type": "api_key", "id": world.admin_key_id,
            "name": entry["actor"]["name"] });
        assert_eq!((&entry["actor"], &entry["outcome"]), (&actor, &json!("success")));
        assert_eq!((&entry["ip"], &entry["cross_tenant"]), (&json!("127.0.0.1"), &json!(false)));
        assert!(entry["request_id"].is_string());
    }
    let mut before = "0".repeat(64);
    for (at, entry) in trail.iter().enumerate() {
        assert_eq!((&entry["seq"], &entry["prev_hash"]), (&json!(at + 1), &json!(before)));
        let mut bare = entry.as_object().unwrap().clone();
        let hash = bare.remove("hash").unwrap();
        // Members sorted, no spaces, integers as they are: RFC 8785 for such an object.
        let canonical = Value::Object(bare).to_string();
        assert_eq!(hash, hex::encode(Sha256::digest(canonical.as_bytes())), "{entry}");
        before = hash.as_str().unwrap().to_owned();
    }
    let whole = serde_json::to_string(&trail).unwrap();
    let fresh = rotated.data()["newApiKey"].as_str().unwrap();
    for secret in [&*key.secret, fresh, &*world.admin_key, &*world.master_key] {
        assert!(!whole.contains(&secret[20..48]), "no secret in the trail");
    }
}

#[tokio::test]
async fn what_the_master_does_elsewhere_says_so() {
    let world = World::new().await;
    let master = Some(world.master_key.as_str());
    let role = world.path("/roles");
    world.call("POST", &role, master, None, Some(json!({ "name": "r" }))).await.is(201);
    let body = Some(json!({ "name": "K", "scopes": [], "environment": "live" }));
    let path = "/api/v1/api-keys";
    world.call("POST", path, master, Some(&world.tenant), body).await.is(201);
    world.call("PATCH", &world.path(""), master, None, Some(json!({ "name": "B" }))).await.is(200);
    let own = trail(&world, &world.tenant).await;
    let crossed: Vec<_> = own.iter().filter(|entry| entry["cross_tenant"] == true).collect();
    let actions: Vec<_> = crossed.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["role.created", "api_key.created"]);
    let masters = trail(&world, MASTER).await;
    let last = masters.last().unwrap();
    assert_eq!(
        (&last["action"], &last["cross_tenant"], &last["resource_id"]),
        (&json!("tenant.updated"), &json!(true), &json!(world.tenant))
    );
}

#[tokio::test]
async fn a_denial_is_written_where_it_belongs() {
    let world = World::new().await;
    let narrow = world.issue("narrow", json!({})).await;
    let headers = [("x-request-id", "asked-1")];
    let path = world.path("/users");
    let key = Some(narrow.secret.as_str());
    let call = Call { method: "GET", path: &path, key, headers: &headers, body: None };
    world.send(call).await.is(403);
    world.platform("DELETE", &format!("/api-keys/{}", narrow.id), None).await.is(200);
    world.by(&narrow.secret, "GET", "/users", None).await.is(401);
    let denied = denials(&world, &world.tenant, 2).await;
    let told = |entry: &Value| {
        json!([
            entry["outcome"],
            entry["reason"],
            entry["count"],
            entry["diff"]["status"],
            entry["actor"]["type"],
            entry["ip"],
            entry["cross_tenant"]
        ])
    };
    let known = json!(["denied", "FORBIDDEN", 1, 403, "api_key", "127.0.0.1", false]);
    assert_eq!(told(&denied[0]), known);
    assert_eq!(
        (&denied[0]["request_id"], &denied[0]["actor"]["id"]),
        (&json!("asked-1"), &json!(narrow.id))
    );
    let unknown = json!(["denied", "UNAUTHORIZED", 1, 401, "anonymous", "127.0.0.1", false]);
    assert_eq!(told(&denied[1]), unknown);
    // A credential that names nobody, or none, is the master's.
    world.call("GET", &path, Some("x"), None, None).await.is(401);
    world.call("GET", &path, None, None, None).await.is(401);
    assert_eq!(denials(&world, MASTER, 2).await.len(), 2);
    // So is what a key of the master may not do elsewhere, as a cross-tenant act.
    let body = json!({ "name": "guest", "scopes": ["tenants:*"] });
    let keys = format!("/api/v1/tenants/{MASTER}/api-keys");
    let guest = world.call("POST", &keys, Some(&world.master_key), None, Some(body)).await.is(201);
    let guest = guest.data()["secret"].as_str().unwrap();
    world.by(guest, "GET", "/users", None).await.fails(403, "forbidden");
    let denied = denials(&world, MASTER, 3).await;
    let last = denied.last().unwrap();
    assert_eq!((&last["reason"], &last["cross_tenant"]), (&json!("FORBIDDEN"), &json!(true)));
}

#[tokio::test]
async fn a_flood_of_denials_becomes_one_entry_with_a_count() {
    let world = World::new().await;
    for _ in 0..15 {
        world.call("GET", "/v1/api-keys", Some("x"), None, None).await.is(401);
    }
    let narrow = world.issue("narrow", json!({})).await;
    for _ in 0..603 {
        world.by(&narrow.secret, "GET", "/users", None).await.is(403);
    }
    assert_eq!(denials(&world, MASTER, 10).await.len(), 10);
    assert_eq!(denials(&world, &world.tenant, 600).await.len(), 600);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let counts = |entries: Vec<Value>| {
        let counts = entries.iter().map(|entry| entry["count"].as_u64().unwrap());
        (entries.len(), counts.sum::<u64>(), entries.last().unwrap()["count"].clone())
    };
    assert_eq!(counts(denials(&world, MASTER, 11).await), (11, 15, json!(5)));
    assert_eq!(counts(denials(&world, &world.tenant, 601).await), (601, 603, json!(3)));
    // The next minute begins anew.
    world.by(&narrow.secret, "GET", "/users", None).await.is(403);
    assert_eq!(denials(&world, &world.tenant, 602).await.len(), 602);
}

#[tokio::test]
async fn a_backup_is_an_act_on_the_instance_whatever_tenant_is_named() {
    let world = World::new().await;
    let (path, master) = ("/api/v1/admin/backups", Some(world.master_key.as_str()));
    let body = Some(json!({ "name": "b" }));
    world.call("POST", path, master, Some(&world.tenant), body).await.is(201);
    let made = |trail: Vec<Value>| trail.iter().any(|entry| entry["action"] == "backup.created");
    assert!(made(trail(&world, MASTER).await) && !made(trail(&world, &world.tenant).await));
}
