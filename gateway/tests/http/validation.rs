//! Validation of keys: the reasons and their order, the doors, batches.

use serde_json::{Value, json};

use crate::harness::{Call, Key, World, members};

/// The published example: well formed, of a tenant that nobody has.
const VECTOR: &str = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";

#[tokio::test]
async fn a_good_key_is_told_in_full() {
    let world = World::new().await;
    let key = world
        .issue(
            "K",
            json!({ "roles": ["api_admin"], "expiresIn": 1,
        "ipWhitelist": ["192.0.2.0/24"], "rateLimit": { "requestsPerMinute": 10 } }),
        )
        .await;
    let question = json!({ "apiKey": key.secret, "clientIp": "192.0.2.1" });
    let by_id = format!("/api-keys/{}/validate", key.id);
    let mut remaining = 9;
    let mut last_used = Value::Null;
    for door in ["/api-keys/validate", "/api-key/validate", &by_id] {
        let answer = world.platform("POST", door, Some(question.clone())).await.is(200);
        assert_eq!(members(&answer.json), "data message success timestamp");
        assert_eq!(
            (&answer.json["success"], &answer.json["message"]),
            (&json!(true), &json!("API key is valid"))
        );
        let data = answer.data();
        assert_eq!(members(data), "apiKey tenant valid");
        let expected = json!({
            "id": key.id, "name": "K", "prefix": &key.secret[..20], "status": "active",
            "type": "live", "environment": "live", "scopes": ["docs:read"],
            "permissions": { "docs": { "read": true } },
            "rateLimit": { "requestsPerMinute": 10, "requestsPerHour": null, "requestsPerDay": null,
                "remaining": remaining, "resetAt": data["apiKey"]["rateLimit"]["resetAt"] },
            "ipRestrictions": { "enabled": true, "allowedIps": ["192.0.2.0/24"],
                "clientIpValid": true },
            "expiresAt": "2026-02-03T02:40:00.000Z", "createdAt": "2026-02-02T02:40:00.000Z",
            "lastUsedAt": last_used, "owner": { "type": "tenant", "id": world.tenant },
            "tenant": { "id": world.tenant, "name": "Acme" },
        });
        assert_eq!(data["apiKey"], expected, "{door}");
        remaining -= 1;
        last_used = json!("2026-02-02T02:40:00.000Z");
    }
}

/// A key against which every reason may be brought up, each before those that stood before.
async fn burdened(world: &World, user: &str) -> Key {
    world.issue("K", json!({
        "owner": { "type": "user", "id": user }, "expiresIn": 1, "ipWhitelist": ["192.0.2.0/24"],
        "rateLimit": { "requestsPerDay": 1 }, "quota": { "remaining": 1 },
    })).await
}

#[tokio::test]
async fn the_first_reason_that_holds_speaks() {
    let world = World::new().await;
    let user = world.user("ada").await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    world.post(&format!("/users/{user}/roles"), json!({ "role_id": role })).await.is(204);
    let key = burdened(&world, &user).await;
    let good = json!({ "apiKey": key.secret, "clientIp": "192.0.2.1" });
    let bad = json!({ "apiKey": key.secret, "clientIp": "192.0.3.1",
        "requiredScopes": ["docs:write"] });
    let mut scoped = bad.clone();
    scoped["clientIp"] = json!("192.0.2.1");
    let check = async |question: &Value, reason: &str| {
        let said = world.verdict(question.clone()).await;
        assert_eq!(said["reason"].as_str().unwrap_or("valid"), reason, "{question}");
    };
    check(&scoped, "SCOPE_INVALID").await;
    check(&bad, "IP_NOT_ALLOWED").await;
    // What was refused has spent neither the window nor the quota.
    check(&good, "valid").await;
    check(&good, "RATE_LIMIT_EXCEEDED").await;
    check(&scoped, "SCOPE_INVALID").await;
    let wider = json!({ "rate_limit": {} });
    world.patch(&format!("/api-keys/{}", key.id), wider).await.is(200);
    check(&good, "QUOTA_EXCEEDED").await;
    world.patch(&format!("/users/{user}"), json!({ "status": "disabled" })).await.is(200);
    check(&bad, "KEY_INACTIVE").await;
    world.clock.advance_ms(86_400_000);
    check(&bad, "KEY_EXPIRED").await;
    let tenant = world.path("");
    world.call("DELETE", &tenant, Some(&world.master_key), None, None).await.is(204);
    check(&bad, "TENANT_INACTIVE").await;
    let restore = world.path("/restore");
    world.call("POST", &restore, Some(&world.master_key), None, None).await.is(200);
    world.platform("DELETE", &format!("/api-keys/{}", key.id), None).await.is(200);
    check(&bad, "KEY_REVOKED").await;
    world.call("DELETE", &tenant, Some(&world.master_key), None, None).await.is(204);
    check(&bad, "KEY_REVOKED").await;
    world.call("POST", &restore, Some(&world.master_key), None, None).await.is(200);
    world.delete(&format!("/api-keys/{}", key.id)).await.is(204);
    check(&bad, "INVALID_KEY").await;
}

