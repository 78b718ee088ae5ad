//! What the cache keeps of a key: the row, parsed once.

use ipnet::IpNet;
use latchkey_storage::tables::{ApiKey, KeyUsage, KeyVerdict, Owner};
use std::net::IpAddr;
use std::sync::OnceLock;

use crate::permissions::PermissionName;

/// One secret of a key, ready to be judged.
pub struct KeyEntry {
    pub key: ApiKey,
    /// Unix milliseconds until which this secret works, when it was rotated away with grace.
    pub valid_until: Option<i64>,
    pub scopes: Vec<PermissionName>,
    pub allowed_ips: Vec<IpNet>,
    /// The usage that was written when the entry was filled.
    pub usage: KeyUsage,
    /// A place for the edge to keep the unchanging part of its answer.
    pub rendered: OnceLock<Box<[u8]>>,
}

impl KeyEntry {
    /// Parses a row. Rows were checked when they were written: what does not parse grants nothing.
    pub fn new(row: KeyVerdict, usage: KeyUsage) -> Self {
        let scopes = row.key.scopes.iter().filter_map(|s| PermissionName::parse(s).ok()).collect();
        let allowed_ips = row.key.allowed_ips.iter().filter_map(|text| network(text)).collect();
        let valid_until = row.valid_until;
        Self { key: row.key, valid_until, scopes, allowed_ips, usage, rendered: OnceLock::new() }
    }

    /// An address list is empty, or names the address.
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        if self.key.allowed_ips.is_empty() {
            return true;
        }
        let Some(address) = address.map(|address| address.to_canonical()) else { return false };
        self.allowed_ips.iter().any(|network| network.contains(&address))
    }

    /// The user that owns the key, if one does.
    pub fn owning_user(&self) -> Option<latchkey_storage::id::UserId> {
        match self.key.owner {
            Owner::User(user) => Some(user),
            _ => None,
        }
    }

    /// About how many bytes the entry takes in memory.
    pub fn bytes(&self) -> usize {
        let key = &self.key;
        let texts = key.name.len() + key.metadata.len() + key.conditions.len() + key.prefix.len();
        let scopes: usize = key.scopes.iter().map(|scope| scope.len() * 2 + 80).sum();
        600 + texts + scopes + key.roles.len() * 16 + self.allowed_ips.len() * 48
    }
}

/// An address or a CIDR range.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
