//! API keys as the platform surface has them.

use latchkey_actors::api_keys::{self as domain, KeyStatus};
use latchkey_actors::error::{Error, Result};
use latchkey_actors::tenant::KeyState;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKey, Author, KeyUsage, Limits, Protocol, Quota, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rights;
use super::validate::permissions;
use super::wire::{EnvironmentWord, OwnerBody, QuotaBody, Words};
use crate::answer::{Created, Found, Ready};
use crate::context::Ctx;
use crate::endpoints;
use crate::extract::json::Free;
use crate::extract::{Body, KeyId, MaybeBody, OffsetPage, Path, PlatformPagination};
use crate::wire::{Millis, moment};

const DAY_MS: i64 = 86_400_000;
const RETENTION_DAYS: i64 = 90;

endpoints! { TABLE, "api_keys", Platform;
    /// Issue an API key.
    ///
    /// The key string appears in this answer and nowhere else.
    POST "/api/v1/api-keys" => issue, Can(ApiKeys, Create), Committed;
    /// List API keys.
    ///
    /// Keys of every status, revoked ones for 90 days.
    GET "/api/v1/api-keys" => list, Can(ApiKeys, Read), Unaudited;
    /// Fetch one API key.
    ///
    /// With its permissions, its windows as they stand, its use and its history.
    GET "/api/v1/api-keys/{keyId}" => fetch, Can(ApiKeys, Read), Unaudited;
    /// Rotate an API key.
    ///
    /// The id stays, the key string is a new one. With a grace period the old one works on.
    POST "/api/v1/api-keys/{keyId}/rotate" => rotate, Can(ApiKeys, Rotate), Committed;
    /// Revoke an API key.
    ///
    /// The next request with it is refused. It stays in lists for 90 days.
    DELETE "/api/v1/api-keys/{keyId}" => revoke, Can(ApiKeys, Revoke), Committed;
}

/// A key to be issued.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
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

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ProtocolWord {
    Rest,
    Graphql,
}

/// Sliding windows of a key, each in requests.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RateLimit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_per_hour: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlimited: Option<bool>,
}

impl From<RateLimit> for Limits {
    fn from(body: RateLimit) -> Self {
        Self {
            per_minute: body.requests_per_minute,
            per_hour: body.requests_per_hour,
            per_day: body.requests_per_day,
            unlimited: body.unlimited.unwrap_or(false),
        }
    }
}

impl From<Limits> for RateLimit {
    fn from(limits: Limits) -> Self {
        Self {
            requests_per_minute: limits.per_minute,
            requests_per_hour: limits.per_hour,
            requests_per_day: limits.per_day,
            unlimited: limits.unlimited.then_some(true),
        }
    }
}

/// Who did something.
#[derive(Serialize, JsonSchema)]
pub(super) struct Person {
    id: uuid::Uuid,
    name: String,
    email: Option<String>,
}

impl From<&Author> for Person {
    fn from(author: &Author) -> Self {
        Self { id: uuid::Uuid::from_bytes(author.id), name: author.name.clone(), email: None }
    }
}

/// A tenant by id and name.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantStub {
    id: uuid::Uuid,
    name: String,
}

impl From<&Tenant> for TenantStub {
    fn from(tenant: &Tenant) -> Self {
        Self { id: tenant.id.uuid(), name: tenant.name.clone() }
    }
}

/// What every answer shows of a key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Key {
    id: uuid::Uuid,
    name: String,
    description: Option<String>,
    prefix: String,
    scopes: Vec<String>,
    roles: Vec<uuid::Uuid>,
    protocol: Option<ProtocolWord>,
    ip_whitelist: Vec<String>,
    environment: EnvironmentWord,
    status: &'static str,
    owner: OwnerBody,
    not_before: Option<Millis>,
    expires_at: Option<Millis>,
    metadata: serde_json::Value,
    created_at: Millis,
    created_by: Person,
}

impl Key {
    fn of(key: &ApiKey, tenant: &Tenant, now_ms: i64) -> Self {
        Self {
            id: key.id.uuid(),
            name: key.name.clone(),
            description: key.description.clone(),
            prefix: key.prefix.clone(),
            scopes: key.scopes.clone(),
            roles: key.roles.iter().map(|role| role.uuid()).collect(),
            protocol: key.protocol.map(|protocol| match protocol {
                Protocol::Rest => ProtocolWord::Rest,
                Protocol::Graphql => ProtocolWord::Graphql,
            }),
            ip_whitelist: key.allowed_ips.clone(),
            environment: key.environment.into(),
            status: key.status(now_ms),
            owner: OwnerBody::of(key.owner, tenant.id),
            not_before: key.not_before.map(Millis),
            expires_at: key.expires_at.map(Millis),
            metadata: serde_json::from_str(&key.metadata).unwrap_or_default(),
            created_at: Millis(key.created_at),
            created_by: Person::from(&key.created_by),
        }
    }
}

