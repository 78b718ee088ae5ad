//! Runs what is pending, off the workers, over one view; one record makes it true.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use latchkey_storage::batch::{Op, Record};
use latchkey_storage::id::{TenantId, TransactionId};
use latchkey_storage::journal::AppendError;
use latchkey_storage::{Seq, Version, View};
use tokio::sync::oneshot;

use super::effects::Effects;
use super::tx::{Command, Tx, Who};
use crate::audit::Chain;
use crate::decisions::Model;
use crate::error::{Code, Error, Kind, Result};
use crate::mailbox::Place;
use crate::shared::Shared;

/// Bytes of rows after which a group is full.
const GROUP_BYTES_MAX: usize = 256 << 10;
const SCHEMA: u16 = 1;

/// One command on its way, whatever it answers.
pub(crate) trait Job: Send {
    fn who(&self) -> &Who;
    fn run(&mut self, tx: &mut Tx<'_, '_>) -> Result<()>;
    /// Tells the caller: the answer once it is durable, or why it is not.
    fn finish(self: Box<Self>, outcome: Result<()>);
}

/// A command with the place its answer goes to.
pub(crate) struct Submitted<C: Command> {
    who: Who,
    command: Option<C>,
    answer: Option<Result<C::Answer>>,
    reply: oneshot::Sender<Result<C::Answer>>,
    _place: Option<Place>,
}

impl<C: Command> Submitted<C> {
    pub(crate) fn new(
        who: Who,
        command: C,
        place: Option<Place>,
    ) -> (Self, oneshot::Receiver<Result<C::Answer>>) {
        let (reply, answer) = oneshot::channel();
        (Self { who, command: Some(command), answer: None, reply, _place: place }, answer)
    }
}

impl<C: Command> Job for Submitted<C> {
    fn who(&self) -> &Who {
        &self.who
    }

    fn run(&mut self, tx: &mut Tx<'_, '_>) -> Result<()> {
        let command = self.command.take().ok_or_else(|| Error::internal("a command ran twice"))?;
        let answer = command.run(tx);
        let outcome = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        self.answer = Some(answer);
        outcome
    }

    fn finish(self: Box<Self>, outcome: Result<()>) {
        // A command's own error is told as it is, whatever became of the group.
        let answer = match (self.answer, outcome) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(answer)), Ok(())) => Ok(answer),
            (None, Ok(())) => Err(Error::internal("a command was not run")),
        };
        let _ = self.reply.send(answer);
    }
}

/// A group that has been computed, and what became of it.
pub(crate) struct Done {
    pub(crate) jobs: Vec<Box<dyn Job>>,
    /// Jobs for which the group had no room.
    pub(crate) left: Vec<Box<dyn Job>>,
    /// The sequence of the record, when there is one.
    pub(crate) seq: u64,
    pub(crate) outcome: Result<()>,
    pub(crate) effects: Effects,
}

impl Done {
    /// Nothing was written.
    fn without(jobs: Vec<Box<dyn Job>>, outcome: Result<()>) -> Self {
        Self { jobs, left: Vec::new(), seq: 0, outcome, effects: Effects::default() }
    }
}

/// Computes a group over one view and makes it durable.
pub(crate) async fn commit(
    shared: Arc<Shared>,
    tenant: TenantId,
    transaction: TransactionId,
    jobs: Vec<Box<dyn Job>>,
    model: Option<Arc<Model>>,
) -> Done {
    // The jobs come back even when the reader pool refuses the work.
    let slot = Arc::new(parking_lot::Mutex::new(Some(jobs)));
    let (inner, within) = (Arc::clone(&shared), Arc::clone(&slot));
    let computed = shared
        .store
        .read(tenant, move |view| {
            let mut jobs = within.lock().take().unwrap_or_default();
            let batch = compute(&inner, view, &mut jobs, model.as_ref());
            (jobs, batch)
        })
        .await;
    let (mut jobs, batch) = match computed {
        Ok(computed) => computed,
        Err(error) => {
            let jobs = slot.lock().take().unwrap_or_default();
            return Done::without(jobs, Err(error.into()));
        }
    };
    match batch {
        Ok(batch) if batch.ops.is_empty() => Done::without(jobs, Ok(())),
        Ok(batch) => {
            let left = jobs.split_off(batch.ran.min(jobs.len()));
            metrics::histogram!("latchkey_commit_records").record(count(jobs.len()));
            let record = Record::new(transaction, tenant, batch.prev, 0, SCHEMA, batch.ops);
            let appended = append(&shared, record).await;
            let seq = appended.as_ref().map_or(0, |seq| seq.0);
            Done { jobs, left, seq, outcome: appended.map(drop), effects: batch.effects }
        }
        Err(error) => Done::without(jobs, Err(error)),
    }
}

struct Batch {
    /// Jobs that were run; the others wait for the next group.
    ran: usize,
    prev: Version,
    ops: Vec<Op>,
    effects: Effects,
}

fn compute(
    shared: &Shared,
    view: &mut View<'_>,
    jobs: &mut [Box<dyn Job>],
    model: Option<&Arc<Model>>,
) -> Result<Batch> {
    let mut chain = Chain::load(view)?;
    let mut ran = 0;
    for job in jobs {
        run_one(shared, view, &mut chain, job.as_mut());
        ran += 1;
        if view.written_bytes() > GROUP_BYTES_MAX {
            break;
        }
    }
    chain.seal(view);
    let ops = view.ops();
    let effects = Effects::of(&ops, view, model)?;
    Ok(Batch { prev: view.version()?, ops, effects, ran })
}

/// Runs one command. What it leaves behind when it fails or panics is dropped, and nothing else.
fn run_one(shared: &Shared, view: &mut View<'_>, chain: &mut Chain, job: &mut dyn Job) {
    let (before, entries) = (view.savepoint(), chain.len());
    let who = job.who().clone();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let now = shared.clock.now_ms();
        job.run(&mut Tx { view, chain, entropy: &shared.entropy, who: &who, now })
    }));
    if !matches!(outcome, Ok(Ok(()))) {
        view.rollback(before);
        chain.truncate(entries);
    }
}

async fn append(shared: &Shared, record: Record) -> Result<Seq> {
    match shared.log.append(record).await {
        Ok(seq) => Ok(seq),
        Err(AppendError::ReadOnly) => Err(Error::new(
            Kind::Unavailable,
            Code::StoreReadOnly,
            "The store takes no writes until the gateway is restarted",
        )
        .retry_after(10)),
        Err(AppendError::Full) => Err(Error::unavailable("Too many writes are waiting")),
        Err(AppendError::Conflict { .. }) => {
            Err(Error::unavailable("Another writer was faster; nothing was changed"))
        }
        Err(AppendError::OutcomeUnknown(id)) => Err(unknown(&id.to_string())),
        Err(error @ AppendError::TooLarge { .. }) => {
            Err(Error::new(Kind::TooLarge, Code::BodyTooLarge, "The change is too large")
                .detail(error.to_string()))
        }
        Err(error @ (AppendError::Unreadable | AppendError::Malformed(_))) => {
            Err(Error::internal(error))
        }
    }
}

/// The write may or may not have happened.
pub(crate) fn unknown(transaction: &str) -> Error {
    Error::new(Kind::Unavailable, Code::OutcomeUnknown, "The write may or may not have happened")
        .detail(format!("transaction {transaction}"))
        .retry_after(5)
}

fn count(records: usize) -> f64 {
    f64::from(u32::try_from(records).unwrap_or(u32::MAX))
}
