//! Random tenants, random changes: a derived model, a fresh one and the reference agree.

use std::cell::Cell;

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::{reference::Reference, *};

const NAMES: [&str; 11] = [
    "docs",
    "docs/*",
    "docs/a",
    "docs/a/*",
    "docs/a/b",
    "other/*",
    "*",
    "docs//*",
    "docs//a",
    "docs/../*",
    "/*",
];
const RESOURCES: [&str; 17] = [
    "docs",
    "docs/a",
    "docs/a/b",
    "docs/a/b/c",
    "docs/*",
    "docs/a/*",
    "*",
    "docs//a",
    "docs//*",
    "docs/..",
    "docs/../x",
    "docs/",
    "/docs",
    "/*",
    "other",
    "other/x",
    "docsx/a",
];
const ACTIONS: [&str; 3] = ["get", "put", "*"];
const MOMENTS: [i64; 5] = [0, 5, 10, 15, 20];

/// A tenant's history, and a principal of it.
#[derive(Clone, Debug)]
struct World {
    changes: Vec<Change>,
    /// How many changes each commit has.
    commit: usize,
    roles: Vec<(RoleId, Option<i64>)>,
    groups: Vec<(GroupId, Option<i64>)>,
    scopes: Vec<PermissionName>,
    now_ms: i64,
}

impl World {
    fn direct(&self) -> Direct<'_> {
        Direct { roles: &self.roles, groups: &self.groups, scopes: &self.scopes }
    }

    fn commits(&self) -> impl Iterator<Item = &[Change]> {
        self.changes.chunks(self.commit)
    }
}

fn any_role() -> impl Strategy<Value = RoleId> {
    (0..6_u128).prop_map(role)
}

fn any_group() -> impl Strategy<Value = GroupId> {
    (0..5_u128).prop_map(group)
}

fn any_name() -> impl Strategy<Value = PermissionName> {
    // Wildcards are rare, or everything would be allowed.
    let action = prop_oneof![4 => select(vec!["get", "put"]), 1 => Just("*")];
    let resource = prop_oneof![8 => select(NAMES.to_vec()), 8 => select(NAMES[..5].to_vec())];
    (resource, action).prop_map(|(resource, action)| name(&format!("{resource}:{action}")))
}

fn any_expiry() -> impl Strategy<Value = Option<i64>> {
    option::of(select(MOMENTS.to_vec()))
}

fn any_change() -> impl Strategy<Value = Change> {
    let role_state =
        option::weighted(0.8, vec(any_role(), 0..3).prop_map(|parents| RoleState { parents }));
    let group_state =
        option::weighted(0.8, option::of(any_group()).prop_map(|parent| GroupState { parent }));
    let given =
        option::weighted(0.8, any_expiry().prop_map(|expires_at| Assignment { expires_at }));
    prop_oneof![
        3 => (any_role(), role_state).prop_map(|(id, state)| Change::Role { id, state }),
        7 => (any_role(), any_name(), proptest::bool::weighted(0.7))
            .prop_map(|(role, name, granted)| Change::RoleGrant { role, name, granted }),
        2 => (any_group(), group_state).prop_map(|(id, state)| Change::Group { id, state }),
        2 => (any_group(), any_role(), given)
            .prop_map(|(group, role, state)| Change::GroupRole { group, role, state }),
    ]
}

fn any_world() -> impl Strategy<Value = World> {
    let scopes = prop_oneof![
        1 => Just(Vec::new()),
        2 => vec(any_name(), 1..4),
        1 => vec(any_name(), 9..12),
    ];
    let history = (vec(any_change(), 20..80), 5..12_usize);
    let roles = vec((any_role(), any_expiry()), 1..5);
    let groups = vec((any_group(), any_expiry()), 0..3);
    (history, roles, groups, scopes, select(MOMENTS.to_vec())).prop_map(
        |((changes, commit), roles, groups, scopes, now_ms)| World {
            changes,
            commit,
            roles,
            groups,
            scopes,
            now_ms,
        },
    )
}

fn questions() -> impl Iterator<Item = Question<'static>> {
    RESOURCES.iter().flat_map(|resource| ACTIONS.iter().map(|action| question(resource, action)))
}

/// What a model says to all questions, with the names behind it.
fn answers(model: &Model, direct: &Direct<'_>, now_ms: i64) -> (Vec<String>, Vec<bool>) {
    let rights = model.resolve(direct, now_ms);
    let names = model.effective_names(&rights);
    let allowed = questions().map(|question| model.allows(&rights, &question)).collect();
    (names.iter().map(|name| name.as_str().to_owned()).collect(), allowed)
}

