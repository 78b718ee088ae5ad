//! Permissions of a role.

use std::ops::ControlFlow;

use latchkey_storage::View;
use latchkey_storage::id::{PermissionId, RoleId};
use latchkey_storage::tables::{
    Assignment, Permission, PermissionRoles, Permissions, Present, RolePermissions, RolesDeleted,
};
use serde_json::json;

use super::built_in::{changeable, system_permission, system_permissions};
use super::system::SystemRole;
use crate::error::{Error, Result};
use crate::links::{self, Named};
use crate::tenant::{Command, Tx};
use crate::users::guarded;

/// Grants a permission to a role. The path names the role. Granting again changes nothing.
pub struct Grant {
    pub role: RoleId,
    pub permission: PermissionId,
}

impl Command for Grant {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { role, permission } = self;
        changeable(tx.tenant(), role)?;
        Named::InPath.exists(super::exists(tx.view(), role)?, "Role")?;
        if system_permission(tx.tenant(), permission).is_some() {
            let problem = "belongs to a built-in role; make a permission of its name";
            return Err(Error::invalid("permission_id", problem));
        }
        let row = tx.get::<Permissions>(&(permission,))?;
        Named::InBody("permission_id").exists(row.is_some(), "Permission")?;
        if tx.contains::<RolePermissions>(&(role, permission))? {
            return Ok(());
        }
        let link: Assignment = links::row::<RolePermissions>(tx, &(role, permission), None)?;
        tx.put::<RolePermissions>(&(role, permission), &link);
        tx.put::<PermissionRoles>(&(permission, role), &Present);
        let name = row.map(|row| row.name);
        let diff = json!({ "permission_id": permission.to_string(), "permission": name });
        tx.audit("permission.granted", "role", &role, &diff);
        Ok(())
    }
}

/// Takes a permission from a role. The path names both.
pub struct Revoke {
    pub role: RoleId,
    pub permission: PermissionId,
}

impl Command for Revoke {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { role, permission } = self;
        changeable(tx.tenant(), role)?;
        Named::InPath.exists(super::exists(tx.view(), role)?, "Role")?;
        let Some(row) = tx.get::<Permissions>(&(permission,))? else {
            return Err(Error::not_found("Permission"));
        };
        if !tx.contains::<RolePermissions>(&(role, permission))? {
            return Err(Error::not_found("Grant"));
        }
        guarded(tx, |tx| {
            tx.delete::<RolePermissions>(&(role, permission));
            tx.delete::<PermissionRoles>(&(permission, role));
            Ok(())
        })?;
        let diff = json!({ "permission_id": permission.to_string(), "permission": row.name });
        tx.audit("permission.revoked", "role", &role, &diff);
        Ok(())
    }
}

/// What comes back with a role that was deleted: the names of the permissions that it grants
/// itself, and its parents. None when there is nothing to restore.
pub fn returning(view: &View<'_>, id: RoleId) -> Result<Option<(Vec<String>, Vec<RoleId>)>> {
    let Some(row) = view.get::<RolesDeleted>(&(id,))? else { return Ok(None) };
    let mut granted = Vec::new();
    view.for_each::<RolePermissions>(&(id,), |(_, permission), _| {
        granted.push(permission);
        ControlFlow::Continue(())
    })?;
    let mut names = Vec::with_capacity(granted.len());
    for permission in granted {
        names.extend(view.get::<Permissions>(&(permission,))?.map(|row| row.name));
    }
    Ok(Some((names, row.parents)))
}

/// A page of the permissions granted to a role itself, and how many there are.
pub fn permissions_of(
    view: &View<'_>,
    role: RoleId,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Permission>, u64)> {
    if let Some(system) = SystemRole::of(view.tenant(), role) {
        let rows = system_permissions(view.tenant(), system);
        let total = rows.len() as u64;
        return Ok((rows.into_iter().skip(skip).take(limit).collect(), total));
    }
    super::fetch(view, role)?;
    let exists = |(_, id): &(RoleId, PermissionId)| Ok(view.contains::<Permissions>(&(*id,))?);
    let fetch = |(_, id): &(RoleId, PermissionId)| crate::permissions::fetch(view, *id);
    let (page, total) =
        links::page::<RolePermissions, _>(view, &(role,), (skip, limit), exists, fetch)?;
    Ok((page.into_iter().map(|linked| linked.object).collect(), total))
}
