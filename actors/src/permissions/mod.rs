//! Permissions: their names, the gateway's own, and those that a tenant makes.

mod gateway;
pub(crate) mod name;

pub use gateway::{Noun, Right, RightSet, Verb, tenant_admin_names};
pub use name::{NameError, PermissionName};