/// A key that was issued, with its key string: it is told once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Issued {
    #[serde(flatten)]
    key: Key,
    api_key: String,
    rate_limit: RateLimit,
    quota: Option<QuotaBody>,
    tenant: TenantStub,
}

async fn issue(ctx: Ctx, Body(body): Body<NewKey>) -> Result<Ready<Created<Issued>>> {
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

/// Keys on a page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Keys {
    api_keys: Vec<Listed>,
    pagination: PlatformPagination,
}

/// A key in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    key: Key,
    last_used_at: Option<Millis>,
    usage_count: u64,
    updated_at: Option<Millis>,
    updated_by: Option<Person>,
}

async fn list(ctx: Ctx, page: OffsetPage) -> Result<Found<Keys>> {
    let tenant = ctx.tenant()?;
    let (skip, limit) = (page.offset, page.limit);
    let (rows, total) = tenant.read(move |view| domain::list(view, skip, limit)).await?;
    let states = tenant.key_states(rows.iter().map(|(key, _)| key.id).collect()).await?;
    let row = tenant.row();
    let shown = rows.len();
    let api_keys = rows
        .into_iter()
        .map(|(key, written)| {
            let usage = match states.get(&key.id) {
                Some(state) => state.uses.add_to(written),
                None => written,
            };
            Listed {
                last_used_at: usage.last_used_at.map(Millis),
                usage_count: usage.total,
                updated_at: key.updated_at.map(Millis),
                updated_by: key.updated_by.as_ref().map(Person::from),
                key: Key::of(&key, &row, ctx.now_ms),
            }
        })
        .collect();
    let pagination = page.platform(shown, total);
    Ok(Found::new("API keys retrieved successfully", Keys { api_keys, pagination }))
}

