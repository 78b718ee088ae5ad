//! The actor of one tenant: its single writer, and the owner of all that it holds in memory.
//!
//! `handle` never waits: reads and commits run elsewhere and come back as messages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use latchkey_storage::id::{ApiKeyId, TenantId, TransactionId};
use latchkey_storage::tables::Tenant;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef};

use super::cache::Caches;
use super::flights::Flights;
use super::group::{Job, commit};
use super::messages::{KeyState, Mail, Uses, Waiting};
use super::quota::Leases;
use crate::decisions::Model;
use crate::entropy::uuid_v7;
use crate::rate_limits::WindowTable;
use crate::registry::Alive;
use crate::shared::Shared;

/// Commands of one group, at most.
const GROUP_COMMANDS_MAX: usize = 64;

/// What an actor is started with.
pub(crate) struct Start {
    pub(crate) row: Arc<Tenant>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) epoch: Arc<AtomicU64>,
    /// The sequence of the last record that could change a decision.
    pub(crate) policy_version: Arc<AtomicU64>,
    pub(crate) windows: WindowTable,
    /// Takes the windows over when the tenant goes to sleep.
    pub(crate) park: Arc<dyn Fn(TenantId, WindowTable) + Send + Sync>,
    /// Takes the tenant off the registry.
    pub(crate) leave: Arc<dyn Fn(TenantId, ActorId) + Send + Sync>,
    /// Asks some tenant to shrink: the caches of all hold too much.
    pub(crate) crowded: Arc<dyn Fn() + Send + Sync>,
    /// The next actor of the tenant waits for its end.
    pub(crate) alive: Alive,
}

/// How far a tenant is on its way to sleep.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Awake,
    /// Told to sleep; it still has work.
    Tired,
    /// Off the registry: it answers what is in its mailbox.
    Leaving,
    /// Its mailbox is empty but for what is sent by those who still hold its handle.
    Ending,
}

/// The actor itself: all it knows is in its state.
pub(crate) struct TenantActor;

/// What a tenant holds in memory.
pub(crate) struct State {
    pub(super) me: ActorRef<Mail>,
    pub(super) id: TenantId,
    pub(super) row: Arc<Tenant>,
    pub(super) shared: Arc<Shared>,
    pub(super) epoch: Arc<AtomicU64>,
    pub(super) policy_version: Arc<AtomicU64>,
    pub(super) caches: Caches,
    pub(super) bytes_reported: usize,
    pub(super) windows: WindowTable,
    pub(super) leases: Leases,
    pub(super) uses: HashMap<ApiKeyId, Uses>,
    pub(super) flush_scheduled: bool,
    pub(super) model: Option<Arc<Model>>,
    pub(super) flights: Flights,
    pub(super) pending: VecDeque<Box<dyn Job>>,
    /// The transaction in flight.
    pub(super) committing: Option<TransactionId>,
    /// The model from which the group in flight derives the next one is not to be trusted.
    base_is_old: bool,
    pub(super) rest: Rest,
    pub(super) leave: Arc<dyn Fn(TenantId, ActorId) + Send + Sync>,
    pub(super) park: Arc<dyn Fn(TenantId, WindowTable) + Send + Sync>,
    crowded: Arc<dyn Fn() + Send + Sync>,
    alive: Alive,
}

impl Actor for TenantActor {
    type Msg = Mail;
    type State = State;
    type Arguments = Start;

    async fn pre_start(
        &self,
        me: ActorRef<Mail>,
        start: Start,
    ) -> Result<State, ActorProcessingErr> {
        let limits = start.shared.limits;
        Ok(State {
            me,
            id: start.row.id,
            row: start.row,
            shared: start.shared,
            epoch: start.epoch,
            policy_version: start.policy_version,
            caches: Caches::new(limits.cache_bytes_max, limits.absent_keys_max),
            bytes_reported: 0,
            windows: start.windows,
            leases: Leases::default(),
            uses: HashMap::new(),
            flush_scheduled: false,
            model: None,
            flights: Flights::default(),
            pending: VecDeque::new(),
            committing: None,
            base_is_old: false,
            rest: Rest::Awake,
            leave: start.leave,
            park: start.park,
            crowded: start.crowded,
            alive: start.alive,
        })
    }

