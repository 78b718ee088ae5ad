//! Roles over a real store.

use latchkey_storage::id::{PermissionId, RoleId, UserId};
use latchkey_storage::tables::{Permission, PermissionRoles, Role};

use super::{
    Create, Grant, NewRole, Remove, Restore, Revoke, SystemRole, Update, fetch, is_system, list,
    named, permissions_of,
};
use crate::error::Code;
use crate::permissions;
use crate::tenant::{Command, Tx};
use crate::testing::{World, edit, refusal};
use crate::users::Assign;

fn heir(name: &str, parents: &[RoleId]) -> NewRole {
    NewRole { name: name.into(), parents: parents.to_vec(), ..NewRole::default() }
}

fn parents(id: RoleId, parents: Vec<RoleId>) -> Update {
    Update { id, edit: edit(move |row: &mut Role| row.parents = parents), if_match: None }
}

async fn holder(world: &World, role: RoleId) -> UserId {
    let user = world.user("alice").await.id;
    world.run(Assign { user, role, expires_at: None }).await.unwrap();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_free_after_a_delete_and_never_those_of_built_in_roles() {
    let world = World::new().await;
    let role = world.role("reader").await;
    for (name, code) in [
        ("reader", Code::AlreadyExists),
        ("super_admin", Code::AlreadyExists),
        ("", Code::ValidationError),
        ("a\u{202E}b", Code::ValidationError),
    ] {
        assert_eq!(refusal(world.run(Create(heir(name, &[]))).await).0, code, "{name}");
    }
    let long = "x".repeat(129);
    assert_eq!(refusal(world.run(Create(heir(&long, &[]))).await).1, "name");
    world.run(Remove { id: role.id, if_match: None }).await.unwrap();
    let other = world.role("reader").await;
    assert_eq!(refusal(world.run(Restore(role.id)).await).0, Code::AlreadyExists);
    let rename = |id, name: &'static str, if_match| Update {
        id,
        edit: edit(move |row: &mut Role| row.name = name.into()),
        if_match,
    };
    let builtin = rename(other.id, "api_admin", None);
    assert_eq!(refusal(world.run(builtin).await).0, Code::AlreadyExists);
    let stale = rename(other.id, "writer", Some(9));
    assert_eq!(refusal(world.run(stale).await).0, Code::PreconditionFailed);
    assert_eq!(world.run(rename(other.id, "writer", Some(1))).await.unwrap().version, 2);
    assert_eq!(world.run(Restore(role.id)).await.unwrap().name, "reader");
    assert_eq!(refusal(world.run(Restore(role.id)).await).0, Code::NotFound);
    let found = world.read(|view| Ok((named(view, "writer")?, named(view, "system_admin")?))).await;
    assert_eq!(found.unwrap(), (Some(other.id), Some(SystemRole::SystemAdmin.id(world.id))));
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_roles_come_first_and_never_change() {
    let world = World::new().await;
    let own = world.role("own").await;
    let (page, total) = world.read(|view| list(view, 0, 50)).await.unwrap();
    assert_eq!((page.len(), total), (10, 10));
    assert_eq!((page[0].name.as_str(), page[9].id), ("super_admin", own.id));
    let (page, _) = world.read(|view| list(view, 8, 2)).await.unwrap();
    assert_eq!((page[0].name.as_str(), page[1].id), ("system_admin", own.id));
    let (page, _) = world.read(|view| list(view, 9, 5)).await.unwrap();
    assert_eq!(page.len(), 1);
    let id = SystemRole::ApiAdmin.id(world.id);
    assert!(is_system(world.id, id));
    let row = world.read(move |view| fetch(view, id)).await.unwrap();
    assert_eq!((row.name.as_str(), row.created_at), ("api_admin", crate::testing::START_MS));
    let permission = world.permission("docs:read").await.id;
    let refused = [
        refusal(world.run(parents(id, Vec::new())).await),
        refusal(world.run(Remove { id, if_match: None }).await),
        refusal(world.run(Restore(id)).await),
        refusal(world.run(Grant { role: id, permission }).await),
        refusal(world.run(Revoke { role: id, permission }).await),
    ];
    assert!(refused.iter().all(|(code, _)| *code == Code::SystemRole), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_or_an_eleventh_level_is_refused_on_both_sides() {
    let world = World::new().await;
    let mut chain = vec![world.role("0").await.id];
    for level in 1..10 {
        let above = chain[level - 1];
        chain.push(world.run(Create(heir(&level.to_string(), &[above]))).await.unwrap().id);
    }
    let invalid = (Code::ValidationError, "parents".to_owned());
    assert_eq!(refusal(world.run(Create(heir("x", &[chain[9]]))).await), invalid);
    assert_eq!(refusal(world.run(Create(heir("x", &[RoleId::new([9; 16])]))).await), invalid);
    assert_eq!(refusal(world.run(parents(chain[0], vec![chain[9]])).await), invalid, "circle");
    assert_eq!(refusal(world.run(parents(chain[0], vec![chain[0]])).await), invalid, "itself");
    let lone = world.role("lone").await.id;
    assert_eq!(refusal(world.run(parents(chain[0], vec![lone])).await), invalid, "from above");
    world.run(parents(lone, vec![chain[8], chain[8]])).await.unwrap();
    let read = world.read(move |view| fetch(view, lone)).await.unwrap();
    assert_eq!(read.parents, [chain[8]], "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_does_not_close_when_a_deleted_role_comes_back() {
    let world = World::new().await;
    let first = world.role("1").await.id;
    let second = world.run(Create(heir("2", &[first]))).await.unwrap().id;
    let third = world.run(Create(heir("3", &[second]))).await.unwrap().id;
    world.run(Remove { id: second, if_match: None }).await.unwrap();
    let refused = refusal(world.run(parents(first, vec![third])).await);
    assert_eq!(refused, (Code::ValidationError, "parents".to_owned()));
    // What a role had before may stay, deleted or not.
    let rename = Update {
        id: third,
        edit: edit(|row: &mut Role| row.description = Some("x".into())),
        if_match: None,
    };
    world.run(rename).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_role_counts_at_once() {
    let world = World::new().await;
    let (base, permission) = world.role_with("base", "docs/*:read").await;
    let role = world.run(Create(heir("role", &[base.id]))).await.unwrap().id;
    let user = holder(&world, role).await;
    let may = async || world.may(user, "docs/1", "read").await.unwrap();
    assert!(may().await);
    world.run(parents(role, Vec::new())).await.unwrap();
    assert!(!may().await);
    world.run(parents(role, vec![base.id])).await.unwrap();
    assert!(may().await);
    world.run(Remove { id: base.id, if_match: None }).await.unwrap();
    assert!(!may().await);
    world.run(Restore(base.id)).await.unwrap();
    assert!(may().await, "a restore brings the grants back");
    world.run(Remove { id: role, if_match: None }).await.unwrap();
    assert!(!may().await);
    world.run(Restore(role)).await.unwrap();
    assert!(may().await, "and the assignments");
    world.run(Revoke { role: base.id, permission: permission.id }).await.unwrap();
    assert!(!may().await);
    world.run(Grant { role: base.id, permission: permission.id }).await.unwrap();
    assert!(may().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_a_role_are_listed_without_the_deleted() {
    let world = World::new().await;
    let (role, first) = world.role_with("role", "a:read").await;
    let second = world.permission("b:read").await;
    world.run(Grant { role: role.id, permission: second.id }).await.unwrap();
    world.run(Grant { role: role.id, permission: second.id }).await.unwrap();
    let listed = async || {
        let role = role.id;
        let (page, total) = world.read(move |view| permissions_of(view, role, 0, 9)).await.unwrap();
        (page.into_iter().map(|row| row.name).collect::<Vec<_>>(), total)
    };
    assert_eq!(listed().await.1, 2);
    world.run(permissions::Remove { id: first.id, if_match: None }).await.unwrap();
    assert_eq!(listed().await, (vec!["b:read".to_owned()], 1));
    let gone = Revoke { role: role.id, permission: first.id };
    assert_eq!(refusal(world.run(gone).await).0, Code::NotFound);
    let body = Grant { role: role.id, permission: first.id };
    assert_eq!(refusal(world.run(body).await).1, "permission_id");
    world.run(permissions::Restore(first.id)).await.unwrap();
    assert_eq!(listed().await.1, 2);
    world.run(Revoke { role: role.id, permission: second.id }).await.unwrap();
    let twice = Revoke { role: role.id, permission: second.id };
    assert_eq!(refusal(world.run(twice).await).0, Code::NotFound);
    let other_side = (second.id, role.id);
    let left = world.read(move |view| Ok(view.contains::<PermissionRoles>(&other_side)?)).await;
    assert!(!left.unwrap());
    let nowhere = RoleId::new([9; 16]);
    let no_role = Grant { role: nowhere, permission: second.id };
    assert_eq!(refusal(world.run(no_role).await).0, Code::NotFound);
    let unknown = Grant { role: role.id, permission: PermissionId::new([9; 16]) };
    assert_eq!(refusal(world.run(unknown).await).1, "permission_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_permissions_have_ids_that_are_found_and_cannot_be_granted() {
    let world = World::new().await;
    let id = SystemRole::SecurityAdmin.id(world.id);
    let (page, total) = world.read(move |view| permissions_of(view, id, 1, 2)).await.unwrap();
    let names: Vec<_> = page.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, total), (vec!["signing_keys:*", "sessions:*"], 4));
    let permission = page[0].id;
    let row = world.read(move |view| permissions::fetch(view, permission)).await.unwrap();
    assert_eq!(row, page[0]);
    let role = world.role("own").await.id;
    assert_eq!(refusal(world.run(Grant { role, permission }).await).1, "permission_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_goes_with_its_old_name_in_one_record_is_gone() {
    let world = World::new().await;
    let (role, permission) = world.role_with("role", "docs:read").await;
    let user = holder(&world, role.id).await;
    assert_eq!(world.may(user, "docs", "read").await, Some(true));
    let both = move |tx: &mut Tx<'_, '_>| {
        Revoke { role: role.id, permission: permission.id }.run(tx)?;
        let rename = edit(|row: &mut Permission| row.name = "other:read".into());
        permissions::Update { id: permission.id, edit: rename, if_match: None }.run(tx)
    };
    world.run(both).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    assert_eq!(world.may(user, "other", "read").await, Some(false));
}
