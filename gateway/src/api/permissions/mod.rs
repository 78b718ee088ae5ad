//! Permissions: pairs of a resource and an action that roles grant.

use latchkey_actors::error::Result;
use latchkey_actors::permissions as domain;
use latchkey_storage::id::PermissionId;
use latchkey_storage::tables::Permission;

use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::api::guard;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::merge::merged;
use crate::extract::{Body, PageNumbers, Path};

mod naming;
mod wire;

use naming::{Judged, Wanted};
pub(super) use wire::PermissionBody;
use wire::{NewPermission, Patch};

endpoints! { TABLE, "permissions", Iam;
    /// List permissions.
    ///
    /// Those of built-in roles are listed with their roles alone.
    GET "/api/v1/tenants/{id}/permissions" => list, Can(Permissions, Read), Unaudited;
    /// Create a permission.
    POST "/api/v1/tenants/{id}/permissions" => create, Can(Permissions, Create), Committed;
    /// Get a permission.
    GET "/api/v1/tenants/{id}/permissions/{perm_id}" => fetch, Can(Permissions, Read), Unaudited;
    /// Replace a permission.
    ///
    /// What is left out takes its default. Another name is what all roles that hold it grant from
    /// then on; the caller must hold it.
    PUT "/api/v1/tenants/{id}/permissions/{perm_id}" => replace, Can(Permissions, Update), Committed;
    /// Change a permission.
    ///
    /// What is left out stays; `null` clears. Another name is what all roles that hold it grant
    /// from then on; the caller must hold it.
    PATCH "/api/v1/tenants/{id}/permissions/{perm_id}" => change, Can(Permissions, Update), Committed;
    /// Delete a permission.
    ///
    /// It may be restored, to all roles that held it.
    DELETE "/api/v1/tenants/{id}/permissions/{perm_id}" => delete, Can(Permissions, Delete), Committed;
    /// Restore a deleted permission.
    ///
    /// The caller must hold it.
    POST "/api/v1/tenants/{id}/permissions/{perm_id}/restore" => restore, Can(Permissions, Restore), Committed;
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<PermissionBody>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let items = rows.iter().map(|row| PermissionBody::of(row, tenant.id())).collect();
    Ok(Page { items, meta: page.meta(total) })
}

async fn create(
    ctx: Ctx,
    Body(body): Body<NewPermission>,
) -> Result<Ready<Created<PermissionBody>>> {
    let new = domain::NewPermission {
        name: body.name,
        resource: body.resource,
        action: body.action,
        display_name: body.display_name,
        description: body.description,
        conditions: body.conditions.map(|free| free.text()),
    };
    let tenant = ctx.tenant()?.id();
    let render = move |row: Permission| Created {
        message: "",
        location: format!("/api/v1/tenants/{tenant}/permissions/{}", row.id),
        version: row.version,
        data: PermissionBody::of(&row, tenant),
    };
    ctx.create(domain::Create(new), render).await
}

async fn fetch(ctx: Ctx, Path(id): Path<PermissionId>) -> Result<Found<PermissionBody>> {
    let row = ctx.tenant()?.read(move |view| domain::fetch(view, id)).await?;
    shown(&ctx, &row)
}

fn shown(ctx: &Ctx, row: &Permission) -> Result<Found<PermissionBody>> {
    Ok(Found::plain(PermissionBody::of(row, ctx.tenant()?.id())).tagged(row.version))
}

async fn replace(
    ctx: Ctx,
    Path(id): Path<PermissionId>,
    Body(body): Body<NewPermission>,
) -> Result<Found<PermissionBody>> {
    let wanted =
        Wanted { name: Some(body.name), resource: Some(body.resource), action: Some(body.action) };
    let name = Judged::of(&ctx, id, wanted).await?;
    update(&ctx, id, move |row| {
        name.set(row)?;
        row.display_name = body.display_name;
        row.description = body.description;
        row.conditions = body.conditions.map_or_else(|| "{}".into(), |free| free.text());
        Ok(())
    })
    .await
}

async fn change(
    ctx: Ctx,
    Path(id): Path<PermissionId>,
    Body(body): Body<Patch>,
) -> Result<Found<PermissionBody>> {
    let wanted = Wanted { name: body.name, resource: body.resource, action: body.action };
    let name = if wanted.is_anything() { Some(Judged::of(&ctx, id, wanted).await?) } else { None };
    update(&ctx, id, move |row| {
        name.map_or(Ok(()), |name| name.set(row))?;
        row.display_name = body.display_name.unwrap_or_else(|| row.display_name.clone());
        row.description = body.description.unwrap_or_else(|| row.description.clone());
        if let Some(patch) = body.conditions {
            row.conditions = merged(&row.conditions, patch);
        }
        Ok(())
    })
    .await
}

async fn update(
    ctx: &Ctx,
    id: PermissionId,
    edit: impl FnOnce(&mut Permission) -> Result<()> + Send + 'static,
) -> Result<Found<PermissionBody>> {
    let command = domain::Update { id, edit: Box::new(edit), if_match: ctx.if_match()? };
    let row = ctx.tenant()?.execute(ctx.who(), command).await?;
    shown(ctx, &row)
}

async fn delete(ctx: Ctx, Path(id): Path<PermissionId>) -> Result<NoContent> {
    let command = domain::Remove { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn restore(ctx: Ctx, Path(id): Path<PermissionId>) -> Result<Found<PermissionBody>> {
    let name = ctx.tenant()?.read(move |view| domain::returning(view, id)).await?;
    // Whoever has a role that holds it may have been given that role while it was deleted.
    guard::may_give_permissions(&ctx, name.as_slice()).await?;
    let row = ctx.tenant()?.execute(ctx.who(), domain::Restore(id)).await?;
    shown(&ctx, &row)
}
