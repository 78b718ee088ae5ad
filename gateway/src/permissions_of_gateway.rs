//! Rights that handlers ask for beyond that of their row.

use latchkey_actors::permissions::{Noun, Right, Verb};

/// Reasons of decisions.
pub(crate) const EXPLAIN: Right = Right::of(Noun::Decisions, Verb::Explain);
/// The end of a key.
pub(crate) const REVOKE: Right = Right::of(Noun::ApiKeys, Verb::Revoke);
/// The parts of the instance.
pub(crate) const INSTANCE_READ: Right = Right::of(Noun::Instance, Verb::Read);
