//! Starts a tenant on its first message, finds those that are awake, puts the rest to sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dashmap::DashMap;
use latchkey_storage::batch::Record;
use latchkey_storage::id::TenantId;
use latchkey_storage::journal::{CommitLog, Feed};
use latchkey_storage::tables::{
    Tenant as Row, TenantRef, TenantStatus, Tenants, TenantsByCode, TenantsDeleted,
};
use latchkey_storage::{Seq, Store, View};
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::error::{Error, Result};
use crate::mailbox::Gate;
use crate::rate_limits::WindowTable;
use crate::shared::{ActorLimits, Shared};
use crate::tenant::Tenant;

mod breaker;
mod slot;
mod starting;
#[cfg(test)]
mod tests;

use breaker::Breaker;
use slot::{Place, Slot};
pub(crate) use starting::Alive;
use starting::Supervisor;

/// Handles looked at to find one that has not been used for long.
const SLEEPERS_SAMPLED: usize = 16;
/// Sleeping tenants whose windows are kept before those that are over are looked for.
const PARKED_MAX: usize = 10_000;
/// Codes that are remembered as nobody's.
const ABSENT_CODES_MAX: usize = 10_000;

/// The tenants of a process: those that are awake, and how to wake the others.
pub struct Registry {
    pub(crate) shared: Arc<Shared>,
    pub(crate) awake: Arc<Awake>,
    supervisor: Supervisor,
    absent_codes: quick_cache::sync::Cache<String, ()>,
    /// Who wakes up from now on goes to sleep again.
    closing: AtomicBool,
}

/// Tenants that are awake or waking up. The journal's apply loop tells them of the directory.
#[derive(Default)]
pub struct Awake {
    pub(crate) slots: DashMap<TenantId, Arc<Slot>>,
    pub(crate) codes: DashMap<String, TenantId>,
    pub(crate) parked: Mutex<hashbrown::HashMap<TenantId, WindowTable>>,
    pub(crate) breakers: DashMap<TenantId, Breaker>,
    /// Actors that are off the registry and have not ended: a tenant has one writer, and its
    /// windows are parked when that one ends.
    leaving: DashMap<TenantId, Arc<Tenant>>,
    count: AtomicUsize,
}

/// What a process is made of, before there is a registry.
pub struct Parts {
    pub store: Arc<Store>,
    pub log: Arc<dyn CommitLog>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub limits: ActorLimits,
    pub awake: Arc<Awake>,
}

