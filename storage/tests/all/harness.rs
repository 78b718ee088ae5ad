//! A world for each test: a folder, a key, a store, a log, and a feed that remembers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use latchkey_storage::id::{TenantId, TransactionId};
use latchkey_storage::{
    AppendError, CommitLog, CommitObserver, Durability, Feed, LocalLog, LogOptions, MasterKey, Op,
    Options, Record, SeededEntropy, Seq, Store, StoreError, Version, View,
};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct Note(pub String);

latchkey_storage::rows! { Note = 1; }

latchkey_storage::tables! {
    /// The version that the log keeps for each tenant.
    VersionsHere = 0x62: (TenantId) => latchkey_storage::tables::Version;
    Notes = 0xE0: (TenantId, u64) => Note;
    Texts = 0xE1: (TenantId, String, u16) => Note;
    Trail = 0xE2 in Audit: (TenantId, u64) => Note;
    Secrets = 0xE3: (TenantId, u64) => latchkey_storage::Sealed;
    retired 0xE4;
}

pub fn note(text: impl std::fmt::Display) -> Note {
    Note(format!("{text}"))
}

pub fn tenant(number: u128) -> TenantId {
    TenantId::new(number.to_be_bytes())
}

/// What the feed heard, in order.
#[derive(Default)]
pub struct Heard(pub Mutex<Vec<(Seq, Arc<Record>)>>);

impl Feed for Heard {
    fn applied(&self, seq: Seq, record: &Arc<Record>) {
        self.0.lock().unwrap().push((seq, Arc::clone(record)));
    }
}

/// What the observer heard.
#[derive(Default)]
pub struct Observed {
    pub batches: AtomicU64,
    pub records: AtomicU64,
}

impl CommitObserver for Observed {
    fn committed(&self, records: usize, _: usize, _: u64) {
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.records.fetch_add(records as u64, Ordering::SeqCst);
    }
}

pub fn master() -> MasterKey {
    MasterKey::new([7; 32])
}

pub fn small() -> Options {
    Options { block_cache_bytes: 1 << 20, readers_max: 2, ..Options::default() }
}

pub fn buffered() -> Options {
    Options { durability: Durability::Buffered, ..small() }
}

/// An open store with its log.
pub struct World {
    pub log: Arc<LocalLog>,
    pub store: Arc<Store>,
    pub heard: Arc<Heard>,
    pub observed: Arc<Observed>,
    pub dir: Arc<TempDir>,
    pub transactions: AtomicU64,
}

impl World {
    pub fn new() -> World {
        World::with(&small(), LogOptions::default())
    }

    pub fn with(options: &Options, log: LogOptions) -> World {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let path = dir.path().join("store");
        let store = Store::create(path, options, &master(), &SeededEntropy::new(1)).unwrap();
        World::over(dir, store, log)
    }

    pub fn over(dir: Arc<TempDir>, store: Arc<Store>, options: LogOptions) -> World {
        let heard = Arc::new(Heard::default());
        let observed = Arc::new(Observed::default());
        let log = start(&store, Arc::clone(&heard) as _, Arc::clone(&observed) as _, options);
        World { log, store, heard, observed, dir, transactions: AtomicU64::new(0) }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Ends log and store and opens the folder again.
    pub fn reopened(self) -> Result<World, StoreError> {
        let dir = self.shut();
        let store = Store::open(dir.path().join("store"), &small(), &master())?;
        Ok(World::over(dir, store, LogOptions::default()))
    }

    /// Ends log and store; the folder stays.
    pub fn shut(self) -> Arc<TempDir> {
        self.log.close();
        let World { log, store, dir, .. } = self;
        drop(log);
        assert_eq!(Arc::strong_count(&store), 1, "nobody else holds the store");
        drop(store);
        dir
    }

    pub fn transaction(&self) -> TransactionId {
        let number = self.transactions.fetch_add(1, Ordering::SeqCst);
        TransactionId::new(u128::from(number).to_be_bytes())
    }

    pub fn record(&self, tenant: TenantId, prev: Version, ops: Vec<Op>) -> Record {
        Record::new(self.transaction(), tenant, prev, 1, 1, ops)
    }

    /// Runs a command over a view and commits what it wrote.
    pub fn commit(
        &self,
        tenant: TenantId,
        command: impl FnOnce(&mut View<'_>),
    ) -> Result<Seq, AppendError> {
        let mut view = self.store.view(tenant);
        command(&mut view);
        let version = view.version().unwrap();
        let record = self.record(tenant, version, view.into_ops());
        self.log.append(record).wait()
    }

    /// Commits one note.
    pub fn note(&self, tenant: TenantId, key: u64, text: &str) -> Seq {
        self.commit(tenant, |view| view.put::<Notes>(&(key,), &note(text))).unwrap()
    }

    pub fn read_note(&self, tenant: TenantId, key: u64) -> Option<String> {
        self.store.view(tenant).get::<Notes>(&(key,)).unwrap().map(|note| note.0)
    }
}

pub fn start(
    store: &Arc<Store>,
    feed: Arc<dyn Feed>,
    observer: Arc<dyn CommitObserver>,
    options: LogOptions,
) -> Arc<LocalLog> {
    let ticks = AtomicU64::new(0);
    let clock = move || ticks.fetch_add(1_000_000, Ordering::SeqCst);
    LocalLog::start(Arc::clone(store), feed, options, observer, Arc::new(clock)).unwrap()
}

/// Copies the files of a folder as they are at one moment: a store that is open makes and removes
/// files in the background, and a copy that one of these fell into is made again.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for _ in 0..COPIES_MAX {
        let before = files(from);
        let copied =
            before.iter().all(|(name, _)| std::fs::copy(from.join(name), to.join(name)).is_ok());
        if copied && files(from) == before {
            return;
        }
        for (name, _) in files(to) {
            std::fs::remove_file(to.join(name)).unwrap();
        }
    }
    panic!("`{}` never stood still", from.display());
}

/// How often a copy is tried.
const COPIES_MAX: usize = 100;

/// The files of a folder with their lengths, by name.
fn files(folder: &Path) -> Vec<(std::ffi::OsString, u64)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((entry.file_name(), metadata.len()))
    };
    let mut files: Vec<_> = entries.filter_map(file).collect();
    files.sort();
    files
}

/// The log files of a store, oldest first.
pub fn log_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
    files.sort();
    files
}
