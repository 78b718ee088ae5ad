//! The configuration: defaults, then a file, then the environment, then flags; each may name only
//! keys that the defaults have.

mod convert;
mod error;
mod layers;
mod secrets;
mod values;
mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

pub use error::ConfigError;
pub use layers::{DEFAULTS, Flags};
pub use secrets::{BootstrapKey, Secrets};
pub use variables::{Variable, Variables, documented};

/// Everything that may be set, but for secrets: see [`Secrets`].
///
/// `config/default.toml` says what each key means and what it is by default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    #[serde(deserialize_with = "values::optional_address")]
    pub metrics_listen: Option<SocketAddr>,
    #[serde(deserialize_with = "values::folder")]
    pub data_dir: PathBuf,
    /// Use [`Config::backup_dir`], which knows the default.
    #[serde(deserialize_with = "values::optional_path", rename = "backup_dir")]
    backups: Option<PathBuf>,
    pub environment: Environment,
    pub durability: Durability,
    #[serde(deserialize_with = "values::optional_url")]
    pub public_base_url: Option<String>,
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub platform_tenant_header: TenantHeader,
    pub rate_limit: RateLimit,
    pub limits: Limits,
    pub actors: Actors,
    pub store: StoreConfig,
    pub log: Log,
    #[serde(deserialize_with = "values::tls")]
    pub tls: Option<Tls>,
}

/// Where the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Development,
    Production,
}

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    Synced,
    Buffered,
}

/// Whether the platform API may do without `x-tenantid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantHeader {
    Required,
    Derive,
}

/// The window of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    #[serde(deserialize_with = "values::count")]
    pub max_requests: u32,
    #[serde(deserialize_with = "values::count")]
    pub window_secs: u32,
    #[serde(deserialize_with = "values::count")]
    pub addresses_max: usize,
}

/// What bounds a connection and a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(deserialize_with = "values::count")]
    pub header_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub body_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub handler_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub idle_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub preface_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub drain_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub body_bytes_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub batch_body_bytes_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub headers_bytes_max: u32,
    #[serde(deserialize_with = "values::count")]
    pub streams_max: u32,
    #[serde(deserialize_with = "values::count")]
    pub connections_max: usize,
}

/// What the tenants' actors may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actors {
    #[serde(deserialize_with = "values::count")]
    pub tenants_awake_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub tenant_mailbox_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub mailboxes_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub cache_bytes_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub rate_windows_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub absent_keys_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub uses_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub usage_flush_ms: u64,
    #[serde(deserialize_with = "values::count")]
    pub ask_ms: u64,
}

/// How the store uses memory, disk and threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    #[serde(deserialize_with = "values::count")]
    pub block_cache_bytes: usize,
    #[serde(deserialize_with = "values::count")]
    pub wal_bytes_max: u64,
    #[serde(deserialize_with = "values::count")]
    pub memtable_bytes: usize,
    #[serde(deserialize_with = "values::count")]
    pub readers_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub reads_queued_max: usize,
    #[serde(deserialize_with = "values::count")]
    pub open_files_max: i32,
    #[serde(deserialize_with = "values::count")]
    pub background_jobs_max: i32,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub sample_reads: u64,
    pub slow_ms: u64,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Pretty,
}

/// The files of the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

#[cfg(test)]
mod tests;
