//! Sets of interned names: a sorted list where few are set, words of bits where many are.

/// An immutable set of ids.
#[derive(Clone, Debug)]
pub(super) enum IdSet {
    /// Sorted, without duplicates.
    Sparse(Box<[u32]>),
    Dense(Box<[u64]>),
}

impl IdSet {
    pub(super) fn empty() -> Self {
        Self::Sparse(Box::default())
    }

    /// From sorted ids without duplicates. A list is kept while it is at most half the size of the
    /// words: testing a bit is faster than searching.
    pub(super) fn from_sorted(ids: Vec<u32>) -> Self {
        let words = ids.last().map_or(0, |&last| word_of(last) + 1);
        if ids.len() <= words {
            return Self::Sparse(ids.into_boxed_slice());
        }
        let mut dense = vec![0; words];
        for &id in &ids {
            set(&mut dense, id);
        }
        Self::Dense(dense.into_boxed_slice())
    }

    pub(super) fn union<'a>(sets: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let mut dense = vec![0; sets.clone().map(Self::words).max().unwrap_or(0)];
        sets.for_each(|one| one.add_to(&mut dense));
        Self::from_words(dense)
    }

    #[inline]
    pub(super) fn contains(&self, id: u32) -> bool {
        match self {
            Self::Sparse(ids) => ids.binary_search(&id).is_ok(),
            Self::Dense(words) => words.get(word_of(id)).is_some_and(|word| word & bit_of(id) != 0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        // INVARIANT: words are kept only where they hold more ids than there are words.
        matches!(self, Self::Sparse(ids) if ids.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (ids, words): (&[u32], &[u64]) = match self {
            Self::Sparse(ids) => (ids, &[]),
            Self::Dense(words) => (&[], words),
        };
        ids.iter().copied().chain(ids_of(words))
    }

    /// The set after `edits` (an id, and whether it is in), of which the last one of an id counts.
    pub(super) fn edited(&self, mut edits: Vec<(u32, bool)>) -> Self {
        edits.sort_by_key(|&(id, _)| id);
        let mut old = self.iter().peekable();
        let mut new = Vec::with_capacity(edits.len());
        for same in edits.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(id, granted)) = same.last() else { continue };
            new.extend(std::iter::from_fn(|| old.next_if(|&other| other < id)));
            old.next_if_eq(&id);
            new.extend(granted.then_some(id));
        }
        new.extend(old);
        Self::from_sorted(new)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Sparse(ids) => size_of_val(&**ids),
                Self::Dense(words) => size_of_val(&**words),
            }
    }

    fn words(&self) -> usize {
        match self {
            Self::Sparse(ids) => ids.last().map_or(0, |&last| word_of(last) + 1),
            Self::Dense(words) => words.len(),
        }
    }

    fn add_to(&self, dense: &mut [u64]) {
        match self {
            Self::Sparse(ids) => ids.iter().for_each(|&id| set(dense, id)),
            Self::Dense(words) => {
                for (into, from) in dense.iter_mut().zip(words) {
                    *into |= from;
                }
            }
        }
    }

    fn from_words(dense: Vec<u64>) -> Self {
        let last = dense.iter().rposition(|&word| word != 0).map_or(0, |at| at + 1);
        let count: u64 = dense.iter().map(|word| u64::from(word.count_ones())).sum();
        if count <= last as u64 {
            return Self::Sparse(ids_of(&dense).collect());
        }
        Self::Dense(dense.into_iter().take(last).collect())
    }
}

impl PartialEq for IdSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

fn word_of(id: u32) -> usize {
    (id / u64::BITS) as usize
}

fn bit_of(id: u32) -> u64 {
    1 << (id % u64::BITS)
}

fn set(words: &mut [u64], id: u32) {
    if let Some(word) = words.get_mut(word_of(id)) {
        *word |= bit_of(id);
    }
}

fn ids_of(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    (0_u32..).step_by(64).zip(words).flat_map(|(first, &word)| {
        let rest = std::iter::successors(Some(word), |&rest| Some(rest & rest.wrapping_sub(1)));
        rest.take_while(|&rest| rest != 0).map(move |rest| first + rest.trailing_zeros())
    })
}
