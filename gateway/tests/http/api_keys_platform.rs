//! API keys on the platform surface.

use serde_json::{Value, json};

use crate::harness::{World, members};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
const DAY_MS: i64 = 86_400_000;

fn new_key() -> Value {
    json!({ "name": "K", "scopes": ["docs:read"], "environment": "live" })
}

#[tokio::test]
async fn a_key_is_told_in_full_and_its_string_once() {
    let world = World::new().await;
    let body = json!({
        "name": "Desk", "description": "For the desk", "scopes": "docs:read, docs:write,*",
        "protocol": "rest", "ipWhitelist": "192.0.2.0/24, 2001:db8::1", "environment": "test",
        "expiresIn": 10, "notBefore": "2026-02-02T02:00:00Z", "roles": ["api_admin"],
        "rateLimit": { "requestsPerMinute": 100 }, "quota": { "remaining": 7 },
        "metadata": { "team": "a" },
    });
    let made = world.platform("POST", "/api-keys", Some(body)).await.is(201);
    assert_eq!(members(&made.json), "data message success timestamp");
    assert_eq!(made.json["message"], "API key created successfully");
    assert_eq!(made.json["timestamp"], "2026-02-02T02:40:00.000Z");
    let data = made.data();
    assert_eq!(
        members(data),
        "apiKey createdAt createdBy description environment expiresAt id ipWhitelist metadata name \
         notBefore owner prefix protocol quota rateLimit roles scopes status tenant"
    );
    let secret = data["apiKey"].as_str().unwrap();
    assert!(secret.starts_with("lk_test_") && secret.len() == 54, "{secret}");
    assert_eq!(data["prefix"], &secret[..20]);
    assert_eq!(data["scopes"], json!(["docs:read", "docs:write", "*"]));
    assert_eq!(data["ipWhitelist"], json!(["192.0.2.0/24", "2001:db8::1"]));
    assert_eq!(data["expiresAt"], "2026-02-12T02:40:00.000Z");
    assert_eq!(data["owner"], json!({ "type": "tenant", "id": world.tenant }));
    assert_eq!(data["tenant"], json!({ "id": world.tenant, "name": "Acme" }));
    assert_eq!(members(&data["createdBy"]), "email id name");
    assert_eq!(data["createdBy"]["id"], world.admin_key_id.as_str());
    let location = format!("/api-keys/{}", data["id"].as_str().unwrap());
    assert_eq!(made.header("location"), format!("/api/v1{location}"));
    let found = world.platform("GET", &location, None).await.is(200);
    assert_eq!(found.header("etag"), made.header("etag"));
    let listed = world.platform("GET", "/api-keys", None).await.is(200);
    for answer in [&found, &listed] {
        assert!(!answer.json.to_string().contains(secret), "the string is told once");
    }
}

