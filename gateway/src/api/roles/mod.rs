//! Roles, and the permissions that they grant.

use latchkey_actors::error::Result;
use latchkey_actors::roles as domain;
use latchkey_storage::id::RoleId;
use latchkey_storage::tables::Role;

use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::api::guard;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::merge::merged;
use crate::extract::{Body, PageNumbers, Path};

mod links;
mod parents;
mod wire;

use links::{grant_permission, list_permissions, revoke_permission};
use parents::Judged;
pub(super) use parents::named;
pub(super) use wire::RoleBody;
use wire::{NewRole, Patch};

endpoints! { TABLE, "roles", Iam;
    /// List roles.
    ///
    /// The built-in ones come first.
    GET "/api/v1/tenants/{id}/roles" => list, Can(Roles, Read), Unaudited;
    /// Create a role.
    ///
    /// The caller must hold all that its parents give.
    POST "/api/v1/tenants/{id}/roles" => create, Can(Roles, Create), Committed;
    /// Get a role.
    GET "/api/v1/tenants/{id}/roles/{role_id}" => fetch, Can(Roles, Read), Unaudited;
    /// Replace a role.
    ///
    /// What is left out takes its default. The caller must hold all that new parents give.
    PUT "/api/v1/tenants/{id}/roles/{role_id}" => replace, Can(Roles, Update), Committed;
    /// Change a role.
    ///
    /// What is left out stays; `null` clears. The caller must hold all that new parents give.
    PATCH "/api/v1/tenants/{id}/roles/{role_id}" => change, Can(Roles, Update), Committed;
    /// Delete a role.
    ///
    /// It may be restored, to all who had it.
    DELETE "/api/v1/tenants/{id}/roles/{role_id}" => delete, Can(Roles, Delete), Committed;
    /// Restore a deleted role.
    ///
    /// The caller must hold all that it gives.
    POST "/api/v1/tenants/{id}/roles/{role_id}/restore" => restore, Can(Roles, Restore), Committed;
    /// List the permissions that a role grants itself.
    GET "/api/v1/tenants/{id}/roles/{role_id}/permissions" => list_permissions, Can(Roles, Read), Unaudited;
    /// Add a permission to a role.
    ///
    /// The caller must hold the permission.
    POST "/api/v1/tenants/{id}/roles/{role_id}/permissions" => grant_permission, Can(Roles, Update), Committed;
    /// Take a permission from a role.
    DELETE "/api/v1/tenants/{id}/roles/{role_id}/permissions/{perm_id}" => revoke_permission, Can(Roles, Update), Committed;
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<RoleBody>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let items = rows.iter().map(|row| RoleBody::of(row, tenant.id())).collect();
    Ok(Page { items, meta: page.meta(total) })
}

async fn create(ctx: Ctx, Body(body): Body<NewRole>) -> Result<Ready<Created<RoleBody>>> {
    let parents = named(&ctx, "parents", body.parents.unwrap_or_default()).await?;
    guard::may_give_roles(&ctx, &parents).await?;
    let new = domain::NewRole {
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        parents,
        metadata: body.metadata.map(|free| free.text()),
    };
    let tenant = ctx.tenant()?.id();
    let render = move |row: Role| Created {
        message: "",
        location: format!("/api/v1/tenants/{tenant}/roles/{}", row.id),
        version: row.version,
        data: RoleBody::of(&row, tenant),
    };
    ctx.create(domain::Create(new), render).await
}

async fn fetch(ctx: Ctx, Path(id): Path<RoleId>) -> Result<Found<RoleBody>> {
    let row = ctx.tenant()?.read(move |view| domain::fetch(view, id)).await?;
    shown(&ctx, &row)
}

fn shown(ctx: &Ctx, row: &Role) -> Result<Found<RoleBody>> {
    Ok(Found::plain(RoleBody::of(row, ctx.tenant()?.id())).tagged(row.version))
}

async fn replace(
    ctx: Ctx,
    Path(id): Path<RoleId>,
    Body(body): Body<NewRole>,
) -> Result<Found<RoleBody>> {
    let parents = named(&ctx, "parents", body.parents.unwrap_or_default()).await?;
    let parents = Judged::of(&ctx, id, parents).await?;
    update(&ctx, id, move |row| {
        parents.set(row)?;
        row.name = body.name;
        row.display_name = body.display_name;
        row.description = body.description;
        row.metadata = body.metadata.map_or_else(|| "{}".into(), |free| free.text());
        Ok(())
    })
    .await
}

async fn change(
    ctx: Ctx,
    Path(id): Path<RoleId>,
    Body(body): Body<Patch>,
) -> Result<Found<RoleBody>> {
    let parents = match body.parents {
        Some(parents) => {
            let parents = named(&ctx, "parents", parents.unwrap_or_default()).await?;
            Some(Judged::of(&ctx, id, parents).await?)
        }
        None => None,
    };
    update(&ctx, id, move |row| {
        parents.map_or(Ok(()), |parents| parents.set(row))?;
        row.name = body.name.unwrap_or_else(|| row.name.clone());
        row.display_name = body.display_name.unwrap_or_else(|| row.display_name.clone());
        row.description = body.description.unwrap_or_else(|| row.description.clone());
        if let Some(patch) = body.metadata {
            row.metadata = merged(&row.metadata, patch);
        }
        Ok(())
    })
    .await
}

async fn update(
    ctx: &Ctx,
    id: RoleId,
    edit: impl FnOnce(&mut Role) -> Result<()> + Send + 'static,
) -> Result<Found<RoleBody>> {
    let command = domain::Update { id, edit: Box::new(edit), if_match: ctx.if_match()? };
    let row = ctx.tenant()?.execute(ctx.who(), command).await?;
    shown(ctx, &row)
}

async fn delete(ctx: Ctx, Path(id): Path<RoleId>) -> Result<NoContent> {
    let command = domain::Remove { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn restore(ctx: Ctx, Path(id): Path<RoleId>) -> Result<Found<RoleBody>> {
    let returning = ctx.tenant()?.read(move |view| domain::returning(view, id)).await?;
    // Whoever has the role was not judged by what it gave before it was deleted.
    if let Some((permissions, parents)) = returning {
        guard::may_give_permissions(&ctx, &permissions).await?;
        guard::may_give_roles(&ctx, &parents).await?;
    }
    let row = ctx.tenant()?.execute(ctx.who(), domain::Restore(id)).await?;
    shown(&ctx, &row)
}
