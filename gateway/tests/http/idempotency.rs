//! Creates that are repeated: the answer of the first, secret included.

use latchkey_storage::Page;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{Idempotencies, Idempotency};
use serde_json::{Value, json};

use crate::harness::{Answer, Call, World};

async fn create(world: &World, path: &str, key: &str, once: &str, body: &Value) -> Answer {
    let headers = [("idempotency-key", once), ("x-tenantid", world.tenant.as_str())];
    let body = Some(body.to_string());
    world.send(Call { method: "POST", path, key: Some(key), headers: &headers, body }).await
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_with_its_secret() {
    let world = World::new().await;
    let rows = [
        (
            "/api/v1/api-keys".to_owned(),
            json!({ "name": "a", "scopes": "*", "environment": "live" }),
            "/data/apiKey",
            "/error/code",
            422,
            "one",
        ),
        (world.path("/api-keys"), json!({ "name": "b" }), "/data/secret", "/error", 422, "two"),
        (
            "/v1/api-keys".to_owned(),
            json!({ "name": "c", "permissions": [] }),
            "/data/key",
            "/code",
            400,
            "three",
        ),
    ];
    for (path, body, secret, code, status, once) in rows {
        let admin = world.admin_key.as_str();
        let first = create(&world, &path, admin, once, &body).await.is(201);
        world.clock.advance_ms(60_000);
        let again = create(&world, &path, admin, once, &body).await.is(201);
        assert_eq!(first.json, again.json);
        assert!(again.json.pointer(secret).unwrap().as_str().unwrap().starts_with("lk_live_"));
        for name in ["location", "etag"] {
            assert_eq!(first.header(name), again.header(name));
        }
        assert!(first.headers.get("idempotency-replayed").is_none());
        assert_eq!(again.header("idempotency-replayed"), "true");
        let mut other = body.clone();
        other["name"] = json!("other");
        let refused = create(&world, &path, admin, once, &other).await.is(status);
        let said = refused.json.pointer(code).unwrap().as_str().unwrap().to_ascii_uppercase();
        assert_eq!(said, "IDEMPOTENCY_KEY_REUSED");
        world.clock.advance_ms(86_400_000);
        create(&world, &path, admin, once, &other).await.is(201);
        world.delete(&format!("/api-keys/{}", id_of(&world, "other").await)).await.is(204);
    }
}

async fn id_of(world: &World, name: &str) -> String {
    let list = world.get("/api-keys?per_page=100").await.is(200);
    let found = list.items().iter().find(|key| key["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_word_belongs_to_its_caller_and_its_path() {
    let world = World::new().await;
    let second = world.key(&["*"]).await;
    let path = "/api/v1/api-keys";
    let body = |name: &str| json!({ "name": name, "scopes": [], "environment": "live" });
    let admin = world.admin_key.as_str();
    create(&world, path, admin, "w", &body("a")).await.is(201);
    create(&world, path, &second, "w", &body("b")).await.is(201);
    create(&world, path, &second, "w", &body("a")).await.refuses(422, "IDEMPOTENCY_KEY_REUSED");
    let elsewhere = create(&world, "/v1/api-keys", admin, "w", &body("a")).await;
    assert!(elsewhere.status >= 400, "{}", elsewhere.json);
    let long = "x".repeat(256);
    for once in ["", "a b", &long] {
        create(&world, path, admin, once, &body("c")).await.refuses(400, "INVALID_PARAMETER");
    }
    create(&world, path, admin, &long[..255], &body("c")).await.is(201);
}

#[tokio::test]
async fn what_fails_is_not_kept() {
    let world = World::new().await;
    let path = "/api/v1/api-keys";
    let admin = world.admin_key.as_str();
    let taken = world.issue("a", json!({})).await;
    let body = json!({ "name": "a", "scopes": [], "environment": "live" });
    create(&world, path, admin, "w", &body).await.refuses(409, "ALREADY_EXISTS");
    world.delete(&format!("/api-keys/{}", taken.id)).await.is(204);
    create(&world, path, admin, "w", &body).await.is(201);
}

#[tokio::test]
async fn a_tenant_is_made_once() {
    let world = World::new().await;
    let (path, master) = ("/api/v1/tenants", world.master_key.clone());
    let body = json!({ "name": "B", "slug": "b", "issue_admin_key": true }).to_string();
    let headers = [("idempotency-key", "w")];
    let send = |body: &str| {
        let (key, body) = (Some(master.as_str()), Some(body.to_owned()));
        world.send(Call { method: "POST", path, key, headers: &headers, body })
    };
    let first = send(&body).await.is(201);
    let again = send(&body).await.is(201);
    assert_eq!(first.json, again.json);
    let secret = again.data()["admin_api_key"]["secret"].as_str().unwrap();
    world.call("GET", "/api/v1/api-keys/me", Some(secret), None, None).await.is(200);
    let other = json!({ "name": "C", "slug": "c" }).to_string();
    send(&other).await.fails(422, "idempotency_key_reused");
}

/// What is kept in the tenant.
async fn kept(world: &World) -> Vec<Idempotency> {
    let id: TenantId = world.tenant.parse().unwrap();
    let tenant = world.registry.tenant(id).await.unwrap();
    let page = Page { after: None, skip: 0, limit: 1_000 };
    let rows = tenant.read(move |view| Ok(view.scan::<Idempotencies>(&(), page)?)).await.unwrap();
    rows.into_iter().map(|(_, row)| row).collect()
}

#[tokio::test]
async fn what_is_kept_of_a_password_cannot_be_guessed_at() {
    let world = World::new().await;
    let body = json!({ "username": "ada", "email": "a@b.c", "password": "a password of hers" });
    let path = world.path("/users");
    create(&world, &path, &world.admin_key, "w", &body).await.is(201);
    let mut guess = blake3::Hasher::new();
    for part in ["POST", &path, &body.to_string()] {
        guess.update(&(part.len() as u64).to_be_bytes());
        guess.update(part.as_bytes());
    }
    let rows = kept(&world).await;
    assert_eq!(rows.len(), 1);
    assert_ne!(rows[0].request, *guess.finalize().as_bytes());
}

#[tokio::test]
async fn what_is_over_makes_room() {
    let world = World::new().await;
    let fill = async |from: usize, to: usize| {
        for number in from..to {
            let once = format!("w{number}");
            let body = json!({ "name": format!("role{number}") });
            create(&world, &world.path("/roles"), &world.admin_key, &once, &body).await.is(201);
        }
    };
    fill(0, 40).await;
    assert_eq!(kept(&world).await.len(), 40);
    world.clock.advance_ms(86_400_001);
    fill(40, 80).await;
    let rows = kept(&world).await.len();
    assert!((40..60).contains(&rows), "{rows}");
}
