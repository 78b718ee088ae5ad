//! Tenants: making, changing, deleting, restoring, and who may see them.

use serde_json::{Value, json};

use crate::harness::{Answer, Call, World, members};

const MASTER: &str = "00000000-0000-0000-0000-000000000001";
const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
const MEMBERS: &str = "access_token_lifetime_seconds authorization_code_lifetime_seconds \
     created_at description display_name id id_token_lifetime_seconds logo_url mfa_enabled \
     mfa_required name password_policy primary_color refresh_token_lifetime_seconds settings slug \
     status updated_at version";

async fn master(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/api/v1/tenants{path}");
    world.call(method, &path, Some(&world.master_key), None, body).await
}

#[tokio::test]
async fn a_tenant_is_made_with_its_first_key() {
    let world = World::new().await;
    let body = json!({ "name": "Beta", "slug": "beta", "display_name": "Beta Ltd",
        "settings": { "a": 1 }, "mfa_enabled": true, "issue_admin_key": true });
    let made = master(&world, "POST", "", Some(body.clone())).await.is(201);
    let mut data = made.data().clone();
    let key = data.as_object_mut().unwrap().remove("admin_api_key").unwrap();
    assert_eq!(members(&data), MEMBERS);
    assert_eq!(members(&key), "id prefix secret");
    assert_eq!((&data["settings"], &data["status"]), (&json!({ "a": 1 }), &json!("active")));
    let id = data["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/v1/tenants/{id}"));
    let secret = key["secret"].as_str().unwrap();
    let own = format!("/api/v1/tenants/{id}");
    let found = world.call("GET", &own, Some(secret), None, None).await.is(200);
    assert_eq!((found.data(), found.header("etag")), (&data, made.header("etag")));
    let users = format!("{own}/users");
    let ada = json!({ "username": "ada", "email": "a@b.c" });
    world.call("POST", &users, Some(secret), None, Some(ada)).await.is(201);
    master(&world, "POST", "", Some(body)).await.fails(409, "already_exists");
    for (member, value) in [
        ("name", json!("")),
        ("slug", json!("A b")),
        ("slug", json!("-a")),
        ("settings", json!([])),
        ("logo_url", json!("x")),
        ("primary_color", json!("x")),
        ("mfa_required", json!(true)),
        ("surprise", json!(1)),
    ] {
        let mut body = json!({ "name": "C", "slug": "c" });
        body[member] = value;
        master(&world, "POST", "", Some(body)).await.concerns(member);
    }
    let plain = json!({ "name": "C", "slug": "c" });
    let made = master(&world, "POST", "", Some(plain.clone())).await.is(201);
    assert_eq!(members(made.data()), MEMBERS, "no key where none was asked for");
    let own =
        world.call("POST", "/api/v1/tenants", Some(&world.admin_key), None, Some(plain)).await;
    own.fails(403, "forbidden");
}

#[tokio::test]
async fn only_the_master_sees_other_tenants() {
    let world = World::new().await;
    let list = master(&world, "GET", "", None).await.is(200);
    assert_eq!(list.json["meta"], json!({ "page": 1, "per_page": 20, "total": 2 }));
    assert_eq!(list.each("slug"), ["master", "acme"]);
    let nothing = world.key(&["docs:read"]).await;
    let own = world.call("GET", "/api/v1/tenants", Some(&nothing), None, None).await.is(200);
    assert_eq!(own.each("slug"), ["acme"]);
    let second = world.call("GET", "/api/v1/tenants?page=2", Some(&nothing), None, None).await;
    assert_eq!(second.is(200).items(), [] as [Value; 0]);
    let admin = Some(world.admin_key.as_str());
    for tenant in [MASTER, NOWHERE] {
        for below in ["", "/users", "/api-keys"] {
            let path = format!("/api/v1/tenants/{tenant}{below}");
            let answer = world.call("GET", &path, admin, None, None).await;
            let answer = answer.fails(404, "not_found");
            assert_eq!(answer.json["message"], "Tenant not found");
        }
        for path in ["/api/v1/api-keys", "/v1/api-keys", "/api/v1/api-keys/me", "/api/v1/tenants"] {
            world.call("GET", path, admin, Some(tenant), None).await.is(403);
        }
    }
    let unknown = master(&world, "GET", &format!("/{NOWHERE}"), None).await;
    let expected = json!({ "error": "not_found", "message": "Tenant not found", "status": 404 });
    assert_eq!(unknown.is(404).json, expected);
    let mismatch =
        world.call("GET", "/api/v1/api-keys", Some(&world.master_key), Some(NOWHERE), None);
    mismatch.await.refuses(403, "TENANT_MISMATCH");
    master(&world, "GET", "/7", None).await.fails(400, "invalid_parameter");
}

