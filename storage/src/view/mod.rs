//! One snapshot of one tenant, overlaid with writes that are not committed yet.

mod scan;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use scan::Page;

use crate::batch::{Op, Seq, Version};
use crate::codec::Row;
use crate::error::StoreError;
use crate::id::TenantId;
use crate::store::{Snapshot, Store, version_of};
use crate::table::{Family, KEY_HEAD_BYTES, Table, decode_value, row_key};
use crate::tables::Versions;

/// Keys and values of a table.
pub type RowsOf<T> = Vec<(<T as Table>::Key, <T as Table>::Value)>;

/// A write of the overlay: the family and the encoded row, `None` where it is deleted.
type Write = (Family, Option<Vec<u8>>);

/// What a command reads and writes.
///
/// Reads see one snapshot and the view's own writes. Nothing reaches the store: the writes leave as
/// operations. Reading blocks on the disk, so a view belongs on a reader thread of the store.
pub struct View<'s> {
    store: &'s Store,
    snapshot: Snapshot<'s>,
    tenant: TenantId,
    seq: Seq,
    overlay: BTreeMap<Vec<u8>, Write>,
    /// What each write replaced in the overlay, oldest first.
    undo: Vec<(Vec<u8>, Option<Write>)>,
}

/// A point that a view can return to.
#[derive(Debug)]
pub struct Savepoint(usize);

impl<'s> View<'s> {
    pub(crate) fn new(store: &'s Store, tenant: TenantId) -> View<'s> {
        // INVARIANT: read before the snapshot is taken, so that the snapshot holds this record.
        let seq = store.last_applied();
        let snapshot = store.snapshot();
        View { store, snapshot, tenant, seq, overlay: BTreeMap::new(), undo: Vec::new() }
    }

    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The last record of the log that this snapshot certainly contains; it may contain later ones.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The tenant's version in this snapshot.
    pub fn version(&self) -> Result<Version, StoreError> {
        let key = row_key::<Versions>(self.tenant, &());
        version_of(self.stored(Versions::FAMILY, &key)?.as_deref())
    }

    /// The row of this key.
    pub fn get<T: Table>(&self, key: &T::Key) -> Result<Option<T::Value>, StoreError> {
        let key = row_key::<T>(self.tenant, key);
        let own = key.get(KEY_HEAD_BYTES..).unwrap_or_default();
        if let Some((_, written)) = self.overlay.get(&key) {
            return Ok(written.as_ref().map(|value| decode_value::<T>(own, value)).transpose()?);
        }
        let stored = self.stored(T::FAMILY, &key)?;
        Ok(stored.map(|value| decode_value::<T>(own, &value)).transpose()?)
    }

    /// Whether there is a row of this key. The value is not decoded.
    pub fn contains<T: Table>(&self, key: &T::Key) -> Result<bool, StoreError> {
        let key = row_key::<T>(self.tenant, key);
        match self.overlay.get(&key) {
            Some((_, written)) => Ok(written.is_some()),
            None => Ok(self.stored(T::FAMILY, &key)?.is_some()),
        }
    }

    /// Writes a row, or replaces it.
    pub fn put<T: Table>(&mut self, key: &T::Key, value: &T::Value) {
        self.write::<T>(key, Some(value.encode()));
    }

    /// Deletes a row; one that is not there stays so.
    pub fn delete<T: Table>(&mut self, key: &T::Key) {
        self.write::<T>(key, None);
    }

    /// Marks a point to return to.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Drops every write made since the savepoint.
    pub fn rollback(&mut self, Savepoint(writes): Savepoint) {
        while self.undo.len() > writes {
            match self.undo.pop() {
                Some((key, Some(write))) => drop(self.overlay.insert(key, write)),
                Some((key, None)) => drop(self.overlay.remove(&key)),
                None => return,
            }
        }
    }

    /// Whether nothing was written.
    pub fn is_unchanged(&self) -> bool {
        self.overlay.is_empty()
    }

    /// Bytes of keys and values that are written.
    pub fn written_bytes(&self) -> usize {
        let bytes =
            |(key, (_, value)): (&Vec<u8>, &Write)| key.len() + value.as_ref().map_or(0, Vec::len);
        self.overlay.iter().map(bytes).sum()
    }

    /// The writes, one for each key, in the order of keys; the view still shows them.
    pub fn ops(&self) -> Vec<Op> {
        let op = |(key, (family, value)): (&Vec<u8>, &Write)| Op {
            family: *family,
            key: key.clone(),
            value: value.clone(),
        };
        self.overlay.iter().map(op).collect()
    }

    /// The writes, one for each key, in the order of keys.
    pub fn into_ops(self) -> Vec<Op> {
        let op = |(key, (family, value))| Op { family, key, value };
        self.overlay.into_iter().map(op).collect()
    }

    /// The keys of the store that sealed rows need.
    pub fn keyring(&self) -> &'s crate::crypto::Keyring {
        self.store.keyring()
    }

    fn write<T: Table>(&mut self, key: &T::Key, value: Option<Vec<u8>>) {
        let key = row_key::<T>(self.tenant, key);
        let write = (T::FAMILY, value);
        let replaced = match self.overlay.entry(key.clone()) {
            Entry::Occupied(mut entry) => Some(entry.insert(write)),
            Entry::Vacant(entry) => {
                entry.insert(write);
                None
            }
        };
        self.undo.push((key, replaced));
    }

    fn stored(&self, family: Family, key: &[u8]) -> Result<Option<Pinned<'_>>, StoreError> {
        let family = self.store.family(family)?;
        let found = self.snapshot.get_pinned_cf(family, key);
        found.map_err(|error| StoreError::rocks("reading a row", &error))
    }
}

type Pinned<'v> = rocksdb::DBPinnableSlice<'v>;

/// Where a page of a table begins again: after this row.
pub fn cursor<T: Table>(key: &T::Key) -> Vec<u8> {
    crate::key::encode(key)
}
