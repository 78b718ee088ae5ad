//! What changes a key, and how keys are read.

use latchkey_storage::crypto::{Fingerprint, Keyring};
use latchkey_storage::id::{ApiKeyId, RoleId};
use latchkey_storage::tables::{
    ApiKey, ApiKeyQuotas, ApiKeyUsage, ApiKeys, ApiKeysAdministering, ApiKeysByName,
    ApiKeysBySecret, Environment, KeyUsage, KeyVerdict, Owner, Present, Quota, Roles,
};
use latchkey_storage::{Page, View};

use super::{NewQuota, Secret};
use crate::entropy::Entropy;
use crate::error::{Code, Error, Kind, Result};
use crate::roles::SystemRole;
use crate::tenant::{Counted, Tx, total};

mod issue;
mod revoke;
mod rotate;
mod update;

pub use issue::{Issue, Issued};
pub use revoke::{Remove, Revoke, Revoked};
pub use rotate::{Rotate, Rotated, expiry};
pub use update::{Changed, Update};

/// A key with what is written of its use.
pub fn fetch(view: &View<'_>, id: ApiKeyId) -> Result<(ApiKey, KeyUsage, Option<Quota>)> {
    let key = stored(view, id)?;
    let usage = view.get::<ApiKeyUsage>(&(id,))?.unwrap_or_default();
    Ok((key, usage, view.get::<ApiKeyQuotas>(&(id,))?))
}

/// What a list of keys shows: the keys of a page with their uses, and how many there are.
pub fn list(view: &View<'_>, skip: usize, limit: usize) -> Result<(Vec<(ApiKey, KeyUsage)>, u64)> {
    let rows = view.scan::<ApiKeys>(&(), Page { after: None, skip, limit })?;
    let mut keys = Vec::with_capacity(rows.len());
    for ((id,), key) in rows {
        let usage = view.get::<ApiKeyUsage>(&(id,))?.unwrap_or_default();
        keys.push((key, usage));
    }
    Ok((keys, total(view, Counted::ApiKeys)?))
}

/// The quota of a key as it stands in the store.
pub fn quota(view: &View<'_>, id: ApiKeyId) -> Result<Option<Quota>> {
    Ok(view.get::<ApiKeyQuotas>(&(id,))?)
}

/// What a key is at a moment, as lists show it.
pub trait KeyStatus {
    /// `active`, `inactive`, `expired` or `revoked`.
    fn status(&self, now_ms: i64) -> &'static str;
}

impl KeyStatus for ApiKey {
    fn status(&self, now_ms: i64) -> &'static str {
        match self {
            key if key.revoked_at.is_some() => "revoked",
            key if key.expires_at.is_some_and(|at| at <= now_ms) => "expired",
            key if !key.enabled || key.not_before.is_some_and(|at| at > now_ms) => "inactive",
            _ => "active",
        }
    }
}

/// A revoked key changes no more.
pub fn already_revoked(key: &ApiKey) -> Error {
    let at = key.revoked_at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    Error::conflict(Code::ApiKeyAlreadyRevoked, "API key has already been revoked")
        .detail(format!("The API key was revoked on {:.3}", at.unwrap_or_default()))
}

/// A secret for a new or rotated key of a tenant, with its keyed hash.
pub fn draw(
    environment: Environment,
    code: &str,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> (Secret, Fingerprint) {
    let secret = Secret::generate(environment, code, entropy);
    let fingerprint = keyring.fingerprint(secret.expose().as_bytes());
    (secret, fingerprint)
}

fn stored(view: &View<'_>, id: ApiKeyId) -> Result<ApiKey> {
    view.get::<ApiKeys>(&(id,))?.ok_or_else(|| {
        Error::new(Kind::NotFound, Code::ApiKeyNotFound, "API key not found")
            .detail(format!("No API key exists with ID: {id}"))
    })
}

/// Writes a key with every row that a validation reads, in the same batch.
fn write(tx: &mut Tx<'_, '_>, key: &ApiKey) {
    tx.put::<ApiKeys>(&(key.id,), key);
    let verdict = KeyVerdict { key: key.clone(), valid_until: None };
    tx.put::<ApiKeysBySecret>(&(key.fingerprint,), &verdict);
    if let Some(previous) = &key.previous {
        let verdict = KeyVerdict { key: key.clone(), valid_until: Some(previous.valid_until) };
        tx.put::<ApiKeysBySecret>(&(previous.fingerprint,), &verdict);
    }
    if may_administer(key) {
        tx.put::<ApiKeysAdministering>(&(key.id,), &Present);
    } else {
        tx.delete::<ApiKeysAdministering>(&(key.id,));
    }
}

/// A key of the tenant itself that may hold `*`, now and without an end.
fn may_administer(key: &ApiKey) -> bool {
    let star = key.scopes.iter().any(|scope| scope == "*") || !key.roles.is_empty();
    let stands = key.enabled && key.revoked_at.is_none() && key.expires_at.is_none();
    key.owner == Owner::Tenant && star && stands
}

fn name_is_free(tx: &Tx<'_, '_>, name: &str) -> Result<()> {
    if tx.contains::<ApiKeysByName>(&(name.to_owned(),))? {
        return Err(Error::taken("API key", "name", name));
    }
    Ok(())
}

fn roles_exist(tx: &Tx<'_, '_>, roles: &[RoleId]) -> Result<()> {
    for role in roles {
        let built_in = SystemRole::of(tx.tenant(), *role).is_some();
        if !built_in && !tx.contains::<Roles>(&(*role,))? {
            return Err(Error::invalid(
                "roles",
                format!("there is no role `{role}` in this tenant"),
            ));
        }
    }
    Ok(())
}

fn initial(quota: NewQuota, now: i64) -> Quota {
    let NewQuota { remaining, refill } = quota;
    Quota { remaining, initial: remaining, refill, refilled_at: now }
}

fn touch(tx: &Tx<'_, '_>, key: &mut ApiKey) {
    key.updated_at = Some(tx.now);
    key.updated_by = Some(tx.who().author.clone());
    key.version += 1;
}
