//! Nobody gives a key what they do not hold.

use latchkey_actors::api_keys::{KeyChange, NewKey};
use latchkey_actors::error::Result;
use latchkey_storage::id::RoleId;

use crate::api::guard;
use crate::context::Ctx;

/// Judges what a new key is to hold.
pub(super) async fn may_give(ctx: &Ctx, new: &NewKey) -> Result<()> {
    guard::may_give_scopes(ctx, &new.scopes).await?;
    guard::may_give_roles(ctx, &new.roles).await
}

/// Judges what a changed key is to hold.
pub(super) async fn may_change(ctx: &Ctx, change: &KeyChange) -> Result<()> {
    guard::may_give_scopes(ctx, change.scopes.as_deref().unwrap_or_default()).await?;
    guard::may_give_roles(ctx, change.roles.as_deref().unwrap_or_default()).await
}

/// Roles as they are named in bodies: by id or by name.
pub(super) async fn roles(ctx: &Ctx, named: Vec<String>) -> Result<Vec<RoleId>> {
    crate::api::roles::named(ctx, "roles", named).await
}
