//! Groups over a real store.

use latchkey_storage::id::{GroupId, RoleId};
use latchkey_storage::tables::{Group, RoleGroups};

use super::{
    AssignToGroup, Create, NewGroup, Remove, Restore, UnassignFromGroup, Update, fetch, list, path,
    roles_of_group,
};
use crate::error::Code;
use crate::roles;
use crate::testing::{START_MS, World, edit, refusal};
use crate::users::{Join, MemberPath};

fn below(name: &str, parent: GroupId) -> Create {
    Create(NewGroup { name: name.into(), parent: Some(parent), ..NewGroup::default() })
}

fn to(id: GroupId, parent: Option<GroupId>) -> Update {
    Update { id, edit: edit(move |row: &mut Group| row.parent = parent), if_match: None }
}

fn remove(id: GroupId) -> Remove {
    Remove { id, if_match: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_unique_among_siblings() {
    let world = World::new().await;
    let top = world.group("a").await;
    let child = world.run(below("a", top.id)).await.unwrap();
    assert_eq!(refusal(world.run(below("a", top.id)).await).0, Code::AlreadyExists);
    assert_eq!(refusal(world.run(to(child.id, None)).await).0, Code::AlreadyExists);
    let empty = Create(NewGroup::default());
    assert_eq!(refusal(world.run(empty).await), (Code::ValidationError, "name".into()));
    let nowhere = below("b", GroupId::new([9; 16]));
    assert_eq!(refusal(world.run(nowhere).await), (Code::ValidationError, "parent_id".into()));

    world.run(remove(child.id)).await.unwrap();
    let other = world.run(below("a", top.id)).await.unwrap();
    assert_eq!(refusal(world.run(Restore(child.id)).await).0, Code::AlreadyExists);
    let rename = Update {
        id: other.id,
        edit: edit(|row: &mut Group| row.name = "b".into()),
        if_match: Some(1),
    };
    assert_eq!(world.run(rename).await.unwrap().version, 2);
    assert_eq!(world.run(Restore(child.id)).await.unwrap().name, "a");
    assert_eq!(refusal(world.run(Restore(child.id)).await).0, Code::NotFound);
    let (page, total) = world.read(|view| list(view, 0, 9)).await.unwrap();
    assert_eq!((page.len(), total), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_follow_a_move() {
    let world = World::new().await;
    let (a, b) = (world.group("a").await.id, world.group("b").await.id);
    let c = world.run(below("c", a)).await.unwrap().id;
    let path_of = async |id| world.read(move |view| path(view, &fetch(view, id)?)).await.unwrap();
    assert_eq!((path_of(a).await.as_str(), path_of(c).await.as_str()), ("/a", "/a/c"));
    world.run(to(a, Some(b))).await.unwrap();
    assert_eq!(path_of(c).await, "/b/a/c");
    world.run(to(c, None)).await.unwrap();
    assert_eq!(path_of(c).await, "/c");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_or_an_eleventh_level_is_refused() {
    let world = World::new().await;
    let mut chain = vec![world.group("0").await.id];
    for level in 1..10 {
        let above = chain[level - 1];
        chain.push(world.run(below(&level.to_string(), above)).await.unwrap().id);
    }
    let invalid = (Code::ValidationError, "parent_id".to_owned());
    assert_eq!(refusal(world.run(below("x", chain[9])).await), invalid);
    assert_eq!(refusal(world.run(to(chain[0], Some(chain[9]))).await), invalid, "circle");
    assert_eq!(refusal(world.run(to(chain[3], Some(chain[3]))).await), invalid, "itself");
    let lone = world.group("lone").await.id;
    assert_eq!(refusal(world.run(to(chain[0], Some(lone))).await), invalid, "with those below");
    world.run(to(lone, Some(chain[8]))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_children_stays_and_a_child_needs_its_parent_to_come_back() {
    let world = World::new().await;
    let top = world.group("top").await.id;
    let low = world.run(below("low", top)).await.unwrap().id;
    assert_eq!(refusal(world.run(remove(top)).await).0, Code::HasChildren);
    world.run(remove(low)).await.unwrap();
    world.run(remove(top)).await.unwrap();
    assert_eq!(refusal(world.run(remove(top)).await).0, Code::NotFound);
    assert_eq!(refusal(world.run(Restore(low)).await).0, Code::ParentDeleted);
    world.run(Restore(top)).await.unwrap();
    assert_eq!(world.run(Restore(low)).await.unwrap().parent, Some(top));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_group_counts_at_once() {
    let world = World::new().await;
    let user = world.user("alice").await.id;
    let (role, _) = world.role_with("reader", "docs:read").await;
    let top = world.group("top").await.id;
    let low = world.run(below("low", top)).await.unwrap().id;
    let join = Join { user, group: low, expires_at: None, path: MemberPath::Group };
    world.run(join).await.unwrap();
    let may = async || world.may(user, "docs", "read").await.unwrap();
    let give = |expires_at| AssignToGroup { group: top, role: role.id, expires_at };
    assert!(!may().await);
    world.run(give(None)).await.unwrap();
    assert!(may().await);
    world.run(to(low, None)).await.unwrap();
    assert!(!may().await);
    world.run(to(low, Some(top))).await.unwrap();
    assert!(may().await);
    world.run(remove(low)).await.unwrap();
    assert!(!may().await);
    world.run(Restore(low)).await.unwrap();
    assert!(may().await, "a restore brings the members back");
    world.run(give(Some(START_MS + 10))).await.unwrap();
    assert!(may().await);
    world.clock.advance_ms(10);
    assert!(!may().await);
    world.run(give(None)).await.unwrap();
    assert!(may().await);
    world.run(UnassignFromGroup { group: top, role: role.id }).await.unwrap();
    assert!(!may().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_a_group_are_listed_without_the_deleted() {
    let world = World::new().await;
    let group = world.group("g").await.id;
    let (a, b) = (world.role("a").await.id, world.role("b").await.id);
    for role in [a, b] {
        world.run(AssignToGroup { group, role, expires_at: None }).await.unwrap();
    }
    world.run(roles::Remove { id: a, if_match: None }).await.unwrap();
    let (page, total) = world.read(move |view| roles_of_group(view, group, 0, 9)).await.unwrap();
    assert_eq!((page.len(), page[0].object.id, total), (1, b, 1));
    let not_found = (Code::NotFound, String::new());
    let gone = UnassignFromGroup { group, role: a };
    assert_eq!(refusal(world.run(gone).await), not_found);
    world.run(UnassignFromGroup { group, role: b }).await.unwrap();
    let twice = UnassignFromGroup { group, role: b };
    assert_eq!(refusal(world.run(twice).await), not_found);
    let left = world.read(move |view| Ok(view.contains::<RoleGroups>(&(b, group))?)).await;
    assert!(!left.unwrap());
    let body = AssignToGroup { group, role: RoleId::new([9; 16]), expires_at: None };
    assert_eq!(refusal(world.run(body).await), (Code::ValidationError, "role_id".into()));
    let path = AssignToGroup { group: GroupId::new([9; 16]), role: b, expires_at: None };
    assert_eq!(refusal(world.run(path).await), not_found);
    let past = AssignToGroup { group, role: b, expires_at: Some(START_MS) };
    assert_eq!(refusal(world.run(past).await).1, "expires_at");
}
