//! Changing a key.

use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{
    ApiKey, ApiKeyQuotas, ApiKeyRef, ApiKeyUsage, ApiKeysByName, KeyUsage, Quota,
};
use serde_json::json;

use super::{already_revoked, initial, name_is_free, roles_exist, stored, touch, write};
use crate::api_keys::new_key::{metadata, period};
use crate::api_keys::{KeyChange, NewQuota};
use crate::error::Result;
use crate::tenant::{Command, Tx, if_match};

/// Changes a key.
pub struct Update {
    pub id: ApiKeyId,
    pub change: KeyChange,
    pub if_match: Option<u64>,
}

/// A key after a change.
pub struct Changed {
    pub key: ApiKey,
    /// What is written of its use.
    pub usage: KeyUsage,
    pub quota: Option<Quota>,
}

impl Command for Update {
    type Answer = Changed;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Changed> {
        let mut key = stored(tx.view(), self.id)?;
        if_match(self.if_match, key.version)?;
        if key.revoked_at.is_some() {
            return Err(already_revoked(&key));
        }
        let change = self.change;
        if let Some(name) = change.name.filter(|name| *name != key.name) {
            name_is_free(tx, &name)?;
            tx.delete::<ApiKeysByName>(&(key.name.clone(),));
            tx.put::<ApiKeysByName>(&(name.clone(),), &ApiKeyRef(key.id));
            key.name = name;
        }
        change.roles.as_deref().map_or(Ok(()), |roles| roles_exist(tx, roles))?;
        set(&mut key.description, change.description);
        set(&mut key.scopes, change.scopes);
        set(&mut key.roles, change.roles);
        set(&mut key.allowed_ips, change.allowed_ips);
        set(&mut key.limits, change.limits);
        set(&mut key.enabled, change.enabled);
        set(&mut key.not_before, change.not_before);
        set(&mut key.expires_at, change.expires_at);
        // What changes must fit what stays.
        period(key.not_before, key.expires_at)?;
        if let Some(merge) = change.conditions {
            key.conditions = merge(&key.conditions);
        }
        if let Some(merge) = change.metadata {
            key.metadata = merge(&key.metadata);
            metadata(&key.metadata)?;
        }
        if let Some(quota) = change.quota {
            set_quota(tx, &mut key, quota);
        }
        touch(tx, &mut key);
        write(tx, &key);
        let diff = json!({ "name": key.name, "scopes": key.scopes, "enabled": key.enabled });
        tx.audit("api_key.updated", "api_key", &key.id, &diff);
        let quota = tx.get::<ApiKeyQuotas>(&(key.id,))?;
        let usage = tx.get::<ApiKeyUsage>(&(key.id,))?.unwrap_or_default();
        Ok(Changed { key, usage, quota })
    }
}

fn set_quota(tx: &mut Tx<'_, '_>, key: &mut ApiKey, quota: Option<NewQuota>) {
    key.has_quota = quota.is_some();
    match quota {
        Some(quota) => tx.put::<ApiKeyQuotas>(&(key.id,), &initial(quota, tx.now)),
        None => tx.delete::<ApiKeyQuotas>(&(key.id,)),
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
