//! The names of one tenant (or one key's scopes), numbered, and found again from a question.
//!
//! A question meets at most one name of each kind: its own, with this action or any; any resource,
//! with this action or any; and for each prefix of its path what is granted below it, with this
//! action or any. Kinds that the tenant does not use are not looked up at all.

use std::sync::Arc;

use hashbrown::HashTable;

use super::{hash, question::Probe};
use crate::permissions::name::{NAME_CHARS_MAX, PermissionName, ResourcePattern, is_plain_path};

const SHARD_ENTRIES_MAX: usize = 64;

/// An append-only table of names; a copy shares all but the shards that it then changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    // INVARIANT: none, or a power of two.
    shards: Vec<Arc<HashTable<Entry>>>,
    len: u32,
    text_bytes: usize,
    kinds: Kinds,
}

#[derive(Clone, Debug)]
struct Entry {
    hash: u64,
    id: u32,
    name: PermissionName,
}

/// Which kinds of wildcards there are.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    /// The id of `*:*`.
    everything: Option<u32>,
    /// Any action on a resource named exactly.
    any_action: bool,
    /// An action on any resource.
    any_resource: bool,
    /// One bit for each number of slashes in a prefix that something is granted below.
    below: u64,
    below_any_action: u64,
}

impl Names {
    /// The held name that answers the probe, if there is one; of several, any.
    #[inline]
    pub(super) fn find(
        &self,
        probe: &Probe<'_>,
        held: impl Fn(u32) -> bool + Copy,
    ) -> Option<&PermissionName> {
        if self.kinds.everything.is_some_and(held) {
            return self.lookup(&probe.any_resource().any_action(), held);
        }
        self.of_own_resource(probe, held)
            .or_else(|| self.of_any_resource(probe, held))
            .or_else(|| self.below_prefixes(probe, held))
    }

    /// The number of a name, a new one if it has none yet.
    pub(super) fn intern(&mut self, name: &PermissionName) -> u32 {
        let probe = Probe::of_name(name);
        if let Some(id) = self.id_of(&probe) {
            return id;
        }
        let (hash, id) = (probe.hash(), self.len);
        self.grow_for(self.len() + 1);
        let place = hash::shard(hash, self.shards.len());
        if let Some(shard) = self.shards.get_mut(place).map(Arc::make_mut) {
            let entry = Entry { hash, id, name: name.clone() };
            shard.insert_unique(hash, entry, |entry| entry.hash);
        }
        self.kinds.note(&probe, id);
        self.text_bytes += name.as_str().len();
        self.len += 1;
        id
    }

    pub(super) fn get(&self, name: &PermissionName) -> Option<u32> {
        self.id_of(&Probe::of_name(name))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &PermissionName)> {
        self.shards.iter().flat_map(|shard| shard.iter()).map(|entry| (entry.id, &entry.name))
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let tables = self.shards.iter().map(|shard| shard.allocation_size() + 64);
        // Each text carries the two counts of its `Arc`.
        tables.sum::<usize>() + self.text_bytes + self.len() * 16
    }

    fn id_of(&self, probe: &Probe<'_>) -> Option<u32> {
        self.entry(probe, |_| true).map(|entry| entry.id)
    }

    fn of_own_resource(
        &self,
        probe: &Probe<'_>,
        held: impl Fn(u32) -> bool + Copy,
    ) -> Option<&PermissionName> {
        let own = self.lookup(probe, held);
        let exactly = matches!(probe.resource, ResourcePattern::Exactly(_));
        if own.is_some() || (exactly && !self.kinds.any_action) {
            return own;
        }
        self.lookup(&probe.any_action(), held)
    }

    /// `*:*` was tried first, so only `*:action` is left.
    fn of_any_resource(
        &self,
        probe: &Probe<'_>,
        held: impl Fn(u32) -> bool + Copy,
    ) -> Option<&PermissionName> {
        if !self.kinds.any_resource {
            return None;
        }
        self.lookup(&probe.any_resource(), held)
    }