#[tokio::test]
async fn a_refusal_says_why() {
    let world = World::new().await;
    let key = world.issue("K", json!({ "ipWhitelist": "192.0.2.0/24" })).await;
    let ask = |body| world.platform("POST", "/api-keys/validate", Some(body));
    let answer = ask(json!({ "apiKey": VECTOR })).await.is(200);
    assert_eq!(members(&answer.json), "data message success timestamp");
    assert_eq!(
        (&answer.json["success"], &answer.json["message"]),
        (&json!(false), &json!("API key validation failed"))
    );
    assert_eq!(members(answer.data()), "details reason valid");
    let answer = ask(json!({ "apiKey": key.secret })).await.is(200);
    let data = answer.data();
    assert_eq!(data["reason"], "IP_NOT_ALLOWED");
    assert!(data["details"].as_str().unwrap().contains("clientIp is required"), "{data}");
    let answer = ask(json!({ "apiKey": key.secret, "clientIp": "2001:db8::1" })).await.is(200);
    let expected = json!({ "valid": false, "reason": "IP_NOT_ALLOWED", "clientIp": "2001:db8::1",
        "details": "The client IP address is not in the allowed list for this API key",
        "allowedRanges": ["192.0.2.0/24"] });
    assert_eq!(*answer.data(), expected);
    let mapped = json!({ "apiKey": key.secret, "clientIp": "::ffff:192.0.2.9" });
    assert_eq!(ask(mapped).await.is(200).data()["valid"], true);
}

#[tokio::test]
async fn whatever_is_no_key_of_the_tenant_is_invalid() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let mut wrong = key.secret.clone();
    let last = if wrong.ends_with('0') { "1" } else { "0" };
    wrong.replace_range(53.., last);
    for text in ["x", VECTOR, &wrong, &world.master_key, &key.secret[..53], "lk_live_ä"] {
        let body = json!({ "apiKey": text, "dryRun": true });
        let answer = world.platform("POST", "/api-keys/validate", Some(body)).await.is(200);
        assert_eq!(answer.data()["reason"], "INVALID_KEY", "{text}");
    }
    for (body, member) in [
        (json!({}), "apiKey"),
        (json!({ "apiKey": "" }), "apiKey"),
        (json!({ "apiKey": 7 }), "apiKey"),
        (json!({ "apiKey": "x", "clientIp": "x" }), "clientIp"),
        (json!({ "apiKey": "x", "requiredScopes": ["x"] }), "requiredScopes"),
        (json!({ "apiKey": "x", "more": 1 }), "more"),
    ] {
        for door in ["/api-keys/validate", "/api-key/validate"] {
            let refused = world.platform("POST", door, Some(body.clone())).await;
            let refused = refused.refuses(422, "VALIDATION_ERROR");
            assert!(refused.json["error"]["details"].get(member).is_some(), "{body}");
        }
    }
    let alias = json!({ "key": key.secret });
    let answer = world.platform("POST", "/api-keys/validate", Some(alias)).await.is(200);
    assert_eq!(answer.data()["valid"], true, "`key` is `apiKey`");
}

