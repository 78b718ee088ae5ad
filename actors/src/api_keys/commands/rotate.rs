//! Giving a key a new secret.

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{ApiKey, ApiKeysBySecret, PreviousSecret};
use serde_json::json;

use super::{KeyStatus, stored, touch, write};
use crate::api_keys::Secret;
use crate::error::{Code, Error, Result};
use crate::tenant::{Command, Tx, if_match};

const DAY_MS: i64 = 86_400_000;
/// How long a rotated secret may go on working, in minutes: 30 days.
const GRACE_MINUTES_MAX: u32 = 43_200;
/// How far in the future a rotation may set the expiry, in days: 100 years.
const EXPIRES_IN_DAYS_MAX: u32 = 36_500;

/// Gives a key a new secret; its id stays.
pub struct Rotate {
    pub id: ApiKeyId,
    /// How long the old secret goes on working.
    pub grace_minutes: u32,
    /// A new lifetime, in days.
    pub expires_in_days: Option<u32>,
    pub if_match: Option<u64>,
    pub secret: Secret,
    pub fingerprint: Fingerprint,
}

/// A key that was rotated, with its new secret: it is told once.
pub struct Rotated {
    pub key: ApiKey,
    pub secret: Secret,
    pub previous_prefix: String,
    /// Unix milliseconds until which the old secret works.
    pub grace_until: Option<i64>,
}

impl Command for Rotate {
    type Answer = Rotated;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Rotated> {
        let mut key = stored(tx.view(), self.id)?;
        if_match(self.if_match, key.version)?;
        rotatable(&key, tx.now)?;
        let grace_until = grace(self.grace_minutes, tx.now)?;
        if let Some(days) = self.expires_in_days {
            key.expires_at = Some(expiry(days, tx.now)?);
        }
        if let Some(before) = key.previous.take() {
            tx.delete::<ApiKeysBySecret>(&(before.fingerprint,));
        }
        let old = (key.fingerprint, std::mem::take(&mut key.prefix));
        match grace_until {
            None => tx.delete::<ApiKeysBySecret>(&(old.0,)),
            Some(valid_until) => {
                let prefix = old.1.clone();
                key.previous = Some(PreviousSecret { fingerprint: old.0, prefix, valid_until });
            }
        }
        key.fingerprint = self.fingerprint;
        self.secret.prefix().clone_into(&mut key.prefix);
        key.last_rotated_at = Some(tx.now);
        key.rotation_count += 1;
        touch(tx, &mut key);
        write(tx, &key);
        let diff = json!({ "prefix": key.prefix, "grace_minutes": self.grace_minutes });
        tx.audit("api_key.rotated", "api_key", &key.id, &diff);
        Ok(Rotated { key, secret: self.secret, previous_prefix: old.1, grace_until })
    }
}

fn rotatable(key: &ApiKey, now: i64) -> Result<()> {
    let status = key.status(now);
    if status == "active" {
        return Ok(());
    }
    Err(Error::conflict(Code::KeyInactive, "Cannot rotate an inactive API key").detail(format!(
        "The API key is currently in '{status}' status. Create a new key instead."
    )))
}

fn grace(minutes: u32, now: i64) -> Result<Option<i64>> {
    if minutes > GRACE_MINUTES_MAX {
        let problem = format!("must be 0 to {GRACE_MINUTES_MAX} minutes");
        return Err(Error::invalid("gracePeriodMinutes", problem));
    }
    Ok((minutes > 0).then(|| now + i64::from(minutes) * 60_000))
}

/// A lifetime in days as the moment when it ends, in Unix milliseconds.
pub fn expiry(days: u32, now: i64) -> Result<i64> {
    if days == 0 || days > EXPIRES_IN_DAYS_MAX {
        let problem = format!("must be 1 to {EXPIRES_IN_DAYS_MAX} days");
        return Err(Error::invalid("expiresIn", problem));
    }
    Ok(now + i64::from(days) * DAY_MS)
}
