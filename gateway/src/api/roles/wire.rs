//! Roles on the wire.

use latchkey_actors::roles as domain;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::extract::json::Free;
use crate::wire::Millis;

/// A role.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Role")]
pub(crate) struct RoleBody {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    /// Built in: it cannot be changed.
    is_system: bool,
    /// It has parents.
    is_composite: bool,
    /// The roles whose permissions it has too.
    parents: Vec<Uuid>,
    metadata: serde_json::Value,
    created_at: Millis,
    updated_at: Millis,
}

impl RoleBody {
    pub(in crate::api) fn of(row: &Role, tenant: TenantId) -> Self {
        Self {
            id: row.id.uuid(),
            tenant_id: tenant.uuid(),
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            is_system: domain::is_system(tenant, row.id),
            is_composite: !row.parents.is_empty(),
            parents: row.parents.iter().map(|parent| parent.uuid()).collect(),
            metadata: serde_json::from_str(&row.metadata).unwrap_or_default(),
            created_at: Millis(row.created_at),
            updated_at: Millis(row.updated_at),
        }
    }
}

/// A role as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRole")]
pub(super) struct NewRole {
    /// Unique in the tenant.
    pub(super) name: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Roles whose permissions it has too, by id or by name.
    #[serde(default)]
    pub(super) parents: Option<Vec<String>>,
    /// Follows from `parents`: accepted, without effect.
    #[serde(default, rename = "is_composite")]
    pub(super) _is_composite: Option<bool>,
    #[serde(default)]
    pub(super) metadata: Option<Free>,
}

/// What is to change of a role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RolePatch")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct Patch {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) description: Option<Option<String>>,
    /// Roles whose permissions it has too, by id or by name; `null` for none.
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) parents: Option<Option<Vec<String>>>,
    /// Follows from `parents`: accepted, without effect.
    #[serde(default, rename = "is_composite")]
    pub(super) _is_composite: Option<bool>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) metadata: Option<Option<Free>>,
}