    async fn handle(
        &self,
        _: ActorRef<Mail>,
        mail: Mail,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.receive(mail);
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<Mail>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.end();
        Ok(())
    }
}

impl State {
    fn receive(&mut self, mail: Mail) {
        match mail {
            Mail::Validate(body, reply) => self.answer(Waiting::Validate(body, reply)),
            Mail::ValidateMany(body, reply) => {
                self.answer(Waiting::ValidateMany(body, Vec::new(), reply));
            }
            Mail::Judge(body, reply) => self.answer(Waiting::Judge(body, reply)),
            Mail::States(body, reply) => reply.send(self.states(&body.0)),
            Mail::Submit(job) => self.submit(job),
            Mail::Filled(need, fill) => self.filled(need, fill),
            Mail::Applied(transaction) => self.applied(transaction),
            Mail::Done(done) => self.done(done),
            Mail::Leased(key, lease) => self.leased(key, lease),
            Mail::UsedAgain(key, times) => self.used_again(key, times),
            Mail::Failed(key) => self.failed(key),
            Mail::TenantChanged(row) => self.tenant_changed(row),
            Mail::Flush => self.flush(),
            Mail::Shrink => self.shrink(),
            Mail::Sleep => self.sleep(),
        }
    }

    fn submit(&mut self, job: Box<dyn Job>) {
        self.pending.push_back(job);
        self.start_group();
    }

    /// While no record is in flight, what is pending goes off as one.
    pub(super) fn start_group(&mut self) {
        if self.committing.is_some() || self.pending.is_empty() {
            return;
        }
        let now = self.shared.clock.now_ms();
        let transaction = TransactionId::from_uuid(uuid_v7(now, self.shared.entropy.as_ref()));
        self.committing = Some(transaction);
        self.base_is_old = false;
        let many = self.pending.len().min(GROUP_COMMANDS_MAX);
        let jobs = self.pending.drain(..many).collect();
        let (me, shared) = (self.me.clone(), Arc::clone(&self.shared));
        let (id, model) = (self.id, self.model.clone());
        tokio::spawn(async move {
            let done = commit(shared, id, transaction, jobs, model).await;
            let _ = me.cast(Mail::Done(done));
        });
    }

    /// The caches forget first, then the callers hear: the next message already sees it.
    fn done(&mut self, done: super::group::Done) {
        self.committing = None;
        let effects = done.effects;
        effects.fingerprints.iter().for_each(|fingerprint| self.caches.forget_key(fingerprint));
        effects.users.iter().for_each(|user| self.caches.forget_user(*user));
        effects.quotas_set().for_each(|key| self.leases.forget(key));
        self.flights.spoil(&effects);
        if effects.model_changes {
            // Without a derived model the old one is dropped, and compiled when next asked for. So
            // it is when nobody knows whether the record was written.
            let trusted = done.outcome.is_ok() && !self.base_is_old;
            self.model = effects.model.clone().filter(|_| trusted);
        }
        if effects.move_rights() {
            self.policy_version.store(done.seq, Ordering::Release);
            self.move_rights(effects.model_changes || !effects.users.is_empty());
        }
        for job in done.jobs {
            job.finish(done.outcome.clone());
        }
        done.left.into_iter().rev().for_each(|job| self.pending.push_front(job));
        self.start_group();
        self.rest_if_told();
    }

    /// A record of this tenant has been applied. One that is not this actor's own comes from an
    /// actor before it, which failed: what was read before it may be old, so all is read again.
    fn applied(&mut self, transaction: TransactionId) {
        if self.committing == Some(transaction) {
            return;
        }
        self.caches =
            Caches::new(self.shared.limits.cache_bytes_max, self.shared.limits.absent_keys_max);
        (self.model, self.base_is_old) = (None, true);
        self.leases = Leases::default();
        self.flights.spoil_all();
        self.report_bytes();
        self.epoch.fetch_add(1, Ordering::Release);
    }

