//! The keys of the demonstration: those of an earlier run are revoked when new ones are issued.

use std::sync::Arc;

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{ApiKeyRef, ApiKeysByName, Environment, Limits, Owner};

use super::who;
use crate::api_keys::{Issue, Issued, NewKey, Revoke, Secret, draw};
use crate::error::{Error, Result};
use crate::registry::{Registry, directory_row};
use crate::tenant::{Command, Tx};

/// The name of the key that holds everything in the tenant.
pub const ADMIN_KEY: &str = "demo-admin";
/// The name of the key for validations and checks.
pub const SERVICE_KEY: &str = "demo-service";

/// The keys of one run. They are told once.
pub struct Keys {
    pub admin: Issued,
    pub service: Issued,
}

/// Revokes the keys that an earlier run issued, and issues new ones.
///
/// # Errors
/// What the store or the tenant says.
pub async fn issue_keys(registry: &Arc<Registry>, tenant: TenantId) -> Result<Keys> {
    let shared = registry.shared();
    let master = registry.tenant(TenantId::MASTER).await?;
    let row = master.read(move |view| directory_row(view, tenant)).await?;
    let code = row.ok_or_else(|| Error::not_found("Tenant"))?.code;
    let drawn = || draw(Environment::Live, &code, shared.store.keyring(), shared.entropy.as_ref());
    let reissue = Reissue { admin: drawn(), service: drawn() };
    registry.tenant(tenant).await?.execute(who(), reissue).await
}

struct Reissue {
    admin: (Secret, Fingerprint),
    service: (Secret, Fingerprint),
}

impl Command for Reissue {
    type Answer = Keys;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Keys> {
        let now = tx.now;
        let mut anew = |new: NewKey, (secret, fingerprint)| {
            if let Some(ApiKeyRef(id)) = tx.get::<ApiKeysByName>(&(new.name.clone(),))? {
                Revoke { id, if_match: None }.run(tx)?;
            }
            Issue { new: new.checked(now)?, secret, fingerprint }.run(tx)
        };
        let admin = anew(key(ADMIN_KEY, &["*"]), self.admin)?;
        let service =
            anew(key(SERVICE_KEY, &["api_keys:validate", "decisions:check"]), self.service)?;
        Ok(Keys { admin, service })
    }
}

/// A key of the tenant that nothing limits.
fn key(name: &str, scopes: &[&str]) -> NewKey {
    NewKey {
        name: name.into(),
        description: Some("Issued by `latchkey demo`, revoked by the next one".into()),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        roles: Vec::new(),
        owner: Owner::Tenant,
        environment: Environment::Live,
        protocol: None,
        allowed_ips: Vec::new(),
        limits: Limits { unlimited: true, ..Limits::default() },
        quota: None,
        not_before: None,
        expires_at: None,
        conditions: "{}".into(),
        metadata: "{}".into(),
    }
}
