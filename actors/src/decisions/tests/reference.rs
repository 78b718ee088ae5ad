//! What the engine must answer, straight from the rules: plain lists, plain text, no cleverness.

use latchkey_storage::id::{GroupId, RoleId};

use super::{Change, Direct};

/// All rows of a tenant.
#[derive(Default)]
pub(super) struct Reference {
    pub(super) roles: Vec<(RoleId, Vec<RoleId>)>,
    pub(super) grants: Vec<(RoleId, String)>,
    pub(super) groups: Vec<(GroupId, Option<GroupId>)>,
    pub(super) group_roles: Vec<(GroupId, RoleId, Option<i64>)>,
}

impl Reference {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut reference = Self::default();
        for change in changes {
            reference.apply(change);
        }
        reference
    }

    fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Role { id, state } => {
                self.roles.retain(|(other, _)| *other != id);
                self.roles.extend(state.map(|state| (id, state.parents)));
            }
            Change::RoleGrant { role, name, granted } => {
                let row = (role, name.as_str().to_owned());
                self.grants.retain(|other| *other != row);
                self.grants.extend(granted.then_some(row));
            }
            Change::Group { id, state } => {
                self.groups.retain(|(other, _)| *other != id);
                self.groups.extend(state.map(|state| (id, state.parent)));
            }
            Change::GroupRole { group, role, state } => {
                self.group_roles.retain(|other| (other.0, other.1) != (group, role));
                self.group_roles.extend(state.map(|state| (group, role, state.expires_at)));
            }
        }
    }

    /// The names that a principal holds, sorted.
    pub(super) fn names(&self, direct: &Direct<'_>, now_ms: i64) -> Vec<String> {
        let roles = self.roles_of(direct, now_ms);
        let granted = self.grants.iter().filter(|(role, _)| roles.contains(role));
        let mut names: Vec<String> = granted.map(|(_, name)| name.clone()).collect();
        names.extend(direct.scopes.iter().map(|scope| scope.as_str().to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn roles_of(&self, direct: &Direct<'_>, now_ms: i64) -> Vec<RoleId> {
        let counts = |expires_at: Option<i64>| expires_at.is_none_or(|end| now_ms < end);
        let mut groups: Vec<GroupId> = Vec::new();
        for (start, _) in direct.groups.iter().filter(|(_, end)| counts(*end)) {
            let mut at = Some(*start);
            while let Some(row) = self.groups.iter().find(|row| Some(row.0) == at) {
                if groups.contains(&row.0) {
                    break;
                }
                groups.push(row.0);
                at = row.1;
            }
        }
        let mut open: Vec<RoleId> =
            direct.roles.iter().filter(|row| counts(row.1)).map(|row| row.0).collect();
        let given = self.group_roles.iter().filter(|row| groups.contains(&row.0) && counts(row.2));
        open.extend(given.map(|row| row.1));
        let mut roles = Vec::new();
        while let Some(id) = open.pop() {
            if let Some((_, parents)) = self.roles.iter().find(|row| row.0 == id)
                && !roles.contains(&id)
            {
                roles.push(id);
                open.extend(parents);
            }
        }
        roles
    }
}

/// Whether a name, as text, matches a question.
pub(super) fn matches(name: &str, resource: &str, action: &str) -> bool {
    let sides: Vec<&str> = name.split(':').collect();
    let (granted, granted_action) = (sides[0], sides[1]);
    let action_fits = granted_action == "*" || granted_action == action;
    let resource_fits = if granted == "*" {
        true
    } else if let Some(prefix) = granted.strip_suffix("/*") {
        let prefix: Vec<&str> = prefix.split('/').collect();
        let path: Vec<&str> = resource.split('/').collect();
        let odd = path.iter().any(|segment| ["", ".", ".."].contains(segment));
        path.len() <= 64 && !odd && path.len() > prefix.len() && path.starts_with(&prefix)
    } else {
        granted == resource
    };
    action_fits && resource_fits
}
