//! The whole import against a store: complete, resumed, and left alone where somebody changed it.

use std::sync::Arc;

use latchkey_storage::tables as t;
use latchkey_storage::{
    CommitObserver, LocalLog, LogOptions, MasterKey, Options, OsEntropy, Store,
};
use parking_lot::Mutex;
use tempfile::TempDir;

use super::*;
use crate::api_keys::KeyStatus;
use crate::clock::{Clock, SystemClock};
use crate::registry::{Awake, Parts};
use crate::shared::ActorLimits;
use crate::tenant::{Counted, Judge, Tenant, total};
use crate::tenants::{AdminKey, found_master};

struct Silent;

impl CommitObserver for Silent {
    fn committed(&self, _: usize, _: usize, _: u64) {}
}

async fn registry(folder: &TempDir) -> Arc<Registry> {
    let options =
        Options { durability: latchkey_storage::Durability::Buffered, ..Options::default() };
    let store =
        Store::create(folder.path(), &options, &MasterKey::new([1; 32]), &OsEntropy).unwrap();
    let (clock, awake) = (Arc::new(SystemClock::new()), Arc::new(Awake::default()));
    let ticks = Arc::clone(&clock);
    let log = LocalLog::start(
        Arc::clone(&store),
        Arc::clone(&awake) as _,
        LogOptions::default(),
        Arc::new(Silent),
        Arc::new(move || ticks.ticks_ns()),
    );
    let log = log.unwrap();
    let (entropy, limits) = (Arc::new(OsEntropy), ActorLimits::default());
    let registry =
        Registry::start(Parts { store, log, clock, entropy, limits, awake }).await.unwrap();
    found_master(&registry, AdminKey::Drawn).await.unwrap();
    registry
}

async fn totals(tenant: &Arc<Tenant>) -> [u64; 5] {
    let read = |view: &View<'_>| {
        let links = view.count::<t::RolePermissions>(&(), usize::MAX)? as u64;
        let others = view.count::<t::PermissionRoles>(&(), usize::MAX)? as u64;
        assert_eq!(links, others, "both sides of the grants");
        let of = |what| total(view, what);
        Ok([
            of(Counted::Permissions)?,
            of(Counted::Roles)?,
            of(Counted::Groups)?,
            of(Counted::Users)?,
            links,
        ])
    };
    tenant.read(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_loaded_and_nothing_else() {
    const WHOLE: [u64; 5] = [13_790, 2_461, 40, 300, 165_179];
    let folder = TempDir::new().unwrap();
    let registry = registry(&folder).await;
    let steps = Mutex::new(Vec::new());
    let demo = load(&registry, &|step| steps.lock().push(step)).await.unwrap();
    assert_eq!(
        steps.lock().first().map(|step| (step.part, step.done)),
        Some((Part::Permissions, 0))
    );
    assert!(steps.lock().iter().all(|step| step.done < step.total && step.total == demo.imported));
    let tenant = registry.tenant(demo.tenant).await.unwrap();
    assert_eq!(totals(&tenant).await, WHOLE);

    let rights = tenant.rights(Judge::User(demo.sample.user)).await.unwrap().unwrap();
    let allowed = |q: &&Question| {
        let asked = crate::decisions::Question::new(&q.resource, &q.action);
        asked.is_ok_and(|asked| rights.allows(&asked))
    };
    assert!(allowed(&&demo.sample.held));
    let count = demo.sample.checks.iter().filter(allowed).count();
    assert_eq!(demo.sample.checks.len(), 1_000);
    assert!((1..1_000).contains(&count), "{count} of the batch are allowed");

    // Some grants are lost, one role was deleted and one renamed by its owner.
    let (lost, deleted, renamed) = (parts::permission_id(0), parts::role_id(1), parts::role_id(2));
    let damage = move |tx: &mut crate::tenant::Tx<'_, '_>| {
        for ((permission, role), _) in tx.scan::<t::PermissionRoles>(&(lost,), 10)? {
            tx.delete::<t::PermissionRoles>(&(permission, role));
            tx.delete::<t::RolePermissions>(&(role, permission));
        }
        let row = tx.get::<t::Roles>(&(deleted,))?.unwrap();
        tx.delete::<t::Roles>(&(deleted,));
        tx.put::<t::RolesDeleted>(&(deleted,), &row);
        let row = tx.get::<t::Roles>(&(renamed,))?.unwrap();
        tx.put::<t::Roles>(&(renamed,), &t::Role { name: "mine".into(), ..row });
        Ok(())
    };
    tenant.execute(who(), damage).await.unwrap();
    assert!(totals(&tenant).await[4] < WHOLE[4]);
    let again = load(&registry, &|_| {}).await.unwrap();
    assert_eq!((again.tenant, again.sample.user), (demo.tenant, demo.sample.user));
    // The deleted role held the permission, too: that grant is not missing.
    let [permissions, roles, groups, users, grants] = WHOLE;
    assert_eq!(totals(&tenant).await, [permissions, roles, groups, users, grants - 1]);
    let kept = move |view: &View<'_>| {
        let name = view.get::<t::Roles>(&(renamed,))?.map(|role| role.name);
        Ok((view.contains::<t::Roles>(&(deleted,))?, name))
    };
    assert_eq!(tenant.read(kept).await.unwrap(), (false, Some("mine".to_owned())));
    assert_eq!(load(&registry, &|_| {}).await.unwrap().imported, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_end_those_of_the_run_before() {
    let folder = TempDir::new().unwrap();
    let registry = registry(&folder).await;
    let tenant = create(&registry, &who(), tenant(), false).await.unwrap().row.id;
    let first = issue_keys(&registry, tenant).await.unwrap();
    let second = issue_keys(&registry, tenant).await.unwrap();
    let status = move |view: &View<'_>| {
        let status = |id| crate::api_keys::fetch(view, id).map(|(key, ..)| key.status(i64::MAX));
        Ok([
            status(first.admin.key.id)?,
            status(first.service.key.id)?,
            status(second.admin.key.id)?,
            status(second.service.key.id)?,
        ])
    };
    let tenant = registry.tenant(tenant).await.unwrap();
    let status = tenant.read(status).await.unwrap();
    assert_eq!(status, ["revoked", "revoked", "active", "active"]);
}
