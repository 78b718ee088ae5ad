//! Another name of a permission: every role that holds it grants that from then on, so whoever
//! names it must hold it.

use latchkey_actors::error::{Error, Result};
use latchkey_actors::permissions::{self as domain, PermissionName};
use latchkey_storage::id::PermissionId;
use latchkey_storage::tables::Permission;

use super::wire::split;
use crate::api::guard;
use crate::context::Ctx;

/// A name that the caller may set: one that it holds, or the one that stands.
pub(super) struct Judged {
    before: String,
    name: String,
}

/// What a body says of the name: all of it, or parts.
pub(super) struct Wanted {
    pub(super) name: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) action: Option<String>,
}

impl Judged {
    /// Judges the new name of a permission.
    ///
    /// # Errors
    /// 422 when it is none, 403 when the caller does not hold it, 404 without such a permission.
    pub(super) async fn of(ctx: &Ctx, id: PermissionId, wanted: Wanted) -> Result<Self> {
        let before = ctx.tenant()?.read(move |view| domain::fetch(view, id)).await?.name;
        let name = wanted.on(&before)?;
        if name.to_string() != before {
            guard::may_give_permission(ctx, &name).await?;
        }
        Ok(Self { before, name: name.to_string() })
    }

    /// Sets it, unless the permission has been given another name since.
    pub(super) fn set(self, row: &mut Permission) -> Result<()> {
        if row.name != self.before {
            return Err(guard::overtaken());
        }
        row.name = self.name;
        Ok(())
    }
}

impl Wanted {
    /// Whether the body speaks of the name at all.
    pub(super) fn is_anything(&self) -> bool {
        self.name.is_some() || self.resource.is_some() || self.action.is_some()
    }

    fn on(self, before: &str) -> Result<PermissionName> {
        if self.resource.is_none() && self.action.is_none() {
            let name = self.name.as_deref().unwrap_or(before);
            return PermissionName::parse(name)
                .map_err(|error| Error::invalid("name", error.to_string()));
        }
        let (resource, action) = split(before);
        let resource = self.resource.as_deref().unwrap_or(resource);
        let action = self.action.as_deref().unwrap_or(action);
        let name = self.name.unwrap_or_else(|| format!("{resource}:{action}"));
        domain::pair(&name, resource, action)
    }
}
