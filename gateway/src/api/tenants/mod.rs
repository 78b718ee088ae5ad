//! Tenants, on the IAM surface.

use latchkey_actors::api_keys::Issued;
use latchkey_actors::error::Result;
use latchkey_actors::tenants as domain;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{Tenant, TenantStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::json::Free;
use crate::extract::merge::merged;
use crate::extract::{Body, PageNumbers};
use crate::wire::Millis;

endpoints! { TABLE, "tenants", Iam;
    /// List the tenants that the caller may enter.
    GET "/api/v1/tenants" => list, AnyKey, Unaudited;
    /// Create a tenant.
    ///
    /// With `issue_admin_key` the answer carries its first key, which holds everything in it; the
    /// secret appears in this answer and nowhere else.
    POST "/api/v1/tenants" => create, Master(Tenants, Create), Committed;
    /// Get a tenant.
    GET "/api/v1/tenants/{id}" => fetch, Can(Tenants, Read), Unaudited;
    /// Replace a tenant.
    ///
    /// What is left out takes its default.
    PUT "/api/v1/tenants/{id}" => replace, Can(Tenants, Update), Committed;
    /// Change a tenant.
    ///
    /// What is left out stays; `null` clears.
    PATCH "/api/v1/tenants/{id}" => change, Can(Tenants, Update), Committed;
    /// Delete a tenant.
    ///
    /// Its keys are refused from the next request on. It may be restored for 30 days.
    DELETE "/api/v1/tenants/{id}" => delete, Can(Tenants, Delete), Committed;
    /// Restore a deleted tenant.
    POST "/api/v1/tenants/{id}/restore" => restore, Can(Tenants, Restore), Committed;
}

/// A tenant.
#[derive(Serialize, JsonSchema)]
struct TenantBody {
    id: Uuid,
    name: String,
    slug: String,
    display_name: Option<String>,
    description: Option<String>,
    logo_url: Option<String>,
    primary_color: Option<String>,
    settings: serde_json::Value,
    access_token_lifetime_seconds: u32,
    refresh_token_lifetime_seconds: u32,
    id_token_lifetime_seconds: u32,
    authorization_code_lifetime_seconds: u32,
    password_policy: serde_json::Value,
    mfa_enabled: bool,
    mfa_required: bool,
    status: &'static str,
    version: u64,
    created_at: Millis,
    updated_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_api_key: Option<AdminKey>,
}

/// The first key of a tenant: it is told once.
#[derive(Serialize, JsonSchema)]
struct AdminKey {
    id: Uuid,
    secret: String,
    prefix: String,
}

impl TenantBody {
    fn of(row: &Tenant) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            id: row.id.uuid(),
            name: row.name.clone(),
            slug: row.slug.clone(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            logo_url: row.logo_url.clone(),
            primary_color: row.primary_color.clone(),
            settings: json(&row.settings),
            access_token_lifetime_seconds: row.access_token_lifetime_seconds,
            refresh_token_lifetime_seconds: row.refresh_token_lifetime_seconds,
            id_token_lifetime_seconds: row.id_token_lifetime_seconds,
            authorization_code_lifetime_seconds: row.authorization_code_lifetime_seconds,
            password_policy: json(&row.password_policy),
            mfa_enabled: row.mfa_enabled,
            mfa_required: row.mfa_required,
            status: match row.status {
                TenantStatus::Creating => "creating",
                TenantStatus::Active => "active",
                TenantStatus::Suspended => "suspended",
                TenantStatus::Deleted => "deleted",
            },
            version: row.version,
            created_at: Millis(row.created_at),
            updated_at: Millis(row.updated_at),
            deleted_at: row.deleted_at.map(Millis),
            admin_api_key: None,
        }
    }
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<TenantBody>> {
    let caller = ctx.caller()?;
    if !caller.enters_all {
        let home = ctx.shared.registry.tenant(caller.tenant).await?;
        let own = TenantBody::of(&home.row());
        let items = if page.page == 1 { vec![own] } else { Vec::new() };
        return Ok(Page { items, meta: page.meta(1) });
    }
    let master = ctx.shared.registry.tenant(TenantId::MASTER).await?;
    let (skip, limit) = (page.skip(), page.limit());
    let (rows, total) = master.read(move |view| domain::list(view, skip, limit)).await?;
    let items = rows.iter().map(TenantBody::of).collect();
    Ok(Page { items, meta: page.meta(total) })
}

/// A tenant to be created.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    name: String,
    /// 1 to 63 of a-z, 0-9 and inner hyphens; unique.
    slug: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    logo_url: Option<String>,
    #[serde(default)]
    primary_color: Option<String>,
    #[serde(default)]
    settings: Option<Free>,
    #[serde(default)]
    password_policy: Option<Free>,
    #[serde(default)]
    mfa_enabled: bool,
    #[serde(default)]
    mfa_required: bool,
    /// Answer with a first key that holds everything in the tenant.
    #[serde(default)]
    issue_admin_key: bool,
}

fn object(free: Option<Free>) -> String {
    free.map_or_else(|| "{}".into(), |free| free.text())
}

