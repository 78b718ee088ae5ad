//! What changes a group, and how groups are read.

use std::ops::ControlFlow;

use latchkey_storage::id::{GroupId, RoleId};
use latchkey_storage::tables::{Group, GroupRef, GroupRoles, Groups, GroupsByName, GroupsDeleted};
use latchkey_storage::{Page, View};
use serde_json::json;

use super::tree;
use crate::error::{Code, Error, Result};
use crate::tenant::{Command, Counted, Tx, if_match, total};
use crate::tenants::Edit;
use crate::text;
use crate::users::guarded;

const NAME_CHARS_MAX: usize = 128;
const METADATA_BYTES_MAX: usize = 16 << 10;
/// Stands in the index for the parent of a group at the top.
const TOP: GroupId = GroupId::new([0; 16]);

/// A group to be made.
#[derive(Clone, Debug, Default)]
pub struct NewGroup {
    pub name: String,
    pub parent: Option<GroupId>,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// A JSON object, as text; `{}` where it is not said.
    pub metadata: Option<String>,
}

impl NewGroup {
    fn row(self, id: GroupId, now: i64) -> Group {
        Group {
            id,
            parent: self.parent,
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            metadata: self.metadata.unwrap_or_else(|| "{}".into()),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        }
    }
}

/// Makes a group.
pub struct Create(pub NewGroup);

impl Command for Create {
    type Answer = Group;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Group> {
        let row = self.0.row(GroupId::from_uuid(tx.uuid()), tx.now);
        checked(&row)?;
        parent_exists(tx, row.parent)?;
        tree::check(tx.view(), row.id, row.parent)?;
        name_is_free(tx, &row)?;
        tx.put::<GroupsByName>(&place(&row), &GroupRef(row.id));
        tx.put::<Groups>(&(row.id,), &row);
        tx.count(Counted::Groups, 1)?;
        tx.audit("group.created", "group", &row.id, &diff(&row));
        Ok(row)
    }
}

/// Changes a group; one with another parent moves with all that is below it.
pub struct Update {
    pub id: GroupId,
    pub edit: Edit<Group>,
    pub if_match: Option<u64>,
}

impl Command for Update {
    type Answer = Group;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Group> {
        let before = live(tx.view(), self.id)?;
        if_match(self.if_match, before.version)?;
        let mut row = before.clone();
        (self.edit)(&mut row)?;
        checked(&row)?;
        let moves = row.parent != before.parent;
        if moves {
            parent_exists(tx, row.parent)?;
            tree::check(tx.view(), row.id, row.parent)?;
        }
        name_is_free(tx, &row)?;
        row.updated_at = tx.now;
        row.version = before.version + 1;
        let put = |tx: &mut Tx<'_, '_>| {
            tx.delete::<GroupsByName>(&place(&before));
            tx.put::<GroupsByName>(&place(&row), &GroupRef(row.id));
            tx.put::<Groups>(&(row.id,), &row);
            Ok(())
        };
        if moves {
            guarded(tx, put)?;
        } else {
            put(tx)?;
        }
        tx.audit("group.updated", "group", &row.id, &diff(&row));
        Ok(row)
    }
}

/// Deletes a group that has none below it; it may come back, with its members and roles.
pub struct Remove {
    pub id: GroupId,
    pub if_match: Option<u64>,
}

impl Command for Remove {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let mut row = live(tx.view(), self.id)?;
        if_match(self.if_match, row.version)?;
        if !tx.scan::<GroupsByName>(&(row.id,), 1)?.is_empty() {
            return Err(Error::conflict(Code::HasChildren, "The group has groups below it")
                .detail("move or delete the groups below it first"));
        }
        row.deleted_at = Some(tx.now);
        row.updated_at = tx.now;
        row.version += 1;
        guarded(tx, |tx| {
            tx.delete::<GroupsByName>(&place(&row));
            tx.delete::<Groups>(&(row.id,));
            tx.put::<GroupsDeleted>(&(row.id,), &row);
            tx.count(Counted::Groups, -1)
        })?;
        tx.audit("group.deleted", "group", &row.id, &json!({ "name": row.name }));
        Ok(())
    }
}