#[tokio::test]
async fn an_owner_cuts_its_keys_at_once() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    let roles = format!("/users/{ada}/roles");
    world.post(&roles, json!({ "role_id": role })).await.is(204);
    let owner = json!({ "owner": { "type": "user", "id": ada },
        "scopes": ["docs:read", "docs:write", "users:read"] });
    let key = world.issue("K", owner).await;
    let holds = async |scope: &str| {
        let body = json!({ "apiKey": key.secret, "requiredScopes": [scope] });
        let said = world.verdict(body).await;
        said["reason"].as_str().unwrap_or("valid").to_owned()
    };
    assert_eq!(holds("docs:read").await, "valid");
    assert_eq!(holds("docs:write").await, "SCOPE_INVALID", "the owner does not hold it");
    world.by(&key.secret, "GET", "/users", None).await.fails(403, "forbidden");
    let (manager, _) = world.role_with("manager", "users:read").await;
    world.post(&roles, json!({ "role_id": manager })).await.is(204);
    world.by(&key.secret, "GET", "/users", None).await.is(200);
    world.delete(&format!("{roles}/{role}")).await.is(204);
    assert_eq!(holds("docs:read").await, "SCOPE_INVALID");
    world.delete(&format!("{roles}/{manager}")).await.is(204);
    world.by(&key.secret, "GET", "/users", None).await.fails(403, "forbidden");
    assert_eq!(world.reason(&key.secret).await, "valid");
    world.patch(&format!("/users/{ada}"), json!({ "status": "disabled" })).await.is(200);
    assert_eq!(world.reason(&key.secret).await, "KEY_INACTIVE");
    world.by(&key.secret, "GET", "/users", None).await.fails(401, "unauthorized");
    world.patch(&format!("/users/{ada}"), json!({ "status": "active" })).await.is(200);
    assert_eq!(world.reason(&key.secret).await, "valid");
    world.delete(&format!("/users/{ada}")).await.is(204);
    assert_eq!(world.reason(&key.secret).await, "KEY_INACTIVE");
}

#[tokio::test]
async fn required_scopes_are_those_of_scopes_and_roles() {
    let world = World::new().await;
    let more = json!({ "scopes": ["docs/*:read", "a:*"], "roles": ["audit_viewer"] });
    let key = world.issue("K", more).await;
    let rows = [
        ("docs/x:read", true),
        ("docs/*:read", true),
        ("docs:read", false),
        ("a:b", true),
        ("a:*", true),
        ("*", false),
        ("*:*", false),
        ("b:a", false),
        ("audit:read", true),
    ];
    for (scope, held) in rows {
        let body = json!({ "apiKey": key.secret, "requiredScopes": ["a:x", scope] });
        assert_eq!(world.verdict(body).await["valid"], held, "{scope}");
    }
}

#[tokio::test]
async fn the_door_of_a_key_knows_that_key_alone() {
    let world = World::new().await;
    let (key, other) = (world.issue("K", json!({})).await, world.issue("L", json!({})).await);
    let path = format!("/api-keys/{}/validate", key.id);
    let ask = |body| world.platform("POST", &path, body);
    let said = ask(Some(json!({ "apiKey": other.secret }))).await.is(200);
    assert_eq!(said.data()["reason"], "INVALID_KEY");
    // Without a secret it is the state of the key, which counts as no use.
    for body in [None, Some(json!({})), Some(json!({ "requiredScopes": ["docs:read"] }))] {
        let said = ask(body).await.is(200);
        assert_eq!(
            (&said.data()["valid"], &said.data()["apiKey"]["id"]),
            (&json!(true), &json!(key.id))
        );
    }
    let found = world.platform("GET", &format!("/api-keys/{}", key.id), None).await.is(200);
    assert_eq!(found.data()["usage"]["totalRequests"], 0);
    let said = ask(Some(json!({ "requiredScopes": ["x:y"] }))).await.is(200);
    assert_eq!(said.data()["reason"], "SCOPE_INVALID");
    world.platform("DELETE", &format!("/api-keys/{}", key.id), None).await.is(200);
    assert_eq!(ask(None).await.is(200).data()["reason"], "KEY_REVOKED");
}