#[tokio::test]
async fn a_body_that_breaks_a_rule_names_the_member() {
    let world = World::new().await;
    let rows = [
        ("name", json!(null)),
        ("name", json!("")),
        ("name", json!("x".repeat(1_000))),
        ("scopes", json!(null)),
        ("scopes", json!("docs")),
        ("scopes", json!(["docs*:read"])),
        ("scopes", json!(7)),
        ("environment", json!(null)),
        ("environment", json!("prod")),
        ("ipWhitelist", json!("192.168.1.999")),
        ("ipWhitelist", json!(["10.0.0.0/33"])),
        ("protocol", json!("soap")),
        ("expiresIn", json!(0)),
        ("expiresIn", json!(-1)),
        ("expiresIn", json!("10")),
        ("expiresAt", json!("2020-01-01T00:00:00Z")),
        ("expiresAt", json!("tomorrow")),
        ("rateLimit", json!({ "requestsPerMinute": 0 })),
        ("rateLimit", json!({ "requestsPerDay": 1, "unlimited": true })),
        ("metadata", json!({ "x": "x".repeat(4_096) })),
        ("metadata", json!([])),
        ("roles", json!(["nobody"])),
        ("owner", json!({ "type": "user", "id": NOWHERE })),
        ("owner", json!({ "type": "robot", "id": NOWHERE })),
        ("owner", json!({ "type": "tenant", "id": NOWHERE })),
        ("surprise", json!(1)),
    ];
    for (member, value) in rows {
        let mut body = new_key();
        body[member] = value.clone();
        if value.is_null() {
            body.as_object_mut().unwrap().remove(member);
        }
        let refused = world.platform("POST", "/api-keys", Some(body)).await;
        let refused = refused.refuses(422, "VALIDATION_ERROR");
        assert!(refused.json["error"]["details"].get(member).is_some(), "{member}: {value}");
    }
    let both = json!({ "name": "K", "scopes": "*", "environment": "live", "expiresIn": 1,
        "expiresAt": "2027-01-01T00:00:00Z" });
    world.platform("POST", "/api-keys", Some(both)).await.refuses(422, "VALIDATION_ERROR");
    let early = json!({ "name": "K", "scopes": "*", "environment": "live",
        "notBefore": "2027-01-02T00:00:00Z", "expiresAt": "2027-01-01T00:00:00Z" });
    let early = world.platform("POST", "/api-keys", Some(early)).await;
    assert!(
        early.refuses(422, "VALIDATION_ERROR").json["error"]["details"]["notBefore"].is_string()
    );
}