    fn below_prefixes(
        &self,
        probe: &Probe<'_>,
        held: impl Fn(u32) -> bool + Copy,
    ) -> Option<&PermissionName> {
        let depths = self.kinds.below | self.kinds.below_any_action;
        if depths == 0 {
            return None;
        }
        let found = self.below_depths(probe, depths, held)?;
        // Last, as it costs a look at each byte: a path that climbs or stutters matches no `/*`.
        match probe.resource {
            ResourcePattern::Exactly(text) if !is_plain_path(text) => None,
            _ => Some(found),
        }
    }

    fn below_depths(
        &self,
        probe: &Probe<'_>,
        depths: u64,
        held: impl Fn(u32) -> bool + Copy,
    ) -> Option<&PermissionName> {
        let used = prefixes(probe.resource).filter(|&(depth, _)| depths & depth != 0);
        used.map(|(depth, prefix)| (depth, probe.below(prefix))).find_map(|(depth, below)| {
            let named = self.kinds.below & depth != 0;
            let found = if named { self.lookup(&below, held) } else { None };
            let any_action = self.kinds.below_any_action & depth != 0;
            if found.is_some() || !any_action {
                return found;
            }
            self.lookup(&below.any_action(), held)
        })
    }

    fn lookup(&self, probe: &Probe<'_>, held: impl Fn(u32) -> bool) -> Option<&PermissionName> {
        self.entry(probe, held).map(|entry| &entry.name)
    }

    /// Testing the bit before the text saves a refusal the look at the text.
    #[inline]
    fn entry(&self, probe: &Probe<'_>, held: impl Fn(u32) -> bool) -> Option<&Entry> {
        let hash = probe.hash();
        let shard = self.shards.get(hash::shard(hash, self.shards.len()))?;
        shard.find(hash, |entry| entry.hash == hash && held(entry.id) && entry.is(probe))
    }

    /// Doubles the shards when they are full: rare, and then everything is placed anew.
    fn grow_for(&mut self, len: usize) {
        let wanted = len.div_ceil(SHARD_ENTRIES_MAX).next_power_of_two();
        if wanted <= self.shards.len() {
            return;
        }
        let mut grown: Vec<HashTable<Entry>> = (0..wanted).map(|_| HashTable::new()).collect();
        for entry in self.shards.iter().flat_map(|shard| shard.iter()) {
            if let Some(shard) = grown.get_mut(hash::shard(entry.hash, wanted)) {
                shard.insert_unique(entry.hash, entry.clone(), |entry| entry.hash);
            }
        }
        self.shards = grown.into_iter().map(Arc::new).collect();
    }
}

impl Entry {
    fn is(&self, probe: &Probe<'_>) -> bool {
        self.name.action_pattern() == probe.action && self.name.resource_pattern() == probe.resource
    }
}

impl Kinds {
    fn note(&mut self, probe: &Probe<'_>, id: u32) {
        match (probe.resource, probe.action) {
            (ResourcePattern::Any, None) => self.everything = Some(id),
            (ResourcePattern::Any, Some(_)) => self.any_resource = true,
            (ResourcePattern::Exactly(_), None) => self.any_action = true,
            (ResourcePattern::Exactly(_), Some(_)) => {}
            (ResourcePattern::Below(prefix), Some(_)) => self.below |= depth_of(prefix),
            (ResourcePattern::Below(prefix), None) => self.below_any_action |= depth_of(prefix),
        }
    }
}

fn depth_of(prefix: &str) -> u64 {
    depth(prefix.bytes().filter(|&b| b == b'/').count())
}

/// Deep prefixes share the last bit.
fn depth(slashes: usize) -> u64 {
    1 << slashes.min(63)
}

/// What stands before each slash, as far as a name could reach, with its depth.
fn prefixes(resource: ResourcePattern<'_>) -> impl Iterator<Item = (u64, &str)> {
    let text = match resource {
        // Most have no slash at all, and that is quickly seen.
        ResourcePattern::Exactly(text) if !text.as_bytes().contains(&b'/') => "",
        ResourcePattern::Exactly(text) | ResourcePattern::Below(text) => text,
        ResourcePattern::Any => "",
    };
    let slashes = text.bytes().take(NAME_CHARS_MAX).enumerate().filter(|&(_, b)| b == b'/');
    slashes.enumerate().filter_map(|(n, (at, _))| Some((depth(n), text.get(..at)?)))
}
