//! Permissions of a role.

use latchkey_actors::error::Result;
use latchkey_actors::permissions::{self, PermissionName};
use latchkey_actors::roles as domain;
use latchkey_storage::id::{PermissionId, RoleId};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::answer::{NoContent, Page};
use crate::api::guard;
use crate::api::permissions::PermissionBody;
use crate::context::Ctx;
use crate::extract::{Body, PageNumbers, Path};

pub(super) async fn list_permissions(
    ctx: Ctx,
    Path(role): Path<RoleId>,
    page: PageNumbers,
) -> Result<Page<PermissionBody>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let read = tenant.read(move |view| domain::permissions_of(view, role, skip, limit));
    let (rows, total) = read.await?;
    let items = rows.iter().map(|row| PermissionBody::of(row, tenant.id())).collect();
    Ok(Page { items, meta: page.meta(total) })
}

/// A permission to be granted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantPermission {
    permission_id: Uuid,
}

pub(super) async fn grant_permission(
    ctx: Ctx,
    Path(role): Path<RoleId>,
    Body(body): Body<GrantPermission>,
) -> Result<NoContent> {
    let permission = PermissionId::from_uuid(body.permission_id);
    may_give(&ctx, permission).await?;
    ctx.tenant()?.execute(ctx.who(), domain::Grant { role, permission }).await?;
    Ok(NoContent)
}

/// A permission that is not there gives nothing: the command says so.
async fn may_give(ctx: &Ctx, id: PermissionId) -> Result<()> {
    let found = ctx.tenant()?.read(move |view| Ok(permissions::fetch(view, id).ok())).await?;
    match found.and_then(|row| PermissionName::parse(&row.name).ok()) {
        Some(name) => guard::may_give_permission(ctx, &name).await,
        None => Ok(()),
    }
}

pub(super) async fn revoke_permission(
    ctx: Ctx,
    Path((role, permission)): Path<(RoleId, PermissionId)>,
) -> Result<NoContent> {
    ctx.tenant()?.execute(ctx.who(), domain::Revoke { role, permission }).await?;
    Ok(NoContent)
}
