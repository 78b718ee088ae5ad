//! The rows of one object or link, with its indexes and its other side.

use latchkey_storage::id::GroupId;
use latchkey_storage::tables as t;

use super::super::parts::{Part, Parts, group_id, permission_id, role_id, user_id};
use crate::error::{Error, Result};
use crate::tenant::{Counted, Tx};

/// The parent of a group at the top, in the index of names.
const TOP: GroupId = GroupId::new([0; 16]);

/// Puts what stands at a place of a part. An object whose name somebody else has is left out, and
/// so is a link to an object that is not there.
pub(super) fn put(tx: &mut Tx<'_, '_>, parts: &Parts, part: Part, at: usize) -> Result<()> {
    match part {
        Part::Permissions => permission(tx, parts, at),
        Part::Roles => role(tx, parts, at),
        Part::Groups => group(tx, parts, at),
        Part::Users => user(tx, parts, at),
        Part::Grants => grant(tx, place(&parts.grants, at)?),
        Part::GroupRoles => group_role(tx, place(&parts.group_roles, at)?),
        Part::UserRoles => user_role(tx, place(&parts.user_roles, at)?),
        Part::Members => member(tx, place(&parts.members, at)?),
    }
}

fn permission(tx: &mut Tx<'_, '_>, parts: &Parts, at: usize) -> Result<()> {
    let (id, name) = (permission_id(at), place(&parts.permissions, at)?.to_string());
    if tx.contains::<t::PermissionsByName>(&(name.clone(),))? {
        return Ok(());
    }
    let row = t::Permission {
        id,
        name: name.clone(),
        display_name: None,
        description: None,
        conditions: "{}".into(),
        created_at: tx.now,
        updated_at: tx.now,
        deleted_at: None,
        version: 1,
    };
    tx.put::<t::Permissions>(&(id,), &row);
    tx.put::<t::PermissionsByName>(&(name,), &t::PermissionRef(id));
    tx.count(Counted::Permissions, 1)
}

fn role(tx: &mut Tx<'_, '_>, parts: &Parts, at: usize) -> Result<()> {
    let (id, (name, title)) = (role_id(at), place(&parts.roles, at)?.clone());
    if tx.contains::<t::RolesByName>(&(name.clone(),))? {
        return Ok(());
    }
    let row = t::Role {
        id,
        name: name.clone(),
        display_name: Some(title),
        description: None,
        parents: Vec::new(),
        metadata: "{}".into(),
        created_at: tx.now,
        updated_at: tx.now,
        deleted_at: None,
        version: 1,
    };
    tx.put::<t::Roles>(&(id,), &row);
    tx.put::<t::RolesByName>(&(name,), &t::RoleRef(id));
    tx.count(Counted::Roles, 1)
}

fn group(tx: &mut Tx<'_, '_>, parts: &Parts, at: usize) -> Result<()> {
    let (id, team) = (group_id(at), place(&parts.groups, at)?);
    let parent = team.parent.map(group_id);
    let by_name = (parent.unwrap_or(TOP), team.name.to_owned());
    let homeless = match parent {
        Some(parent) => !tx.contains::<t::Groups>(&(parent,))?,
        None => false,
    };
    if homeless || tx.contains::<t::GroupsByName>(&by_name)? {
        return Ok(());
    }
    let row = t::Group {
        id,
        parent,
        name: team.name.into(),
        display_name: None,
        description: None,
        metadata: "{}".into(),
        created_at: tx.now,
        updated_at: tx.now,
        deleted_at: None,
        version: 1,
    };
    tx.put::<t::Groups>(&(id,), &row);
    tx.put::<t::GroupsByName>(&by_name, &t::GroupRef(id));
    tx.count(Counted::Groups, 1)
}

fn user(tx: &mut Tx<'_, '_>, parts: &Parts, at: usize) -> Result<()> {
    let (id, person) = (user_id(at), place(&parts.users, at)?);
    let username = format!("{}.{}", person.first_name, person.last_name).to_lowercase();
    let email = format!("{username}@demo.example");
    let taken = tx.contains::<t::UsersByUsername>(&(username.clone(),))?
        || tx.contains::<t::UsersByEmail>(&(email.clone(),))?;
    if taken {
        return Ok(());
    }
    let row = t::User {
        id,
        username: username.clone(),
        email: email.clone(),
        email_verified: true,
        password_hash: None,
        phone: None,
        phone_verified: false,
        first_name: Some(person.first_name.into()),
        last_name: Some(person.last_name.into()),
        display_name: Some(format!("{} {}", person.first_name, person.last_name)),
        avatar_url: None,
        locale: "en".into(),
        timezone: "UTC".into(),
        status: t::UserStatus::Active,
        metadata: "{}".into(),
        created_at: tx.now,
        updated_at: tx.now,
        deleted_at: None,
        version: 1,
    };
    tx.put::<t::Users>(&(id,), &row);
    tx.put::<t::UsersByUsername>(&(username,), &t::UserRef(id));
    tx.put::<t::UsersByEmail>(&(email,), &t::UserRef(id));
    tx.count(Counted::Users, 1)
}

fn grant(tx: &mut Tx<'_, '_>, &(role, permission): &(usize, usize)) -> Result<()> {
    let (role, permission) = (role_id(role), permission_id(permission));
    if tx.contains::<t::Roles>(&(role,))? && tx.contains::<t::Permissions>(&(permission,))? {
        let link = link(tx);
        tx.put::<t::RolePermissions>(&(role, permission), &link);
        tx.put::<t::PermissionRoles>(&(permission, role), &t::Present);
    }
    Ok(())
}

fn group_role(tx: &mut Tx<'_, '_>, &(group, role): &(usize, usize)) -> Result<()> {
    let (group, role) = (group_id(group), role_id(role));
    if tx.contains::<t::Groups>(&(group,))? && tx.contains::<t::Roles>(&(role,))? {
        let link = link(tx);
        tx.put::<t::GroupRoles>(&(group, role), &link);
        tx.put::<t::RoleGroups>(&(role, group), &t::Present);
    }
    Ok(())
}

fn user_role(tx: &mut Tx<'_, '_>, &(user, role): &(usize, usize)) -> Result<()> {
    let (user, role) = (user_id(user), role_id(role));
    if tx.contains::<t::Users>(&(user,))? && tx.contains::<t::Roles>(&(role,))? {
        let link = link(tx);
        tx.put::<t::UserRoles>(&(user, role), &link);
        tx.put::<t::RoleUsers>(&(role, user), &t::Present);
    }
    Ok(())
}

fn member(tx: &mut Tx<'_, '_>, &(user, group): &(usize, usize)) -> Result<()> {
    let (user, group) = (user_id(user), group_id(group));
    if tx.contains::<t::Users>(&(user,))? && tx.contains::<t::Groups>(&(group,))? {
        let link = link(tx);
        tx.put::<t::UserGroups>(&(user, group), &link);
        tx.put::<t::GroupMembers>(&(group, user), &link);
    }
    Ok(())
}

fn link(tx: &Tx<'_, '_>) -> t::Assignment {
    t::Assignment { expires_at: None, created_at: tx.now, created_by: tx.who().author.clone() }
}

fn place<T>(list: &[T], at: usize) -> Result<&T> {
    list.get(at).ok_or_else(|| Error::internal("a place outside its part of the demonstration"))
}
