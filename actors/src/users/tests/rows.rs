//! What a user may be given, and what becomes of it.

use latchkey_storage::tables::{AuditEntries, User, UserStatus};

use crate::error::Code;
use crate::testing::{World, edit, new_user, refusal};
use crate::users::{
    Create, NewUser, Remove, Restore, Update, fetch, list, parse_status, status_word,
};

/// Breaks a rule.
type Spoil = fn(&mut NewUser);

async fn refused(world: &World, change: impl FnOnce(&mut NewUser)) -> (Code, String) {
    let mut new = new_user("carol");
    change(&mut new);
    refusal(world.run(Create(new)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_has_its_defaults() {
    let world = World::new().await;
    let user = world.user("Alice").await;
    assert_eq!((user.locale.as_str(), user.timezone.as_str()), ("en", "UTC"));
    assert_eq!((user.status, user.version), (UserStatus::Active, 1));
    assert_eq!((user.username.as_str(), user.email.as_str()), ("Alice", "Alice@example.com"));
    let read = world.read(move |view| fetch(view, user.id)).await.unwrap();
    assert_eq!((read.id, read.metadata.as_str()), (user.id, "{}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_names_its_member() {
    let world = World::new().await;
    let rules: [(&str, Spoil); 19] = [
        ("username", |new| new.username = String::new()),
        ("username", |new| new.username = "x".repeat(129)),
        ("username", |new| new.username = " carol".into()),
        ("username", |new| new.username = "car\u{202E}ol".into()),
        ("email", |new| new.email = "nobody".into()),
        ("email", |new| new.email = "a@b@c".into()),
        ("email", |new| new.email = "@example.com".into()),
        ("email", |new| new.email = "a b@example.com".into()),
        ("email", |new| new.email = format!("{}@example.com", "x".repeat(250))),
        ("first_name", |new| new.first_name = Some("a\nb".into())),
        ("last_name", |new| new.last_name = Some("x".repeat(201))),
        ("display_name", |new| new.display_name = Some("  ".into())),
        ("phone", |new| new.phone = Some("1".repeat(33))),
        ("avatar_url", |new| new.avatar_url = Some("javascript:alert(1)".into())),
        ("locale", |new| new.locale = Some("e n".into())),
        ("timezone", |new| new.timezone = Some(String::new())),
        ("metadata", |new| new.metadata = Some("[]".into())),
        ("metadata", |new| new.metadata = Some("{".into())),
        ("metadata", |new| new.metadata = Some(format!("{{\"a\":\"{}\"}}", "x".repeat(16 << 10)))),
    ];
    for (field, spoil) in rules {
        assert_eq!(refused(&world, spoil).await, (Code::ValidationError, field.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_compared_without_case_and_free_after_a_delete() {
    let world = World::new().await;
    let alice = world.user("Alice").await;
    let same_name = refused(&world, |new| new.username = "aLICE".into()).await;
    assert_eq!(same_name.0, Code::AlreadyExists);
    let same_email = refused(&world, |new| new.email = "aLICE@EXAMPLE.com".into()).await;
    assert_eq!(same_email.0, Code::AlreadyExists);

    world.run(Remove { id: alice.id, if_match: None }).await.unwrap();
    assert_eq!(refusal(world.run(Remove { id: alice.id, if_match: None }).await).0, Code::NotFound);
    let other = world.user("alice").await;
    assert_eq!(refusal(world.run(Restore(alice.id)).await).0, Code::AlreadyExists);
    world.run(Remove { id: other.id, if_match: None }).await.unwrap();
    let back = world.run(Restore(alice.id)).await.unwrap();
    assert_eq!((back.version, back.deleted_at), (3, None));
    assert_eq!(refusal(world.run(Restore(alice.id)).await).0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_moves_names_and_respects_the_version() {
    let world = World::new().await;
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let rename = |name: &'static str, if_match| Update {
        id: alice.id,
        edit: edit(move |row: &mut User| row.username = name.into()),
        if_match,
    };
    assert_eq!(refusal(world.run(rename("BOB", None)).await).0, Code::AlreadyExists);
    assert_eq!(refusal(world.run(rename("ann", Some(7))).await).0, Code::PreconditionFailed);
    world.clock.advance_ms(5);
    let renamed = world.run(rename("ann", Some(1))).await.unwrap();
    assert_eq!((renamed.version, renamed.updated_at - renamed.created_at), (2, 5));
    world.run(rename("Ann", None)).await.unwrap();
    let freed = Update {
        id: bob.id,
        edit: edit(|row: &mut User| row.username = "alice".into()),
        if_match: None,
    };
    assert_eq!(world.run(freed).await.unwrap().username, "alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_and_pages_follow_and_everything_is_audited() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(world.user(name).await.id);
        world.clock.advance_ms(1);
    }
    world.run(Remove { id: ids[0], if_match: None }).await.unwrap();
    let (page, total) = world.read(|view| list(view, 1, 5)).await.unwrap();
    assert_eq!((page.iter().map(|user| user.id).collect::<Vec<_>>(), total), (vec![ids[2]], 2));
    world.run(Restore(ids[0])).await.unwrap();
    assert_eq!(world.read(|view| list(view, 0, 1)).await.unwrap().1, 3);
    let actions = world.read(|view| {
        let page = latchkey_storage::Page { after: None, skip: 0, limit: 100 };
        let rows = view.scan::<AuditEntries>(&(), page)?;
        Ok(rows.into_iter().map(|(_, entry)| entry.action).collect::<Vec<_>>())
    });
    let actions = actions.await.unwrap();
    let tail = &actions[actions.len() - 5..];
    let expected =
        ["user.created", "user.created", "user.created", "user.deleted", "user.restored"];
    assert_eq!(tail, expected);
}

#[test]
fn every_status_has_its_word() {
    for word in ["invited", "active", "locked", "disabled"] {
        assert_eq!(status_word(parse_status(word).unwrap()), word);
    }
    assert_eq!(refusal(parse_status("Active")), (Code::ValidationError, "status".into()));
}
