//! The last administrator stays, whatever it hangs on; a second one sets everything free.

use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::tables::{Group, Permission, Role, User, UserStatus};

use crate::error::Code;
use crate::groups::{self, AssignToGroup, UnassignFromGroup};
use crate::permissions;
use crate::roles::{self, SystemRole};
use crate::tenant::Command;
use crate::testing::{START_MS, World, edit, new_key, refusal};
use crate::users::{Assign, Join, Leave, MemberPath, Remove, Unassign, Update};

const LATER: Option<i64> = Some(START_MS + 60_000);

/// The command is refused, and still is once somebody else has `*` for a while only; with a key of
/// the tenant that holds `*` it goes through.
async fn stays<C: Command>(world: &World, what: &str, command: impl Fn() -> C) {
    assert_eq!(refusal(world.run(command()).await).0, Code::LastAdministrator, "{what}");
    let guest = world.user("guest").await.id;
    let star = SystemRole::SuperAdmin.id(world.id);
    world.run(Assign { user: guest, role: star, expires_at: LATER }).await.unwrap();
    assert_eq!(refusal(world.run(command()).await).0, Code::LastAdministrator, "{what}");
    world.issue(new_key("spare", &["*"])).await;
    assert!(world.run(command()).await.is_ok(), "{what}");
}

fn status(id: UserId, status: UserStatus) -> Update {
    Update { id, edit: edit(move |row: &mut User| row.status = status), if_match: None }
}

/// A user with `super_admin`.
async fn direct() -> (World, UserId, RoleId) {
    let world = World::new().await;
    let (user, role) = (world.user("alice").await.id, SystemRole::SuperAdmin.id(world.id));
    world.run(Assign { user, role, expires_at: None }).await.unwrap();
    (world, user, role)
}

/// A user with a role that inherits `*` from another role.
async fn inherited() -> (World, UserId, Role, Role, Permission) {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (top, star) = world.role_with("top", "*").await;
    let new = roles::NewRole { name: "heir".into(), parents: vec![top.id], ..Default::default() };
    let heir = world.run(roles::Create(new)).await.unwrap();
    world.run(Assign { user, role: heir.id, expires_at: None }).await.unwrap();
    (world, user, heir, top, star)
}

/// A user in a group below one that has `super_admin`.
async fn grouped() -> (World, UserId, GroupId, GroupId, RoleId) {
    let world = World::new().await;
    let (user, role) = (world.user("alice").await.id, SystemRole::SuperAdmin.id(world.id));
    let top = world.group("top").await.id;
    let new = groups::NewGroup { name: "low".into(), parent: Some(top), ..Default::default() };
    let low = world.run(groups::Create(new)).await.unwrap().id;
    world.run(AssignToGroup { group: top, role, expires_at: None }).await.unwrap();
    let path = MemberPath::User;
    world.run(Join { user, group: low, expires_at: None, path }).await.unwrap();
    (world, user, low, top, role)
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_user_with_the_role() {
    let (world, user, role) = direct().await;
    stays(&world, "unassign", || Unassign { user, role }).await;
    let (world, user, role) = direct().await;
    stays(&world, "give it an end", || Assign { user, role, expires_at: LATER }).await;
    let (world, user, _) = direct().await;
    stays(&world, "delete", || Remove { id: user, if_match: None }).await;
    for to in [UserStatus::Disabled, UserStatus::Locked, UserStatus::Invited] {
        let (world, user, _) = direct().await;
        stays(&world, "change the status", || status(user, to)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_inheritance() {
    let (world, _, heir, ..) = inherited().await;
    let orphan = || roles::Update {
        id: heir.id,
        edit: edit(|row: &mut Role| row.parents.clear()),
        if_match: None,
    };
    stays(&world, "take the parent", orphan).await;
    let (world, _, heir, ..) = inherited().await;
    stays(&world, "delete the role", || roles::Remove { id: heir.id, if_match: None }).await;
    let (world, _, _, top, _) = inherited().await;
    stays(&world, "delete the parent", || roles::Remove { id: top.id, if_match: None }).await;
    let (world, _, _, top, star) = inherited().await;
    let revoke = || roles::Revoke { role: top.id, permission: star.id };
    stays(&world, "revoke the permission", revoke).await;
    let (world, .., star) = inherited().await;
    let remove = || permissions::Remove { id: star.id, if_match: None };
    stays(&world, "delete the permission", remove).await;
    let (world, .., star) = inherited().await;
    let rename = || permissions::Update {
        id: star.id,
        edit: edit(|row: &mut Permission| row.name = "docs:*".into()),
        if_match: None,
    };
    stays(&world, "rename the permission", rename).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_group() {
    let (world, user, low, ..) = grouped().await;
    stays(&world, "leave", || Leave { user, group: low }).await;
    let (world, user, low, ..) = grouped().await;
    let path = MemberPath::Group;
    stays(&world, "end it", || Join { user, group: low, expires_at: LATER, path }).await;
    let (world, _, low, ..) = grouped().await;
    stays(&world, "delete", || groups::Remove { id: low, if_match: None }).await;
    let (world, _, low, ..) = grouped().await;
    let away = || groups::Update {
        id: low,
        edit: edit(|row: &mut Group| row.parent = None),
        if_match: None,
    };
    stays(&world, "move it away", away).await;
    let (world, .., top, role) = grouped().await;
    stays(&world, "unassign", || UnassignFromGroup { group: top, role }).await;
    let (world, .., top, role) = grouped().await;
    let end = || AssignToGroup { group: top, role, expires_at: LATER };
    stays(&world, "end the group's role", end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_had_none_is_let_be_and_another_user_is_enough() {
    let world = World::new().await;
    let nobody = world.user("nobody").await.id;
    world.run(Remove { id: nobody, if_match: None }).await.unwrap();
    let (world, user, role) = direct().await;
    let second = world.user("bob").await.id;
    world.run(Assign { user: second, role, expires_at: None }).await.unwrap();
    world.run(Unassign { user, role }).await.unwrap();
    let last = refusal(world.run(Remove { id: second, if_match: None }).await);
    assert_eq!(last.0, Code::LastAdministrator);
    assert_eq!(world.may(second, "anything", "at all").await, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_nothing_behind() {
    let (world, user, role) = direct().await;
    let end = Assign { user, role, expires_at: LATER };
    assert_eq!(refusal(world.run(end).await).0, Code::LastAdministrator);
    world.clock.advance_ms(120_000);
    assert_eq!(world.may(user, "anything", "at all").await, Some(true));
    let name = refusal(world.run(Remove { id: user, if_match: None }).await);
    assert_eq!(name.0, Code::LastAdministrator);
    let taken = crate::testing::new_user("alice");
    assert_eq!(refusal(world.run(crate::users::Create(taken)).await).0, Code::AlreadyExists);
}
