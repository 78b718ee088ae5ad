//! What other systems are told of a user.

use serde_json::{Value, json};

use crate::harness::World;

#[tokio::test]
async fn a_user_is_told_with_what_counts_now() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let top = world.group("top").await;
    let below = world.make("/groups", json!({ "name": "below", "parent_id": top })).await;
    let (reader, _) = world.role_with("reader", "docs:read").await;
    let (writer, _) = world.role_with("writer", "docs:write").await;
    let until = json!({ "role_id": reader, "expires_at": "2026-02-02T02:50:00Z" });
    world.post(&format!("/users/{ada}/roles"), until).await.is(204);
    world.post(&format!("/groups/{top}/roles"), json!({ "role_id": writer })).await.is(204);
    world.post(&format!("/users/{ada}/groups"), json!({ "group_id": below })).await.is(204);
    let info = async || world.get(&format!("/integration/users/{ada}")).await.is(200);
    let told = info().await;
    let data = told.data();
    let role = |id: &str, name| json!({ "id": id, "name": name, "display_name": null });
    assert_eq!(data["roles"], json!([role(&reader, "reader"), role(&writer, "writer")]));
    assert_eq!(data["groups"], json!([{ "id": below, "name": "below", "path": "/top/below" }]));
    assert_eq!(data["permissions"], json!(["docs:read", "docs:write"]));
    let user = json!([ada, world.tenant, "ada", "ada@example.com", false, "en", "UTC", {}]);
    let members = "id tenant_id username email email_verified locale timezone metadata";
    let shown: Vec<&Value> = members.split(' ').map(|member| &data[member]).collect();
    assert_eq!(json!(shown), user);
    world.clock.advance_ms(600_000);
    let told = info().await;
    assert_eq!(told.data()["roles"], json!([role(&writer, "writer")]), "the other has ended");
    assert_eq!(told.data()["permissions"], json!(["docs:write"]));
    world.patch(&format!("/users/{ada}"), json!({ "status": "locked" })).await.is(200);
    assert_eq!(info().await.data()["permissions"], json!([]));
    world.delete(&format!("/users/{ada}")).await.is(204);
    world.get(&format!("/integration/users/{ada}")).await.fails(404, "not_found");
}
