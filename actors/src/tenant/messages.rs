//! What a tenant understands, and what its own work sends back to it.

use std::sync::Arc;

use hashbrown::HashMap;
use latchkey_storage::StoreError;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{ApiKeyId, GroupId, RoleId, TransactionId, UserId};
use latchkey_storage::tables::{KeyUsage, KeyVerdict, Tenant};

use super::group::{Done, Job};
use super::principals::Direct;
use super::rights::Rights;
use crate::api_keys::{Presented, Verdict};
use crate::decisions::Model;
use crate::error::Result;
use crate::mailbox::{Reply, mailbox};

mailbox! {
    /// What a tenant understands.
    pub(crate) enum Mail {
        /// Decide whether a presented key is good now, and count it.
        Validate(Validate) -> Result<Verdict>,
        /// The same for many keys, in order.
        ValidateMany(ValidateMany) -> Result<Vec<Verdict>>,
        /// The rights of a principal, as they stand.
        Judge(Judge) -> Result<Option<Rights>>,
        /// What is only in memory of some keys: windows, leases, uses.
        States(States) -> HashMap<ApiKeyId, KeyState>,
    } events {
        /// Run a command and commit what it puts.
        Submit(Box<dyn Job>),
        /// Something was read for those who wait.
        Filled(Need, Result<Fill, StoreError>),
        /// A record of this tenant has been applied.
        Applied(TransactionId),
        /// A group of commands is durable, or is not.
        Done(Done),
        /// A lease of a quota came back.
        Leased(ApiKeyId, Result<Lease>),
        /// A remembered caller has used this key so many times more.
        UsedAgain(ApiKeyId, u64),
        /// A request of this key ended in an error.
        Failed(ApiKeyId),
        /// The tenant's row in the directory changed.
        TenantChanged(Arc<Tenant>),
        /// Write down what was counted.
        Flush,
        /// Give back half of the cache.
        Shrink,
        /// End, unless there is work.
        Sleep,
    }
}

/// A presented key, for itself or as the credential of a request.
pub(crate) struct Validate {
    pub(crate) presented: Presented,
    /// Make the caller that the key stands for.
    pub(crate) as_caller: bool,
    /// What is not in memory may be read.
    pub(crate) may_read: bool,
}

/// Presented keys.
pub(crate) struct ValidateMany(pub(crate) Vec<Presented>);

/// Whose rights.
#[derive(Clone, Debug)]
pub enum Judge {
    /// A user; none when the tenant has no such user, nothing when it may do nothing.
    User(UserId),
    /// A key, cut by its owner.
    Key(Fingerprint),
    /// Some roles together.
    Roles(Vec<RoleId>),
    /// Some groups together, with those above them.
    Groups(Vec<GroupId>),
}

/// Keys whose state in memory is wanted.
pub(crate) struct States(pub(crate) Vec<ApiKeyId>);

/// What is only in memory of a key.
#[derive(Clone, Debug, Default)]
pub struct KeyState {
    /// Requests in the last minute, hour and day, where there is a window.
    pub counts: [Option<u32>; 3],
    /// What is left of the lease on the quota.
    pub leased: u64,
    /// Uses that are not written yet.
    pub uses: Uses,
}

/// Uses of a key since they were last written.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    pub total: u64,
    pub failed: u64,
    /// Unix milliseconds.
    pub first_used_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<std::net::IpAddr>,
}

impl Uses {
    /// Adds them to what was written before.
    pub fn add_to(&self, written: KeyUsage) -> KeyUsage {
        KeyUsage {
            total: written.total + self.total,
            failed: written.failed + self.failed,
            first_used_at: written.first_used_at.or(self.first_used_at),
            last_used_at: self.last_used_at.or(written.last_used_at),
            last_used_from: self.last_used_from.map(|ip| ip.to_string()).or(written.last_used_from),
        }
    }
}

/// What a message must wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    Key(Fingerprint),
    User(UserId),
    Model,
    Lease(ApiKeyId),
}

/// What was read.
pub(crate) enum Fill {
    Key(Option<Box<(KeyVerdict, KeyUsage)>>),
    User(Option<Direct>),
    Model(Arc<Model>),
}

/// What a lease took out of a quota.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) granted: u64,
    /// Unix milliseconds of the next refill, when nothing was left.
    pub(crate) again_at: i64,
}

/// A message whose answer waits for something.
pub(crate) enum Waiting {
    Validate(Validate, Reply<Result<Verdict>>),
    ValidateMany(ValidateMany, Vec<Verdict>, Reply<Result<Vec<Verdict>>>),
    Judge(Judge, Reply<Result<Option<Rights>>>),
}
