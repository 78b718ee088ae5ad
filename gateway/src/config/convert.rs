//! The configuration in the terms of what it configures.

use std::path::PathBuf;

use latchkey_actors::shared::ActorLimits;
use latchkey_storage as storage;

use super::{Config, Durability, Environment};
use crate::serve;
use crate::tls::TlsFiles;

impl Config {
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// The folder in which the gateway makes backups.
    pub fn backup_dir(&self) -> PathBuf {
        self.backups.clone().unwrap_or_else(|| self.data_dir.join("backups"))
    }

    /// The limits of the front.
    pub fn front_limits(&self) -> serve::Limits {
        let limits = self.limits;
        serve::Limits {
            header_ms: limits.header_ms,
            body_ms: limits.body_ms,
            handler_ms: limits.handler_ms,
            idle_ms: limits.idle_ms,
            preface_ms: limits.preface_ms,
            drain_ms: limits.drain_ms,
            headers_bytes_max: limits.headers_bytes_max,
            streams_max: limits.streams_max,
            connections_max: limits.connections_max,
        }
    }

    /// The limits of the actors.
    pub fn actor_limits(&self) -> ActorLimits {
        let actors = self.actors;
        ActorLimits {
            tenants_awake_max: actors.tenants_awake_max,
            tenant_mailbox_max: actors.tenant_mailbox_max,
            mailboxes_max: actors.mailboxes_max,
            cache_bytes_max: actors.cache_bytes_max,
            rate_windows_max: actors.rate_windows_max,
            absent_keys_max: actors.absent_keys_max,
            uses_max: actors.uses_max,
            usage_flush_ms: actors.usage_flush_ms,
            ask_ms: actors.ask_ms,
        }
    }

    /// The settings of the store.
    pub fn store_options(&self) -> storage::Options {
        let store = self.store;
        storage::Options {
            durability: match self.durability {
                Durability::Synced => storage::Durability::Synced,
                Durability::Buffered => storage::Durability::Buffered,
            },
            block_cache_bytes: store.block_cache_bytes,
            wal_bytes_max: store.wal_bytes_max,
            memtable_bytes: store.memtable_bytes,
            readers_max: store.readers_max,
            reads_queued_max: store.reads_queued_max,
            open_files_max: store.open_files_max,
            background_jobs_max: store.background_jobs_max,
        }
    }

    /// Where the certificate is.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let tls = self.tls.as_ref()?;
        Some(TlsFiles { certificate: tls.cert_file.clone(), key: tls.key_file.clone() })
    }

    /// Whether others than this machine reach the API in plain text, with no proxy said to stand
    /// before it.
    pub fn is_open_plaintext(&self) -> bool {
        let local = self.listen.ip().is_loopback();
        !local && self.tls.is_none() && self.trusted_proxies.is_empty()
    }
}
