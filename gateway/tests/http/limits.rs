//! What limits keys and addresses: windows, quotas, and what is told of them.

use serde_json::{Value, json};

use crate::harness::{Answer, Call, START_MS, World};

/// Calls `me` with headers of its own.
async fn me(world: &World, key: &str, headers: &[(&str, &str)]) -> Answer {
    let path = "/api/v1/api-keys/me";
    world.send(Call { method: "GET", path, key: Some(key), headers, body: None }).await
}

fn number(answer: &Answer, name: &str) -> i64 {
    answer.header(name).parse().unwrap()
}

#[tokio::test]
async fn a_key_with_a_window_is_told_of_it_and_held_to_it() {
    let world = World::new().await;
    let more = json!({ "rateLimit": { "requestsPerMinute": 3, "requestsPerDay": 1_000 } });
    let key = world.issue("K", more).await;
    for remaining in [2, 1, 0] {
        let answer = me(&world, &key.secret, &[]).await.is(200);
        assert_eq!(number(&answer, "x-ratelimit-limit"), 3);
        assert_eq!(number(&answer, "x-ratelimit-remaining"), remaining);
        assert!(number(&answer, "x-ratelimit-reset") > START_MS / 1_000);
        assert!(number(&answer, "x-ratelimit-reset") <= START_MS / 1_000 + 62);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=3;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"key\";r={remaining};t=")));
    }
    let refused = me(&world, &key.secret, &[]).await.fails(429, "rate_limit_exceeded");
    assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    let wait = number(&refused, "retry-after");
    assert!((60..=61).contains(&wait), "{wait}");
    // The window slides: no window of a minute holds more than three, and then there is room.
    world.clock.advance_ms(59_000);
    me(&world, &key.secret, &[]).await.is(429);
    world.clock.advance_ms(wait * 1_000 - 59_000);
    let answer = me(&world, &key.secret, &[]).await.is(200);
    assert_eq!(number(&answer, "x-ratelimit-remaining"), 2, "the refused were not charged");
}

#[tokio::test]
async fn the_tightest_window_speaks() {
    let world = World::new().await;
    let more = json!({ "rateLimit": { "requestsPerMinute": 2, "requestsPerHour": 3 } });
    let key = world.issue("K", more).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(me(&world, &key.secret, &[]).await.is(200).header("ratelimit-policy").to_owned());
    }
    world.clock.advance_ms(61_000);
    told.push(me(&world, &key.secret, &[]).await.is(200).header("ratelimit-policy").to_owned());
    assert_eq!(told, ["\"key\";q=2;w=60", "\"key\";q=2;w=60", "\"key\";q=3;w=3600"]);
    let refused = me(&world, &key.secret, &[]).await.is(429);
    assert!(number(&refused, "retry-after") > 3_000);
}

#[tokio::test]
async fn a_quota_is_spent_and_filled_again() {
    let world = World::new().await;
    let refill = json!({ "amount": 2, "interval": "daily" });
    let quota = json!({ "quota": { "remaining": 1, "refill": refill } });
    let key = world.issue("K", quota).await;
    let shown = async || {
        let found = world.platform("GET", &format!("/api-keys/{}", key.id), None).await.is(200);
        found.data()["quota"].clone()
    };
    assert_eq!(shown().await, json!({ "remaining": 1, "refill": refill }));
    me(&world, &key.secret, &[]).await.is(200);
    let refused = me(&world, &key.secret, &[]).await.fails(429, "quota_exceeded");
    assert!(number(&refused, "retry-after") > 0);
    let said = world.verdict(json!({ "apiKey": key.secret })).await;
    assert_eq!(said["reason"], "QUOTA_EXCEEDED");
    assert_eq!(shown().await["remaining"], 0);
    // The day after: midnight in UTC is the beginning of an interval.
    world.clock.advance_ms(86_400_000 - START_MS % 86_400_000);
    assert_eq!(shown().await["remaining"], 2);
    for _ in 0..2 {
        me(&world, &key.secret, &[]).await.is(200);
    }
    me(&world, &key.secret, &[]).await.fails(429, "quota_exceeded");
}

#[tokio::test]
async fn the_address_pays_for_who_has_no_window_of_their_own() {
    let world = World::with(|config| config.rate_limit.max_requests = 120).await;
    let limited = world.issue("a", json!({ "rateLimit": { "requestsPerDay": 9 } })).await;
    let unlimited = world.issue("b", json!({ "rateLimit": { "unlimited": true } })).await;
    let other = world.issue("c", json!({})).await;
    let mut left = 120 - 3;
    let answer = me(&world, &other.secret, &[]).await.is(200);
    left -= 1;
    assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=120;w=60");
    assert_eq!(number(&answer, "x-ratelimit-remaining"), left);
    // Keys with a window of their own, or without any, and probes are not counted here.
    let exempt = me(&world, &unlimited.secret, &[]).await.is(200);
    assert!(exempt.headers.get("x-ratelimit-limit").is_none());
    me(&world, &limited.secret, &[]).await.is(200);
    for path in [
        "/health",
        "/ready",
        "/live",
        "/metrics",
        "/health/detailed",
        "/api/v1/health",
        "/api/v1/admin/health",
    ] {
        let answer = world.call("GET", path, Some("nonsense"), None, None).await.is(200);
        assert!(answer.headers.get("x-ratelimit-limit").is_none(), "{path}");
    }
    // A refusal, a failed credential and an unknown path pay as well.
    let calls = [
        ("/v1/api-keys", Some(other.secret.as_str()), 403),
        ("/v1/api-keys", Some("x"), 401),
        ("/v1/api-keys", None, 401),
        ("/v1/nothing", None, 404),
    ];
    for (path, key, status) in calls {
        let answer = world.call("GET", path, key, None, None).await.is(status);
        left -= 1;
        assert_eq!(number(&answer, "x-ratelimit-remaining"), left, "{path}");
    }
    for _ in 0..left {
        me(&world, &other.secret, &[]).await.is(200);
    }
    let refused = me(&world, &other.secret, &[]).await.fails(429, "rate_limit_exceeded");
    assert!((60..=61).contains(&number(&refused, "retry-after")));
    for (path, key) in [("/v1/api-keys", Some("x")), ("/v1/api-keys", None), ("/v1/nothing", None)]
    {
        world.call("GET", path, key, None, None).await.errs(429, "RATE_LIMIT_EXCEEDED");
    }
    me(&world, &limited.secret, &[]).await.is(200);
    me(&world, &unlimited.secret, &[]).await.is(200);
    world.call("GET", "/health", None, None, None).await.is(200);
    world.clock.advance_ms(61_000);
    me(&world, &other.secret, &[]).await.is(200);
}

