//! Questions for a first try: a user, a permission that the user holds, and a batch of both kinds.

use std::sync::Arc;

use latchkey_storage::View;
use latchkey_storage::id::UserId;
use latchkey_storage::tables as t;

use super::parts::{Parts, user_id};
use super::people::{Seeded, USERS};
use crate::error::{Error, Result};
use crate::permissions::PermissionName;
use crate::tenant::Tenant;

/// Questions of the batch.
const CHECKS: usize = 1_000;
/// Rows that are looked at for one user, at most.
const LOOKED_AT_MAX: usize = 1_000;

/// May somebody do this to that?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub resource: String,
    pub action: String,
}

/// What to ask.
pub struct Sample {
    /// A user who holds the first of the checks.
    pub user: UserId,
    pub held: Question,
    /// Some of them held, most of them not.
    pub checks: Vec<Question>,
}

/// Draws the questions from what is stored, since somebody may have changed it.
pub(super) async fn draw(tenant: &Arc<Tenant>, parts: &Arc<Parts>) -> Result<Sample> {
    let (user, held) = tenant.read(holder).await?;
    let first = held.first().cloned();
    let first = first.ok_or_else(|| Error::internal("a holder without a permission"))?;
    let mut seeded = Seeded(0x6261_7463);
    let others =
        std::iter::repeat_with(|| parts.permissions.get(seeded.below(parts.permissions.len())));
    let others = others.map_while(|name| name.map(question));
    let checks = held.into_iter().chain(others).take(CHECKS).collect();
    Ok(Sample { user, held: first, checks })
}

/// The first user with a role that holds something, and what.
fn holder(view: &View<'_>) -> Result<(UserId, Vec<Question>)> {
    for user in (0..USERS).map(user_id) {
        let row = view.get::<t::Users>(&(user,))?;
        if row.is_none_or(|row| row.status != t::UserStatus::Active) {
            continue;
        }
        for ((_, role), link) in view.scan::<t::UserRoles>(&(user,), page())? {
            if link.expires_at.is_some() || !view.contains::<t::Roles>(&(role,))? {
                continue;
            }
            let held = held(view, role)?;
            if !held.is_empty() {
                return Ok((user, held));
            }
        }
    }
    Err(Error::not_found("A user of the demonstration who holds a permission"))
}

fn held(view: &View<'_>, role: latchkey_storage::id::RoleId) -> Result<Vec<Question>> {
    let mut held = Vec::new();
    for ((_, permission), _) in view.scan::<t::RolePermissions>(&(role,), page())? {
        let row = view.get::<t::Permissions>(&(permission,))?;
        let name = row.and_then(|row| PermissionName::parse(&row.name).ok());
        // A question is plain text: a name with a star in it is none.
        held.extend(name.filter(|name| !name.as_str().contains('*')).as_ref().map(question));
    }
    held.truncate(CHECKS / 4);
    Ok(held)
}

fn question(name: &PermissionName) -> Question {
    Question { resource: name.resource().to_owned(), action: name.action().to_owned() }
}

fn page() -> latchkey_storage::Page {
    latchkey_storage::Page { after: None, skip: 0, limit: LOOKED_AT_MAX }
}
