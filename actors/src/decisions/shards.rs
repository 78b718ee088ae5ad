//! A persistent map: a changed copy shares all but the small part that changed.

use std::{hash::Hash, sync::Arc};

use super::hash;

const SHARD_ENTRIES_MAX: usize = 64;

type Shard<K, V> = Vec<(K, Arc<V>)>;

/// Keys spread over shards by hash; each shard is sorted by key, and shared until it changes.
#[derive(Clone, Debug)]
pub(super) struct Shards<K, V> {
    // INVARIANT: none, or a power of two.
    shards: Vec<Arc<Shard<K, V>>>,
    len: usize,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self { shards: Vec::new(), len: 0 }
    }
}

impl<K: Copy + Ord + Hash, V> Shards<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&Arc<V>> {
        let shard = self.shards.get(self.place(key))?;
        let at = shard.binary_search_by_key(key, |(k, _)| *k).ok()?;
        shard.get(at).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &Arc<V>)> + Clone {
        self.shards.iter().flat_map(|shard| shard.iter().map(|(key, value)| (*key, value)))
    }

    pub(super) fn insert(&mut self, key: K, value: Arc<V>) {
        self.grow_for(self.len + 1);
        let place = self.place(&key);
        let Some(shard) = self.shards.get_mut(place).map(Arc::make_mut) else { return };
        match shard.binary_search_by_key(&key, |(k, _)| *k) {
            Ok(at) => shard.iter_mut().skip(at).take(1).for_each(|entry| entry.1 = value.clone()),
            Err(at) => {
                shard.insert(at, (key, value));
                self.len += 1;
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        if self.get(key).is_none() {
            return;
        }
        let place = self.place(key);
        if let Some(shard) = self.shards.get_mut(place).map(Arc::make_mut) {
            shard.retain(|(k, _)| k != key);
            self.len -= 1;
        }
    }

    /// The bytes of the map itself, without its values.
    pub(super) fn memory_bytes(&self) -> usize {
        self.shards.len() * (size_of::<Arc<Shard<K, V>>>() + size_of::<Shard<K, V>>() + 16)
            + self.len * size_of::<(K, Arc<V>)>()
    }

    fn place(&self, key: &K) -> usize {
        hash::shard(hash::of_key(key), self.shards.len())
    }

    /// Doubles the shards when they are full: rare, and then everything is placed anew.
    fn grow_for(&mut self, len: usize) {
        let wanted = len.div_ceil(SHARD_ENTRIES_MAX).next_power_of_two();
        if wanted <= self.shards.len() {
            return;
        }
        let mut grown: Vec<Shard<K, V>> = (0..wanted).map(|_| Vec::new()).collect();
        for (key, value) in self.iter() {
            if let Some(shard) = grown.get_mut(hash::shard(hash::of_key(&key), wanted)) {
                shard.push((key, Arc::clone(value)));
            }
        }
        for shard in &mut grown {
            shard.sort_unstable_by_key(|(key, _)| *key);
        }
        self.shards = grown.into_iter().map(Arc::new).collect();
    }
}
