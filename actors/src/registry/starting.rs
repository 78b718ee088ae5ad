//! Supervision: what fails is taken off the registry, and starts from the store at the next call.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hashbrown::HashMap;
use latchkey_storage::id::TenantId;
use latchkey_storage::tables::Tenant as Row;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::watch;

use super::Awake;
use crate::error::{Error, Result};
use crate::rate_limits::WindowTable;
use crate::shared::Shared;
use crate::tenant::actor::{Start, TenantActor};
use crate::tenant::Tenant;

/// The handle of the supervisor.
pub(super) struct Supervisor {
    actor: ActorRef<Started>,
    awake: Arc<Awake>,
    shared: Arc<Shared>,
    running: watch::Receiver<usize>,
}

/// A tenant has been started.
pub(super) struct Started(ActorId, TenantId);

impl Supervisor {
    pub(super) async fn start(awake: Arc<Awake>, shared: Arc<Shared>) -> Result<Self> {
        let (count, running) = watch::channel(0);
        let body = Body { awake: Arc::clone(&awake), shared: Arc::clone(&shared), count };
        let spawned = Actor::spawn(None, body, ()).await;
        let (actor, _) = spawned.map_err(Error::internal)?;
        Ok(Self { actor, awake, shared, running })
    }

    /// Starts the actor of a tenant; answers with the handle and the tenant's code.
    pub(super) async fn start_tenant(
        &self,
        row: Arc<Row>,
        windows: WindowTable,
    ) -> Result<(Arc<Tenant>, String)> {
        let (id, code) = (row.id, row.code.clone());
        let epoch = Arc::new(AtomicU64::new(0));
        let policy_version = Arc::new(AtomicU64::new(self.shared.store.last_applied().0));
        let (parking, leaving) = (Arc::clone(&self.awake), Arc::clone(&self.awake));
        let clock = Arc::clone(&self.shared.clock);
        let (ended, has_ended) = watch::channel(false);
        let start = Start {
            row: Arc::clone(&row),
            shared: Arc::clone(&self.shared),
            epoch: Arc::clone(&epoch),
            policy_version: Arc::clone(&policy_version),
            windows,
            park: Arc::new(move |id, windows| parking.park(id, windows, clock.now_ms())),
            leave: Arc::new(move |id, actor| leaving.leave(id, actor)),
            ended,
        };
        let supervisor = self.actor.get_cell();
        let spawned = Actor::spawn_linked(None, TenantActor, start, supervisor).await;
        let (actor, _) = spawned.map_err(Error::internal)?;
        let _ = self.actor.cast(Started(actor.get_id(), id));
        let tenant = Tenant::new(row, actor, (epoch, policy_version), Arc::clone(&self.shared), has_ended);
        Ok((Arc::new(tenant), code))
    }

    /// Waits until no tenant runs any more.
    pub(super) async fn all_ended(&self) {
        let mut running = self.running.clone();
        let _ = running.wait_for(|running| *running == 0).await;
    }
}

struct Body {
    awake: Arc<Awake>,
    shared: Arc<Shared>,
    count: watch::Sender<usize>,
}

impl Actor for Body {
    type Msg = Started;
    type State = HashMap<ActorId, TenantId>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Started>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(HashMap::new())
    }

    async fn handle(
        &self,
        _: ActorRef<Started>,
        started: Started,
        running: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        running.insert(started.0, started.1);
        self.count.send_replace(running.len());
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Started>,
        event: SupervisionEvent,
        running: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(actor, ..) => self.ended(actor.get_id(), running),
            SupervisionEvent::ActorFailed(actor, cause) => {
                if let Some(id) = running.get(&actor.get_id()) {
                    let now = self.shared.clock.now_ms();
                    self.awake.breakers.entry(*id).or_default().failed(now);
                    tracing::error!(tenant = %id, %cause, "the actor of a tenant failed");
                }
                self.ended(actor.get_id(), running);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Body {
    fn ended(&self, actor: ActorId, running: &mut HashMap<ActorId, TenantId>) {
        if let Some(id) = running.remove(&actor) {
            self.awake.leave(id, actor);
            self.awake.has_left(id);
        }
        self.count.send_replace(running.len());
    }
}
