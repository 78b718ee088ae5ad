//! What holds for every noun: who may call, malformed ids, versions, replays, pages, restores.

use serde_json::{Value, json};

use crate::harness::{Answer, Call, World};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
const NOUNS: [&str; 4] = ["users", "roles", "permissions", "groups"];

fn body(noun: &str, name: &str) -> Value {
    match noun {
        "users" => json!({ "username": name, "email": format!("{name}@example.com") }),
        "permissions" => {
            json!({ "name": format!("{name}:read"), "resource": name, "action": "read" })
        }
        _ => json!({ "name": name }),
    }
}

/// Every endpoint below the tenant, with a body that each takes, and the permission it needs.
fn endpoints() -> Vec<(&'static str, String, Option<Value>, String)> {
    let mut all = Vec::new();
    for noun in NOUNS {
        let one = format!("/{noun}/{NOWHERE}");
        let mut add = |method, path: &str, body, verb| {
            all.push((method, path.to_owned(), body, format!("{noun}:{verb}")));
        };
        add("GET", &format!("/{noun}"), None, "read");
        add("POST", &format!("/{noun}"), Some(body(noun, "x")), "create");
        add("GET", &one, None, "read");
        add("PUT", &one, Some(body(noun, "x")), "update");
        add("PATCH", &one, Some(json!({})), "update");
        add("DELETE", &one, None, "delete");
        add("POST", &format!("{one}/restore"), None, "restore");
    }
    let links = [
        ("users", "roles", "role_id", "users:read", "roles:assign"),
        ("users", "groups", "group_id", "users:read", "groups:assign"),
        ("roles", "permissions", "permission_id", "roles:read", "roles:update"),
        ("groups", "members", "user_id", "groups:read", "groups:assign"),
        ("groups", "roles", "role_id", "groups:read", "groups:assign"),
    ];
    for (noun, link, member, read, write) in links {
        let list = format!("/{noun}/{NOWHERE}/{link}");
        all.push(("GET", list.clone(), None, read.to_owned()));
        all.push(("POST", list.clone(), Some(json!({ member: NOWHERE })), write.to_owned()));
        all.push(("DELETE", format!("{list}/{NOWHERE}"), None, write.to_owned()));
    }
    all.push(("GET", format!("/integration/users/{NOWHERE}"), None, "users:read".to_owned()));
    all
}

#[tokio::test]
async fn each_endpoint_needs_a_credential_and_its_permission() {
    let world = World::new().await;
    let none = world.key(&["nothing:read"]).await;
    let elsewhere = format!("/api/v1/tenants/{NOWHERE}");
    assert_eq!(endpoints().len(), 28 + 15 + 1);
    for (method, below, body, permission) in endpoints() {
        let path = world.path(&below);
        let call = |key| world.call(method, &path, key, None, body.clone());
        call(None).await.fails(401, "unauthorized");
        let refused = call(Some(&none)).await.fails(403, "forbidden");
        let message = refused.json["message"].as_str().unwrap();
        assert!(message.ends_with(&format!("required permission: {permission}")), "{message}");
        // A tenant that the caller may not enter is not there.
        let foreign = format!("{elsewhere}{below}");
        let answer = world.call(method, &foreign, Some(&world.admin_key), None, body.clone()).await;
        answer.fails(404, "not_found");
        // The permission suffices to get past the door: nothing of that id is there.
        let holder = world.admin_key.as_str();
        let answer = call(Some(holder)).await;
        let found = below.contains(NOWHERE);
        assert_eq!(answer.status == 404, found, "{method} {below}: {}", answer.json);
    }
}

#[tokio::test]
async fn a_permission_opens_its_endpoint_alone() {
    let world = World::new().await;
    for permission in ["users:read", "groups:assign", "roles:update", "permissions:restore"] {
        let key = world.key(&[permission]).await;
        for (method, below, body, needed) in endpoints() {
            let answer = world.by(&key, method, &below, body).await;
            let refused = answer.status == 403;
            assert_eq!(refused, needed != permission, "{permission} at {method} {below}");
        }
    }
}

#[tokio::test]
async fn a_malformed_id_in_a_path_is_400() {
    let world = World::new().await;
    for (method, below, body, _) in endpoints() {
        if below.contains(NOWHERE) {
            let below = below.replace(NOWHERE, "7");
            let answer = world.by(&world.admin_key, method, &below, body).await;
            answer.fails(400, "invalid_parameter");
        }
    }
}

