//! `latchkey serve`: the gateway, from its configuration to the end of its drain.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use latchkey_actors::tenants::AdminKey;
use latchkey_storage::{Store, StoreError};

use super::failure::Failure;
use super::process;
use crate::app::{Gateway, Parts};
use crate::config::{BootstrapKey, Config, ConfigError, Flags, Secrets, Variables};
use crate::instance::{self, Instance, InstanceError, KeyOrigin};
use crate::metrics::{self, CommitMetrics};
use crate::serve::{Front, Shutdown, serve};
use crate::tls::{Follower, TlsReloader};
use crate::{listen, logging};

mod signals;

/// Serve the API until SIGTERM or SIGINT, then finish what is in progress; a second signal ends
/// at once, SIGHUP loads the certificate again.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: process::Place,
    /// The address of the API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let variables = Variables::of_process();
    let process::Place { config, data } = arguments.place;
    let flags = Flags { config, data, listen: arguments.listen };
    let config = Config::load(&flags, &variables)?;
    let secrets = Secrets::read(&variables)?;
    logging::init(config.log.format, false, &variables)?;
    if config.is_production() && config.is_open_plaintext() {
        return Err(ConfigError::OpenPlaintext(config.listen).into());
    }
    let (store, begun) = open_or_begin(&config, &secrets)?;
    process::block_on(gateway(Arc::new(config), store, secrets.bootstrap, begun))
}

/// The store, or a new one when there is a key to begin it with; and whether it is new.
fn open_or_begin(config: &Config, secrets: &Secrets) -> Result<(Arc<Store>, bool), Failure> {
    let given = secrets.master_key.as_ref();
    let (store, origin, begun) = match instance::open(config, given) {
        Err(InstanceError::Store(StoreError::NotInitialised(_))) if secrets.bootstrap.is_some() => {
            let (store, origin) = instance::create(config, given)?;
            (store, origin, true)
        }
        opened => opened.map(|(store, origin)| (store, origin, false))?,
    };
    warn(&origin);
    Ok((store, begun))
}

fn warn(origin: &KeyOrigin) {
    let (file, what) = match origin {
        KeyOrigin::Given => return,
        KeyOrigin::Found(file) => (file, "the master key lies beside the store"),
        KeyOrigin::Made(file) => (file, "a master key was made and lies beside the store"),
    };
    tracing::warn!(file = %file.display(), "{what}: set `MASTER_KEY` or `MASTER_KEY_FILE`");
}

/// From the instance to the drain; the instance is closed whatever comes out.
async fn gateway(
    config: Arc<Config>,
    store: Arc<Store>,
    bootstrap: Option<BootstrapKey>,
    begun: bool,
) -> Result<(), Failure> {
    let metrics = metrics::install().map_err(Failure::failed)?;
    let observer = Arc::new(CommitMetrics::new());
    let instance = Instance::start(Arc::clone(&store), &config, observer).await?;
    let outcome = match found(&instance, bootstrap, begun).await {
        Ok(()) => {
            let parts = Parts {
                registry: Arc::clone(&instance.registry),
                store,
                config,
                shutdown: Shutdown::new(),
                tally: Arc::default(),
                metrics,
            };
            run_fronts(parts).await
        }
        Err(failure) => Err(failure),
    };
    instance.close().await;
    if outcome.is_ok() {
        tracing::info!("ended");
    }
    outcome
}

/// Makes the master tenant with the bootstrap key in a store that has none.
async fn found(
    instance: &Instance,
    bootstrap: Option<BootstrapKey>,
    begun: bool,
) -> Result<(), Failure> {
    match (instance.is_founded().await?, bootstrap) {
        (true, None) => Ok(()),
        (true, Some(_)) => {
            tracing::info!("`BOOTSTRAP_ADMIN_KEY` is ignored: the store has been initialised");
            Ok(())
        }
        (false, Some(BootstrapKey(secret))) => {
            let issued = instance.found(AdminKey::Given(secret)).await?;
            tracing::info!(key = %issued.key.id, new_store = begun, "initialised with the bootstrap key");
            Ok(())
        }
        (false, None) => Err(InstanceError::Unfinished(instance.store.path().to_owned()).into()),
    }
}

/// Serves both addresses until the shutdown and the drain.
async fn run_fronts(parts: Parts) -> Result<(), Failure> {
    let config = Arc::clone(&parts.config);
    let shutdown = parts.shutdown.clone();
    let tls = match config.tls_files() {
        Some(files) => Some(TlsReloader::load(files).map_err(Failure::unusable)?),
        None => None,
    };
    let front = Front {
        tls: tls.clone(),
        limits: config.front_limits(),
        tally: Arc::clone(&parts.tally),
        shutdown: shutdown.clone(),
    };
    // Before anybody is told that it listens: from then on a signal is expected to be heard.
    signals::listen(&shutdown, tls.is_none())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    if let Some(reloader) = tls {
        let follower = Follower::start(reloader).map_err(Failure::failed)?;
        tokio::spawn(follower.run(shutdown));
    }
    let socket = bind(config.listen, scheme)?;
    let operator = match config.metrics_listen {
        Some(address) => Some((bind(address, "http")?, operator(&parts, &front))),
        None => None,
    };
    let api = serve(vec![socket], front, Gateway::new(parts));
    let drained = match operator {
        Some((socket, (front, app))) => {
            let (api, operator) = tokio::join!(api, serve(vec![socket], front, app));
            operator.and(api)
        }
        None => api.await,
    };
    let drained =
        drained.map_err(|error| Failure::failed(format_args!("cannot serve: {error}")))?;
    if drained.cut_off > 0 {
        tracing::warn!(connections = drained.cut_off, "cut off what did not finish in time");
    }
    Ok(())
}

/// Health and metrics alone, in plain text, with a tally of its own.
fn operator(parts: &Parts, api: &Front) -> (Front, Gateway) {
    let app = Gateway::operator(Parts {
        registry: Arc::clone(&parts.registry),
        store: Arc::clone(&parts.store),
        config: Arc::clone(&parts.config),
        shutdown: parts.shutdown.clone(),
        tally: Arc::clone(&parts.tally),
        metrics: Arc::clone(&parts.metrics),
    });
    (Front { tls: None, tally: Arc::default(), ..api.clone() }, app)
}

fn bind(address: SocketAddr, scheme: &str) -> Result<std::net::TcpListener, Failure> {
    let socket = listen::bind(address, false).map_err(Failure::failed)?;
    // With port 0 the system has chosen one.
    let address = socket.local_addr().unwrap_or(address);
    tracing::info!(url = %format_args!("{scheme}://{address}"), "listening");
    Ok(socket)
}
