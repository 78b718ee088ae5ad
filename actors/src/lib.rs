//! The domain of Latchkey: rules, messages and actors, one folder a noun. It knows no HTTP.

pub mod api_keys;
pub mod audit;
pub mod clock;
pub mod decisions;
pub mod demo;
pub mod entropy;
pub mod error;
pub mod groups;
pub mod links;
pub mod mailbox;
pub mod permissions;
pub mod rate_limits;
pub mod registry;
pub mod roles;
pub mod shared;
pub mod tenant;
pub mod tenants;
#[cfg(test)]
mod testing;
pub mod text;
pub mod users;
