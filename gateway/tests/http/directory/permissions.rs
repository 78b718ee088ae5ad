//! Permissions and their names.

use serde_json::{Value, json};

use crate::harness::World;

fn new(name: &str, resource: &str, action: &str) -> Value {
    json!({ "name": name, "resource": resource, "action": action })
}

#[tokio::test]
async fn a_permission_has_every_field() {
    let world = World::new().await;
    let mut body = new("docs/*:read", "docs/*", "read");
    body["display_name"] = json!("Read");
    body["description"] = json!("Reads");
    body["conditions"] = json!({ "op": "and" });
    let made = world.post("/permissions", body.clone()).await.is(201);
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(&made.data()[member], value);
    }
    let one = format!("/permissions/{}", made.data()["id"].as_str().unwrap());
    let patch = json!({ "display_name": null, "conditions": { "args": [] } });
    let changed = world.patch(&one, patch).await.is(200);
    let data = changed.data();
    assert_eq!((&data["display_name"], &data["name"]), (&Value::Null, &json!("docs/*:read")));
    assert_eq!(data["conditions"], json!({ "op": "and", "args": [] }));
    let replaced = world.put(&one, new("a:b", "a", "b")).await.is(200);
    assert_eq!(
        (&replaced.data()["description"], &replaced.data()["conditions"]),
        (&Value::Null, &json!({}))
    );
    let star = world.permission("*").await;
    let star = world.get(&format!("/permissions/{star}")).await.is(200);
    let data = star.data();
    assert_eq!(
        (&data["name"], &data["resource"], &data["action"]),
        (&json!("*"), &json!("*"), &json!("*"))
    );
}

#[tokio::test]
async fn a_name_is_the_pair() {
    let world = World::new().await;
    for (name, resource, action) in
        [("a:c", "a", "b"), ("a:b:c", "a:b", "c"), ("a b:c", "a b", "c"), ("a*:b", "a*", "b")]
    {
        world.post("/permissions", new(name, resource, action)).await.concerns("name");
    }
    let id = world.permission("docs:read").await;
    let one = format!("/permissions/{id}");
    for (patch, name) in [
        (json!({ "action": "write" }), "docs:write"),
        (json!({ "resource": "pages" }), "pages:write"),
        (json!({ "name": "pages:read" }), "pages:read"),
        (new("x:y", "x", "y"), "x:y"),
    ] {
        assert_eq!(world.patch(&one, patch).await.is(200).data()["name"], name);
    }
    world.patch(&one, json!({ "name": "x:z", "action": "y" })).await.concerns("name");
    world.permission("docs:read").await;
    world.patch(&one, json!({ "name": "docs:read" })).await.fails(409, "already_exists");
}

#[tokio::test]
async fn decisions_follow_the_permission() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, permission) = world.role_with("reader", "docs:read").await;
    let one = format!("/permissions/{permission}");
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": role })).await.is(204);
    let both = async || (world.may(&ada, "docs:read").await, world.may(&ada, "docs:write").await);
    assert_eq!(both().await, (true, false));
    world.patch(&one, json!({ "action": "write" })).await.is(200);
    assert_eq!(both().await, (false, true));
    world.delete(&one).await.is(204);
    assert_eq!(both().await, (false, false));
    assert_eq!(world.get(&format!("/roles/{role}/permissions")).await.json["meta"]["total"], 0);
    world.restore(&one).await.is(200);
    assert_eq!(both().await, (false, true), "the roles that held it hold it again");
}

#[tokio::test]
async fn those_of_built_in_roles_are_read_alone() {
    let world = World::new().await;
    let (admin, own) = (world.system_role("super_admin").await, world.role("own").await);
    let list = world.get(&format!("/roles/{admin}/permissions")).await.is(200);
    assert_eq!(list.each("name"), ["*"]);
    let star = list.each("id")[0].to_owned();
    let one = format!("/permissions/{star}");
    assert_eq!(world.get(&one).await.is(200).data(), &list.items()[0]);
    world.delete(&one).await.fails(404, "not_found");
    world.patch(&one, json!({ "description": "x" })).await.fails(404, "not_found");
    let grant = json!({ "permission_id": star });
    world.post(&format!("/roles/{own}/permissions"), grant).await.concerns("permission_id");
}
