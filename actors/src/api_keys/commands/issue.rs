//! Issuing a key.

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::ApiKeyId;
use latchkey_storage::tables::{
    ApiKey, ApiKeyQuotas, ApiKeyRef, ApiKeysByName, Owner, Quota, Users,
};
use serde_json::json;

use super::{initial, name_is_free, roles_exist, write};
use crate::api_keys::{NewKey, Secret};
use crate::error::{Error, Result};
use crate::tenant::{Command, Counted, Tx};

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

fn owner_exists(tx: &Tx<'_, '_>, owner: Owner) -> Result<()> {
    let exists = match owner {
        Owner::Tenant => true,
        Owner::User(user) => tx.contains::<Users>(&(user,))?,
        Owner::ServiceAccount(_) | Owner::Application(_) => false,
    };
    if exists {
        Ok(())
    } else {
        Err(Error::invalid("owner", "there is no such owner in this tenant"))
    }
}
