//! A running instance: the store with its master key, the commit log, and the registry of tenants.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_actors::api_keys::Issued;
use latchkey_actors::clock::{Clock, SystemClock};
use latchkey_actors::error::{Error, Kind};
use latchkey_actors::registry::{Awake, Parts, Registry};
use latchkey_actors::tenants::{AdminKey, found_master};
use latchkey_storage::id::TenantId;
use latchkey_storage::{
    CommitObserver, LocalLog, LogOptions, MasterKey, OsEntropy, Store, StoreError,
};
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError};

/// The file of a master key that `init` made.
pub const MASTER_KEY_FILE: &str = "master.key";
/// Nobody but the owner reads it.
const MASTER_KEY_MODE: u32 = 0o600;

/// Everything of a process that outlives a request.
pub struct Instance {
    pub store: Arc<Store>,
    pub registry: Arc<Registry>,
    log: Arc<LocalLog>,
}

/// Where the master key came from; all but the first deserve a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The environment.
    Given,
    /// The file in the data folder.
    Found(PathBuf),
    /// It was made just now, and written to this file.
    Made(PathBuf),
}

/// Why there is no instance.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot {what} `{}`: {cause}", path.display())]
    File { what: &'static str, path: PathBuf, cause: io::Error },
    #[error("{}", worded(.0))]
    Domain(#[from] Error),
    #[error(
        "the store in `{}` has been initialised before: nothing was changed; the way to a new \
         administrator key is `latchkey recover`",
        .0.display()
    )]
    Initialised(PathBuf),
    #[error(
        "the store in `{}` was not initialised to its end: run `latchkey init`",
        .0.display()
    )]
    Unfinished(PathBuf),
}

/// Hears of commits and says nothing.
pub struct Unobserved;

impl CommitObserver for Unobserved {
    fn committed(&self, _: usize, _: usize, _: u64) {}
}

/// Opens the store of the data folder.
///
/// # Errors
/// No store, no master key for it, and whatever keeps a store from being opened.
pub fn open(
    config: &Config,
    given: Option<&MasterKey>,
) -> Result<(Arc<Store>, KeyOrigin), InstanceError> {
    let folder = &config.data_dir;
    let file = folder.join(MASTER_KEY_FILE);
    // Whether there is a store at all comes first: the key is missing there, too.
    if !folder.join("CURRENT").exists() {
        return Err(StoreError::NotInitialised(folder.clone()).into());
    }
    let options = config.store_options();
    if let Some(key) = given {
        return Ok((Store::open(folder, &options, key)?, KeyOrigin::Given));
    }
    let missing = || ConfigError::NoMasterKey(folder.clone());
    let key = read_key(config, &file)?.ok_or_else(missing)?;
    Ok((Store::open(folder, &options, &key)?, KeyOrigin::Found(file)))
}

/// Makes a new store in the data folder, and a master key when none is given.
///
/// # Errors
/// A store that is there, production without a given key, a folder that cannot be written.
pub fn create(
    config: &Config,
    given: Option<&MasterKey>,
) -> Result<(Arc<Store>, KeyOrigin), InstanceError> {
    let folder = &config.data_dir;
    let file = folder.join(MASTER_KEY_FILE);
    let options = config.store_options();
    if let Some(key) = given {
        return Ok((Store::create(folder, &options, key, &OsEntropy)?, KeyOrigin::Given));
    }
    if let Some(key) = read_key(config, &file)? {
        return Ok((Store::create(folder, &options, &key, &OsEntropy)?, KeyOrigin::Found(file)));
    }
    // INVARIANT: the key is on the disk before anything is sealed by it.
    let key = make_key(&file)?;
    let store = Store::create(folder, &options, &key, &OsEntropy).inspect_err(|_| {
        // It sealed nothing; left behind it would pass for the key of the store that is there.
        let _ = fs::remove_file(&file);
    })?;
    Ok((store, KeyOrigin::Made(file)))
}

/// The key that was made by an earlier run. Production refuses to look for it.
fn read_key(config: &Config, file: &Path) -> Result<Option<MasterKey>, InstanceError> {
    if config.is_production() {
        return Err(ConfigError::NoMasterKeyInProduction.into());
    }
    let text = match fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(cause) if is_absent(&cause) => return Ok(None),
        Err(cause) => return Err(failed("read", file)(cause)),
    };
    let key = MasterKey::from_text(&text);
    key.map(Some).map_err(|_| ConfigError::MasterKey(file.display().to_string()).into())
}

fn is_absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn make_key(file: &Path) -> Result<MasterKey, InstanceError> {
    let key = MasterKey::generate(&OsEntropy);
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MASTER_KEY_MODE);
    let written = options.open(file).and_then(|mut opened| {
        opened.write_all(key.to_text().as_bytes())?;
        opened.write_all(b"\n")?;
        opened.sync_all()
    });
    written.map_err(failed("write the master key to", file))?;
    Ok(key)
}

fn failed<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> InstanceError + 'p {
    move |cause| InstanceError::File { what, path: path.to_owned(), cause }
}

impl Instance {
    /// Starts log and registry over an open store. It belongs into a runtime.
    ///
    /// # Errors
    /// A store that has a log already, or an actor that does not start.
    pub async fn start(
        store: Arc<Store>,
        config: &Config,
        observer: Arc<dyn CommitObserver>,
    ) -> Result<Self, InstanceError> {
        let (clock, awake) = (Arc::new(SystemClock::new()), Arc::new(Awake::default()));
        let ticks = Arc::clone(&clock);
        let log = LocalLog::start(
            Arc::clone(&store),
            Arc::clone(&awake) as _,
            LogOptions::default(),
            observer,
            Arc::new(move || ticks.ticks_ns()),
        )?;
        let registry = Registry::start(Parts {
            store: Arc::clone(&store),
            log: Arc::clone(&log) as _,
            clock,
            entropy: Arc::new(OsEntropy),
            limits: config.actor_limits(),
            awake,
        });
        Ok(Self { store, registry: registry.await?, log })
    }

    /// Whether the master tenant is there.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn is_founded(&self) -> Result<bool, InstanceError> {
        match self.registry.tenant(TenantId::MASTER).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the master tenant, unless it is there.
    ///
    /// # Errors
    /// `Initialised` when it is.
    pub async fn found(&self, key: AdminKey) -> Result<Issued, InstanceError> {
        if self.is_founded().await? {
            return Err(InstanceError::Initialised(self.store.path().to_owned()));
        }
        Ok(found_master(&self.registry, key).await?)
    }

    /// Puts every tenant to sleep and syncs the log: what was counted is written.
    pub async fn close(self) {
        self.registry.close().await;
        let log = self.log;
        // Closing waits for the committer, which is no work for a worker of the runtime.
        let _ = tokio::task::spawn_blocking(move || log.close()).await;
    }
}

/// Whoever runs the gateway may read the cause, too.
fn worded(error: &Error) -> String {
    let more = error.detail_text().into_iter().chain(error.cause_text());
    more.fold(error.message().to_owned(), |text, more| format!("{text}: {more}"))
}
