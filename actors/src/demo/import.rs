//! The import: a read says what is missing, commands of bounded size put it there.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::ControlFlow;
use std::sync::Arc;

use latchkey_storage::View;
use latchkey_storage::id::{GroupId, PermissionId, RoleId, UserId};
use latchkey_storage::table::Table;
use latchkey_storage::tables as t;
use serde_json::json;

use super::parts::{Loading, Part, Parts, group_id, permission_id, role_id, user_id};
use super::who;
use crate::error::Result;
use crate::tenant::{Command, Tenant, Tx};

mod rows;

/// Objects that one command puts: with their indexes some 200 kB.
const OBJECTS_MAX: usize = 400;
/// Links that one command puts, both sides of them: some 250 kB.
const LINKS_MAX: usize = 1_500;

/// Imports what is missing, and says how many rows that were.
pub(super) async fn missing(
    tenant: &Arc<Tenant>,
    parts: &Arc<Parts>,
    progress: &(dyn Fn(Loading) + Send + Sync),
) -> Result<usize> {
    let within = Arc::clone(parts);
    let plan = tenant.read(move |view| plan(view, &within)).await?;
    let total = plan.iter().map(|(_, places)| places.len()).sum();
    let mut done = 0;
    for (part, places) in plan {
        let size = part.rows_at_once();
        for places in places.chunks(size) {
            progress(Loading { part, done, total });
            let put = Put { part, places: places.to_vec(), parts: Arc::clone(parts) };
            tenant.execute(who(), put).await?;
            done += places.len();
        }
    }
    Ok(done)
}

impl Part {
    const fn rows_at_once(self) -> usize {
        match self {
            Part::Permissions | Part::Roles | Part::Groups | Part::Users => OBJECTS_MAX,
            Part::Grants | Part::GroupRoles | Part::UserRoles | Part::Members => LINKS_MAX,
        }
    }
}

/// Puts some rows of a part: one record.
struct Put {
    part: Part,
    /// Places in the list of the part.
    places: Vec<usize>,
    parts: Arc<Parts>,
}

impl Command for Put {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        for at in &self.places {
            rows::put(tx, &self.parts, self.part, *at)?;
        }
        let diff = json!({ "part": self.part.to_string(), "rows": self.places.len() });
        tx.audit("demo.imported", "tenant", &tx.tenant(), &diff);
        Ok(())
    }
}

/// The places that have no row, part by part.
fn plan(view: &View<'_>, parts: &Parts) -> Result<Vec<(Part, Vec<usize>)>> {
    let deleted = Deleted::read(view)?;
    let part = |part: Part| Ok((part, absent(view, parts, &deleted, part)?));
    Part::ALL.into_iter().map(part).collect()
}

/// What somebody has deleted: it is not missing, and neither are its links.
struct Deleted {
    permissions: HashSet<(PermissionId,)>,
    roles: HashSet<(RoleId,)>,
    groups: HashSet<(GroupId,)>,
    users: HashSet<(UserId,)>,
}

impl Deleted {
    fn read(view: &View<'_>) -> Result<Self> {
        Ok(Self {
            permissions: keys::<t::PermissionsDeleted>(view)?,
            roles: keys::<t::RolesDeleted>(view)?,
            groups: keys::<t::GroupsDeleted>(view)?,
            users: keys::<t::UsersDeleted>(view)?,
        })
    }

    fn permission(&self, at: usize) -> Option<PermissionId> {
        Some(permission_id(at)).filter(|id| !self.permissions.contains(&(*id,)))
    }

    fn role(&self, at: usize) -> Option<RoleId> {
        Some(role_id(at)).filter(|id| !self.roles.contains(&(*id,)))
    }

    fn group(&self, at: usize) -> Option<GroupId> {
        Some(group_id(at)).filter(|id| !self.groups.contains(&(*id,)))
    }

    fn user(&self, at: usize) -> Option<UserId> {
        Some(user_id(at)).filter(|id| !self.users.contains(&(*id,)))
    }
}

fn absent(view: &View<'_>, parts: &Parts, deleted: &Deleted, part: Part) -> Result<Vec<usize>> {
    let all = parts.count(part);
    match part {
        Part::Permissions => {
            without::<t::Permissions>(view, all, |at| Some((deleted.permission(at)?,)))
        }
        Part::Roles => without::<t::Roles>(view, all, |at| Some((deleted.role(at)?,))),
        Part::Groups => without::<t::Groups>(view, all, |at| Some((deleted.group(at)?,))),
        Part::Users => without::<t::Users>(view, all, |at| Some((deleted.user(at)?,))),
        Part::Grants => without::<t::RolePermissions>(view, all, |at| {
            let (role, permission) = *parts.grants.get(at)?;
            Some((deleted.role(role)?, deleted.permission(permission)?))
        }),
        Part::GroupRoles => without::<t::GroupRoles>(view, all, |at| {
            let (group, role) = *parts.group_roles.get(at)?;
            Some((deleted.group(group)?, deleted.role(role)?))
        }),
        Part::UserRoles => without::<t::UserRoles>(view, all, |at| {
            let (user, role) = *parts.user_roles.get(at)?;
            Some((deleted.user(user)?, deleted.role(role)?))
        }),
        Part::Members => without::<t::UserGroups>(view, all, |at| {
            let (user, group) = *parts.members.get(at)?;
            Some((deleted.user(user)?, deleted.group(group)?))
        }),
    }
}

/// The places below `all` that have a key of which there is no row.
fn without<T: Table>(
    view: &View<'_>,
    all: usize,
    key: impl Fn(usize) -> Option<T::Key>,
) -> Result<Vec<usize>>
where
    T::Key: Hash + Eq,
{
    let there = keys::<T>(view)?;
    Ok((0..all).filter(|at| key(*at).is_some_and(|key| !there.contains(&key))).collect())
}

fn keys<T: Table>(view: &View<'_>) -> Result<HashSet<T::Key>>
where
    T::Key: Hash + Eq,
{
    let mut keys = HashSet::new();
    view.for_each::<T>(&(), |key, _| {
        keys.insert(key);
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}
