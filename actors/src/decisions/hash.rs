//! One seeded hash for all models, so that a question is hashed once, before any model is known.
//!
//! The seed is drawn once a process: who chooses the names cannot choose their collisions. Nothing
//! that leaves this module depends on the order of hashes.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::LazyLock,
};

use hashbrown::DefaultHashBuilder;

use crate::permissions::name::ResourcePattern;

static SEEDED: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// Stands for "any" where a text would be hashed.
pub(super) const ANY: u64 = 0x9e37_79b9_7f4a_7c15;

const EXACTLY: u64 = 0x2545_f491_4f6c_dd1d;
const BELOW: u64 = 0xd6e8_feb8_6659_fd93;

pub(super) fn of_text(text: &str) -> u64 {
    let mut hasher = SEEDED.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

pub(super) fn of_key<K: Hash>(key: &K) -> u64 {
    SEEDED.hash_one(key)
}

pub(super) fn of_resource(resource: ResourcePattern<'_>) -> u64 {
    match resource {
        ResourcePattern::Exactly(text) => exactly(of_text(text)),
        ResourcePattern::Below(prefix) => below(of_text(prefix)),
        ResourcePattern::Any => ANY,
    }
}

pub(super) fn of_action(action: Option<&str>) -> u64 {
    action.map_or(ANY, of_text)
}

/// The hash of an exact resource, from that of its text.
pub(super) fn exactly(text: u64) -> u64 {
    text ^ EXACTLY
}

/// The hash of all that is below a prefix, from that of the prefix.
pub(super) fn below(prefix: u64) -> u64 {
    prefix ^ BELOW
}

/// The hash of a name, from those of its two sides.
#[expect(clippy::cast_possible_truncation, reason = "the two halves are folded into one")]
pub(super) fn pair(resource: u64, action: u64) -> u64 {
    let product = u128::from(resource) * u128::from(action.rotate_left(32) ^ EXACTLY);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Which of `shards` (a power of two, or none) holds a hash: bits that a table of its own does not
/// look at.
pub(super) fn shard(hash: u64, shards: usize) -> usize {
    (hash >> 32) as usize & shards.wrapping_sub(1)
}
