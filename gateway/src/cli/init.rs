//! `latchkey init`: a new store with the master tenant and its administrator key.

use std::sync::Arc;

use clap::Args;
use latchkey_actors::api_keys::Issued;
use latchkey_actors::tenants::AdminKey;
use latchkey_storage::id::{ApiKeyId, TenantId};
use latchkey_storage::{Store, StoreError};
use serde::Serialize;

use super::failure::Failure;
use super::out;
use super::process::{self, Place, Setting};
use crate::instance::{self, InstanceError};

/// Make a new store: the master tenant and its administrator key, which is told once.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print {"tenantId", "keyId", "apiKey"}
    #[arg(long)]
    json: bool,
}

/// The first key of the master tenant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MasterKeyOut<'i> {
    tenant_id: TenantId,
    key_id: ApiKeyId,
    api_key: &'i str,
}

impl<'i> MasterKeyOut<'i> {
    pub(super) fn of(issued: &'i Issued) -> Self {
        let api_key = issued.secret.expose();
        Self { tenant_id: TenantId::MASTER, key_id: issued.key.id, api_key }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let setting = Setting::read(arguments.place)?;
    let store = create_or_resume(&setting)?;
    let found = async |instance: &instance::Instance| Ok(instance.found(AdminKey::Drawn).await?);
    let issued = process::over(&setting.config, store, found)?;
    print(&issued, arguments.json)
}

/// A new store, or one whose making was interrupted before it had a master tenant.
fn create_or_resume(setting: &Setting) -> Result<Arc<Store>, Failure> {
    let given = setting.secrets.master_key.as_ref();
    let (store, origin) = match instance::create(&setting.config, given) {
        Err(InstanceError::Store(StoreError::AlreadyInitialised(folder))) => {
            let opened = instance::open(&setting.config, given);
            opened.map_err(|_| InstanceError::Initialised(folder))?
        }
        made => made?,
    };
    process::warn(&origin);
    Ok(store)
}

/// Prints a key of the master tenant.
pub(super) fn print(issued: &Issued, json: bool) -> Result<(), Failure> {
    if json {
        return out::json(&MasterKeyOut::of(issued));
    }
    out::line(format_args!("tenant   {}", TenantId::MASTER))?;
    out::line(format_args!("key id   {}", issued.key.id))?;
    out::line(format_args!("API key  {}", issued.secret.expose()))?;
    out::note("The key is shown this once. It may do everything in every tenant: keep it well.");
    Ok(())
}
