//! Supervision: what fails is taken off the registry, and starts from the store at the next call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Tenant as Row;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::watch;

use super::Awake;
use crate::error::{Error, Result};
use crate::rate_limits::WindowTable;
use crate::shared::Shared;
use crate::tenant::Tenant;
use crate::tenant::actor::{Start, TenantActor};

/// The handle of the supervisor.
pub(super) struct Supervisor {
    actor: ActorRef<Started>,
    awake: Arc<Awake>,
    shared: Arc<Shared>,
    running: watch::Sender<usize>,
}

/// A tenant has been started.
pub(super) struct Started(ActorId, TenantId);

/// An actor holds it as long as it lives, however it ends.
pub(crate) struct Alive {
    epoch: Arc<AtomicU64>,
    ended: watch::Sender<bool>,
    running: watch::Sender<usize>,
}

impl Alive {
    fn new(running: &watch::Sender<usize>, epoch: Arc<AtomicU64>) -> (Self, watch::Receiver<bool>) {
        let (ended, has_ended) = watch::channel(false);
        running.send_modify(|running| *running += 1);
        (Self { epoch, ended, running: running.clone() }, has_ended)
    }

    /// What the actor had to hand over is handed over: another one of the tenant may start.
    pub(crate) fn make_way(&self) {
        // First the epoch: the next actor moves one of its own, and nobody would tell those who
        // remember what this one has judged.
        self.epoch.fetch_add(1, Ordering::Release);
        self.ended.send_replace(true);
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.make_way();
        self.running.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Supervisor {
    pub(super) async fn start(awake: Arc<Awake>, shared: Arc<Shared>) -> Result<Self> {
        let (running, _) = watch::channel(0);
        let body = Body { awake: Arc::clone(&awake), shared: Arc::clone(&shared) };
        let spawned = Actor::spawn(None, body, ()).await;
        let (actor, _) = spawned.map_err(Error::internal)?;
        Ok(Self { actor, awake, shared, running })
    }

    /// Starts the actor of a tenant.
    pub(super) async fn start_tenant(
        &self,
        row: Arc<Row>,
        windows: WindowTable,
    ) -> Result<Arc<Tenant>> {
        let id = row.id;
        let epoch = Arc::new(AtomicU64::new(0));
        let policy_version = Arc::new(AtomicU64::new(self.shared.store.last_applied().0));
        let (parking, leaving) = (Arc::clone(&self.awake), Arc::clone(&self.awake));
        let crowded = Arc::clone(&self.awake);
        let clock = Arc::clone(&self.shared.clock);
        let (alive, has_ended) = Alive::new(&self.running, Arc::clone(&epoch));
        let start = Start {
            row: Arc::clone(&row),
            shared: Arc::clone(&self.shared),
            epoch: Arc::clone(&epoch),
            policy_version: Arc::clone(&policy_version),
            windows,
            park: Arc::new(move |id, windows| parking.park(id, windows, clock.now_ms())),
            leave: Arc::new(move |id, actor| leaving.leave(id, actor)),
            crowded: Arc::new(move || crowded.shrink_one()),
            alive,
        };
        let supervisor = self.actor.get_cell();
        let spawned = Actor::spawn_linked(None, TenantActor, start, supervisor).await;
        let (actor, _) = spawned.map_err(Error::internal)?;
        let _ = self.actor.cast(Started(actor.get_id(), id));
        let tenant =
            Tenant::new(row, actor, (epoch, policy_version), Arc::clone(&self.shared), has_ended);
        Ok(Arc::new(tenant))
    }

    /// Waits until no tenant runs any more.
    pub(super) async fn all_ended(&self) {
        let mut running = self.running.subscribe();
        let _ = running.wait_for(|running| *running == 0).await;
    }
}

struct Body {
    awake: Arc<Awake>,
    shared: Arc<Shared>,
}

/// Which actors are whose. An actor may have ended before its start is heard of.
#[derive(Default)]
struct Known {
    tenants: HashMap<ActorId, TenantId>,
    ended_early: HashMap<ActorId, Option<String>>,
}

impl Actor for Body {
    type Msg = Started;
    type State = Known;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Started>, (): ()) -> Result<Known, ActorProcessingErr> {
        Ok(Known::default())
    }

    async fn handle(
        &self,
        _: ActorRef<Started>,
        Started(actor, tenant): Started,
        known: &mut Known,
    ) -> Result<(), ActorProcessingErr> {
        match known.ended_early.remove(&actor) {
            Some(failure) => self.ended(actor, tenant, failure),
            None => drop(known.tenants.insert(actor, tenant)),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Started>,
        event: SupervisionEvent,
        known: &mut Known,
    ) -> Result<(), ActorProcessingErr> {
        let (actor, failure) = match event {
            SupervisionEvent::ActorTerminated(actor, ..) => (actor.get_id(), None),
            SupervisionEvent::ActorFailed(actor, cause) => {
                (actor.get_id(), Some(cause.to_string()))
            }
            _ => return Ok(()),
        };
        match known.tenants.remove(&actor) {
            Some(tenant) => self.ended(actor, tenant, failure),
            None => drop(known.ended_early.insert(actor, failure)),
        }
        Ok(())
    }
}

impl Body {
    fn ended(&self, actor: ActorId, tenant: TenantId, failure: Option<String>) {
        if let Some(cause) = failure {
            let now = self.shared.clock.now_ms();
            self.awake.breakers.entry(tenant).or_default().failed(now);
            tracing::error!(%tenant, %cause, "the actor of a tenant failed");
        }
        self.awake.leave(tenant, actor);
        self.awake.has_left(tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_that_fails_ends_what_is_remembered_of_it() {
        let (running, _) = watch::channel(0);
        let epoch = Arc::new(AtomicU64::new(7));
        let (alive, ended) = Alive::new(&running, Arc::clone(&epoch));
        assert_eq!((*ended.borrow(), epoch.load(Ordering::Acquire)), (false, 7));
        // A failure drops the state of the actor, and hands nothing over.
        drop(alive);
        assert!(*ended.borrow() && epoch.load(Ordering::Acquire) > 7);
    }
}
