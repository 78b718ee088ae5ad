//! A user with the roles and groups that count for it now.

use hashbrown::HashSet;
use latchkey_storage::View;
use latchkey_storage::id::{GroupId, RoleId, UserId};
use latchkey_storage::key::KeyPart;
use latchkey_storage::table::Table;
use latchkey_storage::tables::{
    Assignment, Group, GroupRoles, Groups, Role, User, UserGroups, UserRoles,
};

use crate::error::Result;
use crate::{groups, roles};

/// A user with what it has at a moment.
pub struct UserInfo {
    pub user: User,
    /// Its own roles, then those of its groups and of the groups above them, each once.
    pub roles: Vec<Role>,
    /// The groups it is a member of itself, each with its path.
    pub groups: Vec<(Group, String)>,
}

/// A user with the roles and groups that count at `now_ms`; those that have ended do not.
///
/// # Errors
/// 404 when there is no such user.
pub fn user_info(view: &View<'_>, user: UserId, now_ms: i64) -> Result<UserInfo> {
    let mut info =
        UserInfo { user: super::fetch(view, user)?, roles: Vec::new(), groups: Vec::new() };
    let mut seen = HashSet::new();
    for (_, role) in counting::<UserRoles>(view, &(user,), now_ms)? {
        take(view, &mut info.roles, &mut seen, role)?;
    }
    for (_, group) in counting::<UserGroups>(view, &(user,), now_ms)? {
        let Some(row) = view.get::<Groups>(&(group,))? else { continue };
        for above in groups::lineage(view, group)? {
            roles_of(view, above, now_ms, &mut info.roles, &mut seen)?;
        }
        let path = groups::path(view, &row)?;
        info.groups.push((row, path));
    }
    Ok(info)
}

fn roles_of(
    view: &View<'_>,
    group: GroupId,
    now_ms: i64,
    found: &mut Vec<Role>,
    seen: &mut HashSet<RoleId>,
) -> Result<()> {
    for (_, role) in counting::<GroupRoles>(view, &(group,), now_ms)? {
        take(view, found, seen, role)?;
    }
    Ok(())
}

fn take(
    view: &View<'_>,
    found: &mut Vec<Role>,
    seen: &mut HashSet<RoleId>,
    role: RoleId,
) -> Result<()> {
    if seen.insert(role) && roles::exists(view, role)? {
        found.push(roles::fetch(view, role)?);
    }
    Ok(())
}

/// The links below a prefix that have not ended.
fn counting<L: Table<Value = Assignment>>(
    view: &View<'_>,
    prefix: &impl KeyPart,
    now_ms: i64,
) -> Result<Vec<L::Key>> {
    let mut keys = Vec::new();
    view.for_each::<L>(prefix, |key, link| {
        if link.expires_at.is_none_or(|at| at > now_ms) {
            keys.push(key);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(keys)
}
