//! What one principal may do, resolved under one model.

use std::sync::Arc;

use latchkey_storage::id::{GroupId, RoleId};

use super::{bits::IdSet, interner::Names, question::Probe};
use crate::permissions::name::PermissionName;

/// Up to this many scopes, trying each is cheaper than a table of them.
const SCOPES_LISTED_MAX: usize = 8;

/// What is assigned to a principal itself. Expiries are milliseconds since 1970; an assignment
/// counts before that moment only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct<'a> {
    pub roles: &'a [(RoleId, Option<i64>)],
    pub groups: &'a [(GroupId, Option<i64>)],
    /// Names held without a role, as an API key holds its scopes. No role needs to know them.
    pub scopes: &'a [PermissionName],
}

/// The rights of a principal under the model that resolved it.
///
/// It speaks the numbers of that model; for another one,
/// [`Model::renewed`](super::Model::renewed) says whether it is still true. A clone shares
/// everything.
#[derive(Clone, Debug)]
pub struct Effective {
    pub(super) generation: u64,
    pub(super) until: Option<i64>,
    pub(super) rights: Rights,
    pub(super) scopes: Scopes,
    pub(super) seen: Arc<[Seen]>,
}

/// What the roles grant. A principal with one role shares that role's own set.
#[derive(Clone, Debug)]
pub(super) enum Rights {
    Nothing,
    OneRole(Arc<IdSet>),
    Union(Arc<IdSet>),
}

/// Names held without a role. They are never numbered by the model: a key may name what no role
/// of its tenant has heard of.
#[derive(Clone, Debug)]
pub(super) enum Scopes {
    Listed(Arc<[PermissionName]>),
    Table(Arc<Names>),
}

/// A role or group that was looked at, and the generation that made it as it was; `None` where it
/// was not there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) source: Source,
    pub(super) changed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Role(RoleId),
    Group(GroupId),
}

impl Effective {
    /// The generation of the model that it speaks the numbers of.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The moment at which an assignment runs out, in milliseconds since 1970: resolve anew then.
    /// Never later than the first change; earlier where what runs out is held otherwise too.
    pub fn until(&self) -> Option<i64> {
        self.until
    }

    /// Whether no assignment has run out at `now_ms`.
    pub fn holds_at(&self, now_ms: i64) -> bool {
        self.until.is_none_or(|until| now_ms < until)
    }

    /// About how much memory it takes, what it shares with its model not counted.
    pub fn memory_bytes(&self) -> usize {
        let rights = match &self.rights {
            Rights::Nothing | Rights::OneRole(_) => 0,
            Rights::Union(set) => set.memory_bytes(),
        };
        size_of::<Self>() + size_of_val(&*self.seen) + rights + self.scopes.memory_bytes()
    }
}

impl Rights {
    /// From the sets of all roles that count, none of them empty.
    pub(super) fn of(sets: &[&Arc<IdSet>]) -> Self {
        match sets {
            [] => Self::Nothing,
            [one] => Self::OneRole(Arc::clone(one)),
            many => Self::Union(Arc::new(IdSet::union(many.iter().map(|set| &***set)))),
        }
    }

    pub(super) fn set(&self) -> Option<&IdSet> {
        match self {
            Self::Nothing => None,
            Self::OneRole(set) | Self::Union(set) => Some(set),
        }
    }
}

impl Scopes {
    pub(super) fn of(names: &[PermissionName]) -> Self {
        if names.is_empty() {
            return Self::Listed(Arc::default());
        }
        if names.len() <= SCOPES_LISTED_MAX {
            return Self::Listed(names.into());
        }
        let mut table = Names::default();
        for name in names {
            table.intern(name);
        }
        Self::Table(Arc::new(table))
    }

    #[inline]
    pub(super) fn matches(&self, resource: &str, action: &str, probe: &Probe<'_>) -> bool {
        match self {
            Self::Listed(names) => names.iter().any(|name| name.matches(resource, action)),
            Self::Table(names) => names.find(probe, |_| true).is_some(),
        }
    }

    pub(super) fn cover(&self, wanted: &PermissionName) -> bool {
        match self {
            Self::Listed(names) => names.iter().any(|name| name.covers(wanted)),
            Self::Table(names) => names.find(&Probe::of_name(wanted), |_| true).is_some(),
        }
    }

    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = &PermissionName> + '_> {
        match self {
            Self::Listed(names) => Box::new(names.iter()),
            Self::Table(names) => Box::new(names.iter().map(|(_, name)| name)),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Listed(names) => {
                size_of_val(&**names)
                    + names.iter().map(|name| name.as_str().len() + 16).sum::<usize>()
            }
            Self::Table(names) => size_of::<Names>() + names.memory_bytes(),
        }
    }
}
