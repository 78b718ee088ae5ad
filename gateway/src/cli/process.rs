//! What commands over a store have in common: configuration, log, runtime, an instance that is
//! closed at the end.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use latchkey_storage::Store;

use super::failure::Failure;
use super::out;
use crate::config::{Config, Flags, LogFormat, Secrets, Variables};
use crate::instance::{self, Instance, KeyOrigin, Unobserved};
use crate::logging;

/// Where the store and the configuration are.
#[derive(Args)]
pub(super) struct Place {
    /// A configuration file, TOML
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The folder of the store [default: data]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

/// Configuration and secrets of one run.
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) secrets: Secrets,
}

impl Setting {
    /// Reads them, and starts a log for a person that carries what goes wrong.
    pub(super) fn read(place: Place) -> Result<Self, Failure> {
        let variables = Variables::of_process();
        let flags = Flags { config: place.config, data: place.data, listen: None };
        let config = Config::load(&flags, &variables)?;
        let secrets = Secrets::read(&variables)?;
        logging::init(LogFormat::Pretty, true, &variables)?;
        Ok(Self { config, secrets })
    }

    /// Opens the store that is there.
    pub(super) fn open(&self) -> Result<Arc<Store>, Failure> {
        let (store, origin) = instance::open(&self.config, self.secrets.master_key.as_ref())?;
        warn(&origin);
        Ok(store)
    }
}

/// Says where the master key is, unless the environment gave it.
pub(super) fn warn(origin: &KeyOrigin) {
    match origin {
        KeyOrigin::Given | KeyOrigin::Found(_) => {}
        KeyOrigin::Made(file) => out::note(format_args!(
            "WARNING: no master key was given, so one was made in `{}`. Whoever reads that file can \
             open the store, and without it the store is lost: keep a copy elsewhere. Production \
             takes `MASTER_KEY` or `MASTER_KEY_FILE` instead.",
            file.display()
        )),
    }
}

/// Runs `work` over an instance of the store, and closes it whatever comes out.
pub(super) fn over<T>(
    config: &Config,
    store: Arc<Store>,
    work: impl AsyncFnOnce(&Instance) -> Result<T, Failure>,
) -> Result<T, Failure> {
    block_on(async {
        let instance = Instance::start(store, config, Arc::new(Unobserved)).await?;
        let outcome = work(&instance).await;
        instance.close().await;
        outcome
    })
}

/// Runs a future on a runtime of its own.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let failed = |error| Failure::failed(format_args!("cannot start the runtime: {error}"));
    runtime.map_err(failed)?.block_on(future)
}
