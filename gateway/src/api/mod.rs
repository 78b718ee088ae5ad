//! The endpoints, one noun a file or folder; a noun of several dialects has a file for each.

use crate::endpoint::Endpoint;

pub mod api_keys;
pub mod decisions;
pub mod docs;
pub mod groups;
mod guard;
pub mod health;
pub mod instance;
pub mod integration;
pub mod permissions;
pub mod roles;
pub mod tenants;
pub mod users;

/// Every table.
pub static TABLES: &[&[Endpoint]] = &[
    api_keys::iam::TABLE,
    api_keys::platform::TABLE,
    api_keys::validate::TABLE,
    api_keys::workspace::TABLE,
    decisions::TABLE,
    docs::TABLE,
    groups::TABLE,
    health::TABLE,
    instance::TABLE,
    integration::TABLE,
    permissions::TABLE,
    roles::TABLE,
    tenants::TABLE,
    users::TABLE,
];
