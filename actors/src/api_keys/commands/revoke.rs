//! The two ends of a key: revoked, or deleted.

use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{
    ApiKey, ApiKeyQuotas, ApiKeyUsage, ApiKeys, ApiKeysAdministering, ApiKeysByName,
    ApiKeysBySecret,
};
use serde_json::json;

use super::{KeyStatus, stored, touch, write};
use crate::error::Result;
use crate::tenant::{Command, Counted, Tx, if_match};

/// Revokes a key: it stays in lists and by id, and is refused from the next request on.
pub struct Revoke {
    pub id: ApiKeyId,
    pub if_match: Option<u64>,
}

/// A key that is revoked.
pub struct Revoked {
    pub key: ApiKey,
    /// It was revoked before: nothing has changed.
    pub before: bool,
    /// What it was until then.
    pub previous_status: &'static str,
}

impl Command for Revoke {
    type Answer = Revoked;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Revoked> {
        let mut key = stored(tx.view(), self.id)?;
        if_match(self.if_match, key.version)?;
        let previous_status = key.status(tx.now);
        if key.revoked_at.is_some() {
            return Ok(Revoked { key, before: true, previous_status });
        }
        key.revoked_at = Some(tx.now);
        tx.delete::<ApiKeysByName>(&(key.name.clone(),));
        touch(tx, &mut key);
        write(tx, &key);
        tx.audit("api_key.revoked", "api_key", &key.id, &json!({ "name": key.name }));
        Ok(Revoked { key, before: false, previous_status })
    }
}

/// Deletes a key: from lists, by id, and for every secret at once.
pub struct Remove {
    pub id: ApiKeyId,
    pub if_match: Option<u64>,
}

impl Command for Remove {
    type Answer = ();

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let key = stored(tx.view(), self.id)?;
        if_match(self.if_match, key.version)?;
        if key.revoked_at.is_none() {
            tx.delete::<ApiKeysByName>(&(key.name.clone(),));
        }
        tx.delete::<ApiKeysBySecret>(&(key.fingerprint,));
        if let Some(previous) = &key.previous {
            tx.delete::<ApiKeysBySecret>(&(previous.fingerprint,));
        }
        tx.delete::<ApiKeys>(&(key.id,));
        tx.delete::<ApiKeyUsage>(&(key.id,));
        tx.delete::<ApiKeyQuotas>(&(key.id,));
        tx.delete::<ApiKeysAdministering>(&(key.id,));
        tx.count(Counted::ApiKeys, -1)?;
        tx.audit("api_key.deleted", "api_key", &key.id, &json!({ "name": key.name }));
        Ok(())
    }
}
