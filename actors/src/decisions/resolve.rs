//! From what is assigned to a principal to what it may do.

use std::sync::Arc;

use hashbrown::HashMap;
use latchkey_storage::id::{GroupId, RoleId};

use super::{
    bits::IdSet,
    effective::{Direct, Effective, Rights, Scopes, Seen, Source},
    model::Model,
};

/// Walks from the direct assignments up through groups and parents, each looked at once (so a
/// circle in the rows ends, too).
pub(super) fn resolve(model: &Model, direct: &Direct<'_>, now_ms: i64) -> Effective {
    let mut walk = Walk { model, now_ms, until: None, seen: HashMap::new(), granted: Vec::new() };
    for &(group, expires_at) in direct.groups {
        if walk.counts(expires_at) {
            walk.climb(group);
        }
    }
    for &(role, expires_at) in direct.roles {
        if walk.counts(expires_at) {
            walk.take(role);
        }
    }
    walk.finish(Scopes::of(direct.scopes))
}

struct Walk<'m> {
    model: &'m Model,
    now_ms: i64,
    until: Option<i64>,
    seen: HashMap<Source, Option<u64>>,
    granted: Vec<&'m Arc<IdSet>>,
}

impl Walk<'_> {
    /// Whether an assignment counts now; if so, its end bounds what is resolved.
    fn counts(&mut self, expires_at: Option<i64>) -> bool {
        let Some(end) = expires_at else { return true };
        let counts = self.now_ms < end;
        if counts {
            self.until = Some(self.until.map_or(end, |until| until.min(end)));
        }
        counts
    }

    /// A member of a group is one of every group above it.
    fn climb(&mut self, group: GroupId) {
        let mut next = Some(group);
        while let Some(id) = next.take() {
            let found = self.model.group(id);
            if !self.first(Source::Group(id), found.map(|group| group.changed)) {
                return;
            }
            let Some(group) = found else { return };
            for &(role, expires_at) in &group.roles {
                if self.counts(expires_at) {
                    self.take(role);
                }
            }
            next = group.state.as_ref().and_then(|state| state.parent);
        }
    }

    /// A role grants what its parents do.
    fn take(&mut self, role: RoleId) {
        let mut open = vec![role];
        while let Some(id) = open.pop() {
            let found = self.model.role(id);
            if !self.first(Source::Role(id), found.map(|role| role.changed)) {
                continue;
            }
            let Some(role) = found else { continue };
            if !role.own.is_empty() {
                self.granted.push(&role.own);
            }
            open.extend(role.parents());
        }
    }

    fn first(&mut self, source: Source, changed: Option<u64>) -> bool {
        self.seen.insert(source, changed).is_none()
    }

    fn finish(self, scopes: Scopes) -> Effective {
        let seen = self.seen.into_iter().map(|(source, changed)| Seen { source, changed });
        Effective {
            generation: self.model.generation(),
            until: self.until,
            rights: Rights::of(&self.granted),
            scopes,
            seen: seen.collect(),
        }
    }
}
