//! How a tenant comes to be: announced, founded by its own first record, then found by others.

use std::sync::Arc;

use latchkey_storage::View;
use latchkey_storage::crypto::DataKey;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{AuditHeads, DataKeys, Environment, Limits, Owner, Tenant as Row};
use serde_json::json;

use super::commands::{Activate, Announce, NewTenant, code};
use crate::api_keys::{Issue, Issued, NewKey, Secret, draw};
use crate::entropy::uuid_v7;
use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::tenant::{Command, Tx, Who};

/// The first version of a tenant's data key.
const DATA_KEY_VERSION: u32 = 1;

/// A tenant that was made.
pub struct Created {
    pub row: Row,
    /// Its first key, when one was asked for.
    pub admin_key: Option<Issued>,
}

/// A tenant whose own first record stands: one more command, in the master tenant, and it is
/// found.
pub struct Founded {
    pub activate: Activate,
    /// Its first key, when one was asked for.
    pub admin_key: Option<Issued>,
}

/// The first key of a tenant: whether there is one, and which.
pub enum AdminKey {
    None,
    Drawn,
    /// This key string, made before: `keygen`.
    Given(Secret),
}

/// Makes a tenant: three commands in two tenants, each durable before the next. Whatever stops
/// it on its way leaves a tenant that nobody finds, and a slug that is free again in a minute.
///
/// # Errors
/// 409 when the slug is taken, 422 for members that break a rule.
pub async fn create(
    registry: &Arc<Registry>,
    who: &Who,
    new: NewTenant,
    with_key: bool,
) -> Result<Created> {
    let Founded { activate, admin_key } = found(registry, who, new, with_key).await?;
    let master = registry.tenant(TenantId::MASTER).await?;
    let row = master.execute(who.clone(), activate).await?;
    Ok(Created { row, admin_key })
}

/// All but the last step of [`create`].
///
/// # Errors
/// As of [`create`].
pub async fn found(
    registry: &Arc<Registry>,
    who: &Who,
    new: NewTenant,
    with_key: bool,
) -> Result<Founded> {
    let shared = registry.shared();
    let id = TenantId::from_uuid(uuid_v7(shared.clock.now_ms(), shared.entropy.as_ref()));
    let code = code(shared.entropy.as_ref());
    let row = new.row(id, code.clone(), shared.clock.now_ms());
    let master = registry.tenant(TenantId::MASTER).await?;
    master.execute(who.clone(), Announce(row)).await?;
    registry.code_given(&code);
    let key = if with_key { AdminKey::Drawn } else { AdminKey::None };
    let row = registry.announced(id).await?;
    let tenant = registry.tenant_on_its_way(row).await?;
    let found = Found { issue: issue(registry, &code, key) };
    let admin_key = tenant.execute(who.clone(), found).await?;
    Ok(Founded { activate: Activate(id), admin_key })
}

/// Makes the master tenant in a new store, with its administrator key.
///
/// # Errors
/// 409 when the store has been initialised.
pub async fn found_master(registry: &Arc<Registry>, key: AdminKey) -> Result<Issued> {
    let shared = registry.shared();
    let who = Who::system("init");
    let given = match &key {
        AdminKey::Given(secret) => crate::api_keys::presented(secret.expose()).map(str::to_owned),
        _ => None,
    };
    let code = given.unwrap_or_else(|| code(shared.entropy.as_ref()));
    let new = NewTenant {
        name: "Master".into(),
        slug: "master".into(),
        display_name: None,
        description: Some("The tenant of the instance".into()),
        logo_url: None,
        primary_color: None,
        settings: "{}".into(),
        password_policy: "{}".into(),
        mfa_enabled: false,
        mfa_required: false,
    };
    let row = new.row(TenantId::MASTER, code.clone(), shared.clock.now_ms());
    // There is no actor yet to whom the row could be told: the first one is started for it.
    let master = registry.tenant_on_its_way(row.clone()).await?;
    if master.read(|view| Ok(view.get::<AuditHeads>(&())?.is_some())).await? {
        return Err(Error::conflict(Code::AlreadyExists, "The store has been initialised before"));
    }
    let found = Found { issue: issue(registry, &code, key) };
    // All of it is rows of one tenant: one record, or nothing.
    let at_once = move |tx: &mut Tx<'_, '_>| {
        Announce(row).run(tx)?;
        let issued = found.run(tx)?;
        Activate(TenantId::MASTER).run(tx)?;
        Ok(issued)
    };
    let issued = master.execute(who, at_once).await?;
    issued.ok_or_else(|| Error::internal("the master tenant was made without a key"))
}

/// The first key of a tenant, drawn or given.
fn issue(registry: &Registry, code: &str, key: AdminKey) -> Option<Issue> {
    let shared = registry.shared();
    let (keyring, entropy) = (shared.store.keyring(), shared.entropy.as_ref());
    let drawn = match key {
        AdminKey::None => None,
        AdminKey::Drawn => Some(draw(Environment::Live, code, keyring, entropy)),
        AdminKey::Given(secret) => {
            let fingerprint = keyring.fingerprint(secret.expose().as_bytes());
            Some((secret, fingerprint))
        }
    };
    drawn.map(|(secret, fingerprint)| {
        let environment = crate::api_keys::environment(secret.expose());
        Issue { new: administrator(environment), secret, fingerprint }
    })
}

/// Writes a tenant's data key and, if one is wanted, its first API key.
struct Found {
    issue: Option<Issue>,
}

impl Command for Found {
    type Answer = Option<Issued>;

    fn run(self, tx: &mut Tx<'_, '_>) -> Result<Option<Issued>> {
        let keyring = tx.view().keyring();
        let (_, wrapped) = keyring.new_data_key(tx.tenant(), DATA_KEY_VERSION, tx.entropy());
        tx.put::<DataKeys>(&(DATA_KEY_VERSION,), &wrapped);
        tx.audit("dek.created", "dek", &DATA_KEY_VERSION, &json!({}));
        self.issue.map(|issue| issue.run(tx)).transpose()
    }
}

/// The data key that seals new values of a tenant.
pub fn data_key(view: &View<'_>) -> Result<DataKey> {
    let wrapped = view
        .get::<DataKeys>(&(DATA_KEY_VERSION,))?
        .ok_or_else(|| Error::internal("the tenant has no data key"))?;
    let opened = view.keyring().unwrap(view.tenant(), DATA_KEY_VERSION, &wrapped);
    opened.map_err(Error::internal)
}

/// The first key of a tenant: it belongs to the tenant and holds everything in it.
fn administrator(environment: Environment) -> NewKey {
    NewKey {
        name: "Administrator".into(),
        description: Some("The first key of the tenant".into()),
        scopes: vec!["*".into()],
        roles: Vec::new(),
        owner: Owner::Tenant,
        environment,
        protocol: None,
        allowed_ips: Vec::new(),
        limits: Limits::default(),
        quota: None,
        not_before: None,
        expires_at: None,
        conditions: "{}".into(),
        metadata: "{}".into(),
    }
}
