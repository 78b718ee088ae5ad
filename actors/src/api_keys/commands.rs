//! What changes a key, and how keys are read.

use latchkey_storage::crypto::{Fingerprint, Keyring};
use latchkey_storage::id::{ApiKeyId, RoleId};
use latchkey_storage::tables::{
    ApiKey, ApiKeyQuotas, ApiKeyRef, ApiKeyUsage, ApiKeys, ApiKeysAdministering, ApiKeysByName,
    ApiKeysBySecret, Environment, KeyUsage, KeyVerdict, Owner, PreviousSecret, Present, Quota, Roles, Users,
};
use latchkey_storage::{Page, View};
use serde_json::json;

use super::{KeyChange, NewKey, NewQuota, Secret};
use crate::entropy::Entropy;
use crate::error::{Code, Error, Kind, Result};
use crate::roles::SystemRole;
use crate::tenant::{Command, Counted, Tx, if_match, total};

const DAY_MS: i64 = 86_400_000;
/// How long a rotated secret may go on working, in minutes: 30 days.
const GRACE_MINUTES_MAX: u32 = 43_200;
/// How far in the future a rotation may set the expiry, in days: 100 years.
const EXPIRES_IN_DAYS_MAX: u32 = 36_500;

/// Issues a key.
pub struct Issue {
    pub new: NewKey,
    /// Made by the caller, so that the keyring stays out of the command.
    pub secret: Secret,
    pub fingerprint: Fingerprint,
}

/// A key that was issued, with its secret: it is told once.
pub struct Issued {
    pub key: ApiKey,
    pub quota: Option<Quota>,
    pub secret: Secret,
}

impl Command for Issue {
    type Answer = Issued;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Issued> {
        let new = self.new;
        name_is_free(tx, &new.name)?;
        owner_exists(tx, new.owner)?;
        roles_exist(tx, &new.roles)?;
        let id = ApiKeyId::from_uuid(tx.uuid());
        let quota = new.quota.map(|quota| initial(quota, tx.now));
        let key = ApiKey {
            id,
            name: new.name,
            description: new.description,
            prefix: self.secret.prefix().to_owned(),
            fingerprint: self.fingerprint,
            previous: None,
            owner: new.owner,
            scopes: new.scopes,
            roles: new.roles,
            environment: new.environment,
            protocol: new.protocol,
            allowed_ips: new.allowed_ips,
            limits: new.limits,
            has_quota: quota.is_some(),
            enabled: true,
            not_before: new.not_before,
            expires_at: new.expires_at,
            conditions: new.conditions,
            metadata: new.metadata,
            created_at: tx.now,
            created_by: tx.who().author.clone(),
            updated_at: None,
            updated_by: None,
            revoked_at: None,
            last_rotated_at: None,
            rotation_count: 0,
            version: 1,
        };
        if let Some(quota) = &quota {
            tx.put::<ApiKeyQuotas>(&(id,), quota);
        }
        tx.put::<ApiKeysByName>(&(key.name.clone(),), &ApiKeyRef(id));
        write(tx, &key);
        tx.count(Counted::ApiKeys, 1)?;
        let diff = json!({ "name": key.name, "scopes": key.scopes, "prefix": key.prefix });
        tx.audit("api_key.created", "api_key", &id, &diff);
        Ok(Issued { key, quota, secret: self.secret })
    }
}

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
        set(&mut key.conditions, change.conditions);
        set(&mut key.metadata, change.metadata);
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

/// A key with what is written of its use.
pub fn fetch(view: &View<'_>, id: ApiKeyId) -> Result<(ApiKey, KeyUsage, Option<Quota>)> {
    let key = stored(view, id)?;
    let usage = view.get::<ApiKeyUsage>(&(id,))?.unwrap_or_default();
    Ok((key, usage, view.get::<ApiKeyQuotas>(&(id,))?))
}

/// What a list of keys shows: the keys of a page with their uses, and how many there are.
pub fn list(
    view: &View<'_>,
    skip: usize,
    limit: usize,
) -> Result<(Vec<(ApiKey, KeyUsage)>, u64)> {
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

fn owner_exists(tx: &Tx<'_, '_>, owner: Owner) -> Result<()> {
    let exists = match owner {
        Owner::Tenant => true,
        Owner::User(user) => tx.contains::<Users>(&(user,))?,
        Owner::ServiceAccount(_) | Owner::Application(_) => false,
    };
    if exists { Ok(()) } else { Err(Error::invalid("owner", "there is no such owner in this tenant")) }
}

fn roles_exist(tx: &Tx<'_, '_>, roles: &[RoleId]) -> Result<()> {
    for role in roles {
        let built_in = SystemRole::of(tx.tenant(), *role).is_some();
        if !built_in && !tx.contains::<Roles>(&(*role,))? {
            return Err(Error::invalid("roles", format!("there is no role `{role}` in this tenant")));
        }
    }
    Ok(())
}

fn initial(quota: NewQuota, now: i64) -> Quota {
    let NewQuota { remaining, refill } = quota;
    Quota { remaining, initial: remaining, refill, refilled_at: now }
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

fn touch(tx: &Tx<'_, '_>, key: &mut ApiKey) {
    key.updated_at = Some(tx.now);
    key.updated_by = Some(tx.who().author.clone());
    key.version += 1;
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

/// A revoked key changes no more.
pub fn already_revoked(key: &ApiKey) -> Error {
    let at = key.revoked_at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    Error::conflict(Code::ApiKeyAlreadyRevoked, "API key has already been revoked")
        .detail(format!("The API key was revoked on {:.3}", at.unwrap_or_default()))
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
