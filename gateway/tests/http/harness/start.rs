//! From an empty folder to a gateway that serves.

use std::sync::Arc;

use latchkey_actors::clock::{Clock, ManualClock};
use latchkey_actors::registry::{Awake, Parts as RegistryParts, Registry};
use latchkey_actors::tenant::Who;
use latchkey_actors::tenants::{self, AdminKey, NewTenant};
use latchkey_gateway::app::{Gateway, Parts};
use latchkey_gateway::config::{Config, Flags, Variables};
use latchkey_gateway::instance::Unobserved;
use latchkey_gateway::serve::{Front, Shutdown, serve};
use latchkey_gateway::{listen, metrics};
use latchkey_storage::{
    CommitLog, Durability, LocalLog, LogOptions, MasterKey, Options, SeededEntropy, Store,
};
use tempfile::TempDir;

use super::World;

/// The moment at which every world begins, in Unix milliseconds.
pub(crate) const START_MS: i64 = 1_770_000_000_000;

impl World {
    /// A world with the default configuration, but for a window of the address that no test spends.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world with another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let flags = Flags { data: Some(folder.path().join("data")), ..Flags::default() };
        let mut config = Config::load(&flags, &Variables::from([])).unwrap();
        config.rate_limit.max_requests = 1_000_000;
        change(&mut config);
        let clock = ManualClock::at(START_MS);
        let (store, registry) = open(&config, &clock).await;
        let issued = tenants::found_master(&registry, AdminKey::Drawn).await.unwrap();
        let who = Who::system("test");
        let made = tenants::create(&registry, &who, acme(), true).await.unwrap();
        let admin = made.admin_key.unwrap();
        let address = front(config, store, &registry);
        Self {
            address,
            clock,
            registry,
            master_key: issued.secret.expose().to_owned(),
            tenant: made.row.id.to_string(),
            admin_key: admin.secret.expose().to_owned(),
            admin_key_id: admin.key.id.to_string(),
            _folder: folder,
        }
    }
}

async fn open(config: &Config, clock: &ManualClock) -> (Arc<Store>, Arc<Registry>) {
    let options = Options {
        durability: Durability::Buffered,
        block_cache_bytes: 1 << 20,
        memtable_bytes: 1 << 20,
        readers_max: 2,
        ..config.store_options()
    };
    let entropy = Arc::new(SeededEntropy::new(1));
    let master = MasterKey::new([7; 32]);
    let store = Store::create(&config.data_dir, &options, &master, &*entropy).unwrap();
    let awake = Arc::new(Awake::default());
    let (feed, ticks) = (Arc::clone(&awake), clock.clone());
    let log = LocalLog::start(
        Arc::clone(&store),
        feed,
        LogOptions::default(),
        Arc::new(Unobserved),
        Arc::new(move || ticks.ticks_ns()),
    );
    let log: Arc<dyn CommitLog> = log.unwrap();
    let registry = Registry::start(RegistryParts {
        store: Arc::clone(&store),
        log,
        clock: Arc::new(clock.clone()),
        entropy,
        limits: config.actor_limits(),
        awake,
    });
    (store, registry.await.unwrap())
}

/// Serves until the test's runtime ends.
fn front(config: Config, store: Arc<Store>, registry: &Arc<Registry>) -> std::net::SocketAddr {
    let socket = listen::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
    let address = socket.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let front =
        Front { limits: config.front_limits(), shutdown: shutdown.clone(), ..Front::default() };
    let app = Gateway::new(Parts {
        registry: Arc::clone(registry),
        store,
        config: Arc::new(config),
        shutdown,
        tally: Arc::clone(&front.tally),
        metrics: metrics::install().unwrap(),
    });
    tokio::spawn(serve(vec![socket], front, app));
    address
}

fn acme() -> NewTenant {
    NewTenant {
        name: "Acme".into(),
        slug: "acme".into(),
        display_name: None,
        description: None,
        logo_url: None,
        primary_color: None,
        settings: "{}".into(),
        password_policy: "{}".into(),
        mfa_enabled: false,
        mfa_required: false,
    }
}
