//! Groups, their tree, their members and their roles.

use serde_json::{Value, json};

use crate::harness::World;

#[tokio::test]
async fn a_group_knows_its_path() {
    let world = World::new().await;
    let top = world.group("staff").await;
    let body = json!({
        "name": "engines", "display_name": "E", "description": "D", "parent_id": top,
        "metadata": { "a": 1 },
    });
    let made = world.post("/groups", body.clone()).await.is(201);
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(&made.data()[member], value);
    }
    assert_eq!(made.data()["path"], "/staff/engines");
    let one = format!("/groups/{}", made.data()["id"].as_str().unwrap());
    let list = world.get("/groups").await.is(200);
    assert_eq!(list.each("path"), ["/staff", "/staff/engines"]);
    world.patch(&format!("/groups/{top}"), json!({ "name": "all" })).await.is(200);
    assert_eq!(world.get(&one).await.is(200).data()["path"], "/all/engines");
    let moved = world.patch(&one, json!({ "parent_id": null })).await.is(200);
    assert_eq!(
        (&moved.data()["path"], &moved.data()["metadata"]),
        (&json!("/engines"), &json!({ "a": 1 }))
    );
    let back = world.put(&one, json!({ "name": "motors", "parent_id": top })).await.is(200);
    assert_eq!(
        (&back.data()["path"], &back.data()["metadata"]),
        (&json!("/all/motors"), &json!({}))
    );
    assert_eq!(back.data()["display_name"], Value::Null);
}

#[tokio::test]
async fn a_tree_has_no_circle_and_few_levels() {
    let world = World::new().await;
    let top = world.group("1").await;
    let mut last = top.clone();
    for level in 2..=10 {
        let body = json!({ "name": level.to_string(), "parent_id": last });
        last = world.make("/groups", body).await;
    }
    world.post("/groups", json!({ "name": "11", "parent_id": last })).await.concerns("parent_id");
    let circle = world.patch(&format!("/groups/{top}"), json!({ "parent_id": last })).await;
    circle.concerns("parent_id");
    let none = json!({ "name": "x", "parent_id": world.tenant });
    world.post("/groups", none).await.concerns("parent_id");
    world.delete(&format!("/groups/{top}")).await.fails(409, "has_children");
}

#[tokio::test]
async fn a_group_comes_back_below_its_parent_alone() {
    let world = World::new().await;
    let top = world.group("top").await;
    let below = world.make("/groups", json!({ "name": "below", "parent_id": top })).await;
    world.delete(&format!("/groups/{below}")).await.is(204);
    world.delete(&format!("/groups/{top}")).await.is(204);
    world.restore(&format!("/groups/{below}")).await.fails(409, "parent_deleted");
    world.restore(&format!("/groups/{top}")).await.is(200);
    let back = world.restore(&format!("/groups/{below}")).await.is(200);
    assert_eq!(back.data()["path"], "/top/below");
}

#[tokio::test]
async fn both_doors_write_the_same_membership() {
    let world = World::new().await;
    let (ada, group) = (world.user("ada").await, world.group("staff").await);
    let (members, groups) = (format!("/groups/{group}/members"), format!("/users/{ada}/groups"));
    let until = "2026-02-02T02:50:00.000Z";
    world.post(&members, json!({ "user_id": ada, "expires_at": until })).await.is(204);
    for (list, name) in [(&members, "username"), (&groups, "name")] {
        let list = world.get(list).await.is(200);
        assert_eq!((list.each(name).len(), list.each("expires_at")), (1, vec![until]));
    }
    world.post(&groups, json!({ "group_id": group })).await.is(204);
    assert_eq!(world.get(&members).await.items()[0]["expires_at"], Value::Null);
    assert_eq!(world.get(&groups).await.items()[0]["path"], "/staff");
    world.delete(&format!("{groups}/{group}")).await.is(204);
    assert_eq!(world.get(&members).await.json["meta"]["total"], 0);
    world.delete(&format!("{members}/{ada}")).await.fails(404, "not_found");
    world.post(&groups, json!({ "group_id": group })).await.is(204);
    world.delete(&format!("{members}/{ada}")).await.is(204);
    world.delete(&format!("{groups}/{group}")).await.fails(404, "not_found");
    world.post(&members, json!({ "user_id": group })).await.concerns("user_id");
    let past = json!({ "user_id": ada, "expires_at": "2020-01-01T00:00:00Z" });
    world.post(&members, past).await.concerns("expires_at");
    let nowhere = format!("/groups/{ada}/members");
    world.post(&nowhere, json!({ "user_id": ada })).await.fails(404, "not_found");
    world.get(&nowhere).await.fails(404, "not_found");
}

#[tokio::test]
async fn members_have_the_roles_of_the_group_and_of_those_above() {
    let world = World::new().await;
    let (ada, top) = (world.user("ada").await, world.group("top").await);
    let below = world.make("/groups", json!({ "name": "below", "parent_id": top })).await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    let roles = format!("/groups/{top}/roles");
    world.post(&format!("/groups/{below}/members"), json!({ "user_id": ada })).await.is(204);
    let may = async || world.may(&ada, "docs:read").await;
    assert!(!may().await);
    let until = json!({ "role_id": role, "expires_at": "2026-02-02T02:50:00Z" });
    world.post(&roles, until).await.is(204);
    assert!(may().await);
    world.clock.advance_ms(600_000);
    assert!(!may().await, "it has ended");
    world.post(&roles, json!({ "role_id": role })).await.is(204);
    assert!(may().await);
    let list = world.get(&roles).await.is(200);
    assert_eq!((list.each("name"), &list.items()[0]["expires_at"]), (vec!["reader"], &Value::Null));
    world.patch(&format!("/groups/{below}"), json!({ "parent_id": null })).await.is(200);
    assert!(!may().await, "it has moved away");
    world.patch(&format!("/groups/{below}"), json!({ "parent_id": top })).await.is(200);
    assert!(may().await);
    world.delete(&format!("/groups/{below}")).await.is(204);
    assert!(!may().await);
    world.restore(&format!("/groups/{below}")).await.is(200);
    assert!(may().await, "with its members");
    world.delete(&format!("{roles}/{role}")).await.is(204);
    assert!(!may().await);
    world.delete(&format!("{roles}/{role}")).await.fails(404, "not_found");
    world.post(&roles, json!({ "role_id": ada })).await.concerns("role_id");
    let nowhere = format!("/groups/{ada}/roles");
    world.post(&nowhere, json!({ "role_id": role })).await.fails(404, "not_found");
    world.get(&nowhere).await.fails(404, "not_found");
}
