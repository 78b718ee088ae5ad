//! What every tenant of a process shares.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use latchkey_storage::Store;
use latchkey_storage::journal::CommitLog;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mailbox::Gate;

/// Limits of the actors.
#[derive(Clone, Copy, Debug)]
pub struct ActorLimits {
    /// Tenants that may be awake at once.
    pub tenants_awake_max: usize,
    /// Messages under way in one tenant.
    pub tenant_mailbox_max: usize,
    /// Messages under way in all tenants.
    pub mailboxes_max: usize,
    /// Bytes that the caches of all tenants may hold.
    pub cache_bytes_max: usize,
    /// Keys with rate windows in one tenant.
    pub rate_windows_max: usize,
    /// Fingerprints that are remembered as unknown, in one tenant.
    pub absent_keys_max: usize,
    /// Uses of keys that are collected before they are written.
    pub uses_max: usize,
    /// How long uses are collected.
    pub usage_flush_ms: u64,
    /// How long a caller waits for an actor.
    pub ask_ms: u64,
}

impl Default for ActorLimits {
    fn default() -> Self {
        Self {
            tenants_awake_max: 10_000,
            tenant_mailbox_max: 8_192,
            mailboxes_max: 65_536,
            cache_bytes_max: 1 << 30,
            rate_windows_max: 100_000,
            absent_keys_max: 10_000,
            uses_max: 10_000,
            usage_flush_ms: 5_000,
            ask_ms: 30_000,
        }
    }
}

/// What every tenant of a process shares.
pub struct Shared {
    pub store: Arc<Store>,
    pub log: Arc<dyn CommitLog>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub limits: ActorLimits,
    /// Messages under way in all tenants.
    pub(crate) gate: Arc<Gate>,
    /// Bytes that the caches of all tenants hold.
    pub(crate) cached_bytes: AtomicUsize,
}
