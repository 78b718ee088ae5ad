//! Checks of permissions: one, and many.

use serde_json::{Value, json};

use crate::harness::{Answer, Call, World, members};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

/// A world with a user who may read below `docs`.
async fn reader() -> (World, String) {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, _) = world.role_with("reader", "docs/*:read").await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": role })).await.is(204);
    (world, ada)
}

async fn check(world: &World, body: Value) -> Answer {
    world.post("/integration/check-permission", body).await
}

async fn batch(world: &World, body: Value) -> Answer {
    world.post("/integration/batch-check-permissions", body).await
}

#[tokio::test]
async fn one_check_and_a_batch_say_the_same() {
    let (world, ada) = reader().await;
    let rows = [
        ("docs/a", "read", true),
        ("docs/a/b", "read", true),
        ("docs", "read", false),
        ("docs/a", "write", false),
        ("docs/../a", "read", false),
        ("DOCS/a", "read", false),
        ("docs/a:b c", "read", true),
        ("docs/*", "read", true),
    ];
    let mut checks = Vec::new();
    for (resource, action, allowed) in rows {
        let question = json!({ "user_id": ada, "resource": resource, "action": action });
        let answer = check(&world, question).await.is(200);
        assert_eq!(members(&answer.json), "data");
        assert_eq!(members(answer.data()), "allowed policy_version");
        assert_eq!(answer.data()["allowed"], allowed, "{resource} {action}");
        checks.push(json!({ "resource": resource, "action": action }));
    }
    let answer = batch(&world, json!({ "user_id": ada, "checks": checks })).await.is(200);
    let results = answer.data()["results"].as_array().unwrap();
    for ((resource, action, allowed), result) in rows.into_iter().zip(results) {
        let expected = json!({ "resource": resource, "action": action, "allowed": allowed });
        assert_eq!(*result, expected);
    }
    assert_eq!(results.len(), rows.len());
}

#[tokio::test]
async fn what_is_wrong_with_a_check_is_422() {
    let (world, ada) = reader().await;
    let good = json!({ "user_id": ada, "resource": "docs/a", "action": "read" });
    for (member, value) in [
        ("user_id", json!("7")),
        ("user_id", Value::Null),
        ("resource", json!("")),
        ("resource", json!("x".repeat(1_025))),
        ("resource", json!("a\u{0}b")),
        ("resource", json!(7)),
        ("context", json!([])),
        ("min_version", json!("x")),
        ("reasons", json!(1)),
        ("surprise", json!(1)),
    ] {
        let mut body = good.clone();
        body[member] = value;
        check(&world, body).await.concerns(member);
    }
    let mut body = good.clone();
    body["resource"] = json!("x".repeat(1_024));
    check(&world, body).await.is(200);
    let narrow = world.key(&["decisions:check"]).await;
    let mut reasons = good.clone();
    reasons["reasons"] = json!(true);
    let path = "/integration/check-permission";
    world.by(&narrow, "POST", path, Some(good.clone())).await.is(200);
    world.by(&narrow, "POST", path, Some(reasons.clone())).await.fails(403, "forbidden");
    let told = check(&world, reasons.clone()).await.is(200);
    assert_eq!(members(told.data()), "allowed policy_version reason");
    reasons["user_id"] = json!(NOWHERE);
    let told = check(&world, reasons).await.is(200);
    assert_eq!(told.data()["allowed"], false, "a user that is not there may nothing");
    let none = world.key(&["docs:read"]).await;
    for path in [path, "/integration/batch-check-permissions"] {
        world.by(&none, "POST", path, Some(good.clone())).await.fails(403, "forbidden");
        world.call("POST", &world.path(path), None, None, None).await.fails(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_version_that_a_write_has_told_is_reached() {
    let (world, ada) = reader().await;
    let made = world.post("/roles", json!({ "name": "more" })).await.is(201);
    let version = made.header("x-policy-version").to_owned();
    let mut body = json!({ "user_id": ada, "resource": "docs/a", "action": "read",
        "min_version": version });
    let answer = check(&world, body.clone()).await.is(200);
    assert_eq!(answer.data()["policy_version"], version.as_str());
    body["min_version"] = json!("9999999");
    let late = check(&world, body).await.fails(503, "version_not_reached");
    assert!(late.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn a_batch_takes_other_users_and_bears_faulty_items() {
    let (world, ada) = reader().await;
    let eve = world.user("eve").await;
    let checks = json!([
        { "resource": "docs/a", "action": "read" },
        { "resource": "docs/a", "action": "read", "user_id": eve },
        { "resource": "docs/a", "action": "read", "user_id": "7" },
        { "resource": "docs/a", "action": "read", "user_id": NOWHERE },
        { "resource": "docs/a", "action": "read", "context": { "a": 1 } },
        { "resource": "docs/a", "action": "read", "context": 7 },
        { "resource": "docs/a" }, 7, { "resource": "", "action": "read" },
        { "resource": "docs/a", "action": "read", "more": 1 },
    ]);
    let answer = batch(&world, json!({ "user_id": ada, "checks": checks })).await.is(200);
    let results = answer.data()["results"].as_array().unwrap();
    let allowed: Vec<_> = results.iter().map(|r| r["allowed"].as_bool().unwrap()).collect();
    assert_eq!(allowed, [true, false, false, false, true, false, false, false, false, false]);
    let faulty: Vec<_> = results.iter().map(|r| r["error"].is_string()).collect();
    assert_eq!(faulty, [false, false, true, false, false, true, true, true, true, true]);
    let nobody = json!({ "checks": [{ "resource": "a", "action": "b" }] });
    let answer = batch(&world, nobody).await.is(200);
    let result = &answer.data()["results"][0];
    assert!(result["error"].as_str().unwrap().contains("user_id"), "{result}");
    let told = json!({ "user_id": ada, "reasons": true, "checks": checks });
    let told = batch(&world, told).await.is(200);
    assert_eq!(members(&told.data()["results"][0]), "action allowed reason resource");
}

#[tokio::test]
async fn a_batch_has_limits() {
    let (world, ada) = reader().await;
    let of = |count: usize| {
        let check = json!({ "resource": "docs/a", "action": "read" });
        json!({ "user_id": ada, "checks": vec![check; count] })
    };
    batch(&world, of(0)).await.concerns("checks");
    batch(&world, json!({ "user_id": ada })).await.concerns("checks");
    batch(&world, json!({ "user_id": "7", "checks": [7] })).await.concerns("user_id");
    let whole = batch(&world, of(10_000)).await.is(200);
    assert_eq!(whole.data()["results"].as_array().unwrap().len(), 10_000);
    batch(&world, of(10_001)).await.fails(413, "batch_too_large");
    let path = world.path("/integration/batch-check-permissions");
    for body in
        [r#"{"checks":[{"resource":"a","resource":"b","action":"c"}]}"#, "{\"checks\":[", ""]
    {
        let key = Some(world.admin_key.as_str());
        let call = Call { method: "POST", path: &path, key, headers: &[], body: Some(body.into()) };
        world.send(call).await.fails(400, "invalid_request");
    }
}
