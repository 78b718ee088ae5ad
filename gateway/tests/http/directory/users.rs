//! Users, their roles and their groups.

use latchkey_actors::users as domain;
use latchkey_storage::id::UserId;
use serde_json::{Value, json};

use crate::harness::World;

#[tokio::test]
async fn a_user_has_every_field_and_no_password() {
    let world = World::new().await;
    let body = json!({
        "username": "ada", "email": "ada@example.com", "password": "correct horse",
        "phone": "+44 20", "first_name": "Ada", "last_name": "L", "display_name": "Ada L",
        "avatar_url": "https://example.com/a.png", "locale": "en-GB", "timezone": "Europe/London",
        "metadata": { "team": "engines" }, "email_verified": true, "status": "invited",
    });
    let made = world.post("/users", body.clone()).await.is(201);
    for (member, value) in body.as_object().unwrap() {
        let shown = made.data().get(member);
        assert_eq!(shown, (member != "password").then_some(value), "{member}");
    }
    let mut members: Vec<&String> = made.data().as_object().unwrap().keys().collect();
    members.sort();
    let expected = "avatar_url created_at display_name email email_verified \
        failed_login_attempts first_name id last_login_at last_name locale locked_until metadata \
        mfa_enabled mfa_type phone phone_verified status tenant_id timezone updated_at username";
    assert_eq!(members, expected.split_whitespace().collect::<Vec<_>>());
}

/// The hash that is kept.
async fn hash(world: &World, user: &str) -> Option<String> {
    let (tenant, user): (_, UserId) = (world.tenant.parse().unwrap(), user.parse().unwrap());
    let tenant = world.registry.tenant(tenant).await.unwrap();
    tenant.read(move |view| domain::fetch(view, user)).await.unwrap().password_hash
}

#[tokio::test]
async fn a_password_is_kept_as_its_hash() {
    let world = World::new().await;
    let body = json!({ "username": "ada", "email": "a@b.c", "password": "correct horse" });
    let user = world.make("/users", body).await;
    let one = format!("/users/{user}");
    let first = hash(&world, &user).await.unwrap();
    assert!(first.starts_with("$argon2id$"), "{first}");
    world.patch(&one, json!({ "display_name": "Ada" })).await.is(200);
    world.put(&one, json!({ "username": "ada", "email": "a@b.c" })).await.is(200);
    assert_eq!(hash(&world, &user).await.unwrap(), first, "it stays where it is not said");
    world.patch(&one, json!({ "password": "another horse" })).await.is(200);
    assert_ne!(hash(&world, &user).await.unwrap(), first);
    world.patch(&one, json!({ "password": null })).await.is(200);
    assert_eq!(hash(&world, &user).await, None);
    world.patch(&one, json!({ "password": "short" })).await.concerns("password");
}

#[tokio::test]
async fn a_replacement_takes_defaults_and_a_patch_merges() {
    let world = World::new().await;
    let body = json!({
        "username": "ada", "email": "a@b.c", "first_name": "Ada", "locale": "de",
        "email_verified": true, "metadata": { "a": { "b": 1, "c": 2 } },
    });
    let user = world.make("/users", body).await;
    let one = format!("/users/{user}");
    let patch = json!({ "last_name": "L", "metadata": { "a": { "b": null }, "d": 3 } });
    let changed = world.patch(&one, patch).await.is(200);
    let data = changed.data();
    assert_eq!((&data["first_name"], &data["last_name"]), (&json!("Ada"), &json!("L")));
    assert_eq!(data["metadata"], json!({ "a": { "c": 2 }, "d": 3 }));
    assert_eq!(data["email_verified"], true);
    let changed = world.patch(&one, json!({ "email": "x@b.c", "locale": null })).await.is(200);
    let data = changed.data();
    assert_eq!((&data["email_verified"], &data["locale"]), (&json!(false), &json!("en")));
    let replaced = world.put(&one, json!({ "username": "eve", "email": "e@b.c" })).await.is(200);
    let data = replaced.data();
    assert_eq!((&data["first_name"], &data["metadata"]), (&Value::Null, &json!({})));
    assert_eq!((&data["status"], &data["timezone"]), (&json!("active"), &json!("UTC")));
    assert_eq!(world.get(&one).await.is(200).data(), data);
}

