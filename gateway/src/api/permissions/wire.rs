//! Permissions on the wire.

use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::extract::json::Free;
use crate::wire::Millis;

/// A permission.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Permission")]
pub(crate) struct PermissionBody {
    id: Uuid,
    tenant_id: Uuid,
    /// `resource:action`, or `*`.
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    resource: String,
    action: String,
    conditions: serde_json::Value,
    created_at: Millis,
    updated_at: Millis,
}

impl PermissionBody {
    pub(in crate::api) fn of(row: &Permission, tenant: TenantId) -> Self {
        let (resource, action) = split(&row.name);
        Self {
            id: row.id.uuid(),
            tenant_id: tenant.uuid(),
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            resource: resource.to_owned(),
            action: action.to_owned(),
            conditions: serde_json::from_str(&row.conditions).unwrap_or_default(),
            created_at: Millis(row.created_at),
            updated_at: Millis(row.updated_at),
        }
    }
}

/// Resource and action of a name; `*` stands for both.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or((name, name))
}

/// A permission as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewPermission")]
pub(super) struct NewPermission {
    /// `resource:action` of the two below; unique in the tenant.
    pub(super) name: String,
    pub(super) resource: String,
    pub(super) action: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) conditions: Option<Free>,
}

/// What is to change of a permission.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PermissionPatch")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct Patch {
    /// Alone it says resource and action, too.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) resource: Option<String>,
    #[serde(default)]
    pub(super) action: Option<String>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) description: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) conditions: Option<Option<Free>>,
}
