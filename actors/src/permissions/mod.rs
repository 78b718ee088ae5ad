//! Permissions: their names, the gateway's own, and those that a tenant makes.

mod commands;
mod gateway;
pub(crate) mod name;
#[cfg(test)]
mod tests;

pub use commands::{Create, NewPermission, Remove, Restore, Update, fetch, list, pair, returning};
pub use gateway::{Noun, Right, RightSet, Verb, tenant_admin_names};
pub use name::{NameError, PermissionName};
