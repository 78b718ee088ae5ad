//! The decision engine: who may do what, decided in memory.
//!
//! A [`Model`] is what a tenant's roles and groups grant, compiled; it never changes and is shared.
//! A commit gives a new one by [`Model::derive`]. A principal's rights under it are an
//! [`Effective`], resolved once and kept; a [`Question`] is then answered by a few hash look-ups
//! and bit tests, without allocation or lock.
//!
//! Nothing here reads the store, a clock or the network: rows come in as [`Change`]s, time as
//! milliseconds.

mod bits;
mod change;
mod draft;
mod effective;
mod hash;
pub(crate) mod hierarchy;
mod interner;
mod model;
mod question;
mod resolve;
mod shards;
#[cfg(test)]
mod tests;

pub use change::{Assignment, Change, GroupState, RoleState};
pub use effective::{Direct, Effective};
pub use hierarchy::{HierarchyError, LEVELS_MAX};
pub use model::Model;
pub use question::{QUESTION_BYTES_MAX, Question, QuestionError};
