//! Roles: the built-in ones, and those that a tenant makes.

mod system;

pub use system::SystemRole;
