//! The demonstration tenant: a real model of permissions and roles, and people to hold them.
//!
//! Its permissions, roles and grants are Google Cloud's predefined ones; its users and groups come
//! from a generator that gives the same ones every time. Everything has an id that follows from its
//! place in the data, so an import that was interrupted is completed by the next one, and what
//! somebody has changed or deleted since is left as it is.

mod dataset;
mod import;
mod keys;
mod parts;
mod people;
mod sample;

use std::sync::Arc;

use latchkey_storage::View;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::{Tenant as Row, TenantRef, TenantsBySlug};

pub use keys::{ADMIN_KEY, Keys, SERVICE_KEY, issue_keys};
pub use parts::{Loading, Part};
pub use sample::{Question, Sample};

use crate::error::Result;
use crate::registry::{Registry, directory_row};
use crate::tenant::Who;
use crate::tenants::{GiveUp, NewTenant, create};

/// The slug of the tenant.
pub const SLUG: &str = "demo";

/// The demonstration tenant, complete.
pub struct Demo {
    pub tenant: TenantId,
    /// What to ask about it.
    pub sample: Sample,
    /// Rows that this run had to import.
    pub imported: usize,
}

/// Loads what is missing of the demonstration tenant; tells `progress` before each step.
///
/// # Errors
/// What the store or the tenant says; then the next call goes on from there.
pub async fn load(
    registry: &Arc<Registry>,
    progress: &(dyn Fn(Loading) + Send + Sync),
) -> Result<Demo> {
    let row = find_or_make(registry).await?;
    let tenant = registry.tenant(row.id).await?;
    let parts = Arc::new(parts::Parts::read()?);
    let imported = import::missing(&tenant, &parts, progress).await?;
    let sample = sample::draw(&tenant, &parts).await?;
    Ok(Demo { tenant: row.id, sample, imported })
}

async fn find_or_make(registry: &Arc<Registry>) -> Result<Row> {
    match find(registry).await? {
        Some(row) => Ok(row),
        None => {
            // A load that was killed may have left it on its way; nobody else has this store.
            let master = registry.tenant(TenantId::MASTER).await?;
            master.execute(who(), GiveUp(SLUG.to_owned())).await?;
            Ok(create(registry, &who(), tenant(), false).await?.row)
        }
    }
}

/// The tenant of the slug; one that is on its way is not found, and its slug not free.
async fn find(registry: &Arc<Registry>) -> Result<Option<Row>> {
    let find = |view: &View<'_>| match view.get::<TenantsBySlug>(&(SLUG.to_owned(),))? {
        Some(TenantRef(id)) => directory_row(view, id),
        None => Ok(None),
    };
    let row = registry.tenant(TenantId::MASTER).await?.read(find).await?;
    let creating = latchkey_storage::tables::TenantStatus::Creating;
    Ok(row.filter(|row| row.status != creating))
}

fn tenant() -> NewTenant {
    NewTenant {
        name: "Demonstration".into(),
        slug: SLUG.into(),
        display_name: None,
        description: Some("Google Cloud's predefined roles, and people who hold them".into()),
        logo_url: None,
        primary_color: None,
        settings: "{}".into(),
        password_policy: "{}".into(),
        mfa_enabled: false,
        mfa_required: false,
    }
}

/// On whose behalf all of this happens.
fn who() -> Who {
    Who::system("demo")
}

#[cfg(test)]
mod tests;
