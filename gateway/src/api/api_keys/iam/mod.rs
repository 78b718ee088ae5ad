//! API keys as the IAM surface has them.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::{Error, Result};
use latchkey_actors::tenant::Uses;
use latchkey_storage::tables::{ApiKey, KeyUsage, Owner, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rights;
use super::wire::{EnvironmentWord, OwnerBody, QuotaBody, RateLimitBody};
use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::json::Free;
use crate::extract::{Body, KeyId, PageNumbers, Path};
use crate::wire::{Millis, moment};

mod calling;
mod changes;

use calling::{authorize, me};
use changes::{change, replace};

endpoints! { TABLE, "api_keys", Iam;
    /// List API keys.
    ///
    /// Revoked ones included.
    GET "/api/v1/tenants/{id}/api-keys" => list, Can(ApiKeys, Read), Unaudited;
    /// Create an API key.
    ///
    /// The secret appears in this answer and nowhere else.
    POST "/api/v1/tenants/{id}/api-keys" => create, Can(ApiKeys, Create), Committed;
    /// Get an API key.
    GET "/api/v1/tenants/{id}/api-keys/{key_id}" => fetch, Can(ApiKeys, Read), Unaudited;
    /// Replace an API key.
    ///
    /// What is left out takes its default; owner and environment stay.
    PUT "/api/v1/tenants/{id}/api-keys/{key_id}" => replace, Can(ApiKeys, Update), Committed;
    /// Change an API key.
    ///
    /// What is left out stays; `null` clears.
    PATCH "/api/v1/tenants/{id}/api-keys/{key_id}" => change, Can(ApiKeys, Update), Committed;
    /// Delete an API key.
    ///
    /// It is gone from lists and by id at once, and every secret of it is unknown.
    DELETE "/api/v1/tenants/{id}/api-keys/{key_id}" => delete, Can(ApiKeys, Delete), Committed;
    /// Revoke an API key.
    ///
    /// The next request with it is refused; it stays in lists.
    POST "/api/v1/tenants/{id}/api-keys/{key_id}/revoke" => revoke, Can(ApiKeys, Revoke), Committed;
    /// Who the calling key is.
    GET "/api/v1/api-keys/me" => me, AnyKey, Unaudited;
    /// May the calling key do this?
    POST "/api/v1/api-keys/authorize" => authorize, AnyKey, Unaudited;
}

/// A key.
#[derive(Serialize, JsonSchema)]
struct Key {
    id: Uuid,
    tenant_id: Uuid,
    owner_type: String,
    owner_id: Uuid,
    name: String,
    prefix: String,
    description: Option<String>,
    scopes: Vec<String>,
    roles: Vec<Uuid>,
    environment: EnvironmentWord,
    ip_restrictions: Vec<String>,
    conditions: serde_json::Value,
    rate_limit: RateLimitBody,
    metadata: serde_json::Value,
    is_enabled: bool,
    not_before: Option<Millis>,
    revoked_at: Option<Millis>,
    expires_at: Option<Millis>,
    last_used_at: Option<Millis>,
    use_count: u64,
    created_at: Millis,
    updated_at: Option<Millis>,
}

impl Key {
    fn of(key: &ApiKey, usage: &KeyUsage, tenant: &Tenant) -> Self {
        let owner = OwnerBody::of(key.owner, tenant.id);
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            id: key.id.uuid(),
            tenant_id: tenant.id.uuid(),
            owner_type: owner.kind,
            owner_id: owner.id,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            description: key.description.clone(),
            scopes: key.scopes.clone(),
            roles: key.roles.iter().map(|role| role.uuid()).collect(),
            environment: key.environment.into(),
            ip_restrictions: key.allowed_ips.clone(),
            conditions: json(&key.conditions),
            rate_limit: key.limits.into(),
            metadata: json(&key.metadata),
            is_enabled: key.enabled && key.revoked_at.is_none(),
            not_before: key.not_before.map(Millis),
            revoked_at: key.revoked_at.map(Millis),
            expires_at: key.expires_at.map(Millis),
            last_used_at: usage.last_used_at.map(Millis),
            use_count: usage.total,
            created_at: Millis(key.created_at),
            updated_at: key.updated_at.map(Millis),
        }
    }
}

/// A key that was created, with its secret: it is told once.
#[derive(Serialize, JsonSchema)]
struct KeyWithSecret {
    api_key: Key,
    secret: String,
}

