//! Ranges of a view: the snapshot's rows and the overlay's, merged in the order of keys.

use std::collections::btree_map;
use std::iter::Peekable;
use std::ops::{Bound, ControlFlow};

use rocksdb::{DBRawIterator, ReadOptions};

use crate::error::StoreError;
use crate::key::{KeyPart, after_prefix};
use crate::table::{KEY_HEAD_BYTES, Table, decode_key, decode_value, prefix};
use crate::view::{RowsOf, View, Write};

/// Which rows of a range to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Only rows after this key, as [`cursor`](crate::view::cursor) encodes it.
    pub after: Option<Vec<u8>>,
    /// Rows to leave out before the first.
    pub skip: usize,
    /// Rows to return at most.
    pub limit: usize,
}

impl View<'_> {
    /// The rows whose keys begin with these parts, in the order of keys, one page of them.
    pub fn scan<T: Table>(
        &self,
        parts: &impl KeyPart,
        page: Page,
    ) -> Result<RowsOf<T>, StoreError> {
        let mut rows = Vec::new();
        let Page { after, mut skip, limit } = page;
        if limit == 0 {
            return Ok(rows);
        }
        self.merged::<T>(parts, after.as_deref(), |own, value| {
            if skip > 0 {
                skip -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            rows.push((decode_key::<T>(own)?, decode_value::<T>(own, value)?));
            Ok(if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(rows)
    }

    /// Calls `f` with each row whose key begins with these parts, in the order of keys, until it
    /// breaks.
    pub fn for_each<T: Table>(
        &self,
        parts: &impl KeyPart,
        mut f: impl FnMut(T::Key, T::Value) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.merged::<T>(parts, None, |own, value| {
            Ok(f(decode_key::<T>(own)?, decode_value::<T>(own, value)?))
        })
    }

    /// The number of rows whose keys begin with these parts, counted up to `limit`. Values are not
    /// decoded.
    pub fn count<T: Table>(&self, parts: &impl KeyPart, limit: usize) -> Result<usize, StoreError> {
        let mut count = 0;
        if limit == 0 {
            return Ok(0);
        }
        self.merged::<T>(parts, None, |_, _| {
            count += 1;
            Ok(if count < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(count)
    }

    /// Walks the range of the parts, after a key where one is given.
    fn merged<T: Table>(
        &self,
        parts: &impl KeyPart,
        after: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let begin = prefix::<T>(self.tenant, parts);
        let end = after_prefix(&begin);
        let start = match after {
            // The first key after another is that key with a zero byte.
            Some(own) => begin.max([&prefix::<T>(self.tenant, &()), own, &[0]].concat()),
            None => begin,
        };
        if end.as_ref().is_some_and(|end| start >= *end) {
            return Ok(());
        }
        let mut merge = Merge::new(self, T::FAMILY, start, end)?;
        while let Some(row) = merge.next_row()? {
            if let Some(value) = row.value
                && visit(row.key.get(KEY_HEAD_BYTES..).unwrap_or_default(), value)?.is_break()
            {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// One key of either side.
struct Merged<'m> {
    key: &'m [u8],
    /// `None` where the overlay deletes the row.
    value: Option<&'m [u8]>,
}

/// The two sides, and which of them the row given last came from.
struct Merge<'v> {
    stored: DBRawIterator<'v>,
    written: Peekable<btree_map::Range<'v, Vec<u8>, Write>>,
    /// The stored row was given and has to be passed before the next.
    stored_is_spent: bool,
}

impl<'v> Merge<'v> {
    fn new(
        view: &'v View<'_>,
        family: crate::table::Family,
        start: Vec<u8>,
        end: Option<Vec<u8>>,
    ) -> Result<Merge<'v>, StoreError> {
        let bound = end.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let written = view.overlay.range((Bound::Included(start.clone()), bound)).peekable();
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let mut stored = view.snapshot.raw_iterator_cf_opt(view.store.family(family)?, options);
        stored.seek(start);
        Ok(Merge { stored, written, stored_is_spent: false })
    }

    /// The next key of either side; the overlay's row hides the stored one of the same key.
    fn next_row(&mut self) -> Result<Option<Merged<'_>>, StoreError> {
        if self.stored_is_spent {
            self.stored.next();
            self.stored_is_spent = false;
        }
        let Some(key) = self.stored.key() else {
            self.stored.status().map_err(|error| StoreError::rocks("reading a range", &error))?;
            return Ok(self.written.next().map(Merged::written));
        };
        match self.written.peek() {
            Some((written, _)) if written.as_slice() <= key => {
                self.stored_is_spent = written.as_slice() == key;
                Ok(self.written.next().map(Merged::written))
            }
            _ => {
                self.stored_is_spent = true;
                Ok(self.stored.item().map(|(key, value)| Merged { key, value: Some(value) }))
            }
        }
    }
}

impl<'m> Merged<'m> {
    fn written((key, (_, value)): (&'m Vec<u8>, &'m Write)) -> Merged<'m> {
        Merged { key, value: value.as_deref() }
    }
}
