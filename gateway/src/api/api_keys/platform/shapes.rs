//! What several answers of the platform surface show of a key.

use latchkey_actors::api_keys::KeyStatus;
use latchkey_storage::tables::{ApiKey, Author, Limits, Protocol, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::api_keys::wire::{EnvironmentWord, OwnerBody};
use crate::wire::Millis;

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProtocolWord {
    Rest,
    Graphql,
}

/// Sliding windows of a key, each in requests.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RateLimit {
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
pub(in crate::api::api_keys) struct TenantStub {
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
pub(super) struct Key {
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
    pub(super) fn of(key: &ApiKey, tenant: &Tenant, now_ms: i64) -> Self {
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