impl Registry {
    /// Starts the supervisor; no tenant is awake yet.
    pub async fn start(parts: Parts) -> Result<Arc<Self>> {
        let shared = Arc::new(Shared {
            store: parts.store,
            log: parts.log,
            clock: parts.clock,
            entropy: parts.entropy,
            gate: Gate::new(parts.limits.mailboxes_max),
            limits: parts.limits,
            cached_bytes: AtomicUsize::new(0),
        });
        let supervisor = Supervisor::start(Arc::clone(&parts.awake), Arc::clone(&shared)).await?;
        let absent_codes = quick_cache::sync::Cache::new(ABSENT_CODES_MAX);
        let closing = AtomicBool::new(false);
        Ok(Arc::new(Self { shared, awake: parts.awake, supervisor, absent_codes, closing }))
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Tenants that are awake.
    pub fn awake_count(&self) -> usize {
        self.awake.slots.len()
    }

    /// Messages under way in all tenants.
    pub fn depth(&self) -> usize {
        self.shared.gate.depth()
    }

    /// Bytes that the caches of all tenants hold.
    pub fn cached_bytes(&self) -> usize {
        self.shared.cached_bytes.load(Ordering::Relaxed)
    }

    /// The tenant, woken if need be; one that does not exist, or is not made yet, is not found.
    pub async fn tenant(&self, id: TenantId) -> Result<Arc<Tenant>> {
        if let Some(tenant) = self.awake.get(id) {
            tenant.touched_ms.store(self.shared.clock.now_ms(), Ordering::Relaxed);
            return Ok(tenant);
        }
        self.wake(id).await
    }

    /// The tenant if it is awake: for callers who may cause no read.
    pub fn tenant_awake(&self, id: TenantId) -> Option<Arc<Tenant>> {
        self.awake.get(id)
    }

    /// Which tenant a key's eight characters name.
    pub async fn by_code(&self, code: &str) -> Result<Option<TenantId>> {
        if let Some(id) = self.by_code_in_memory(code) {
            return Ok(id);
        }
        let wanted = code.to_owned();
        let found = self
            .shared
            .store
            .read(TenantId::MASTER, move |view| view.get::<TenantsByCode>(&(wanted,)))
            .await??;
        match found {
            Some(TenantRef(id)) => {
                self.awake.codes.insert(code.to_owned(), id);
                Ok(Some(id))
            }
            None => {
                self.absent_codes.insert(code.to_owned(), ());
                Ok(None)
            }
        }
    }

    /// The same, without a read: none when only the store knows.
    pub fn by_code_in_memory(&self, code: &str) -> Option<Option<TenantId>> {
        if let Some(id) = self.awake.codes.get(code).map(|found| *found) {
            return Some(Some(id));
        }
        self.absent_codes.get(code).map(|()| None)
    }

    /// A code has been given to a new tenant.
    pub(crate) fn code_given(&self, code: &str) {
        self.absent_codes.remove(code);
    }

    async fn wake(&self, id: TenantId) -> Result<Arc<Tenant>> {
        if !self.awake.closed(id, self.shared.clock.now_ms()) {
            return Err(Error::unavailable(
                "The tenant fails again and again; it rests for a while",
            )
            .retry_after(breaker::REST_S));
        }
        let Place { slot, .. } = &Place::of(&self.awake, id);
        let woken = slot.tenant.get_or_try_init(|| self.wake_first(slot, id)).await;
        let tenant = Arc::clone(woken?);
        if self.closing.load(Ordering::SeqCst) {
            tenant.sleep();
        }
        Ok(tenant)
    }

    /// The row of a tenant that is announced and not found yet.
    pub(crate) async fn announced(&self, id: TenantId) -> Result<Row> {
        let read = move |view: &mut View<'_>| directory_row(view, id);
        let row = self.shared.store.read(TenantId::MASTER, read).await??;
        row.ok_or_else(|| Error::not_found("Tenant"))
    }

    /// Starts a tenant that is being made: nobody else finds it.
    pub(crate) async fn tenant_on_its_way(&self, row: Row) -> Result<Arc<Tenant>> {
        let Place { slot, .. } = &Place::of(&self.awake, row.id);
        let started = self.start_in(slot, row, WindowTable::default());
        slot.tenant.get_or_try_init(|| started).await.map(Arc::clone)
    }

    async fn start_in(&self, slot: &Slot, row: Row, windows: WindowTable) -> Result<Arc<Tenant>> {
        let tenant = self.supervisor.start_tenant(Arc::new(row), windows).await?;
        slot.listen(&tenant);
        Ok(tenant)
    }

    async fn wake_first(&self, slot: &Slot, id: TenantId) -> Result<Arc<Tenant>> {
        self.awake.wait_for_the_last(id).await;
        let read = move |view: &mut View<'_>| directory_row(view, id);
        let row = self.shared.store.read(TenantId::MASTER, read).await??;
        let Some(row) = row.filter(|row| row.status != TenantStatus::Creating) else {
            return Err(Error::not_found("Tenant"));
        };
        let windows = self.awake.parked.lock().remove(&id).unwrap_or_default();
        let code = row.code.clone();
        let tenant = self.start_in(slot, row, windows).await?;
        self.awake.codes.insert(code, id);
        self.make_room();
        Ok(tenant)
    }

    /// Puts the least recently used of a few to sleep when too many are awake.
    fn make_room(&self) {
        let limits = &self.shared.limits;
        if self.awake.slots.len() > limits.tenants_awake_max
            && let Some(tenant) = self.awake.longest_unused()
        {
            tenant.sleep();
        }
    }

    /// Puts every tenant to sleep and waits until they are: before the process ends.
    pub async fn close(&self) {
        // First this: who is not found in a slot yet finds out for itself.
        self.closing.store(true, Ordering::SeqCst);
        for slot in &self.awake.slots {
            if let Some(tenant) = slot.tenant.get() {
                tenant.sleep();
            }
        }
        self.supervisor.all_ended().await;
    }
}

/// A tenant's row, deleted ones included.
pub fn directory_row(view: &View<'_>, id: TenantId) -> Result<Option<Row>> {
    if let Some(row) = view.get::<Tenants>(&(id,))? {
        return Ok(Some(row));
    }
    Ok(view.get::<TenantsDeleted>(&(id,))?)
}

impl Awake {
    pub(crate) fn get(&self, id: TenantId) -> Option<Arc<Tenant>> {
        self.slots.get(&id).and_then(|slot| slot.tenant.get().cloned())
    }

