//! Tenants: their directory, which is rows of the master tenant, and how one comes to be.

mod commands;
mod create;
#[cfg(test)]
mod tests;

pub use commands::{
    Activate, Edit, GiveUp, NewTenant, Remove, Restore, Update, code, fetch, list, nobody,
};
pub use create::{AdminKey, Created, Founded, create, data_key, found, found_master};