#[tokio::test]
async fn a_name_is_free_again_when_its_key_is_revoked() {
    let world = World::new().await;
    let first = world.issue("K", json!({})).await;
    let taken = world.platform("POST", "/api-keys", Some(new_key())).await;
    taken.refuses(409, "ALREADY_EXISTS");
    world.platform("DELETE", &format!("/api-keys/{}", first.id), None).await.is(200);
    world.issue("K", json!({})).await;
    world.platform("POST", "/api-keys", Some(new_key())).await.refuses(409, "ALREADY_EXISTS");
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_hold() {
    let world = World::new().await;
    let maker = world.key(&["api_keys:create", "docs/*:read", "users:*"]).await;
    let rows = [
        (json!(["docs/a:read"]), json!([]), 201),
        (json!(["docs/*:read", "users:read"]), json!([]), 201),
        (json!(["docs:read"]), json!([]), 403),
        (json!(["docs/a:*"]), json!([]), 403),
        (json!(["*"]), json!([]), 403),
        (json!(["*:read"]), json!([]), 403),
        (json!([]), json!(["api_admin"]), 403),
        (json!([]), json!(["super_admin"]), 403),
        (json!(["docs/a:read", "roles:read"]), json!([]), 403),
    ];
    for (at, (scopes, roles, status)) in rows.into_iter().enumerate() {
        let body = json!({ "name": format!("K{at}"), "scopes": scopes, "roles": roles,
            "environment": "live" });
        let answer = world.platform_by(&maker, "POST", "/api-keys", Some(body)).await.is(status);
        if status == 403 {
            answer.refuses(403, "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn lists_hold_keys_of_every_status() {
    let world = World::new().await;
    let gone = world.issue("gone", json!({})).await;
    world.issue("late", json!({ "notBefore": "2026-03-01T00:00:00Z" })).await;
    world.issue("old", json!({ "expiresIn": 1 })).await;
    world.platform("DELETE", &format!("/api-keys/{}", gone.id), None).await.is(200);
    world.clock.advance_ms(DAY_MS);
    let list = world.platform("GET", "/api-keys", None).await.is(200);
    assert_eq!(list.json["message"], "API keys retrieved successfully");
    assert_eq!(members(list.data()), "apiKeys pagination");
    let keys = list.data()["apiKeys"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = keys.iter().map(|key| text(&key["name"]) + " " + &text(&key["status"]));
    let mut told: Vec<_> = told.collect();
    told.sort();
    assert_eq!(told, ["Administrator active", "gone revoked", "late inactive", "old expired"]);
    assert_eq!(
        members(&keys[0]),
        "createdAt createdBy description environment expiresAt id ipWhitelist lastUsedAt metadata \
         name notBefore owner prefix protocol roles scopes status updatedAt updatedBy usageCount"
    );
    let pagination = |total, limit, offset, more| json!({ "total": total, "limit": limit, "offset": offset, "hasMore": more });
    assert_eq!(list.data()["pagination"], pagination(4, 50, 0, false));
    let rows = [
        ("limit=2", 2, pagination(4, 2, 0, true)),
        ("limit=2&offset=2", 2, pagination(4, 2, 2, false)),
        ("limit=100&offset=100000", 0, pagination(4, 100, 100_000, false)),
    ];
    for (query, shown, figures) in rows {
        let page = world.platform("GET", &format!("/api-keys?{query}"), None).await.is(200);
        assert_eq!(page.data()["apiKeys"].as_array().unwrap().len(), shown, "{query}");
        assert_eq!(page.data()["pagination"], figures, "{query}");
    }
    for query in [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=x",
        "offset=-1",
        "offset=100001",
        "page=1",
        "per_page=5",
        "skip=1",
        "cursor=x",
    ] {
        let refused = world.platform("GET", &format!("/api-keys?{query}"), None).await;
        let refused = refused.refuses(400, "INVALID_PARAMETER");
        assert_eq!(refused.json["error"]["message"], "Invalid query parameter", "{query}");
    }
    let refused = world.platform("GET", "/api-keys?limit=0", None).await;
    let said = "limit must be a positive integer between 1 and 100";
    assert_eq!(refused.json["error"]["details"], said);
}

#[tokio::test]
async fn a_key_is_shown_with_its_use_and_history() {
    let world = World::new().await;
    let more = json!({ "scopes": ["docs:read", "docs:write", "a/*:*"], "expiresIn": 10,
        "rateLimit": { "requestsPerMinute": 5, "requestsPerHour": 50 } });
    let key = world.issue("K", more).await;
    let question = json!({ "apiKey": key.secret, "clientIp": "192.0.2.7" });
    world.verdict(question).await;
    world.platform_by(&key.secret, "GET", "/api-keys", None).await.is(403);
    let path = format!("/api-keys/{}", key.id);
    let found = world.platform("GET", &path, None).await.is(200);
    assert_eq!(found.json["message"], "API key retrieved successfully");
    let data = found.data();
    assert_eq!(
        members(data),
        "audit createdAt createdBy daysUntilExpiration description environment expiresAt id \
         ipWhitelist isExpired metadata name notBefore owner permissions prefix protocol quota \
         rateLimit roles scopes status tenant usage"
    );
    let limits = json!({ "requestsPerMinute": 5, "requestsPerHour": 50,
        "currentUsage": { "minuteCount": 2, "hourCount": 2, "dayCount": 0 } });
    assert_eq!(data["rateLimit"], limits);
    let permissions = json!({ "docs": { "read": true, "write": true }, "a/*": { "*": true } });
    assert_eq!(data["permissions"], permissions);
    assert_eq!((&data["isExpired"], &data["daysUntilExpiration"]), (&json!(false), &json!(10)));
    let usage = json!({ "totalRequests": 2, "successfulRequests": 1, "failedRequests": 1,
        "lastUsedAt": "2026-02-02T02:40:00.000Z", "lastUsedFromIp": "127.0.0.1",
        "firstUsedAt": "2026-02-02T02:40:00.000Z", "averageRequestsPerDay": 2 });
    assert_eq!(data["usage"], usage, "a refusal for want of a permission is a failure");
    assert_eq!(
        members(&data["audit"]),
        "createdAt createdBy lastRotatedAt rotationCount updatedAt updatedBy"
    );
}

#[tokio::test]
async fn a_rotation_without_grace_ends_the_old_string() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let path = format!("/api-keys/{}/rotate", key.id);
    let rotated = world.platform("POST", &path, None).await.is(200);
    assert_eq!(rotated.json["message"], "API key rotated successfully");
    let data = rotated.data();
    assert_eq!(data["id"], key.id.as_str());
    assert_eq!(data["previousPrefix"], &key.secret[..20]);
    let fresh = data["newApiKey"].as_str().unwrap();
    assert_eq!((&data["newPrefix"], &data["expiresAt"]), (&json!(fresh[..20]), &Value::Null));
    let rotation = &data["rotation"];
    assert_eq!(
        members(rotation),
        "gracePeriod previousKeyInvalidatedAt rotatedAt rotatedBy rotationCount"
    );
    assert_eq!(rotation["rotationCount"], 1);
    assert_eq!(rotation["previousKeyInvalidatedAt"], "2026-02-02T02:40:00.000Z");
    assert_eq!(rotation["gracePeriod"], Value::Null);
    assert_eq!(world.reason(&key.secret).await, "INVALID_KEY");
    assert_eq!(world.reason(fresh).await, "valid");
}

#[tokio::test]
async fn a_rotation_with_grace_keeps_the_old_string_for_so_long() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let path = format!("/api-keys/{}/rotate", key.id);
    let body = json!({ "gracePeriodMinutes": 60, "expiresIn": 30 });
    let rotated = world.platform("POST", &path, Some(body)).await.is(200);
    assert_eq!(rotated.json["message"], "API key rotated successfully with grace period");
    let data = rotated.data();
    let grace = json!({ "enabled": true, "minutes": 60,
        "previousKeyValidUntil": "2026-02-02T03:40:00.000Z" });
    assert_eq!(data["rotation"]["gracePeriod"], grace);
    assert_eq!(data["expiresAt"], "2026-03-04T02:40:00.000Z");
    let fresh = data["newApiKey"].as_str().unwrap();
    world.clock.advance_ms(3_600_000 - 1);
    assert_eq!([world.reason(&key.secret).await, world.reason(fresh).await], ["valid", "valid"]);
    world.clock.advance_ms(1);
    assert_eq!(world.reason(&key.secret).await, "INVALID_KEY");
    assert_eq!(world.reason(fresh).await, "valid");
    for body in [
        json!({ "gracePeriodMinutes": -1 }),
        json!({ "gracePeriodMinutes": 1_000_000 }),
        json!({ "expiresIn": 0 }),
        json!({ "grace": 1 }),
    ] {
        world.platform("POST", &path, Some(body)).await.refuses(422, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn only_an_active_key_is_rotated() {
    let world = World::new().await;
    let rows = [
        ("expired", json!({ "expiresIn": 1 })),
        ("inactive", json!({ "notBefore": "2027-01-01T00:00:00Z" })),
        ("revoked", json!({})),
    ];
    let mut keys = Vec::new();
    for (status, more) in rows {
        keys.push((status, world.issue(status, more).await));
    }
    world.platform("DELETE", &format!("/api-keys/{}", keys[2].1.id), None).await.is(200);
    world.clock.advance_ms(DAY_MS);
    for (status, key) in keys {
        let path = format!("/api-keys/{}/rotate", key.id);
        let refused = world.platform("POST", &path, None).await.refuses(409, "KEY_INACTIVE");
        let error = &refused.json["error"];
        assert_eq!(error["message"], "Cannot rotate an inactive API key");
        let said =
            format!("The API key is currently in '{status}' status. Create a new key instead.");
        assert_eq!(error["details"], said);
    }
}

#[tokio::test]
async fn a_revoked_key_stays_and_is_not_revoked_twice() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let path = format!("/api-keys/{}", key.id);
    let revoked = world.platform("DELETE", &path, None).await.is(200);
    assert_eq!(revoked.json["message"], "API key revoked successfully");
    let data = revoked.data();
    assert_eq!(
        members(data),
        "id name permanentDeletionDate prefix previousStatus retentionDays revokedAt revokedBy status"
    );
    assert_eq!((&data["previousStatus"], &data["status"]), (&json!("active"), &json!("revoked")));
    assert_eq!(data["retentionDays"], 90);
    assert_eq!(data["permanentDeletionDate"], "2026-05-03T02:40:00.000Z");
    assert_eq!(world.reason(&key.secret).await, "KEY_REVOKED");
    let again = world.platform("DELETE", &path, None).await;
    let again = again.refuses(409, "API_KEY_ALREADY_REVOKED");
    assert_eq!(again.json["error"]["message"], "API key has already been revoked");
    let said = "The API key was revoked on 2026-02-02T02:40:00.000Z";
    assert_eq!(again.json["error"]["details"], said);
    assert_eq!(world.platform("GET", &path, None).await.is(200).data()["status"], "revoked");
}

#[tokio::test]
async fn each_endpoint_needs_its_permission_its_headers_and_an_id() {
    let world = World::new().await;
    let endpoints = [
        ("POST", "/api-keys", "api_keys:create", Some(new_key())),
        ("GET", "/api-keys", "api_keys:read", None),
        ("GET", "/api-keys/{}", "api_keys:read", None),
        ("POST", "/api-keys/{}/rotate", "api_keys:rotate", None),
        ("DELETE", "/api-keys/{}", "api_keys:revoke", None),
        ("POST", "/api-keys/{}/validate", "api_keys:validate", None),
        ("POST", "/api-keys/validate", "api_keys:validate", Some(json!({ "apiKey": "x" }))),
        ("POST", "/api-keys/validate/batch", "api_keys:validate", Some(json!({ "keys": ["x"] }))),
    ];
    let none = world.key(&["docs:read"]).await;
    let admin = world.admin_key.as_str();
    for (method, path, permission, body) in endpoints {
        let scopes = json!({ "scopes": [permission, "docs:read"] });
        let holder = world.issue(&format!("{method} {path}"), scopes).await.secret;
        let at = format!("/api/v1{}", path.replace("{}", NOWHERE));
        let call = |key, tenant| world.call(method, &at, key, tenant, body.clone());
        let tenant = Some(world.tenant.as_str());
        let unknown = call(None, tenant).await.refuses(401, "UNAUTHORIZED");
        assert!(unknown.header("www-authenticate").contains("ApiKey"));
        call(Some(admin), None).await.refuses(400, "MISSING_HEADER");
        call(Some(admin), Some("7")).await.refuses(400, "INVALID_PARAMETER");
        call(Some(admin), Some(NOWHERE)).await.refuses(403, "TENANT_MISMATCH");
        let master = "00000000-0000-0000-0000-000000000001";
        call(Some(admin), Some(master)).await.refuses(403, "TENANT_MISMATCH");
        let refused = call(Some(&none), tenant).await.refuses(403, "FORBIDDEN");
        let details = &refused.json["error"]["details"];
        assert_eq!(*details, format!("required permission: {permission}"));
        let answer = call(Some(&holder), tenant).await;
        if path.contains("{}") {
            let missing = answer.refuses(404, "API_KEY_NOT_FOUND");
            assert_eq!(missing.json["error"]["message"], "API key not found");
            let said = format!("No API key exists with ID: {NOWHERE}");
            assert_eq!(missing.json["error"]["details"], said);
            for id in ["7", "key_0", "key_zzzzzzzzzzzzzzzzzzzzzz", "cred-1"] {
                let path = path.replace("{}", id);
                world.platform(method, &path, None).await.refuses(400, "INVALID_PARAMETER");
            }
        } else {
            assert!(answer.status < 300, "{method} {path}: {}", answer.json);
        }
    }
}