#[tokio::test]
async fn the_master_enters_with_the_right_of_the_row() {
    let world = World::new().await;
    let path = format!("/api/v1/tenants/{MASTER}/api-keys");
    let mut keys = Vec::new();
    for scopes in [
        json!(["tenants:*"]),
        json!(["tenants:read", "users:read"]),
        json!(["tenants:*", "api_keys:*", "docs:read"]),
    ] {
        let body = json!({ "name": scopes.to_string(), "scopes": scopes });
        let made =
            world.call("POST", &path, Some(&world.master_key), None, Some(body)).await.is(201);
        keys.push(made.data()["secret"].as_str().unwrap().to_owned());
    }
    world.by(&keys[0], "GET", "", None).await.is(200);
    world.by(&keys[0], "GET", "/users", None).await.fails(403, "forbidden");
    world.by(&keys[1], "GET", "", None).await.fails(404, "not_found");
    let body = json!({ "name": "made", "scopes": ["docs:read"] });
    let made = world.by(&keys[2], "POST", "/api-keys", Some(body)).await.is(201);
    let key = &made.data()["api_key"];
    assert_eq!(
        (&key["tenant_id"], &key["owner_type"], &key["owner_id"]),
        (&json!(world.tenant), &json!("tenant"), &json!(world.tenant))
    );
    let secret = made.data()["secret"].as_str().unwrap();
    let me = world.call("GET", "/api/v1/api-keys/me", Some(secret), None, None).await.is(200);
    assert_eq!(me.data()["tenant_id"], world.tenant.as_str());
    let body = json!({ "name": "more", "scopes": ["users:read"] });
    world.by(&keys[2], "POST", "/api-keys", Some(body)).await.fails(403, "forbidden");
    let by_header =
        world.call("GET", "/v1/api-keys", Some(&keys[2]), Some(&world.tenant), None).await;
    assert_eq!(by_header.is(200).items().len(), 2);
}

