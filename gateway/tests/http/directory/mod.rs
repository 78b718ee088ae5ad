//! Users, roles, permissions and groups: every endpoint, its refusals, and what each change does
//! to decisions.

mod administrator;
mod common;
mod groups;
mod guard;
mod integration;
mod permissions;
mod roles;
mod users;
