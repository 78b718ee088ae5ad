//! The domain of Latchkey: rules, messages and actors, one folder a noun. It knows no HTTP.

pub mod api_keys;
pub mod audit;
pub mod clock;
pub mod decisions;
pub mod entropy;
pub mod error;
pub mod mailbox;
pub mod permissions;
pub mod rate_limits;
pub mod registry;
pub mod roles;
pub mod shared;
pub mod tenant;
pub mod tenants;
pub mod text;
pub mod users;
