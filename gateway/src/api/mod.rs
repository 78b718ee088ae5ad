//! The endpoints, one noun a file or folder; a noun of several dialects has a file for each.

use crate::endpoint::Endpoint;

pub mod api_keys;
pub mod decisions;
pub mod health;
pub mod instance;
pub mod tenants;

/// Every table.
pub static TABLES: &[&[Endpoint]] = &[
    api_keys::iam::TABLE,
    api_keys::platform::TABLE,
    api_keys::validate::TABLE,
    api_keys::workspace::TABLE,
    decisions::TABLE,
    health::TABLE,
    instance::TABLE,
    tenants::TABLE,
];