#[tokio::test]
async fn the_open_door_takes_anybody() {
    let world = World::new().await;
    let key = world.issue("K", json!({})).await;
    let door = "/api/v1/api-key/validate";
    let body = || Some(json!({ "apiKey": key.secret }));
    let foreign = "00000000-0000-0000-0000-000000000001";
    let tenant = Some(world.tenant.as_str());
    assert_eq!(world.call("POST", door, None, tenant, body()).await.is(200).data()["valid"], true);
    let said = world.call("POST", door, None, Some(foreign), body()).await.is(200);
    assert_eq!(said.data()["reason"], "INVALID_KEY");
    world.call("POST", door, None, Some("7"), body()).await.refuses(400, "INVALID_PARAMETER");
    let admin = Some(world.admin_key.as_str());
    world.call("POST", door, Some("x"), tenant, body()).await.refuses(401, "UNAUTHORIZED");
    world.call("POST", door, Some(&key.secret), tenant, body()).await.refuses(403, "FORBIDDEN");
    assert_eq!(world.call("POST", door, admin, tenant, body()).await.is(200).data()["valid"], true);
    let empty = Call { method: "POST", path: door, key: None, headers: &[], body: None };
    world.send(empty).await.refuses(400, "INVALID_REQUEST");
}

#[tokio::test]
async fn a_dry_run_counts_nothing() {
    let world = World::new().await;
    let more = json!({ "rateLimit": { "requestsPerMinute": 1 }, "quota": { "remaining": 1 } });
    let key = world.issue("K", more).await;
    for _ in 0..3 {
        assert_eq!(world.reason(&key.secret).await, "valid");
    }
    assert_eq!(world.verdict(json!({ "apiKey": key.secret })).await["valid"], true);
    assert_eq!(world.reason(&key.secret).await, "RATE_LIMIT_EXCEEDED");
    world.clock.advance_ms(61_000);
    assert_eq!(world.reason(&key.secret).await, "QUOTA_EXCEEDED");
    let found = world.platform("GET", &format!("/api-keys/{}", key.id), None).await.is(200);
    assert_eq!(found.data()["usage"]["totalRequests"], 1);
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_its_limits() {
    let world = World::new().await;
    let key = world.issue("K", json!({ "rateLimit": { "requestsPerMinute": 2 } })).await;
    let ask = |keys: Value| {
        let body = Some(json!({ "keys": keys }));
        async { world.platform("POST", "/api-keys/validate/batch", body).await }
    };
    let good = json!({ "apiKey": key.secret });
    let keys = json!([good, { "apiKey": VECTOR }, { "key": key.secret }, 7, {},
        { "apiKey": "x", "clientIp": "x" }, { "apiKey": "x", "more": 1 }, good,
        { "apiKey": world.master_key }]);
    let answer = ask(keys).await.is(200);
    assert_eq!(members(answer.data()), "invalid results total valid");
    assert_eq!(
        json!([answer.data()["total"], answer.data()["valid"], answer.data()["invalid"]]),
        json!([9, 2, 7])
    );
    let results = answer.data()["results"].as_array().unwrap();
    let said: Vec<_> = results.iter().map(|r| r["reason"].as_str().unwrap_or("valid")).collect();
    assert_eq!(
        said,
        [
            "valid",
            "INVALID_KEY",
            "valid",
            "INVALID_KEY",
            "INVALID_KEY",
            "INVALID_KEY",
            "INVALID_KEY",
            "RATE_LIMIT_EXCEEDED",
            "INVALID_KEY"
        ]
    );
    let errors: Vec<_> = results.iter().map(|result| result["error"].is_string()).collect();
    assert_eq!(errors, [false, false, false, true, true, true, true, false, false]);
    assert_eq!(members(&results[0]), "apiKey valid");
    assert_eq!(results[0]["apiKey"]["id"], key.id.as_str());
    let path = "/api-keys/validate/batch";
    ask(json!([])).await.refuses(422, "VALIDATION_ERROR");
    world.platform("POST", path, Some(json!({}))).await.refuses(422, "VALIDATION_ERROR");
    let thousand = ask(json!(vec![json!({ "apiKey": VECTOR }); 1_000])).await.is(200);
    assert_eq!(thousand.data()["invalid"], 1_000);
    ask(json!(vec![good; 1_001])).await.refuses(413, "BATCH_TOO_LARGE");
    let broken = r#"{"keys":[{"apiKey":"x","apiKey":"y"}]}"#;
    let (key, headers) = (Some(world.admin_key.as_str()), [("x-tenantid", world.tenant.as_str())]);
    let path = "/api/v1/api-keys/validate/batch";
    let call = Call { method: "POST", path, key, headers: &headers, body: Some(broken.into()) };
    world.send(call).await.refuses(400, "INVALID_REQUEST");
}
