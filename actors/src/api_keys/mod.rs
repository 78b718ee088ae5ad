//! API keys: issued once, kept as a keyed hash, judged in memory.

mod commands;
mod entry;
mod new_key;
mod secret;
mod verdict;

pub use commands::{Changed, Issue, Issued, Remove, Revoke, Revoked, Rotate, Rotated, Update};
pub use commands::{KeyStatus, already_revoked, draw, expiry, fetch, list, quota};
pub use entry::{KeyEntry, network};
pub use new_key::{KeyChange, Merge, NewKey, NewQuota};
pub use secret::{LENGTH, PREFIX_LENGTH, Secret, environment, may_hold_key, presented};
pub use verdict::{Presented, Refusal, Verdict};

pub(crate) use verdict::{good_until, judge_row};
