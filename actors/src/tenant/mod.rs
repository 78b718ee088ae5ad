//! A tenant that is awake: the handle that everybody else holds.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use latchkey_storage::View;
use latchkey_storage::crypto::Fingerprint;
use latchkey_storage::id::{ApiKeyId, TenantId, TransactionId};
use latchkey_storage::tables::Tenant as Row;
use ractor::ActorRef;
use tokio::sync::oneshot;

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
pub mod tx;

pub use messages::{Judge, KeyState, Uses};
pub use quota::{next_refill, refill};
pub use rights::{Caller, Rights};
pub use tx::{Command, Counted, Tx, Who, if_match, total};

use group::Submitted;
pub(crate) use messages::Mail;
use messages::{States, Validate, ValidateMany};

/// The handle of one tenant that is awake.
pub struct Tenant {
    id: TenantId,
    actor: ActorRef<Mail>,
    epoch: Arc<AtomicU64>,
    gate: Arc<Gate>,
    shared: Arc<Shared>,
    /// Unix milliseconds of the last look-up: who sleeps first.
    pub(crate) touched_ms: AtomicI64,
}

impl Tenant {
    pub(crate) fn new(
        id: TenantId,
        actor: ActorRef<Mail>,
        epoch: Arc<AtomicU64>,
        shared: Arc<Shared>,
    ) -> Self {
        let gate = Gate::within(&shared.gate, shared.limits.tenant_mailbox_max);
        let touched_ms = AtomicI64::new(shared.clock.now_ms());
        Self { id, actor, epoch, gate, shared, touched_ms }
    }

    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Moves with every commit that could change what a caller may do.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Messages under way.
    pub fn depth(&self) -> usize {
        self.gate.depth()
    }

    /// Judges a key as the credential of a request, and counts it as a use.
    pub async fn authenticate(&self, key: Fingerprint, ip: IpAddr) -> Result<Verdict> {
        let presented = Presented {
            fingerprint: key,
            client_ip: Some(ip),
            required: Vec::new(),
            only: None,
            dry_run: false,
        };
        self.ask(Validate { presented, as_caller: true }).await?
    }

    /// Judges a presented key.
    pub async fn validate(&self, presented: Presented) -> Result<Verdict> {
        self.ask(Validate { presented, as_caller: false }).await?
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

    pub(crate) fn applied(&self, transaction: TransactionId) {
        let _ = self.cast(Mail::Applied(transaction));
    }

    pub(crate) fn changed(&self, row: Arc<Row>) {
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
        self.wait(answer).await.ok_or_else(|| Error::unavailable("The tenant did not answer in time"))
    }

    fn cast(&self, mail: Mail) -> Result<()> {
        self.actor.cast(mail).map_err(|_| Error::unavailable("The tenant is being restarted"))
    }

    /// The one place with a time limit. The timer is made only when the answer is not there soon.
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
