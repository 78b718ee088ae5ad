//! Inheritance has no circles, and only so many levels.

use std::hash::Hash;

use hashbrown::HashSet;
use thiserror::Error;

/// The most roles (or groups) in a chain from one to its furthest ancestor, both included.
pub const LEVELS_MAX: usize = 10;

/// Why parents are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HierarchyError {
    /// It would be above itself.
    #[error("these parents lead back to the object itself; leave out the one that does")]
    Cycle,
    /// A chain would be too long.
    #[error("inheritance would have more than {LEVELS_MAX} levels; choose a parent nearer the top")]
    TooDeep,
}

/// Whether `id` may get `parents`, while all others keep theirs.
pub(crate) fn check<'m, I: Copy + Eq + Hash + 'm>(
    id: I,
    parents: &[I],
    all: &(impl Iterator<Item = I> + Clone),
    parents_of: impl Fn(I) -> &'m [I],
) -> Result<(), HierarchyError> {
    let up = |tier: &HashSet<I>| tier.iter().flat_map(|&one| parents_of(one)).copied().collect();
    let above = tiers(id, parents.iter().copied().collect(), up)?;
    let is_child = |one: I, tier: &HashSet<I>| parents_of(one).iter().any(|up| tier.contains(up));
    let down = |tier: &HashSet<I>| all.clone().filter(|&o| o != id && is_child(o, tier)).collect();
    let below = tiers(id, down(&HashSet::from([id])), down)?;
    if above + 1 + below > LEVELS_MAX { Err(HierarchyError::TooDeep) } else { Ok(()) }
}

/// How many steps lead away from `id` before nothing is left. A tier is all that some path of so
/// many steps reaches, so the last one tells the longest path.
fn tiers<I: Copy + Eq + Hash>(
    id: I,
    first: HashSet<I>,
    next: impl Fn(&HashSet<I>) -> HashSet<I>,
) -> Result<usize, HierarchyError> {
    let mut tier = first;
    for levels in 0..LEVELS_MAX {
        if tier.is_empty() {
            return Ok(levels);
        }
        if tier.contains(&id) {
            return Err(HierarchyError::Cycle);
        }
        tier = next(&tier);
    }
    Err(HierarchyError::TooDeep)
}
