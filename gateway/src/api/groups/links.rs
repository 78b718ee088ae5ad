//! Members of a group, and its roles.

use latchkey_actors::error::Result;
use latchkey_actors::groups as domain;
use latchkey_actors::users::{Join, Leave, MemberPath};
use latchkey_storage::id::{GroupId, RoleId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::answer::{NoContent, Page};
use crate::api::guard;
use crate::api::roles::RoleBody;
use crate::api::users::UserBody;
use crate::api::users::links::{AssignRole, Assigned, end};
use crate::context::Ctx;
use crate::extract::{Body, PageNumbers, Path};

pub(super) async fn list_members(
    ctx: Ctx,
    Path(group): Path<GroupId>,
    page: PageNumbers,
) -> Result<Page<Assigned<UserBody>>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let read = tenant.read(move |view| domain::members_of_group(view, group, skip, limit));
    let ((rows, total), id) = (read.await?, tenant.id());
    let items = rows.iter().map(|row| Assigned::of(row, |user| UserBody::of(user, id)));
    Ok(Page { items: items.collect(), meta: page.meta(total) })
}

/// A user to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddMember {
    user_id: Uuid,
    /// RFC 3339. Without it the membership stays.
    #[serde(default)]
    expires_at: Option<String>,
}

pub(super) async fn add_member(
    ctx: Ctx,
    Path(group): Path<GroupId>,
    Body(body): Body<AddMember>,
) -> Result<NoContent> {
    let user = UserId::from_uuid(body.user_id);
    let expires_at = end(body.expires_at.as_deref())?;
    guard::may_give_groups(&ctx, &[group]).await?;
    let path = MemberPath::Group;
    ctx.tenant()?.execute(ctx.who(), Join { user, group, expires_at, path }).await?;
    Ok(NoContent)
}

pub(super) async fn remove_member(
    ctx: Ctx,
    Path((group, user)): Path<(GroupId, UserId)>,
) -> Result<NoContent> {
    ctx.tenant()?.execute(ctx.who(), Leave { user, group }).await?;
    Ok(NoContent)
}

pub(super) async fn list_roles(
    ctx: Ctx,
    Path(group): Path<GroupId>,
    page: PageNumbers,
) -> Result<Page<Assigned<RoleBody>>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let read = tenant.read(move |view| domain::roles_of_group(view, group, skip, limit));
    let ((rows, total), id) = (read.await?, tenant.id());
    let items = rows.iter().map(|row| Assigned::of(row, |role| RoleBody::of(role, id)));
    Ok(Page { items: items.collect(), meta: page.meta(total) })
}

pub(super) async fn assign_role(
    ctx: Ctx,
    Path(group): Path<GroupId>,
    Body(body): Body<AssignRole>,
) -> Result<NoContent> {
    let (role, expires_at) = body.parsed()?;
    guard::may_give_roles(&ctx, &[role]).await?;
    ctx.tenant()?.execute(ctx.who(), domain::AssignToGroup { group, role, expires_at }).await?;
    Ok(NoContent)
}

pub(super) async fn unassign_role(
    ctx: Ctx,
    Path((group, role)): Path<(GroupId, RoleId)>,
) -> Result<NoContent> {
    ctx.tenant()?.execute(ctx.who(), domain::UnassignFromGroup { group, role }).await?;
    Ok(NoContent)
}
