//! A tenant that is awake: the handle that everybody else holds.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use latchkey_storage::View;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{ApiKeyId, TenantId, TransactionId};
use latchkey_storage::tables::{Tenant as Row, TenantStatus};
use ractor::ActorRef;
use tokio::sync::{oneshot, watch};

use crate::api_keys::{Presented, Verdict};
use crate::error::{Code, Error, Result};
use crate::mailbox::{Ask, Gate, reply};
use crate::shared::Shared;

pub(crate) mod actor;
mod cache;
mod effects;
mod flights;
mod group;
mod judging;
mod messages;
mod principals;
pub(crate) mod quota;
mod rights;
#[cfg(test)]
mod tests;
pub mod tx;

pub use messages::{Judge, KeyState, Uses};
pub use quota::{next_refill, refill};
pub use rights::{Caller, Rights};
pub use tx::{Command, Counted, Tx, Who, if_match, total};

use group::Submitted;
pub(crate) use messages::Mail;
use messages::{States, Validate, ValidateMany};

/// How long uses of a remembered caller are counted before the actor hears of them.
const USES_TOLD_MS: i64 = 1_000;

/// The handle of one tenant that is awake.
pub struct Tenant {
    id: TenantId,
    actor: ActorRef<Mail>,
    row: ArcSwap<Row>,
    epoch: Arc<AtomicU64>,
    policy_version: Arc<AtomicU64>,
    gate: Arc<Gate>,
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
    /// Unix milliseconds of the last look-up: who sleeps first.
    pub(crate) touched_ms: AtomicI64,
}

impl Tenant {
    pub(crate) fn new(
        row: Arc<Row>,
        actor: ActorRef<Mail>,
        (epoch, policy_version): (Arc<AtomicU64>, Arc<AtomicU64>),
        shared: Arc<Shared>,
        ended: watch::Receiver<bool>,
    ) -> Self {
        let gate = Gate::within(&shared.gate, shared.limits.tenant_mailbox_max);
        let touched_ms = AtomicI64::new(shared.clock.now_ms());
        let (id, row) = (row.id, ArcSwap::from(row));
        Self { id, actor, row, epoch, policy_version, gate, shared, ended, touched_ms }
    }

    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Moves with every commit that could change what a caller may do.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The sequence of the last record that could change a decision here; at first, one that no
    /// such record is younger than.
    pub fn policy_version(&self) -> u64 {
        self.policy_version.load(Ordering::Acquire)
    }

    /// Messages under way.
    pub fn depth(&self) -> usize {
        self.gate.depth()
    }

    /// The row of the directory.
    pub fn row(&self) -> Arc<Row> {
        self.row.load_full()
    }

    pub fn status(&self) -> TenantStatus {
        self.row.load().status
    }

    /// Is this the tenant's slug?
    pub fn is_called(&self, slug: &str) -> bool {
        self.row.load().slug == slug
    }

    /// Do these eight characters name the tenant?
    pub fn row_code_is(&self, code: &str) -> bool {
        self.row.load().code == code
    }

    /// A remembered caller has made another request: counted here, told to the actor at most
    /// once a second.
    pub fn used_again(&self, caller: &Caller, now_ms: i64) {
        caller.uses.fetch_add(1, Ordering::Relaxed);
        let told_ms = caller.told_ms.load(Ordering::Relaxed);
        if now_ms - told_ms >= USES_TOLD_MS {
            caller.told_ms.store(now_ms, Ordering::Relaxed);
            self.tell_uses(caller);
        }
    }

    /// Tells the actor of the uses that were counted since it was last told.
    pub fn tell_uses(&self, caller: &Caller) {
        let uses = caller.uses.swap(0, Ordering::Relaxed);
        if uses > 0 {
            let _ = self.cast(Mail::UsedAgain(caller.entry.key.id, uses));
        }
    }

    /// Judges a key as the credential of a request, and counts it as a use. Without `may_read`
    /// a key that is not in memory is 429: an address that is spent causes no reads.
    pub async fn authenticate(
        &self,
        key: Fingerprint,
        ip: IpAddr,
        may_read: bool,
    ) -> Result<Verdict> {
        let presented = Presented {
            fingerprint: key,
            client_ip: Some(ip),
            required: Vec::new(),
            only: None,
            dry_run: false,
        };
        self.ask(Validate { presented, as_caller: true, may_read }).await?
    }