fn expected(reference: &Reference, direct: &Direct<'_>, now_ms: i64) -> (Vec<String>, Vec<bool>) {
    let names = reference.names(direct, now_ms);
    let allows = |q: Question<'_>| {
        names.iter().any(|name| reference::matches(name, q.resource(), q.action()))
    };
    let allowed = questions().map(allows).collect();
    (names, allowed)
}

/// The rows that are left, last first.
fn rows(reference: &Reference) -> Vec<Change> {
    let roles = reference.roles.iter().map(|(id, parents)| Change::Role {
        id: *id,
        state: Some(RoleState { parents: parents.clone() }),
    });
    let grants = reference.grants.iter().map(|(role, text)| Change::RoleGrant {
        role: *role,
        name: name(text),
        granted: true,
    });
    let groups = reference
        .groups
        .iter()
        .map(|(id, parent)| Change::Group { id: *id, state: Some(GroupState { parent: *parent }) });
    let given = reference.group_roles.iter().map(|(group, role, expires_at)| Change::GroupRole {
        group: *group,
        role: *role,
        state: Some(Assignment { expires_at: *expires_at }),
    });
    let mut rows: Vec<Change> = roles.chain(grants).chain(groups).chain(given).collect();
    rows.reverse();
    rows
}

#[test]
fn derived_compiled_and_reference_agree_and_say_both_yes_and_no() {
    let (asked, allowed) = (Cell::new(0_usize), Cell::new(0_usize));
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
        .run(&any_world(), |world| {
            let mut derived = Model::empty();
            let mut done = 0;
            for commit in world.commits() {
                done += commit.len();
                derived = derived.derive(commit);
                let reference = Reference::of(&world.changes[..done]);
                let want = expected(&reference, &world.direct(), world.now_ms);
                prop_assert_eq!(&answers(&derived, &world.direct(), world.now_ms), &want);
                asked.set(asked.get() + want.1.len());
                allowed.set(allowed.get() + want.1.iter().filter(|yes| **yes).count());
            }
            let reference = Reference::of(&world.changes);
            let want = expected(&reference, &world.direct(), world.now_ms);
            for compiled in
                [Model::compile(world.changes.clone()), Model::compile(rows(&reference))]
            {
                prop_assert_eq!(&answers(&compiled, &world.direct(), world.now_ms), &want);
            }
            Ok(())
        })
        .unwrap();
    let (asked, allowed) = (asked.get(), allowed.get());
    assert!(asked / 5 < allowed && allowed < asked * 4 / 5, "{allowed} of {asked} allowed");
}

proptest! {
    #[test]
    fn rights_that_are_renewed_are_those_that_would_be_resolved(
        world in any_world(),
        branches in (vec(any_change(), 0..4), vec(any_change(), 0..4)),
    ) {
        let base = Model::compile(world.changes.clone());
        // Two futures of one model give the same numbers to different names.
        let one = base.derive(&[branches.0, vec![grant(9, "new-in-one:get")]].concat());
        let other = base.derive(&[branches.1, vec![grant(9, "new-in-other:get")]].concat());
        for (from, to) in [(&base, &one), (&one, &other), (&other, &base)] {
            let rights = from.resolve(&world.direct(), world.now_ms);
            let Some(renewed) = to.renewed(&rights) else { continue };
            let fresh = to.resolve(&world.direct(), world.now_ms);
            prop_assert_eq!(to.effective_names(&renewed), to.effective_names(&fresh));
            prop_assert_eq!(renewed.until(), fresh.until());
        }
    }

    #[test]
    fn rights_hold_until_they_say(world in any_world()) {
        let model = Model::compile(world.changes.clone());
        let rights = model.resolve(&world.direct(), world.now_ms);
        for later in MOMENTS.into_iter().filter(|&m| m >= world.now_ms && rights.holds_at(m)) {
            let fresh = model.resolve(&world.direct(), later);
            prop_assert_eq!(model.effective_names(&rights), model.effective_names(&fresh));
        }
    }

    #[test]
    fn rights_cover_what_one_of_their_names_covers(world in any_world()) {
        let model = Model::compile(world.changes.clone());
        let rights = model.resolve(&world.direct(), world.now_ms);
        let held = model.effective_names(&rights);
        for resource in NAMES {
            for action in ["get", "put", "*"] {
                let wanted = name(&format!("{resource}:{action}"));
                let expected = held.iter().any(|name| name.covers(&wanted));
                let got = model.covers(&rights, &wanted);
                prop_assert_eq!(got, expected, "{} by {:?}", wanted, held);
            }
        }
    }
}