    /// An actor goes to sleep: the next message starts another.
    pub(crate) fn leave(&self, id: TenantId, actor: ractor::ActorId) {
        self.slots.remove_if(&id, |_, slot| {
            let tenant = slot.tenant.get().filter(|tenant| tenant.actor_id() == actor);
            // First this: who finds the slot empty finds whom to wait for.
            tenant.map(|tenant| self.leaving.insert(id, Arc::clone(tenant))).is_some()
        });
    }

    /// Forgets an actor that has left and ended.
    pub(crate) fn has_left(&self, id: TenantId) {
        self.leaving.remove_if(&id, |_, tenant| {
            let ended = tenant.ended();
            *ended.borrow() || ended.has_changed().is_err()
        });
    }

    /// Waits until the actor of a tenant that left the registry last has ended.
    async fn wait_for_the_last(&self, id: TenantId) {
        let leaving = self.leaving.get(&id).map(|tenant| tenant.ended());
        if let Some(mut ended) = leaving {
            // It has ended, too, when nobody is left who could say so.
            let _ = ended.wait_for(|ended| *ended).await;
            self.has_left(id);
        }
    }

    /// Keeps the windows of a tenant that sleeps.
    pub(crate) fn park(&self, id: TenantId, windows: WindowTable, now_ms: i64) {
        let mut parked = self.parked.lock();
        if parked.len() >= PARKED_MAX {
            parked.values_mut().for_each(|windows| windows.drop_what_is_over(now_ms));
            parked.retain(|_, windows| !windows.is_empty());
        }
        parked.insert(id, windows);
    }

    /// Asks the least recently used of a few to give back what its caches hold.
    fn shrink_one(&self) {
        if let Some(tenant) = self.longest_unused() {
            tenant.shrink();
        }
    }

    /// Among a few, the one that was used longest ago.
    fn longest_unused(&self) -> Option<Arc<Tenant>> {
        // Where the sample begins moves on, so that in time every tenant is looked at.
        let skip = self.count.fetch_add(SLEEPERS_SAMPLED, Ordering::Relaxed);
        let sampled = self.slots.iter().skip(skip % self.slots.len().max(1)).take(SLEEPERS_SAMPLED);
        let awake = sampled.filter_map(|slot| slot.tenant.get().cloned());
        awake
            .filter(|tenant| tenant.id() != TenantId::MASTER)
            .min_by_key(|tenant| tenant.touched_ms.load(Ordering::Relaxed))
    }

    fn closed(&self, id: TenantId, now_ms: i64) -> bool {
        self.breakers.get(&id).is_none_or(|breaker| breaker.lets_through(now_ms))
    }

    /// The directory's row of a tenant has changed: the tenant hears before any caller does.
    fn directory_changed(&self, id: TenantId, row: Row) {
        if let Some(tenant) = self.leaving.get(&id) {
            tenant.changed(Arc::new(row.clone()));
        }
        if let Some(slot) = self.slots.get(&id) {
            slot.changed(row);
        }
    }
}

impl Feed for Awake {
    fn applied(&self, _: Seq, record: &Arc<Record>) {
        if let Some(tenant) = self.get(record.tenant) {
            tenant.applied(record.transaction);
        }
        if record.tenant != TenantId::MASTER {
            return;
        }
        for op in &record.ops {
            let live = op.of::<Tenants>().and_then(Result::ok);
            let deleted = op.of::<TenantsDeleted>().and_then(Result::ok);
            for ((id,), row) in live.into_iter().chain(deleted) {
                if let Some(row) = row {
                    self.directory_changed(id, row);
                }
            }
        }
    }
}