/// One key, with all that is known of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(flatten)]
    key: Key,
    permissions: serde_json::Map<String, serde_json::Value>,
    rate_limit: LimitDetails,
    quota: Option<QuotaBody>,
    is_expired: bool,
    days_until_expiration: Option<i64>,
    usage: Usage,
    audit: History,
    tenant: TenantStub,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LimitDetails {
    #[serde(flatten)]
    limits: RateLimit,
    current_usage: CurrentUsage,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CurrentUsage {
    minute_count: u32,
    hour_count: u32,
    day_count: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Usage {
    total_requests: u64,
    successful_requests: u64,
    failed_requests: u64,
    last_used_at: Option<Millis>,
    last_used_from_ip: Option<String>,
    first_used_at: Option<Millis>,
    average_requests_per_day: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct History {
    created_at: Millis,
    created_by: Person,
    updated_at: Option<Millis>,
    updated_by: Option<Person>,
    last_rotated_at: Option<Millis>,
    rotation_count: u32,
}

async fn fetch(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Details>> {
    let tenant = ctx.tenant()?;
    let (key, written, quota) = tenant.read(move |view| domain::fetch(view, id)).await?;
    let state = state_of(&ctx, id).await?;
    let version = key.version;
    let details = details(&key, written, quota, &state, &tenant.row(), ctx.now_ms);
    Ok(Found::new("API key retrieved successfully", details).tagged(version))
}

/// What is only in memory of a key.
pub(super) async fn state_of(ctx: &Ctx, id: ApiKeyId) -> Result<KeyState> {
    let mut states = ctx.tenant()?.key_states(vec![id]).await?;
    Ok(states.remove(&id).unwrap_or_default())
}

fn details(
    key: &ApiKey,
    written: KeyUsage,
    quota: Option<Quota>,
    state: &KeyState,
    tenant: &Tenant,
    now_ms: i64,
) -> Details {
    let [minute, hour, day] = state.counts.map(Option::unwrap_or_default);
    Details {
        permissions: permissions(&key.scopes),
        rate_limit: LimitDetails {
            limits: key.limits.into(),
            current_usage: CurrentUsage { minute_count: minute, hour_count: hour, day_count: day },
        },
        quota: quota.map(|quota| QuotaBody::shown(&quota, state.leased, now_ms)),
        is_expired: key.expires_at.is_some_and(|at| at <= now_ms),
        days_until_expiration: key.expires_at.map(|at| (at - now_ms).max(0) / DAY_MS),
        usage: usage(&state.uses.add_to(written), now_ms),
        audit: History {
            created_at: Millis(key.created_at),
            created_by: Person::from(&key.created_by),
            updated_at: key.updated_at.map(Millis),
            updated_by: key.updated_by.as_ref().map(Person::from),
            last_rotated_at: key.last_rotated_at.map(Millis),
            rotation_count: key.rotation_count,
        },
        tenant: TenantStub::from(tenant),
        key: Key::of(key, tenant, now_ms),
    }
}

fn usage(usage: &KeyUsage, now_ms: i64) -> Usage {
    let days = usage.first_used_at.map_or(1, |first| (now_ms - first) / DAY_MS + 1);
    Usage {
        total_requests: usage.total,
        successful_requests: usage.total.saturating_sub(usage.failed),
        failed_requests: usage.failed,
        last_used_at: usage.last_used_at.map(Millis),
        last_used_from_ip: usage.last_used_from.clone(),
        first_used_at: usage.first_used_at.map(Millis),
        average_requests_per_day: usage.total / u64::try_from(days).unwrap_or(1).max(1),
    }
}

/// How a key is rotated.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    /// How long the old key string works on, in minutes.
    #[serde(default)]
    grace_period_minutes: Option<u32>,
    /// A new lifetime, in days.
    #[serde(default)]
    expires_in: Option<u32>,
}

/// A key that was rotated, with its new key string: it is told once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rotated {
    #[serde(flatten)]
    key: Key,
    new_api_key: String,
    new_prefix: String,
    previous_prefix: String,
    rotation: RotationDetails,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RotationDetails {
    rotated_at: Option<Millis>,
    rotated_by: Option<Person>,
    rotation_count: u32,
    previous_key_invalidated_at: Option<Millis>,
    grace_period: Option<Grace>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Grace {
    enabled: bool,
    minutes: u32,
    previous_key_valid_until: Millis,
}

async fn rotate(
    ctx: Ctx,
    Path(KeyId(id)): Path<KeyId>,
    MaybeBody(body): MaybeBody<Rotation>,
) -> Result<Found<Rotated>> {
    let body = body.unwrap_or_default();
    let tenant = ctx.tenant()?;
    let row = tenant.row();
    let (key, ..) = tenant.read(move |view| domain::fetch(view, id)).await?;
    let shared = ctx.shared.registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let (secret, fingerprint) = domain::draw(key.environment, &row.code, keyring, entropy);
    let grace_minutes = body.grace_period_minutes.unwrap_or(0);
    let command = domain::Rotate {
        id,
        grace_minutes,
        expires_in_days: body.expires_in,
        if_match: ctx.if_match()?,
        secret,
        fingerprint,
    };
    let rotated = tenant.execute(ctx.who(), command).await?;
    let message = match rotated.grace_until {
        Some(_) => "API key rotated successfully with grace period",
        None => "API key rotated successfully",
    };
    let version = rotated.key.version;
    let answer = rotation(&rotated, grace_minutes, &row, ctx.now_ms);
    Ok(Found::new(message, answer).tagged(version))
}

fn rotation(rotated: &domain::Rotated, minutes: u32, tenant: &Tenant, now_ms: i64) -> Rotated {
    let key = &rotated.key;
    let at = key.last_rotated_at.map(Millis);
    Rotated {
        new_api_key: rotated.secret.expose().to_owned(),
        new_prefix: key.prefix.clone(),
        previous_prefix: rotated.previous_prefix.clone(),
        rotation: RotationDetails {
            rotated_at: at,
            rotated_by: key.updated_by.as_ref().map(Person::from),
            rotation_count: key.rotation_count,
            previous_key_invalidated_at: at.filter(|_| rotated.grace_until.is_none()),
            grace_period: rotated.grace_until.map(|until| Grace {
                enabled: true,
                minutes,
                previous_key_valid_until: Millis(until),
            }),
        },
        key: Key::of(key, tenant, now_ms),
    }
}

/// A key that was revoked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Revoked {
    id: uuid::Uuid,
    name: String,
    prefix: String,
    previous_status: &'static str,
    status: &'static str,
    revoked_at: Option<Millis>,
    revoked_by: Option<Person>,
    retention_days: i64,
    permanent_deletion_date: Option<Millis>,
}

async fn revoke(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Revoked>> {
    let command = domain::Revoke { id, if_match: ctx.if_match()? };
    let revoked = ctx.tenant()?.execute(ctx.who(), command).await?;
    let key = revoked.key;
    if revoked.before {
        return Err(domain::already_revoked(&key));
    }
    let gone = key.revoked_at.map(|at| Millis(at + RETENTION_DAYS * DAY_MS));
    let data = Revoked {
        id: key.id.uuid(),
        name: key.name,
        prefix: key.prefix,
        previous_status: revoked.previous_status,
        status: "revoked",
        revoked_at: key.revoked_at.map(Millis),
        revoked_by: key.updated_by.as_ref().map(Person::from),
        retention_days: RETENTION_DAYS,
        permanent_deletion_date: gone,
    };
    Ok(Found::new("API key revoked successfully", data))
}