    pub(super) fn move_rights(&mut self, of_all_keys: bool) {
        if of_all_keys {
            self.caches.forget_judgements();
        }
        self.epoch.fetch_add(1, Ordering::Release);
    }

    fn used_again(&mut self, key: ApiKeyId, times: u64) {
        let now = self.shared.clock.now_ms();
        let uses = self.uses.entry(key).or_default();
        uses.total += times;
        uses.first_used_at = uses.first_used_at.or(Some(now));
        uses.last_used_at = Some(now);
        self.schedule_flush();
    }

    fn failed(&mut self, key: ApiKeyId) {
        self.uses.entry(key).or_default().failed += 1;
        self.schedule_flush();
    }

    fn tenant_changed(&mut self, row: Arc<Tenant>) {
        self.row = row;
        self.move_rights(true);
    }

    fn states(&mut self, keys: &[ApiKeyId]) -> HashMap<ApiKeyId, KeyState> {
        let now = self.shared.clock.now_ms();
        let mut states = HashMap::with_capacity(keys.len());
        for &key in keys {
            let counts = self.windows.existing(key).map(|windows| windows.counts(now));
            let uses = self.uses.get(&key).cloned().unwrap_or_default();
            let leased = self.leases.left(key);
            states.insert(key, KeyState { counts: counts.unwrap_or_default(), leased, uses });
        }
        states
    }

    /// Tells the accountant what the caches hold; it may ask another tenant to shrink.
    pub(super) fn report_bytes(&mut self) {
        let (before, now) = (self.bytes_reported, self.caches.bytes());
        self.bytes_reported = now;
        let total = &self.shared.cached_bytes;
        if now >= before {
            let total = total.fetch_add(now - before, Ordering::Relaxed) + (now - before);
            if now > before && total > self.shared.limits.cache_bytes_max {
                (self.crowded)();
            }
        } else {
            total.fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    fn shrink(&mut self) {
        self.caches.shrink();
        self.report_bytes();
    }

    /// Writes down what is only in memory; the actor ends when that is durable.
    ///
    /// It leaves the registry first and then hears once more, after all that is in its mailbox:
    /// nothing that was sent to it is lost. Until it has ended no other actor of the tenant starts.
    fn sleep(&mut self) {
        self.rest = match self.rest {
            Rest::Awake | Rest::Tired => Rest::Tired,
            Rest::Leaving | Rest::Ending => Rest::Ending,
        };
        self.rest_if_told();
    }

    /// Goes one step further to sleep, once nothing is under way and nothing is only in memory.
    pub(super) fn rest_if_told(&mut self) {
        if matches!(self.rest, Rest::Awake | Rest::Leaving) {
            return;
        }
        // INVARIANT: nothing is given back while a commit is under way that may set a quota anew.
        if self.committing.is_none() && self.flights.is_empty() {
            self.flush();
            self.give_leases_back();
        }
        if self.committing.is_some() || !self.pending.is_empty() || !self.flights.is_empty() {
            return;
        }
        if self.rest == Rest::Ending {
            return self.me.stop(Some("asleep".into()));
        }
        self.rest = Rest::Leaving;
        (self.leave)(self.id, self.me.get_id());
        let _ = self.me.cast(Mail::Sleep);
    }

    fn end(&mut self) {
        self.caches = Caches::new(0, 0);
        self.report_bytes();
        self.windows.drop_what_is_over(self.shared.clock.now_ms());
        if !self.windows.is_empty() {
            (self.park)(self.id, std::mem::take(&mut self.windows));
        }
        self.alive.make_way();
    }

    /// Statistics are written behind: after a while, or when there are many.
    pub(super) fn schedule_flush(&mut self) {
        if self.uses.len() >= self.shared.limits.uses_max {
            self.flush();
        } else if !self.flush_scheduled {
            self.flush_scheduled = true;
            let after = Duration::from_millis(self.shared.limits.usage_flush_ms);
            drop(self.me.send_after(after, || Mail::Flush));
        }
    }
}
