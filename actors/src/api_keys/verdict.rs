//! Is a presented key good now? Which reason speaks when several hold.

use std::net::IpAddr;
use std::sync::Arc;

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{Tenant, TenantStatus};

use super::KeyEntry;
use crate::permissions::PermissionName;
use crate::rate_limits::State;
use crate::tenant::Caller;

/// A key that somebody shows, as it reaches the tenant.
#[derive(Clone)]
pub struct Presented {
    /// Keyed hash of the whole key string.
    pub fingerprint: Fingerprint,
    /// The address it is used from, where that is known.
    pub client_ip: Option<IpAddr>,
    /// Permissions that the key must hold.
    pub required: Vec<PermissionName>,
    /// The secret must be one of this key's.
    pub only: Option<ApiKeyId>,
    /// Judge, and count nothing.
    pub dry_run: bool,
}

/// The answer to a validation.
pub struct Verdict {
    /// None when no such key is known.
    pub entry: Option<Arc<KeyEntry>>,
    /// None when the key is good.
    pub refusal: Option<Refusal>,
    /// The tightest window of the key, after the charge.
    pub window: Option<State>,
    /// Unix milliseconds of the use before this one.
    pub last_used_at: Option<i64>,
    pub tenant: Arc<Tenant>,
    /// The caller that the key makes; only for a key that authenticates.
    pub caller: Option<Arc<Caller>>,
}

/// Why a key is refused: the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    InvalidKey,
    KeyRevoked,
    TenantInactive,
    KeyExpired,
    KeyInactive,
    IpNotAllowed,
    ScopeInvalid,
    RateLimitExceeded,
    QuotaExceeded,
}

impl Refusal {
    /// Every reason, in the order in which they speak.
    pub const ALL: [Self; 9] = [
        Self::InvalidKey,
        Self::KeyRevoked,
        Self::TenantInactive,
        Self::KeyExpired,
        Self::KeyInactive,
        Self::IpNotAllowed,
        Self::ScopeInvalid,
        Self::RateLimitExceeded,
        Self::QuotaExceeded,
    ];

    /// The reason on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidKey => "INVALID_KEY",
            Self::KeyRevoked => "KEY_REVOKED",
            Self::TenantInactive => "TENANT_INACTIVE",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyInactive => "KEY_INACTIVE",
            Self::IpNotAllowed => "IP_NOT_ALLOWED",
            Self::ScopeInvalid => "SCOPE_INVALID",
            Self::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
        }
    }

    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidKey => "The provided API key does not exist or is malformed",
            Self::KeyRevoked => "The API key has been revoked",
            Self::TenantInactive => "The tenant of the API key is not active",
            Self::KeyExpired => "The API key has expired",
            Self::KeyInactive => {
                "The API key is disabled, not valid yet, or its owner is not active"
            }
            Self::IpNotAllowed => {
                "The client IP address is not in the allowed list for this API key"
            }
            Self::ScopeInvalid => "The API key does not hold every required scope",
            Self::RateLimitExceeded => "The rate limit of the API key is spent",
            Self::QuotaExceeded => "The quota of the API key is spent",
        }
    }
}

/// Judges what needs neither the model nor a window: the row, the clock, the address.
pub(crate) fn judge_row(
    entry: &KeyEntry,
    presented: &Presented,
    tenant: TenantStatus,
    owner_active: bool,
    now_ms: i64,
) -> Option<Refusal> {
    let key = &entry.key;
    let elsewhere = presented.only.is_some_and(|only| only != key.id);
    let rotated_away = entry.valid_until.is_some_and(|until| until <= now_ms);
    let early = key.not_before.is_some_and(|at| at > now_ms);
    let reasons = [
        (elsewhere || rotated_away, Refusal::InvalidKey),
        (key.revoked_at.is_some(), Refusal::KeyRevoked),
        (tenant != TenantStatus::Active, Refusal::TenantInactive),
        (key.expires_at.is_some_and(|at| at <= now_ms), Refusal::KeyExpired),
        (!key.enabled || early || !owner_active, Refusal::KeyInactive),
        (!entry.admits(presented.client_ip), Refusal::IpNotAllowed),
    ];
    reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
}

/// Unix milliseconds at which the clock alone would change the judgement of a good key.
pub(crate) fn good_until(entry: &KeyEntry) -> i64 {
    [entry.valid_until, entry.key.expires_at].into_iter().flatten().min().unwrap_or(i64::MAX)
}
