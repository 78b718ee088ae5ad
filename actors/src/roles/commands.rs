//! What changes a role, and how roles are read.

use latchkey_storage::id::RoleId;
use latchkey_storage::tables::{Role, RoleRef, Roles, RolesByName, RolesDeleted};
use latchkey_storage::{Page, View};
use serde_json::json;

use super::built_in::{changeable, is_system, system_row};
use super::parents;
use super::system::SystemRole;
use crate::error::{Error, Result};
use crate::tenant::{Command, Counted, Tx, if_match, total};
use crate::tenants::Edit;
use crate::text;
use crate::users::guarded;

const NAME_CHARS_MAX: usize = 128;
const METADATA_BYTES_MAX: usize = 16 << 10;

/// A role to be made.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub parents: Vec<RoleId>,
    /// A JSON object, as text; `{}` where it is not said.
    pub metadata: Option<String>,
}

impl NewRole {
    fn row(self, id: RoleId, now: i64) -> Role {
        Role {
            id,
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            parents: self.parents,
            metadata: self.metadata.unwrap_or_else(|| "{}".into()),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        }
    }
}

/// Makes a role.
pub struct Create(pub NewRole);

impl Command for Create {
    type Answer = Role;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Role> {
        let mut row = self.0.row(RoleId::from_uuid(tx.uuid()), tx.now);
        each_once(&mut row.parents);
        checked(&row)?;
        name_is_free(tx, &row)?;
        parents::check_new(tx.view(), &row)?;
        tx.put::<RolesByName>(&(row.name.clone(),), &RoleRef(row.id));
        tx.put::<Roles>(&(row.id,), &row);
        tx.count(Counted::Roles, 1)?;
        tx.audit("role.created", "role", &row.id, &diff(&row));
        Ok(row)
    }
}

/// Changes a role.
pub struct Update {
    pub id: RoleId,
    pub edit: Edit<Role>,
    pub if_match: Option<u64>,
}

impl Command for Update {
    type Answer = Role;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Role> {
        changeable(tx.tenant(), self.id)?;
        let before = fetch(tx.view(), self.id)?;
        if_match(self.if_match, before.version)?;
        let mut row = before.clone();
        (self.edit)(&mut row)?;
        each_once(&mut row.parents);
        checked(&row)?;
        name_is_free(tx, &row)?;
        row.updated_at = tx.now;
        row.version = before.version + 1;
        tx.delete::<RolesByName>(&(before.name.clone(),));
        tx.put::<RolesByName>(&(row.name.clone(),), &RoleRef(row.id));
        if row.parents == before.parents {
            tx.put::<Roles>(&(row.id,), &row);
        } else {
            parents::check_changed(tx.view(), &row, &before.parents)?;
            guarded(tx, |tx| {
                tx.put::<Roles>(&(row.id,), &row);
                Ok(())
            })?;
        }
        tx.audit("role.updated", "role", &row.id, &diff(&row));
        Ok(row)
    }
}

/// Deletes a role; it may come back, to all who had it.
pub struct Remove {
    pub id: RoleId,
    pub if_match: Option<u64>,
}

impl Command for Remove {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        changeable(tx.tenant(), self.id)?;
        let mut row = fetch(tx.view(), self.id)?;
        if_match(self.if_match, row.version)?;
        row.deleted_at = Some(tx.now);
        row.updated_at = tx.now;
        row.version += 1;
        guarded(tx, |tx| {
            tx.delete::<RolesByName>(&(row.name.clone(),));
            tx.delete::<Roles>(&(row.id,));
            tx.put::<RolesDeleted>(&(row.id,), &row);
            tx.count(Counted::Roles, -1)
        })?;
        tx.audit("role.deleted", "role", &row.id, &json!({ "name": row.name }));
        Ok(())
    }
}

/// Brings a deleted role back.
pub struct Restore(pub RoleId);

impl Command for Restore {
    type Answer = Role;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Role> {
        changeable(tx.tenant(), self.0)?;
        let found = tx.get::<RolesDeleted>(&(self.0,))?;
        let mut row = found.ok_or_else(|| Error::not_found("Role"))?;
        name_is_free(tx, &row)?;
        row.deleted_at = None;
        row.updated_at = tx.now;
        row.version += 1;
        tx.delete::<RolesDeleted>(&(row.id,));
        tx.put::<Roles>(&(row.id,), &row);
        tx.put::<RolesByName>(&(row.name.clone(),), &RoleRef(row.id));
        tx.count(Counted::Roles, 1)?;
        tx.audit("role.restored", "role", &row.id, &json!({ "name": row.name }));
        Ok(row)
    }
}

/// One role that is not deleted, built in or not.
pub fn fetch(view: &View<'_>, id: RoleId) -> Result<Role> {
    if let Some(role) = SystemRole::of(view.tenant(), id) {
        return Ok(system_row(view.tenant(), role));
    }
    view.get::<Roles>(&(id,))?.ok_or_else(|| Error::not_found("Role"))
}

/// The role of a name, built in or not.
pub fn named(view: &View<'_>, name: &str) -> Result<Option<RoleId>> {
    if let Some(role) = SystemRole::named(name) {
        return Ok(Some(role.id(view.tenant())));
    }
    Ok(view.get::<RolesByName>(&(name.to_owned(),))?.map(|RoleRef(id)| id))
}

/// A page of the roles, the built-in ones first, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<Role>, u64)> {
    let built_in = SystemRole::ALL.into_iter().skip(skip).take(limit);
    let mut page: Vec<Role> = built_in.map(|role| system_row(view.tenant(), role)).collect();
    let skip = skip.saturating_sub(SystemRole::ALL.len());
    let rows = view.scan::<Roles>(&(), Page { after: None, skip, limit: limit - page.len() })?;
    page.extend(rows.into_iter().map(|(_, row)| row));
    Ok((page, total(view, Counted::Roles)? + SystemRole::ALL.len() as u64))
}

/// Whether there is such a role, built in or not.
pub(crate) fn exists(view: &View<'_>, id: RoleId) -> Result<bool> {
    Ok(is_system(view.tenant(), id) || view.contains::<Roles>(&(id,))?)
}

fn checked(row: &Role) -> Result<()> {
    text::name("name", &row.name, NAME_CHARS_MAX)?;
    text::display_name_if_any("display_name", row.display_name.as_deref())?;
    text::description("description", row.description.as_deref())?;
    text::json_object("metadata", &row.metadata, METADATA_BYTES_MAX)
}

fn name_is_free(tx: &Tx<'_, '_>, row: &Role) -> Result<()> {
    match named(tx.view(), &row.name)? {
        Some(holder) if holder != row.id => Err(Error::taken("role", "name", &row.name)),
        _ => Ok(()),
    }
}

fn each_once(parents: &mut Vec<RoleId>) {
    let mut seen = hashbrown::HashSet::new();
    parents.retain(|parent| seen.insert(*parent));
}

fn diff(row: &Role) -> serde_json::Value {
    let parents: Vec<String> = row.parents.iter().map(ToString::to_string).collect();
    json!({ "name": row.name, "parents": parents })
}
