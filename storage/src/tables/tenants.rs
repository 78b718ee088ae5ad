//! Records of the tenants.

use bincode::{Decode, Encode};

use crate::id::TenantId;
use crate::rows;

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tenant {
    pub id: TenantId,
    /// The eight base62 characters that name the tenant in its keys.
    pub code: String,
    pub slug: String,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub logo_url: Option<String>,
    pub primary_color: Option<String>,
    /// A JSON object, as text.
    pub settings: String,
    /// A JSON object, as text.
    pub password_policy: String,
    pub mfa_enabled: bool,
    pub mfa_required: bool,
    pub access_token_lifetime_seconds: u32,
    pub refresh_token_lifetime_seconds: u32,
    pub id_token_lifetime_seconds: u32,
    pub authorization_code_lifetime_seconds: u32,
    pub status: TenantStatus,
    /// Unix milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// Where a tenant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TenantStatus {
    /// Announced in the directory; its own first record is not written yet.
    Creating,
    Active,
    Suspended,
    Deleted,
}

/// Points to a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TenantRef(pub TenantId);

rows! { Tenant = 1; TenantRef = 1; }
