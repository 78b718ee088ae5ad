//! Nobody grants what they do not hold.

use serde_json::{Value, json};

use crate::harness::World;

/// Everything that a helper may do in the directory, and `docs:read` of what roles may grant.
const HELPER: &[&str] = &["users:*", "roles:*", "groups:*", "permissions:*", "docs:read"];

/// A helper with a role and a group for each of what it holds and what it does not.
struct Scene {
    world: World,
    helper: String,
    ada: String,
    held: (String, String),
    other: (String, String),
    group_held: String,
    group_other: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let helper = world.key(HELPER).await;
        let ada = world.user("ada").await;
        let held = world.role_with("reader", "docs:read").await;
        let other = world.role_with("writer", "docs:write").await;
        let (group_held, group_other) =
            (world.group("readers").await, world.group("writers").await);
        for (group, role) in [(&group_held, &held.0), (&group_other, &other.0)] {
            world.post(&format!("/groups/{group}/roles"), json!({ "role_id": role })).await.is(204);
        }
        Self { world, helper, ada, held, other, group_held, group_other }
    }

    /// The helper may do this with what it holds, and not with what it does not.
    async fn check(&self, method: &str, below: &str, held: Value, other: Value) {
        let refused = self.world.by(&self.helper, method, below, Some(other.clone())).await;
        let refused = refused.fails(403, "forbidden");
        let message = refused.json["message"].as_str().unwrap();
        assert!(message.ends_with("`docs:write` is not held by the credential"), "{message}");
        let answer = self.world.by(&self.helper, method, below, Some(held)).await;
        assert!((200..300).contains(&answer.status), "{method} {below}: {}", answer.json);
        let answer = self.world.by(&self.world.admin_key, method, below, Some(other)).await;
        assert!((200..300).contains(&answer.status), "{method} {below}: {}", answer.json);
    }
}

#[tokio::test]
async fn roles_and_groups_are_given_by_those_who_hold_them() {
    let scene = Scene::new().await;
    let (held, other) = (json!({ "role_id": scene.held.0 }), json!({ "role_id": scene.other.0 }));
    let group = scene.world.group("new").await;
    for list in [format!("/users/{}/roles", scene.ada), format!("/groups/{group}/roles")] {
        scene.check("POST", &list, held.clone(), other.clone()).await;
    }
    let groups = format!("/users/{}/groups", scene.ada);
    let (held, other) =
        (json!({ "group_id": scene.group_held }), json!({ "group_id": scene.group_other }));
    scene.check("POST", &groups, held, other).await;
    let eve = scene.world.user("eve").await;
    let member = Some(json!({ "user_id": eve }));
    let members = |group: &str| format!("/groups/{group}/members");
    let by = async |group: &str| {
        scene.world.by(&scene.helper, "POST", &members(group), member.clone()).await
    };
    by(&scene.group_other).await.fails(403, "forbidden");
    by(&scene.group_held).await.is(204);
    assert!(!scene.world.may(&eve, "docs:write").await);
}

#[tokio::test]
async fn permissions_are_granted_by_those_who_hold_them() {
    let scene = Scene::new().await;
    let role = scene.world.role("new").await;
    let (held, other) =
        (json!({ "permission_id": scene.held.1 }), json!({ "permission_id": scene.other.1 }));
    scene.check("POST", &format!("/roles/{role}/permissions"), held, other).await;
}

#[tokio::test]
async fn parents_are_set_by_those_who_hold_what_they_give() {
    let scene = Scene::new().await;
    let (held, other) = (scene.held.0.as_str(), scene.other.0.as_str());
    let body = |name: &str, parent: &str| json!({ "name": name, "parents": [parent] });
    scene.check("POST", "/roles", body("a", held), body("b", other)).await;
    let role = format!("/roles/{}", scene.world.role("c").await);
    scene.check("PUT", &role, body("c", held), body("c", other)).await;
    // What stands is given by nobody: the helper may keep it, and not bring it back.
    let world = &scene.world;
    let rename = Some(body("d", other));
    world.by(&scene.helper, "PUT", &role, rename.clone()).await.is(200);
    world.by(&scene.helper, "PATCH", &role, Some(json!({ "parents": [] }))).await.is(200);
    world.by(&scene.helper, "PUT", &role, rename).await.fails(403, "forbidden");
    let star = Some(json!({ "parents": ["super_admin"] }));
    world.by(&scene.helper, "PATCH", &role, star).await.fails(403, "forbidden");
}

