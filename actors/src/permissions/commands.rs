//! What changes a permission, and how permissions are read.

use latchkey_storage::id::PermissionId;
use latchkey_storage::tables::{
    Permission, PermissionRef, Permissions, PermissionsByName, PermissionsDeleted,
};
use latchkey_storage::{Page, View};
use serde_json::json;

use super::name::PermissionName;
use crate::error::{Error, Result};
use crate::tenant::{Command, Counted, Tx, if_match, total};
use crate::tenants::Edit;
use crate::text;
use crate::users::guarded;

const CONDITIONS_BYTES_MAX: usize = 16 << 10;

/// A permission to be made.
#[derive(Clone, Debug, Default)]
pub struct NewPermission {
    /// `resource:action` of the two below.
    pub name: String,
    pub resource: String,
    pub action: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// A JSON object, as text; `{}` where it is not said.
    pub conditions: Option<String>,
}

/// The name that a resource and an action make. `*` is the name of `*` and `*`.
///
/// # Errors
/// 422 when the pair is no permission, or `name` is another one.
pub fn pair(name: &str, resource: &str, action: &str) -> Result<PermissionName> {
    let made = parsed(&format!("{resource}:{action}"))?;
    if parsed(name)? == made {
        return Ok(made);
    }
    Err(Error::invalid("name", format!("must be `{made}`, as `resource` and `action` say")))
}

/// Makes a permission.
pub struct Create(pub NewPermission);

impl Command for Create {
    type Answer = Permission;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Permission> {
        let new = self.0;
        let row = Permission {
            id: PermissionId::from_uuid(tx.uuid()),
            name: pair(&new.name, &new.resource, &new.action)?.to_string(),
            display_name: new.display_name,
            description: new.description,
            conditions: new.conditions.unwrap_or_else(|| "{}".into()),
            created_at: tx.now,
            updated_at: tx.now,
            deleted_at: None,
            version: 1,
        };
        checked(&row)?;
        name_is_free(tx, &row)?;
        tx.put::<PermissionsByName>(&(row.name.clone(),), &PermissionRef(row.id));
        tx.put::<Permissions>(&(row.id,), &row);
        tx.count(Counted::Permissions, 1)?;
        tx.audit("permission.created", "permission", &row.id, &json!({ "name": row.name }));
        Ok(row)
    }
}

/// Changes a permission. Another name is what all roles that hold it grant from then on.
pub struct Update {
    pub id: PermissionId,
    pub edit: Edit<Permission>,
    pub if_match: Option<u64>,
}

impl Command for Update {
    type Answer = Permission;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Permission> {
        let before = live(tx.view(), self.id)?;
        if_match(self.if_match, before.version)?;
        let mut row = before.clone();
        (self.edit)(&mut row)?;
        row.name = parsed(&row.name)?.to_string();
        checked(&row)?;
        name_is_free(tx, &row)?;
        row.updated_at = tx.now;
        row.version = before.version + 1;
        if row.name == before.name {
            tx.put::<Permissions>(&(row.id,), &row);
        } else {
            guarded(tx, |tx| {
                tx.delete::<PermissionsByName>(&(before.name.clone(),));
                tx.put::<PermissionsByName>(&(row.name.clone(),), &PermissionRef(row.id));
                tx.put::<Permissions>(&(row.id,), &row);
                Ok(())
            })?;
        }
        let diff = json!({ "name": row.name, "previous_name": before.name });
        tx.audit("permission.updated", "permission", &row.id, &diff);
        Ok(row)
    }
}

/// Deletes a permission; it may come back, to all roles that held it.
pub struct Remove {
    pub id: PermissionId,
    pub if_match: Option<u64>,
}

impl Command for Remove {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let mut row = live(tx.view(), self.id)?;
        if_match(self.if_match, row.version)?;
        row.deleted_at = Some(tx.now);
        row.updated_at = tx.now;
        row.version += 1;
        guarded(tx, |tx| {
            tx.delete::<PermissionsByName>(&(row.name.clone(),));
            tx.delete::<Permissions>(&(row.id,));
            tx.put::<PermissionsDeleted>(&(row.id,), &row);
            tx.count(Counted::Permissions, -1)
        })?;
        tx.audit("permission.deleted", "permission", &row.id, &json!({ "name": row.name }));
        Ok(())
    }
}

/// Brings a deleted permission back.
pub struct Restore(pub PermissionId);

impl Command for Restore {
    type Answer = Permission;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Permission> {
        let found = tx.get::<PermissionsDeleted>(&(self.0,))?;
        let mut row = found.ok_or_else(|| Error::not_found("Permission"))?;
        name_is_free(tx, &row)?;
        row.deleted_at = None;
        row.updated_at = tx.now;
        row.version += 1;
        tx.delete::<PermissionsDeleted>(&(row.id,));
        tx.put::<Permissions>(&(row.id,), &row);
        tx.put::<PermissionsByName>(&(row.name.clone(),), &PermissionRef(row.id));
        tx.count(Counted::Permissions, 1)?;
        tx.audit("permission.restored", "permission", &row.id, &json!({ "name": row.name }));
        Ok(row)
    }
}

/// The name of a permission that was deleted; none when there is nothing to restore.
pub fn returning(view: &View<'_>, id: PermissionId) -> Result<Option<String>> {
    Ok(view.get::<PermissionsDeleted>(&(id,))?.map(|row| row.name))
}

/// One permission that is not deleted, those of built-in roles included.
pub fn fetch(view: &View<'_>, id: PermissionId) -> Result<Permission> {
    match crate::roles::system_permission(view.tenant(), id) {
        Some(row) => Ok(row),
        None => live(view, id),
    }
}

/// A page of the tenant's own permissions, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<Permission>, u64)> {
    let rows = view.scan::<Permissions>(&(), Page { after: None, skip, limit })?;
    Ok((rows.into_iter().map(|(_, row)| row).collect(), total(view, Counted::Permissions)?))
}

fn live(view: &View<'_>, id: PermissionId) -> Result<Permission> {
    view.get::<Permissions>(&(id,))?.ok_or_else(|| Error::not_found("Permission"))
}

fn parsed(name: &str) -> Result<PermissionName> {
    PermissionName::parse(name).map_err(|error| Error::invalid("name", error.to_string()))
}

fn checked(row: &Permission) -> Result<()> {
    text::display_name_if_any("display_name", row.display_name.as_deref())?;
    text::description("description", row.description.as_deref())?;
    text::json_object("conditions", &row.conditions, CONDITIONS_BYTES_MAX)
}

fn name_is_free(tx: &Tx<'_, '_>, row: &Permission) -> Result<()> {
    match tx.get::<PermissionsByName>(&(row.name.clone(),))? {
        Some(PermissionRef(holder)) if holder != row.id => {
            Err(Error::taken("permission", "name", &row.name))
        }
        _ => Ok(()),
    }
}
