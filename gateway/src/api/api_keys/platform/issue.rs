//! Issuing a key.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::{Error, Result};
use latchkey_storage::tables::Protocol;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{Key, ProtocolWord, RateLimit, TenantStub};
use crate::answer::{Created, Ready};
use crate::api::api_keys::rights;
use crate::api::api_keys::wire::{EnvironmentWord, OwnerBody, QuotaBody, Words};
use crate::context::Ctx;
use crate::extract::Body;
use crate::extract::json::Free;
use crate::wire::moment;

/// A key to be issued.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewKey {
    /// Unique among the keys of the tenant that are not revoked.
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// Permission names, separated by commas or as a list.
    scopes: Words,
    /// Ids or names of roles.
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    owner: Option<OwnerBody>,
    #[serde(default)]
    protocol: Option<ProtocolWord>,
    /// Addresses and CIDR ranges, separated by commas or as a list.
    #[serde(default)]
    ip_whitelist: Option<Words>,
    environment: EnvironmentWord,
    /// Lifetime in days.
    #[serde(default)]
    expires_in: Option<u32>,
    /// The moment of expiry, in place of `expiresIn`.
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    not_before: Option<String>,
    #[serde(default)]
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    quota: Option<QuotaBody>,
    #[serde(default)]
    metadata: Option<Free>,
}

/// A key that was issued, with its key string: it is told once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issued {
    #[serde(flatten)]
    key: Key,
    api_key: String,
    rate_limit: RateLimit,
    quota: Option<QuotaBody>,
    tenant: TenantStub,
}

pub(super) async fn issue(ctx: Ctx, Body(body): Body<NewKey>) -> Result<Ready<Created<Issued>>> {
    let new = wanted(&ctx, body).await?;
    rights::may_give(&ctx, &new).await?;
    let tenant = ctx.tenant()?.row();
    let shared = ctx.shared.registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let (secret, fingerprint) = domain::draw(new.environment, &tenant.code, keyring, entropy);
    let now_ms = ctx.now_ms;
    let render = move |issued: domain::Issued| Created {
        message: "API key created successfully",
        location: format!("/api/v1/api-keys/{}", issued.key.id),
        version: issued.key.version,
        data: Issued {
            api_key: issued.secret.expose().to_owned(),
            rate_limit: issued.key.limits.into(),
            quota: issued.quota.map(|quota| QuotaBody::shown(&quota, 0, now_ms)),
            tenant: TenantStub::from(&*tenant),
            key: Key::of(&issued.key, &tenant, now_ms),
        },
    };
    ctx.create(domain::Issue { new, secret, fingerprint }, render).await
}

/// Reads what is wanted into the domain's form, and checks it.
async fn wanted(ctx: &Ctx, body: NewKey) -> Result<domain::NewKey> {
    let tenant = ctx.tenant()?.id();
    let owner = match &body.owner {
        Some(owner) => owner.parse(tenant)?,
        None if ctx.is_cross_tenant() => latchkey_storage::tables::Owner::Tenant,
        None => ctx.caller()?.entry.key.owner,
    };
    let expires_at = match (body.expires_in, body.expires_at.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("expiresIn", "give either `expiresIn` or `expiresAt`"));
        }
        (Some(days), None) => Some(domain::expiry(days, ctx.now_ms)?),
        (None, text) => text.map(|text| moment("expiresAt", text)).transpose()?,
    };
    let not_before = body.not_before.as_deref().map(|t| moment("notBefore", t)).transpose()?;
    let new = domain::NewKey {
        name: body.name,
        description: body.description,
        scopes: body.scopes.list(),
        roles: rights::roles(ctx, body.roles).await?,
        owner,
        environment: body.environment.into(),
        protocol: body.protocol.map(|protocol| match protocol {
            ProtocolWord::Rest => Protocol::Rest,
            ProtocolWord::Graphql => Protocol::Graphql,
        }),
        allowed_ips: body.ip_whitelist.map(Words::list).unwrap_or_default(),
        limits: body.rate_limit.unwrap_or_default().into(),
        quota: body.quota.map(Into::into),
        not_before,
        expires_at,
        conditions: "{}".into(),
        metadata: body.metadata.map_or_else(|| "{}".into(), |metadata| metadata.text()),
    };
    new.checked(ctx.now_ms).map_err(renamed)
}

/// The domain's names of members, as this surface spells them.
fn renamed(error: Error) -> Error {
    error.rename(&[
        ("allowed_ips", "ipWhitelist"),
        ("rate_limit", "rateLimit"),
        ("not_before", "notBefore"),
        ("expires_at", "expiresAt"),
    ])
}
