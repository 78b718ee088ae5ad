//! Replacing and changing a key.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::Result;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::{Key, object, renamed, shown};
use crate::answer::Found;
use crate::api::api_keys::rights;
use crate::api::api_keys::wire::{self, EnvironmentWord, QuotaBody, RateLimitBody};
use crate::context::Ctx;
use crate::extract::json::Free;
use crate::extract::{Body, KeyId, Path};
use crate::wire::moment;

/// A key as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replacement {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    ip_restrictions: Option<Vec<String>>,
    #[serde(default)]
    conditions: Option<Free>,
    #[serde(default)]
    rate_limit: Option<RateLimitBody>,
    #[serde(default)]
    quota: Option<QuotaBody>,
    #[serde(default)]
    is_enabled: Option<bool>,
    #[serde(default)]
    not_before: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    metadata: Option<Free>,
    /// Fixed at creation: accepted, and left as they are.
    #[serde(default, rename = "environment")]
    _environment: Option<EnvironmentWord>,
    #[serde(default, rename = "owner_type")]
    _owner_type: Option<String>,
    #[serde(default, rename = "owner_id")]
    _owner_id: Option<Uuid>,
}

pub(super) async fn replace(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    Body(body): Body<Replacement>,
) -> Result<Found<Key>> {
    let change = domain::KeyChange {
        name: Some(body.name),
        description: Some(body.description),
        scopes: Some(body.scopes.unwrap_or_default()),
        roles: Some(rights::roles(&ctx, body.roles.unwrap_or_default()).await?),
        allowed_ips: Some(body.ip_restrictions.unwrap_or_default()),
        limits: Some(body.rate_limit.unwrap_or_default().into()),
        quota: Some(body.quota.map(Into::into)),
        enabled: Some(body.is_enabled.unwrap_or(true)),
        not_before: Some(body.not_before.as_deref().map(|t| moment("not_before", t)).transpose()?),
        expires_at: Some(body.expires_at.as_deref().map(|t| moment("expires_at", t)).transpose()?),
        conditions: Some(Box::new(move |_| object(body.conditions))),
        metadata: Some(Box::new(move |_| object(body.metadata))),
    };
    update(&ctx, id, change).await
}

/// What is to change of a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    description: Option<Option<String>>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    ip_restrictions: Option<Vec<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    conditions: Option<Option<Free>>,
    #[serde(default)]
    rate_limit: Option<RateLimitBody>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    quota: Option<Option<QuotaBody>>,
    #[serde(default)]
    is_enabled: Option<bool>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    not_before: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    expires_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    metadata: Option<Option<Free>>,
}

pub(super) async fn change(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    Body(body): Body<Patch>,
) -> Result<Found<Key>> {
    let at = |field, text: Option<Option<String>>| {
        text.map(|text| text.as_deref().map(|text| moment(field, text)).transpose()).transpose()
    };
    let roles = match body.roles {
        Some(roles) => Some(rights::roles(&ctx, roles).await?),
        None => None,
    };
    let change = domain::KeyChange {
        name: body.name,
        description: body.description,
        scopes: body.scopes,
        roles,
        allowed_ips: body.ip_restrictions,
        limits: body.rate_limit.map(Into::into),
        quota: body.quota.map(|quota| quota.map(Into::into)),
        enabled: body.is_enabled,
        not_before: at("not_before", body.not_before)?,
        expires_at: at("expires_at", body.expires_at)?,
        conditions: body.conditions.map(wire::merge),
        metadata: body.metadata.map(wire::merge),
    };
    update(&ctx, id, change).await
}

async fn update(
    ctx: &Ctx,
    id: latchkey_storage::id::ApiKeyId,
    change: domain::KeyChange,
) -> Result<Found<Key>> {
    let change = change.checked(ctx.now_ms).map_err(renamed)?;
    rights::may_change(ctx, &change).await?;
    let command = domain::Update { id, change, if_match: ctx.if_match()? };
    let changed = ctx.tenant()?.execute(ctx.who(), command).await.map_err(renamed)?;
    shown(ctx, &changed.key, changed.usage).await
}
