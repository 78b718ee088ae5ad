//! API keys on the workspace surface.

use serde_json::{Value, json};

use crate::harness::{World, members};

const MEMBERS: &str = "allowed_ips created_at environment expires_at id last_rotated_at \
     last_used_at metadata name permissions prefix rate_limit status";

async fn made(world: &World, body: Value) -> (String, String) {
    let answer = world.workspace("POST", "/api-keys", Some(body)).await.is(201);
    let text = |member: &str| answer.data()[member].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

#[tokio::test]
async fn a_key_is_made_read_and_found_by_either_id() {
    let world = World::new().await;
    let body = json!({ "name": "K", "permissions": ["docs:read"], "environment": "test",
        "expires_at": "2026-03-01T00:00:00Z", "allowed_ips": ["10.0.0.0/8"],
        "rate_limit": { "requests_per_minute": 5 }, "metadata": { "a": 1 } });
    let made = world.workspace("POST", "/api-keys", Some(body)).await.is(201);
    assert_eq!(members(&made.json), "data status");
    assert_eq!(made.json["status"], "success");
    let mut data = made.data().clone();
    let key = data.as_object_mut().unwrap().remove("key").unwrap();
    assert!(key.as_str().unwrap().starts_with("lk_test_"));
    assert_eq!(members(&data), MEMBERS);
    assert_eq!(data["created_at"], "2026-02-02T02:40:00Z");
    assert_eq!(data["expires_at"], "2026-03-01T00:00:00Z");
    assert_eq!(data["status"], "active");
    let id = data["id"].as_str().unwrap();
    assert!(id.starts_with("key_") && id.len() == 26, "{id}");
    assert_eq!(made.header("location"), format!("/v1/api-keys/{id}"));
    let found = world.workspace("GET", &format!("/api-keys/{id}"), None).await.is(200);
    assert_eq!(found.data(), &data);
    let uuid = world.platform("GET", &format!("/api-keys/{id}"), None).await.is(200);
    let uuid = uuid.data()["id"].as_str().unwrap().to_owned();
    let found = world.workspace("GET", &format!("/api-keys/{uuid}"), None).await.is(200);
    assert_eq!(found.data(), &data, "both forms name it, everywhere");
    let (_, secret) = self::made(&world, json!({ "name": "Plain", "permissions": ["*"] })).await;
    assert!(secret.starts_with("lk_live_"), "`live` where it is not said");
}

#[tokio::test]
async fn what_is_wrong_is_400() {
    let world = World::new().await;
    let missing = world.workspace("POST", "/api-keys", Some(json!({ "permissions": [] }))).await;
    let missing = missing.errs(400, "MISSING_PARAMETER");
    assert_eq!(members(&missing.json), "code message status");
    assert_eq!(missing.json["message"], "Required parameter 'name' is missing from request");
    for (member, value) in [
        ("permissions", json!(["x"])),
        ("permissions", json!("a:b")),
        ("allowed_ips", json!(["x"])),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("environment", json!("prod")),
        ("surprise", json!(1)),
        ("metadata", json!("x")),
    ] {
        let mut body = json!({ "name": "K", "permissions": [] });
        body[member] = value;
        let refused = world.workspace("POST", "/api-keys", Some(body)).await.is(400);
        let message = refused.json["message"].as_str().unwrap();
        assert!(message.contains(member), "{member}: {message}");
    }
    let id = "/api-keys/7";
    world.workspace("GET", id, None).await.errs(400, "INVALID_PARAMETER");
    let id = "/api-keys/00000000-0000-7000-8000-000000000000";
    world.workspace("GET", id, None).await.errs(404, "NOT_FOUND");
    world.workspace("PATCH", id, Some(json!({}))).await.errs(404, "NOT_FOUND");
    world.workspace("DELETE", id, None).await.errs(404, "NOT_FOUND");
    made(&world, json!({ "name": "K", "permissions": [] })).await;
    let again = json!({ "name": "K", "permissions": [] });
    world.workspace("POST", "/api-keys", Some(again)).await.errs(409, "ALREADY_EXISTS");
    let narrow = world.key(&["api_keys:create"]).await;
    let body = Some(json!({ "name": "L", "permissions": ["docs:read"] }));
    let refused = world.call("POST", "/v1/api-keys", Some(&narrow), None, body).await;
    refused.errs(403, "FORBIDDEN");
    world.call("GET", "/v1/api-keys", None, None, None).await.errs(401, "UNAUTHORIZED");
    world.call("GET", "/v1/api-keys", Some(&narrow), None, None).await.errs(403, "FORBIDDEN");
    let foreign = "00000000-0000-0000-0000-000000000001";
    let mismatch = world.call("GET", "/v1/api-keys", Some(&narrow), Some(foreign), None).await;
    mismatch.errs(403, "TENANT_MISMATCH");
}

#[tokio::test]
async fn lists_take_offset_or_skip() {
    let world = World::new().await;
    for name in ["a", "b"] {
        made(&world, json!({ "name": name, "permissions": [] })).await;
    }
    let list = world.workspace("GET", "/api-keys?limit=1&skip=1", None).await.is(200);
    assert_eq!(members(&list.json), "data pagination status");
    assert_eq!(list.items().len(), 1);
    assert_eq!(members(&list.items()[0]), MEMBERS);
    let figures = json!({ "total": 3, "limit": 1, "offset": 1, "next_cursor": null,
        "prev_cursor": null, "has_more": true });
    assert_eq!(list.json["pagination"], figures);
    world.workspace("GET", "/api-keys?limit=500&offset=1&skip=1", None).await.is(200);
    for query in
        ["limit=0", "limit=501", "offset=1&skip=2", "offset=100001", "page=1", "per_page=1"]
    {
        let refused = world.workspace("GET", &format!("/api-keys?{query}"), None).await;
        refused.errs(400, "INVALID_PARAMETER");
    }
}

#[tokio::test]
async fn a_key_is_changed_and_revoked() {
    let world = World::new().await;
    let body = json!({ "name": "K", "permissions": ["docs:read"], "metadata": { "a": 1, "b": 2 },
        "expires_at": "2026-03-01T00:00:00Z" });
    let (id, key) = made(&world, body).await;
    let path = format!("/api-keys/{id}");
    let change = json!({ "name": "L", "permissions": ["docs:write"], "expires_at": null,
        "allowed_ips": ["192.0.2.0/24"], "metadata": { "a": null } });
    let changed = world.workspace("PATCH", &path, Some(change)).await.is(200);
    let data = changed.data();
    assert_eq!(members(data), MEMBERS);
    let told = json!([
        data["name"],
        data["permissions"],
        data["expires_at"],
        data["allowed_ips"],
        data["metadata"]
    ]);
    assert_eq!(told, json!(["L", ["docs:write"], null, ["192.0.2.0/24"], { "b": 2 }]));
    assert_eq!(world.reason(&key).await, "IP_NOT_ALLOWED", "the change counts at once");
    for _ in 0..2 {
        world.workspace("DELETE", &path, None).await.is(204);
    }
    assert_eq!(world.reason(&key).await, "KEY_REVOKED");
    let found = world.workspace("GET", &path, None).await.is(200);
    assert_eq!(found.data()["status"], "revoked");
    let late = world.workspace("PATCH", &path, Some(json!({ "name": "M" }))).await;
    late.errs(409, "API_KEY_ALREADY_REVOKED");
    made(&world, json!({ "name": "L", "permissions": [] })).await;
}
