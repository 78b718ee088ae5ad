//! The built-in roles and their permissions as rows, which they have none of.

use latchkey_storage::id::{PermissionId, RoleId, TenantId};
use latchkey_storage::tables::{Permission, Role};

use super::system::SystemRole;
use crate::error::{Code, Error, Kind, Result};

/// Whether this is a built-in role of the tenant.
pub fn is_system(tenant: TenantId, id: RoleId) -> bool {
    SystemRole::of(tenant, id).is_some()
}

/// Refuses to change a built-in role.
pub(super) fn changeable(tenant: TenantId, id: RoleId) -> Result<()> {
    if is_system(tenant, id) {
        let message = "Built-in roles cannot be changed";
        return Err(Error::new(Kind::Forbidden, Code::SystemRole, message));
    }
    Ok(())
}

/// A built-in role as a row, made when the tenant was.
pub fn system_row(tenant: TenantId, role: SystemRole) -> Role {
    let made_at = made_at(tenant);
    Role {
        id: role.id(tenant),
        name: role.name().to_owned(),
        display_name: None,
        description: Some(role.description().to_owned()),
        parents: Vec::new(),
        metadata: "{}".to_owned(),
        created_at: made_at,
        updated_at: made_at,
        deleted_at: None,
        version: 1,
    }
}

/// The permissions of a built-in role as rows.
pub(super) fn system_permissions(tenant: TenantId, role: SystemRole) -> Vec<Permission> {
    let made_at = made_at(tenant);
    let row = |(n, name): (usize, crate::permissions::PermissionName)| Permission {
        id: role.permission_id(tenant, n),
        name: name.to_string(),
        display_name: None,
        description: None,
        conditions: "{}".to_owned(),
        created_at: made_at,
        updated_at: made_at,
        deleted_at: None,
        version: 1,
    };
    role.permissions().into_iter().enumerate().map(row).collect()
}

/// The permission of a built-in role that has this id.
pub fn system_permission(tenant: TenantId, id: PermissionId) -> Option<Permission> {
    let of_role = |role| system_permissions(tenant, role).into_iter().find(|row| row.id == id);
    SystemRole::ALL.into_iter().find_map(of_role)
}

/// The moment in the tenant's id, in Unix milliseconds; 0 for the master tenant, whose id has none.
fn made_at(tenant: TenantId) -> i64 {
    let (seconds, nanos) = tenant.uuid().get_timestamp().map_or((0, 0), |at| at.to_unix());
    let seconds = i64::try_from(seconds).unwrap_or(0);
    seconds.saturating_mul(1_000) + i64::from(nanos / 1_000_000)
}