/// Brings a deleted group back to where it stood.
pub struct Restore(pub GroupId);

impl Command for Restore {
    type Answer = Group;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Group> {
        let found = tx.get::<GroupsDeleted>(&(self.0,))?;
        let mut row = found.ok_or_else(|| Error::not_found("Group"))?;
        if row.parent.map_or(Ok(false), |parent| Ok::<_, Error>(!is_live(tx, parent)?))? {
            return Err(Error::conflict(Code::ParentDeleted, "The group above it is deleted")
                .detail("restore the group above it first"));
        }
        name_is_free(tx, &row)?;
        // What stands above may have moved down since.
        tree::check(tx.view(), row.id, row.parent)?;
        row.deleted_at = None;
        row.updated_at = tx.now;
        row.version += 1;
        tx.delete::<GroupsDeleted>(&(row.id,));
        tx.put::<GroupsByName>(&place(&row), &GroupRef(row.id));
        tx.put::<Groups>(&(row.id,), &row);
        tx.count(Counted::Groups, 1)?;
        tx.audit("group.restored", "group", &row.id, &json!({ "name": row.name }));
        Ok(row)
    }
}

/// What the members of a deleted group get back with it: its roles that have not ended, and the
/// group above it. None when there is nothing to restore.
pub fn returning(
    view: &View<'_>,
    id: GroupId,
    now_ms: i64,
) -> Result<Option<(Vec<RoleId>, Option<GroupId>)>> {
    let Some(row) = view.get::<GroupsDeleted>(&(id,))? else { return Ok(None) };
    let mut roles = Vec::new();
    view.for_each::<GroupRoles>(&(id,), |(_, role), link| {
        roles.extend(link.expires_at.is_none_or(|at| at > now_ms).then_some(role));
        ControlFlow::Continue(())
    })?;
    Ok(Some((roles, row.parent)))
}

/// One group that is not deleted.
pub fn fetch(view: &View<'_>, id: GroupId) -> Result<Group> {
    live(view, id)
}

/// A page of the groups, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<Group>, u64)> {
    let rows = view.scan::<Groups>(&(), Page { after: None, skip, limit })?;
    Ok((rows.into_iter().map(|(_, row)| row).collect(), total(view, Counted::Groups)?))
}

fn live(view: &View<'_>, id: GroupId) -> Result<Group> {
    view.get::<Groups>(&(id,))?.ok_or_else(|| Error::not_found("Group"))
}

fn is_live(tx: &Tx<'_, '_>, id: GroupId) -> Result<bool> {
    tx.contains::<Groups>(&(id,))
}

fn checked(row: &Group) -> Result<()> {
    text::name("name", &row.name, NAME_CHARS_MAX)?;
    text::display_name_if_any("display_name", row.display_name.as_deref())?;
    text::description("description", row.description.as_deref())?;
    text::json_object("metadata", &row.metadata, METADATA_BYTES_MAX)
}

fn parent_exists(tx: &Tx<'_, '_>, parent: Option<GroupId>) -> Result<()> {
    match parent {
        Some(parent) if !is_live(tx, parent)? => {
            Err(Error::invalid("parent_id", format!("there is no group `{parent}` in this tenant")))
        }
        _ => Ok(()),
    }
}

/// A name is unique among those below the same parent.
fn name_is_free(tx: &Tx<'_, '_>, row: &Group) -> Result<()> {
    match tx.get::<GroupsByName>(&place(row))? {
        Some(GroupRef(holder)) if holder != row.id => Err(Error::taken("group", "name", &row.name)),
        _ => Ok(()),
    }
}

fn place(row: &Group) -> (GroupId, String) {
    (row.parent.unwrap_or(TOP), row.name.clone())
}

fn diff(row: &Group) -> serde_json::Value {
    json!({ "name": row.name, "parent_id": row.parent.map(|parent| parent.to_string()) })
}
