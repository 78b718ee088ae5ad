//! Tenants: their directory, which is rows of the master tenant, and how one comes to be.

mod commands;
mod create;

pub use commands::{Edit, NewTenant, Remove, Restore, Update, code, fetch, list};
pub use create::{AdminKey, Created, create, data_key, found_master};
