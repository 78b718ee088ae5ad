//! Roles: the built-in ones, and those that a tenant makes.

mod built_in;
mod commands;
mod grants;
mod parents;
mod system;
#[cfg(test)]
mod tests;

pub use built_in::{is_system, system_permission, system_row};
pub use commands::{Create, NewRole, Remove, Restore, Update, fetch, list, named};
pub use grants::{Grant, Revoke, permissions_of, returning};
pub use system::SystemRole;

pub(crate) use commands::exists;

/// The names of roles, as far as they still exist.
pub fn names(
    view: &latchkey_storage::View<'_>,
    ids: &[latchkey_storage::id::RoleId],
) -> crate::error::Result<Vec<String>> {
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        match fetch(view, *id) {
            Ok(role) => names.push(role.name),
            Err(error) if error.kind() == crate::error::Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}
