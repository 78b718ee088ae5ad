//! From one model and some row changes to the next model.

use std::{collections::BTreeMap, sync::Arc};

use hashbrown::HashMap;
use latchkey_storage::id::{GroupId, RoleId};

use super::{
    bits::IdSet,
    change::{Assignment, Change, GroupState, RoleState},
    interner::Names,
    model::{Group, Model, Role, next_generation},
};
use crate::permissions::name::PermissionName;

/// Below so many names, dead ones are not worth a look.
const NAMES_CHECKED_MIN: usize = 1_024;

/// Collects changes by role and group, so that each is rebuilt once.
pub(super) struct Draft<'m> {
    base: &'m Model,
    names: Arc<Names>,
    roles: HashMap<RoleId, RoleEdit>,
    groups: HashMap<GroupId, GroupEdit>,
}

/// A role as it is to be; its grants as edits of what they were.
struct RoleEdit {
    state: Option<RoleState>,
    grants: Vec<(u32, bool)>,
}

/// A group as it is to be; its roles as edits of what they were.
struct GroupEdit {
    state: Option<GroupState>,
    roles: BTreeMap<RoleId, Option<Assignment>>,
}

impl<'m> Draft<'m> {
    pub(super) fn of(base: &'m Model) -> Self {
        let names = Arc::clone(&base.names);
        Self { base, names, roles: HashMap::new(), groups: HashMap::new() }
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Role { id, state } => self.role(*id).state.clone_from(state),
            Change::RoleGrant { role, name, granted: true } => {
                let id = self.number(name);
                self.role(*role).grants.push((id, true));
            }
            Change::RoleGrant { role, name, granted: false } => {
                // A name without a number is granted nowhere.
                if let Some(id) = self.names.get(name) {
                    self.role(*role).grants.push((id, false));
                }
            }
            Change::Group { id, state } => self.group(*id).state.clone_from(state),
            Change::GroupRole { group, role, state } => {
                self.group(*group).roles.insert(*role, *state);
            }
        }
    }

    /// A role or group that comes out as it was keeps its generation, and the rights that were
    /// resolved from it.
    pub(super) fn finish(self) -> Model {
        let mut next =
            Model { generation: next_generation(), names: self.names, ..self.base.clone() };
        for (id, edit) in self.roles {
            let old = self.base.roles.get(&id);
            match edit.onto(old, next.generation) {
                Outcome::Same => {}
                Outcome::Gone => next.roles.remove(&id),
                Outcome::New(role) => next.roles.insert(id, Arc::new(role)),
            }
        }
        for (id, edit) in self.groups {
            let old = self.base.groups.get(&id);
            match edit.onto(old, next.generation) {
                Outcome::Same => {}
                Outcome::Gone => next.groups.remove(&id),
                Outcome::New(group) => next.groups.insert(id, Arc::new(group)),
            }
        }
        without_dead_names(next)
    }

    fn role(&mut self, id: RoleId) -> &mut RoleEdit {
        let old = self.base.roles.get(&id);
        self.roles.entry(id).or_insert_with(|| RoleEdit {
            state: old.and_then(|role| role.state.clone()),
            grants: Vec::new(),
        })
    }

    fn group(&mut self, id: GroupId) -> &mut GroupEdit {
        let old = self.base.groups.get(&id);
        self.groups.entry(id).or_insert_with(|| GroupEdit {
            state: old.and_then(|group| group.state.clone()),
            roles: BTreeMap::new(),
        })
    }

    fn number(&mut self, name: &PermissionName) -> u32 {
        if let Some(id) = self.names.get(name) {
            return id;
        }
        Arc::make_mut(&mut self.names).intern(name)
    }
}

enum Outcome<T> {
    Same,
    Gone,
    New(T),
}

impl RoleEdit {
    fn onto(self, old: Option<&Arc<Role>>, generation: u64) -> Outcome<Role> {
        let nothing = Role { changed: 0, state: None, own: Arc::new(IdSet::empty()) };
        let old = old.map_or(&nothing, |role| role);
        let own = if self.grants.is_empty() {
            Arc::clone(&old.own)
        } else {
            Arc::new(old.own.edited(self.grants))
        };
        if self.state == old.state && own == old.own {
            return Outcome::Same;
        }
        if self.state.is_none() && own.is_empty() {
            return Outcome::Gone;
        }
        Outcome::New(Role { changed: generation, state: self.state, own })
    }
}

impl GroupEdit {
    fn onto(self, old: Option<&Arc<Group>>, generation: u64) -> Outcome<Group> {
        let nothing = Group { changed: 0, state: None, roles: Box::default() };
        let old = old.map_or(&nothing, |group| group);
        let roles = edited(&old.roles, self.roles);
        if self.state == old.state && roles == old.roles {
            return Outcome::Same;
        }
        if self.state.is_none() && roles.is_empty() {
            return Outcome::Gone;
        }
        Outcome::New(Group { changed: generation, state: self.state, roles })
    }
}

fn edited(
    old: &[(RoleId, Option<i64>)],
    edits: BTreeMap<RoleId, Option<Assignment>>,
) -> Box<[(RoleId, Option<i64>)]> {
    let mut roles: BTreeMap<_, _> = old.iter().copied().collect();
    for (role, assignment) in edits {
        match assignment {
            Some(assignment) => roles.insert(role, assignment.expires_at),
            None => roles.remove(&role),
        };
    }
    roles.into_iter().collect()
}

/// Names are only ever added, so a tenant that grants and revokes ever new ones would grow without
/// end. Once they have doubled since the last look, those that are granted are counted; when fewer
/// than half are, all are numbered anew.
fn without_dead_names(model: Model) -> Model {
    if model.names.len() < model.names_checked_at.max(NAMES_CHECKED_MIN) {
        return model;
    }
    let live = IdSet::union(model.roles.iter().map(|(_, role)| &*role.own));
    let live_count = live.iter().count();
    let names_checked_at = live_count * 2;
    if names_checked_at > model.names.len() {
        return Model { names_checked_at, ..model };
    }
    renumbered(&model, &live, names_checked_at)
}

/// Every role gets the model's generation: its old numbers mean nothing any more.
fn renumbered(model: &Model, live: &IdSet, names_checked_at: usize) -> Model {
    let mut names = Names::default();
    let kept = model.names.iter().filter(|(id, _)| live.contains(*id));
    let numbers: HashMap<u32, u32> = kept.map(|(id, name)| (id, names.intern(name))).collect();
    let mut next = Model { names: Arc::new(names), names_checked_at, ..model.clone() };
    for (id, role) in model.roles.iter() {
        let own = role.own.iter().filter_map(|old| numbers.get(&old).map(|&new| (new, true)));
        let own = Arc::new(IdSet::empty().edited(own.collect()));
        let changed = model.generation;
        next.roles.insert(id, Arc::new(Role { changed, state: role.state.clone(), own }));
    }
    next
}
