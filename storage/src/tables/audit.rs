//! Records of the audit trail.

use bincode::{Decode, Encode};

use super::Author;
use crate::rows;

/// One entry: who did what to which object, and how it ended.
///
/// `hash` is the SHA-256 of the RFC 8785 form of the entry as it is exported, without `hash`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AuditEntry {
    /// Counts from 1 in every tenant, without gaps.
    pub seq: u64,
    pub id: [u8; 16],
    /// Unix milliseconds.
    pub time: i64,
    pub actor: Author,
    /// `{noun}.{past participle}`.
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<String>,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    pub reason: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// The actor came from the master tenant.
    pub cross_tenant: bool,
    /// How many like it this entry stands for.
    pub count: u32,
    /// What changed, without secrets: a JSON object, as text.
    pub diff: String,
    pub prev_hash: [u8; 32],
    pub hash: [u8; 32],
}

/// Where the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AuditHead {
    pub seq: u64,
    pub hash: [u8; 32],
}

rows! { AuditEntry = 1; AuditHead = 1; }
