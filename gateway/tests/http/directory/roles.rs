//! Roles, what they inherit and what they grant.

use serde_json::{Value, json};

use crate::harness::World;

#[tokio::test]
async fn a_role_has_every_field() {
    let world = World::new().await;
    let base = world.role("base").await;
    let body = json!({
        "name": "editor", "display_name": "Editor", "description": "Edits", "is_composite": false,
        "parents": ["base", "audit_viewer"], "metadata": { "a": 1 },
    });
    let made = world.post("/roles", body).await.is(201);
    let data = made.data();
    let viewer = world.system_role("audit_viewer").await;
    assert_eq!(data["parents"], json!([base, viewer]));
    assert_eq!((&data["is_composite"], &data["is_system"]), (&json!(true), &json!(false)));
    assert_eq!((&data["display_name"], &data["metadata"]), (&json!("Editor"), &json!({ "a": 1 })));
    let one = format!("/roles/{}", data["id"].as_str().unwrap());
    let changed = world.patch(&one, json!({ "description": null })).await.is(200);
    assert_eq!(
        (&changed.data()["description"], &changed.data()["parents"]),
        (&Value::Null, &data["parents"])
    );
    let replaced = world.put(&one, json!({ "name": "writer" })).await.is(200);
    let data = replaced.data();
    assert_eq!((&data["name"], &data["parents"]), (&json!("writer"), &json!([])));
    assert_eq!((&data["is_composite"], &data["metadata"]), (&json!(false), &json!({})));
}

#[tokio::test]
async fn parents_give_what_they_grant() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (reader, _) = world.role_with("reader", "docs:read").await;
    let editor = world.make("/roles", json!({ "name": "editor", "parents": [reader] })).await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": editor })).await.is(204);
    assert!(world.may(&ada, "docs:read").await);
    world.patch(&format!("/roles/{editor}"), json!({ "parents": null })).await.is(200);
    assert!(!world.may(&ada, "docs:read").await);
    world.patch(&format!("/roles/{editor}"), json!({ "parents": ["reader"] })).await.is(200);
    assert!(world.may(&ada, "docs:read").await);
    world.delete(&format!("/roles/{reader}")).await.is(204);
    assert!(!world.may(&ada, "docs:read").await);
    world.restore(&format!("/roles/{reader}")).await.is(200);
    assert!(world.may(&ada, "docs:read").await, "its heirs have it again");
}

#[tokio::test]
async fn parents_must_be_there_and_make_no_circle() {
    let world = World::new().await;
    let base = world.role("base").await;
    let heir = world.make("/roles", json!({ "name": "heir", "parents": ["base"] })).await;
    for parents in [json!(["none"]), json!([world.tenant])] {
        world.post("/roles", json!({ "name": "x", "parents": parents })).await.concerns("parents");
    }
    let circle = world.patch(&format!("/roles/{base}"), json!({ "parents": [heir] })).await;
    circle.concerns("parents");
    let mut above = heir;
    for level in 3..=10 {
        let body = json!({ "name": format!("level {level}"), "parents": [above] });
        above = world.make("/roles", body).await;
    }
    world.post("/roles", json!({ "name": "x", "parents": [above] })).await.concerns("parents");
}

#[tokio::test]
async fn permissions_are_granted_and_revoked() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, permission) = world.role_with("reader", "docs:read").await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": role })).await.is(204);
    let grants = format!("/roles/{role}/permissions");
    assert!(world.may(&ada, "docs:read").await);
    world.post(&grants, json!({ "permission_id": permission })).await.is(204);
    let list = world.get(&grants).await.is(200);
    assert_eq!((list.each("name"), &list.json["meta"]["total"]), (vec!["docs:read"], &json!(1)));
    assert_eq!((list.each("resource"), list.each("action")), (vec!["docs"], vec!["read"]));
    world.delete(&format!("{grants}/{permission}")).await.is(204);
    assert!(!world.may(&ada, "docs:read").await);
    world.delete(&format!("{grants}/{permission}")).await.fails(404, "not_found");
    world.post(&grants, json!({ "permission_id": role })).await.concerns("permission_id");
    let nowhere = format!("/roles/{permission}/permissions");
    world.post(&nowhere, json!({ "permission_id": permission })).await.fails(404, "not_found");
    world.get(&nowhere).await.fails(404, "not_found");
}

#[tokio::test]
async fn a_restored_role_comes_back_to_all_who_had_it() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": role })).await.is(204);
    world.delete(&format!("/roles/{role}")).await.is(204);
    assert!(!world.may(&ada, "docs:read").await);
    assert_eq!(world.get(&format!("/users/{ada}/roles")).await.json["meta"]["total"], 0);
    world.restore(&format!("/roles/{role}")).await.is(200);
    assert!(world.may(&ada, "docs:read").await);
}

#[tokio::test]
async fn built_in_roles_cannot_be_changed() {
    let world = World::new().await;
    let permission = world.permission("docs:read").await;
    let names = world.get("/roles").await.is(200);
    assert_eq!(names.each("name").len(), 9);
    for name in names.each("name") {
        let role = world.system_role(name).await;
        let one = format!("/roles/{role}");
        assert_eq!(world.get(&one).await.is(200).data()["is_system"], true);
        assert!(!world.get(&format!("{one}/permissions")).await.is(200).items().is_empty());
        let taken = world.post("/roles", json!({ "name": name })).await;
        taken.fails(409, "already_exists");
        world.put(&one, json!({ "name": "x" })).await.fails(403, "system_role");
        world.patch(&one, json!({ "description": "x" })).await.fails(403, "system_role");
        world.delete(&one).await.fails(403, "system_role");
        world.restore(&one).await.fails(403, "system_role");
        let grants = format!("{one}/permissions");
        let body = json!({ "permission_id": permission });
        world.post(&grants, body).await.fails(403, "system_role");
        world.delete(&format!("{grants}/{permission}")).await.fails(403, "system_role");
    }
    let ada = world.user("ada").await;
    let auditor = world.system_role("audit_viewer").await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": auditor })).await.is(204);
    assert!(world.may(&ada, "audit:export").await && !world.may(&ada, "users:read").await);
}
