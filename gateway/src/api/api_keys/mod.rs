//! API keys on three surfaces: one set of messages, a file of wire types for each dialect.

pub mod iam;
pub mod platform;
mod rights;
pub mod validate;
mod wire;
pub mod workspace;
