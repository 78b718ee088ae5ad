//! What a record changes in memory: read off its operations, before it is appended.

use std::sync::Arc;

use hashbrown::HashSet;
use latchkey_storage::View;
use latchkey_storage::batch::Op;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{ApiKeyId, PermissionId, UserId};
use latchkey_storage::table::Table;
use latchkey_storage::tables as t;

use crate::decisions::{Assignment, Change, GroupState, Model, RoleState};
use crate::error::Result;
use crate::permissions::PermissionName;

/// What the caches of the tenant must forget or take over before the answer leaves.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) fingerprints: Vec<Fingerprint>,
    pub(crate) users: Vec<UserId>,
    /// Keys whose rows were written, and those whose quotas were.
    keys: HashSet<ApiKeyId>,
    quotas: Vec<ApiKeyId>,
    /// The model after the record, where one was in memory and has changed.
    pub(crate) model: Option<Arc<Model>>,
    /// The record changes what the model is made of.
    pub(crate) model_changes: bool,
}

impl Effects {
    /// Something that decides about a caller has changed: remembered principals are over.
    pub(crate) fn move_rights(&self) -> bool {
        !self.fingerprints.is_empty() || !self.users.is_empty() || self.model_changes
    }

    /// Keys whose quota was set anew: leases write the quota alone, all else the key, too.
    pub(crate) fn quotas_set(&self) -> impl Iterator<Item = ApiKeyId> + '_ {
        self.quotas.iter().copied().filter(|key| self.keys.contains(key))
    }

    /// Reads the operations; `view` is what stands after them.
    pub(crate) fn of(ops: &[Op], view: &View<'_>, model: Option<&Arc<Model>>) -> Result<Self> {
        let mut effects = Self::default();
        let mut changes = Vec::new();
        let mut rebuild = false;
        let renamed = written_permissions(ops)?;
        for op in ops {
            effects.keys_and_users(op)?;
            rebuild |= rebuilds(op, view)? || ungrants_any(op, &renamed)?;
            match change(op, view)? {
                Seen::Change(change) => changes.push(change),
                Seen::Unnamed => rebuild = true,
                Seen::Nothing => {}
            }
        }
        effects.model_changes = rebuild || !changes.is_empty();
        effects.model = match model {
            Some(_) if rebuild => Some(Arc::new(compile(view)?)),
            Some(model) if !changes.is_empty() => Some(Arc::new(model.derive(&changes))),
            _ => None,
        };
        Ok(effects)
    }

    fn keys_and_users(&mut self, op: &Op) -> Result<()> {
        self.fingerprints.extend(key::<t::ApiKeysBySecret>(op)?.map(|(fingerprint,)| fingerprint));
        self.keys.extend(key::<t::ApiKeys>(op)?.map(|(id,)| id));
        self.quotas.extend(key::<t::ApiKeyQuotas>(op)?.map(|(id,)| id));
        self.users.extend(key::<t::Users>(op)?.map(|(id,)| id));
        self.users.extend(key::<t::UserRoles>(op)?.map(|(id, _)| id));
        self.users.extend(key::<t::UserGroups>(op)?.map(|(id, _)| id));
        Ok(())
    }
}

/// The key of an operation on a table.
fn key<T: Table>(op: &Op) -> Result<Option<T::Key>> {
    Ok(op.of::<T>().transpose()?.map(|(key, _)| key))
}

/// What an operation is to the model.
enum Seen {
    Change(Change),
    /// A grant went whose permission has no name any more: only a new compilation knows.
    Unnamed,
    Nothing,
}

/// A permission that roles hold was deleted, restored or renamed: the model is compiled anew.
fn rebuilds(op: &Op, view: &View<'_>) -> Result<bool> {
    let Some((permission,)) = key::<t::Permissions>(op)? else { return Ok(false) };
    let page = latchkey_storage::Page { after: None, skip: 0, limit: 1 };
    Ok(!view.scan::<t::PermissionRoles>(&(permission,), page)?.is_empty())
}

