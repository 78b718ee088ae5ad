//! Roles and groups of users: what they give, until when, and how they are listed.

use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::tables::{GroupMembers, RoleUsers, User, UserStatus};

use crate::error::Code;
use crate::groups::{self, AssignToGroup, NewGroup, members_of_group};
use crate::roles::{self, SystemRole};
use crate::testing::{START_MS, World, edit, refusal};
use crate::users::{
    Assign, Join, Leave, MemberPath, Remove, Restore, Unassign, Update, groups_of_user,
    roles_of_user, user_info,
};

fn assign(user: UserId, role: RoleId, expires_at: Option<i64>) -> Assign {
    Assign { user, role, expires_at }
}

fn join(user: UserId, group: GroupId, expires_at: Option<i64>) -> Join {
    Join { user, group, expires_at, path: MemberPath::User }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_counts_at_once_until_it_is_taken_or_ends() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, _) = world.role_with("reader", "docs:read").await;
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    world.run(assign(user, role.id, None)).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true));
    world.run(assign(user, role.id, Some(START_MS + 1_000))).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true));
    world.clock.advance_ms(1_000);
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    world.run(assign(user, role.id, None)).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true), "absent clears the end");
    world.run(Unassign { user, role: role.id }).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    let left = world.read(move |view| Ok(view.contains::<RoleUsers>(&(role.id, user))?)).await;
    assert!(!left.unwrap(), "the other side goes, too");
    assert_eq!(refusal(world.run(Unassign { user, role: role.id }).await).0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_counts_at_once_until_it_is_taken_or_ends() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, _) = world.role_with("reader", "docs:read").await;
    let parent = world.group("staff").await.id;
    let below = NewGroup { name: "team".into(), parent: Some(parent), ..NewGroup::default() };
    let group = world.run(groups::Create(below)).await.unwrap().id;
    world.run(AssignToGroup { group: parent, role: role.id, expires_at: None }).await.unwrap();
    world.run(join(user, group, None)).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true), "membership reaches up");
    world.run(join(user, group, Some(START_MS + 1_000))).await.unwrap();
    world.clock.advance_ms(1_000);
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    world.run(join(user, group, None)).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true));
    world.run(Leave { user, group }).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(false));
    let left = world.read(move |view| Ok(view.contains::<GroupMembers>(&(group, user))?)).await;
    assert!(!left.unwrap());
    assert_eq!(refusal(world.run(Leave { user, group }).await).0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_not_active_may_nothing_and_a_restored_one_what_it_could() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, _) = world.role_with("reader", "docs:read").await;
    world.run(assign(user, role.id, None)).await.unwrap();
    for status in [UserStatus::Disabled, UserStatus::Locked, UserStatus::Invited] {
        let set = |status| Update {
            id: user,
            edit: edit(move |row: &mut User| row.status = status),
            if_match: None,
        };
        world.run(set(status)).await.unwrap();
        assert_eq!(world.may(user, "docs", "read").await, Some(false), "{status:?}");
        world.run(set(UserStatus::Active)).await.unwrap();
        assert_eq!(world.may(user, "docs", "read").await, Some(true));
    }
    world.run(Remove { id: user, if_match: None }).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, None);
    world.run(Restore(user)).await.unwrap();
    assert_eq!(world.may(user, "docs", "read").await, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_404_in_the_path_and_422_in_the_body() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, group) = (world.role("r").await.id, world.group("g").await.id);
    let (nobody, nothing, nowhere) =
        (UserId::new([9; 16]), RoleId::new([9; 16]), GroupId::new([9; 16]));
    let not_found = (Code::NotFound, String::new());
    let invalid = |field: &str| (Code::ValidationError, field.to_owned());
    assert_eq!(refusal(world.run(assign(nobody, nothing, None)).await), not_found);
    assert_eq!(refusal(world.run(assign(user, nothing, None)).await), invalid("role_id"));
    assert_eq!(refusal(world.run(assign(user, role, Some(START_MS))).await), invalid("expires_at"));
    assert_eq!(refusal(world.run(Unassign { user, role: nothing }).await), not_found);
    assert_eq!(refusal(world.run(Unassign { user: nobody, role }).await), not_found);
    let by_user = |user, group| join(user, group, None);
    let by_group = |user, group| Join { user, group, expires_at: None, path: MemberPath::Group };
    assert_eq!(refusal(world.run(by_user(nobody, group)).await), not_found);
    assert_eq!(refusal(world.run(by_user(user, nowhere)).await), invalid("group_id"));
    assert_eq!(refusal(world.run(by_group(nobody, group)).await), invalid("user_id"));
    assert_eq!(refusal(world.run(by_group(user, nowhere)).await), not_found);
    assert_eq!(refusal(world.run(join(user, group, Some(1))).await), invalid("expires_at"));
    assert_eq!(refusal(world.run(Leave { user: nobody, group }).await), not_found);
    assert_eq!(refusal(world.run(Leave { user, group: nowhere }).await), not_found);
    assert_eq!(refusal(world.read(move |view| roles_of_user(view, nobody, 0, 9)).await), not_found);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_objects_with_their_ends_and_pass_what_is_deleted() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let built_in = SystemRole::ApiAdmin.id(world.id);
    let mut roles = Vec::new();
    for name in ["a", "b", "c"] {
        roles.push(world.role(name).await.id);
        world.clock.advance_ms(1);
    }
    let end = Some(START_MS + 60_000);
    for role in roles.iter().copied().chain([built_in]) {
        world.run(assign(user, role, end)).await.unwrap();
    }
    world.run(roles::Remove { id: roles[0], if_match: None }).await.unwrap();
    let (page, total) = world.read(move |view| roles_of_user(view, user, 0, 9)).await.unwrap();
    let names: Vec<_> = page.iter().map(|linked| linked.object.name.as_str()).collect();
    assert_eq!((names.len(), total), (3, 3));
    assert!(["b", "c", "api_admin"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(page.iter().all(|linked| linked.link.expires_at == end));
    let (page, total) = world.read(move |view| roles_of_user(view, user, 2, 9)).await.unwrap();
    assert_eq!((page.len(), total), (1, 3));

    let group = world.group("g").await.id;
    world.run(join(user, group, end)).await.unwrap();
    let (page, total) = world.read(move |view| groups_of_user(view, user, 0, 9)).await.unwrap();
    assert_eq!((page[0].object.id, page[0].link.expires_at, total), (group, end, 1));
    let (page, _) = world.read(move |view| members_of_group(view, group, 0, 9)).await.unwrap();
    assert_eq!((page[0].object.id, page[0].link.expires_at), (user, end));
    world.run(Remove { id: user, if_match: None }).await.unwrap();
    let (page, total) = world.read(move |view| members_of_group(view, group, 0, 9)).await.unwrap();
    assert_eq!((page.len(), total), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_info_has_the_roles_of_its_groups_and_of_those_above() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let top = world.group("staff").await.id;
    let below = NewGroup { name: "team".into(), parent: Some(top), ..NewGroup::default() };
    let team = world.run(groups::Create(below)).await.unwrap().id;
    let (own, far, ended) =
        (world.role("own").await.id, world.role("far").await.id, world.role("ended").await.id);
    let near = SystemRole::AuditViewer.id(world.id);
    world.run(assign(user, own, None)).await.unwrap();
    world.run(assign(user, ended, Some(START_MS + 1))).await.unwrap();
    world.run(AssignToGroup { group: team, role: near, expires_at: None }).await.unwrap();
    world.run(AssignToGroup { group: team, role: own, expires_at: None }).await.unwrap();
    world.run(AssignToGroup { group: top, role: far, expires_at: None }).await.unwrap();
    world.run(join(user, team, None)).await.unwrap();
    let info = world.read(move |view| user_info(view, user, START_MS + 1)).await.unwrap();
    let mut names: Vec<_> = info.roles.iter().map(|role| role.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["audit_viewer", "far", "own"]);
    assert_eq!(info.groups.len(), 1);
    assert_eq!((info.groups[0].0.id, info.groups[0].1.as_str()), (team, "/staff/team"));
    assert_eq!(info.user.id, user);
}
