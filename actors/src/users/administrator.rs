//! The guard of the last administrator: somebody must be left who holds `*`.

use hashbrown::HashSet;
use latchkey_storage::Page;
use latchkey_storage::id::{GroupId, RoleId};
use latchkey_storage::table::Table;
use latchkey_storage::tables as t;

use crate::error::{Code, Error, Result};
use crate::roles::SystemRole;
use crate::tenant::Tx;

/// Rows of one step, at most: a tenant with more administrators than that has enough.
const STEP_MAX: usize = 10_000;

/// Runs a change, and fails it when it takes the last administrator away: no active user holds
/// `*` without an expiry after it (directly, by group, by inheritance), no key of the tenant does,
/// and somebody did before. A tenant that had none is let be.
///
/// # Errors
/// The change's own, or 409 `last_administrator`.
pub fn guarded<T>(
    tx: &mut Tx<'_, '_>,
    change: impl FnOnce(&mut Tx<'_, '_>) -> Result<T>,
) -> Result<T> {
    let before = is_administered(tx)?;
    let answer = change(tx)?;
    if !before || is_administered(tx)? {
        return Ok(answer);
    }
    Err(Error::conflict(
        Code::LastAdministrator,
        "Nobody would be left who may administer the tenant",
    )
    .detail("give `*` to another active user, or to a key of the tenant, first"))
}

fn is_administered(tx: &Tx<'_, '_>) -> Result<bool> {
    let roles = roles_with_star(tx)?;
    Ok(key_remains(tx, &roles)? || user_remains(tx, &roles)?)
}

/// Every role that gives `*`, itself or by a parent.
fn roles_with_star(tx: &Tx<'_, '_>) -> Result<HashSet<RoleId>> {
    let mut found = HashSet::from_iter([SystemRole::SuperAdmin.id(tx.tenant())]);
    if let Some(t::PermissionRef(star)) = tx.get::<t::PermissionsByName>(&("*".to_owned(),))? {
        let holders = tx.scan::<t::PermissionRoles>(&(star,), STEP_MAX)?;
        let holders = holders.into_iter().map(|((_, role), _)| role);
        for role in holders {
            if tx.contains::<t::Roles>(&(role,))? {
                found.insert(role);
            }
        }
    }
    loop {
        let before = found.len();
        let mut heirs = Vec::new();
        tx.view().for_each::<t::Roles>(&(), |(id,), role| {
            if role.parents.iter().any(|parent| found.contains(parent)) {
                heirs.push(id);
            }
            std::ops::ControlFlow::Continue(())
        })?;
        found.extend(heirs);
        if found.len() == before {
            return Ok(found);
        }
    }
}

fn key_remains(tx: &Tx<'_, '_>, roles: &HashSet<RoleId>) -> Result<bool> {
    for ((id,), _) in tx.scan::<t::ApiKeysAdministering>(&(), STEP_MAX)? {
        let key = tx.get::<t::ApiKeys>(&(id,))?;
        let holds = |key: t::ApiKey| {
            key.scopes.iter().any(|scope| scope == "*")
                || key.roles.iter().any(|role| roles.contains(role))
        };
        if key.is_some_and(holds) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn user_remains(tx: &Tx<'_, '_>, roles: &HashSet<RoleId>) -> Result<bool> {
    for role in roles {
        if any(tx, *role, |user| stands::<t::UserRoles>(tx, &(user, *role), user))? {
            return Ok(true);
        }
        for ((_, group), _) in tx.scan::<t::RoleGroups>(&(*role,), STEP_MAX)? {
            let link = tx.get::<t::GroupRoles>(&(group, *role))?;
            if link.is_some_and(|link| link.expires_at.is_none()) && member_remains(tx, group)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn any(
    tx: &Tx<'_, '_>,
    role: RoleId,
    mut stands: impl FnMut(latchkey_storage::id::UserId) -> Result<bool>,
) -> Result<bool> {
    for ((_, user), _) in tx.scan::<t::RoleUsers>(&(role,), STEP_MAX)? {
        if stands(user)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The user is active and the link to it has no expiry.
fn stands<L: Table<Value = t::Assignment>>(
    tx: &Tx<'_, '_>,
    link: &L::Key,
    user: latchkey_storage::id::UserId,
) -> Result<bool> {
    let lasting = tx.get::<L>(link)?.is_some_and(|link| link.expires_at.is_none());
    let row = tx.get::<t::Users>(&(user,))?;
    Ok(lasting && row.is_some_and(|user| user.status == t::UserStatus::Active))
}

/// Somebody active is in the group, or in one below it.
fn member_remains(tx: &Tx<'_, '_>, top: GroupId) -> Result<bool> {
    let mut groups = vec![top];
    let mut seen = HashSet::new();
    while let Some(group) = groups.pop() {
        if !seen.insert(group) || !tx.contains::<t::Groups>(&(group,))? {
            continue;
        }
        for ((_, user), _) in tx.scan::<t::GroupMembers>(&(group,), STEP_MAX)? {
            if stands::<t::GroupMembers>(tx, &(group, user), user)? {
                return Ok(true);
            }
        }
        let page = Page { after: None, skip: 0, limit: STEP_MAX };
        let below = tx.view().scan::<t::GroupsByName>(&(group,), page)?;
        groups.extend(below.into_iter().map(|(_, t::GroupRef(id))| id));
    }
    Ok(false)
}