/// A key to be created.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// Permission names.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Ids or names of roles.
    #[serde(default)]
    roles: Option<Vec<String>>,
    /// `user`, `service_account`, `application` or `tenant`.
    #[serde(default)]
    owner_type: Option<String>,
    #[serde(default)]
    owner_id: Option<Uuid>,
    #[serde(default)]
    environment: Option<EnvironmentWord>,
    /// Addresses and CIDR ranges.
    #[serde(default)]
    ip_restrictions: Option<Vec<String>>,
    #[serde(default)]
    conditions: Option<Free>,
    #[serde(default)]
    rate_limit: Option<RateLimitBody>,
    #[serde(default)]
    quota: Option<QuotaBody>,
    #[serde(default)]
    not_before: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    metadata: Option<Free>,
}

async fn create(ctx: Ctx, Body(body): Body<NewKey>) -> Result<Ready<Created<KeyWithSecret>>> {
    let new = wanted(&ctx, body).await?;
    rights::may_give(&ctx, &new).await?;
    let tenant = ctx.tenant()?.row();
    let shared = ctx.shared.registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let (secret, fingerprint) = domain::draw(new.environment, &tenant.code, keyring, entropy);
    let render = move |issued: domain::Issued| Created {
        message: "",
        location: format!("/api/v1/tenants/{}/api-keys/{}", tenant.id, issued.key.id),
        version: issued.key.version,
        data: KeyWithSecret {
            api_key: Key::of(&issued.key, &KeyUsage::default(), &tenant),
            secret: issued.secret.expose().to_owned(),
        },
    };
    ctx.create(domain::Issue { new, secret, fingerprint }, render).await.map_err(renamed)
}

async fn wanted(ctx: &Ctx, body: NewKey) -> Result<domain::NewKey> {
    let tenant = ctx.tenant()?.id();
    let owner = match (body.owner_type, body.owner_id) {
        (None, None) if ctx.is_cross_tenant() => Owner::Tenant,
        (None, None) => ctx.caller()?.entry.key.owner,
        (Some(kind), id) if kind == "tenant" => {
            OwnerBody { kind, id: id.unwrap_or_else(|| tenant.uuid()) }.parse(tenant)?
        }
        (Some(kind), Some(id)) => OwnerBody { kind, id }.parse(tenant)?,
        (Some(_), None) => return Err(Error::invalid("owner_id", "is needed beside `owner_type`")),
        (None, Some(_)) => return Err(Error::invalid("owner_type", "is needed beside `owner_id`")),
    };
    let new = domain::NewKey {
        name: body.name,
        description: body.description,
        scopes: body.scopes.unwrap_or_default(),
        roles: rights::roles(ctx, body.roles.unwrap_or_default()).await?,
        owner,
        environment: body.environment.unwrap_or_default().into(),
        protocol: None,
        allowed_ips: body.ip_restrictions.unwrap_or_default(),
        limits: body.rate_limit.unwrap_or_default().into(),
        quota: body.quota.map(Into::into),
        not_before: body.not_before.as_deref().map(|t| moment("not_before", t)).transpose()?,
        expires_at: body.expires_at.as_deref().map(|t| moment("expires_at", t)).transpose()?,
        conditions: object(body.conditions),
        metadata: object(body.metadata),
    };
    new.checked(ctx.now_ms).map_err(renamed)
}

fn object(free: Option<Free>) -> String {
    free.map_or_else(|| "{}".into(), |free| free.text())
}

/// The domain's names of members, as this surface spells them.
fn renamed(error: Error) -> Error {
    error.rename(&[("allowed_ips", "ip_restrictions"), ("owner", "owner_id")])
}

async fn list(ctx: Ctx, page: PageNumbers) -> Result<Page<Key>> {
    let tenant = ctx.tenant()?;
    let (skip, limit) = (page.skip(), page.limit());
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let states = tenant.key_states(rows.iter().map(|(key, _)| key.id).collect()).await?;
    let row = tenant.row();
    let none = Uses::default();
    let items = rows.into_iter().map(|(key, written)| {
        let uses = states.get(&key.id).map_or(&none, |state| &state.uses);
        Key::of(&key, &uses.add_to(written), &row)
    });
    Ok(Page { items: items.collect(), meta: page.meta(total) })
}

async fn fetch(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Key>> {
    let tenant = ctx.tenant()?;
    let (key, written, _) = tenant.read(move |view| domain::fetch(view, id)).await?;
    shown(&ctx, &key, written).await
}

async fn shown(ctx: &Ctx, key: &ApiKey, written: KeyUsage) -> Result<Found<Key>> {
    let state = super::platform::state_of(ctx, key.id).await?;
    let usage = state.uses.add_to(written);
    Ok(Found::plain(Key::of(key, &usage, &ctx.tenant()?.row())).tagged(key.version))
}

async fn delete(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<NoContent> {
    let command = domain::Remove { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}

async fn revoke(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<NoContent> {
    let command = domain::Revoke { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}
