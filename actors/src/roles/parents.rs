//! From which roles a role inherits, and whether it may.

use hashbrown::{HashMap, HashSet};
use latchkey_storage::View;
use latchkey_storage::id::RoleId;
use latchkey_storage::table::Table;
use latchkey_storage::tables::{Role, Roles, RolesDeleted};

use crate::decisions::hierarchy;
use crate::error::{Error, Result};

/// Parents of one role, at most.
const PARENTS_MAX: usize = 64;

/// What each role inherits from; roles without parents are left out.
type Parents = HashMap<RoleId, Vec<RoleId>>;

/// Checks the parents of a role that nothing inherits from yet.
pub(super) fn check_new(view: &View<'_>, row: &Role) -> Result<()> {
    exist(view, &row.parents, &[])?;
    check(row, &above(view, &row.parents)?)
}

/// Checks new parents of a role. Those that it had before may be deleted by now.
pub(super) fn check_changed(view: &View<'_>, row: &Role, before: &[RoleId]) -> Result<()> {
    exist(view, &row.parents, before)?;
    // Deleted roles count: a circle must not close when one of them comes back.
    let mut all = Parents::new();
    collect::<Roles>(view, &mut all)?;
    collect::<RolesDeleted>(view, &mut all)?;
    check(row, &all)
}

fn exist(view: &View<'_>, parents: &[RoleId], before: &[RoleId]) -> Result<()> {
    if parents.len() > PARENTS_MAX {
        return Err(Error::invalid(
            "parents",
            format!("a role takes at most {PARENTS_MAX} parents"),
        ));
    }
    for parent in parents.iter().filter(|parent| !before.contains(parent)) {
        if !super::exists(view, *parent)? {
            let problem = format!("there is no role `{parent}` in this tenant");
            return Err(Error::invalid("parents", problem));
        }
    }
    Ok(())
}

fn check(row: &Role, parents: &Parents) -> Result<()> {
    let all = parents.keys().copied();
    let parents_of = |role| parents.get(&role).map_or(&[][..], Vec::as_slice);
    hierarchy::check(row.id, &row.parents, &all, parents_of)
        .map_err(|error| Error::invalid("parents", error.to_string()))
}

/// The rows from some roles up.
fn above(view: &View<'_>, first: &[RoleId]) -> Result<Parents> {
    let (mut found, mut seen) = (Parents::new(), HashSet::new());
    let mut open = first.to_vec();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let row = view.get::<Roles>(&(id,))?.or(view.get::<RolesDeleted>(&(id,))?);
        if let Some(row) = row.filter(|row| !row.parents.is_empty()) {
            open.extend(row.parents.iter().copied());
            found.insert(id, row.parents);
        }
    }
    Ok(found)
}

fn collect<T: Table<Value = Role>>(view: &View<'_>, into: &mut Parents) -> Result<()> {
    view.for_each::<T>(&(), |_, row| {
        if !row.parents.is_empty() {
            into.insert(row.id, row.parents);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(())
}
