//! Roles and groups of a user.

use latchkey_actors::error::Result;
use latchkey_actors::links::Linked;
use latchkey_actors::users as domain;
use latchkey_storage::id::{GroupId, RoleId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::{NoContent, Page};
use crate::api::groups::GroupBody;
use crate::api::guard;
use crate::api::roles::RoleBody;
use crate::context::Ctx;
use crate::extract::{Body, PageNumbers, Path};
use crate::wire::{Millis, moment};

/// An object in a list of assignments.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Assigned<T> {
    #[serde(flatten)]
    object: T,
    /// When the assignment ends; `null`: it stays.
    expires_at: Option<Millis>,
}

impl<T> Assigned<T> {
    pub(in crate::api) fn of<R>(linked: &Linked<R>, body: impl FnOnce(&R) -> T) -> Self {
        Self { object: body(&linked.object), expires_at: linked.link.expires_at.map(Millis) }
    }
}

/// A role to be assigned.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignRole {
    role_id: Uuid,
    /// RFC 3339. Without it the assignment stays.
    #[serde(default)]
    expires_at: Option<String>,
}

impl AssignRole {
    /// The role, and the end of the assignment in Unix milliseconds.
    pub(in crate::api) fn parsed(&self) -> Result<(RoleId, Option<i64>)> {
        Ok((RoleId::from_uuid(self.role_id), end(self.expires_at.as_deref())?))
    }
}

/// The end of an assignment, in Unix milliseconds.
pub(in crate::api) fn end(text: Option<&str>) -> Result<Option<i64>> {
    text.map(|text| moment("expires_at", text)).transpose()
}

pub(super) async fn list_roles(
    ctx: Ctx,
    Path(user): Path<UserId>,
    page: PageNumbers,
) -> Result<Page<Assigned<RoleBody>>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let read = tenant.read(move |view| domain::roles_of_user(view, user, skip, limit));
    let ((rows, total), id) = (read.await?, tenant.id());
    let items = rows.iter().map(|row| Assigned::of(row, |role| RoleBody::of(role, id)));
    Ok(Page { items: items.collect(), meta: page.meta(total) })
}

pub(super) async fn assign_role(
    ctx: Ctx,
    Path(user): Path<UserId>,
    Body(body): Body<AssignRole>,
) -> Result<NoContent> {
    let (role, expires_at) = body.parsed()?;
    guard::may_give_roles(&ctx, &[role]).await?;
    ctx.tenant()?.execute(ctx.who(), domain::Assign { user, role, expires_at }).await?;
    Ok(NoContent)
}

pub(super) async fn unassign_role(
    ctx: Ctx,
    Path((user, role)): Path<(UserId, RoleId)>,
) -> Result<NoContent> {
    ctx.tenant()?.execute(ctx.who(), domain::Unassign { user, role }).await?;
    Ok(NoContent)
}

pub(super) async fn list_groups(
    ctx: Ctx,
    Path(user): Path<UserId>,
    page: PageNumbers,
) -> Result<Page<Assigned<GroupBody>>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let id = tenant.id();
    let (items, total) = tenant
        .read(move |view| {
            let (rows, total) = domain::groups_of_user(view, user, skip, limit)?;
            let body = |row: &Linked<_>| {
                let path = latchkey_actors::groups::path(view, &row.object)?;
                Ok(Assigned::of(row, |group| GroupBody::of(group, path, id)))
            };
            Ok((rows.iter().map(body).collect::<Result<_>>()?, total))
        })
        .await?;
    Ok(Page { items, meta: page.meta(total) })
}

/// A group to be joined.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinGroup {
    group_id: Uuid,
    /// RFC 3339. Without it the membership stays.
    #[serde(default)]
    expires_at: Option<String>,
}

pub(super) async fn join_group(
    ctx: Ctx,
    Path(user): Path<UserId>,
    Body(body): Body<JoinGroup>,
) -> Result<NoContent> {
    let group = GroupId::from_uuid(body.group_id);
    let expires_at = end(body.expires_at.as_deref())?;
    guard::may_give_groups(&ctx, &[group]).await?;
    let path = domain::MemberPath::User;
    ctx.tenant()?.execute(ctx.who(), domain::Join { user, group, expires_at, path }).await?;
    Ok(NoContent)
}

pub(super) async fn leave_group(
    ctx: Ctx,
    Path((user, group)): Path<(UserId, GroupId)>,
) -> Result<NoContent> {
    ctx.tenant()?.execute(ctx.who(), domain::Leave { user, group }).await?;
    Ok(NoContent)
}
