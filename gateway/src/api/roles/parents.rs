//! Parents of a role, as bodies name them: whoever sets one gives all that it gives.

use latchkey_actors::error::{Error, Result};
use latchkey_actors::roles as domain;
use latchkey_storage::id::RoleId;
use latchkey_storage::tables::Role;

use crate::api::guard;
use crate::context::Ctx;

/// Roles as they are named in bodies: by id or by name. An id is not looked for here.
///
/// # Errors
/// 422 that concerns `field` for a name that no role has.
pub(in crate::api) async fn named(
    ctx: &Ctx,
    field: &'static str,
    named: Vec<String>,
) -> Result<Vec<RoleId>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let find = move |view: &latchkey_storage::View<'_>| {
        let role = |text: &String| match text.parse() {
            Ok(id) => Ok(id),
            Err(_) => domain::named(view, text)?.ok_or_else(|| unknown(field, text)),
        };
        named.iter().map(role).collect()
    };
    ctx.tenant()?.read(find).await
}

#[cold]
fn unknown(field: &'static str, text: &str) -> Error {
    let shown: String = text.chars().take(64).collect();
    Error::invalid(field, format!("there is no role `{shown}`"))
}

/// Parents that the caller may set: those that it may give, and those that stand.
pub(super) struct Judged {
    parents: Vec<RoleId>,
    given: Vec<RoleId>,
}

impl Judged {
    /// Judges the new parents of a role; those that it has by now are given by nobody.
    ///
    /// # Errors
    /// 403 for what the caller does not hold, 404 when there is no such role.
    pub(super) async fn of(ctx: &Ctx, role: RoleId, parents: Vec<RoleId>) -> Result<Self> {
        let before = ctx.tenant()?.read(move |view| domain::fetch(view, role)).await?.parents;
        let given = parents.iter().copied().filter(|parent| !before.contains(parent));
        let given: Vec<RoleId> = given.collect();
        guard::may_give_roles(ctx, &given).await?;
        Ok(Self { parents, given })
    }

    /// Sets them, unless one that stood has been taken away since.
    pub(super) fn set(self, row: &mut Role) -> Result<()> {
        let known = |parent| row.parents.contains(parent) || self.given.contains(parent);
        if !self.parents.iter().all(known) {
            return Err(guard::overtaken());
        }
        row.parents = self.parents;
        Ok(())
    }
}
