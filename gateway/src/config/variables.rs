//! The environment: which variables there are, and which key each of them sets.

use std::collections::BTreeMap;

/// A variable that has a name of its own, beside the `LATCHKEY_` form of its key.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub name: &'static str,
    /// The key it sets; none where it sets none.
    pub key: Option<&'static str>,
    /// One sentence for `--help`.
    pub says: &'static str,
}

/// Before the name of a key.
pub(super) const PREFIX: &str = "LATCHKEY_";

const fn sets(name: &'static str, key: &'static str, says: &'static str) -> Variable {
    Variable { name, key: Some(key), says }
}

const fn alone(name: &'static str, says: &'static str) -> Variable {
    Variable { name, key: None, says }
}

/// In the order in which they count: a later one wins over an earlier one of the same key.
const DOCUMENTED: &[Variable] = &[
    sets("BIND_ADDR", "listen", "the address of the API, as --listen"),
    sets("METRICS_BIND_ADDR", "metrics_listen", "an address for health and metrics alone"),
    sets("DATABASE_URL", "data_dir", "the folder of the store; there is no other database"),
    sets("DATA_DIR", "data_dir", "the folder of the store, as --data"),
    sets("BACKUP_DIR", "backup_dir", "the folder in which the gateway makes backups"),
    sets("PUBLIC_BASE_URL", "public_base_url", "the address under which clients reach the gateway"),
    sets("TLS_CERT_FILE", "tls.cert_file", "the certificate and its chain, PEM"),
    sets("TLS_KEY_FILE", "tls.key_file", "the certificate's private key, PEM"),
    sets("TRUSTED_PROXIES", "trusted_proxies", "addresses and CIDR ranges, by commas"),
    sets(
        "RATE_LIMIT_MAX_REQUESTS",
        "rate_limit.max_requests",
        "requests of an address in a window",
    ),
    sets("RATE_LIMIT_WINDOW_SECS", "rate_limit.window_secs", "the length of that window"),
    sets("PLATFORM_TENANT_HEADER", "platform_tenant_header", "required, or derive"),
    sets("LOG_FORMAT", "log.format", "json, or pretty"),
    sets("LOG_SAMPLE_READS", "log.sample_reads", "one of so many successful reads is logged"),
    alone("RUST_LOG", "what is logged, such as `debug` or `warn,latchkey_gateway=info`"),
    alone("MASTER_KEY", "32 bytes in base64 or hexadecimal: what the store is sealed by"),
    alone("MASTER_KEY_FILE", "a file that holds the master key"),
    alone(
        "BOOTSTRAP_ADMIN_KEY",
        "a key of `latchkey keygen`: `serve` begins an empty store with it",
    ),
    alone("BOOTSTRAP_ADMIN_KEY_FILE", "a file that holds that key"),
    alone("LATCHKEY_API_KEY", "the key for `latchkey backup --url`"),
    alone(
        "LATCHKEY_ENVIRONMENT",
        "development, or production; as every key: LATCHKEY_LIMITS__BODY_MS, ...",
    ),
];

/// Every variable with a name of its own.
pub const fn documented() -> &'static [Variable] {
    DOCUMENTED
}

/// The variables of a process, read once. They hold secrets and cannot be printed.
#[derive(Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process that are Unicode.
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(unicode).collect())
    }

    /// Its value; an empty one is none, since that is what composed environments leave behind.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variables that set a key: the key with dots, the value, the variable's name. The names
    /// of their own come after the `LATCHKEY_` ones, so that they win.
    pub(super) fn keys(&self) -> Vec<(String, &str, &str)> {
        let prefixed = self.0.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX).filter(|key| !is_foreign(name, key))?;
            let key = key.to_ascii_lowercase().replace("__", ".");
            (!value.is_empty()).then_some((key, value.as_str(), name.as_str()))
        });
        let own = DOCUMENTED.iter().filter_map(|variable| {
            let value = self.get(variable.name)?;
            Some((variable.key?.to_owned(), value, variable.name))
        });
        prefixed.chain(own).collect()
    }
}

/// Not a key: a variable with its own meaning, or one that Kubernetes sets in every pod beside a
/// service that is called `latchkey`.
fn is_foreign(name: &str, key: &str) -> bool {
    let own =
        DOCUMENTED.iter().any(|variable| variable.name == name && name != "LATCHKEY_ENVIRONMENT");
    own || key == "PORT" || key.starts_with("PORT_") || key.starts_with("SERVICE_")
}

impl<const N: usize> From<[(&str, &str); N]> for Variables {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}