#[tokio::test]
async fn the_open_door_counts_for_the_address() {
    let world = World::with(|config| config.rate_limit.max_requests = 3).await;
    let door = "/api/v1/api-key/validate";
    let body = || Some(json!({ "apiKey": world.admin_key, "dryRun": true }));
    for remaining in [2, 1, 0] {
        let answer = world.call("POST", door, None, None, body()).await.is(200);
        assert_eq!(number(&answer, "x-ratelimit-remaining"), remaining);
    }
    world.call("POST", door, None, None, body()).await.refuses(429, "RATE_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn addresses_count_as_far_as_proxies_are_trusted() {
    let world = World::with(|config| {
        config.rate_limit.max_requests = 3;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let from = async |address: &str| {
        me(&world, &world.admin_key, &[("x-forwarded-for", address)]).await.status
    };
    let rows = [
        ("2001:db8:0:1::1", 200),
        ("2001:db8:0:1::2", 200),
        ("2001:db8:0:1:ffff::3", 200),
        ("2001:db8:0:1::4", 429),
        ("2001:db8:0:2::1", 200),
        ("192.0.2.1", 200),
        ("::ffff:192.0.2.1", 200),
        ("203.0.113.9, 192.0.2.1", 200),
        ("192.0.2.1", 429),
        ("192.0.2.1, 192.0.2.2", 200),
    ];
    for (address, status) in rows {
        assert_eq!(from(address).await, status, "{address}");
    }
    let untrusted = World::with(|config| config.rate_limit.max_requests = 1).await;
    let headers = [("x-forwarded-for", "192.0.2.1")];
    me(&untrusted, &untrusted.admin_key, &headers).await.is(200);
    let headers = [("x-forwarded-for", "192.0.2.2")];
    me(&untrusted, &untrusted.admin_key, &headers).await.is(429);
}

#[tokio::test]
async fn an_address_list_binds_the_key_as_a_credential() {
    let world = World::with(|config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let list = json!({ "ipWhitelist": ["192.0.2.0/24", "2001:db8::/32"] });
    let key = world.issue("K", list).await;
    for (address, status) in [
        ("192.0.2.1", 200),
        ("2001:db8::1", 200),
        ("::ffff:192.0.2.1", 200),
        ("192.0.3.1", 403),
        ("127.0.0.1", 403),
    ] {
        let answer = me(&world, &key.secret, &[("x-forwarded-for", address)]).await.is(status);
        if status == 403 {
            answer.fails(403, "ip_not_allowed");
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_credential_the_answer_is_the_same() {
    let world = World::new().await;
    let expired = world.issue("expired", json!({ "expiresIn": 1 })).await;
    let early = world.issue("early", json!({ "notBefore": "2027-01-01T00:00:00Z" })).await;
    let (revoked, off) =
        (world.issue("gone", json!({})).await, world.issue("off", json!({})).await);
    let rotated = world.issue("rotated", json!({})).await;
    world.platform("DELETE", &format!("/api-keys/{}", revoked.id), None).await.is(200);
    world.platform("POST", &format!("/api-keys/{}/rotate", rotated.id), None).await.is(200);
    world.patch(&format!("/api-keys/{}", off.id), json!({ "is_enabled": false })).await.is(200);
    world.clock.advance_ms(86_400_000);
    let vector = "lk_live_0Ab3Cd9Z00112233445566778899AABBCCDDEEFF2nhFgd";
    let mut told: Vec<Value> = Vec::new();
    for key in [
        &expired.secret,
        &early.secret,
        &revoked.secret,
        &off.secret,
        &rotated.secret,
        "x",
        vector,
        "",
    ] {
        let refused = me(&world, key, &[]).await.fails(401, "unauthorized");
        assert!(refused.header("www-authenticate").contains("ApiKey"));
        told.push(refused.json);
    }
    assert!(told.iter().all(|json| *json == told[0]), "{told:?}");
}

#[tokio::test]
async fn what_is_not_to_be_had_as_json_is_paid_for() {
    let world = World::with(|config| config.rate_limit.max_requests = 3).await;
    let headers = [("accept", "text/html")];
    let asked =
        || Call { method: "GET", path: "/v1/api-keys", key: None, headers: &headers, body: None };
    for _ in 0..3 {
        world.send(asked()).await.errs(406, "NOT_ACCEPTABLE");
    }
    world.send(asked()).await.errs(429, "RATE_LIMIT_EXCEEDED");
}
