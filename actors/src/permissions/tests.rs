//! Permissions over a real store.

use latchkey_storage::tables::Permission;

use super::{Create, NewPermission, Remove, Restore, Update, fetch, list, pair};
use crate::error::Code;
use crate::testing::{World, edit, new_permission, refusal};
use crate::users::Assign;

#[test]
fn a_name_is_its_resource_and_its_action() {
    assert_eq!(pair("docs:read", "docs", "read").unwrap().to_string(), "docs:read");
    assert_eq!(pair("*", "*", "*").unwrap().to_string(), "*");
    assert_eq!(pair("*:*", "*", "*").unwrap().to_string(), "*");
    for (name, resource, action) in [
        ("docs:read", "docs", "write"),
        ("docs", "docs", ""),
        ("do*cs:read", "do*cs", "read"),
        ("docs:read:x", "docs", "read:x"),
        ("docs read:x", "docs read", "x"),
    ] {
        let refused = refusal(pair(name, resource, action));
        assert_eq!(refused, (Code::ValidationError, "name".into()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_in_their_one_form_and_free_after_a_delete() {
    let world = World::new().await;
    let star = world.permission("*:*").await;
    assert_eq!(star.name, "*");
    let again = refusal(world.run(Create(new_permission("*"))).await);
    assert_eq!(again.0, Code::AlreadyExists);
    let bad = NewPermission { conditions: Some("1".into()), ..new_permission("a:b") };
    assert_eq!(refusal(world.run(Create(bad)).await).1, "conditions");

    world.run(Remove { id: star.id, if_match: None }).await.unwrap();
    assert_eq!(refusal(world.run(Remove { id: star.id, if_match: None }).await).0, Code::NotFound);
    let other = world.permission("*").await;
    assert_eq!(refusal(world.run(Restore(star.id)).await).0, Code::AlreadyExists);
    world.run(Remove { id: other.id, if_match: Some(1) }).await.unwrap();
    let back = world.run(Restore(star.id)).await.unwrap();
    assert_eq!(back.version, 3);
    let (page, total) = world.read(|view| list(view, 0, 9)).await.unwrap();
    assert_eq!((page.len(), total), (1, 1));
    let read = world.read(move |view| fetch(view, star.id)).await.unwrap();
    assert_eq!(read, back);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_permission_counts_at_once() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, permission) = world.role_with("role", "docs:read").await;
    world.run(Assign { user, role: role.id, expires_at: None }).await.unwrap();
    let may = async |resource| world.may(user, resource, "read").await.unwrap();
    assert!(may("docs").await);
    let rename = |name: &'static str, if_match| Update {
        id: permission.id,
        edit: edit(move |row: &mut Permission| row.name = name.into()),
        if_match,
    };
    assert_eq!(refusal(world.run(rename("no name", None)).await).1, "name");
    let stale = refusal(world.run(rename("files:read", Some(4))).await);
    assert_eq!(stale.0, Code::PreconditionFailed);
    world.run(rename("files:read", None)).await.unwrap();
    assert_eq!((may("docs").await, may("files").await), (false, true));
    world.permission("docs:read").await;
    assert_eq!(refusal(world.run(rename("docs:read", None)).await).0, Code::AlreadyExists);
    world.run(Remove { id: permission.id, if_match: None }).await.unwrap();
    assert!(!may("files").await);
    world.run(Restore(permission.id)).await.unwrap();
    assert!(may("files").await, "a restore brings the grants back");
}
