//! Roles of a group, and its members.

use latchkey_storage::View;
use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::tables::{
    GroupMembers, GroupRoles, Groups, Present, Role, RoleGroups, User, Users,
};
use serde_json::json;

use crate::error::{Error, Result};
use crate::links::{self, Linked, Named};
use crate::tenant::{Command, Tx};
use crate::users::guarded;
use crate::{roles, users};

/// Assigns a role to a group, or gives the assignment another end. The path names the group.
pub struct AssignToGroup {
    pub group: GroupId,
    pub role: RoleId,
    /// Unix milliseconds.
    pub expires_at: Option<i64>,
}

impl Command for AssignToGroup {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { group, role, expires_at } = self;
        Named::InPath.exists(tx.contains::<Groups>(&(group,))?, "Group")?;
        Named::InBody("role_id").exists(roles::exists(tx.view(), role)?, "Role")?;
        let put = move |tx: &mut Tx<'_, '_>| {
            let link = links::row::<GroupRoles>(tx, &(group, role), expires_at)?;
            tx.put::<GroupRoles>(&(group, role), &link);
            tx.put::<RoleGroups>(&(role, group), &Present);
            Ok(())
        };
        if links::outlook::<GroupRoles>(tx, &(group, role), expires_at)?.now_ends {
            guarded(tx, put)?;
        } else {
            put(tx)?;
        }
        let diff = json!({ "group_id": group.to_string(), "expires_at": expires_at });
        tx.audit("role.assigned", "role", &role, &diff);
        Ok(())
    }
}

/// Takes a role from a group. The path names both.
pub struct UnassignFromGroup {
    pub group: GroupId,
    pub role: RoleId,
}

impl Command for UnassignFromGroup {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { group, role } = self;
        Named::InPath.exists(tx.contains::<Groups>(&(group,))?, "Group")?;
        Named::InPath.exists(roles::exists(tx.view(), role)?, "Role")?;
        if !tx.contains::<GroupRoles>(&(group, role))? {
            return Err(Error::not_found("Role assignment"));
        }
        guarded(tx, |tx| {
            tx.delete::<GroupRoles>(&(group, role));
            tx.delete::<RoleGroups>(&(role, group));
            Ok(())
        })?;
        tx.audit("role.unassigned", "role", &role, &json!({ "group_id": group.to_string() }));
        Ok(())
    }
}

/// A page of the roles assigned to a group itself, and how many there are.
pub fn roles_of_group(
    view: &View<'_>,
    group: GroupId,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Linked<Role>>, u64)> {
    super::fetch(view, group)?;
    let exists = |(_, role): &(GroupId, RoleId)| roles::exists(view, *role);
    let fetch = |(_, role): &(GroupId, RoleId)| roles::fetch(view, *role);
    links::page::<GroupRoles, _>(view, &(group,), (skip, limit), exists, fetch)
}

/// A page of the direct members of a group, and how many there are.
pub fn members_of_group(
    view: &View<'_>,
    group: GroupId,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Linked<User>>, u64)> {
    super::fetch(view, group)?;
    let exists = |(_, user): &(GroupId, UserId)| Ok(view.contains::<Users>(&(*user,))?);
    let fetch = |(_, user): &(GroupId, UserId)| users::fetch(view, *user);
    links::page::<GroupMembers, _>(view, &(group,), (skip, limit), exists, fetch)
}
