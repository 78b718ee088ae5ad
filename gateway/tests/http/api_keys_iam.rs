//! API keys on the IAM surface, and what a key asks about itself.

use serde_json::{Value, json};

use crate::harness::{Call, World, members};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
const MEMBERS: &str = "conditions created_at description environment expires_at id ip_restrictions \
     is_enabled last_used_at metadata name not_before owner_id owner_type prefix rate_limit \
     revoked_at roles scopes tenant_id updated_at use_count";

/// Issues a key, and returns its id and its secret.
async fn made(world: &World, body: Value) -> (String, String) {
    let answer = world.post("/api-keys", body).await.is(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer.data()["api_key"]["id"]), text(&answer.data()["secret"]))
}

#[tokio::test]
async fn a_key_is_made_with_its_secret_beside_it() {
    let world = World::new().await;
    let body = json!({
        "name": "Desk", "description": "For the desk", "scopes": ["docs:read"],
        "ip_restrictions": ["10.0.0.0/8"], "roles": ["audit_viewer"], "environment": "test",
        "rate_limit": { "requests_per_day": 9 }, "quota": { "remaining": 3 },
        "conditions": { "op": "x" }, "metadata": { "a": 1 },
        "not_before": "2026-02-01T00:00:00Z", "expires_at": "2026-03-01T00:00:00Z",
    });
    let made = world.post("/api-keys", body.clone()).await.is(201);
    assert_eq!(members(&made.json), "data");
    assert_eq!(members(made.data()), "api_key secret");
    let key = &made.data()["api_key"];
    assert_eq!(members(key), MEMBERS);
    for member in [
        "name",
        "description",
        "scopes",
        "ip_restrictions",
        "environment",
        "rate_limit",
        "conditions",
        "metadata",
    ] {
        assert_eq!(key[member], body[member], "{member}");
    }
    assert_eq!(key["expires_at"], "2026-03-01T00:00:00.000Z");
    assert_eq!(key["owner_id"], world.tenant.as_str());
    assert_eq!((&key["owner_type"], &key["is_enabled"]), (&json!("tenant"), &json!(true)));
    assert_eq!(key["roles"], json!([world.system_role("audit_viewer").await]));
    let secret = made.data()["secret"].as_str().unwrap();
    assert!(secret.starts_with("lk_test_"));
    let below = format!("/api-keys/{}", key["id"].as_str().unwrap());
    assert_eq!(made.header("location"), world.path(&below));
    let found = world.get(&below).await.is(200);
    assert_eq!((found.data(), found.header("etag")), (key, made.header("etag")));
    world.post("/api-keys", json!({ "name": "Desk" })).await.fails(409, "already_exists");
    for (member, value) in [
        ("name", json!("")),
        ("scopes", json!(["x"])),
        ("scopes", json!("a:b")),
        ("ip_restrictions", json!(["x"])),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("roles", json!(["nobody"])),
        ("rate_limit", json!({ "requests_per_hour": 0 })),
        ("owner_type", json!("user")),
        ("owner_id", json!(NOWHERE)),
        ("surprise", json!(1)),
    ] {
        // An owner is a pair: of one half alone, the other is missing.
        let concerned = match member {
            "owner_type" => "owner_id",
            "owner_id" => "owner_type",
            other => other,
        };
        let mut body = json!({ "name": "Other" });
        body[member] = value;
        world.post("/api-keys", body).await.concerns(concerned);
    }
    let nobody = json!({ "name": "Other", "owner_type": "user", "owner_id": NOWHERE });
    world.post("/api-keys", nobody).await.concerns("owner_id");
}