/// Permissions whose rows the record writes.
fn written_permissions(ops: &[Op]) -> Result<Vec<PermissionId>> {
    let mut ids = Vec::new();
    for op in ops {
        ids.extend(key::<t::Permissions>(op)?.map(|(id,)| id));
    }
    Ok(ids)
}

/// A grant went in the same record that may have renamed its permission: the model knows it by the
/// name before, which is nowhere any more.
fn ungrants_any(op: &Op, written: &[PermissionId]) -> Result<bool> {
    let Some(row) = op.of::<t::RolePermissions>() else { return Ok(false) };
    let ((_, permission), row) = row?;
    Ok(row.is_none() && written.contains(&permission))
}

/// What one operation changes in the model.
fn change(op: &Op, view: &View<'_>) -> Result<Seen> {
    if let Some(row) = op.of::<t::Roles>() {
        let ((id,), row) = row?;
        let state = row.map(|row| RoleState { parents: row.parents });
        return Ok(Seen::Change(Change::Role { id, state }));
    }
    if let Some(row) = op.of::<t::RolePermissions>() {
        let ((role, permission), row) = row?;
        let granted = row.is_some();
        return Ok(match name_of(view, permission)? {
            Some(name) => Seen::Change(Change::RoleGrant { role, name, granted }),
            None if granted => Seen::Nothing,
            None => Seen::Unnamed,
        });
    }
    if let Some(row) = op.of::<t::Groups>() {
        let ((id,), row) = row?;
        let state = row.map(|row| GroupState { parent: row.parent });
        return Ok(Seen::Change(Change::Group { id, state }));
    }
    if let Some(row) = op.of::<t::GroupRoles>() {
        let ((group, role), row) = row?;
        let state = row.map(|row| Assignment { expires_at: row.expires_at });
        return Ok(Seen::Change(Change::GroupRole { group, role, state }));
    }
    Ok(Seen::Nothing)
}

/// The name of a permission that is not deleted.
fn name_of(view: &View<'_>, id: PermissionId) -> Result<Option<PermissionName>> {
    let row = view.get::<t::Permissions>(&(id,))?;
    Ok(row.and_then(|row| PermissionName::parse(&row.name).ok()))
}

/// Compiles the model of a tenant from its rows and the built-in roles.
pub(crate) fn compile(view: &View<'_>) -> Result<Model> {
    let mut changes = built_in(view);
    let mut names = hashbrown::HashMap::new();
    collect::<t::Permissions>(view, |(id,), row| {
        names.extend(PermissionName::parse(&row.name).ok().map(|name| (id, name)));
    })?;
    collect::<t::Roles>(view, |(id,), row| {
        changes.push(Change::Role { id, state: Some(RoleState { parents: row.parents }) });
    })?;
    collect::<t::RolePermissions>(view, |(role, permission), _| {
        let name = names.get(&permission).cloned();
        changes.extend(name.map(|name| Change::RoleGrant { role, name, granted: true }));
    })?;
    collect::<t::Groups>(view, |(id,), row| {
        changes.push(Change::Group { id, state: Some(GroupState { parent: row.parent }) });
    })?;
    collect::<t::GroupRoles>(view, |(group, role), row| {
        let state = Some(Assignment { expires_at: row.expires_at });
        changes.push(Change::GroupRole { group, role, state });
    })?;
    Ok(Model::compile(changes))
}

fn built_in(view: &View<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for system in crate::roles::SystemRole::ALL {
        let role = system.id(view.tenant());
        changes.push(Change::Role { id: role, state: Some(RoleState { parents: Vec::new() }) });
        let names = system.permissions().into_iter();
        changes.extend(names.map(|name| Change::RoleGrant { role, name, granted: true }));
    }
    changes
}

fn collect<T: Table>(view: &View<'_>, mut take: impl FnMut(T::Key, T::Value)) -> Result<()> {
    view.for_each::<T>(&(), |key, value| {
        take(key, value);
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(())
}
