//! Roles and groups of a user.

use latchkey_storage::View;
use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::tables::{
    Group, GroupMembers, Groups, Present, Role, RoleUsers, UserGroups, UserRoles, Users,
};
use serde_json::json;

use super::administrator::guarded;
use crate::error::{Error, Result};
use crate::links::{self, Linked, Named};
use crate::tenant::{Command, Tx};
use crate::{groups, roles};

/// Assigns a role to a user, or gives the assignment another end. The path names the user.
pub struct Assign {
    pub user: UserId,
    pub role: RoleId,
    /// Unix milliseconds.
    pub expires_at: Option<i64>,
}

impl Command for Assign {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { user, role, expires_at } = self;
        Named::InPath.exists(tx.contains::<Users>(&(user,))?, "User")?;
        Named::InBody("role_id").exists(roles::exists(tx.view(), role)?, "Role")?;
        let put = move |tx: &mut Tx<'_, '_>| {
            let link = links::row::<UserRoles>(tx, &(user, role), expires_at)?;
            tx.put::<UserRoles>(&(user, role), &link);
            tx.put::<RoleUsers>(&(role, user), &Present);
            Ok(())
        };
        if links::outlook::<UserRoles>(tx, &(user, role), expires_at)?.now_ends {
            guarded(tx, put)?;
        } else {
            put(tx)?;
        }
        let diff = json!({ "user_id": user.to_string(), "expires_at": expires_at });
        tx.audit("role.assigned", "role", &role, &diff);
        Ok(())
    }
}

/// Takes a role from a user. The path names both.
pub struct Unassign {
    pub user: UserId,
    pub role: RoleId,
}

impl Command for Unassign {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { user, role } = self;
        Named::InPath.exists(tx.contains::<Users>(&(user,))?, "User")?;
        Named::InPath.exists(roles::exists(tx.view(), role)?, "Role")?;
        if !tx.contains::<UserRoles>(&(user, role))? {
            return Err(Error::not_found("Role assignment"));
        }
        guarded(tx, |tx| {
            tx.delete::<UserRoles>(&(user, role));
            tx.delete::<RoleUsers>(&(role, user));
            Ok(())
        })?;
        tx.audit("role.unassigned", "role", &role, &json!({ "user_id": user.to_string() }));
        Ok(())
    }
}

/// Which of the two a path names when somebody joins a group; the body names the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberPath {
    User,
    Group,
}

/// Makes a user a member of a group, or gives the membership another end.
pub struct Join {
    pub user: UserId,
    pub group: GroupId,
    /// Unix milliseconds.
    pub expires_at: Option<i64>,
    pub path: MemberPath,
}

impl Command for Join {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { user, group, expires_at, path } = self;
        members_exist(tx, user, group, path)?;
        let put = move |tx: &mut Tx<'_, '_>| {
            let link = links::row::<UserGroups>(tx, &(user, group), expires_at)?;
            tx.put::<UserGroups>(&(user, group), &link);
            tx.put::<GroupMembers>(&(group, user), &link);
            Ok(())
        };
        if links::outlook::<UserGroups>(tx, &(user, group), expires_at)?.now_ends {
            guarded(tx, put)?;
        } else {
            put(tx)?;
        }
        let diff = json!({ "user_id": user.to_string(), "expires_at": expires_at });
        tx.audit("group.member_added", "group", &group, &diff);
        Ok(())
    }
}

/// What the path names is looked for first: its absence speaks before a fault of the body.
fn members_exist(tx: &Tx<'_, '_>, user: UserId, group: GroupId, path: MemberPath) -> Result<()> {
    let (user, group) = (tx.contains::<Users>(&(user,))?, tx.contains::<Groups>(&(group,))?);
    match path {
        MemberPath::User => {
            Named::InPath.exists(user, "User")?;
            Named::InBody("group_id").exists(group, "Group")
        }
        MemberPath::Group => {
            Named::InPath.exists(group, "Group")?;
            Named::InBody("user_id").exists(user, "User")
        }
    }
}

/// Ends a membership. The path names both.
pub struct Leave {
    pub user: UserId,
    pub group: GroupId,
}

impl Command for Leave {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let Self { user, group } = self;
        Named::InPath.exists(tx.contains::<Users>(&(user,))?, "User")?;
        Named::InPath.exists(tx.contains::<Groups>(&(group,))?, "Group")?;
        if !tx.contains::<UserGroups>(&(user, group))? {
            return Err(Error::not_found("Membership"));
        }
        guarded(tx, |tx| {
            tx.delete::<UserGroups>(&(user, group));
            tx.delete::<GroupMembers>(&(group, user));
            Ok(())
        })?;
        tx.audit("group.member_removed", "group", &group, &json!({ "user_id": user.to_string() }));
        Ok(())
    }
}

/// A page of the roles assigned to a user itself, and how many there are.
pub fn roles_of_user(
    view: &View<'_>,
    user: UserId,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Linked<Role>>, u64)> {
    super::fetch(view, user)?;
    let exists = |(_, role): &(UserId, RoleId)| roles::exists(view, *role);
    let fetch = |(_, role): &(UserId, RoleId)| roles::fetch(view, *role);
    links::page::<UserRoles, _>(view, &(user,), (skip, limit), exists, fetch)
}

/// A page of the groups that a user is a member of itself, and how many there are.
pub fn groups_of_user(
    view: &View<'_>,
    user: UserId,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Linked<Group>>, u64)> {
    super::fetch(view, user)?;
    let exists = |(_, group): &(UserId, GroupId)| Ok(view.contains::<Groups>(&(*group,))?);
    let fetch = |(_, group): &(UserId, GroupId)| groups::fetch(view, *group);
    links::page::<UserGroups, _>(view, &(user,), (skip, limit), exists, fetch)
}
