//! Nobody gives a key what they do not hold.

use latchkey_actors::api_keys::{KeyChange, NewKey};
use latchkey_actors::error::{Error, Result};
use latchkey_actors::permissions::PermissionName;
use latchkey_actors::roles::SystemRole;
use latchkey_actors::tenant::Judge;
use latchkey_storage::id::RoleId;
use latchkey_storage::tables::RolesByName;

use crate::context::Ctx;

/// Judges what a new key is to hold.
pub(super) async fn may_give(ctx: &Ctx, new: &NewKey) -> Result<()> {
    check(ctx, &new.scopes, &new.roles).await
}

/// Judges what a changed key is to hold.
pub(super) async fn may_change(ctx: &Ctx, change: &KeyChange) -> Result<()> {
    let scopes = change.scopes.as_deref().unwrap_or_default();
    check(ctx, scopes, change.roles.as_deref().unwrap_or_default()).await
}

async fn check(ctx: &Ctx, scopes: &[String], roles: &[RoleId]) -> Result<()> {
    if scopes.is_empty() && roles.is_empty() {
        return Ok(());
    }
    let holder = ctx.holder().await?;
    for scope in scopes {
        if let Ok(name) = PermissionName::parse(scope)
            && !holder.covers(&name)
        {
            return Err(missing("scope", scope));
        }
    }
    if roles.is_empty() {
        return Ok(());
    }
    let given = ctx.tenant()?.rights(Judge::Roles(roles.to_vec())).await?;
    let names = given.map(|given| given.names()).unwrap_or_default();
    match names.iter().find(|name| !holder.covers(name)) {
        Some(name) => Err(missing("permission", &name.to_string())),
        None => Ok(()),
    }
}

#[cold]
fn missing(what: &str, name: &str) -> Error {
    Error::forbidden("The credential cannot give what it does not hold")
        .detail(format!("{what} `{name}` is not held by the credential"))
}

/// Roles as they are named in bodies: by id or by name.
pub(super) async fn roles(ctx: &Ctx, named: Vec<String>) -> Result<Vec<RoleId>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let tenant = ctx.tenant()?;
    let id = tenant.id();
    tenant
        .read(move |view| {
            let find = |text: &String| {
                if let Ok(role) = text.parse() {
                    return Ok(role);
                }
                if let Some(system) = SystemRole::named(text) {
                    return Ok(system.id(id));
                }
                let found = view.get::<RolesByName>(&(text.clone(),))?;
                let shown: String = text.chars().take(64).collect();
                let unknown = || Error::invalid("roles", format!("there is no role `{shown}`"));
                found.map(|found| found.0).ok_or_else(unknown)
            };
            named.iter().map(find).collect()
        })
        .await
}
