//! Somebody must be left who administers the tenant.

use serde_json::{Value, json};

use crate::harness::World;

/// A tenant whose only administrator is a user: its key has been revoked. The master's key calls.
struct Scene {
    world: World,
    ada: String,
    role: String,
    group: String,
}

impl Scene {
    async fn new(by_group: bool) -> Self {
        let world = World::new().await;
        let (ada, group) = (world.user("ada").await, world.group("admins").await);
        let (role, _) = world.role_with("all", "*").await;
        let body = json!({ "role_id": role });
        if by_group {
            world.post(&format!("/groups/{group}/roles"), body).await.is(204);
            world.post(&format!("/users/{ada}/groups"), json!({ "group_id": group })).await.is(204);
        } else {
            world.post(&format!("/users/{ada}/roles"), body).await.is(204);
        }
        let revoke = format!("/api-keys/{}/revoke", world.admin_key_id);
        world.by(&world.admin_key, "POST", &revoke, None).await.is(204);
        world.get("/users").await.fails(401, "unauthorized");
        Self { world, ada, role, group }
    }

    async fn try_to(
        &self,
        method: &str,
        below: &str,
        body: Option<Value>,
    ) -> crate::harness::Answer {
        self.world.by(&self.world.master_key, method, below, body).await
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let scene = Scene::new(false).await;
    let Scene { ada, role, .. } = &scene;
    let grants = scene.try_to("GET", &format!("/roles/{role}/permissions"), None).await;
    let star = grants.each("id")[0].to_owned();
    let ends = json!({ "role_id": role, "expires_at": "2027-01-01T00:00:00Z" });
    let changes = [
        ("DELETE", format!("/users/{ada}"), None),
        ("PATCH", format!("/users/{ada}"), Some(json!({ "status": "disabled" }))),
        ("DELETE", format!("/users/{ada}/roles/{role}"), None),
        ("POST", format!("/users/{ada}/roles"), Some(ends)),
        ("DELETE", format!("/roles/{role}"), None),
        ("DELETE", format!("/roles/{role}/permissions/{star}"), None),
        ("DELETE", format!("/permissions/{star}"), None),
        ("PATCH", format!("/permissions/{star}"), Some(json!({ "name": "a:b" }))),
    ];
    for (method, below, body) in &changes {
        let answer = scene.try_to(method, below, body.clone()).await;
        answer.fails(409, "last_administrator");
    }
    // With a second one, each of them may go.
    let eve = json!({ "username": "eve", "email": "e@b.c" });
    let eve = scene.try_to("POST", "/users", Some(eve)).await.is(201);
    let eve = eve.data()["id"].as_str().unwrap().to_owned();
    let roles = scene.try_to("GET", "/roles", None).await.is(200);
    let admin = roles.items().iter().find(|role| role["name"] == "super_admin").unwrap();
    let body = Some(json!({ "role_id": admin["id"] }));
    scene.try_to("POST", &format!("/users/{eve}/roles"), body).await.is(204);
    scene.try_to("DELETE", &format!("/users/{ada}"), None).await.is(204);
    let gone = scene.try_to("DELETE", &format!("/users/{eve}"), None).await;
    gone.fails(409, "last_administrator");
}

#[tokio::test]
async fn nor_is_it_taken_away_by_its_group() {
    let scene = Scene::new(true).await;
    let Scene { ada, role, group, .. } = &scene;
    let until = "2027-01-01T00:00:00Z";
    for (method, below, body) in [
        ("DELETE", format!("/groups/{group}"), None),
        ("DELETE", format!("/groups/{group}/roles/{role}"), None),
        ("DELETE", format!("/groups/{group}/members/{ada}"), None),
        ("DELETE", format!("/users/{ada}/groups/{group}"), None),
        (
            "POST",
            format!("/groups/{group}/members"),
            Some(json!({ "user_id": ada, "expires_at": until })),
        ),
        (
            "POST",
            format!("/groups/{group}/roles"),
            Some(json!({ "role_id": role, "expires_at": until })),
        ),
    ] {
        scene.try_to(method, &below, body).await.fails(409, "last_administrator");
    }
    let renamed = Some(json!({ "name": "others" }));
    scene.try_to("PATCH", &format!("/groups/{group}"), renamed).await.is(200);
}