#[tokio::test]
async fn bodies_are_strict() {
    let world = World::new().await;
    for (method, below, body, _) in endpoints() {
        let Some(body) = body else { continue };
        let path = world.path(&below);
        let key = Some(world.admin_key.as_str());
        let send = |body: &str| {
            let body = Some(body.to_owned());
            world.send(Call { method, path: &path, key, headers: &[], body })
        };
        send("{").await.fails(400, "invalid_request");
        send("").await.fails(400, "invalid_request");
        send(r#"{"name":"a","name":"b"}"#).await.fails(400, "invalid_request");
        let mut more = body.clone();
        more["surprise"] = json!(1);
        send(&more.to_string()).await.concerns("surprise");
        for (member, _) in body.as_object().unwrap() {
            let mut wrong = body.clone();
            wrong[member] = json!(7);
            send(&wrong.to_string()).await.concerns(member);
            if method != "PATCH" {
                let mut less = body.clone();
                less.as_object_mut().unwrap().remove(member);
                send(&less.to_string()).await.concerns(member);
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_reference_in_a_body_is_422() {
    let world = World::new().await;
    for (method, below, body, _) in endpoints() {
        let Some(body) = body.filter(|_| method == "POST") else { continue };
        for (member, _) in
            body.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_id"))
        {
            let answer =
                world.by(&world.admin_key, method, &below, Some(json!({ member: "7" }))).await;
            answer.concerns(member);
        }
    }
}

/// The administrator's call with one header more.
async fn with_header(
    world: &World,
    method: &str,
    below: &str,
    header: (&str, &str),
    body: Option<Value>,
) -> Answer {
    let (path, key) = (world.path(below), Some(world.admin_key.as_str()));
    let body = body.map(|body| body.to_string());
    world.send(Call { method, path: &path, key, headers: &[header], body }).await
}

#[tokio::test]
async fn a_created_object_is_where_its_location_says() {
    let world = World::new().await;
    for noun in NOUNS {
        let made = world.post(&format!("/{noun}"), body(noun, "x")).await.is(201);
        let (location, tag) = (made.header("location"), made.header("etag"));
        let key = Some(world.admin_key.as_str());
        let found = world.call("GET", location, key, None, None).await.is(200);
        assert_eq!((found.data(), found.header("etag")), (made.data(), tag));
        assert_eq!(made.data()["tenant_id"], world.tenant.as_str());
        assert_eq!(made.data()["created_at"], "2026-02-02T02:40:00.000Z");
        world.post(&format!("/{noun}"), body(noun, "x")).await.fails(409, "already_exists");
    }
}

#[tokio::test]
async fn another_version_is_412() {
    let world = World::new().await;
    for noun in NOUNS {
        let id = world.make(&format!("/{noun}"), body(noun, "x")).await;
        let one = format!("/{noun}/{id}");
        let first = ("if-match", "\"1\"");
        let patch = Some(json!({ "display_name": "X" }));
        let changed = with_header(&world, "PATCH", &one, first, patch.clone()).await.is(200);
        assert_eq!(changed.header("etag"), "\"2\"");
        for (method, body) in [("PATCH", patch), ("PUT", Some(body(noun, "y"))), ("DELETE", None)] {
            let late = with_header(&world, method, &one, first, body).await;
            late.fails(412, "precondition_failed");
        }
        assert_eq!(world.get(&one).await.is(200).data()["display_name"], "X");
        with_header(&world, "DELETE", &one, ("if-match", "\"2\""), None).await.is(204);
    }
}

#[tokio::test]
async fn a_repeated_create_answers_the_same() {
    let world = World::new().await;
    for noun in NOUNS {
        let list = format!("/{noun}");
        let key = ("idempotency-key", noun);
        let create = |name| with_header(&world, "POST", &list, key, Some(body(noun, name)));
        let first = create("x").await.is(201);
        let again = create("x").await.is(201);
        assert_eq!(first.json, again.json);
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(again.header("idempotency-replayed"), "true");
        create("y").await.fails(422, "idempotency_key_reused");
        world.clock.advance_ms(86_400_001);
        create("y").await.is(201);
    }
}

#[tokio::test]
async fn lists_are_paged() {
    let world = World::new().await;
    for noun in NOUNS {
        for name in ["a", "b", "c"] {
            world.make(&format!("/{noun}"), body(noun, name)).await;
        }
        let whole = world.get(&format!("/{noun}")).await.is(200);
        let total = whole.json["meta"]["total"].as_u64().unwrap();
        assert_eq!(total, if noun == "roles" { 12 } else { 3 }, "with the built-in roles");
        let mut ids = Vec::new();
        for page in 1..=total.div_ceil(2) {
            let page = world.get(&format!("/{noun}?page={page}&per_page=2")).await.is(200);
            assert_eq!(
                (&page.json["meta"]["per_page"], &page.json["meta"]["total"]),
                (&json!(2), &json!(total))
            );
            ids.extend(page.items().iter().map(|item| item["id"].clone()));
        }
        let all: Vec<_> = whole.items().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, all);
        world.get(&format!("/{noun}?limit=2")).await.fails(400, "invalid_parameter");
        world.get(&format!("/{noun}?page=0")).await.fails(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_deleted_object_is_gone_until_it_is_restored() {
    let world = World::new().await;
    for noun in NOUNS {
        let list = format!("/{noun}");
        let id = world.make(&list, body(noun, "x")).await;
        let one = format!("/{noun}/{id}");
        world.restore(&one).await.fails(404, "not_found");
        world.delete(&one).await.is(204);
        world.delete(&one).await.fails(404, "not_found");
        world.get(&one).await.fails(404, "not_found");
        world.put(&one, body(noun, "x")).await.fails(404, "not_found");
        // Its name is free, and so may be taken when it is to come back.
        let second = world.make(&list, body(noun, "x")).await;
        world.restore(&one).await.fails(409, "already_exists");
        world.delete(&format!("/{noun}/{second}")).await.is(204);
        let back = world.restore(&one).await.is(200);
        assert_eq!((back.data()["id"].as_str(), back.header("etag")), (Some(&*id), "\"3\""));
        assert_eq!(world.get(&one).await.is(200).data(), back.data());
        world.restore(&one).await.fails(404, "not_found");
    }
}