#[tokio::test]
async fn names_are_taken_whatever_their_case() {
    let world = World::new().await;
    world.user("ada").await;
    let eve = world.user("eve").await;
    for taken in [json!({ "username": "ADA" }), json!({ "email": "Ada@Example.com" })] {
        world.patch(&format!("/users/{eve}"), taken).await.fails(409, "already_exists");
    }
}

#[tokio::test]
async fn broken_rules_name_their_member() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    for (member, value) in [
        ("username", json!("")),
        ("email", json!("nobody")),
        ("status", json!("asleep")),
        ("avatar_url", json!("ftp://x")),
        ("locale", json!("d e")),
        ("metadata", json!([])),
    ] {
        world.patch(&format!("/users/{ada}"), json!({ member: value })).await.concerns(member);
    }
}

#[tokio::test]
async fn roles_are_assigned_until_they_end() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, _) = world.role_with("reader", "docs:read").await;
    let roles = format!("/users/{ada}/roles");
    assert!(!world.may(&ada, "docs:read").await);
    let until = json!({ "role_id": role, "expires_at": "2026-02-02T02:50:00Z" });
    world.post(&roles, until).await.is(204);
    assert!(world.may(&ada, "docs:read").await);
    let list = world.get(&roles).await.is(200);
    assert_eq!(
        (list.each("name"), list.each("expires_at")),
        (vec!["reader"], vec!["2026-02-02T02:50:00.000Z"])
    );
    assert_eq!(list.json["meta"]["total"], 1);
    world.clock.advance_ms(600_000);
    assert!(!world.may(&ada, "docs:read").await, "it has ended");
    world.post(&roles, json!({ "role_id": role })).await.is(204);
    assert!(world.may(&ada, "docs:read").await, "it stays now");
    assert_eq!(world.get(&roles).await.is(200).items()[0]["expires_at"], Value::Null);
    world.delete(&format!("{roles}/{role}")).await.is(204);
    assert!(!world.may(&ada, "docs:read").await);
    world.delete(&format!("{roles}/{role}")).await.fails(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_assigned_is_said() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (role, group) = (world.role("reader").await, world.group("staff").await);
    for (link, member, id) in [("roles", "role_id", &role), ("groups", "group_id", &group)] {
        let list = format!("/users/{ada}/{link}");
        world.post(&list, json!({ member: ada })).await.concerns(member);
        let past = json!({ member: id, "expires_at": "2020-01-01T00:00:00Z" });
        world.post(&list, past).await.concerns("expires_at");
        let none = json!({ member: id, "expires_at": "tomorrow" });
        world.post(&list, none).await.concerns("expires_at");
        let nobody = format!("/users/{id}/{link}");
        world.post(&nobody, json!({ member: id })).await.fails(404, "not_found");
        world.get(&nobody).await.fails(404, "not_found");
        assert_eq!(world.get(&list).await.is(200).json["meta"]["total"], 0);
    }
}

#[tokio::test]
async fn a_restored_user_has_its_roles_and_groups_again() {
    let world = World::new().await;
    let (ada, group) = (world.user("ada").await, world.group("staff").await);
    let (reader, _) = world.role_with("reader", "docs:read").await;
    let (writer, _) = world.role_with("writer", "docs:write").await;
    world.post(&format!("/users/{ada}/roles"), json!({ "role_id": reader })).await.is(204);
    world.post(&format!("/groups/{group}/roles"), json!({ "role_id": writer })).await.is(204);
    world.post(&format!("/users/{ada}/groups"), json!({ "group_id": group })).await.is(204);
    let both = async || (world.may(&ada, "docs:read").await, world.may(&ada, "docs:write").await);
    assert_eq!(both().await, (true, true));
    world.delete(&format!("/users/{ada}")).await.is(204);
    assert_eq!(both().await, (false, false));
    assert_eq!(world.get(&format!("/groups/{group}/members")).await.items(), [] as [Value; 0]);
    world.restore(&format!("/users/{ada}")).await.is(200);
    assert_eq!(both().await, (true, true));
    world.patch(&format!("/users/{ada}"), json!({ "status": "disabled" })).await.is(200);
    assert_eq!(both().await, (false, false));
}
