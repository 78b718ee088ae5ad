//! Single rules of the model, each by name.

use super::*;
use crate::decisions::Effective;

fn holding(model: &Model, roles: &[u128]) -> Effective {
    let roles: Vec<_> = roles.iter().map(|&n| (role(n), None)).collect();
    model.resolve(&Direct { roles: &roles, ..Direct::default() }, 0)
}

fn scoped(model: &Model, scopes: &[&str]) -> Effective {
    let scopes: Vec<_> = scopes.iter().map(|text| name(text)).collect();
    model.resolve(&Direct { scopes: &scopes, ..Direct::default() }, 0)
}

#[test]
fn a_scope_needs_no_role_that_knows_it() {
    let model = Model::empty();
    let few = scoped(&model, &["docs/*:read", "a:b"]);
    assert!(model.allows(&few, &question("docs/x", "read")));
    assert!(!model.allows(&few, &question("docs", "read")));
    let texts: Vec<String> = (0..100).map(|n| format!("res{n}/*:read")).collect();
    let many = scoped(&model, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(model.allows(&many, &question("res99/x/y", "read")));
    assert!(!model.allows(&many, &question("res100/x/y", "read")));
    assert_eq!(model.effective_names(&many).len(), 100);
}

#[test]
fn the_star_of_a_question_is_text() {
    let model = Model::compile([
        put_role(1, &[]),
        grant(1, "a//b/*:get"),
        grant(1, "docs/*:get"),
        grant(1, "docs:*"),
    ]);
    let rights = holding(&model, &[1]);
    for (resource, action, expected) in [
        ("a//b/*", "get", false),
        ("docs/*", "get", true),
        ("docs/*", "*", false),
        ("docs", "*", true),
        ("*", "get", false),
        ("*", "*", false),
    ] {
        let got = model.allows(&rights, &question(resource, action));
        assert_eq!(got, expected, "`{resource}`, `{action}`");
    }
}

#[test]
fn only_paths_of_so_many_segments_are_looked_into() {
    let deep = |segments: usize| vec!["a"; segments].join("/");
    let grants = [1, 62, 63, 64, 90].map(|n| grant(n, &format!("{}/*:get", deep(n as usize))));
    let roles = [1, 62, 63, 64, 90].map(|n| put_role(n, &[]));
    let model = Model::compile(grants.into_iter().chain(roles));
    let allows = |by: u128, segments: usize| {
        model.allows(&holding(&model, &[by]), &question(&deep(segments), "get"))
    };
    assert!(allows(1, 64) && allows(62, 64) && allows(63, 64));
    assert!(!allows(64, 64) && !allows(1, 65) && !allows(64, 65) && !allows(90, 91));
}

#[test]
fn a_role_taken_away_and_given_back_has_its_grants() {
    let with = Model::compile([put_role(1, &[2]), put_role(2, &[]), grant(2, "docs:read")]);
    assert!(with.allows(&holding(&with, &[1]), &question("docs", "read")));
    let without = with.derive(&[Change::Role { id: role(2), state: None }]);
    assert!(!without.has_role(role(2)) && without.has_role(role(1)));
    assert!(!without.allows(&holding(&without, &[1]), &question("docs", "read")));
    let again = without.derive(&[put_role(2, &[])]);
    assert!(again.allows(&holding(&again, &[1]), &question("docs", "read")));
}

#[test]
fn members_of_a_group_are_members_of_those_above_not_below() {
    let model = Model::compile([
        put_group(1, None),
        put_group(2, Some(1)),
        put_group(3, Some(2)),
        give(1, 1, None),
        give(3, 3, Some(10)),
        put_role(1, &[]),
        put_role(3, &[]),
        grant(1, "top:read"),
        grant(3, "bottom:read"),
    ]);
    let member = |of: u128, now_ms| {
        let groups = [(group(of), Some(20))];
        model.resolve(&Direct { groups: &groups, ..Direct::default() }, now_ms)
    };
    for (of, now_ms, top, bottom, until) in [
        (3, 0, true, true, Some(10)),
        (3, 10, true, false, Some(20)),
        (3, 20, false, false, None),
        (1, 0, true, false, Some(20)),
    ] {
        let rights = member(of, now_ms);
        let got = ["top", "bottom"].map(|r| model.allows(&rights, &question(r, "read")));
        assert_eq!((got, rights.until()), ([top, bottom], until), "group {of} at {now_ms}");
    }
}

#[test]
fn rights_of_another_model_are_no_rights() {
    let model = Model::compile([put_role(1, &[]), grant(1, "*")]);
    let rights = holding(&model, &[1]);
    assert!(model.allows(&rights, &question("a", "b")) && model.covers(&rights, &name("*")));
    let next = model.derive(&[grant(1, "a:b")]);
    assert!(!next.allows(&rights, &question("a", "b")) && !next.covers(&rights, &name("a:b")));
    assert!(next.effective_names(&rights).is_empty());
}

#[test]
fn only_what_rights_came_from_makes_them_stale() {
    let model = Model::compile([put_role(1, &[2]), put_role(2, &[]), grant(2, "a:b")]);
    let rights = holding(&model, &[1, 5]);
    for (change, kept) in [
        (put_role(3, &[]), true),
        (grant(3, "c:d"), true),
        (grant(2, "a:b"), true),
        (put_role(1, &[2]), true),
        (grant(2, "c:d"), false),
        (revoke(2, "a:b"), false),
        (put_role(1, &[]), false),
        (put_role(5, &[]), false),
        (Change::Role { id: role(2), state: None }, false),
    ] {
        let next = model.derive(std::slice::from_ref(&change));
        assert_eq!(next.renewed(&rights).is_some(), kept, "{change:?}");
    }
}

#[test]
fn the_first_name_that_cannot_be_given_away_is_told() {
    let model = Model::compile([
        put_role(1, &[]),
        grant(1, "docs/*:read"),
        put_role(2, &[]),
        grant(2, "docs/a/*:read"),
        put_role(3, &[2]),
        grant(3, "docs/b:write"),
    ]);
    let holder = holding(&model, &[1]);
    assert_eq!(model.uncovered(&holder, &holding(&model, &[2])), None);
    assert_eq!(model.uncovered(&holder, &holding(&model, &[3])), Some(name("docs/b:write")));
    assert_eq!(model.role_names(role(3)), [name("docs/b:write")]);
}

#[test]
fn names_that_nothing_grants_any_more_are_forgotten() {
    let mut model = Model::compile([put_role(1, &[]), grant(1, "kept:read")]);
    let first = holding(&model, &[1]);
    let before = model.memory_bytes();
    for n in 0..10_000 {
        let passing = format!("passing{n}:read");
        model = model.derive(&[grant(2, &passing)]).derive(&[revoke(2, &passing)]);
    }
    assert!(model.memory_bytes() < before + 400_000, "{} bytes", model.memory_bytes());
    assert!(model.renewed(&first).is_none(), "its numbers mean something else now");
    let rights = holding(&model, &[1]);
    assert!(model.allows(&rights, &question("kept", "read")));
    assert!(!model.allows(&rights, &question("passing7", "read")));
    assert_eq!(model.effective_names(&rights), [name("kept:read")]);
}

#[test]
fn a_large_model_finds_each_of_its_names() {
    let text = |n: u128| format!("res{n}:read");
    let rows = (0..5_000).flat_map(|n| [put_role(n, &[]), grant(n, &text(n))]);
    let model = Model::compile(rows);
    for n in (0..5_000).step_by(37) {
        let rights = holding(&model, &[n, n + 1]);
        for (asked, expected) in [(n, true), (n + 1, n + 1 < 5_000), (n + 2, false)] {
            let resource = format!("res{asked}");
            assert_eq!(model.allows(&rights, &question(&resource, "read")), expected);
        }
    }
}