    /// Judges a presented key.
    pub async fn validate(&self, presented: Presented) -> Result<Verdict> {
        self.ask(Validate { presented, as_caller: false, may_read: true }).await?
    }

    /// Judges presented keys, in order.
    pub async fn validate_many(&self, presented: Vec<Presented>) -> Result<Vec<Verdict>> {
        self.ask(ValidateMany(presented)).await?
    }

    /// The rights of a principal as they stand; none when there is no such principal.
    pub async fn rights(&self, whose: Judge) -> Result<Option<Rights>> {
        self.ask(whose).await?
    }

    /// What is only in memory of some keys.
    pub async fn key_states(&self, keys: Vec<ApiKeyId>) -> Result<HashMap<ApiKeyId, KeyState>> {
        self.ask(States(keys)).await
    }

    /// Runs a command and answers when what it put is durable and every cache knows.
    ///
    /// # Errors
    /// The command's own, or `outcome_unknown` when the write may or may not have happened.
    pub async fn execute<C: Command>(&self, who: Who, command: C) -> Result<C::Answer> {
        let place = self.gate.enter()?;
        let (job, answer) = Submitted::new(who, command, Some(place));
        self.cast(Mail::Submit(Box::new(job)))?;
        self.wait(answer).await.unwrap_or_else(|| Err(group::unknown("not yet numbered")))
    }

    /// The same, for whose answer nobody waits: denials in the audit trail.
    pub fn execute_behind<C: Command>(&self, who: Who, command: C) -> Result<()> {
        let place = self.gate.enter()?;
        let (job, _) = Submitted::new(who, command, Some(place));
        self.cast(Mail::Submit(Box::new(job)))
    }

    /// Reads rows over one snapshot, off the workers.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.store.read(self.id, move |view| read(view)).await?
    }

    /// A request of this key, counted as a success before, ended in an error.
    pub fn failed(&self, key: ApiKeyId) {
        let _ = self.cast(Mail::Failed(key));
    }

    pub(crate) fn actor_id(&self) -> ractor::ActorId {
        self.actor.get_id()
    }

    /// Becomes true when the actor has ended.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }

    pub(crate) fn applied(&self, transaction: TransactionId) {
        let _ = self.cast(Mail::Applied(transaction));
    }

    pub(crate) fn changed(&self, row: Arc<Row>) {
        self.row.store(Arc::clone(&row));
        // First the epoch: remembered principals are over whatever the mailbox holds.
        self.epoch.fetch_add(1, Ordering::Release);
        let _ = self.cast(Mail::TenantChanged(row));
    }

    pub(crate) fn sleep(&self) {
        let _ = self.cast(Mail::Sleep);
    }

    pub(crate) fn shrink(&self) {
        let _ = self.cast(Mail::Shrink);
    }

    async fn ask<B: Ask<Mail>>(&self, body: B) -> Result<B::Answer> {
        let (reply, answer) = reply(self.gate.enter()?);
        self.cast(body.wrap(reply))?;
        // No timer: it would cost a tenth of a validation. The caller's own deadline drops this.
        answer.await.map_err(|_| Error::unavailable("The tenant is being restarted"))
    }

    fn cast(&self, mail: Mail) -> Result<()> {
        self.actor.cast(mail).map_err(|_| Error::unavailable("The tenant is being restarted"))
    }

    /// A write is given up after its time; it may still commit.
    async fn wait<T>(&self, answer: oneshot::Receiver<T>) -> Option<T> {
        let limit = Duration::from_millis(self.shared.limits.ask_ms);
        tokio::time::timeout(limit, answer).await.ok()?.ok()
    }
}

/// A key that may not be used for a request: one message for all that would tell an attacker more.
pub fn refused_credential() -> Error {
    Error::new(
        crate::error::Kind::Unauthenticated,
        Code::Unauthorized,
        "Authentication is required and the credential given does not hold",
    )
}
