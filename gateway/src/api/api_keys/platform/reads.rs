//! Lists of keys, and one key with all that is known of it.

use latchkey_actors::api_keys::{self as domain};
use latchkey_actors::error::Result;
use latchkey_actors::tenant::KeyState;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKey, KeyUsage, Quota, Tenant};
use schemars::JsonSchema;
use serde::Serialize;

use super::shapes::{Key, Person, RateLimit, TenantStub};
use crate::answer::Found;
use crate::api::api_keys::validate::permissions;
use crate::api::api_keys::wire::QuotaBody;
use crate::context::Ctx;
use crate::extract::{KeyId, OffsetPage, Path, PlatformPagination};
use crate::wire::Millis;

const DAY_MS: i64 = 86_400_000;

/// Keys on a page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Keys {
    api_keys: Vec<Listed>,
    pagination: PlatformPagination,
}

/// A key in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    #[serde(flatten)]
    key: Key,
    last_used_at: Option<Millis>,
    usage_count: u64,
    updated_at: Option<Millis>,
    updated_by: Option<Person>,
}

pub(super) async fn list(ctx: Ctx, page: OffsetPage) -> Result<Found<Keys>> {
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
pub(super) struct Details {
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
pub(super) struct LimitDetails {
    #[serde(flatten)]
    limits: RateLimit,
    current_usage: CurrentUsage,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CurrentUsage {
    minute_count: u32,
    hour_count: u32,
    day_count: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
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
pub(super) struct History {
    created_at: Millis,
    created_by: Person,
    updated_at: Option<Millis>,
    updated_by: Option<Person>,
    last_rotated_at: Option<Millis>,
    rotation_count: u32,
}

pub(super) async fn fetch(ctx: Ctx, Path(KeyId(id)): Path<KeyId>) -> Result<Found<Details>> {
    let tenant = ctx.tenant()?;
    let (key, written, quota) = tenant.read(move |view| domain::fetch(view, id)).await?;
    let state = state_of(&ctx, id).await?;
    let version = key.version;
    let details = details(&key, written, quota, &state, &tenant.row(), ctx.now_ms);
    Ok(Found::new("API key retrieved successfully", details).tagged(version))
}

/// What is only in memory of a key.
pub(in crate::api::api_keys) async fn state_of(ctx: &Ctx, id: ApiKeyId) -> Result<KeyState> {
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
