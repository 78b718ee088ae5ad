//! API keys as the workspace surface has them.

use latchkey_actors::api_keys::{self as domain, KeyStatus};
use latchkey_actors::error::{Error, Result};
use latchkey_actors::tenant::Uses;
use latchkey_storage::tables::{ApiKey, KeyUsage, Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::{EnvironmentWord, RateLimitBody};
use super::{rights, wire};
use crate::answer::{Created, Found, NoContent, Page, Ready};
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::json::Free;
use crate::extract::{Body, KeyId, OffsetPage, Path};
use crate::wire::{Seconds, moment};
use crate::wire_id::base62;

endpoints! { TABLE, "api_keys", Workspace;
    /// List API keys.
    GET "/v1/api-keys" => list, Can(ApiKeys, Read), Unaudited;
    /// Create an API key.
    ///
    /// `key` appears in this answer and nowhere else.
    POST "/v1/api-keys" => create, Can(ApiKeys, Create), Committed;
    /// Get an API key.
    GET "/v1/api-keys/{key_id}" => fetch, Can(ApiKeys, Read), Unaudited;
    /// Change an API key.
    ///
    /// What is left out stays; `null` clears.
    PATCH "/v1/api-keys/{key_id}" => change, Can(ApiKeys, Update), Committed;
    /// Revoke an API key.
    ///
    /// The next request with it is refused.
    DELETE "/v1/api-keys/{key_id}" => revoke, Can(ApiKeys, Revoke), Committed;
}

/// A key.
#[derive(Serialize, JsonSchema)]
struct Key {
    id: String,
    name: String,
    prefix: String,
    permissions: Vec<String>,
    environment: EnvironmentWord,
    status: &'static str,
    allowed_ips: Vec<String>,
    rate_limit: RateLimitBody,
    metadata: serde_json::Value,
    expires_at: Option<Seconds>,
    last_used_at: Option<Seconds>,
    last_rotated_at: Option<Seconds>,
    created_at: Seconds,
}

impl Key {
    fn of(key: &ApiKey, usage: &KeyUsage, now_ms: i64) -> Self {
        Self {
            id: format!("key_{}", base62(*key.id.as_bytes())),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            permissions: key.scopes.clone(),
            environment: key.environment.into(),
            status: key.status(now_ms),
            allowed_ips: key.allowed_ips.clone(),
            rate_limit: key.limits.into(),
            metadata: serde_json::from_str(&key.metadata).unwrap_or_default(),
            expires_at: key.expires_at.map(Seconds),
            last_used_at: usage.last_used_at.map(Seconds),
            last_rotated_at: key.last_rotated_at.map(Seconds),
            created_at: Seconds(key.created_at),
        }
    }
}

/// A key that was created, with its secret: it is told once.
#[derive(Serialize, JsonSchema)]
struct NewlyMade {
    #[serde(flatten)]
    shown: Key,
    key: String,
}

/// A key to be created.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    name: String,
    permissions: Vec<String>,
    #[serde(default)]
    environment: EnvironmentWord,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    allowed_ips: Vec<String>,
    #[serde(default)]
    rate_limit: Option<RateLimitBody>,
    #[serde(default)]
    metadata: Option<Free>,
}

async fn create(ctx: Ctx, Body(body): Body<NewKey>) -> Result<Ready<Created<NewlyMade>>> {
    let owner = if ctx.is_cross_tenant() { Owner::Tenant } else { ctx.caller()?.entry.key.owner };
    let expires_at = body.expires_at.as_deref().map(|t| moment("expires_at", t)).transpose()?;
    let new = domain::NewKey {
        name: body.name,
        description: None,
        scopes: body.permissions,
        roles: Vec::new(),
        owner,
        environment: body.environment.into(),
        protocol: None,
        allowed_ips: body.allowed_ips,
        limits: body.rate_limit.unwrap_or_default().into(),
        quota: None,
        not_before: None,
        expires_at,
        conditions: "{}".into(),
        metadata: body.metadata.map_or_else(|| "{}".into(), |metadata| metadata.text()),
    };
    let new = new.checked(ctx.now_ms).map_err(renamed)?;
    rights::may_give(&ctx, &new).await?;
    let tenant = ctx.tenant()?.row();
    let shared = ctx.shared.registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let (secret, fingerprint) = domain::draw(new.environment, &tenant.code, keyring, entropy);
    let now_ms = ctx.now_ms;
    let render = move |issued: domain::Issued| {
        let shown = Key::of(&issued.key, &KeyUsage::default(), now_ms);
        Created {
            message: "",
            location: format!("/v1/api-keys/{}", shown.id),
            version: issued.key.version,
            data: NewlyMade { shown, key: issued.secret.expose().to_owned() },
        }
    };
    ctx.create(domain::Issue { new, secret, fingerprint }, render).await
}

/// The domain's names of members, as this surface spells them.
fn renamed(error: Error) -> Error {
    error.rename(&[("scopes", "permissions")])
}

async fn list(ctx: Ctx, page: OffsetPage) -> Result<Page<Key>> {
    let tenant = ctx.tenant()?;
    let (skip, limit) = (page.offset, page.limit);
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let states = tenant.key_states(rows.iter().map(|(key, _)| key.id).collect()).await?;
    let none = Uses::default();
    let items: Vec<Key> = rows
        .into_iter()
        .map(|(key, written)| {
            let uses = states.get(&key.id).map_or(&none, |state| &state.uses);
            Key::of(&key, &uses.add_to(written), ctx.now_ms)
        })
        .collect();
    let meta = page.workspace(items.len(), total);
    Ok(Page { items, meta })
}

async fn fetch(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Key>> {
    let tenant = ctx.tenant()?;
    let (key, written, _) = tenant.read(move |view| domain::fetch(view, id)).await?;
    shown(&ctx, &key, written).await
}

async fn shown(ctx: &Ctx, key: &ApiKey, written: KeyUsage) -> Result<Found<Key>> {
    let state = super::platform::state_of(ctx, key.id).await?;
    let usage = state.uses.add_to(written);
    Ok(Found::plain(Key::of(key, &usage, ctx.now_ms)).tagged(key.version))
}

/// What is to change of a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Patch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    permissions: Option<Vec<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    expires_at: Option<Option<String>>,
    #[serde(default)]
    allowed_ips: Option<Vec<String>>,
    #[serde(default)]
    rate_limit: Option<RateLimitBody>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    metadata: Option<Option<Free>>,
}

async fn change(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    Body(body): Body<Patch>,
) -> Result<Found<Key>> {
    let expires_at = body
        .expires_at
        .map(|text| text.as_deref().map(|text| moment("expires_at", text)).transpose())
        .transpose()?;
    let change = domain::KeyChange {
        name: body.name,
        scopes: body.permissions,
        expires_at,
        allowed_ips: body.allowed_ips,
        limits: body.rate_limit.map(Into::into),
        metadata: body.metadata.map(wire::merge),
        ..domain::KeyChange::default()
    };
    let change = change.checked(ctx.now_ms).map_err(renamed)?;
    rights::may_change(&ctx, &change).await?;
    let command = domain::Update { id, change, if_match: ctx.if_match()? };
    let changed = ctx.tenant()?.execute(ctx.who(), command).await?;
    shown(&ctx, &changed.key, changed.usage).await
}

async fn revoke(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<NoContent> {
    let command = domain::Revoke { id, if_match: ctx.if_match()? };
    ctx.tenant()?.execute(ctx.who(), command).await?;
    Ok(NoContent)
}
