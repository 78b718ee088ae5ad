//! Applying records: deterministic, in order, a whole group in one batch.
//!
//! The batch holds the operations of every record, the version of every tenant in it, and last the
//! row that says how far the log was applied, with a digest of all records so far.

use std::sync::Arc;

use hashbrown::HashMap;
use rocksdb::WriteBatch;

use crate::batch::{Record, Seq, Version};
use crate::codec::Row;
use crate::error::StoreError;
use crate::id::TenantId;
use crate::journal::AppendError;
use crate::store::Store;
use crate::table::{Family, Table, row_key};
use crate::tables::instance::{APPLIED_KEY, Applied};
use crate::tables::{self, Versions};

/// Where the log stands: the last record and the versions of the tenants that wrote of late.
pub(crate) struct Position {
    store: Arc<Store>,
    applied: Applied,
    versions: HashMap<TenantId, Version>,
    versions_max: usize,
    /// The encoded record that is being digested.
    scratch: Vec<u8>,
}

/// A group on its way into the store.
pub(crate) struct Group {
    batch: WriteBatch,
    pub(crate) bytes: usize,
    records: u32,
    /// The version that each tenant of the group gets.
    moved: HashMap<TenantId, Version>,
    applied: Applied,
}

impl Position {
    pub(crate) fn new(store: Arc<Store>, applied: Applied, versions_max: usize) -> Position {
        let versions = HashMap::new();
        Position { store, applied, versions, versions_max, scratch: Vec::new() }
    }

    /// A group that follows the last one.
    pub(crate) fn group(&self) -> Group {
        Group {
            batch: WriteBatch::default(),
            bytes: 0,
            records: 0,
            moved: HashMap::new(),
            applied: self.applied,
        }
    }

    /// Adds a record to the group and gives it its place, unless the tenant has moved on.
    pub(crate) fn add(&mut self, group: &mut Group, record: &Record) -> Result<Seq, AppendError> {
        let current = match group.moved.get(&record.tenant) {
            Some(version) => *version,
            None => self.version(record.tenant).map_err(|_| AppendError::Unreadable)?,
        };
        if current != record.prev {
            return Err(AppendError::Conflict { current });
        }
        record.check().map_err(AppendError::Malformed)?;
        group.put(&self.store, record).map_err(|_| AppendError::Unreadable)?;
        let seq = group.applied.seq.next();
        let digest = self.digest(&group.applied.digest, record);
        group.records += 1;
        group.bytes += self.scratch.len();
        group.applied = Applied { seq, records: group.records, digest };
        group.moved.insert(record.tenant, Version::from(seq));
        Ok(seq)
    }

    /// Writes the group. After an error the position is that before it, and the store has failed.
    pub(crate) fn commit(&mut self, mut group: Group, sync: bool) -> Result<(), StoreError> {
        let versions = self.store.family(Versions::FAMILY)?;
        // In the order of tenants: the same history gives the same bytes.
        let mut moved: Vec<_> = group.moved.into_iter().collect();
        moved.sort_unstable();
        for (tenant, version) in &moved {
            let row = tables::Version(version.0).encode();
            group.batch.put_cf(versions, row_key::<Versions>(*tenant, &()), row);
        }
        // INVARIANT: the last row of the batch; the check of the log at the start looks for it.
        group.batch.put_cf(self.store.instance_family()?, APPLIED_KEY, group.applied.encode());
        self.store.commit(group.batch, group.applied.seq, sync)?;
        self.applied = group.applied;
        if self.versions.len() + moved.len() > self.versions_max {
            self.versions.clear();
        }
        self.versions.extend(moved);
        Ok(())
    }

    fn version(&mut self, tenant: TenantId) -> Result<Version, StoreError> {
        if let Some(version) = self.versions.get(&tenant) {
            return Ok(*version);
        }
        self.store.version(tenant)
    }

    /// BLAKE3 over the digest before and the encoded record.
    fn digest(&mut self, before: &[u8; 32], record: &Record) -> [u8; 32] {
        self.scratch.clear();
        record.encode_into(&mut self.scratch);
        let mut hasher = blake3::Hasher::new();
        hasher.update(before);
        hasher.update(&self.scratch);
        *hasher.finalize().as_bytes()
    }
}

impl Group {
    pub(crate) const fn records(&self) -> u32 {
        self.records
    }

    fn put(&mut self, store: &Store, record: &Record) -> Result<(), StoreError> {
        let [rows, audit, data_keys] = [
            store.family(Family::Rows)?,
            store.family(Family::Audit)?,
            store.family(Family::DataKeys)?,
        ];
        for op in &record.ops {
            let family = match op.family {
                Family::Rows => rows,
                Family::Audit => audit,
                Family::DataKeys => data_keys,
            };
            match &op.value {
                Some(value) => self.batch.put_cf(family, &op.key, value),
                None => self.batch.delete_cf(family, &op.key),
            }
        }
        Ok(())
    }
}
