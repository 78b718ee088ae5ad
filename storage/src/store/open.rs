//! Creating a store, and opening one: nothing in the folder changes before it is known to be ours.
//!
//! First a read-only look without the log gives the format, the keyring and the record that the
//! table files end with; then the log is checked against that; only then `RocksDB` opens the folder
//! and replays the log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parking_lot::Mutex;
use rocksdb::{Cache, DB, FlushOptions, WriteBatch, WriteOptions, properties};

use crate::batch::Seq;
use crate::crypto::{Keyring, MasterKey};
use crate::entropy::Entropy;
use crate::error::{Corrupt, StoreError};
use crate::journal::wal;
use crate::store::readers::Readers;
use crate::store::{Options, Store, backup, lock, options};
use crate::tables::instance::{self, Applied, Instance};

/// What the table files say without the log.
struct Persisted {
    instance: Instance,
    /// Log files before this one are not needed any more.
    log_number_min: u64,
}

impl Store {
    /// Makes a new store in a folder that is empty or does not exist.
    pub fn create(
        path: impl AsRef<Path>,
        options: &Options,
        master: &MasterKey,
        entropy: &dyn Entropy,
    ) -> Result<Arc<Store>, StoreError> {
        let path = path.as_ref();
        let failed = |error: &_| StoreError::io("making the folder of the store", path, error);
        fs::create_dir_all(path).map_err(|error| failed(&error))?;
        backup::sync_parent(path).map_err(|error| failed(&error))?;
        let lock = lock::lock(path)?;
        match look(path, options) {
            Err(StoreError::NotInitialised(_)) => {}
            Ok(_) => return Err(StoreError::AlreadyInitialised(path.to_owned())),
            Err(error) => return Err(error),
        }
        let (keyring, rows) = Keyring::create(master, entropy);
        let instance =
            Instance { format: instance::FORMAT, applied: Applied::START, keyring: rows };
        let opening = Opening { path: path.to_owned(), options, lock };
        let store = opening.open(true, keyring, |db| {
            write_instance(db, &instance)?;
            Ok(Applied::START)
        })?;
        Ok(Arc::new(store))
    }

    /// Opens the store of a folder.
    ///
    /// # Errors
    /// `NotInitialised`, `Locked`, `Newer`, `WrongMasterKey`, `Corrupt`, or `Io`.
    pub fn open(
        path: impl AsRef<Path>,
        options: &Options,
        master: &MasterKey,
    ) -> Result<Arc<Store>, StoreError> {
        let path = path.as_ref();
        if !path.join("CURRENT").exists() {
            return Err(StoreError::NotInitialised(path.to_owned()));
        }
        let lock = lock::lock(path)?;
        let Persisted { instance, log_number_min } = look(path, options)?;
        let keyring = Keyring::open(master, &instance.keyring)?;
        let end = wal::check(path, log_number_min, instance.applied.seq)?;
        let opening = Opening { path: path.to_owned(), options, lock };
        let store = opening.open(false, keyring, |db| replayed(db, path, end))?;
        Ok(Arc::new(store))
    }
}

/// What it takes to open `RocksDB`.
struct Opening<'o> {
    path: PathBuf,
    options: &'o Options,
    lock: File,
}

impl Opening<'_> {
    fn open(
        self,
        create: bool,
        keyring: Keyring,
        then: impl FnOnce(&DB) -> Result<Applied, StoreError>,
    ) -> Result<Store, StoreError> {
        let Opening { path, options, lock } = self;
        let cache = Cache::new_lru_cache(options.block_cache_bytes);
        let mut database = options::database(options);
        database.create_if_missing(create);
        database.create_missing_column_families(create);
        let families = options::families(options, &cache);
        let db = DB::open_cf_descriptors(&database, &path, families)
            .map_err(|error| StoreError::rocks("opening the store", &error))?;
        let applied = then(&db)?;
        Ok(Store {
            readers: Readers::start(options)?,
            keyring,
            options: *options,
            path,
            cache,
            failed: AtomicBool::new(false),
            last_applied: AtomicU64::new(applied.seq.0),
            log_syncs: AtomicU64::new(0),
            applied: Mutex::new(Some(applied)),
            db,
            _lock: lock,
        })
    }
}

/// Writes the rows of a new instance to a table file, where the next start looks for them.
fn write_instance(db: &DB, instance: &Instance) -> Result<(), StoreError> {
    let failed = |error: &_| StoreError::rocks("writing a new store", error);
    let family = db.cf_handle(instance::FAMILY).ok_or_else(no_instance_family)?;
    let mut batch = WriteBatch::default();
    for (name, value) in instance.encode() {
        batch.put_cf(family, name, value);
    }
    let mut options = WriteOptions::default();
    options.set_sync(true);
    db.write_opt(batch, &options).map_err(|error| failed(&error))?;
    let mut flush = FlushOptions::default();
    flush.set_wait(true);
    db.flush_cf_opt(family, &flush).map_err(|error| failed(&error))
}

/// Reads the table files and leaves the log alone.
fn look(path: &Path, options: &Options) -> Result<Persisted, StoreError> {
    let none = || StoreError::NotInitialised(path.to_owned());
    if !path.join("CURRENT").exists() {
        return Err(none());
    }
    let failed = |error: &_| StoreError::rocks("reading the store", error);
    let mut database = options::database(options);
    // A folder without logs: the look sees what the table files hold and nothing else.
    let no_logs = path.join("no-logs");
    fs::create_dir_all(&no_logs)
        .map_err(|error| StoreError::io("reading the store", &no_logs, &error))?;
    database.set_wal_dir(no_logs);
    let names = DB::list_cf(&database, path).map_err(|error| failed(&error))?;
    if !names.iter().any(|name| name == instance::FAMILY) {
        return Err(none());
    }
    let db = DB::open_cf_for_read_only(&database, path, [instance::FAMILY], false)
        .map_err(|error| failed(&error))?;
    let instance = read_instance(&db)?.ok_or_else(none)?;
    let family = db.cf_handle(instance::FAMILY).ok_or_else(no_instance_family)?;
    let number = db.property_int_value_cf(family, properties::MIN_LOG_NUMBER_TO_KEEP);
    let log_number_min = number.map_err(|error| failed(&error))?.unwrap_or(0);
    Ok(Persisted { instance, log_number_min })
}

/// The rows of the instance, unless a newer program wrote them.
fn read_instance(db: &DB) -> Result<Option<Instance>, StoreError> {
    let family = db.cf_handle(instance::FAMILY).ok_or_else(no_instance_family)?;
    let read = |name: &'static [u8]| {
        let row = db.get_cf(family, name);
        row.map_err(|error| StoreError::rocks("reading the instance", &error))
    };
    match Instance::format::<StoreError>(&read)? {
        Some(found) if found > instance::FORMAT => {
            Err(StoreError::Newer { found, supported: instance::FORMAT })
        }
        _ => Instance::read(&read),
    }
}

/// How far the replayed log reaches: to the record that the check saw last.
fn replayed(db: &DB, path: &Path, end: Seq) -> Result<Applied, StoreError> {
    let instance = read_instance(db)?;
    let applied = instance.ok_or_else(|| StoreError::NotInitialised(path.to_owned()))?.applied;
    if applied.seq == end {
        return Ok(applied);
    }
    let reason = format!("it ends with record {end}, the store with record {}", applied.seq);
    Err(Corrupt::place("the commit log", reason).into())
}

fn no_instance_family() -> StoreError {
    Corrupt::place(instance::FAMILY, "the column family is missing").into()
}
