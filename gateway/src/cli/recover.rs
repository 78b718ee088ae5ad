//! `latchkey recover`: a new administrator key of the master tenant, when the last one is lost.

use clap::Args;
use latchkey_actors::api_keys::{Issue, Issued, NewKey, draw};
use latchkey_actors::error::Error;
use latchkey_actors::tenant::{Tx, Who};
use latchkey_actors::tenants::fetch;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{ApiKeysByName, Environment, Limits, Owner};

use super::failure::Failure;
use super::init;
use super::process::{self, Place, Setting};
use crate::instance::{Instance, InstanceError};

/// Issue a new administrator key of the master tenant, in a stopped store. It is audited.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print {"tenantId", "keyId", "apiKey"}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let setting = Setting::read(arguments.place)?;
    let store = setting.open()?;
    let issued = process::over(&setting.config, store, recover)?;
    init::print(&issued, arguments.json)
}

async fn recover(instance: &Instance) -> Result<Issued, Failure> {
    if !instance.is_founded().await? {
        return Err(InstanceError::Unfinished(instance.store.path().to_owned()).into());
    }
    let master = instance.registry.tenant(TenantId::MASTER).await?;
    let code = master.read(|view| Ok(fetch(view, TenantId::MASTER)?.code)).await?;
    let entropy = instance.registry.shared().entropy.as_ref();
    let (secret, fingerprint) = draw(Environment::Live, &code, instance.store.keyring(), entropy);
    let issue = move |tx: &mut Tx<'_, '_>| {
        let new = administrator(free_name(tx)?);
        latchkey_actors::tenant::Command::run(Issue { new, secret, fingerprint }, tx)
    };
    Ok(master.execute(Who::system("recover"), issue).await?)
}

/// Keys that were recovered before keep their names.
fn free_name(tx: &Tx<'_, '_>) -> Result<String, Error> {
    let mut name = "Recovered administrator".to_owned();
    let mut count = 1_u32;
    while tx.contains::<ApiKeysByName>(&(name.clone(),))? {
        count += 1;
        name = format!("Recovered administrator {count}");
    }
    Ok(name)
}

fn administrator(name: String) -> NewKey {
    NewKey {
        name,
        description: Some("Issued by `latchkey recover`".into()),
        scopes: vec!["*".into()],
        roles: Vec::new(),
        owner: Owner::Tenant,
        environment: Environment::Live,
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
