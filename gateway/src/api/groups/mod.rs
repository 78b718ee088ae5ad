//! Groups, their members and their roles.

use latchkey_actors::error::Result;
use latchkey_actors::groups as domain;
use latchkey_storage::id::GroupId;
use latchkey_storage::tables::Group;

use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::api::guard;
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::merge::merged;
use crate::extract::{Body, PageNumbers, Path};

mod links;
mod place;
mod wire;

use links::{add_member, assign_role, list_members, list_roles, remove_member, unassign_role};
use place::{Judged, Placed, Stands};
pub(super) use wire::GroupBody;
use wire::{NewGroup, Patch};

endpoints! { TABLE, "groups", Iam;
    /// List groups.
    GET "/api/v1/tenants/{id}/groups" => list, Can(Groups, Read), Unaudited;
    /// Create a group.
    ///
    /// The caller must hold all that the group above it gives.
    POST "/api/v1/tenants/{id}/groups" => create, Can(Groups, Create), Committed;
    /// Get a group.
    GET "/api/v1/tenants/{id}/groups/{group_id}" => fetch, Can(Groups, Read), Unaudited;
    /// Replace a group.
    ///
    /// What is left out takes its default. With another parent the group moves, with all that is
    /// below it; the caller must hold all that the new parent gives.
    PUT "/api/v1/tenants/{id}/groups/{group_id}" => replace, Can(Groups, Update), Committed;
    /// Change a group.
    ///
    /// What is left out stays; `null` clears. With another parent the group moves, with all that
    /// is below it; the caller must hold all that the new parent gives.
    PATCH "/api/v1/tenants/{id}/groups/{group_id}" => change, Can(Groups, Update), Committed;
    /// Delete a group.
    ///
    /// One that has groups below it stays. It may be restored, with its members and roles.
    DELETE "/api/v1/tenants/{id}/groups/{group_id}" => delete, Can(Groups, Delete), Committed;
    /// Restore a deleted group.
    ///
    /// The caller must hold all that it gives.
    POST "/api/v1/tenants/{id}/groups/{group_id}/restore" => restore, Can(Groups, Restore), Committed;
    /// List the members of a group itself.
    GET "/api/v1/tenants/{id}/groups/{group_id}/members" => list_members, Can(Groups, Read), Unaudited;
    /// Add a user to a group.
    ///
    /// The caller must hold all that the group gives. Adding it again replaces `expires_at`.
    POST "/api/v1/tenants/{id}/groups/{group_id}/members" => add_member, Can(Groups, Assign), Committed;
    /// Take a user out of a group.
    DELETE "/api/v1/tenants/{id}/groups/{group_id}/members/{uid}" => remove_member, Can(Groups, Assign), Committed;
    /// List the roles assigned to a group itself.
    GET "/api/v1/tenants/{id}/groups/{group_id}/roles" => list_roles, Can(Groups, Read), Unaudited;
    /// Assign a role to a group.
    ///
    /// The caller must hold all that the role gives. Assigning it again replaces `expires_at`.
    POST "/api/v1/tenants/{id}/groups/{group_id}/roles" => assign_role, Can(Groups, Assign), Committed;
    /// Take a role from a group.
    DELETE "/api/v1/tenants/{id}/groups/{group_id}/roles/{role_id}" => unassign_role, Can(Groups, Assign), Committed;
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<GroupBody>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let id = tenant.id();
    let (items, total) = tenant
        .read(move |view| {
            let (rows, total) = domain::list(view, skip, limit)?;
            let body = |row: &Group| Ok(GroupBody::of(row, domain::path(view, row)?, id));
            Ok((rows.iter().map(body).collect::<Result<_>>()?, total))
        })
        .await?;
    Ok(Page { items, meta: page.meta(total) })
}

async fn create(ctx: Ctx, Body(body): Body<NewGroup>) -> Result<Ready<Created<GroupBody>>> {
    let parent = body.parent_id.map(GroupId::from_uuid);
    guard::may_give_groups(&ctx, parent.as_slice()).await?;
    let new = domain::NewGroup {
        name: body.name,
        parent,
        display_name: body.display_name,
        description: body.description,
        metadata: body.metadata.map(|free| free.text()),
    };
    let tenant = ctx.tenant()?.id();
    let render = move |(row, path): Stands| Created {
        message: "",
        location: format!("/api/v1/tenants/{tenant}/groups/{}", row.id),
        version: row.version,
        data: GroupBody::of(&row, path, tenant),
    };
    ctx.create(Placed(domain::Create(new)), render).await
}

async fn fetch(ctx: Ctx, Path(id): Path<GroupId>) -> Result<Found<GroupBody>> {
    let read = ctx.tenant()?.read(move |view| {
        let row = domain::fetch(view, id)?;
        let path = domain::path(view, &row)?;
        Ok((row, path))
    });
    shown(&ctx, read.await?)
}

fn shown(ctx: &Ctx, (row, path): Stands) -> Result<Found<GroupBody>> {
    Ok(Found::plain(GroupBody::of(&row, path, ctx.tenant()?.id())).tagged(row.version))
}

async fn replace(
    ctx: Ctx,
    Path(id): Path<GroupId>,
    Body(body): Body<NewGroup>,
) -> Result<Found<GroupBody>> {
    let parent = Judged::of(&ctx, id, body.parent_id.map(GroupId::from_uuid)).await?;
    update(&ctx, id, move |row| {
        parent.set(row)?;
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
    Path(id): Path<GroupId>,
    Body(body): Body<Patch>,
) -> Result<Found<GroupBody>> {
    let parent = match body.parent_id {
        Some(parent) => Some(Judged::of(&ctx, id, parent.map(GroupId::from_uuid)).await?),
        None => None,
    };
    update(&ctx, id, move |row| {
        parent.map_or(Ok(()), |parent| parent.set(row))?;
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
    id: GroupId,
    edit: impl FnOnce(&mut Group) -> Result<()> + Send + 'static,
) -> Result<Found<GroupBody>> {
    let command = domain::Update { id, edit: Box::new(edit), if_match: ctx.if_match()? };
    shown(ctx, ctx.tenant()?.execute(ctx.who(), Placed(command)).await?)
}

async fn delete(ctx: Ctx, Path(id): Path<GroupId>) -> Result<NoContent> {
    let command = domain::Remove { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn restore(ctx: Ctx, Path(id): Path<GroupId>) -> Result<Found<GroupBody>> {
    let now_ms = ctx.now_ms;
    let returning = ctx.tenant()?.read(move |view| domain::returning(view, id, now_ms)).await?;
    if let Some((roles, parent)) = returning {
        guard::may_give_roles(&ctx, &roles).await?;
        guard::may_give_groups(&ctx, parent.as_slice()).await?;
    }
    shown(&ctx, ctx.tenant()?.execute(ctx.who(), Placed(domain::Restore(id))).await?)
}
