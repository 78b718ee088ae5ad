//! What the roles and groups of one tenant grant, compiled.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use latchkey_storage::id::{GroupId, RoleId};

use super::{
    bits::IdSet,
    change::{Change, GroupState, RoleState},
    draft::Draft,
    effective::{Direct, Effective, Seen, Source},
    hierarchy::{self, HierarchyError},
    interner::Names,
    question::{Probe, Question},
    resolve,
    shards::Shards,
};
use crate::permissions::name::PermissionName;

/// One tenant's roles and groups at one moment: immutable, shared, derived from its predecessor.
#[derive(Clone, Debug)]
pub struct Model {
    // INVARIANT: no two models of a process have the same, so equal means the very same model.
    pub(super) generation: u64,
    pub(super) names: Arc<Names>,
    /// As many names make it worth looking for ones that nothing grants any more.
    pub(super) names_checked_at: usize,
    pub(super) roles: Shards<RoleId, Role>,
    pub(super) groups: Shards<GroupId, Group>,
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    /// The generation that made it what it is.
    pub(super) changed: u64,
    /// `None` where grants stand without their role.
    pub(super) state: Option<RoleState>,
    pub(super) own: Arc<IdSet>,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The generation that made it what it is.
    pub(super) changed: u64,
    /// `None` where roles are given to a group that is not there.
    pub(super) state: Option<GroupState>,
    /// Sorted by role.
    pub(super) roles: Box<[(RoleId, Option<i64>)]>,
}

impl Model {
    /// A tenant without roles and groups.
    pub fn empty() -> Self {
        Self {
            generation: next_generation(),
            names: Arc::default(),
            names_checked_at: 0,
            roles: Shards::default(),
            groups: Shards::default(),
        }
    }

    /// From all rows of a tenant, in any order.
    pub fn compile(changes: impl IntoIterator<Item = Change>) -> Self {
        let base = Self::empty();
        let mut draft = Draft::of(&base);
        for change in changes {
            draft.apply(&change);
        }
        draft.finish()
    }

    /// The model after these row changes, sharing with this one what they did not touch.
    #[must_use]
    pub fn derive(&self, changes: &[Change]) -> Self {
        let mut draft = Draft::of(self);
        for change in changes {
            draft.apply(change);
        }
        draft.finish()
    }

    /// What a principal may do at `now_ms` (milliseconds since 1970). At `i64::MAX` that is what
    /// it may do without an expiry.
    pub fn resolve(&self, direct: &Direct<'_>, now_ms: i64) -> Effective {
        resolve::resolve(self, direct, now_ms)
    }

    /// Whether the rights answer the question with yes. Rights that this model did not resolve or
    /// renew are no rights.
    #[inline]
    pub fn allows(&self, effective: &Effective, question: &Question<'_>) -> bool {
        let probe = question.probe();
        self.is_current(effective)
            && (self.holds(effective, &probe)
                || effective.scopes.matches(question.resource(), question.action(), &probe))
    }

    /// Whether all that `name` matches is among the rights: may their holder give it away?
    pub fn covers(&self, effective: &Effective, name: &PermissionName) -> bool {
        self.is_current(effective)
            && (self.holds(effective, &Probe::of_name(name)) || effective.scopes.cover(name))
    }

    /// The first of the `wanted` rights that `holder` could not give away, by name.
    pub fn uncovered(&self, holder: &Effective, wanted: &Effective) -> Option<PermissionName> {
        self.effective_names(wanted).into_iter().find(|name| !self.covers(holder, name))
    }

