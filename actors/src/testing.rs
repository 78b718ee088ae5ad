//! A world for each test: a folder, a store, a log, a registry, and one tenant beside the master.

use std::sync::Arc;

use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{TenantId, UserId};
use latchkey_storage::tables::{Environment, Group, Limits, Owner, Permission, Role, User};
use latchkey_storage::{
    CommitLog, CommitObserver, Durability, LocalLog, LogOptions, MasterKey, Options, SeededEntropy,
    Store, View,
};
use tempfile::TempDir;

use crate::api_keys::{self, NewKey, Presented, Verdict};
use crate::clock::{Clock, ManualClock};
use crate::decisions::Question;
use crate::error::{Code, Result};
use crate::registry::{Awake, Parts, Registry};
use crate::shared::ActorLimits;
use crate::tenant::{Command, Judge, Tenant, Who};
use crate::tenants::{self, AdminKey, NewTenant};
use crate::{groups, permissions, roles, users};

/// The moment at which every world begins, in Unix milliseconds.
pub(crate) const START_MS: i64 = 1_770_000_000_000;

struct Silent;

impl CommitObserver for Silent {
    fn committed(&self, _: usize, _: usize, _: u64) {}
}

/// The clock that the actors share. It holds the folder of the store, which must not go before the
/// store does: actors outlive the test that they belong to.
struct Held {
    clock: ManualClock,
    _dir: TempDir,
}

impl Clock for Held {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn ticks_ns(&self) -> u64 {
        self.clock.ticks_ns()
    }
}

/// Everything that a process has, without HTTP.
pub(crate) struct World {
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: ManualClock,
    /// The tenant that the test is about. It has no key.
    pub(crate) id: TenantId,
}

/// The log tells the tenants that are awake, and they hold the log: nothing of a world would end,
/// and its folder would stay, if nobody let them go.
impl Drop for World {
    fn drop(&mut self) {
        self.registry.awake.slots.clear();
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(ActorLimits::default()).await
    }

    pub(crate) async fn with(limits: ActorLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(START_MS);
        let registry = start(dir, &clock, limits).await;
        tenants::found_master(&registry, AdminKey::Drawn).await.unwrap();
        let who = Who::system("test");
        let made = tenants::create(&registry, &who, new_tenant("acme"), false).await.unwrap();
        Self { registry, clock, id: made.row.id }
    }

    pub(crate) async fn tenant(&self) -> Arc<Tenant> {
        self.registry.tenant(self.id).await.unwrap()
    }

    /// Runs a command in the tenant.
    pub(crate) async fn run<C: Command>(&self, command: C) -> Result<C::Answer> {
        self.tenant().await.execute(Who::system("test"), command).await
    }

    /// Reads the tenant's rows.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.tenant().await.read(read).await
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        self.run(users::Create(new_user(name))).await.unwrap()
    }

    pub(crate) async fn role(&self, name: &str) -> Role {
        let new = roles::NewRole { name: name.into(), ..roles::NewRole::default() };
        self.run(roles::Create(new)).await.unwrap()
    }

    pub(crate) async fn group(&self, name: &str) -> Group {
        let new = groups::NewGroup { name: name.into(), ..groups::NewGroup::default() };
        self.run(groups::Create(new)).await.unwrap()
    }

    pub(crate) async fn permission(&self, name: &str) -> Permission {
        self.run(permissions::Create(new_permission(name))).await.unwrap()
    }

    /// A role that grants one new permission.
    pub(crate) async fn role_with(&self, name: &str, permission: &str) -> (Role, Permission) {
        let (role, permission) = (self.role(name).await, self.permission(permission).await);
        self.run(roles::Grant { role: role.id, permission: permission.id }).await.unwrap();
        (role, permission)
    }

    /// Whether a user may do something now: none when there is no such user.
    pub(crate) async fn may(&self, user: UserId, resource: &str, action: &str) -> Option<bool> {
        let rights = self.tenant().await.rights(Judge::User(user)).await.unwrap();
        rights.map(|rights| rights.allows(&Question::new(resource, action).unwrap()))
    }

    /// Issues a key in the tenant.
    pub(crate) async fn issue(&self, new: NewKey) -> (api_keys::Issued, Fingerprint) {
        let (secret, fingerprint) = self.draw();
        let issued = self.run(api_keys::Issue { new, secret, fingerprint }).await.unwrap();
        (issued, fingerprint)
    }

    pub(crate) fn draw(&self) -> (api_keys::Secret, Fingerprint) {
        let shared = self.registry.shared();
        let keyring = shared.store.keyring();
        api_keys::draw(Environment::Live, "ABCDEFGH", keyring, shared.entropy.as_ref())
    }

    pub(crate) async fn validate(&self, fingerprint: Fingerprint) -> Verdict {
        self.tenant().await.validate(presented(fingerprint)).await.unwrap()
    }
}

