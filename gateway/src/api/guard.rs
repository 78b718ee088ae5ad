//! Nobody gives what they do not hold: neither to a key, nor to a user, a group or a role.

use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::permissions::PermissionName;
use latchkey_actors::tenant::{Judge, Rights};
use latchkey_storage::id::{GroupId, RoleId};

use crate::context::Ctx;

/// The caller must hold all that a permission stands for.
///
/// # Errors
/// 403 that names it.
pub(super) async fn may_give_permission(ctx: &Ctx, name: &PermissionName) -> Result<()> {
    covered(&ctx.holder().await?, "permission", std::slice::from_ref(name))
}

/// The caller must hold all that some permissions stand for, given by their names.
///
/// # Errors
/// 403 that names the first that is not held.
pub(super) async fn may_give_permissions(ctx: &Ctx, names: &[String]) -> Result<()> {
    let names = names.iter().filter_map(|name| PermissionName::parse(name).ok());
    covered(&ctx.holder().await?, "permission", &names.collect::<Vec<_>>())
}

/// The caller must hold all that some roles give.
///
/// # Errors
/// 403 that names the first permission that is not held.
pub(super) async fn may_give_roles(ctx: &Ctx, roles: &[RoleId]) -> Result<()> {
    if roles.is_empty() {
        return Ok(());
    }
    all_of(ctx, Judge::Roles(roles.to_vec())).await
}

/// The caller must hold all that the members of some groups may do.
///
/// # Errors
/// 403 that names the first permission that is not held.
pub(super) async fn may_give_groups(ctx: &Ctx, groups: &[GroupId]) -> Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    all_of(ctx, Judge::Groups(groups.to_vec())).await
}

/// The caller must hold all that some scopes stand for. A malformed one gives nothing.
///
/// # Errors
/// 403 that names the first that is not held.
pub(super) async fn may_give_scopes(ctx: &Ctx, scopes: &[String]) -> Result<()> {
    if scopes.is_empty() {
        return Ok(());
    }
    let names = scopes.iter().filter_map(|scope| PermissionName::parse(scope).ok());
    covered(&ctx.holder().await?, "scope", &names.collect::<Vec<_>>())
}

async fn all_of(ctx: &Ctx, given: Judge) -> Result<()> {
    let given = ctx.tenant()?.rights(given).await?;
    let names = given.map(|given| given.names()).unwrap_or_default();
    covered(&ctx.holder().await?, "permission", &names)
}

fn covered(holder: &Rights, what: &str, names: &[PermissionName]) -> Result<()> {
    match names.iter().find(|name| !holder.covers(name)) {
        None => Ok(()),
        Some(name) => Err(Error::forbidden("The credential cannot give what it does not hold")
            .detail(format!("{what} `{name}` is not held by the credential"))),
    }
}

/// What was judged is no longer what the change would give: somebody else has changed the object
/// in between.
#[cold]
pub(super) fn overtaken() -> Error {
    let message = "The object has changed while the request was judged";
    Error::new(Kind::PreconditionFailed, Code::PreconditionFailed, message)
        .detail("read it again, and repeat the change if it is still wanted")
}
