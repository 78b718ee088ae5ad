//! Groups on the wire.

use latchkey_storage::id::{GroupId, TenantId};
use latchkey_storage::tables::Group;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::extract::json::Free;
use crate::wire::Millis;

/// A group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub(crate) struct GroupBody {
    id: Uuid,
    tenant_id: Uuid,
    /// Members of this group are members of its parent, too.
    parent_id: Option<Uuid>,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    /// The names from the top down: `/parent/child`.
    path: String,
    metadata: serde_json::Value,
    created_at: Millis,
    updated_at: Millis,
}

impl GroupBody {
    pub(in crate::api) fn of(row: &Group, path: String, tenant: TenantId) -> Self {
        Self {
            id: row.id.uuid(),
            tenant_id: tenant.uuid(),
            parent_id: row.parent.map(GroupId::uuid),
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            path,
            metadata: serde_json::from_str(&row.metadata).unwrap_or_default(),
            created_at: Millis(row.created_at),
            updated_at: Millis(row.updated_at),
        }
    }
}

/// A group as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGroup")]
pub(super) struct NewGroup {
    /// Unique among the groups below the same parent.
    pub(super) name: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// The group that it stands below; without it the group stands at the top.
    #[serde(default)]
    pub(super) parent_id: Option<Uuid>,
    #[serde(default)]
    pub(super) metadata: Option<Free>,
}

/// What is to change of a group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GroupPatch")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct Patch {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) description: Option<Option<String>>,
    /// The group that it is to stand below; `null` for the top.
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) parent_id: Option<Option<Uuid>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) metadata: Option<Option<Free>>,
}