#[tokio::test]
async fn a_group_is_moved_by_those_who_hold_what_the_parent_gives() {
    let scene = Scene::new().await;
    let (held, other) = (scene.group_held.as_str(), scene.group_other.as_str());
    let body = |name: &str, parent: &str| json!({ "name": name, "parent_id": parent });
    scene.check("POST", "/groups", body("a", held), body("b", other)).await;
    let group = format!("/groups/{}", scene.world.group("c").await);
    scene.check("PATCH", &group, json!({ "parent_id": held }), json!({ "parent_id": other })).await;
    let world = &scene.world;
    world.by(&scene.helper, "PUT", &group, Some(body("d", other))).await.is(200);
    world.by(&scene.helper, "PATCH", &group, Some(json!({ "parent_id": null }))).await.is(200);
    let back = world.by(&scene.helper, "PUT", &group, Some(body("d", other))).await;
    back.fails(403, "forbidden");
}

#[tokio::test]
async fn a_permission_is_renamed_by_those_who_hold_the_new_name() {
    let scene = Scene::new().await;
    let one = format!("/permissions/{}", scene.world.permission("docs:list").await);
    let write = json!({ "name": "docs:write" });
    let refused = scene.world.by(&scene.helper, "PATCH", &one, Some(write)).await;
    refused.fails(403, "forbidden");
    let described = Some(json!({ "description": "x" }));
    scene.world.by(&scene.helper, "PATCH", &one, described).await.is(200);
    let star = Some(json!({ "name": "*", "resource": "*", "action": "*" }));
    scene.world.by(&scene.helper, "PUT", &one, star).await.fails(403, "forbidden");
    let scoped = Some(json!({ "action": "create", "resource": "users" }));
    scene.world.by(&scene.helper, "PATCH", &one, scoped).await.is(200);
}

#[tokio::test]
async fn nobody_restores_what_they_do_not_hold() {
    let scene = Scene::new().await;
    let (world, helper) = (&scene.world, scene.helper.as_str());
    let by = async |method: &str, below: &str, body| world.by(helper, method, below, body).await;
    let (role, permission) = (&scene.other.0, &scene.other.1);
    let list = format!("/users/{}/roles", scene.ada);
    let assign = Some(json!({ "role_id": role }));
    by("POST", &list, assign.clone()).await.fails(403, "forbidden");
    // While the permission is deleted the role gives nothing: it may be given, and not filled.
    by("DELETE", &format!("/permissions/{permission}"), None).await.is(204);
    by("POST", &list, assign).await.is(204);
    let others = [
        format!("/permissions/{permission}"),
        format!("/roles/{role}"),
        format!("/groups/{}", scene.group_other),
    ];
    let restored = by("POST", &format!("{}/restore", others[0]), None).await;
    restored.fails(403, "forbidden");
    assert!(!world.may(&scene.ada, "docs:write").await);
    world.restore(&others[0]).await.is(200);
    assert!(world.may(&scene.ada, "docs:write").await);
    for other in &others[1..] {
        by("DELETE", other, None).await.is(204);
        by("POST", &format!("{other}/restore"), None).await.fails(403, "forbidden");
        world.restore(other).await.is(200);
    }
    let held = [
        format!("/permissions/{}", scene.held.1),
        format!("/roles/{}", scene.held.0),
        format!("/groups/{}", scene.group_held),
    ];
    for held in held {
        by("DELETE", &held, None).await.is(204);
        by("POST", &format!("{held}/restore"), None).await.is(200);
        by("POST", &format!("{held}/restore"), None).await.fails(404, "not_found");
    }
}
