//! Users on the wire.

use std::borrow::Cow;

use latchkey_actors::users as domain;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::User;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::extract::json::Free;
use crate::wire::Millis;

/// A user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(crate) struct UserBody {
    id: Uuid,
    tenant_id: Uuid,
    username: String,
    email: String,
    email_verified: bool,
    phone: Option<String>,
    phone_verified: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    avatar_url: Option<String>,
    locale: String,
    timezone: String,
    /// `invited`, `active`, `locked` or `disabled`.
    status: &'static str,
    mfa_enabled: bool,
    mfa_type: Option<String>,
    metadata: serde_json::Value,
    failed_login_attempts: u32,
    locked_until: Option<Millis>,
    last_login_at: Option<Millis>,
    created_at: Millis,
    updated_at: Millis,
}

impl UserBody {
    pub(in crate::api) fn of(row: &User, tenant: TenantId) -> Self {
        Self {
            id: row.id.uuid(),
            tenant_id: tenant.uuid(),
            username: row.username.clone(),
            email: row.email.clone(),
            email_verified: row.email_verified,
            phone: row.phone.clone(),
            phone_verified: row.phone_verified,
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            display_name: row.display_name.clone(),
            avatar_url: row.avatar_url.clone(),
            locale: row.locale.clone(),
            timezone: row.timezone.clone(),
            status: domain::status_word(row.status),
            mfa_enabled: false,
            mfa_type: None,
            metadata: serde_json::from_str(&row.metadata).unwrap_or_default(),
            failed_login_attempts: 0,
            locked_until: None,
            last_login_at: None,
            created_at: Millis(row.created_at),
            updated_at: Millis(row.updated_at),
        }
    }
}

/// A password as it comes in: it is neither printed nor left in memory.
pub(super) struct Password(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new).map(Self)
    }
}

impl JsonSchema for Password {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Password".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "password", "writeOnly": true,
            "minLength": 8, "maxLength": 256,
        })
    }
}

/// A user as it is to be: what is left out takes its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewUser")]
pub(super) struct NewUser {
    /// Unique in the tenant, whatever its case.
    pub(super) username: String,
    /// Unique in the tenant, whatever its case.
    pub(super) email: String,
    /// 8 to 256 characters; on a replacement the old one stays when it is left out.
    #[serde(default)]
    pub(super) password: Option<Password>,
    #[serde(default)]
    pub(super) phone: Option<String>,
    #[serde(default)]
    pub(super) first_name: Option<String>,
    #[serde(default)]
    pub(super) last_name: Option<String>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) avatar_url: Option<String>,
    /// `en` where it is not said.
    #[serde(default)]
    pub(super) locale: Option<String>,
    /// `UTC` where it is not said.
    #[serde(default)]
    pub(super) timezone: Option<String>,
    #[serde(default)]
    pub(super) metadata: Option<Free>,
    #[serde(default)]
    pub(super) email_verified: bool,
    /// `active` where it is not said.
    #[serde(default)]
    pub(super) status: Option<String>,
}

/// What is to change of a user.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserPatch")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct Patch {
    #[serde(default)]
    pub(super) username: Option<String>,
    /// Another address is not verified, unless the patch says so.
    #[serde(default)]
    pub(super) email: Option<String>,
    /// `null` takes the password away.
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) password: Option<Option<Password>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) avatar_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) locale: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "crate::extract::nullable::deserialize")]
    pub(super) metadata: Option<Option<Free>>,
    #[serde(default)]
    pub(super) email_verified: Option<bool>,
    #[serde(default)]
    pub(super) status: Option<String>,
}