async fn start(dir: TempDir, clock: &ManualClock, limits: ActorLimits) -> Arc<Registry> {
    let options = Options {
        durability: Durability::Buffered,
        block_cache_bytes: 1 << 20,
        memtable_bytes: 1 << 20,
        readers_max: 2,
        ..Options::default()
    };
    let entropy = Arc::new(SeededEntropy::new(1));
    let master = MasterKey::new([7; 32]);
    let store = Store::create(dir.path().join("store"), &options, &master, &*entropy).unwrap();
    let awake = Arc::new(Awake::default());
    let feed = Arc::clone(&awake);
    let ticks = clock.clone();
    let log = LocalLog::start(
        Arc::clone(&store),
        feed,
        LogOptions::default(),
        Arc::new(Silent),
        Arc::new(move || ticks.ticks_ns()),
    );
    let log: Arc<dyn CommitLog> = log.unwrap();
    let clock = Arc::new(Held { clock: clock.clone(), _dir: dir });
    Registry::start(Parts { store, log, clock, entropy, limits, awake }).await.unwrap()
}

/// What a refusal says: its code, and the member it concerns.
pub(crate) fn refusal<T>(outcome: Result<T>) -> (Code, String) {
    let error = outcome.err().expect("it is refused");
    let field = error.fields().first().map(|(field, _)| field.to_string());
    (error.code(), field.unwrap_or_default())
}

/// A change of a row.
pub(crate) fn edit<T>(change: impl FnOnce(&mut T) + Send + 'static) -> tenants::Edit<T> {
    Box::new(move |row| {
        change(row);
        Ok(())
    })
}

/// A key of the tenant itself.
pub(crate) fn new_key(name: &str, scopes: &[&str]) -> NewKey {
    NewKey {
        name: name.into(),
        description: None,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        roles: Vec::new(),
        owner: Owner::Tenant,
        environment: Environment::Live,
        protocol: None,
        allowed_ips: Vec::new(),
        limits: Limits::default(),
        quota: None,
        not_before: None,
        expires_at: None,
        conditions: "{}".into(),
        metadata: "{}".into(),
    }
}

pub(crate) fn presented(fingerprint: Fingerprint) -> Presented {
    Presented { fingerprint, client_ip: None, required: Vec::new(), only: None, dry_run: false }
}

pub(crate) fn new_user(name: &str) -> users::NewUser {
    users::NewUser {
        username: name.into(),
        email: format!("{name}@example.com"),
        ..users::NewUser::default()
    }
}

/// `*` is the pair of `*` and `*`.
pub(crate) fn new_permission(name: &str) -> permissions::NewPermission {
    let (resource, action) = name.split_once(':').unwrap_or(("*", "*"));
    permissions::NewPermission {
        name: name.into(),
        resource: resource.into(),
        action: action.into(),
        ..permissions::NewPermission::default()
    }
}

pub(crate) fn new_tenant(slug: &str) -> NewTenant {
    NewTenant {
        name: slug.into(),
        slug: slug.into(),
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