#[tokio::test]
async fn lists_are_pages_of_numbers() {
    let world = World::new().await;
    for name in ["a", "b"] {
        made(&world, json!({ "name": name })).await;
    }
    let list = world.get("/api-keys?page=2&per_page=2").await.is(200);
    assert_eq!(members(&list.json), "data meta");
    assert_eq!(list.json["meta"], json!({ "page": 2, "per_page": 2, "total": 3 }));
    assert_eq!(list.items().len(), 1);
    assert_eq!(members(&list.items()[0]), MEMBERS);
    let clamped = world.get("/api-keys?per_page=1000").await.is(200);
    assert_eq!(clamped.json["meta"]["per_page"], 100);
    assert_eq!(world.get("/api-keys?page=9").await.is(200).items(), [] as [Value; 0]);
    for query in [
        "page=0",
        "per_page=0",
        "page=x",
        "limit=1",
        "offset=1",
        "skip=1",
        "cursor=x",
        "page=100002&per_page=1",
    ] {
        let refused = world.get(&format!("/api-keys?{query}")).await;
        refused.fails(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_replacement_takes_defaults_and_keeps_owner_and_environment() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (id, secret) = made(
        &world,
        json!({
            "name": "K", "scopes": ["docs:read"], "description": "d", "environment": "test",
            "owner_type": "user", "owner_id": ada, "rate_limit": { "requests_per_day": 9 },
            "metadata": { "a": 1 }, "expires_at": "2026-03-01T00:00:00Z",
        }),
    )
    .await;
    let below = format!("/api-keys/{id}");
    let body = json!({ "name": "L", "environment": "live", "owner_type": "tenant",
        "owner_id": world.tenant, "is_enabled": false });
    let changed = world.put(&below, body).await.is(200);
    let data = changed.data();
    assert_eq!(changed.header("etag"), "\"2\"");
    let told = json!([
        data["name"],
        data["description"],
        data["scopes"],
        data["environment"],
        data["owner_id"],
        data["rate_limit"],
        data["metadata"],
        data["expires_at"],
        data["is_enabled"]
    ]);
    assert_eq!(told, json!(["L", null, [], "test", ada, {}, {}, null, false]));
    assert_eq!(world.reason(&secret).await, "KEY_INACTIVE");
    world.put(&below, json!({ "scopes": [] })).await.concerns("name");
    world
        .put(&format!("/api-keys/{NOWHERE}"), json!({ "name": "x" }))
        .await
        .fails(404, "not_found");
    let narrow = world.key(&["api_keys:update"]).await;
    let body = json!({ "name": "L", "scopes": ["docs:read"] });
    world.by(&narrow, "PUT", &below, Some(body)).await.fails(403, "forbidden");
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let world = World::new().await;
    let body = json!({ "name": "K", "scopes": ["docs:read"], "description": "d",
        "metadata": { "a": { "b": 1, "c": 2 } }, "quota": { "remaining": 1 } });
    let (id, secret) = made(&world, body).await;
    let below = format!("/api-keys/{id}");
    let patch = json!({ "is_enabled": false, "description": null,
        "metadata": { "a": { "b": null }, "d": 3 } });
    let changed = world.patch(&below, patch).await.is(200);
    let data = changed.data();
    assert_eq!((&data["name"], &data["description"]), (&json!("K"), &Value::Null));
    assert_eq!(data["metadata"], json!({ "a": { "c": 2 }, "d": 3 }));
    assert_eq!(world.reason(&secret).await, "KEY_INACTIVE");
    world.patch(&below, json!({ "is_enabled": true, "quota": null })).await.is(200);
    for _ in 0..3 {
        let said = world.verdict(json!({ "apiKey": secret })).await;
        assert_eq!(said["valid"], true, "the quota was taken away: {said}");
    }
    assert_eq!(
        world.patch(&below, json!({ "metadata": null })).await.is(200).data()["metadata"],
        json!({})
    );
    made(&world, json!({ "name": "Taken" })).await;
    world.patch(&below, json!({ "name": "Taken" })).await.fails(409, "already_exists");
}

#[tokio::test]
async fn another_version_is_412() {
    let world = World::new().await;
    let (id, _) = made(&world, json!({ "name": "K" })).await;
    let (one, platform) =
        (world.path(&format!("/api-keys/{id}")), format!("/api/v1/api-keys/{id}"));
    let workspace = format!("/v1/api-keys/{id}");
    let (name, rotate) = (json!({ "name": "L" }).to_string(), format!("{platform}/rotate"));
    let revoke = format!("{one}/revoke");
    let calls = [
        ("PUT", &one, Some(&name)),
        ("PATCH", &one, Some(&name)),
        ("DELETE", &one, None),
        ("POST", &revoke, None),
        ("PATCH", &workspace, Some(&name)),
        ("DELETE", &workspace, None),
        ("POST", &rotate, None),
        ("DELETE", &platform, None),
    ];
    for tag in ["\"7\"", "\"x\"", "W/\"1\""] {
        for (method, path, body) in calls {
            let headers = [("if-match", tag), ("x-tenantid", world.tenant.as_str())];
            let key = Some(world.admin_key.as_str());
            let call = Call { method, path, key, headers: &headers, body: body.cloned() };
            world.send(call).await.is(412);
        }
    }
    let found = world.get(&format!("/api-keys/{id}")).await.is(200);
    assert_eq!((found.header("etag"), &found.data()["name"]), ("\"1\"", &json!("K")));
    let headers = [("if-match", "\"1\"")];
    let key = Some(world.admin_key.as_str());
    let call = Call { method: "PATCH", path: &one, key, headers: &headers, body: Some(name) };
    assert_eq!(world.send(call).await.is(200).header("etag"), "\"2\"");
}

#[tokio::test]
async fn revoked_keys_stay_and_deleted_ones_are_gone() {
    let world = World::new().await;
    let (id, secret) = made(&world, json!({ "name": "K" })).await;
    let below = format!("/api-keys/{id}");
    for _ in 0..2 {
        world.post(&format!("{below}/revoke"), Value::Null).await.is(204);
    }
    let found = world.get(&below).await.is(200);
    let data = found.data();
    assert_eq!(
        (&data["is_enabled"], &data["revoked_at"]),
        (&json!(false), &json!("2026-02-02T02:40:00.000Z"))
    );
    assert_eq!(world.reason(&secret).await, "KEY_REVOKED");
    assert_eq!(world.get("/api-keys").await.json["meta"]["total"], 2);
    world.patch(&below, json!({ "name": "L" })).await.fails(409, "api_key_already_revoked");
    let (second, again) = made(&world, json!({ "name": "K" })).await;
    world.delete(&below).await.is(204);
    world.delete(&below).await.fails(404, "not_found");
    world.get(&below).await.fails(404, "not_found");
    assert_eq!(world.reason(&secret).await, "INVALID_KEY");
    world.delete(&format!("/api-keys/{second}")).await.is(204);
    assert_eq!(world.reason(&again).await, "INVALID_KEY");
    assert_eq!(world.get("/api-keys").await.json["meta"]["total"], 1);
    made(&world, json!({ "name": "K" })).await;
}

#[tokio::test]
async fn a_key_knows_itself() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let group = world.group("team").await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    world.post(&format!("/users/{ada}/groups"), json!({ "group_id": group })).await.is(204);
    world.post(&format!("/groups/{group}/roles"), json!({ "role_id": role })).await.is(204);
    let (id, secret) = made(
        &world,
        json!({ "name": "K", "scopes": ["docs:read", "docs:write"],
        "roles": ["reader"], "owner_type": "user", "owner_id": ada }),
    )
    .await;
    let me = world.call("GET", "/api/v1/api-keys/me", Some(&secret), None, None).await.is(200);
    let expected = json!({ "data": {
        "key_id": id, "tenant_id": world.tenant, "owner_type": "user", "owner_id": ada,
        "scopes": ["docs:read", "docs:write"], "roles": ["reader"], "groups": ["team"],
        "permissions": ["docs:read"],
    } });
    assert_eq!(me.json, expected, "its rights are cut by those of its owner");
    let call = world.call("GET", "/api/v1/api-keys/me", None, None, None).await;
    assert!(call.fails(401, "unauthorized").header("www-authenticate").contains("Bearer"));
}

#[tokio::test]
async fn a_key_asks_what_it_may() {
    let world = World::new().await;
    let (_, secret) = made(&world, json!({ "name": "K", "scopes": ["docs/*:read", "a:b"] })).await;
    let ask =
        |body| world.call("POST", "/api/v1/api-keys/authorize", Some(&secret), None, Some(body));
    let rows = [
        ("docs/x", "read", true),
        ("docs/x/y", "read", true),
        ("docs", "read", false),
        ("docs/../x", "read", false),
        ("docs/x", "write", false),
        ("a", "b", true),
        ("A", "b", false),
        ("a", "*", false),
    ];
    for (resource, action, allowed) in rows {
        let answer = ask(json!({ "resource": resource, "action": action, "context": {} })).await;
        let answer = answer.is(200);
        assert_eq!(answer.data()["allowed"], allowed, "{resource} {action}");
        assert_eq!(answer.data()["reason"].is_string(), !allowed, "{resource} {action}");
    }
    ask(json!({ "resource": "a" })).await.concerns("action");
    ask(json!({ "resource": "a", "action": "b", "user_id": NOWHERE })).await.concerns("user_id");
    ask(json!({ "resource": "", "action": "b" })).await.concerns("resource");
    ask(json!({ "resource": "a", "action": "b", "context": [] })).await.concerns("context");
}

#[tokio::test]
async fn a_key_may_always_revoke_itself_and_no_other() {
    let world = World::new().await;
    let other = world.issue("other", json!({})).await;
    for (name, surface) in [("a", "platform"), ("b", "iam"), ("c", "workspace")] {
        let key = world.issue(name, json!({})).await;
        let end = async |id: &str| match surface {
            "platform" => {
                world.platform_by(&key.secret, "DELETE", &format!("/api-keys/{id}"), None).await
            }
            "iam" => world.by(&key.secret, "POST", &format!("/api-keys/{id}/revoke"), None).await,
            _ => {
                let path = format!("/v1/api-keys/{id}");
                world.call("DELETE", &path, Some(&key.secret), None, None).await
            }
        };
        end(&other.id).await.is(403);
        assert!(end(&key.id).await.status < 300, "{surface}");
        assert_eq!(world.reason(&key.secret).await, "KEY_REVOKED");
        end(&key.id).await.is(401);
    }
}

#[tokio::test]
async fn what_changes_of_a_period_must_fit_what_stays() {
    let world = World::new().await;
    let members = json!({ "name": "k", "not_before": "2026-03-01T00:00:00Z" });
    let id = world.post("/api-keys", members).await.is(201).data()["api_key"]["id"].clone();
    let path = format!("/api-keys/{}", id.as_str().unwrap());
    let early = json!({ "expires_at": "2026-02-20T00:00:00Z" });
    world.patch(&path, early).await.concerns("not_before");
    world.patch(&path, json!({ "expires_at": "2026-03-02T00:00:00Z" })).await.is(200);
}
