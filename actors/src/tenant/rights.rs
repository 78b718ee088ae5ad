//! What a principal may do: scopes and roles, cut by an owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use latchkey_storage::id::TenantId;

use crate::api_keys::KeyEntry;
use crate::decisions::{Effective, Model, Question};
use crate::permissions::{PermissionName, RightSet};

/// The rights of one principal at one moment.
#[derive(Clone)]
pub struct Rights {
    /// None where neither roles nor groups take part.
    pub(crate) model: Option<Arc<Model>>,
    /// The scopes of a key.
    pub(crate) key: Option<Arc<KeyEntry>>,
    /// What roles and groups give.
    pub(crate) roles: Option<Arc<Effective>>,
    /// The owner, whose rights cut the key's.
    pub(crate) owner: Option<Arc<Effective>>,
}

impl Rights {
    /// May the principal do this?
    pub fn allows(&self, question: &Question<'_>) -> bool {
        let judged = |rights: &Arc<Effective>| {
            self.model.as_ref().is_some_and(|model| model.allows(rights, question))
        };
        let scoped = self.key.as_ref().is_some_and(|key| {
            key.scopes.iter().any(|s| s.matches(question.resource(), question.action()))
        });
        (scoped || self.roles.as_ref().is_some_and(judged))
            && self.owner.as_ref().is_none_or(judged)
    }

    /// Does the principal hold all that a name stands for?
    pub fn covers(&self, name: &PermissionName) -> bool {
        let judged = |rights: &Arc<Effective>| {
            self.model.as_ref().is_some_and(|model| model.covers(rights, name))
        };
        let scoped = self.key.as_ref().is_some_and(|key| key.scopes.iter().any(|s| s.covers(name)));
        (scoped || self.roles.as_ref().is_some_and(judged))
            && self.owner.as_ref().is_none_or(judged)
    }

    /// The names that the principal holds, sorted: the scopes and what roles give, as far as an
    /// owner holds them, too.
    pub fn names(&self) -> Vec<PermissionName> {
        let mut names: Vec<PermissionName> = Vec::new();
        if let (Some(model), Some(roles)) = (&self.model, &self.roles) {
            names.extend(model.effective_names(roles));
        }
        names.extend(self.key.iter().flat_map(|key| key.scopes.iter().cloned()));
        names.retain(|name| self.covers(name));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The version of the decision model that these rights come from.
    pub fn generation(&self) -> u64 {
        self.model.as_ref().map_or(0, |model| model.generation())
    }

    /// Which of the gateway's own permissions the principal holds.
    pub(crate) fn gateway(&self) -> RightSet {
        RightSet::judged(|resource, action| {
            Question::new(resource, action).is_ok_and(|question| self.allows(&question))
        })
    }
}

/// A principal that has shown a key: what the pipeline keeps of it.
pub struct Caller {
    pub tenant: TenantId,
    pub entry: Arc<KeyEntry>,
    pub rights: RightSet,
    /// A key of the master tenant that holds `*:*` or `tenants:*`: it may enter any tenant.
    pub enters_all: bool,
    /// Unix milliseconds until which this holds if nothing is committed.
    pub until_ms: i64,
    /// Uses that the actor has not heard of, and when it last heard.
    pub(crate) uses: AtomicU64,
    pub(crate) told_ms: AtomicI64,
}
