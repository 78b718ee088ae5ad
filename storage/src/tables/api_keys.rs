//! Records of the API keys.

use bincode::{Decode, Encode};

use super::Author;
use crate::crypto::Fingerprint;
use crate::id::{ApiKeyId, RoleId};
use crate::rows;

/// One issued key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: Option<String>,
    /// The first 20 characters of the key string.
    pub prefix: String,
    /// Keyed hash of the whole key string.
    pub fingerprint: Fingerprint,
    /// The secret before the last rotation, while its grace lasts.
    pub previous: Option<PreviousSecret>,
    pub owner: Owner,
    /// Permission names; `*` is everything.
    pub scopes: Vec<String>,
    pub roles: Vec<RoleId>,
    pub environment: Environment,
    pub protocol: Option<Protocol>,
    /// Addresses and CIDR ranges it may be used from; none: from anywhere.
    pub allowed_ips: Vec<String>,
    pub limits: Limits,
    pub has_quota: bool,
    pub enabled: bool,
    /// Unix milliseconds.
    pub not_before: Option<i64>,
    pub expires_at: Option<i64>,
    /// A JSON object, as text.
    pub conditions: String,
    /// A JSON object, as text.
    pub metadata: String,
    pub created_at: i64,
    pub created_by: Author,
    pub updated_at: Option<i64>,
    pub updated_by: Option<Author>,
    pub revoked_at: Option<i64>,
    pub last_rotated_at: Option<i64>,
    pub rotation_count: u32,
    /// Counts the changes of this row; its entity tag.
    pub version: u64,
}

/// A rotated secret that still works.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PreviousSecret {
    pub fingerprint: Fingerprint,
    pub prefix: String,
    /// Unix milliseconds.
    pub valid_until: i64,
}

/// What a validation reads: the key, by one of its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyVerdict {
    pub key: ApiKey,
    /// Unix milliseconds until which this secret works, when it was rotated away with grace.
    pub valid_until: Option<i64>,
}

/// Points to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ApiKeyRef(pub ApiKeyId);

/// To whom a key belongs; the owner's rights cut the key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Owner {
    /// Cuts nothing.
    Tenant,
    User(crate::id::UserId),
    ServiceAccount([u8; 16]),
    Application([u8; 16]),
}

/// Live or test keys: the word in the key string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Environment {
    Live,
    Test,
}

/// What a key is said to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Protocol {
    Rest,
    Graphql,
}

/// Sliding windows of a key, each in requests; all absent: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Limits {
    pub per_minute: Option<u32>,
    pub per_hour: Option<u32>,
    pub per_day: Option<u32>,
    /// Exempts the key from the window of its address, too.
    pub unlimited: bool,
}

/// What is left of a quota, in requests. What was leased is already taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Quota {
    pub remaining: u64,
    /// What it began with; the size of a lease follows from it where nothing refills.
    pub initial: u64,
    pub refill: Option<QuotaRefill>,
    /// Unix milliseconds of the last refill.
    pub refilled_at: i64,
}

/// What fills a quota again, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct QuotaRefill {
    pub amount: u64,
    pub interval: QuotaInterval,
}

/// Calendar intervals, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum QuotaInterval {
    Daily,
    Monthly,
}

/// Statistics of a key's use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct KeyUsage {
    pub total: u64,
    pub failed: u64,
    /// Unix milliseconds.
    pub first_used_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<String>,
}

rows! { ApiKey = 1; KeyVerdict = 1; ApiKeyRef = 1; Quota = 1; KeyUsage = 1; }