    /// The names behind the rights, sorted, each once. Rights that this model did not resolve or
    /// renew have none.
    pub fn effective_names(&self, effective: &Effective) -> Vec<PermissionName> {
        if !self.is_current(effective) {
            return Vec::new();
        }
        let mut names = effective.rights.set().map_or_else(Vec::new, |set| self.named(set));
        names.extend(effective.scopes.iter().cloned());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names granted to a role itself, sorted; what it inherits is not among them.
    pub fn role_names(&self, id: RoleId) -> Vec<PermissionName> {
        let mut names = self.role(id).map_or_else(Vec::new, |role| self.named(&role.own));
        names.sort_unstable();
        names
    }

    /// Whether the rights were resolved or renewed by this very model. Expiry is
    /// [`Effective::holds_at`].
    #[inline]
    pub fn is_current(&self, effective: &Effective) -> bool {
        effective.generation == self.generation
    }

    /// Rights that another model of this tenant resolved, for use with this one: possible if every
    /// role and group they came from is as it was, else they must be resolved anew. What is
    /// assigned to the principal itself, and expiry, are the caller's to watch.
    pub fn renewed(&self, effective: &Effective) -> Option<Effective> {
        let same = self.is_current(effective) || effective.seen.iter().all(|seen| self.is_as(seen));
        same.then(|| Effective { generation: self.generation, ..effective.clone() })
    }

    /// Different for any two models of this process.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn has_role(&self, id: RoleId) -> bool {
        self.role(id).is_some()
    }

    pub fn has_group(&self, id: GroupId) -> bool {
        self.group(id).is_some()
    }

    /// Whether a role may have these parents.
    ///
    /// # Errors
    /// [`HierarchyError`], when it would inherit from itself, or some chain through it would have
    /// more than [`LEVELS_MAX`](super::LEVELS_MAX) roles.
    pub fn would_cycle_role(&self, id: RoleId, parents: &[RoleId]) -> Result<(), HierarchyError> {
        let all = self.roles.iter().map(|(role, _)| role);
        hierarchy::check(id, parents, &all, |role| self.role(role).map_or(&[], Role::parents))
    }

    /// Whether a group may stand below this parent.
    ///
    /// # Errors
    /// As [`Model::would_cycle_role`].
    pub fn would_cycle_group(
        &self,
        id: GroupId,
        parent: Option<GroupId>,
    ) -> Result<(), HierarchyError> {
        let all = self.groups.iter().map(|(group, _)| group);
        hierarchy::check(id, parent.as_slice(), &all, |group| {
            self.group(group).map_or(&[], Group::parents)
        })
    }

    /// About how much memory it takes, counting what it shares with its predecessors. Walks all
    /// roles and groups.
    pub fn memory_bytes(&self) -> usize {
        let roles = self.roles.iter().map(|(_, role)| role.memory_bytes());
        let groups = self.groups.iter().map(|(_, group)| group.memory_bytes());
        let maps = self.roles.memory_bytes() + self.groups.memory_bytes();
        size_of::<Self>() + self.names.memory_bytes() + maps + roles.chain(groups).sum::<usize>()
    }

    /// A role that has its row.
    pub(super) fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.get(&id).map(|role| &**role).filter(|role| role.state.is_some())
    }

    /// A group that has its row.
    pub(super) fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id).map(|group| &**group).filter(|group| group.state.is_some())
    }

    #[inline]
    fn holds(&self, effective: &Effective, probe: &Probe<'_>) -> bool {
        let set = effective.rights.set();
        set.is_some_and(|set| self.names.find(probe, |id| set.contains(id)).is_some())
    }

    fn is_as(&self, seen: &Seen) -> bool {
        let changed = match seen.source {
            Source::Role(id) => self.role(id).map(|role| role.changed),
            Source::Group(id) => self.group(id).map(|group| group.changed),
        };
        changed == seen.changed
    }

    fn named(&self, set: &IdSet) -> Vec<PermissionName> {
        let held = self.names.iter().filter(|(id, _)| set.contains(*id));
        held.map(|(_, name)| name.clone()).collect()
    }
}

impl Role {
    pub(super) fn parents(&self) -> &[RoleId] {
        self.state.as_ref().map_or(&[], |state| &state.parents)
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.parents()) + self.own.memory_bytes() + 32
    }
}

impl Group {
    pub(super) fn parents(&self) -> &[GroupId] {
        self.state.as_ref().map_or(&[], |state| state.parent.as_slice())
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.roles) + 16
    }
}

/// Only ever counts up: it tells models apart and says nothing else.
pub(super) fn next_generation() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