#[tokio::test]
async fn a_tenant_is_replaced_and_changed() {
    let world = World::new().await;
    let body = json!({ "name": "Acme 2", "description": "d", "settings": { "a": 1, "b": 2 },
        "access_token_lifetime_seconds": 60 });
    let changed = world.put("", body).await.is(200);
    assert_eq!(members(changed.data()), MEMBERS);
    assert_eq!((&changed.data()["slug"], &changed.data()["version"]), (&json!("acme"), &json!(2)));
    let change = json!({ "settings": { "a": null }, "description": null, "slug": "acme-2" });
    let changed = world.patch("", change).await.is(200);
    let data = changed.data();
    assert_eq!(data["settings"], json!({ "b": 2 }), "a patch merges");
    assert_eq!((&data["name"], &data["description"]), (&json!("Acme 2"), &Value::Null));
    assert_eq!(data["access_token_lifetime_seconds"], 60);
    let replaced = world.put("", json!({ "name": "Acme" })).await.is(200);
    let data = replaced.data();
    assert_eq!(
        (&data["settings"], &data["access_token_lifetime_seconds"], &data["slug"]),
        (&json!({}), &json!(900), &json!("acme-2"))
    );
    world.put("", json!({})).await.concerns("name");
    world.put("", json!({ "name": "A", "slug": "master" })).await.fails(409, "already_exists");
    let (path, key) = (world.path(""), Some(world.admin_key.as_str()));
    for (method, body) in [("PUT", r#"{"name":"A"}"#), ("PATCH", r#"{"name":"A"}"#), ("DELETE", "")]
    {
        let headers = [("if-match", "\"1\"")];
        let body = (!body.is_empty()).then(|| body.to_owned());
        let call = Call { method, path: &path, key, headers: &headers, body };
        world.send(call).await.fails(412, "precondition_failed");
    }
    // The new slug is the realm from now on.
    for (realm, status) in [("acme", 401), ("acme-2", 200), (world.tenant.as_str(), 401)] {
        let headers = [("realmname", realm)];
        let call = Call { method: "GET", path: &path, key, headers: &headers, body: None };
        assert_eq!(world.send(call).await.status, status, "{realm}");
    }
}

#[tokio::test]
async fn a_deleted_tenant_is_closed_until_the_master_restores_it() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let own = format!("/{}", world.tenant);
    master(&world, "DELETE", &own, None).await.is(204);
    world.get("/users").await.fails(401, "unauthorized");
    assert_eq!(world.reason(&key.secret).await, "TENANT_INACTIVE");
    let found = master(&world, "GET", &own, None).await.is(200);
    assert_eq!(
        (&found.data()["status"], &found.data()["deleted_at"]),
        (&json!("deleted"), &json!("2026-02-02T02:40:00.000Z"))
    );
    assert_eq!(master(&world, "GET", "", None).await.each("slug"), ["master"]);
    for (method, below, body) in [
        ("GET", "/users", None),
        ("DELETE", "", None),
        ("PUT", "", Some(json!({ "name": "A" }))),
        ("PATCH", "", Some(json!({}))),
        ("POST", "/api-keys", Some(json!({ "name": "x" }))),
    ] {
        let answer = master(&world, method, &format!("{own}{below}"), body).await;
        answer.fails(404, "not_found");
    }
    let by_header = world
        .call("GET", "/api/v1/api-keys", Some(&world.master_key), Some(&world.tenant), None)
        .await;
    by_header.refuses(403, "TENANT_MISMATCH");
    // Its slug is free, and so may be taken when it is to come back.
    let other = json!({ "name": "Other", "slug": "acme" });
    let other = master(&world, "POST", "", Some(other)).await.is(201);
    let restore = format!("{own}/restore");
    master(&world, "POST", &restore, None).await.fails(409, "already_exists");
    let other = format!("/{}", other.data()["id"].as_str().unwrap());
    master(&world, "DELETE", &other, None).await.is(204);
    let back = master(&world, "POST", &restore, None).await.is(200);
    assert_eq!(back.data()["status"], "active");
    assert_eq!(members(back.data()), MEMBERS);
    assert_eq!(world.reason(&key.secret).await, "valid");
    world.get("/users").await.is(200);
    master(&world, "POST", &restore, None).await.fails(404, "not_found");
    let itself = world.delete("").await.is(204);
    drop(itself);
    world.get("").await.fails(401, "unauthorized");
    master(&world, "DELETE", &format!("/{MASTER}"), None).await.fails(403, "forbidden");
}

#[tokio::test]
async fn a_grant_that_is_called_any_opens_no_other_tenant() {
    let world = World::new().await;
    let keys = &format!("/api/v1/tenants/{MASTER}/api-keys");
    let secret = async |scopes: Value| {
        let body = json!({ "name": scopes.to_string(), "scopes": scopes });
        let issued = world.call("POST", keys, Some(&world.master_key), None, Some(body)).await;
        issued.is(201).data()["secret"].as_str().unwrap().to_owned()
    };
    let named = secret(json!(["tenants:any", "tenants:read"])).await;
    world.by(&named, "GET", "", None).await.fails(404, "not_found");
    let all = secret(json!(["tenants:*"])).await;
    world.by(&all, "GET", "", None).await.is(200);
}
