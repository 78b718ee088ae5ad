//! An open store: `RocksDB`, the keyring, the readers, and how far the commit log was applied.

mod backup;
mod figures;
mod lock;
mod open;
mod options;
mod readers;
mod verify;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use rocksdb::{Cache, ColumnFamily, DB, WriteBatch, WriteOptions};

pub use backup::restore;
pub use figures::Estimates;
pub use options::{Durability, Options};
pub use verify::{CORRUPT_LISTED_MAX, VerifyReport};

use crate::batch::{Seq, Version};
use crate::crypto::{Fingerprint, Keyring};
use crate::error::{Corrupt, StoreError};
use crate::id::TenantId;
use crate::store::readers::Readers;
use crate::table::{Family, Table, decode_value, row_key};
use crate::tables::Versions;
use crate::tables::instance::{self, Applied};
use crate::view::View;

pub(crate) type Snapshot<'s> = rocksdb::SnapshotWithThreadMode<'s, DB>;

/// A store, opened by this process alone.
pub struct Store {
    readers: Readers,
    keyring: Keyring,
    options: Options,
    path: PathBuf,
    cache: Cache,
    failed: AtomicBool,
    last_applied: AtomicU64,
    log_syncs: AtomicU64,
    /// What was read at the start; the log takes it and is the only one to write from then on.
    applied: Mutex<Option<Applied>>,
    db: DB,
    // INVARIANT: the last field, so that the folder is free only after the database is closed.
    _lock: File,
}

impl Store {
    /// The opened keys of the store.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What to store and to look up of a secret.
    pub fn fingerprint(&self, secret: &[u8]) -> Fingerprint {
        self.keyring.fingerprint(secret)
    }

    /// A snapshot of one tenant. It blocks on the disk: call it on a reader thread only.
    pub fn view(&self, tenant: TenantId) -> View<'_> {
        View::new(self, tenant)
    }

    /// Runs `f` over a view on a reader thread and gives its answer.
    ///
    /// Refuses with [`StoreError::Busy`] at once when too many reads wait.
    pub async fn read<R: Send + 'static>(
        self: &Arc<Self>,
        tenant: TenantId,
        f: impl FnOnce(&mut View<'_>) -> R + Send + 'static,
    ) -> Result<R, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.read_detached(tenant, move |view| {
            // Whoever asked may have gone away; then nobody misses the answer.
            drop(answer.send(f(view)));
        })?;
        answered.await.map_err(|_| StoreError::Abandoned)
    }

    /// Runs `f` over a view on a reader thread; `f` sends its own answer. When this refuses, `f`
    /// is dropped without being called.
    pub fn read_detached(
        self: &Arc<Self>,
        tenant: TenantId,
        f: impl FnOnce(&mut View<'_>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let store = Arc::clone(self);
        self.readers.submit(Box::new(move || f(&mut store.view(tenant))))
    }

    /// Whether a write failed: the store takes none until it is opened again.
    pub fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The last record that every new view contains.
    pub fn last_applied(&self) -> Seq {
        Seq(self.last_applied.load(Ordering::Acquire))
    }

    /// The folder of the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn durability(&self) -> Durability {
        self.options.durability
    }

    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        self.db.snapshot()
    }

    pub(crate) fn family(&self, family: Family) -> Result<&ColumnFamily, StoreError> {
        self.named_family(family.name())
    }

    pub(crate) fn instance_family(&self) -> Result<&ColumnFamily, StoreError> {
        self.named_family(instance::FAMILY)
    }

    fn named_family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        let missing = || Corrupt::place(name, "the column family is missing");
        self.db.cf_handle(name).ok_or_else(|| missing().into())
    }

    /// The digest of all records up to the last applied one: equal histories give equal digests.
    pub fn digest(&self) -> Result<(Seq, [u8; 32]), StoreError> {
        let row = self.db.get_pinned_cf(self.instance_family()?, instance::APPLIED_KEY);
        let row = row.map_err(|error| StoreError::rocks("reading the instance", &error))?;
        let damaged = || Corrupt::place("the instance", "it does not say how far it was applied");
        let applied = row.and_then(|row| Applied::decode(&row)).ok_or_else(damaged)?;
        Ok((applied.seq, applied.digest))
    }

    /// A tenant's latest version.
    pub(crate) fn version(&self, tenant: TenantId) -> Result<Version, StoreError> {
        let family = self.family(Versions::FAMILY)?;
        let row = self.db.get_pinned_cf(family, row_key::<Versions>(tenant, &()));
        version_of(row.map_err(|error| StoreError::rocks("reading a version", &error))?.as_deref())
    }

    /// Hands out how far the log was applied, once: there is one writer.
    pub(crate) fn take_applied(&self) -> Option<Applied> {
        self.applied.lock().take()
    }

    /// Writes a batch of the log; its records count as applied when it is in.
    pub(crate) fn commit(
        &self,
        batch: WriteBatch,
        last: Seq,
        sync: bool,
    ) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.writing(self.db.write_opt(batch, &options))?;
        self.last_applied.store(last.0, Ordering::Release);
        Ok(())
    }

    /// Brings what was written without a sync to the disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.log_syncs.fetch_add(1, Ordering::Relaxed);
        self.writing(self.db.flush_wal(true))
    }

    /// A failed write fails the store: nobody knows what of it reached the disk.
    fn writing(&self, result: Result<(), rocksdb::Error>) -> Result<(), StoreError> {
        result.map_err(|error| {
            self.fail();
            StoreError::rocks("writing the commit log", &error)
        })
    }

    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

/// The version in a tenant's row of [`Versions`]; 0 when it has none yet.
pub(crate) fn version_of(row: Option<&[u8]>) -> Result<Version, StoreError> {
    let row = row.map(|value| decode_value::<Versions>(&[], value)).transpose()?;
    Ok(row.map_or(Version(0), |row| Version(row.0)))
}

impl Drop for Store {
    fn drop(&mut self) {
        self.db.cancel_all_background_work(true);
    }
}
