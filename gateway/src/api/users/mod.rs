//! Users, and what is assigned to them.

use latchkey_actors::error::Result;
use latchkey_actors::users as domain;
use latchkey_storage::id::UserId;
use latchkey_storage::tables::{User, UserStatus};

use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::merge::merged;
use crate::extract::{Body, PageNumbers, Path};

pub(super) mod links;
mod password;
mod wire;

use links::{assign_role, join_group, leave_group, list_groups, list_roles, unassign_role};
use password::hashed;
pub(super) use wire::UserBody;
use wire::{NewUser, Patch};

endpoints! { TABLE, "users", Iam;
    /// List users.
    GET "/api/v1/tenants/{id}/users" => list, Can(Users, Read), Unaudited;
    /// Create a user.
    ///
    /// A password is kept as its Argon2id hash, and appears in no answer.
    POST "/api/v1/tenants/{id}/users" => create, Can(Users, Create), Committed;
    /// Get a user.
    GET "/api/v1/tenants/{id}/users/{uid}" => fetch, Can(Users, Read), Unaudited;
    /// Replace a user.
    ///
    /// What is left out takes its default; the password stays.
    PUT "/api/v1/tenants/{id}/users/{uid}" => replace, Can(Users, Update), Committed;
    /// Change a user.
    ///
    /// What is left out stays; `null` clears.
    PATCH "/api/v1/tenants/{id}/users/{uid}" => change, Can(Users, Update), Committed;
    /// Delete a user.
    ///
    /// It may be restored, with the roles and groups that it had.
    DELETE "/api/v1/tenants/{id}/users/{uid}" => delete, Can(Users, Delete), Committed;
    /// Restore a deleted user.
    POST "/api/v1/tenants/{id}/users/{uid}/restore" => restore, Can(Users, Restore), Committed;
    /// List the roles assigned to a user.
    GET "/api/v1/tenants/{id}/users/{uid}/roles" => list_roles, Can(Users, Read), Unaudited;
    /// Assign a role to a user.
    ///
    /// The caller must hold all that the role gives. Assigning it again replaces `expires_at`.
    POST "/api/v1/tenants/{id}/users/{uid}/roles" => assign_role, Can(Roles, Assign), Committed;
    /// Take a role from a user.
    DELETE "/api/v1/tenants/{id}/users/{uid}/roles/{role_id}" => unassign_role, Can(Roles, Assign), Committed;
    /// List the groups of a user.
    GET "/api/v1/tenants/{id}/users/{uid}/groups" => list_groups, Can(Users, Read), Unaudited;
    /// Add a user to a group.
    ///
    /// The caller must hold all that the group gives. Adding it again replaces `expires_at`.
    POST "/api/v1/tenants/{id}/users/{uid}/groups" => join_group, Can(Groups, Assign), Committed;
    /// Take a user out of a group.
    DELETE "/api/v1/tenants/{id}/users/{uid}/groups/{group_id}" => leave_group, Can(Groups, Assign), Committed;
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<UserBody>> {
    let (tenant, skip, limit) = (ctx.tenant()?, page.skip(), page.limit());
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let items = rows.iter().map(|row| UserBody::of(row, tenant.id())).collect();
    Ok(Page { items, meta: page.meta(total) })
}

async fn create(ctx: Ctx, Body(body): Body<NewUser>) -> Result<Ready<Created<UserBody>>> {
    let new = domain::NewUser {
        username: body.username,
        email: body.email,
        email_verified: body.email_verified,
        status: body.status.as_deref().map(domain::parse_status).transpose()?,
        password_hash: hashed(&ctx, body.password).await?,
        phone: body.phone,
        first_name: body.first_name,
        last_name: body.last_name,
        display_name: body.display_name,
        avatar_url: body.avatar_url,
        locale: body.locale,
        timezone: body.timezone,
        metadata: body.metadata.map(|free| free.text()),
    };
    let tenant = ctx.tenant()?.id();
    let render = move |row: User| Created {
        message: "",
        location: format!("/api/v1/tenants/{tenant}/users/{}", row.id),
        version: row.version,
        data: UserBody::of(&row, tenant),
    };
    ctx.create(domain::Create(new), render).await
}

async fn fetch(ctx: Ctx, Path(id): Path<UserId>) -> Result<Found<UserBody>> {
    let row = ctx.tenant()?.read(move |view| domain::fetch(view, id)).await?;
    shown(&ctx, &row)
}

fn shown(ctx: &Ctx, row: &User) -> Result<Found<UserBody>> {
    Ok(Found::plain(UserBody::of(row, ctx.tenant()?.id())).tagged(row.version))
}

async fn replace(
    ctx: Ctx,
    Path(id): Path<UserId>,
    Body(body): Body<NewUser>,
) -> Result<Found<UserBody>> {
    let status = body.status.as_deref().map(domain::parse_status).transpose()?;
    let password_hash = hashed(&ctx, body.password).await?;
    update(&ctx, id, move |row| {
        row.username = body.username;
        row.email = body.email;
        row.email_verified = body.email_verified;
        row.status = status.unwrap_or(UserStatus::Active);
        row.password_hash = password_hash.or_else(|| row.password_hash.take());
        row.phone_verified &= row.phone == body.phone;
        row.phone = body.phone;
        row.first_name = body.first_name;
        row.last_name = body.last_name;
        row.display_name = body.display_name;
        row.avatar_url = body.avatar_url;
        row.locale = body.locale.unwrap_or_else(locale);
        row.timezone = body.timezone.unwrap_or_else(timezone);
        row.metadata = body.metadata.map_or_else(|| "{}".into(), |free| free.text());
    })
    .await
}

fn locale() -> String {
    "en".into()
}

fn timezone() -> String {
    "UTC".into()
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

async fn change(
    ctx: Ctx,
    Path(id): Path<UserId>,
    Body(mut body): Body<Patch>,
) -> Result<Found<UserBody>> {
    let status = body.status.as_deref().map(domain::parse_status).transpose()?;
    let password_hash = match body.password.take() {
        Some(password) => Some(hashed(&ctx, password).await?),
        None => None,
    };
    update(&ctx, id, move |row| {
        let email = body.email.unwrap_or_else(|| row.email.clone());
        // What was verified was the old address.
        row.email_verified &= email.eq_ignore_ascii_case(&row.email);
        row.email = email;
        let phone = body.phone.unwrap_or_else(|| row.phone.clone());
        row.phone_verified &= phone == row.phone;
        row.phone = phone;
        set(&mut row.email_verified, body.email_verified);
        set(&mut row.username, body.username);
        set(&mut row.status, status);
        set(&mut row.password_hash, password_hash);
        set(&mut row.first_name, body.first_name);
        set(&mut row.last_name, body.last_name);
        set(&mut row.display_name, body.display_name);
        set(&mut row.avatar_url, body.avatar_url);
        set(&mut row.locale, body.locale.map(|text| text.unwrap_or_else(locale)));
        set(&mut row.timezone, body.timezone.map(|text| text.unwrap_or_else(timezone)));
        let metadata = body.metadata.map(|patch| merged(&row.metadata, patch));
        set(&mut row.metadata, metadata);
    })
    .await
}

async fn update(
    ctx: &Ctx,
    id: UserId,
    edit: impl FnOnce(&mut User) + Send + 'static,
) -> Result<Found<UserBody>> {
    let edit = Box::new(|row: &mut User| {
        edit(row);
        Ok(())
    });
    let command = domain::Update { id, edit, if_match: ctx.if_match()? };
    let row = ctx.tenant()?.execute(ctx.who(), command).await?;
    shown(ctx, &row)
}

async fn delete(ctx: Ctx, Path(id): Path<UserId>) -> Result<NoContent> {
    let command = domain::Remove { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn restore(ctx: Ctx, Path(id): Path<UserId>) -> Result<Found<UserBody>> {
    let row = ctx.tenant()?.execute(ctx.who(), domain::Restore(id)).await?;
    shown(&ctx, &row)
}
