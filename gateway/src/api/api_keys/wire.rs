//! Wire types that more than one dialect of the keys needs.

use latchkey_actors::api_keys::{Merge, NewQuota};
use latchkey_actors::error::{Error, Result};
use latchkey_storage::tables::{Environment, Limits, Owner, Quota, QuotaInterval, QuotaRefill};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extract::json::Free;
use crate::extract::merge::merged;

/// `live` or `test`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EnvironmentWord {
    #[default]
    Live,
    Test,
}

impl From<EnvironmentWord> for Environment {
    fn from(word: EnvironmentWord) -> Self {
        match word {
            EnvironmentWord::Live => Self::Live,
            EnvironmentWord::Test => Self::Test,
        }
    }
}

impl From<Environment> for EnvironmentWord {
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Live => Self::Live,
            Environment::Test => Self::Test,
        }
    }
}

/// How often a quota fills again.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum IntervalWord {
    Daily,
    Monthly,
}

/// What fills a quota again.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefillBody {
    pub(super) amount: u64,
    pub(super) interval: IntervalWord,
}

/// A quota, in requests.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuotaBody {
    pub(super) remaining: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refill: Option<RefillBody>,
}

impl From<QuotaBody> for NewQuota {
    fn from(body: QuotaBody) -> Self {
        let refill = body.refill.map(|refill| QuotaRefill {
            amount: refill.amount,
            interval: match refill.interval {
                IntervalWord::Daily => QuotaInterval::Daily,
                IntervalWord::Monthly => QuotaInterval::Monthly,
            },
        });
        Self { remaining: body.remaining, refill }
    }
}

impl QuotaBody {
    /// What stands in the store and what is leased and not spent.
    pub(super) fn shown(quota: &Quota, leased: u64, now_ms: i64) -> Self {
        let mut quota = *quota;
        latchkey_actors::tenant::refill(&mut quota, now_ms);
        let refill = quota.refill.map(|refill| RefillBody {
            amount: refill.amount,
            interval: match refill.interval {
                QuotaInterval::Daily => IntervalWord::Daily,
                QuotaInterval::Monthly => IntervalWord::Monthly,
            },
        });
        Self { remaining: quota.remaining.saturating_add(leased), refill }
    }
}

/// To whom a key belongs.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnerBody {
    /// `user`, `service_account`, `application` or `tenant`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: uuid::Uuid,
}

impl OwnerBody {
    pub(super) fn of(owner: Owner, tenant: latchkey_storage::id::TenantId) -> Self {
        let (kind, id) = match owner {
            Owner::Tenant => ("tenant", tenant.uuid()),
            Owner::User(user) => ("user", user.uuid()),
            Owner::ServiceAccount(id) => ("service_account", uuid::Uuid::from_bytes(id)),
            Owner::Application(id) => ("application", uuid::Uuid::from_bytes(id)),
        };
        Self { kind: kind.to_owned(), id }
    }

    /// Reads an owner of a tenant.
    ///
    /// # Errors
    /// 422 for a kind that there is not, or another tenant.
    pub(super) fn parse(&self, tenant: latchkey_storage::id::TenantId) -> Result<Owner> {
        match self.kind.as_str() {
            "tenant" if self.id == tenant.uuid() => Ok(Owner::Tenant),
            "tenant" => Err(Error::invalid("owner", "the owning tenant is the key's own")),
            "user" => Ok(Owner::User(latchkey_storage::id::UserId::from_uuid(self.id))),
            "service_account" => Ok(Owner::ServiceAccount(self.id.into_bytes())),
            "application" => Ok(Owner::Application(self.id.into_bytes())),
            other => {
                let shown: String = other.chars().take(64).collect();
                let words = "user, service_account, application or tenant";
                Err(Error::invalid("owner", format!("`{shown}` is not one of {words}")))
            }
        }
    }
}

/// Windows of a key as the IAM and workspace surfaces write them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimitBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requests_per_minute: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requests_per_hour: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requests_per_day: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unlimited: Option<bool>,
}

impl From<RateLimitBody> for Limits {
    fn from(body: RateLimitBody) -> Self {
        Self {
            per_minute: body.requests_per_minute,
            per_hour: body.requests_per_hour,
            per_day: body.requests_per_day,
            unlimited: body.unlimited.unwrap_or(false),
        }
    }
}

impl From<Limits> for RateLimitBody {
    fn from(limits: Limits) -> Self {
        Self {
            requests_per_minute: limits.per_minute,
            requests_per_hour: limits.per_hour,
            requests_per_day: limits.per_day,
            unlimited: limits.unlimited.then_some(true),
        }
    }
}

/// A patch of free-form JSON, by RFC 7396; `null` clears.
pub(super) fn merge(patch: Option<Free>) -> Merge {
    Box::new(move |stands| merged(stands, patch))
}

/// A comma-separated text, or a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Words {
    Text(String),
    List(Vec<String>),
}

impl Words {
    pub(super) fn list(self) -> Vec<String> {
        match self {
            Self::List(words) => words,
            Self::Text(text) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                words.map(str::to_owned).collect()
            }
        }
    }
}
