//! What changes a user, and how users are read.

use latchkey_storage::id::UserId;
use latchkey_storage::table::Table;
use latchkey_storage::tables::{
    User, UserRef, UserStatus, Users, UsersByEmail, UsersByUsername, UsersDeleted,
};
use latchkey_storage::{Page, View};
use serde_json::json;

use super::administrator::guarded;
use super::row::{NewUser, canonical_email, canonical_username, checked, status_word};
use crate::error::{Error, Result};
use crate::tenant::{Command, Counted, Tx, if_match, total};
use crate::tenants::Edit;

/// Makes a user.
pub struct Create(pub NewUser);

impl Command for Create {
    type Answer = User;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<User> {
        let row = self.0.row(UserId::from_uuid(tx.uuid()), tx.now);
        checked(&row)?;
        names_are_free(tx, &row)?;
        take_names(tx, &row);
        tx.put::<Users>(&(row.id,), &row);
        tx.count(Counted::Users, 1)?;
        let diff = json!({ "username": row.username, "status": status_word(row.status) });
        tx.audit("user.created", "user", &row.id, &diff);
        Ok(row)
    }
}

/// Changes a user.
pub struct Update {
    pub id: UserId,
    pub edit: Edit<User>,
    pub if_match: Option<u64>,
}

impl Command for Update {
    type Answer = User;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<User> {
        let before = live(tx.view(), self.id)?;
        if_match(self.if_match, before.version)?;
        let mut row = before.clone();
        (self.edit)(&mut row)?;
        checked(&row)?;
        names_are_free(tx, &row)?;
        row.updated_at = tx.now;
        row.version = before.version + 1;
        free_names(tx, &before);
        take_names(tx, &row);
        if before.status == UserStatus::Active && row.status != UserStatus::Active {
            guarded(tx, |tx| {
                tx.put::<Users>(&(row.id,), &row);
                Ok(())
            })?;
        } else {
            tx.put::<Users>(&(row.id,), &row);
        }
        let diff = json!({ "username": row.username, "status": status_word(row.status) });
        tx.audit("user.updated", "user", &row.id, &diff);
        Ok(row)
    }
}

/// Deletes a user; it may come back, with what was assigned to it.
pub struct Remove {
    pub id: UserId,
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
            free_names(tx, &row);
            tx.delete::<Users>(&(row.id,));
            tx.put::<UsersDeleted>(&(row.id,), &row);
            tx.count(Counted::Users, -1)
        })?;
        tx.audit("user.deleted", "user", &row.id, &json!({ "username": row.username }));
        Ok(())
    }
}

/// Brings a deleted user back.
pub struct Restore(pub UserId);

impl Command for Restore {
    type Answer = User;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<User> {
        let found = tx.get::<UsersDeleted>(&(self.0,))?;
        let mut row = found.ok_or_else(|| Error::not_found("User"))?;
        names_are_free(tx, &row)?;
        row.deleted_at = None;
        row.updated_at = tx.now;
        row.version += 1;
        take_names(tx, &row);
        tx.delete::<UsersDeleted>(&(row.id,));
        tx.put::<Users>(&(row.id,), &row);
        tx.count(Counted::Users, 1)?;
        tx.audit("user.restored", "user", &row.id, &json!({ "username": row.username }));
        Ok(row)
    }
}

/// One user that is not deleted.
pub fn fetch(view: &View<'_>, id: UserId) -> Result<User> {
    live(view, id)
}

/// A page of the users, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<User>, u64)> {
    let rows = view.scan::<Users>(&(), Page { after: None, skip, limit })?;
    Ok((rows.into_iter().map(|(_, row)| row).collect(), total(view, Counted::Users)?))
}

fn live(view: &View<'_>, id: UserId) -> Result<User> {
    view.get::<Users>(&(id,))?.ok_or_else(|| Error::not_found("User"))
}

fn names_are_free(tx: &Tx<'_, '_>, row: &User) -> Result<()> {
    let username = canonical_username(&row.username);
    if is_others::<UsersByUsername>(tx, username, row.id)? {
        return Err(Error::taken("user", "username", &row.username));
    }
    if is_others::<UsersByEmail>(tx, canonical_email(&row.email), row.id)? {
        return Err(Error::taken("user", "email", &row.email));
    }
    Ok(())
}

fn is_others<I>(tx: &Tx<'_, '_>, name: String, id: UserId) -> Result<bool>
where
    I: Table<Key = (String,), Value = UserRef>,
{
    Ok(tx.get::<I>(&(name,))?.is_some_and(|UserRef(holder)| holder != id))
}

fn take_names(tx: &mut Tx<'_, '_>, row: &User) {
    tx.put::<UsersByUsername>(&(canonical_username(&row.username),), &UserRef(row.id));
    tx.put::<UsersByEmail>(&(canonical_email(&row.email),), &UserRef(row.id));
}

fn free_names(tx: &mut Tx<'_, '_>, row: &User) {
    tx.delete::<UsersByUsername>(&(canonical_username(&row.username),));
    tx.delete::<UsersByEmail>(&(canonical_email(&row.email),));
}
