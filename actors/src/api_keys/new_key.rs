//! What a key may be given, checked before it reaches a tenant.

use latchkey_storage::id::RoleId;
use latchkey_storage::tables::{Environment, Limits, Owner, Protocol, QuotaRefill};

use super::network;
use crate::error::{Error, Result};
use crate::permissions::PermissionName;
use crate::text;

/// Scopes of one key, at most.
const SCOPES_MAX: usize = 1_000;
/// Roles of one key, at most.
const ROLES_MAX: usize = 64;
/// Address ranges of one key, at most.
const ALLOWED_IPS_MAX: usize = 256;
/// Bytes of a key's metadata, at most.
const METADATA_BYTES_MAX: usize = 4_096;

/// A key to be issued.
#[derive(Clone)]
pub struct NewKey {
    pub name: String,
    pub description: Option<String>,
    pub scopes: Vec<String>,
    pub roles: Vec<RoleId>,
    /// The owner of the creating key where it is not said.
    pub owner: Owner,
    pub environment: Environment,
    pub protocol: Option<Protocol>,
    pub allowed_ips: Vec<String>,
    pub limits: Limits,
    pub quota: Option<NewQuota>,
    pub not_before: Option<i64>,
    pub expires_at: Option<i64>,
    /// JSON objects, as text.
    pub conditions: String,
    pub metadata: String,
}

/// A quota as it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewQuota {
    pub remaining: u64,
    pub refill: Option<QuotaRefill>,
}

/// A JSON object, as text, out of the one that stands.
pub type Merge = Box<dyn FnOnce(&str) -> String + Send + Sync>;

/// A change of a key: what is absent stays.
#[derive(Default)]
pub struct KeyChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub scopes: Option<Vec<String>>,
    pub roles: Option<Vec<RoleId>>,
    pub allowed_ips: Option<Vec<String>>,
    pub limits: Option<Limits>,
    pub quota: Option<Option<NewQuota>>,
    pub enabled: Option<bool>,
    pub not_before: Option<Option<i64>>,
    pub expires_at: Option<Option<i64>>,
    pub conditions: Option<Merge>,
    pub metadata: Option<Merge>,
}

impl NewKey {
    /// Checks every rule that needs no look at the store, and brings scopes into their one form.
    ///
    /// # Errors
    /// 422 with the member and what is wrong with it; members are named as in the domain.
    pub fn checked(mut self, now_ms: i64) -> Result<Self> {
        name(&self.name)?;
        self.scopes = scopes(&self.scopes)?;
        roles(&self.roles)?;
        addresses(&self.allowed_ips)?;
        limits(&self.limits)?;
        metadata(&self.metadata)?;
        period(self.not_before, self.expires_at)?;
        future(self.expires_at, now_ms)?;
        Ok(self)
    }
}

impl KeyChange {
    /// Checks every rule that needs no look at the store, and brings scopes into their one form.
    ///
    /// # Errors
    /// 422 with the member and what is wrong with it.
    pub fn checked(mut self, now_ms: i64) -> Result<Self> {
        self.name.as_deref().map_or(Ok(()), name)?;
        self.scopes = self.scopes.as_deref().map(scopes).transpose()?;
        self.roles.as_deref().map_or(Ok(()), roles)?;
        self.allowed_ips.as_deref().map_or(Ok(()), addresses)?;
        self.limits.as_ref().map_or(Ok(()), limits)?;
        period(self.not_before.flatten(), self.expires_at.flatten())?;
        future(self.expires_at.flatten(), now_ms)?;
        Ok(self)
    }
}

fn name(name: &str) -> Result<()> {
    text::display_name("name", name)
}

/// Parses scopes and brings them into their one form, sorted, each once.
fn scopes(scopes: &[String]) -> Result<Vec<String>> {
    if scopes.len() > SCOPES_MAX {
        return Err(Error::invalid("scopes", format!("a key takes at most {SCOPES_MAX} scopes")));
    }
    let mut names = Vec::with_capacity(scopes.len());
    for scope in scopes {
        let name = PermissionName::parse(scope)
            .map_err(|error| Error::invalid("scopes", format!("`{scope}` is no scope: {error}")))?;
        names.push(name.to_string());
    }
    let mut seen = hashbrown::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

fn roles(roles: &[RoleId]) -> Result<()> {
    if roles.len() > ROLES_MAX {
        return Err(Error::invalid("roles", format!("a key takes at most {ROLES_MAX} roles")));
    }
    Ok(())
}

fn addresses(ranges: &[String]) -> Result<()> {
    if ranges.len() > ALLOWED_IPS_MAX {
        let problem = format!("a key takes at most {ALLOWED_IPS_MAX} addresses and ranges");
        return Err(Error::invalid("allowed_ips", problem));
    }
    match ranges.iter().find(|range| network(range).is_none()) {
        Some(range) => {
            Err(Error::invalid("allowed_ips", format!("`{range}` is no IP address or CIDR range")))
        }
        None => Ok(()),
    }
}

fn limits(limits: &Limits) -> Result<()> {
    let parts = [limits.per_minute, limits.per_hour, limits.per_day];
    if parts.contains(&Some(0)) {
        return Err(Error::invalid("rate_limit", "a limit is at least 1"));
    }
    if limits.unlimited && parts.iter().any(Option::is_some) {
        return Err(Error::invalid("rate_limit", "`unlimited` and a limit exclude each other"));
    }
    Ok(())
}

pub(in crate::api_keys) fn metadata(metadata: &str) -> Result<()> {
    if metadata.len() > METADATA_BYTES_MAX {
        let problem =
            format!("takes at most {METADATA_BYTES_MAX} bytes, this is {}", metadata.len());
        return Err(Error::invalid("metadata", problem));
    }
    Ok(())
}

pub(in crate::api_keys) fn period(not_before: Option<i64>, expires_at: Option<i64>) -> Result<()> {
    if let (Some(from), Some(until)) = (not_before, expires_at)
        && from >= until
    {
        return Err(Error::invalid("not_before", "must be earlier than the expiry"));
    }
    Ok(())
}

fn future(expires_at: Option<i64>, now_ms: i64) -> Result<()> {
    if expires_at.is_some_and(|at| at <= now_ms) {
        return Err(Error::invalid("expires_at", "lies in the past"));
    }
    Ok(())
}