async fn create(ctx: Ctx, Body(body): Body<NewTenant>) -> Result<Ready<Created<TenantBody>>> {
    let registry = &ctx.shared.registry;
    let master = registry.tenant(TenantId::MASTER).await?;
    if let Some(answer) = ctx.replayed(&master).await? {
        return Ok(Ready(answer, std::marker::PhantomData));
    }
    let new = domain::NewTenant {
        name: body.name,
        slug: body.slug,
        display_name: body.display_name,
        description: body.description,
        logo_url: body.logo_url,
        primary_color: body.primary_color,
        settings: object(body.settings),
        password_policy: object(body.password_policy),
        mfa_enabled: body.mfa_enabled,
        mfa_required: body.mfa_required,
    };
    let founded = domain::found(registry, &ctx.who(), new, body.issue_admin_key).await?;
    let admin_key = founded.admin_key;
    let render = move |row: Tenant| Created {
        message: "",
        location: format!("/api/v1/tenants/{}", row.id),
        version: row.version,
        data: TenantBody { admin_api_key: admin_key.map(told), ..TenantBody::of(&row) },
    };
    ctx.create_in(&master, founded.activate, render).await
}

fn told(issued: Issued) -> AdminKey {
    let secret = issued.secret.expose().to_owned();
    AdminKey { id: issued.key.id.uuid(), secret, prefix: issued.key.prefix }
}

async fn fetch(ctx: Ctx) -> Result<Found<TenantBody>> {
    let row = ctx.tenant()?.row();
    Ok(Found::plain(TenantBody::of(&row)).tagged(row.version))
}

/// A tenant as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Replacement {
    name: String,
    /// Stays when it is left out.
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    logo_url: Option<String>,
    #[serde(default)]
    primary_color: Option<String>,
    #[serde(default)]
    settings: Option<Free>,
    #[serde(default)]
    password_policy: Option<Free>,
    #[serde(default)]
    mfa_enabled: bool,
    #[serde(default)]
    mfa_required: bool,
    #[serde(default)]
    access_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    refresh_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    id_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    authorization_code_lifetime_seconds: Option<u32>,
}

async fn replace(ctx: Ctx, Body(body): Body<Replacement>) -> Result<Found<TenantBody>> {
    update(&ctx, move |row| {
        row.name = body.name;
        row.slug = body.slug.unwrap_or_else(|| row.slug.clone());
        row.display_name = body.display_name;
        row.description = body.description;
        row.logo_url = body.logo_url;
        row.primary_color = body.primary_color;
        row.settings = object(body.settings);
        row.password_policy = object(body.password_policy);
        row.mfa_enabled = body.mfa_enabled;
        row.mfa_required = body.mfa_required;
        row.access_token_lifetime_seconds = body.access_token_lifetime_seconds.unwrap_or(900);
        row.refresh_token_lifetime_seconds = body.refresh_token_lifetime_seconds.unwrap_or(604_800);
        row.id_token_lifetime_seconds = body.id_token_lifetime_seconds.unwrap_or(900);
        row.authorization_code_lifetime_seconds =
            body.authorization_code_lifetime_seconds.unwrap_or(60);
        Ok(())
    })
    .await
}

/// What is to change of a tenant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Patch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    logo_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    primary_color: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    settings: Option<Option<Free>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    password_policy: Option<Option<Free>>,
    #[serde(default)]
    mfa_enabled: Option<bool>,
    #[serde(default)]
    mfa_required: Option<bool>,
    #[serde(default)]
    access_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    refresh_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    id_token_lifetime_seconds: Option<u32>,
    #[serde(default)]
    authorization_code_lifetime_seconds: Option<u32>,
}

async fn change(ctx: Ctx, Body(body): Body<Patch>) -> Result<Found<TenantBody>> {
    fn set<T>(place: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    update(&ctx, move |row| {
        set(&mut row.name, body.name);
        set(&mut row.slug, body.slug);
        set(&mut row.display_name, body.display_name);
        set(&mut row.description, body.description);
        set(&mut row.logo_url, body.logo_url);
        set(&mut row.primary_color, body.primary_color);
        let settings = body.settings.map(|patch| merged(&row.settings, patch));
        set(&mut row.settings, settings);
        let policy = body.password_policy.map(|patch| merged(&row.password_policy, patch));
        set(&mut row.password_policy, policy);
        set(&mut row.mfa_enabled, body.mfa_enabled);
        set(&mut row.mfa_required, body.mfa_required);
        set(&mut row.access_token_lifetime_seconds, body.access_token_lifetime_seconds);
        set(&mut row.refresh_token_lifetime_seconds, body.refresh_token_lifetime_seconds);
        set(&mut row.id_token_lifetime_seconds, body.id_token_lifetime_seconds);
        set(&mut row.authorization_code_lifetime_seconds, body.authorization_code_lifetime_seconds);
        Ok(())
    })
    .await
}

async fn update(
    ctx: &Ctx,
    edit: impl FnOnce(&mut Tenant) -> Result<()> + Send + 'static,
) -> Result<Found<TenantBody>> {
    let (id, if_match) = (ctx.tenant()?.id(), ctx.if_match()?);
    let master = ctx.shared.registry.tenant(TenantId::MASTER).await?;
    let command = domain::Update { id, edit: Box::new(edit), if_match };
    let row = master.execute(ctx.who(), command).await?;
    Ok(Found::plain(TenantBody::of(&row)).tagged(row.version))
}

async fn delete(ctx: Ctx) -> Result<NoContent> {
    let command = domain::Remove { id: ctx.tenant()?.id(), if_match: ctx.if_match()? };
    let master = ctx.shared.registry.tenant(TenantId::MASTER).await?;
    master.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn restore(ctx: Ctx) -> Result<Found<TenantBody>> {
    let master = ctx.shared.registry.tenant(TenantId::MASTER).await?;
    let row = master.execute(ctx.who(), domain::Restore(ctx.tenant()?.id())).await?;
    Ok(Found::plain(TenantBody::of(&row)).tagged(row.version))
}
